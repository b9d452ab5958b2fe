"""One running system for the fault tests that need all of it; its cluster is behind a proxy that has the faults."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.api import app, person
from tests.clusters import RealCluster, real_cluster, services
from tests.proxy import FaultProxy, fault_proxy
from tests.system import CLUSTER, System, running_system

__all__ = ["app", "person", "real_cluster", "services"]  # fixtures: everything in this process, on the real cluster


@pytest.fixture(scope="package")
def whole(kubeconfig: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[System, FaultProxy]]:
    """Every part, started as `make run` does, with the real cluster behind the proxy."""
    folder = tmp_path_factory.mktemp("faults")
    settings = {"RATE_LIMIT_ENABLED": "false", "CLUSTER_ALLOW_HTTP": "true"}
    with fault_proxy(RealCluster.of(kubeconfig), folder) as proxy, running_system(folder, **settings) as system:
        system.add_cluster_at(proxy.url, name=CLUSTER)
        yield system, proxy


@pytest.fixture
def system(whole: tuple[System, FaultProxy]) -> System:
    """The running system."""
    return whole[0]


@pytest.fixture
def proxy(whole: tuple[System, FaultProxy]) -> Iterator[FaultProxy]:
    """In front of the system's cluster; without a fault at first, and afterwards."""
    proxy = whole[1]
    proxy.heal()
    yield proxy
    proxy.heal()
