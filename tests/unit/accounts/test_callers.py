"""Network, place and device of a request."""

import hashlib

import pytest

from app.accounts.callers import Caller, device, network


@pytest.mark.parametrize(
    ("ip", "expected"),
    [
        ("192.0.2.77", "192.0.2.0/24"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.77", "192.0.2.0/24"),
        ("", ""),
        ("unix:", "unix:"),
    ],
)
def test_network(ip: str, expected: str) -> None:
    assert network(ip) == expected


def test_a_place_is_browser_and_network() -> None:
    def mac(message: bytes) -> str:
        return hashlib.sha256(message).hexdigest()

    here = Caller("192.0.2.1", "Firefox").place(mac)

    assert here == Caller("192.0.2.200", "Firefox").place(mac), "an address of the same network is the same place"
    assert here != Caller("198.51.100.1", "Firefox").place(mac)
    assert here != Caller("192.0.2.1", "Chrome").place(mac)


@pytest.mark.parametrize(
    ("user_agent", "expected"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox on Linux"),
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537 Chrome/140 Safari/537 Edg/140", "Edge on Windows"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15) AppleWebKit/605 Version/18 Safari/605", "Safari on macOS"),
        ("Mozilla/5.0 (Linux; Android 15) AppleWebKit/537 Chrome/140 Mobile Safari/537", "Chrome on Android"),
        ("curl/8.9.1", "curl"),
        ("python-httpx/0.28", "python-httpx"),
        ("", "Unknown device"),
        ("<script>alert(1)</script>", "Unknown device"),
    ],
)
def test_device(user_agent: str, expected: str) -> None:
    assert device(user_agent) == expected
