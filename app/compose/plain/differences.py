"""What applying the nodes would give, held against the manifests: each difference is a finding. Pure.

So nothing is dropped in silence: what a node can't say is found by rendering it, not by a list of known fields.
"""

import posixpath
from collections.abc import Iterator, Mapping
from typing import Any, Final

from app.compose.plain.board import Board, Placed
from app.compose.plain.defaults import is_default
from app.compose.plain.objects import Obj, entries, inner, labels, mapping, text
from app.errors import InvalidError
from app.kube.quantities import is_quantity, parse_quantity
from app.manifests.formats import shown
from app.manifests.graph import Graph
from app.workflows.plan import Given, PlannedNode, make_plan

Path = tuple[str, ...]

_MOST: Final = 40  # findings of this kind about one object
_TRIES: Final = 3


def say_differences(board: Board, graph: Graph) -> None:
    """Findings for everything that would not be as the manifests have it."""
    rendered = _rendered(board, graph)
    for one in board.placed:
        planned = rendered.get(one.node["id"])
        if planned is None:
            continue
        obj = planned.objects[-1]
        told = board.told.get(one.node["id"], set())
        given, made = _canonical(one.manifest.obj, told), _canonical(obj, set())
        for path, old, new in list(_different(given, made, ()))[:_MOST]:
            if path != ("spec", "replicas") or not planned.scaled:  # an autoscaler decides them
                _say(board, one, path, old, new)


def _say(board: Board, one: Placed, path: Path, old: Any, new: Any) -> None:
    key = ".".join(path)
    if path == ("apiVersion",):
        board.say("info", one.manifest, f"becomes {new}", key=key)
    elif path[:2] == ("spec", "selector") and one.pod:
        name = one.data["name"]
        message = f"becomes app={name}: an object that is there with another selector has to be deleted first"
        board.say("warning", one.manifest, message, key="spec.selector")
    elif path[-2:] == ("containers[0]", "name"):
        board.say("info", one.manifest, f"the container is called {new} here, as its node", key=key)
    elif new is None:
        board.say("warning", one.manifest, "no node has this field: it is left out", key=key)
    else:
        board.say("info", one.manifest, f"{_short(old)} becomes {_short(new)}", key=key)


def _short(value: Any) -> str:
    return "another value" if isinstance(value, dict | list) else shown(value)


def _rendered(board: Board, graph: Graph) -> dict[str, PlannedNode]:
    """By node: what it makes. What can't be rendered is said, and left out of the next try."""
    by_id = {one.node["id"]: one for one in board.placed}
    nodes = list(graph.nodes)
    for _ in range(_TRIES):
        known = {node["id"] for node in nodes}
        edges = [edge for edge in graph.edges if edge["source"] in known and edge["target"] in known]
        given = Given(secrets={node_id: values for node_id, values in board.secret_values.items() if node_id in known})
        try:
            plan = make_plan(
                Graph(nodes, edges), workflow_id="plain", instance="plain", default_namespace="default", given=given
            )
        except InvalidError as error:
            bad = set()
            for place, message in error.details.items():
                node_id, _, field = place.partition(".")
                bad.add(node_id)
                if node_id in by_id:
                    board.say("error", by_id[node_id].manifest, f"{message}: mend it before a run", key=field)
            nodes = [node for node in nodes if node["id"] not in bad]
            if not bad:
                break
        else:
            return {node.id: node for node in plan.nodes if node.objects}
    return {}


# --- the same in the same words -----------------------------------------------------------------------------------


def _canonical(obj: Obj, told: set[str]) -> dict[str, Any]:
    """An object in a form in which what means the same is the same."""
    found = dict(obj)
    spec = mapping(found.get("spec"))
    metadata = mapping(found.get("metadata"))
    found["metadata"] = {key: metadata[key] for key in ("labels", "annotations") if key in metadata}
    match found.get("kind"):
        case "Deployment" | "StatefulSet" | "DaemonSet" | "Job":
            found["spec"] = {**spec, "template": _pod(mapping(spec.get("template")), told)}
            if found["kind"] == "Job":
                found["spec"].pop("selector", None)
        case "CronJob":
            job = mapping(spec.get("jobTemplate"))
            inside = mapping(job.get("spec"))
            template = _pod(mapping(inside.get("template")), told)
            found["spec"] = {**spec, "jobTemplate": {**job, "spec": {**inside, "template": template}}}
        case "Secret":
            found.pop("data", None)  # said while reading
            found.pop("stringData", None)
            found["type"] = found.get("type") or "Opaque"
        case "ConfigMap":
            found["data"] = labels(found.get("data"))
        case "HorizontalPodAutoscaler":
            found["spec"] = {key: part for key, part in spec.items() if key != "targetCPUUtilizationPercentage"}
        case "Ingress":
            found["spec"] = {**spec, "rules": [_rule(rule) for rule in entries(spec.get("rules"))]}
    return found


