"""Every route of the API, taken from the running application: a new one can't be forgotten."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from bson import ObjectId
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.http.auth import Guard, guard_of

# Routes that need no token, on purpose.
PUBLIC: Final = frozenset(
    {
        "/healthz",
        "/readyz",
        "/metrics",
        "/v1",
        "/v1/api-docs",
        "/v1/api-docs/json",
        "/v1/api/auth/register",
        "/v1/api/auth/login",
        "/v1/api/auth/refresh",
        "/v1/api/auth/methods",
    }
)
PUBLIC_BELOW: Final = ("/v1/api-docs/",)


@dataclass(frozen=True, slots=True)
class Route:
    """A method on a path; parameters are filled with an id that nobody has."""

    method: str
    rule: str
    guard: Guard | None

    @property
    def path(self) -> str:
        return "/".join(str(ObjectId()) if part.startswith("<") else part for part in self.rule.split("/"))

    def call(self, client: FlaskClient, token: str | None = None) -> TestResponse:
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        return client.open(self.path, method=self.method, headers=headers)


def every_route(app: Flask) -> Iterator[Route]:
    for rule in app.url_map.iter_rules():
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            yield Route(method, rule.rule, guard_of(app.view_functions[rule.endpoint]))


def is_public(route: Route) -> bool:
    return route.rule in PUBLIC or route.rule.startswith(PUBLIC_BELOW)


def guarded_routes(app: Flask) -> list[Route]:
    routes = [route for route in every_route(app) if not is_public(route)]
    assert len(routes) > 10, "the application has lost its routes"
    return routes
