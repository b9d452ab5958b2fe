"""`/profile`: name, password, sessions."""

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.bootstrap import Services
from tests.api import API, PASSWORD, Person, a_person, a_user, sign_in
from tests.fake_clock import FakeClock

NEW = "another fine one"


def test_a_name_can_be_changed(person: Person) -> None:
    answer = person.client.put(f"{API}/profile", json={"name": "  Ada King ", "role": "admin", "email": "x@y.zz"})

    assert answer.status_code == 200
    user = (answer.json or {})["user"]
    assert (user["name"], user["role"], user["email"]) == ("Ada King", "user", person.user.email)
    assert len(user) == 7
    assert person.client.get(f"{API}/profile").json == {"user": user}


@pytest.mark.parametrize("body", [{}, {"name": ""}, {"name": "  "}, {"name": None}, {"name": 7}])
def test_a_name_is_required(api: FlaskClient, body: dict[str, Any]) -> None:
    answer = api.put(f"{API}/profile", json=body)

    assert (answer.status_code, (answer.json or {})["error"]) == (400, "Name is required")


def test_a_name_has_its_limit(api: FlaskClient) -> None:
    answer = api.put(f"{API}/profile", json={"name": "x" * 101})

    assert (answer.status_code, (answer.json or {})["error"]) == (400, "Name must be at most 100 characters")


def test_a_new_password_ends_all_other_sessions(app: Flask, services: Services) -> None:
    user = a_user(services)
    here, there = sign_in(app, services, user), sign_in(app, services, user)

    answer = here.client.put(f"{API}/profile/password", json={"currentPassword": PASSWORD, "newPassword": NEW})

    assert (answer.status_code, answer.json) == (200, {"message": "Password updated successfully"})
    assert here.client.get(f"{API}/profile").status_code == 200
    assert there.client.get(f"{API}/profile").status_code == 401
    assert [
        app.test_client().post(f"{API}/auth/login", json={"email": user.email, "password": password}).status_code
        for password in (PASSWORD, NEW)
    ] == [401, 200]


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({}, "Current password and new password are required"),
        ({"currentPassword": PASSWORD}, "Current password and new password are required"),
        ({"currentPassword": PASSWORD, "newPassword": ""}, "Current password and new password are required"),
        ({"currentPassword": "", "newPassword": NEW}, "Current password is incorrect"),
        ({"currentPassword": "wrong", "newPassword": NEW}, "Current password is incorrect"),
        ({"currentPassword": "wrong", "newPassword": "short"}, "Current password is incorrect"),
        ({"currentPassword": PASSWORD, "newPassword": "short"}, "Password must be at least 8 characters"),
    ],
)
def test_a_password_change_that_cannot_be(person: Person, body: dict[str, str], error: str) -> None:
    answer = person.client.put(f"{API}/profile/password", json=body)

    assert (answer.status_code, (answer.json or {})["error"]) == (400, error)
    assert person.client.get(f"{API}/profile").status_code == 200


@pytest.mark.parametrize(
    ("method", "age_min", "current", "status"),
    [
        ("oauth:github", 9, "", 200),
        ("oauth:github", 11, "", 400),
        ("oauth:github", 1, "guess", 400),
        ("password", 1, "", 400),
    ],
)
def test_an_account_without_a_password_may_set_one_right_after_its_providers_sign_in(
    app: Flask, services: Services, clock: FakeClock, method: str, age_min: float, current: str, status: int
) -> None:
    person = a_person(app, services, password="", auth_provider="github", provider_user_id="1")
    services.db["sessions"].update_one({"_id": person.principal.session_id}, {"$set": {"method": method}})
    clock.advance(timedelta(minutes=age_min).total_seconds())

    answer = person.client.put(f"{API}/profile/password", json={"currentPassword": current, "newPassword": NEW})

    assert answer.status_code == status
    if status == 400:
        assert (answer.json or {})["error"] == "Password login is not available for OAuth accounts"
    else:
        assert (person.client.get(f"{API}/profile").json or {})["user"]["authProvider"] == ""


def test_sessions_are_listed_with_their_devices(
    app: Flask, services: Services, clock: FakeClock, person: Person
) -> None:
    clock.advance(10)
    sign_in(app, services, person.user)
    clock.advance(60)

    sessions = (person.client.get(f"{API}/profile/sessions").json or {})["sessions"]

    assert [session["current"] for session in sessions] == [True, False]
    mine = sessions[0]
    assert set(mine) == {"id", "current", "method", "device", "ip", "createdAt", "lastSeenAt", "expiresAt"}
    assert (mine["device"], mine["ip"], mine["method"]) == ("Firefox on Linux", "192.0.2.7", "password")


def test_a_session_can_be_ended(app: Flask, services: Services, person: Person) -> None:
    lost_phone = sign_in(app, services, person.user)

    answer = person.client.delete(f"{API}/profile/sessions/{lost_phone.principal.session_id}")

    assert (answer.status_code, answer.json) == (200, {"message": "Session ended"})
    assert lost_phone.client.get(f"{API}/profile").status_code == 401
    assert person.client.get(f"{API}/profile").status_code == 200
    assert len((person.client.get(f"{API}/profile/sessions").json or {})["sessions"]) == 1


def test_somebody_elses_session_looks_like_an_unknown_one(person: Person, admin: Person) -> None:
    theirs = person.client.delete(f"{API}/profile/sessions/{admin.principal.session_id}")
    unknown = person.client.delete(f"{API}/profile/sessions/unknown")

    assert (theirs.status_code, theirs.json) == (unknown.status_code, unknown.json)
    assert (theirs.status_code, theirs.json) == (404, {"error": "Session not found"})
    assert admin.client.get(f"{API}/profile").status_code == 200


def test_signing_out_ends_the_current_session(person: Person) -> None:
    answer = person.client.delete(f"{API}/profile/sessions/current")

    assert (answer.status_code, answer.json) == (200, {"message": "Signed out"})
    assert person.client.get(f"{API}/profile").status_code == 401


@pytest.mark.parametrize(("query", "ended", "then"), [("", 3, 401), ("?keep=current", 2, 200)])
def test_all_sessions_can_be_ended(
    app: Flask, services: Services, person: Person, admin: Person, query: str, ended: int, then: int
) -> None:
    others = [sign_in(app, services, person.user) for _ in range(2)]

    answer = person.client.delete(f"{API}/profile/sessions{query}")

    assert (answer.json or {})["ended"] == ended
    assert person.client.get(f"{API}/profile").status_code == then
    assert [other.client.get(f"{API}/profile").status_code for other in others] == [401, 401]
    assert admin.client.get(f"{API}/profile").status_code == 200
