"""Every route of the API, taken from the running application: a new one can't be forgotten."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from bson import ObjectId
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.http.auth import Guard, guard_of
from app.http.openapi import Documentation, documentation_of
from app.http.openapi_document import ARGUMENT, routes_of

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
    documentation: Documentation | None

    @property
    def path(self) -> str:
        return ARGUMENT.sub(str(ObjectId()), self.rule)

    def call(self, client: FlaskClient, token: str | None = None) -> TestResponse:
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        return client.open(self.path, method=self.method, headers=headers)


def every_route(app: Flask) -> Iterator[Route]:
    for route in routes_of(app):
        yield Route(route.method, route.rule.rule, guard_of(route.view), documentation_of(route.view))


def is_public(route: Route) -> bool:
    return route.rule in PUBLIC or route.rule.startswith(PUBLIC_BELOW)


def guarded_routes(app: Flask) -> list[Route]:
    routes = [route for route in every_route(app) if not is_public(route)]
    assert len(routes) > 10, "the application has lost its routes"
    return routes
