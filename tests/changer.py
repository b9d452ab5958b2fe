"""Objects in a real cluster whose state changes all the time, for tests that disturb whoever watches them."""

import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pytest

from app.kube.access import Access
from app.kube.client import JSON_PATCH, KubeClient
from app.kube.connection import Connection
from app.kube.discovery import Discovery
from app.kube.errors import ApiStatusError
from app.kube.objects import ObjectRef
from app.net.guard import AddressGuard
from tests.clusters import RealCluster
from tests.nodes import a_node
from tests.proxy import FaultProxy
from tests.system import System

NODES: Final = 20
NEVER: Final = "0 0 30 2 *"


def cronjobs(namespace: str) -> list[Any]:
    """Objects whose state changes by one field and costs no pod."""
    data = {"namespace": namespace, "image": "localhost:5000/busybox:1", "schedule": NEVER}
    return [a_node("cronjob", f"j{n}", name=f"j{n}", **data) for n in range(NODES)]


class Changer:
    """Suspends and resumes them, and knows what they are."""

    def __init__(self, cluster: RealCluster, namespace: str) -> None:
        access = Access(cluster.server, client_cert=cluster.client_cert, client_key=cluster.client_key, ca=cluster.ca)
        guard = AddressGuard(allow_private=True, allow_loopback=True, allowlist=())
        self._connection = Connection(access, guard)
        self._client = KubeClient(self._connection, Discovery(self._connection))
        self._namespace = namespace
        self.expected = dict.fromkeys((f"j{n}" for n in range(NODES)), "active")
        self.made = 0

    def change(self) -> None:
        """One of them, at random."""
        node = random.choice(list(self.expected))
        suspend = self.expected[node] == "active"
        ref = ObjectRef("batch/v1", "CronJob", self._namespace, node)
        patch = [{"op": "add", "path": "/spec/suspend", "value": suspend}]
        self._client.patch(ref, patch, content_type=JSON_PATCH)
        self.expected[node] = "suspended" if suspend else "active"
        self.made += 1

    @contextmanager
    def changing(self, every_s: float = 0.01) -> Iterator[None]:
        """All the time, until the block is left."""
        stop = threading.Event()

        def change_on() -> None:
            while not stop.wait(every_s):
                try:
                    self.change()
                except ApiStatusError as error:
                    assert error.status == 409

        thread = threading.Thread(target=change_on, daemon=True)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join(timeout=10)

    def close(self) -> None:
        self._connection.close()


@pytest.fixture
def changer(kubeconfig: Path, namespace: str) -> Iterator[Changer]:
    changer = Changer(RealCluster.of(kubeconfig), namespace)
    yield changer
    changer.close()


def all_true(system: System, workflow: str, changer: Changer) -> Callable[[], bool]:
    return lambda: {node: status["state"] for node, status in system.states(workflow).items()} == changer.expected


@pytest.fixture
def workflow(system: System, proxy: FaultProxy, namespace: str) -> str:
    """Applied and seen."""
    del proxy
    workflow = system.workflow(cronjobs(namespace))
    system.ended(workflow, system.run(workflow))
    system.all_in(workflow, "active", within_s=30)
    return workflow
