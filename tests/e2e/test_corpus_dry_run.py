"""The real API server takes every object of every project of the corpus, by a server-side dry run."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, cast

import pytest

from app.kube.client import KubeClient
from app.manifests.graph import Graph, Node
from app.workflows.plan import Given, make_plan
from tests.corpus.compose.cases import Case, all_cases
from tests.e2e.kube_access import a_client, admin_access
from tests.e2e.test_templates_dry_run import lost

AT_ONCE = 4


@pytest.fixture(scope="module")
def client(kubeconfig: Path) -> Iterator[KubeClient]:
    client = a_client(admin_access(kubeconfig))
    yield client
    client.connection.close()


def objects_of(case: Case, namespace: str) -> list[Any]:
    """As a run makes them, all in one namespace; an image that isn't built yet is called something."""
    conversion = case.converted()
    nodes = []
    for node in conversion.graph.nodes:
        data = {**node["data"], "namespace": namespace}
        nodes.append(cast(Node, {**node, "data": data | ({"image": "example/built"} if "_build" in data else {})}))
    plan = make_plan(
        Graph(nodes, conversion.graph.edges), workflow_id="corpus", instance="corpus", default_namespace=namespace,
        given=Given(secrets=conversion.secret_values),
    )  # fmt: skip
    return [obj for node in plan.nodes for obj in node.objects]


def test_every_object_of_the_corpus_is_taken_as_it_is(client: KubeClient, namespace: str) -> None:
    work = [(case.name, obj) for case in all_cases() for obj in objects_of(case, namespace)]

    def refused(one: tuple[str, Any]) -> str | None:
        name, obj = one
        title = f"{name}: {obj['kind']} {obj['metadata']['name']}"
        try:
            changed = lost(obj, client.apply(obj, dry_run=True))
        except Exception as error:
            return f"{title}: {error}"
        return f"{title}: not kept {changed}" if changed else None

    with ThreadPoolExecutor(AT_ONCE) as pool:
        problems = [problem for problem in pool.map(refused, work) if problem]

    assert problems == []
    assert len(work) > 500, "the corpus has become smaller"
