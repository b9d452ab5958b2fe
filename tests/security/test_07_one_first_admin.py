"""7. 50 parallel first registrations make one admin; later none without an admin (CVE-2018-19367)."""

from concurrent.futures import ThreadPoolExecutor

from flask import Flask

from app.accounts.passwords import Passwords
from app.bootstrap import Services

CROWD = 50


def register(app: Flask, email: str) -> int:
    form = {"name": "Eve", "email": email, "password": "a fine long one", "role": "admin", "bootstrap": True}
    return app.test_client().post("/v1/api/auth/register", json=form).status_code


def test_of_50_at_once_one_becomes_admin(app: Flask, services: Services) -> None:
    services.passwords = Passwords(cost=4)  # the race is in the store; cost 12 would only spread them out

    with ThreadPoolExecutor(CROWD) as crowd:
        statuses = list(crowd.map(lambda n: register(app, f"p{n}@example.org"), range(CROWD)))

    assert sorted(statuses) == [201] + [403] * (CROWD - 1)
    assert services.db["users"].count_documents({}) == 1
    assert services.db["users"].count_documents({"role": "admin", "bootstrap": True}) == 1


def test_of_50_with_one_email_one_becomes_admin(app: Flask, services: Services) -> None:
    services.passwords = Passwords(cost=4)

    with ThreadPoolExecutor(CROWD) as crowd:
        statuses = list(crowd.map(lambda _: register(app, "same@example.org"), range(CROWD)))

    assert statuses.count(201) == 1
    assert set(statuses) <= {201, 403, 409}
    assert services.db["users"].count_documents({}) == 1


def test_later_nobody_gets_in_without_a_code_nor_becomes_admin_with_one(app: Flask, services: Services) -> None:
    services.passwords = Passwords(cost=4)
    assert register(app, "first@example.org") == 201
    services.db["users"].delete_many({"email": "nobody@example.org"})

    assert register(app, "second@example.org") == 403
    form = {
        "name": "Eve",
        "email": "second@example.org",
        "password": "a fine long one",
        "inviteCode": services.invites.current_code(),
        "role": "admin",
    }
    answer = app.test_client().post("/v1/api/auth/register", json=form)
    assert (answer.status_code, (answer.json or {})["user"]["role"]) == (201, "user")
