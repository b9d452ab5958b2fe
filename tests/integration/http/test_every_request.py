"""What every request goes through: ids, CORS, headers, errors, log lines, health, metrics."""

import io
import json
import logging
import re
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from flask.testing import FlaskClient
from pymongo.database import Database

from app.logs import configure_logs
from tests.api import make_services
from tests.stream_app import TestServices, make_app

UI = {"Origin": "http://localhost:3001"}


@pytest.fixture
def client(db: Database[dict[str, Any]], mongo_uri: str, redis_url: str) -> Iterator[FlaskClient]:
    made = TestServices(make_services(db, mongo_uri, redis_url).settings)
    yield make_app(made).test_client()
    made.db.client.close()


@pytest.mark.parametrize("given", ["0123456789abcdef", "550e8400-e29b-41d4-a716-446655440000"])
def test_a_harmless_request_id_is_kept(client: FlaskClient, given: str) -> None:
    assert client.get("/healthz", headers={"X-Request-ID": given}).headers["X-Request-ID"] == given


@pytest.mark.parametrize("given", ["", "short", "x" * 65, "a b c d e f g h", 'id"}{"forged":"line', "ünïcödé-id"])
def test_any_other_request_id_is_replaced(client: FlaskClient, given: str) -> None:
    answered = client.get("/healthz", headers={"X-Request-ID": given.encode().decode("latin-1")}).headers

    assert re.fullmatch(r"[0-9a-f]{16}", answered["X-Request-ID"])


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/healthz", 200),
        ("GET", "/v1/api/nowhere", 404),
        ("DELETE", "/v1/api/echo", 405),
        ("GET", "/v1/api/counters/c/private", 401),
        ("GET", "/v1/api/fail", 500),
    ],
)
def test_browsers_may_read_every_answer(client: FlaskClient, method: str, path: str, status: int) -> None:
    answer = client.open(path, method=method, headers=UI)

    assert answer.status_code == status
    assert answer.headers["Access-Control-Allow-Origin"] == "http://localhost:3001"
    assert answer.headers["Access-Control-Expose-Headers"] == "Content-Length, Retry-After, X-Request-ID"
    assert "Origin" in answer.headers["Vary"]


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://localhost:3001.evil.example", ""])
def test_other_origins_may_not(client: FlaskClient, origin: str) -> None:
    assert "Access-Control-Allow-Origin" not in client.get("/healthz", headers={"Origin": origin}).headers


def test_a_preflight_needs_no_token(client: FlaskClient) -> None:
    wanted = {"Access-Control-Request-Method": "PATCH", "Access-Control-Request-Headers": "authorization"}

    answer = client.options("/v1/api/counters/c/private", headers=UI | wanted)

    assert (answer.status_code, answer.data) == (204, b"")
    assert answer.headers["Access-Control-Allow-Methods"] == "GET, POST, PUT, PATCH, DELETE"
    assert {"Authorization", "Last-Event-ID"} <= set(answer.headers["Access-Control-Allow-Headers"].split(", "))
    assert answer.headers["Access-Control-Max-Age"] == str(12 * 3600)


def test_a_fault_of_ours_tells_nothing_but_its_reference(client: FlaskClient) -> None:
    answer = client.get("/v1/api/fail", headers={"X-Request-ID": "reference-1"})

    assert answer.get_json() == {"error": "Something went wrong on our side. Reference: reference-1"}


def test_answers_are_not_sniffed_framed_or_kept(client: FlaskClient) -> None:
    headers = client.get("/v1/api/counters/c").headers

    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Cache-Control"] == "no-store"
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """What is logged meanwhile."""
    found, root = io.StringIO(), logging.getLogger()
    handlers, level, config = root.handlers, root.level, structlog.get_config()
    configure_logs("info", found)
    yield found
    root.handlers, root.level = handlers, level
    structlog.configure(**config)


def test_a_request_is_one_line_without_tokens(client: FlaskClient, log: io.StringIO) -> None:
    headers = {"X-Request-ID": "reference-2", "Authorization": "Bearer not-for-logs"}

    client.get("/v1/api/counters/c?token=not-for-logs&page=2", headers=headers)
    client.get("/healthz")

    (line,) = (json.loads(text) for text in log.getvalue().splitlines())
    assert line["event"] == "request"
    assert (line["method"], line["path"], line["query"]) == ("GET", "/v1/api/counters/c", "token=***&page=2")
    assert (line["status"], line["request_id"], line["user_id"]) == (200, "reference-2", "6" * 24)
    assert "not-for-logs" not in log.getvalue()


def test_readiness_names_each_part(client: FlaskClient) -> None:
    answer = client.get("/readyz")

    assert (answer.status_code, answer.get_json()["status"]) == (200, "ready")
    assert {name: part["state"] for name, part in answer.get_json()["parts"].items()} == {
        "mongodb": "ok",
        "redis": "ok",
    }


@pytest.mark.parametrize(
    ("away", "status", "word"),
    [
        ({"redis_url": "redis://127.0.0.1:1/0"}, 200, "degraded"),
        ({"events_redis_url": "redis://127.0.0.1:1/0"}, 200, "degraded"),
        ({"mongo_uri": "mongodb://127.0.0.1:1/kubeorch?serverSelectionTimeoutMS=300"}, 503, "unavailable"),
    ],
)
def test_only_without_mongodb_it_is_not_ready(
    db: Database[dict[str, Any]], mongo_uri: str, redis_url: str, away: dict[str, str], status: int, word: str
) -> None:
    settings = make_services(db, mongo_uri, redis_url).settings.model_copy(update=away)
    client = make_app(TestServices(settings)).test_client()

    answer = client.get("/readyz")

    assert (answer.status_code, answer.get_json()["status"]) == (status, word)
    assert client.get("/healthz").status_code == 200


def test_metrics_are_by_route_not_by_path(client: FlaskClient) -> None:
    for name in ("one", "two"):
        client.get(f"/v1/api/counters/{name}")

    text = client.get("/metrics").get_data(as_text=True)

    assert 'route="/v1/api/counters/<name>"' in text
    assert "counters/one" not in text


def test_the_service_has_a_name(client: FlaskClient) -> None:
    assert client.get("/v1").get_json() == {"message": "KubeOrch API", "status": "success"}
