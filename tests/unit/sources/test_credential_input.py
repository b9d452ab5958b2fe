"""What may be stored as a credential for a Git host."""

import pytest
from pydantic import ValidationError

from app.sources.models import CredentialInput
from app.sources.urls import repository_of


@pytest.mark.parametrize(
    ("host", "stored"),
    [
        ("github.com", "github.com"),
        (" GitHub.com. ", "github.com"),
        ("www.github.com", "github.com"),
        ("git.example.org:8443", "git.example.org:8443"),
        ("git.example.org:443", "git.example.org"),
        ("192.0.2.1:3000", "192.0.2.1:3000"),
        ("[2001:db8::1]", "[2001:db8::1]"),
        ("[2001:db8::1]:8443", "[2001:db8::1]:8443"),
        ("bücher.example", "xn--bcher-kva.example"),
    ],
)
def test_a_host_is_spelt_as_repositories_spell_it(host: str, stored: str) -> None:
    given = CredentialInput(host=host, token="t")

    assert given.host == stored
    assert repository_of(f"https://{host.strip()}/group/shop").host == stored


@pytest.mark.parametrize(
    "host",
    ["", "https://github.com", "github.com/acme", "ada@github.com", "-x", "a..b", "h:0", "h:70000", "h:x", "0x7f.1"],
)
def test_what_is_no_host_is_refused(host: str) -> None:
    with pytest.raises(ValidationError):
        CredentialInput(host=host, token="t")


@pytest.mark.parametrize("field", ["username", "token"])
@pytest.mark.parametrize("value", ["a\nhost=evil.example", "a\rb", "a\0b", "a" * 10_000])
def test_what_can_not_be_sent_in_a_line_is_refused_without_being_repeated(field: str, value: str) -> None:
    with pytest.raises(ValidationError) as refused:
        CredentialInput(**{"host": "github.com", "token": "t", field: value})

    assert "evil" not in str(refused.value)


def test_a_token_is_in_no_repr() -> None:
    assert "s3cret" not in repr(CredentialInput(host="github.com", token="s3cret"))


def test_a_prefix_is_whole_parts_in_lower_case() -> None:
    given = CredentialInput.model_validate({"host": "github.com", "token": "t", "pathPrefix": "/Acme/Shop.git/"})

    assert given.path_prefix == "acme/shop"
