"""14. Every route × (anonymous, other, viewer, owner, admin): another's id answers like an unknown id. Accounts."""

from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from app.bootstrap import Services
from tests.api import API, Person, a_person

UNKNOWN = "AAAAAAAAAAAAAAAAAAAAAA"
OWN = [
    ("GET", "/profile"),
    ("PUT", "/profile"),
    ("PUT", "/profile/password"),
    ("GET", "/profile/sessions"),
]
FOR_ADMINS = [
    ("GET", "/settings/invite-code"),
    ("POST", "/settings/generate-invite-code"),
    ("GET", "/settings/regenerate-setting"),
    ("PUT", "/settings/regenerate-setting"),
    ("GET", "/settings/invites"),
    ("POST", "/settings/invites"),
    ("DELETE", "/settings/invites/" + "0" * 24),
]


@pytest.fixture
def people(app: Flask, services: Services) -> dict[str, Person]:
    return {
        "owner": a_person(app, services),
        "other": a_person(app, services),
        "viewer": a_person(app, services, role="viewer"),
        "admin": a_person(app, services, role="admin"),
    }


def shape(answer: TestResponse) -> tuple[int, Any, set[str]]:
    return answer.status_code, answer.json, set(answer.headers.keys())


@pytest.mark.parametrize("who", ["other", "viewer", "admin"])
def test_another_persons_session_answers_like_an_unknown_one(people: dict[str, Person], who: str) -> None:
    client, owner = people[who].client, people["owner"]

    theirs = client.delete(f"{API}/profile/sessions/{owner.principal.session_id}")
    unknown = client.delete(f"{API}/profile/sessions/{UNKNOWN}")

    assert shape(theirs) == shape(unknown)
    assert theirs.status_code == 404
    assert owner.client.get(f"{API}/profile").status_code == 200


@pytest.mark.parametrize(("method", "path"), OWN)
def test_everybody_reaches_their_own_profile_only(
    app: Flask, people: dict[str, Person], method: str, path: str
) -> None:
    for person in people.values():
        answer = person.client.open(API + path, method=method)
        assert answer.status_code in (200, 400), "no data was sent, but nobody is turned away"
        assert not any(other.user.email in answer.text for other in people.values() if other is not person)

    assert app.test_client().open(API + path, method=method).status_code == 401


@pytest.mark.parametrize(("method", "path"), FOR_ADMINS)
def test_settings_are_for_admins_and_tell_others_nothing(
    app: Flask, services: Services, people: dict[str, Person], method: str, path: str
) -> None:
    code = services.invites.current_code()

    refused = [people[who].client.open(API + path, method=method) for who in ("owner", "viewer")]
    allowed = people["admin"].client.open(API + path, method=method)

    assert [(answer.status_code, answer.json) for answer in refused] == [(403, {"error": "Admin access required"})] * 2
    assert not any(code in answer.text for answer in refused)
    assert allowed.status_code in (200, 201, 400, 404)
    assert app.test_client().open(API + path, method=method).status_code == 401
