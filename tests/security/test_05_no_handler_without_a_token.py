"""5. With a bad token no handler runs: every route makes 0 store calls (CVE-2026-44882)."""

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from pymongo import MongoClient
from pymongo.monitoring import CommandFailedEvent, CommandListener, CommandStartedEvent, CommandSucceededEvent

from app import create_app
from app.bootstrap import Services
from tests.api import Person
from tests.security.every_route import every_route, guarded_routes, is_public
from tests.security.tokens import Forge


class Counting(CommandListener):
    """Hears of every command that is sent to the store."""

    def __init__(self) -> None:
        self.sent: list[str] = []

    def started(self, event: CommandStartedEvent) -> None:
        self.sent.append(event.command_name)

    def succeeded(self, event: CommandSucceededEvent) -> None:
        """Nothing: it has been counted."""

    def failed(self, event: CommandFailedEvent) -> None:
        """Nothing: it has been counted."""


@pytest.fixture
def listened(services: Services) -> Iterator[tuple[Flask, Services, Counting]]:
    """The same API over a connection that is listened to."""
    listener = Counting()
    own = Services(services.settings, application="listened")
    with MongoClient[dict[str, Any]](services.settings.mongo_uri, tz_aware=True, event_listeners=[listener]) as client:
        own.db = client[services.db.name]
        client.admin.command("ping")  # connects and signs in: not what is counted
        listener.sent.clear()
        yield create_app(own), own, listener


def test_every_route_is_guarded_or_public_on_purpose(app: Flask) -> None:
    unguarded = {route.rule for route in every_route(app) if route.guard is None and not is_public(route)}

    assert not unguarded, f"without @signed_in or @admin_only: {sorted(unguarded)}"


def test_what_is_for_admins_is_guarded_as_such(app: Flask) -> None:
    below = ("/v1/api/admin/", "/v1/api/settings/")

    assert all(route.guard == "admin_only" for route in every_route(app) if route.rule.startswith(below))


def test_a_bad_token_reaches_no_store(
    listened: tuple[Flask, Services, Counting], services: Services, person: Person
) -> None:
    app, _, listener = listened
    client, routes = app.test_client(), guarded_routes(app)
    forge = Forge(services, person)
    bad = [None, "x", person.token + "x", forge.token(secret=b"guessed"), forge.token(claims={"exp": 1})]

    for token in bad:
        for route in routes:
            answer = route.call(client, token)
            assert answer.status_code == 401, f"{route.method} {route.path} gave {answer.status_code}"

    assert listener.sent == []


def test_the_listener_does_hear_a_good_token(listened: tuple[Flask, Services, Counting], person: Person) -> None:
    app, _, listener = listened

    assert app.test_client().get("/v1/api/profile", headers=person.headers).status_code == 200

    assert listener.sent.count("find") == 3, "session, user, and the view's own"


def test_a_token_of_an_ended_session_reaches_no_handler(
    listened: tuple[Flask, Services, Counting], services: Services, admin: Person
) -> None:
    app, _, listener = listened
    services.db["sessions"].delete_one({"_id": admin.principal.session_id})
    client = app.test_client()

    for route in guarded_routes(app):
        listener.sent.clear()
        answer = route.call(client, admin.token)
        assert answer.status_code == 401, f"{route.method} {route.path}"
        assert listener.sent == ["find"], "the look-up of the session is all"


def test_unknown_paths_tell_nothing(anonymous: FlaskClient, person: Person) -> None:
    assert anonymous.get("/v1/api/nothing-here").status_code == 404
    assert anonymous.get("/v1/api/nothing-here", headers=person.headers).status_code == 404
