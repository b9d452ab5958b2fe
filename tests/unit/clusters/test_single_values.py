"""Tokens and server URLs as people paste them."""

import base64
import json
from datetime import timedelta

import pytest

from app.clusters.server_url import ServerUrlError, normal_server_url
from app.clusters.tokens import TokenError, clean_token, token_end
from tests.unit.clusters.certificates import NOW


def a_jwt(claims: object) -> str:
    def part(value: object) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    return f"{part({'alg': 'RS256'})}.{part(claims)}.signature"


@pytest.mark.parametrize("given", ["abc", " a b\nc ", "Bearer abc", "bearer  a\n b c\n"])
def test_a_token_is_cleaned(given: str) -> None:
    assert clean_token(given) == "abc"


@pytest.mark.parametrize(
    ("given", "complaint"), [(" ", "empty"), ("Bearer ", "empty"), ("tökén", "letters"), ("a\0", "l")]
)
def test_what_no_header_can_carry_is_refused(given: str, complaint: str) -> None:
    with pytest.raises(TokenError, match=complaint) as refusal:
        clean_token(given)
    assert "kén" not in str(refusal.value)


def test_a_jwt_says_when_it_ends() -> None:
    later = NOW + timedelta(hours=1)

    assert token_end(a_jwt({"exp": later.timestamp()}), NOW) == later.replace(microsecond=0)
    with pytest.raises(TokenError, match="expired on 2026-01-02 at 02:04 UTC"):
        token_end(a_jwt({"exp": (NOW - timedelta(hours=1)).timestamp()}), NOW)


@pytest.mark.parametrize(
    "token",
    ["opaque", "a.b.c", a_jwt({}), a_jwt([1]), a_jwt({"exp": "soon"}), a_jwt({"exp": True}), a_jwt({"exp": 1e40})],
)
def test_a_token_that_does_not_say_never_ends(token: str) -> None:
    assert token_end(token, NOW) is None


@pytest.mark.parametrize(
    ("given", "normal"),
    [
        (" https://API.Example:6443/ ", "https://api.example:6443"),
        ("https://api.example", "https://api.example"),
        ("https://10.0.0.1/k8s/clusters/c-1/", "https://10.0.0.1/k8s/clusters/c-1"),
        ("https://[2001:DB8::1]:6443", "https://[2001:db8::1]:6443"),
        ("https://bücher.example", "https://xn--bcher-kva.example"),
    ],
)
def test_a_server_has_one_spelling(given: str, normal: str) -> None:
    assert normal_server_url(given, allow_http=False) == normal


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ("", "is required"),
        ("api.example:6443", "begin with https://"),
        ("http://api.example", "CLUSTER_ALLOW_HTTP"),
        ("https://user:pass@api.example", "user name"),
        ("https://api.example/?x=1", "query"),
        ("https://api.example/#x", "fragment"),
        ("https://api.example:99999", "must be a URL"),
        ("file:///etc/passwd", "must be a URL"),
        ("https://", "must be a URL"),
        ("https://api.example/a b", "must be a URL"),
        ("https://" + "a" * 3000, "longer"),
    ],
)
def test_a_bad_server_says_what_is_wrong(given: str, complaint: str) -> None:
    with pytest.raises(ServerUrlError, match=complaint):
        normal_server_url(given, allow_http=False)


def test_plain_http_needs_the_setting() -> None:
    assert normal_server_url("http://api.example", allow_http=True) == "http://api.example"
