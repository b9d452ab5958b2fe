"""Calls of a connection: what is sent, what comes back, what each failure is called."""

import socket
import time
from collections.abc import Callable
from typing import Any

import pytest

from app.errors import InvalidError
from app.kube.access import Access
from app.kube.connection import Connection
from app.kube.errors import ApiStatusError, Cause, UnreachableError
from app.kube.interrupt import Interrupt
from app.net.guard import AddressGuard
from tests.unit.kube.scripted_server import Exchange, ScriptedServer, a_status

GUARD = AddressGuard(allow_private=False, allow_loopback=True, allowlist=())


def answering(*args: Any, **more: Any) -> Callable[[Exchange], None]:
    return lambda exchange: exchange.answer(*args, **more)


def test_a_call_sends_what_it_was_given(server: ScriptedServer) -> None:
    server.other = answering({"kind": "Thing"})
    connection = server.connection(token="t0ken", impersonate_user="jane", impersonate_groups=("a", "b"))

    got = connection.request(
        "POST", "/apis/x", query={"force": True, "limit": 5, "fieldManager": "a b&c"}, body={"é": 1}
    )

    assert got == {"kind": "Thing"}
    sent = server.requests[0]
    assert (sent.method, sent.path, sent.body) == ("POST", "/apis/x", '{"é":1}'.encode())
    assert sent.query == {"force": "true", "limit": "5", "fieldManager": "a b&c"}
    assert sent.headers["authorization"] == "Bearer t0ken"
    assert sent.headers["content-type"] == "application/json"
    assert sent.handler.headers.get_all("Impersonate-Group") == ["a", "b"]
    assert sent.headers["impersonate-user"] == "jane"


def test_calls_follow_each_other_on_one_connection(server: ScriptedServer) -> None:
    server.other = answering({})
    connection = server.connection()

    for _ in range(5):
        connection.request("GET", "/version")

    assert len({request.handler.client_address for request in server.requests}) == 1


def test_a_kept_connection_that_the_server_closed_is_no_error(server: ScriptedServer) -> None:
    def answer_and_go(exchange: Exchange) -> None:
        exchange.answer({})
        exchange.cut()

    server.other = answer_and_go
    connection = server.connection()

    answers = [connection.request("GET", "/version") for _ in range(5)]

    assert answers == [{}] * 5


@pytest.mark.parametrize(("method", "times"), [("GET", 3), ("POST", 2)])
def test_only_what_may_be_sent_twice_is_sent_twice(server: ScriptedServer, method: str, times: int) -> None:
    connection = server.connection()
    server.other = answering({})
    connection.request("GET", "/version")
    server.other = Exchange.cut  # the kept connection dies when it is used; and so does the next

    with pytest.raises(UnreachableError):
        connection.request(method, "/version")

    assert len(server.requests) == times


@pytest.mark.parametrize(
    ("answer", "reason", "text"),
    [
        (answering(b"<html>", 503), "server_error", "answers 503"),
        (answering(b"<html>", 404), "not_kubernetes", "isn't a Kubernetes API"),
        (answering(b"", 302, Location="http://10.0.0.1/"), "not_kubernetes", "isn't a Kubernetes API"),
        (answering(b"<html>hello</html>"), "not_kubernetes", "isn't a Kubernetes API"),
        (lambda exchange: exchange.raw(b"220 mail.example ESMTP\r\n").cut(), "not_kubernetes", "not in HTTP"),
        (Exchange.cut, "server_error", "closed the connection without an answer"),
        (Exchange.stay_open, "timeout", "gave no answer within 0.2 s"),
        (
            lambda exchange: exchange.raw(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{").cut(),
            "server_error",
            "closed",
        ),
    ],
)
def test_what_is_no_answer_of_kubernetes_has_its_reason(
    server: ScriptedServer, answer: Callable[[Exchange], None], reason: str, text: str
) -> None:
    server.other = answer

    with pytest.raises(UnreachableError) as failed:
        server.connection().request("GET", "/version", timeout_s=0.2)

    assert failed.value.reason == reason
    assert text in failed.value.message


OK = b"HTTP/1.1 200 OK\r\n"


@pytest.mark.parametrize(
    ("beginning", "drop"),
    [
        (OK + b"X-Name: ", b"x"),
        (OK + b"Content-Length: 1000000\r\n\r\n", b" "),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n", b"0"),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
    ],
)
def test_a_byte_now_and_then_doesnt_make_a_call_last_for_ever(
    server: ScriptedServer, beginning: bytes, drop: bytes
) -> None:
    def drip(exchange: Exchange) -> None:
        exchange.raw(beginning)
        while not exchange.over.wait(0.02):
            exchange.raw(drop)

    server.other = drip
    began = time.monotonic()

    with pytest.raises(UnreachableError, match=r"gave no answer within 0\.2 s"):
        server.connection().request("GET", "/version", timeout_s=0.2)

    assert time.monotonic() - began < 1


def test_a_peer_that_reads_nothing_doesnt_make_a_call_last_for_ever() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:  # connects by itself, but nobody reads
        connection = Connection(Access(f"http://127.0.0.1:{listening.getsockname()[1]}"), GUARD)
        began = time.monotonic()

        with pytest.raises(UnreachableError, match=r"gave no answer within 0\.2 s"):
            connection.request("POST", "/x", body=b" " * 30_000_000, timeout_s=0.2)

    assert time.monotonic() - began < 2


def test_the_api_servers_refusal_keeps_its_reason_and_causes(server: ScriptedServer) -> None:
    causes = [
        {"reason": "FieldValueInvalid", "message": "must be positive", "field": "spec.replicas"},
        {"reason": "FieldManagerConflict", "message": 'conflict with "kubectl" using apps/v1', "field": ".spec.x"},
    ]
    server.other = answering(a_status(422, "Invalid", "is invalid", causes=causes), 422)

    with pytest.raises(ApiStatusError) as refused:
        server.connection().request("GET", "/version")

    assert (refused.value.status, refused.value.reason, str(refused.value)) == (422, "Invalid", "is invalid")
    assert refused.value.causes == (
        Cause("FieldValueInvalid", "must be positive", "spec.replicas"),
        Cause("FieldManagerConflict", 'conflict with "kubectl" using apps/v1', ".spec.x", manager="kubectl"),
    )


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (answering(a_status(429, "TooManyRequests"), 429, Retry_After="7"), (429, "TooManyRequests", 7)),
        (answering(a_status(429, "TooManyRequests", retryAfterSeconds=3), 429), (429, "TooManyRequests", 3)),
        (answering(b"slow down", 429, Retry_After="999999999"), (429, "TooManyRequests", 300)),
        (answering(b"who are you?", 401), (401, "Unauthorized", None)),
        (answering(b'{"error": "of a proxy"}', 403), (403, "Forbidden", None)),
        (answering(b"404 page not found\n", 404), (404, "NotFound", None)),
        (answering(a_status(503, "ServiceUnavailable"), 503, Retry_After="soon"), (503, "ServiceUnavailable", None)),
    ],
)
def test_refusals_are_told_from_being_away(
    server: ScriptedServer, answer: Callable[[Exchange], None], expected: tuple[int, str, float | None]
) -> None:
    server.other = answer

    with pytest.raises(ApiStatusError) as refused:
        server.connection().request("GET", "/version")

    assert (refused.value.status, refused.value.reason, refused.value.retry_after_s) == expected


