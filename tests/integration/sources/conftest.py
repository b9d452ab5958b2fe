"""A Git host on the loopback, and what clones from it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.git_clones import Cloner
from tests.git_server import GitServer


@pytest.fixture
def server(tmp_path: Path) -> Iterator[GitServer]:
    """Without TLS and without passwords, until a test says otherwise."""
    with GitServer(tmp_path / "host") as running:
        yield running


@pytest.fixture
def cloner(tmp_path: Path) -> Cloner:
    return Cloner(tmp_path / "clones")
