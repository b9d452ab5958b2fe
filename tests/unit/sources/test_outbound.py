"""Which hosts may be spoken to, and where an answer may send us. No socket."""

import pytest

from app.net.guard import AddressGuard
from app.outbound.exchange import Answer, Request, same_host
from app.sources.errors import SourceError
from app.sources.outbound import Outbound, redirected
from tests.fake_clock import FakeClock

GUARD = AddressGuard(False, False, (), settings_prefix="")
URL = "https://git.example.org/acme/shop"


def outbound(*allowed: str, allow_http: bool = False, guard: AddressGuard = GUARD) -> Outbound:
    return Outbound(guard, FakeClock(), allowed_hosts=allowed, allow_http=allow_http)


@pytest.mark.parametrize("entry", ["git.example.org", "GIT.example.org ", "*.example.org", "git.example.org:443"])
def test_a_host_that_is_named_is_allowed(entry: str) -> None:
    outbound("other.example", entry).check(f"{URL}" if ":" not in entry else "https://git.example.org:443/a/b")


@pytest.mark.parametrize(
    "entry",
    [
        "example.org",
        "git.example.orgs",
        "*.git.example.org",
        "*.ample.org",
        "*example.org",
        "git.example.org:8443",
        "*",
    ],
)
def test_a_host_is_named_by_whole_labels_only(entry: str) -> None:
    with pytest.raises(SourceError) as barred:
        outbound(entry).check(URL)

    assert barred.value.code == "HOST_NOT_ALLOWED"
    assert "GIT_ALLOWED_HOSTS" in barred.value.message


def test_plain_http_needs_its_setting() -> None:
    with pytest.raises(SourceError, match="GIT_ALLOW_HTTP"):
        outbound().check("http://git.example.org/a/b")

    outbound(allow_http=True).check("http://git.example.org/a/b")


@pytest.mark.parametrize("scheme", ["file", "ftp", "ext", "ssh", ""])
def test_no_other_scheme_is_spoken_whatever_is_allowed(scheme: str) -> None:
    with pytest.raises(SourceError):
        outbound(allow_http=True).check(f"{scheme}://git.example.org/a/b")


def test_a_clone_resolves_each_host_once() -> None:
    asked: list[str] = []

    def lookup(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["192.0.2.1"] if len(asked) == 1 else ["127.0.0.1"]

    pinned = outbound(guard=AddressGuard(False, False, ("192.0.2.0/24",), lookup=lookup)).pinned()

    assert [pinned.addresses(URL), pinned.addresses(URL)] == [["192.0.2.1"], ["192.0.2.1"]]
    assert asked == ["git.example.org"]


def test_another_clone_resolves_anew() -> None:
    answers = iter([["192.0.2.1"], ["127.0.0.1"]])
    first = outbound(guard=AddressGuard(False, False, ("192.0.2.0/24",), lookup=lambda host, port: next(answers)))
    first.pinned().addresses(URL)

    with pytest.raises(SourceError) as barred:
        first.pinned().addresses(URL)

    assert barred.value.code == "HOST_NOT_ALLOWED"


@pytest.mark.parametrize(
    ("location", "target"),
    [
        ("/acme/shop.git", "https://git.example.org/acme/shop.git"),
        ("https://other.example/x?y=1#z", "https://other.example/x?y=1"),
        ("//other.example/x", "https://other.example/x"),
    ],
)
def test_a_redirect_leads_where_it_says(location: str, target: str) -> None:
    assert redirected(Request("GET", URL), Answer(302, {"location": location}, b"")) == target


@pytest.mark.parametrize(
    "location",
    [
        "http://git.example.org/x",
        "file:///etc/passwd",
        "https://ada:secret@other.example/x",
        "https://2130706433/x",
        "https://0x7f.1/x",
        "https://other.example:0x/x",
        "https://other.example/a b",
        "https://other.example/ü",
    ],
)
def test_a_redirect_to_what_nobody_may_give_is_not_followed(location: str) -> None:
    with pytest.raises(SourceError):
        redirected(Request("GET", URL), Answer(302, {"location": location}, b""))


def test_an_answer_without_a_target_is_no_redirect() -> None:
    assert redirected(Request("GET", URL), Answer(302, {}, b"")) is None
    assert redirected(Request("GET", URL), Answer(200, {"location": "/x"}, b"")) is None


@pytest.mark.parametrize(
    "other",
    [
        "http://git.example.org/x",
        "https://git.example.org:8443/x",
        "https://git.example.org.evil.example/x",
        "https://example.org/x",
    ],
)
def test_another_scheme_port_or_name_is_another_host(other: str) -> None:
    assert not same_host(URL, other)
    assert same_host(URL, "https://GIT.example.org/other")


def test_a_request_can_not_be_split() -> None:
    for request in (Request("GET", "https://h/a b"), Request("GET", URL, {"X": "a\r\nHost: evil"})):
        with pytest.raises(ValueError, match="printable"):
            request.payload()


def test_a_credential_is_in_no_repr() -> None:
    assert "c2VjcmV0" not in repr(Request("GET", URL, {"Authorization": "Basic c2VjcmV0"}))
