"""/v1/api-docs: the API's page, from files in a wheel, and the OpenAPI document behind it. Nothing from elsewhere."""

from importlib.util import find_spec
from pathlib import Path
from typing import Final

from flask import Blueprint, Flask, Response, abort, current_app, request, send_file

from app.http.json import encode
from app.http.openapi import documented
from app.http.openapi_document import build_document

bp = Blueprint("api_docs", __name__)

KEY: Final = "kubeorch.openapi"
VERSION: Final = "1"
FILES: Final = {
    "swagger-ui.css": "css/swagger-ui.css",
    "swagger-ui-bundle.js": "js/swagger-ui-bundle.js",
    "swagger-ui-standalone-preset.js": "js/swagger-ui-standalone-preset.js",
}
# Its own scripts only; Swagger UI writes style attributes.
POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; frame-ancestors 'none'"
)
START: Final = """
window.addEventListener("load", () => {
  SwaggerUIBundle({
    url: document.body.dataset.document,
    dom_id: "#page",
    deepLinking: true,
    persistAuthorization: true,
    presets: [SwaggerUIBundle.presets.apis, SwaggerUIStandalonePreset],
  });
});
"""
PAGE: Final = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>KubeOrch API</title>
<link rel="stylesheet" href="{here}/files/swagger-ui.css">
</head>
<body data-document="{here}/json">
<div id="page"></div>
<script src="{here}/files/swagger-ui-bundle.js"></script>
<script src="{here}/files/swagger-ui-standalone-preset.js"></script>
<script src="{here}/files/start.js"></script>
</body>
</html>
"""
DOCS: Final = ("documentation",)


def install(app: Flask, *, server: str) -> None:
    app.config["OPENAPI_SERVER"] = server
    app.register_blueprint(bp)


@bp.get("/v1/api-docs")
@documented("The API's page", tags=DOCS, answers={200: None})
def page() -> Response:
    # Relative, so that it works behind a proxy that adds a path.
    here = "." if request.path.endswith("/") else "./api-docs"
    response = Response(PAGE.format(here=here), mimetype="text/html")
    response.headers["Content-Security-Policy"] = POLICY
    return response


@bp.get("/v1/api-docs/json")
@documented("This document", tags=DOCS)
def document() -> Response:
    app = current_app
    if KEY not in app.extensions:
        made = build_document(app, server=app.config["OPENAPI_SERVER"], version=VERSION)
        app.extensions[KEY] = encode(made)
    return Response(app.extensions[KEY], mimetype="application/json")


@bp.get("/v1/api-docs/files/<name>")
@documented("A file of the API's page", tags=DOCS, answers={200: None}, errors=(404,))
def file(name: str) -> Response:
    if name == "start.js":
        response = Response(START, mimetype="text/javascript")
    elif name in FILES:
        response = send_file(_folder() / FILES[name], conditional=True)
    else:
        abort(404)
    response.headers["Cache-Control"] = "public, max-age=3600"
    return response


def _folder() -> Path:
    spec = find_spec("flask_openapi_swagger")
    assert spec is not None and spec.origin is not None, "flask-openapi-swagger is in requirements.txt"
    return Path(spec.origin).parent / "templates" / "swagger"
