"""Fault 10: a cluster's credentials are replaced, or revoked, while it is watched."""

import json
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from tests.clusters import RealCluster
from tests.conftest import kubectl
from tests.nodes import a_node
from tests.proxy import FaultProxy, fault_proxy
from tests.recorder import Recorder
from tests.system import System
from tests.waiting import eventually

TAKEN_WITHIN_S: Final = 1.0
LOOK_S: Final = 1.0
"""Watchers look for changed credentials each second; what "at once" adds to is that."""


class Account:
    """A service account that may do everything; revoked by deleting it."""

    def __init__(self, kubeconfig: Path, namespace: str, name: str) -> None:
        self._kubeconfig, self._namespace, self.name = kubeconfig, namespace, name
        self._k("create", "serviceaccount", name)
        self.binding = f"{namespace}-{name}"
        who = f"--serviceaccount={namespace}:{name}"
        kubectl(kubeconfig, "create", "clusterrolebinding", self.binding, "--clusterrole=cluster-admin", who)

    def token(self) -> str:
        return self._k("create", "token", self.name).strip()

    def revoke(self) -> None:
        self._k("delete", "serviceaccount", self.name, "--ignore-not-found")

    def remove(self) -> None:
        self.revoke()
        kubectl(self._kubeconfig, "delete", "clusterrolebinding", self.binding, "--ignore-not-found")

    def _k(self, *arguments: str) -> str:
        return kubectl(self._kubeconfig, "-n", self._namespace, *arguments)


@pytest.fixture
def judging(kubeconfig: Path, tmp_path: Path) -> Iterator[FaultProxy]:
    """A proxy that lets the real server judge the token it is given."""
    with fault_proxy(RealCluster.of(kubeconfig), tmp_path, as_caller=True) as proxy:
        yield proxy


@pytest.fixture
def accounts(kubeconfig: Path, namespace: str) -> Iterator[list[Account]]:
    made = [Account(kubeconfig, namespace, name) for name in ("old", "new")]
    yield made
    for account in made:
        account.remove()


def test_10_replaced_credentials_are_taken_at_once_and_revoked_ones_mark_the_cluster(
    system: System, judging: FaultProxy, accounts: list[Account], namespace: str, kubeconfig: Path
) -> None:
    old, new = accounts
    first, second = old.token(), new.token()
    name = system.add_cluster_at(judging.url, name=f"judged-{namespace}", token=first)
    try:
        workflow = system.workflow([a_node("configmap", "c", name="c", namespace=namespace)], cluster=name)
        system.ended(workflow, system.run(workflow))
        system.all_in(workflow, "created")
        kinds = len({asked.path for asked in judging.asked if asked.is_watch})

        with Recorder(system, workflow) as recorder:
            replaced_at = replace(system, name, second)
            eventually(lambda: len(watched(judging, second, replaced_at)) == kinds, within_s=10, every_s=0.01)
            taken_s = max(watched(judging, second, replaced_at).values()) - replaced_at
            old.revoke()
            kubectl(kubeconfig, "-n", namespace, "delete", "configmap", "c")
            eventually(lambda: system.states(workflow)["c"].get("reason") == "Deleted", within_s=3)

            new.revoke()
            # The API server remembers a token that it has seen for up to ten seconds.
            eventually(lambda: refused(kubeconfig, second), within_s=30, every_s=0.2)
            judging.cut()
            cut_at = time.monotonic()
            marked = eventually(lambda: (found := status(system, name))["status"] == "error" and found, within_s=15)
            marked_s = time.monotonic() - cut_at
            asked_while_refused = len(judging.since(time.monotonic() - 1))

            third = Account(kubeconfig, namespace, "third")
            accounts.append(third)
            replaced_again_at = replace(system, name, third.token())
            system.ended(workflow, system.run(workflow))
            system.all_in(workflow, "created", within_s=10)
            recovered_s = time.monotonic() - replaced_again_at
            eventually(lambda: status(system, name)["status"] == "connected", within_s=5)
            eventually(lambda: recorder.shown() == system.states(workflow), within_s=5)
        recorder.judged()
    finally:
        system.api.call("DELETE", f"/clusters/{name}")

    print(f"new credentials in use for all {kinds} kinds after {taken_s:.2f} s; revoked: marked after {marked_s:.2f} s")
    print(f"entered again: run and state true after {recovered_s:.2f} s; {asked_while_refused} requests in a second")
    assert taken_s <= TAKEN_WITHIN_S + LOOK_S
    assert "nauthorized" in json.dumps(marked) or "credentials" in json.dumps(marked)


def refused(kubeconfig: Path, token: str) -> bool:
    """Does the real server say 401 by now?"""
    server = RealCluster.of(kubeconfig).server
    request = urllib.request.Request(f"{server}/api", headers={"Authorization": f"Bearer {token}"})
    context = ssl.create_default_context(cadata=RealCluster.of(kubeconfig).ca)
    try:
        with urllib.request.urlopen(request, context=context, timeout=5):
            return False
    except urllib.error.HTTPError as error:
        return error.code == 401


def replace(system: System, name: str, token: str) -> float:
    """Enter another token; when it was stored."""
    system.api.call("PUT", f"/clusters/{name}/credentials", {"authType": "token", "credentials": {"token": token}})
    return time.monotonic()


def watched(proxy: FaultProxy, token: str, since: float) -> dict[str, float]:
    """Kind's path → when it was first watched with this token."""
    found: dict[str, float] = {}
    for asked in proxy.since(since - 5):
        if asked.is_watch and asked.token == token:
            found.setdefault(asked.path, asked.at)
    return found


def status(system: System, name: str) -> Any:
    return system.api.call("GET", f"/clusters/{name}/status")
