"""26. A stored Git credential goes to the exact stored host only, over the wire: not to one that looks like it.

The choice itself is a table in `tests/integration/sources/test_credentials.py`.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from bson import ObjectId
from pymongo.database import Database

from app.clock import SystemClock
from app.net.guard import AddressGuard
from app.sources.credentials import GitCredentials
from app.sources.errors import SourceError
from app.sources.models import CredentialInput
from app.sources.outbound import Outbound
from app.sources.store import GitCredentialStore
from app.sources.urls import repository_of
from app.storage.sealed import Sealer
from tests.git_clones import ADA, Cloner
from tests.git_server import GitServer

USER = ObjectId()
HOME, ELSEWHERE = "git.invalid", "git.invalid.evil.invalid"
SERVICE = "/info/refs?service=git-upload-pack"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[GitServer]:
    """Every name leads here; it asks for a password."""
    with GitServer(tmp_path / "host") as running:
        running.repository().commit({"a": "1"})
        running.passwords = {ADA.username: ADA.token}
        yield running


@pytest.fixture
def kept(db: Database[dict[str, Any]], server: GitServer) -> GitCredentials:
    """The user's credential for `git.invalid`. (Plain http gets none of them, so `https` is in the address.)"""
    credentials = GitCredentials(GitCredentialStore(db), Sealer("a key for this test"), SystemClock())
    credentials.add(USER, CredentialInput(host=HOME, username=ADA.username, token=ADA.token))
    return credentials


@pytest.fixture
def cloner(tmp_path: Path) -> Cloner:
    guard = AddressGuard(False, True, (), settings_prefix="", lookup=lambda host, port: ["127.0.0.1"])
    return Cloner(tmp_path / "clones", Outbound(guard, SystemClock(), allow_http=True))


def heads(server: GitServer) -> dict[str, bool]:
    """Which hosts were shown a credential."""
    found: dict[str, bool] = {}
    for seen in server.seen:
        host = seen.headers["Host"].partition(":")[0]
        found[host] = found.get(host, False) or seen.authorization is not None
    return found


def test_26_the_stored_host_gets_it(server: GitServer, kept: GitCredentials, cloner: Cloner) -> None:
    credential = kept.for_repository(USER, repository_of(f"https://{HOME}/team/app"))

    cloner.clone(f"http://{HOME}:{server.port}/team/app", credential=credential)

    assert heads(server) == {HOME: True}


@pytest.mark.parametrize("host", [ELSEWHERE, f"evil-{HOME}", f"sub.{HOME}", "invalid"])
def test_26_a_host_that_looks_like_it_gets_nothing(
    server: GitServer, kept: GitCredentials, cloner: Cloner, host: str
) -> None:
    credential = kept.for_repository(USER, repository_of(f"https://{host}/team/app"))

    with pytest.raises(SourceError):
        cloner.clone(f"http://{host}:{server.port}/team/app", credential=credential)

    assert credential is None
    assert heads(server) == {host: False}


@pytest.mark.parametrize("moment", ["at once", "after it was shown", "git"])
def test_26_a_redirect_takes_it_nowhere(server: GitServer, kept: GitCredentials, cloner: Cloner, moment: str) -> None:
    credential = kept.for_repository(USER, repository_of(f"https://{HOME}/team/app"))

    def answer(handler: Any) -> object:
        is_home = handler.headers["Host"].startswith(f"{HOME}:")
        is_now = {
            "at once": True,
            "after it was shown": bool(handler.headers.get("Authorization")),
            "git": handler.is_git,
        }[moment]
        return is_home and is_now and handler.send(302, Location=f"http://{ELSEWHERE}:{server.port}{handler.path}")

    server.answer = answer

    with pytest.raises(SourceError):
        cloner.clone(f"http://{HOME}:{server.port}/team/app", credential=credential)

    assert not heads(server).get(ELSEWHERE, False)


def test_26_nor_another_port_of_it(server: GitServer, kept: GitCredentials) -> None:
    assert kept.for_repository(USER, repository_of(f"https://{HOME}:{server.port}/team/app")) is None
