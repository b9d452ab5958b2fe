"""What each route of the API is about: the checks on every route walk along this map.

A new route fails `test_14_each_route_has_an_entry` until it has an entry in `ENTRIES`. A new kind of id in a path needs
a value that nobody has in `UNKNOWN` and one that the owner has in `belongings`; a new field of a body that names
something of somebody's needs a line in `REFERENCES`.
"""

import base64
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from bson import ObjectId
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.bootstrap import Services
from app.http.openapi_document import ARGUMENT
from app.sources.models import CredentialInput
from tests.api import API, Person
from tests.clusters import add
from tests.imports import an_import
from tests.security.every_route import Route, every_route, is_public
from tests.workflows import a_run, a_workflow

Key = tuple[str, str]
"""(method, path below the API's prefix)"""
Ids = Mapping[str, str]
"""Parameter of a path → its value."""
Kind = Literal["theirs", "collection", "own", "admin"]


@dataclass(frozen=True, slots=True)
class Entry:
    """What a route is about.

    Args:
        kind: `theirs`: its path names something that has an owner. `collection`: lists or makes such things.
            `own`: the caller's own account. `admin`: for administrators.
        body: one that it takes.
        after_runs: its owner can call it only while no run of the workflow, and no such import, is going on.
    """

    kind: Kind
    body: Any = None
    after_runs: bool = False


WORKFLOW: Final = "/workflows/<workflow_id>"
CLUSTER: Final = "/clusters/<name>"
IMPORT: Final = "/import/<import_id>"
TOKEN: Final = "good"  # of the scripted cluster
COMPOSE: Final = base64.b64encode(b"services: {web: {image: web}}").decode()
NODE: Final = {"id": "c", "type": "configmap", "position": {"x": 0, "y": 0}, "data": {"name": "c", "data": {"a": "1"}}}
ENTRIES: Final[dict[Key, Entry]] = {
    ("POST", "/workflows"): Entry("collection", {"name": "w", "cluster_id": "theirs"}),
    ("GET", "/workflows"): Entry("collection"),
    ("GET", WORKFLOW): Entry("theirs"),
    ("PUT", WORKFLOW): Entry("theirs", {"name": "stolen"}),
    ("POST", f"{WORKFLOW}/save"): Entry("theirs", {"nodes": [], "edges": []}),
    ("PUT", f"{WORKFLOW}/status"): Entry("theirs", {"status": "draft"}),
    ("DELETE", WORKFLOW): Entry("theirs"),
    ("POST", f"{WORKFLOW}/clone"): Entry("theirs", {"name": "copy"}),
    ("POST", f"{WORKFLOW}/run"): Entry("theirs", {}, after_runs=True),
    ("GET", f"{WORKFLOW}/runs"): Entry("theirs"),
    ("GET", f"{WORKFLOW}/runs/<run_id>"): Entry("theirs"),
    ("POST", f"{WORKFLOW}/runs/<run_id>/cancel"): Entry("theirs"),
    ("GET", f"{WORKFLOW}/status/stream"): Entry("theirs"),
    ("POST", "/clusters"): Entry("collection", {}),
    ("GET", "/clusters"): Entry("collection"),
    ("GET", "/clusters/default"): Entry("collection"),
    ("GET", CLUSTER): Entry("theirs"),
    ("PUT", CLUSTER): Entry("theirs", {"displayName": "stolen"}),
    ("PUT", f"{CLUSTER}/credentials"): Entry("theirs", {"credentials": {"token": TOKEN}}),
    ("DELETE", CLUSTER): Entry("theirs"),
    ("PUT", f"{CLUSTER}/default"): Entry("theirs"),
    ("POST", f"{CLUSTER}/test"): Entry("theirs"),
    ("POST", f"{CLUSTER}/refresh"): Entry("theirs"),
    ("GET", f"{CLUSTER}/status"): Entry("theirs"),
    ("GET", f"{CLUSTER}/logs"): Entry("theirs"),
    ("GET", "/git/credentials"): Entry("collection"),
    ("POST", "/git/credentials"): Entry("collection", {"host": "git.example.com", "token": "t"}),
    ("DELETE", "/git/credentials/<credential_id>"): Entry("theirs"),
    ("GET", "/git/refs"): Entry("collection"),
    ("GET", "/registries/image-facts"): Entry("collection"),
    ("POST", "/import/upload"): Entry("collection"),
    ("POST", "/import/analyze"): Entry("collection", {"source": "file", "fileName": "c.yml", "fileContent": COMPOSE}),
    ("POST", "/import/create-workflow"): Entry(
        "collection", {"name": "w", "clusterId": "theirs", "analysis": {"suggestedNodes": [NODE]}}
    ),
    ("POST", "/import/apply"): Entry("collection", {"nodes": [NODE]}),
    ("GET", "/import"): Entry("collection"),
    ("GET", IMPORT): Entry("theirs"),
    ("GET", f"{IMPORT}/stream"): Entry("theirs"),
    ("PUT", f"{IMPORT}/options"): Entry("theirs", {"options": {"expose": "none"}}, after_runs=True),
    ("POST", f"{IMPORT}/cancel"): Entry("theirs"),
    ("DELETE", IMPORT): Entry("theirs"),
    ("GET", "/templates"): Entry("collection"),
    ("GET", "/profile"): Entry("own"),
    ("PUT", "/profile"): Entry("own"),
    ("PUT", "/profile/password"): Entry("own"),
    ("GET", "/profile/sessions"): Entry("own"),
    ("DELETE", "/profile/sessions"): Entry("own"),
    ("DELETE", "/profile/sessions/current"): Entry("own"),
    ("DELETE", "/profile/sessions/<session_id>"): Entry("own"),
    ("GET", "/settings/invite-code"): Entry("admin"),
    ("POST", "/settings/generate-invite-code"): Entry("admin"),
    ("GET", "/settings/regenerate-setting"): Entry("admin"),
    ("PUT", "/settings/regenerate-setting"): Entry("admin"),
    ("GET", "/settings/invites"): Entry("admin"),
    ("POST", "/settings/invites"): Entry("admin"),
    ("DELETE", "/settings/invites/<invite_id>"): Entry("admin"),
}
UNKNOWN: Final[Ids] = {
    "workflow_id": str(ObjectId()),
    "run_id": str(ObjectId()),
    "name": "nobodys",
    "session_id": "A" * 22,
    "invite_id": str(ObjectId()),
    "import_id": str(ObjectId()),
    "credential_id": str(ObjectId()),
}
REFERENCES: Final[Mapping[str, str]] = {
    "cluster_id": "name",
    "clusterId": "name",
    "workflowId": "workflow_id",
    "sessionId": "import_id",
}
"""Field of a body that names something of somebody's → the parameter whose value it takes."""

