"""Cloning in tests: the product's own parts, allowed to speak to the loopback by the settings operators have.

Fixtures: `server`, a Git host, and `cloner`, which clones from it.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pytest

from app.clock import SystemClock
from app.net.guard import AddressGuard
from app.sources.cloning import Clone, Git
from app.sources.limits import Limits
from app.sources.models import GitCredential
from app.sources.outbound import Outbound
from app.sources.urls import repository_of
from tests.git_server import GitServer

LOOPBACK: Final = AddressGuard(False, False, ("127.0.0.1",), settings_prefix="")
OUTBOUND: Final = Outbound(LOOPBACK, SystemClock(), allow_http=True)
ADA: Final = GitCredential("ada", "s3cret-token-of-ada")


@dataclass
class Cloner:
    """Clones into a folder of its own each time.

    Args:
        folder: where those folders are.
    """

    folder: Path
    outbound: Outbound = OUTBOUND
    limits: Limits = field(default_factory=Limits)
    said: list[str] = field(default_factory=list)
    count: int = 0

    @property
    def git(self) -> Git:
        return Git(self.outbound, SystemClock(), self.limits)

    @property
    def into(self) -> Path:
        """Of the newest clone."""
        return self.folder / f"clone-{self.count}"

    def clone(
        self,
        url: str,
        branch: str = "",
        credential: GitCredential | None = None,
        *,
        check: Callable[[], None] = lambda: None,
    ) -> Clone:
        self.count += 1
        self.into.mkdir(parents=True)
        return self.git.clone(repository_of(url, branch), credential, self.into, check=check, log=self.said.append)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[GitServer]:
    """Without TLS and without passwords, until a test says otherwise."""
    with GitServer(tmp_path / "host") as running:
        yield running


@pytest.fixture
def cloner(tmp_path: Path) -> Cloner:
    return Cloner(tmp_path / "clones")


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below, by path; a link or anything else that is no plain file fails."""
    found = {}
    for path in sorted(folder.rglob("*")):
        assert not path.is_symlink(), path
        assert path.is_dir() or path.is_file(), path
        if path.is_file():
            found[path.relative_to(folder).as_posix()] = path.read_bytes()
    return found


def processes_in(folder: Path) -> dict[int, dict[str, Any]]:
    """Who works in a folder now: command line and environment, by process."""
    found = {}
    for process in Path("/proc").iterdir():
        if not process.name.isdecimal():
            continue
        try:
            where = (process / "cwd").readlink()
            if where == folder.resolve() or folder.resolve() in where.parents:
                found[int(process.name)] = {name: (process / name).read_bytes() for name in ("cmdline", "environ")}
        except OSError:
            continue
    return found
