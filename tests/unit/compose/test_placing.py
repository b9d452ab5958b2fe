"""Imported nodes beside those that are there: nothing old moves, nothing clashes, references follow."""

from collections.abc import Sequence
from typing import Any

import pytest

from app.compose.converting import Conversion, convert
from app.compose.detection import analysed
from app.compose.drawing.cards import overlap
from app.compose.findings import Findings
from app.compose.options import Options
from app.compose.placing import Merged, OnConflict, merged
from app.compose.work import numbered_ids
from app.errors import ConflictError
from app.manifests.graph import Edge, Graph, Node
from app.workflows.sanitise import sanitised
from tests.corpus.compose.cases import Case, all_cases
from tests.unit.compose.projects import a_conversion

SHOP = """
services:
  web:
    image: nginx
    ports: ["8080:80"]
    environment: {API: "http://api:3000", PASSWORD: example-only, CACHE_URL: "redis://:pw-of-example@cache:6379"}
    command: [run, --host, api]
    volumes: ["data:/data"]
    depends_on: [api]
  api: {image: example/api, expose: [3000], healthcheck: {test: curl -f http://api:3000/ready}}
  cache: {image: redis}
volumes: {data: }
"""


def a_node(node_id: str, kind: str, x: int = 100, y: int = 100, **data: Any) -> Node:
    return {"id": node_id, "type": kind, "position": {"x": x, "y": y}, "data": {"id": node_id, **data}}


def put(existing: Graph, conversion: Conversion, how: OnConflict = "rename") -> Merged:
    return merged(existing, conversion.graph.nodes, conversion.graph.edges, {}, how, ids=numbered_ids())


def names(graph: Graph) -> list[tuple[str, str]]:
    return [(node["type"], node["data"]["name"]) for node in graph.nodes]


def named(graph: Graph, kind: str, name: str) -> Node:
    return next(node for node in graph.nodes if (node["type"], node["data"]["name"]) == (kind, name))


def anew(conversion: Conversion) -> Conversion:
    """The same under other ids, as a second import gives."""
    ids = (f"second-{n}" for n in range(10_000))
    return convert(conversion.project, None, Findings(), ids)


def test_into_an_empty_workflow_it_comes_as_it_is() -> None:
    shop = a_conversion(SHOP)

    found = put(Graph(), shop)

    assert found.graph.nodes == list(shop.graph.nodes)
    assert found.graph.edges == list(shop.graph.edges)
    assert (found.renamed, found.skipped) == ([], [])
    assert found.secret_values(shop.secret_values) == shop.secret_values


@pytest.mark.parametrize("case", all_cases(), ids=lambda case: case.name)
def test_the_same_project_again_stands_beside_itself(case: Case) -> None:
    first = case.converted()

    found = put(first.graph, anew(first))

    assert found.graph.nodes[: len(first.graph.nodes)] == list(first.graph.nodes), "old nodes stay as they are"
    keys = [(n["type"], n["data"].get("namespace"), n["data"]["name"]) for n in found.graph.nodes]
    assert len(keys) == len(set(keys)), "names differ"
    assert no_overlap(found.graph.nodes)
    stored = sanitised(list(found.graph.nodes), list(found.graph.edges))
    assert stored.nodes == list(found.graph.nodes), "a save finds nothing to mend"


def test_what_refers_to_a_renamed_node_follows() -> None:
    first = a_conversion(SHOP)
    second = anew(first)

    found = put(first.graph, second)

    assert {entry["to"] for entry in found.renamed} >= {"web-2", "api-2", "cache-2", "data-2", "web-config-2"}
    web = named(found.graph, "statefulset", "web-2")
    assert web["data"]["args"] == ["run", "--host", "api-2"]
    assert [entry["name"] for entry in web["data"]["dependsOn"]] == ["api-2"]
    assert [entry["name"] for entry in web["data"]["envFrom"]] == ["web-config-2", "web-secrets-2"]
    assert [entry["name"] for entry in web["data"]["volumeMounts"]] == ["data-2"]
    assert named(found.graph, "configmap", "web-config-2")["data"]["data"]["API"] == "http://api-2:3000"
    service = named(found.graph, "service", "web-2")
    assert (service["data"]["targetApp"], service["data"]["_linkedDeployment"]) == ("web-2", web["id"])
    cache = named(found.graph, "statefulset", "cache-2")
    assert cache["data"]["serviceName"] == "cache-2"
    secret = named(found.graph, "secret", "web-secrets-2")
    values = found.secret_values(second.secret_values)
    assert values == {secret["id"]: {"PASSWORD": "example-only", "CACHE_URL": "redis://:pw-of-example@cache-2:6379"}}


