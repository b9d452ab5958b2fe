"""One running system for all end-to-end tests, with the real cluster added; each test has a namespace of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.stand_ins import REGISTRY
from tests.system import System, running_system


@pytest.fixture(scope="session")
def system(kubeconfig: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """Every part, started as `make run` does."""
    settings = {"RATE_LIMIT_ENABLED": "false", "REGISTRY_INSECURE_HOSTS": REGISTRY}
    with running_system(tmp_path_factory.mktemp("system"), **settings) as system:
        system.add_cluster(kubeconfig)
        yield system