@pytest.mark.parametrize(
    "status", [{"kind": "Status"}, {"kind": "Status", "details": None, "code": "x", "reason": None}]
)
def test_a_mangled_status_object_is_an_error_all_the_same(server: ScriptedServer, status: dict[str, Any]) -> None:
    server.other = answering(status, 409)

    with pytest.raises(ApiStatusError) as refused:
        server.connection().request("GET", "/version")

    assert refused.value.status == 409


def test_more_calls_than_slots_wait_and_dont_wait_for_ever(server: ScriptedServer) -> None:
    server.other = Exchange.stay_open
    connection = Connection(Access(f"http://127.0.0.1:{server.port}"), GUARD, pool_size=0)

    with pytest.raises(UnreachableError, match="too many calls"):
        connection.request("GET", "/version", timeout_s=0.05)


def test_an_interrupt_for_good_ends_calls_to_come(server: ScriptedServer) -> None:
    interrupt = Interrupt()
    interrupt.fire(is_final=True)

    with pytest.raises(UnreachableError):
        server.connection().open("/api/v1/configmaps", query={"watch": True}, interrupt=interrupt)


@pytest.mark.parametrize("path", ["/x y", "/x\r\nEvil: 1", "/ü"])
def test_a_path_cant_start_a_second_request(server: ScriptedServer, path: str) -> None:
    with pytest.raises(ValueError):
        server.connection().request("GET", path)


@pytest.mark.parametrize(
    "server_url",
    [
        *("", "host:6443", "ftp://host", "https://", "https://host:x", "https://host:99999", "https://u:p@host"),
        *("https://host?x=1", "https://host#x", "https://ho st", "https://host/a b", "https://host/\u00fc"),
    ],
)
def test_a_server_that_is_no_url_is_refused(server_url: str) -> None:
    with pytest.raises(InvalidError, match="it should look like https://host:6443"):
        Connection(Access(server_url), GUARD)


@pytest.mark.parametrize(
    "credentials", [{"token": "a\r\nX: y"}, {"token": "a b"}, {"token": "ä"}, {"impersonate_user": "a\nb"}]
)
def test_credentials_that_no_header_can_carry_are_refused_without_repeating_them(credentials: dict[str, Any]) -> None:
    with pytest.raises(InvalidError) as refused:
        Access("https://host", **credentials)

    assert next(iter(credentials.values())) not in str(refused.value)


def test_an_access_shows_no_secret() -> None:
    shown = repr(Access("https://host", token="t0ken", client_cert="C3RT", client_key="K3Y", ca="C4"))

    assert [secret for secret in ("t0ken", "C3RT", "K3Y", "C4") if secret in shown] == []


@pytest.mark.parametrize("pem", ["", "nonsense", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"])
def test_a_ca_or_client_certificate_that_isnt_one_is_refused(pem: str) -> None:
    with pytest.raises(InvalidError, match="CA certificate"):
        Connection(Access("https://host", ca=pem), GUARD)
    with pytest.raises(InvalidError, match="client certificate and key"):
        Connection(Access("https://host", client_cert=pem, client_key=pem), GUARD)
