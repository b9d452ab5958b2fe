"""24. Inner addresses, in every spelling, are refused for repositories and files by URL: a 4xx, nothing connected.

The spellings themselves are in `test_24_blocked_addresses.py`.
"""

import socket
from collections.abc import Iterator

import pytest

from app.clock import SystemClock
from app.net.guard import AddressGuard
from app.sources.cloning import Git
from app.sources.errors import SourceError
from app.sources.fetching import fetch_file
from app.sources.outbound import Outbound
from app.sources.urls import repository_of
from tests.api import API, Person
from tests.security.test_24_blocked_addresses import LOOPBACK, NEVER, PRIVATE, SPELLINGS

STRICT = Outbound(AddressGuard(False, False, (), settings_prefix=""), SystemClock(), allow_http=True)
REFUSALS = ("HOST_NOT_ALLOWED", "INVALID_URL")


@pytest.fixture
def door() -> Iterator[socket.socket]:
    """A port of this machine that must not be knocked at."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(0)
        yield listening


def in_url(host: str) -> str:
    return f"[{host}]" if ":" in host and not host.startswith("[") else host


@pytest.mark.parametrize("host", [*NEVER, *LOOPBACK, *PRIVATE, *SPELLINGS])
def test_24_no_repository_and_no_file_comes_from_an_inner_address(host: str, door: socket.socket) -> None:
    url = f"http://{in_url(host)}:{door.getsockname()[1]}/team/app"

    for ask in (
        lambda: Git(STRICT, SystemClock()).refs(repository_of(url), None),
        lambda: fetch_file(f"{url}.yml", STRICT, 1000),
    ):
        with pytest.raises(SourceError) as refused:
            ask()
        assert refused.value.code in REFUSALS

    with pytest.raises(BlockingIOError):
        door.accept()


def test_24_the_api_says_403_and_which_setting_would_allow_it(person: Person) -> None:
    answer = person.client.get(f"{API}/git/refs", query_string={"url": "https://10.0.0.1/team/app"})

    assert answer.status_code == 403
    assert answer.get_json() == {
        "error": "10.0.0.1 is a private address, not allowed here: an administrator can allow it by naming it in "
        "OUTBOUND_ALLOWLIST",
        "code": "HOST_NOT_ALLOWED",
    }
