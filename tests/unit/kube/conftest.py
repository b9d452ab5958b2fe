"""A scripted server for each test that asks for one."""

from collections.abc import Iterator

import pytest

from tests.unit.kube.scripted_server import ScriptedServer


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    """Listens on a free port of loopback."""
    with ScriptedServer() as running:
        yield running
