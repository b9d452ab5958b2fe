"""9. Known and unknown accounts get the same status, body and, within noise, time (CVE-2020-11576)."""

import statistics
import time

from flask import Flask

from app.bootstrap import Services
from tests.api import a_user

ROUNDS = 3
WRONG = "certainly wrong"


def attempt(app: Flask, email: str) -> tuple[float, int, bytes, dict[str, str]]:
    """(CPU seconds, status, body, headers that don't name the request)."""
    client = app.test_client()
    # Processor time: a busy machine doesn't count. bcrypt runs in this thread here.
    begun = time.thread_time()
    answer = client.post("/v1/api/auth/login", json={"email": email, "password": WRONG})
    took = time.thread_time() - begun
    headers = {name: value for name, value in answer.headers.items() if name not in ("X-Request-ID", "Date")}
    return took, answer.status_code, answer.data, headers


def test_signing_in_tells_nothing_about_who_has_an_account(app: Flask, services: Services) -> None:
    known = a_user(services, password=services.passwords.hash("the right one")).email
    no_password = a_user(services, password="").email
    deactivated = a_user(
        services, password=services.passwords.hash("the right one"), deactivated_at=services.clock.now()
    ).email
    emails = {"known": known, "no password": no_password, "deactivated": deactivated, "unknown": "x@example.org"}

    times: dict[str, list[float]] = {name: [] for name in emails}
    answers = set()
    for _ in range(ROUNDS):
        for name, email in emails.items():
            took, status, body, headers = attempt(app, email)
            times[name].append(took)
            answers.add((status, body, tuple(sorted(headers.items()))))

    assert len(answers) == 1, answers
    assert answers.pop()[0] == 401
    usual = {name: statistics.median(taken) for name, taken in times.items()}
    # One bcrypt costs about 100 times what everything else does: half of it would be no bcrypt at all.
    assert max(usual.values()) < 1.3 * min(usual.values()), usual


def test_signing_up_without_a_code_tells_nothing_either(app: Flask, services: Services) -> None:
    known = a_user(services, role="admin", bootstrap=True).email
    client = app.test_client()

    answers = {
        (answer.status_code, answer.data)
        for answer in (
            client.post("/v1/api/auth/register", json={"name": "Eve", "email": email, "password": "a fine long one"})
            for email in (known, "x@example.org")
        )
    }

    assert len(answers) == 1