def test_projects_that_come_together_keep_to_themselves() -> None:
    """The UI concatenates analyses: both say `api`, each means its own."""
    one = a_conversion(SHOP)
    other = anew(one)
    nodes, edges = [*one.graph.nodes, *other.graph.nodes], [*one.graph.edges, *other.graph.edges]

    found = merged(Graph(), nodes, edges, {}, ids=numbered_ids())

    assert named(found.graph, "configmap", "web-config")["data"]["data"]["API"] == "http://api:3000"
    assert named(found.graph, "configmap", "web-config-2")["data"]["data"]["API"] == "http://api-2:3000"
    assert no_overlap(found.graph.nodes)


def test_an_id_that_is_there_is_given_anew_with_all_that_names_it() -> None:
    first = a_conversion(SHOP)
    other = a_conversion(SHOP.replace("web:", "site:").replace("api", "back").replace("cache:", "store:"))

    found = put(first.graph, other)

    ids = [node["id"] for node in found.graph.nodes]
    assert len(ids) == len(set(ids))
    new = found.graph.nodes[len(first.graph.nodes) :]
    assert all(node["data"]["id"] == node["id"] for node in new)
    site = named(found.graph, "statefulset", "site")
    config = named(found.graph, "configmap", "site-config")
    assert site["data"]["envFrom"][0]["nodeId"] == config["id"]
    assert (config["id"], site["id"]) in {(edge["source"], edge["target"]) for edge in found.graph.edges}
    assert len({edge["id"] for edge in found.graph.edges}) == len(found.graph.edges)


def test_the_mark_of_a_session_keeps_its_node() -> None:
    old = Graph([a_node("a", "configmap", name="x")])
    mark = {"sessionId": "s", "nodeId": "a"}

    found = merged(old, [a_node("a", "secret", name="y", _import=mark)], [], {}, ids=iter(["new"]))

    assert (found.graph.nodes[1]["id"], found.graph.nodes[1]["data"]["_import"]) == ("new", mark)


def test_workloads_of_any_kind_share_their_names() -> None:
    """A Service selects pods by the name of their workload, whichever kind that is."""
    old = Graph([a_node("a", "deployment", name="db")])

    found = merged(old, [a_node("b", "statefulset", name="db")], [], {})

    assert names(found.graph) == [("deployment", "db"), ("statefulset", "db-2")]


def test_other_kinds_and_namespaces_dont_clash() -> None:
    old = Graph([a_node("a", "configmap", name="db"), a_node("b", "deployment", name="db", namespace="other")])

    found = merged(old, [a_node("c", "deployment", x=900, name="db"), a_node("d", "secret", x=1300, name="db")], [], {})

    assert found.renamed == []


def test_the_next_free_number_is_taken_and_long_names_are_cut() -> None:
    long = "a" * 63
    old = Graph([a_node(str(n), "configmap", name=name) for n, name in enumerate(["x", "x-2", long])])

    found = merged(old, [a_node("n", "configmap", name="x"), a_node("m", "configmap", name=long)], [], {})

    assert [entry["to"] for entry in found.renamed] == ["x-3", "a" * 61 + "-2"]


def test_skip_leaves_the_new_one_out_and_leads_its_edges_to_the_old_one() -> None:
    first = a_conversion(SHOP)
    second = anew(a_conversion(SHOP.replace("services:", "services:\n  extra: {image: nginx, depends_on: [api]}")))

    found = put(first.graph, second, "skip")

    added = found.graph.nodes[len(first.graph.nodes) :]
    assert [node["data"]["name"] for node in added] == ["extra"]
    api = named(first.graph, "deployment", "api")
    assert added[0]["data"]["dependsOn"][0]["nodeId"] == api["id"]
    assert (api["id"], added[0]["id"]) in {(edge["source"], edge["target"]) for edge in found.graph.edges}
    assert {entry["name"] for entry in found.skipped} >= {"web", "api", "cache", "data"}
    assert found.secret_values(second.secret_values) == {}


