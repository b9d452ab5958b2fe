"""200 configmap nodes from POST to finished, beside the same 200 objects applied by a bare client."""

import time
from typing import Any, Final

from benchmarks.bare import BareCluster, namespace, remove_namespace
from benchmarks.report import Figure, median, section
from tests.system import System

NODES: Final = 200
ROUNDS: Final = 5
LOOK_EVERY_S: Final = 0.02
"""The looks are on the same cores: each costs what applying ten nodes does."""


def data(number: int, version: int) -> dict[str, str]:
    return {"number": str(number), "version": str(version), "text": "x" * 60}


def graph(namespace_: str, version: int) -> list[dict[str, Any]]:
    return [
        {
            "id": f"n{number}",
            "type": "configmap",
            "position": {"x": number, "y": 0},
            "data": {"name": f"cm-{number}", "namespace": namespace_, "data": data(number, version)},
        }
        for number in range(NODES)
    ]


def objects(namespace_: str, version: int) -> list[dict[str, Any]]:
    return [
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": f"bare-{number}", "namespace": namespace_, "labels": {"app": f"bare-{number}"}},
            "data": data(number, version),
        }
        for number in range(NODES)
    ]


def timed_run(system: System, workflow: str) -> tuple[float, float]:
    """(seconds of the POST, seconds until the run has ended)."""
    began = time.monotonic()
    run = system.run(workflow)
    answered = time.monotonic()
    while (found := system.the_run(workflow, run))["status"] in ("queued", "running"):
        time.sleep(LOOK_EVERY_S)
    assert found["status"] == "completed", found
    return answered - began, time.monotonic() - began


def measure(system: System, cluster: BareCluster) -> None:
    """Print the figures."""
    space = f"bench-runs-{int(time.time())}"
    namespace(cluster, space)
    bare_new = [cluster.apply_all(objects(space, 0))]
    workflow = system.workflow(graph(space, 0))
    posts, new, changed, same, bare_changed, bare_same = [], [], [], [], [], []
    post, took = timed_run(system, workflow)
    posts.append(post)
    new.append(took)
    for version in range(1, ROUNDS + 1):
        system.save(workflow, graph(space, version))
        bare_changed.append(cluster.apply_all(objects(space, version)))
        post, took = timed_run(system, workflow)
        posts.append(post)
        changed.append(took)
        bare_same.append(cluster.apply_all(objects(space, version)))
        post, took = timed_run(system, workflow)
        posts.append(post)
        same.append(took)
    section(
        f"{NODES} configmap nodes, POST to finished (bare: the same objects, 8 connections)",
        [
            Figure("bare client, new", bare_new[0], "s"),
            Figure("a run, new", new[0], "s", note=f"{new[0] / bare_new[0]:.1f} x bare"),
            Figure("bare client, changed (median)", median(bare_changed), "s"),
            Figure("a run, changed (median)", median(changed), "s"),
            Figure("a run, changed / bare", median(changed) / median(bare_changed), "x", aim=2),
            Figure("bare client, unchanged (median)", median(bare_same), "s"),
            Figure("a run, unchanged (median)", median(same), "s"),
            Figure("a run, unchanged / changed", median(same) / median(changed), "x", aim=1),
            Figure("POST run answers (median)", median(posts) * 1000, "ms", aim=50),
        ],
    )
    system.api.call("DELETE", f"/workflows/{workflow}")
    remove_namespace(cluster, space)
