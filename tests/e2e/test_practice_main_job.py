"""The product's main job on the practice cluster: the tests of `test_main_job`, but for what needs a real image."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.workflows.merge import HEALTHY
from tests.conformance.practice import running_practice_cluster
from tests.e2e import test_main_job as main_job
from tests.e2e.test_main_job import (
    k,
    test_a_changed_configmap_restarts_the_workloads_that_use_it,
    test_a_changed_job_is_made_again_and_an_unchanged_one_is_not,
    test_a_failing_node_stops_only_what_needs_it,
    test_a_job_that_has_gone_by_its_ttl_is_not_run_again,
    test_a_run_of_an_unchanged_workflow_ends_with_the_same_states_and_restarts_nothing,
    test_a_running_run_can_be_cancelled,
    test_a_secret_keeps_the_values_that_this_run_does_not_give,
    test_an_archived_workflow_leaves_nothing_in_the_cluster,
    test_an_object_that_is_not_ours_is_never_taken_over,
    test_objects_of_removed_and_renamed_nodes_go,
    test_trouble_is_shown_with_the_reason_a_person_needs,
    test_what_is_deleted_or_changed_behind_our_back_shows_within_a_second,
)
from tests.nodes import a_node, an_edge
from tests.system import System, running_system

__all__ = [  # run here too, with the fixtures below
    "k",
    "test_a_changed_configmap_restarts_the_workloads_that_use_it",
    "test_a_changed_job_is_made_again_and_an_unchanged_one_is_not",
    "test_a_failing_node_stops_only_what_needs_it",
    "test_a_job_that_has_gone_by_its_ttl_is_not_run_again",
    "test_a_run_of_an_unchanged_workflow_ends_with_the_same_states_and_restarts_nothing",
    "test_a_running_run_can_be_cancelled",
    "test_a_secret_keeps_the_values_that_this_run_does_not_give",
    "test_an_archived_workflow_leaves_nothing_in_the_cluster",
    "test_an_object_that_is_not_ours_is_never_taken_over",
    "test_objects_of_removed_and_renamed_nodes_go",
    "test_trouble_is_shown_with_the_reason_a_person_needs",
    "test_what_is_deleted_or_changed_behind_our_back_shows_within_a_second",
]

LEFT_OUT = {"test_a_drawn_application_becomes_healthy": "fetches a page from a container: there is none"}


@pytest.fixture(scope="module")
def kubeconfig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Of a practice cluster; the tests take it for any."""
    with running_practice_cluster(tmp_path_factory.mktemp("practice") / "practice") as path:
        yield path


@pytest.fixture(scope="module")
def system(kubeconfig: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """Every part, with the practice cluster added."""
    with running_system(tmp_path_factory.mktemp("system"), RATE_LIMIT_ENABLED="false") as running:
        running.add_cluster(kubeconfig)
        yield running


def test_no_test_of_the_main_job_is_forgotten_here() -> None:
    theirs = {name for name in vars(main_job) if name.startswith("test_")}

    assert theirs == set(LEFT_OUT) | {name for name in __all__ if name.startswith("test_")}


def test_every_kind_of_the_canvas_becomes_healthy(system: System, namespace: str, k: Any) -> None:
    def node(kind: str, name: str, **data: Any) -> Any:
        return a_node(kind, name, name=name, namespace=namespace, **data)

    nodes = [
        node("deployment", "web", image="nginx:alpine", port=80, resources={"requests": {"cpu": "50m"}}),
        node("statefulset", "db", image="postgres:16", port=5432, serviceName="db", replicas=2),
        node("daemonset", "agent", image="fluent-bit:3"),
        node("job", "seed", image="busybox:1", command=["echo", "seeded"]),
        node("cronjob", "nightly", image="busybox:1", schedule="0 3 * * *", command=["true"]),
        node("service", "front", targetApp="web", port=80),
        node("configmap", "page", data={"index.html": "hi"}),
        node("persistentvolumeclaim", "disk", storage="10Mi"),
        node("hpa", "scaler", minReplicas=1, maxReplicas=3, targetCPUUtilizationPercentage=50),
        node("networkpolicy", "wall"),
    ]
    edges = [an_edge("front", "web"), an_edge("page", "web"), an_edge("disk", "web"), an_edge("scaler", "web")]
    workflow = system.workflow(nodes, edges)

    run = system.ended(workflow, system.run(workflow))

    assert run["status"] == "completed", run
    states = system.all_in(workflow, *HEALTHY, within_s=60)
    assert states["db"]["readyReplicas"] == 2
    assert k("logs", "job/seed").strip() == "seeded"
