"""`POST /auth/login`."""

from typing import Any

import bcrypt
import pytest
from flask import Flask
from werkzeug.test import TestResponse

from app.bootstrap import Services
from tests.api import API, PASSWORD, a_user

EMAIL = "ada@example.org"


def login(app: Flask, **fields: Any) -> TestResponse:
    return app.test_client().post(f"{API}/auth/login", json={"email": EMAIL, "password": PASSWORD} | fields)


def test_the_right_password_gives_a_token_and_the_user(app: Flask, services: Services) -> None:
    a_user(services, email=EMAIL)

    answer = login(app, email=f" {EMAIL.upper()} ")

    assert answer.status_code == 200
    assert answer.json is not None
    assert set(answer.json) == {"token", "user"}
    assert answer.headers["Cache-Control"] == "no-store"
    headers = {"Authorization": f"Bearer {answer.json['token']}"}
    assert app.test_client().get(f"{API}/profile", headers=headers).json == {"user": answer.json["user"]}
    stored = services.users.by_email(EMAIL)
    assert stored is not None
    assert stored.last_login_at == services.clock.now()


@pytest.mark.parametrize(
    ("fields", "user_fields"),
    [
        ({"password": "wrong"}, {}),
        ({"password": PASSWORD + "x" * 72}, {}),
        ({"email": "unknown@example.org"}, {}),
        ({"email": "no address"}, {}),
        ({"email": {"$ne": ""}, "password": "x"}, None),
        ({}, {"password": ""}),
        ({"password": "wrong"}, {"deactivated": True}),
    ],
    ids=str,
)
def test_whatever_is_wrong_the_answer_is_the_same(
    app: Flask, services: Services, fields: dict[str, Any], user_fields: dict[str, Any] | None
) -> None:
    if user_fields is None:  # no text at all: a matter of form
        assert login(app, **fields).status_code == 400
        return
    if user_fields.pop("deactivated", False):
        user_fields = {"deactivated_at": services.clock.now()}
    a_user(services, email=EMAIL, **user_fields)

    answer = login(app, **fields)

    assert answer.status_code == 401
    assert answer.json == {"error": "Invalid email or password", "message": "Invalid email or password"}
    assert answer.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("body", [{}, {"email": EMAIL}, {"email": EMAIL, "password": ""}, {"password": PASSWORD}, []])
def test_a_form_that_lacks_something_is_a_400(app: Flask, body: Any) -> None:
    assert app.test_client().post(f"{API}/auth/login", json=body).status_code == 400


def test_the_body_is_json_whatever_the_content_type_says(app: Flask, services: Services) -> None:
    a_user(services, email=EMAIL)
    body = f'{{"email": "{EMAIL}", "password": "{PASSWORD}"}}'

    assert app.test_client().post(f"{API}/auth/login", data=body, content_type="text/plain").status_code == 200


def test_a_deactivated_account_is_told_so_after_the_right_password(app: Flask, services: Services) -> None:
    a_user(services, email=EMAIL, deactivated_at=services.clock.now())

    answer = login(app)

    assert (answer.status_code, (answer.json or {})["error"]) == (403, "This account is deactivated")


def test_a_cheaper_hash_is_made_anew_and_still_fits(app: Flask, services: Services) -> None:
    services.passwords = type(services.passwords)(cost=5)
    a_user(services, email=EMAIL, password=bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4, b"2a")).decode())

    assert login(app).status_code == 200

    stored = services.users.by_email(EMAIL)
    assert stored is not None
    assert stored.password.startswith("$2b$05$")
    assert login(app).status_code == 200


def test_each_sign_in_is_a_session_of_its_own(app: Flask, services: Services) -> None:
    a_user(services, email=EMAIL)

    tokens = {(login(app).json or {})["token"] for _ in range(3)}

    assert len(tokens) == 3
    assert services.db["sessions"].count_documents({"method": "password"}) == 3
