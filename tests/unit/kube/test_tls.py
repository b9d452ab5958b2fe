"""Which certificates count, and what is said of those that don't."""

import contextlib
import os
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from app.errors import InvalidError
from app.kube.access import Access
from app.kube.connection import Connection
from app.kube.errors import UnreachableError
from app.net.guard import AddressGuard
from tests.unit.kube.certificates import DAY, TODAY, Authority, Pair, key_pem

GUARD = AddressGuard(allow_private=False, allow_loopback=True, allowlist=())
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}"


@pytest.fixture(scope="module")
def authority() -> Authority:
    """One for all: keys take time."""
    return Authority()


@contextmanager
def tls_server(shown: Pair, folder: Path, *, client_ca: str | None = None) -> Iterator[int]:
    """Shows this certificate and answers `{}`; gives its port."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    (folder / "server.pem").write_text(shown.cert + shown.key)
    context.load_cert_chain(folder / "server.pem")
    if client_ca:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(cadata=client_ca)
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    sock, _ = listening.accept()
                    with contextlib.suppress(OSError), context.wrap_socket(sock, server_side=True) as wrapped:
                        wrapped.recv(65536)
                        wrapped.sendall(ANSWER)

        threading.Thread(target=serve, daemon=True).start()
        yield listening.getsockname()[1]
        listening.shutdown(socket.SHUT_RDWR)


def call(port: int, **more: object) -> object:
    access = Access(f"https://127.0.0.1:{port}", **more)  # type: ignore[arg-type]  # what a test names
    return Connection(access, GUARD).request("GET", "/version")


def refusal(port: int, **more: object) -> UnreachableError:
    with pytest.raises(UnreachableError) as refused:
        call(port, **more)
    return refused.value


def test_a_certificate_of_the_given_authority_counts(authority: Authority, tmp_path: Path) -> None:
    with tls_server(authority.issue("127.0.0.1"), tmp_path) as port:
        assert call(port, ca=authority.ca) == {}


def test_the_name_to_check_may_be_another_than_the_hosts(authority: Authority, tmp_path: Path) -> None:
    with tls_server(authority.issue("kubernetes"), tmp_path) as port:
        assert call(port, ca=authority.ca, tls_server_name="kubernetes") == {}
        error = refusal(port, ca=authority.ca)

    assert (error.reason, error.message) == (
        "tls_name",
        "the certificate of 127.0.0.1 is for kubernetes, not for 127.0.0.1: set tlsServerName to one of its names",
    )


def test_an_expired_certificate_says_since_when(authority: Authority, tmp_path: Path) -> None:
    ended = TODAY - DAY / 2
    with tls_server(authority.issue("127.0.0.1", ends=ended), tmp_path) as port:
        error = refusal(port, ca=authority.ca)

    day = ended.date().isoformat()
    assert error.reason == "tls_expired"
    assert error.message == f"the certificate of 127.0.0.1 expired on {day}: it must be renewed"


def test_a_certificate_of_tomorrow_asks_about_the_clocks(authority: Authority, tmp_path: Path) -> None:
    with tls_server(authority.issue("127.0.0.1", begins=TODAY + DAY / 2), tmp_path) as port:
        error = refusal(port, ca=authority.ca)

    assert (error.reason, "isn't valid yet" in error.message) == ("tls_expired", True)


def test_another_authority_is_unknown(authority: Authority, tmp_path: Path) -> None:
    with tls_server(authority.issue("127.0.0.1"), tmp_path) as port:
        for more in ({}, {"ca": Authority().ca}):
            assert refusal(port, **more).reason == "tls_untrusted"


def test_a_given_authority_is_the_only_one_that_counts(authority: Authority, tmp_path: Path) -> None:
    with tls_server(Authority().issue("127.0.0.1"), tmp_path) as port:
        error = refusal(port, ca=authority.ca)

    assert "is signed by an unknown authority: give its CA certificate" in error.message


def test_without_verification_anything_counts(authority: Authority, tmp_path: Path) -> None:
    with tls_server(authority.issue("elsewhere.example", ends=TODAY - DAY / 2), tmp_path) as port:
        assert call(port, insecure=True) == {}


def test_a_client_certificate_is_shown_and_leaves_no_file(
    authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    temporary, client = tmp_path / "tmp", authority.issue("jane")
    temporary.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    with tls_server(authority.issue("127.0.0.1"), tmp_path, client_ca=authority.ca) as port:
        assert call(port, ca=authority.ca, client_cert=client.cert, client_key=client.key) == {}

    assert list(temporary.iterdir()) == []
    open_files = [str(link.resolve()) for link in Path("/proc/self/fd").iterdir()]
    assert not any("client-certificate" in name for name in open_files)


def test_a_client_certificate_works_without_memory_files_too(
    authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    temporary, client = tmp_path / "tmp", authority.issue("jane")
    temporary.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    monkeypatch.delattr(os, "memfd_create", raising=False)  # as on macOS
    with tls_server(authority.issue("127.0.0.1"), tmp_path, client_ca=authority.ca) as port:
        assert call(port, ca=authority.ca, client_cert=client.cert, client_key=client.key) == {}

    assert list(temporary.iterdir()) == []


def test_a_key_with_a_passphrase_or_of_another_certificate_is_refused(authority: Authority) -> None:
    client, locked = authority.issue("jane"), key_pem(ec.generate_private_key(ec.SECP256R1()), b"secret")
    for key in (locked, authority.issue("joe").key):
        with pytest.raises(InvalidError, match="belong together"):
            Connection(Access("https://host", client_cert=client.cert, client_key=key), GUARD)


def test_what_speaks_no_tls_is_said_to(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def greet() -> None:
            sock, _ = listening.accept()
            with sock:
                sock.sendall(b"220 mail.example ESMTP\r\n")
                sock.recv(65536)

        threading.Thread(target=greet, daemon=True).start()
        error = refusal(listening.getsockname()[1])

    assert (error.reason, error.message) == (
        "not_kubernetes",
        "127.0.0.1 answers, but doesn't speak TLS there: check the port",
    )


def test_a_handshake_that_never_ends_has_a_limit() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        access = Access(f"https://127.0.0.1:{listening.getsockname()[1]}")

        with pytest.raises(UnreachableError) as refused:
            Connection(access, GUARD, connect_timeout_s=0.2).request("GET", "/version")

    assert (refused.value.reason, refused.value.message) == ("timeout", "127.0.0.1 gave no answer within 0.2 s")
