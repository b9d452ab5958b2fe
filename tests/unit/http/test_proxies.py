"""Whose word about the client's address is taken."""

from typing import Any

import pytest

from app.http.proxies import TrustedProxies, network_of

TRUSTED = ("10.0.0.0/8", "192.0.2.1", "fd00::/8")


def seen(remote: str, forwarded: str = "", proto: str = "") -> tuple[str, str]:
    """(address, scheme) that the application sees."""
    found: dict[str, Any] = {}

    def application(environ: dict[str, Any], _start: Any) -> list[bytes]:
        found.update(environ)
        return []

    environ = {"REMOTE_ADDR": remote, "wsgi.url_scheme": "http"}
    environ |= {"HTTP_X_FORWARDED_FOR": forwarded} if forwarded else {}
    environ |= {"HTTP_X_FORWARDED_PROTO": proto} if proto else {}
    TrustedProxies(application, TRUSTED)(environ, lambda *_: lambda _data: None)
    return found["REMOTE_ADDR"], found["wsgi.url_scheme"]


@pytest.mark.parametrize(
    ("remote", "forwarded", "client"),
    [
        ("203.0.113.9", "198.51.100.7", "203.0.113.9"),  # a stranger's claim
        ("10.1.2.3", "198.51.100.7", "198.51.100.7"),
        ("10.1.2.3", "6.6.6.6, 198.51.100.7", "198.51.100.7"),  # the left one is the client's own claim
        ("10.1.2.3", "198.51.100.7, 10.9.9.9, 192.0.2.1", "198.51.100.7"),
        ("10.1.2.3", "10.9.9.9", "10.9.9.9"),
        ("10.1.2.3", "nonsense", "10.1.2.3"),
        ("10.1.2.3", "198.51.100.7:4711", "198.51.100.7"),
        ("fd00::1", "[2001:db8::7]:443", "2001:db8::7"),
        ("::ffff:10.1.2.3", "198.51.100.7", "198.51.100.7"),
        ("10.1.2.3", "", "10.1.2.3"),
    ],
)
def test_the_nearest_address_that_is_no_proxy_of_ours(remote: str, forwarded: str, client: str) -> None:
    assert seen(remote, forwarded)[0] == client


def test_the_scheme_is_taken_from_a_trusted_proxy_only() -> None:
    assert seen("10.1.2.3", proto="https")[1] == "https"
    assert seen("10.1.2.3", proto="javascript")[1] == "http"
    assert seen("203.0.113.9", proto="https")[1] == "http"


def test_a_setting_that_is_no_network_is_refused() -> None:
    with pytest.raises(ValueError, match="proxy"):
        TrustedProxies(lambda *_: [], ["proxy.example"])


def test_an_ipv6_client_is_its_network() -> None:
    assert network_of("2001:db8::7") == network_of("2001:db8::8") == "2001:db8::/64"
    assert network_of("198.51.100.7") == "198.51.100.7"
    assert network_of("::ffff:198.51.100.7") == "198.51.100.7"
    assert network_of(None) == network_of("nonsense") == "unknown"
