"""6. Deactivation, role change, password change, ended sessions: ≤ 1 s later requests are refused (CVE-2024-41666).

Two processes: one answers the call that revokes, the other has the victim in its cache. Streams and terminals ask
`Authenticator.alive`, which is asked here; their own tests are with them.
"""

import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app import create_app
from app.bootstrap import Services
from tests.api import PASSWORD, Person, close_services, sign_in

SECOND = 1.0


@pytest.fixture
def other_process(services: Services) -> Iterator[tuple[FlaskClient, Services]]:
    """Another API process over the same store, with a cache of its own."""
    other = Services(services.settings, application="other")
    yield create_app(other).test_client(), other
    close_services(other)


def status(client: FlaskClient, person: Person, path: str = "/v1/api/profile") -> int:
    return client.get(path, headers=person.headers).status_code


@pytest.mark.parametrize("field", ["deactivated_at", "signed_out_at"])
def test_a_deactivated_user_is_out_everywhere_within_a_second(
    services: Services, other_process: tuple[FlaskClient, Services], person: Person, field: str
) -> None:
    client, other = other_process
    assert status(client, person) == 200

    services.db["users"].update_one({"_id": person.user.id}, {"$set": {field: datetime.now(UTC)}})
    time.sleep(SECOND)

    assert status(client, person) == 401
    assert not other.authenticator.alive(person.principal)


def test_a_changed_role_counts_everywhere_within_a_second(
    services: Services, other_process: tuple[FlaskClient, Services], admin: Person
) -> None:
    client, other = other_process
    assert status(client, admin, "/v1/api/settings/invite-code") == 200

    services.db["users"].update_one({"_id": admin.user.id}, {"$set": {"role": "user"}})
    time.sleep(SECOND)

    assert status(client, admin, "/v1/api/settings/invite-code") == 403
    assert not other.authenticator.alive(admin.principal), "streams opened as an admin end"


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("DELETE", "/v1/api/profile/sessions/{victim}", None),
        ("DELETE", "/v1/api/profile/sessions?keep=current", None),
        ("PUT", "/v1/api/profile/password", {"currentPassword": PASSWORD, "newPassword": "another fine one"}),
    ],
)
def test_once_the_call_that_revokes_has_answered_no_process_takes_the_session(
    app: Flask,
    services: Services,
    other_process: tuple[FlaskClient, Services],
    person: Person,
    method: str,
    path: str,
    body: dict[str, str] | None,
) -> None:
    client, other = other_process
    victim = sign_in(app, services, person.user)
    assert status(client, victim) == 200

    answer = person.client.open(path.format(victim=victim.principal.session_id), method=method, json=body)

    assert answer.status_code == 200, answer.text
    assert status(client, victim) == 401
    assert not other.authenticator.alive(victim.principal)
    assert client.post("/v1/api/auth/refresh", headers=victim.headers).status_code == 401
    assert status(client, person) == 200
