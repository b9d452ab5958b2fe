"""Security 35: bodies over the limit answer 413 before anything parses them, deep JSON 400; public routes first."""

import http.client
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pymongo.database import Database

from tests.api_process import ApiProcess, api_process
from tests.stream_app import environment_for

LIMIT = 1024 * 1024
MEBI = 1024 * 1024


@pytest.fixture(scope="module")
def api(
    tmp_path_factory: pytest.TempPathFactory, mongo_client: Any, mongo_uri: str, redis_url: str
) -> Iterator[ApiProcess]:
    environment = environment_for(mongo_uri, redis_url, mongo_client["test_bodies"], BODY_MAX_BYTES=str(LIMIT))
    with api_process(tmp_path_factory.mktemp("api"), "tests.stream_app:app", environment) as process:
        yield process
    mongo_client.drop_database("test_bodies")


def test_a_body_at_the_limit_is_read(api: ApiProcess) -> None:
    body = b'"' + b"x" * (LIMIT - 2) + b'"'

    assert api.call("POST", "/v1/api/echo", body)[0] == 200


def test_a_body_over_the_limit_is_refused_in_our_shape(api: ApiProcess) -> None:
    status, headers, content = api.request(
        "POST", "/v1/api/echo", b"[" * (LIMIT + 1), {"Origin": "http://localhost:3001"}
    )

    assert status == 413
    assert content == b'{"error":"The body is too large: at most 1 MiB"}'
    assert headers["Access-Control-Allow-Origin"] == "http://localhost:3001"


def test_it_is_refused_before_it_has_been_sent(api: ApiProcess) -> None:
    with socket.create_connection(("127.0.0.1", api.port), timeout=5) as connection:
        head = f"POST /v1/api/echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: {10**12}\r\n\r\n"
        connection.sendall(head.encode())

        answer = connection.recv(1000)

    assert answer.startswith(b"HTTP/1.1 413 ")


def test_what_is_sent_all_the_same_costs_no_memory(api: ApiProcess) -> None:
    before = api.resident_bytes()
    with socket.create_connection(("127.0.0.1", api.port), timeout=5) as connection:
        head = f"POST /v1/api/echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: {10**12}\r\n\r\n"
        connection.sendall(head.encode())
        began = time.monotonic()
        try:
            while time.monotonic() - began < 2:
                connection.sendall(b"x" * MEBI)
        except OSError:
            pass  # it has hung up: even better

    assert api.resident_bytes() - before < 20 * MEBI
    assert api.call("GET", "/healthz")[0] == 200


def test_a_body_without_a_length_is_counted_while_it_is_read(api: ApiProcess) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", api.port, timeout=10)
    pieces = (b"x" * 65536 for _ in range(2 * LIMIT // 65536))

    connection.request(
        "POST", "/v1/api/echo", body=pieces, encode_chunked=True, headers={"Transfer-Encoding": "chunked"}
    )

    assert connection.getresponse().status == 413
    connection.close()


@pytest.mark.parametrize("opening", [b"[", b'{"a":'])
def test_deep_json_is_refused(api: ApiProcess, opening: bytes) -> None:
    closing = {b"[": b"]", b'{"a":': b"}"}[opening]
    for depth in (65, 1000, 100_000):
        status, answer = api.call("POST", "/v1/api/echo", opening * depth + b"1" + closing * depth)
        assert status == 400, f"{depth} levels"
        assert "nested" in answer["error"] or "not valid JSON" in answer["error"]
    assert api.call("POST", "/v1/api/echo", opening * 64 + b"1" + closing * 64)[0] == 200


def test_a_route_may_have_a_limit_of_its_own(api: ApiProcess) -> None:
    assert api.call("POST", "/v1/api/upload", b"x" * 65536) == (200, {"bytes": 65536})
    assert api.call("POST", "/v1/api/upload", b"x" * 65537)[0] == 413


@pytest.mark.parametrize("path", ["/v1/api/auth/login", "/v1/api/auth/register", "/v1/api/workflows"])
def test_the_product_refuses_before_it_looks_at_tokens(
    db: Database[dict[str, Any]], mongo_uri: str, redis_url: str, path: str
) -> None:
    from app import create_app
    from app.bootstrap import Services
    from app.settings import load_settings

    environment = environment_for(mongo_uri, redis_url, db, JWT_SECRET="k" * 40, ENCRYPTION_KEY="key")
    client = create_app(Services(load_settings(environment))).test_client()

    answer = client.post(path, data=b"{" * (8 * MEBI + 1), headers={"Authorization": "Bearer nonsense"})

    assert answer.status_code == 413
    text = "The body is too large: at most 8 MiB"
    assert answer.get_json() == {"error": text} | ({"message": text} if "/auth/" in path else {})


def test_the_log_of_the_server_shows_no_fault(api: ApiProcess) -> None:
    assert b"Traceback" not in Path(api.log).read_bytes()