def test_replace_gives_the_old_one_the_new_data() -> None:
    first = a_conversion(SHOP)
    second = anew(a_conversion(SHOP.replace("image: nginx", "image: nginx:1.29")))

    found = put(first.graph, second, "replace")

    assert [node["id"] for node in found.graph.nodes] == [node["id"] for node in first.graph.nodes]
    assert [node["position"] for node in found.graph.nodes] == [node["position"] for node in first.graph.nodes]
    web = named(found.graph, "statefulset", "web")
    assert (web["data"]["image"], web["data"]["id"]) == ("nginx:1.29", web["id"])
    assert len(found.graph.edges) == len(first.graph.edges)
    assert set(found.secret_values(second.secret_values)) == {named(first.graph, "secret", "web-secrets")["id"]}


def test_fail_names_what_clashes() -> None:
    shop = a_conversion(SHOP)

    with pytest.raises(ConflictError, match="web-config is there already") as refusal:
        put(shop.graph, anew(shop), "fail")

    assert len(refusal.value.details) == len(shop.graph.nodes)


def test_given_places_win_and_old_nodes_stay() -> None:
    old = Graph([a_node("a", "configmap", x=500, y=300, name="x")])

    found = merged(old, [a_node("b", "configmap", name="y")], [], {"b": {"x": 980, "y": 40}})

    assert [node["position"] for node in found.graph.nodes] == [{"x": 500, "y": 300}, {"x": 980, "y": 40}]


def test_what_would_cover_old_nodes_goes_right_of_them_as_it_is() -> None:
    old = Graph([a_node("a", "configmap", x=100, y=100, name="x"), a_node("b", "configmap", x=733, y=-55, name="z")])
    new = [a_node("c", "service", x=120, y=120, name="y"), a_node("d", "service", x=120, y=300, name="w")]

    found = merged(old, new, [], {})

    left, right = found.graph.nodes[2]["position"], found.graph.nodes[3]["position"]
    assert left["x"] >= 733 + 280 + 80
    assert left["x"] % 20 == left["y"] % 20 == 0
    assert (right["x"] - left["x"], right["y"] - left["y"]) == (0, 180)


def test_what_covers_itself_is_laid_out_anew() -> None:
    new = [a_node("a", "service", name="x"), a_node("b", "deployment", x=110, name="y")]

    found = merged(Graph(), new, [{"id": "e", "source": "a", "target": "b"}], {})

    assert no_overlap(found.graph.nodes)


def no_overlap(nodes: Sequence[Node]) -> bool:
    return not any(overlap(one, other) for n, one in enumerate(nodes) for other in nodes[:n])


def test_references_of_manifests_follow_too() -> None:
    text = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      imagePullSecrets: [{name: cert}]
      initContainers:
        - {name: ask, image: x, env: [{name: API, value: "http://web:80"}], envFrom: [{configMapRef: {name: how}}]}
      containers: [{name: web, image: x}]
---
{apiVersion: v1, kind: ConfigMap, metadata: {name: how}, data: {A: b}}
---
{apiVersion: v1, kind: Service, metadata: {name: web}, spec: {selector: {app: web}, ports: [{port: 80}]}}
---
{apiVersion: v1, kind: Secret, metadata: {name: cert}, type: kubernetes.io/tls, stringData: {tls.crt: a, tls.key: b}}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web}
spec:
  tls: [{hosts: [a.example.com], secretName: cert}]
  rules:
    - host: a.example.com
      http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}]}
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: web}
spec: {scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}, maxReplicas: 3}
"""
    first, second = (analysed({"a.yaml": text.encode()}, Options()).analysis for _ in range(2))
    old = Graph(first["suggestedNodes"], first["suggestedEdges"])

    found = merged(old, second["suggestedNodes"], second["suggestedEdges"], {})

    web = named(found.graph, "deployment", "web-2")["data"]
    assert web["imagePullSecrets"] == ["cert-2"]
    init = web["initContainers"][0]
    assert (init["env"], init["envFrom"][0]["name"], init["name"]) == ({"API": "http://web-2:80"}, "how-2", "ask")
    ingress = named(found.graph, "ingress", "web-2")["data"]
    assert (ingress["tlsSecretName"], ingress["paths"][0]["serviceName"]) == ("cert-2", "web-2")
    assert named(found.graph, "hpa", "web-2")["data"]["scaleTargetName"] == "web-2"


def test_an_edge_comes_once() -> None:
    edge: Edge = {"id": "e", "source": "a", "target": "b"}
    old = Graph([a_node("a", "service", name="x"), a_node("b", "deployment", x=460, name="x")], [edge])

    found = merged(old, list(old.nodes), [edge], {}, "skip")

    assert found.graph == old