REPAIR: Final = "; tests/security/route_map.py says how"


def belongings(services: Services, owner: Person, server: str, *, name: str = "theirs", running: bool = True) -> Ids:
    """Something of each kind that has an owner.

    Args:
        server: of the scripted cluster.
        name: of the cluster.
        running: whether the run and the import are still going on.
    """
    added = add(owner.client, name, "token", {"token": TOKEN}, server=server)
    assert added.status_code == 201, added.text
    workflow = a_workflow(services, owner.user.id, cluster=name)
    run = a_run(services, owner.user.id, workflow)
    if not running:
        services.runs.cancel(owner.user.id, workflow, run.id)
    session = an_import(services, owner.user.id, running=running)
    credential = services.git_credentials.add(owner.user.id, CredentialInput(host="git.example.com", token="t"))
    return {
        "workflow_id": str(workflow),
        "run_id": str(run.id),
        "name": name,
        "import_id": str(session),
        "credential_id": str(credential.id),
    }


def api_routes(app: Flask) -> Iterator[tuple[Key, Route]]:
    """Every route that isn't public."""
    for route in every_route(app):
        if not is_public(route):
            yield (route.method, route.rule.removeprefix(API)), route


def of_kind(*kinds: Kind) -> list[Key]:
    return [key for key, entry in ENTRIES.items() if entry.kind in kinds]


def parameters(path: str) -> list[str]:
    return [found["name"] for found in ARGUMENT.finditer(path)]


def path_of(path: str, ids: Ids) -> str:
    """With these values; what isn't given is what nobody has."""
    return API + ARGUMENT.sub(lambda found: {**UNKNOWN, **ids}[found["name"]], path)


def call(client: FlaskClient, key: Key, ids: Ids) -> TestResponse:
    """With a body that the route takes."""
    return client.open(path_of(key[1], ids), method=key[0], json=ENTRIES[key].body)
