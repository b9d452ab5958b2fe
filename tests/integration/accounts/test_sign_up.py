"""`POST /auth/register`: the contract's table, row by row, in its order."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from pymongo.database import Database
from werkzeug.test import TestResponse

from app import create_app
from app.bootstrap import Services
from tests.api import API, PASSWORD, Person, a_user, close_services, make_services
from tests.integration.accounts.conftest import cheap

FORM = {"name": " Ada ", "email": " Ada@Example.org ", "password": "a fine long one", "confirmPassword": "ignored"}
CODE = "OPERATORS-CODE"


def register(app: Flask, **fields: Any) -> TestResponse:
    return app.test_client().post(f"{API}/auth/register", json=FORM | fields)


@pytest.fixture
def configured(db: Database[dict[str, Any]], mongo_uri: str, redis_url: str) -> Iterator[Any]:
    """Makes an API with other settings."""
    made: list[Services] = []

    def make(**changes: Any) -> tuple[Flask, Services]:
        services = cheap(make_services(db, mongo_uri, redis_url, **changes))
        made.append(services)
        return create_app(services), services

    yield make
    for services in made:
        close_services(services)


def test_the_first_person_becomes_admin_and_is_signed_in(app: Flask, services: Services) -> None:
    answer = register(app)

    assert answer.status_code == 201, answer.text
    assert answer.json is not None
    user = answer.json["user"]
    assert user == {
        "id": user["id"],
        "email": "ada@example.org",
        "name": "Ada",
        "role": "admin",
        "avatarUrl": user["avatarUrl"],
        "createdAt": user["createdAt"],
        "authProvider": "",
    }
    profile = app.test_client().get(f"{API}/profile", headers={"Authorization": f"Bearer {answer.json['token']}"})
    assert profile.json == {"user": user}
    stored = services.db["users"].find_one({"email": "ada@example.org"}) or {}
    assert stored["bootstrap"] is True
    assert stored["password"].startswith("$2b$")


def test_later_ones_need_an_invite_code_and_get_its_role(app: Flask, services: Services, admin: Person) -> None:
    register(app, email="first@example.org")
    refused = register(app)
    made = admin.client.post(f"{API}/settings/invites", json={"role": "viewer"}).json or {}
    invited = register(app, inviteCode=f" {made['inviteCode'].lower()} ")

    assert (refused.status_code, (refused.json or {})["error"]) == (403, "Valid invite code required")
    assert (invited.status_code, (invited.json or {})["user"]["role"]) == (201, "viewer")
    stored = services.db["users"].find_one({"email": "ada@example.org"}) or {}
    assert str(stored["invite_id"]) == made["invite"]["id"]
    assert "bootstrap" not in stored


def test_sign_up_can_be_switched_off(configured: Any) -> None:
    app, _ = configured(auth_builtin_signup_enabled=False)

    answer = app.test_client().post(f"{API}/auth/register", data="no form at all")

    assert answer.status_code == 403
    assert answer.json == {"error": "Registration is disabled", "message": "Registration is disabled"}
    methods = app.test_client().get(f"{API}/auth/methods").json
    assert methods == {"builtin": {"enabled": True, "signupEnabled": False}, "providers": []}


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"email": "ada"}, "email"),
        ({"email": None}, "email"),
        ({"name": "  "}, "name"),
        ({"name": "x" * 101}, "name"),
        ({"password": 12345678}, "password"),
    ],
)
def test_a_bad_form_names_the_field(app: Flask, fields: dict[str, Any], field: str) -> None:
    answer = register(app, **fields)

    assert answer.status_code == 400
    body = answer.json or {}
    assert body["error"] == body["message"] == "Invalid request data"
    assert list(body["details"]) == [field]


def test_only_allowed_domains_may_register(configured: Any) -> None:
    app, _ = configured(auth_builtin_allowed_domains="Example.com, example.net")

    refused = register(app, email="ada@sub.example.com")

    assert refused.status_code == 403
    assert (refused.json or {})["error"] == "Your email domain is not authorized to register"
    assert register(app, email="ada@EXAMPLE.com").status_code == 201


def test_a_password_rule_is_told_after_the_code(app: Flask, services: Services) -> None:
    a_user(services, role="admin", bootstrap=True)
    code = services.invites.current_code()

    without_code = register(app, password="short")
    with_code = register(app, password="short", inviteCode=code)

    assert without_code.status_code == 403
    assert with_code.status_code == 400
    assert (with_code.json or {})["error"] == "Password must be at least 8 characters"


def test_that_an_email_is_taken_is_told_to_holders_of_a_code_only(app: Flask, services: Services) -> None:
    a_user(services, email="ada@example.org", role="admin", bootstrap=True)
    code = services.invites.current_code()

    without_code = register(app)
    with_code = register(app, inviteCode=code)

    assert (without_code.status_code, without_code.json) == (
        403,
        {"error": "Valid invite code required", "message": "Valid invite code required"},
    )
    assert (with_code.status_code, (with_code.json or {})["error"]) == (409, "User already exists")
    assert services.invites.current_code() == code, "no use of the code was taken"


def test_only_the_named_email_may_be_the_first_admin(configured: Any) -> None:
    app, _ = configured(first_admin_email="Boss@example.org", invite_code=CODE)

    stranger = register(app, email="stranger@example.org")
    invited = register(app, email="early@example.org", inviteCode=CODE)
    boss = register(app, email="boss@example.org")

    assert stranger.status_code == 403
    assert (invited.json or {})["user"]["role"] == "user"
    assert (boss.json or {})["user"]["role"] == "admin"


def test_a_deleted_first_admin_does_not_reopen_sign_up(app: Flask, services: Services) -> None:
    a_user(services, role="admin", bootstrap=True, deleted_at=services.clock.now())

    assert register(app).status_code == 403


def test_no_body_and_forms_are_told_apart(anonymous: FlaskClient) -> None:
    assert anonymous.post(f"{API}/auth/register").status_code == 400
    assert anonymous.post(f"{API}/auth/register", data={"name": "Ada"}).status_code == 415


def test_two_people_registering_as_first_at_the_same_moment(app: Flask, services: Services) -> None:
    with ThreadPoolExecutor(2) as both:
        answers = list(both.map(lambda n: register(app, email=f"p{n}@example.org"), range(2)))

    assert sorted(answer.status_code for answer in answers) == [201, 403]
    assert services.db["users"].count_documents({"role": "admin"}) == 1


def test_of_20_with_one_single_use_code_one_gets_in(app: Flask, services: Services) -> None:
    a_user(services, role="admin", bootstrap=True)
    code = services.invites.current_code()

    with ThreadPoolExecutor(20) as crowd:
        answers = list(crowd.map(lambda n: register(app, email=f"p{n}@example.org", inviteCode=code), range(20)))

    assert sorted(answer.status_code for answer in answers) == [201] + [403] * 19
    assert services.db["users"].count_documents({"role": "user"}) == 1


def test_of_20_with_one_email_one_gets_in_and_the_uses_are_given_back(app: Flask, admin: Person) -> None:
    register(app, email="first@example.org")
    made = admin.client.post(f"{API}/settings/invites", json={"maxUses": 20}).json or {}

    with ThreadPoolExecutor(20) as crowd:
        answers = list(crowd.map(lambda _: register(app, inviteCode=made["inviteCode"]), range(20)))

    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 19
    listed = (admin.client.get(f"{API}/settings/invites").json or {})["invites"]
    assert [invite["uses"] for invite in listed if invite["id"] == made["invite"]["id"]] == [1]


def test_the_password_is_nowhere_in_the_answer(app: Flask) -> None:
    assert PASSWORD not in register(app, password=PASSWORD).text
