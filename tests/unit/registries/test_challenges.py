"""WWW-Authenticate of registries."""

import pytest

from app.registries.challenges import Challenge

REALM = "https://auth.example.org/token"


@pytest.mark.parametrize(
    ("header", "service"),
    [
        (f'Bearer realm="{REALM}",service="registry.example.org",scope="repository:a/b:pull"', "registry.example.org"),
        (f'bearer  realm = "{REALM}" , service=plain', "plain"),
        (f'Basic realm="other", Bearer realm="{REALM}"', ""),
        (f'Bearer service="a\\"b",realm="{REALM}"', 'a"b'),
    ],
)
def test_the_place_that_gives_tokens_is_found(header: str, service: str) -> None:
    assert Challenge.of(header) == Challenge(REALM, service)


@pytest.mark.parametrize("header", ["", 'Basic realm="x"', "Bearer", 'Bearer service="x"', 'NotBearer realm="x"'])
def test_other_challenges_are_not_answered(header: str) -> None:
    assert Challenge.of(header) is None


def test_a_token_is_asked_for_to_read_this_repository_and_nothing_else() -> None:
    url = Challenge("https://auth.example.org/token?account=x#y", "a registry").token_url("library/nginx")

    assert url == (
        "https://auth.example.org/token?account=x&service=a+registry&scope=repository%3Alibrary%2Fnginx%3Apull"
    )
