"""4. `?token=` counts as absent and shows up nowhere: no log line, metric, event or redirect (CVE-2026-44883)."""

import logging

import pytest
import redis as redis_client
import structlog
from flask import Flask
from flask.testing import FlaskClient

from tests.api import Person
from tests.security.every_route import every_route, guarded_routes

NAMES = ("token", "ticket", "access_token", "%74oken", "TOKEN")


def query(person: Person) -> str:
    return "?" + "&".join(f"{name}={person.token}" for name in NAMES)


def test_04_a_good_token_in_the_query_counts_as_absent(app: Flask, anonymous: FlaskClient, person: Person) -> None:
    for route in guarded_routes(app):
        answer = anonymous.open(route.path + query(person), method=route.method)

        assert answer.status_code == 401, f"{route.method} {route.path}"
        assert answer.json == {"error": "Authorization token is required (header or query param)"}


def test_04_it_is_in_no_answer_log_metric_or_redis_key(
    app: Flask,
    anonymous: FlaskClient,
    person: Person,
    redis: redis_client.Redis,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG)
    said = []
    with structlog.testing.capture_logs() as lines:
        for route in every_route(app):
            # Doubled slashes and one at the end are what frameworks like to redirect.
            for path in (route.path, route.path + "/", route.path.replace("/v1/", "/v1//")):
                answer = anonymous.open(path + query(person), method=route.method, headers={"X-Ticket": person.token})
                said += [answer.text, str(answer.headers)]
    said += [str(lines), caplog.text, *capsys.readouterr(), anonymous.get("/metrics").text]
    for key in redis.keys("*"):
        said += [str(key), str(redis.dump(key))]

    assert any("***" in str(line) for line in lines), "the requests were logged"
    assert [text[:200] for text in said if person.token in text] == []