def _rule(rule: Obj) -> dict[str, Any]:
    paths = []
    for path in entries(inner(rule, "http", "paths")):
        backend = mapping(path.get("backend"))
        if "serviceName" in backend:  # as before networking.k8s.io/v1
            port = backend.get("servicePort")
            number = {"number": port} if isinstance(port, int) else {"name": port}
            backend = {"service": {"name": backend["serviceName"], "port": number}}
        paths.append({**path, "path": path.get("path") or "/", "backend": backend})
    return {**rule, "http": {"paths": paths}}


def _pod(template: Obj, told: set[str]) -> dict[str, Any]:
    spec = mapping(template.get("spec"))
    volumes = {text(volume.get("name")): volume for volume in entries(spec.get("volumes"))}
    containers = entries(spec.get("containers"))
    security = mapping(spec.get("securityContext"))
    found = {key: part for key, part in spec.items() if key not in ("volumes", "containers", "securityContext")}
    found["containers"] = [_container(one, volumes, told, security) for one in containers[:1]]
    found["initContainers"] = [
        _container(one, volumes, told, {})
        for one in entries(spec.get("initContainers"))
        if one.get("restartPolicy") != "Always"
    ]
    return {"metadata": template.get("metadata"), "spec": found}


def _container(container: Obj, volumes: Mapping[str, Obj], told: set[str], pod_security: Obj) -> dict[str, Any]:
    found = dict(container)
    found["securityContext"] = {**pod_security, **mapping(container.get("securityContext"))}
    found["env"] = {
        text(entry.get("name")): text(entry.get("value"))
        for entry in entries(container.get("env"))
        if text(entry.get("name")) not in told
    }
    found["envFrom"] = {str(n): source for n, source in enumerate(entries(container.get("envFrom")))}
    mounts: dict[str, Any] = {}
    for mount in entries(container.get("volumeMounts")):
        volume = volumes.get(text(mount.get("name")), {"claim": mount.get("name")})
        source = {key: part for key, part in volume.items() if key != "name"}
        if any(isinstance(part, dict) for part in source.values()) or "emptyDir" in source or "claim" in source:
            mounts |= dict(_mounts(mount, source))
    found["volumeMounts"] = mounts
    return found


def _mounts(mount: Obj, source: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """By place; a volume of some keys only is a mount for each of them."""
    kind, held = next(iter(source.items()))
    entry = {key: part for key, part in mount.items() if key not in ("name", "mountPath")}
    place = text(mount.get("mountPath"))
    items = entries(mapping(held).get("items"))
    plain = {kind: {key: part for key, part in mapping(held).items() if key != "items"} if kind != "claim" else held}
    if not items:
        yield place, {**entry, **plain}
    for item in items:
        if "subPath" in entry and item.get("path") == entry["subPath"]:
            yield place, {**entry, **plain, "subPath": item.get("key")}
        elif "subPath" not in entry:
            yield posixpath.join(place, text(item.get("path"))), {**entry, **plain, "subPath": item.get("key")}


# --- comparing ----------------------------------------------------------------------------------------------------


def _different(given: Any, made: Any, path: Path) -> Iterator[tuple[Path, Any, Any]]:
    """Where what was given isn't in what is made; more may be made."""
    if isinstance(given, dict) and isinstance(made, dict):
        for key, part in given.items():
            yield from _different(part, made.get(key), (*path, str(key)))
    elif isinstance(given, list) and isinstance(made, list) and given:
        yield from _different_lists(given, made, path)
    elif not (_same(given, made) or given is None or (made in (None, {}, []) and path and is_default(path, given))):
        yield path, given, made


def _different_lists(given: list[Any], made: list[Any], path: Path) -> Iterator[tuple[Path, Any, Any]]:
    named = path[-1] != "containers" and all(isinstance(one, dict) and text(one.get("name")) for one in given)
    by_name = {text(one.get("name")): one for one in made if isinstance(one, dict)} if named else {}
    for n, one in enumerate(given):
        other = by_name.get(text(one.get("name"))) if named else next(iter(made[n : n + 1]), None)
        place = (*path[:-1], f"{path[-1]}[{n}]")
        if other is None:
            yield place, one, None
        else:
            yield from _different(one, other, place)


def _same(given: Any, made: Any) -> bool:
    if given == made or (given in (None, {}, []) and made in (None, {}, [])):
        return True
    if isinstance(given, dict | list) or isinstance(made, dict | list) or made is None:
        return False
    one, other = text(given), text(made)
    if one and one == other:
        return True
    return is_quantity(one) and is_quantity(other) and parse_quantity(one) == parse_quantity(other)
