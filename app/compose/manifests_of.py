"""A converted graph → plain Kubernetes objects, for people who only want the YAML: nothing in them is KubeOrch's."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from app.compose.builds import is_unbuilt
from app.compose.converting import Conversion
from app.manifests.graph import Graph
from app.manifests.labels import CHECKSUM, INSTANCE, LEGACY_MANAGED_BY, MANAGED_BY, NODE, WORKFLOW
from app.workflows.plan import Given, make_plan

_OURS: Final = frozenset({MANAGED_BY, WORKFLOW, NODE, INSTANCE, LEGACY_MANAGED_BY, CHECKSUM})


def objects_of(conversion: Conversion, *, namespace: str, keep_secrets: bool) -> list[dict[str, Any]]:
    """The objects in the order to apply them. An image that has to be built is called `<name>:latest`.

    Args:
        conversion: of a project.
        namespace: of objects that name none.
        keep_secrets: write the values of secrets that the files hold; else each key is blank.

    Raises:
        InvalidError: the graph can't run.
    """
    given = Given(secrets=dict(_secrets(conversion, keep=keep_secrets)))
    plan = make_plan(
        _with_images(conversion.graph), workflow_id="plain", instance="plain", default_namespace=namespace, given=given
    )
    return [_plain(obj) for node in plan.nodes for obj in node.objects]


def _with_images(graph: Graph) -> Graph:
    nodes = []
    for node in graph.nodes:
        copy = node.copy()
        if is_unbuilt(node["data"]):
            data = {key: value for key, value in node["data"].items() if key != "_build"}
            copy["data"] = {**data, "image": f"{data['name']}:latest"}
        nodes.append(copy)
    return Graph(nodes, graph.edges)


def _secrets(conversion: Conversion, *, keep: bool) -> Iterator[tuple[str, dict[str, str]]]:
    for node in conversion.graph.nodes:
        if node["type"] == "secret":
            values = conversion.secret_values.get(node["id"], {}) if keep else {}
            yield node["id"], {key["name"]: values.get(key["name"], "") for key in node["data"].get("keys") or ()}


def _plain(value: Any, inside: str = "") -> Any:
    if isinstance(value, Mapping):
        own = inside in ("labels", "annotations")
        found = {key: _plain(part, key) for key, part in value.items() if not (own and key in _OURS)}
        return {key: part for key, part in found.items() if not (key in ("labels", "annotations") and part == {})}
    return [_plain(part) for part in value] if isinstance(value, list | tuple) else value
