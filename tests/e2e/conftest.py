"""One running system for all end-to-end tests, with the real cluster added; each test has a namespace of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.system import System, running_system


@pytest.fixture(scope="session")
def system(kubeconfig: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """Every part, started as `make run` does."""
    with running_system(tmp_path_factory.mktemp("system"), RATE_LIMIT_ENABLED="false") as system:
        system.add_cluster(kubeconfig)
        yield system
