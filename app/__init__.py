"""KubeOrch: a picture of an application becomes running Kubernetes resources, with live state.

`create_app()` registers the blueprints; nothing else happens here.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask

    from app.bootstrap import Services


def create_app(services: "Services") -> "Flask":
    """The API as a WSGI application. Imports inside: a worker or watcher that imports `app` must not load Flask."""
    from flask import Flask

    from app.accounts.routes import bp as accounts
    from app.clusters.routes import bp as clusters
    from app.http.setup import install
    from app.http.streams import streams_of
    from app.imports.routes import bp as imports
    from app.imports.session_routes import bp as import_sessions
    from app.manifests.routes import bp as templates
    from app.registries.routes import bp as registries
    from app.sources.routes import bp as git
    from app.workflows.routes import bp as workflows
    from app.workflows.run_routes import bp as runs

    app = Flask("kubeorch", static_folder=None)
    install(app, services)
    app.register_blueprint(accounts, url_prefix="/v1/api")
    app.register_blueprint(clusters, url_prefix="/v1/api")
    app.register_blueprint(templates, url_prefix="/v1/api")
    app.register_blueprint(workflows, url_prefix="/v1/api")
    app.register_blueprint(runs, url_prefix="/v1/api")
    app.register_blueprint(registries, url_prefix="/v1/api")
    app.register_blueprint(git, url_prefix="/v1/api")
    app.register_blueprint(imports, url_prefix="/v1/api")
    app.register_blueprint(import_sessions, url_prefix="/v1/api")
    streams_of(app).revs.register("workflow", services.state_store.revs)
    streams_of(app).revs.register("import", services.import_store.revs)
    return app
