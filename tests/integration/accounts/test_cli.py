"""`create-admin`, as an operator types it."""

import os
import subprocess
import sys

import pytest
from flask import Flask

from app.bootstrap import Services
from tests.api import API, a_user


@pytest.fixture
def environment(services: Services) -> dict[str, str]:
    settings = services.settings
    named = ("mongo_uri", "redis_url", "jwt_secret", "encryption_key")
    return {"PATH": os.environ["PATH"]} | {name.upper(): getattr(settings, name) for name in named}


def create_admin(environment: dict[str, str], *arguments: str, password: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "app.cli", "create-admin", *arguments]
    return subprocess.run(
        command, env=environment, input=password, capture_output=True, text=True, timeout=60, check=False
    )


def login(app: Flask, email: str, password: str) -> tuple[int, str]:
    answer = app.test_client().post(f"{API}/auth/login", json={"email": email, "password": password})
    return answer.status_code, (answer.json or {}).get("user", {}).get("role", "")


def test_the_made_up_password_signs_in_and_sign_up_is_closed(
    app: Flask, services: Services, environment: dict[str, str]
) -> None:
    done = create_admin(environment, "Root@Example.org")

    assert done.returncode == 0, done.stderr
    password = done.stdout.split()[-1]
    assert login(app, "root@example.org", password) == (200, "admin")
    assert services.users.has_first_admin()


def test_a_password_can_come_from_standard_input(app: Flask, environment: dict[str, str]) -> None:
    done = create_admin(environment, "root@example.org", "--password-stdin", password="a fine long one\n")

    assert done.returncode == 0, done.stderr
    assert "a fine long one" not in done.stdout + done.stderr
    assert login(app, "root@example.org", "a fine long one") == (200, "admin")


def test_an_existing_account_is_promoted_only_when_asked(
    app: Flask, services: Services, environment: dict[str, str]
) -> None:
    user = a_user(services, email="ada@example.org", deactivated_at=services.clock.now())
    arguments = [user.email, "--password-stdin"]

    refused = create_admin(environment, *arguments, password="a fine long one\n")
    promoted = create_admin(environment, *arguments, "--promote", password="a fine long one\n")

    assert (refused.returncode, "--promote" in refused.stderr) == (1, True)
    assert promoted.returncode == 0, promoted.stderr
    assert login(app, user.email, "a fine long one") == (200, "admin")


@pytest.mark.parametrize(
    ("arguments", "password", "said"),
    [
        (["no address"], "", "is no e-mail address"),
        (["a@b.cd", "--password-stdin"], "short\n", "at least 8 characters"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(
    environment: dict[str, str], arguments: list[str], password: str, said: str
) -> None:
    done = create_admin(environment, *arguments, password=password)

    assert done.returncode == 1
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1
