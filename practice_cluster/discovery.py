"""What the API says of itself: groups, versions, resources; enough of OpenAPI for kubectl. Pure."""

from collections.abc import Iterable
from typing import Any, Final

from practice_cluster.kinds import Kind, Kinds
from practice_cluster.objects import Obj

VERSION: Final = {
    "major": "1",
    "minor": "34",
    "gitVersion": "v1.34.0-practice",
    "gitCommit": "",
    "gitTreeState": "",
    "buildDate": "1970-01-01T00:00:00Z",
    "goVersion": "none",
    "compiler": "none",
    "platform": "linux/amd64",
}
_VERBS: Final = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"]
_SUB_VERBS: Final = {
    "status": ["get", "patch", "update"],
    "scale": ["get", "patch", "update"],
    "log": ["get"],
    "exec": ["create", "get"],
    "attach": ["create", "get"],
}
_SCALE_KIND: Final = {"group": "autoscaling", "version": "v1", "kind": "Scale"}
_REVIEWS: Final = (
    ("authentication.k8s.io", "SelfSubjectReview", "selfsubjectreviews"),
    ("authorization.k8s.io", "SelfSubjectAccessReview", "selfsubjectaccessreviews"),
    ("authorization.k8s.io", "SelfSubjectRulesReview", "selfsubjectrulesreviews"),
)


def _everything(kinds: Kinds) -> list[tuple[Kind, list[str]]]:
    found = [(kind, _VERBS) for kind in kinds]
    found += [(Kind(group, "v1", kind, plural, namespaced=False), ["create"]) for group, kind, plural in _REVIEWS]
    metrics = (("NodeMetrics", "nodes", False), ("PodMetrics", "pods", True))
    return found + [
        (Kind("metrics.k8s.io", "v1beta1", kind, plural, is_namespaced), ["get", "list"])
        for kind, plural, is_namespaced in metrics
    ]


def _by_version(kinds: Kinds) -> dict[tuple[str, str], list[tuple[Kind, list[str]]]]:
    found: dict[tuple[str, str], list[tuple[Kind, list[str]]]] = {}
    for kind, verbs in _everything(kinds):
        found.setdefault((kind.group, kind.version), []).append((kind, verbs))
    return found


def _subresources(kind: Kind) -> Iterable[tuple[str, list[str], dict[str, str]]]:
    for name in kind.subresources:
        about = _SCALE_KIND if name == "scale" else {"group": kind.group, "version": kind.version, "kind": kind.kind}
        if name in _SUB_VERBS:
            yield name, _SUB_VERBS[name], about


def aggregated(kinds: Kinds, *, core: bool) -> Obj:
    """All of it in one answer (`/api`, `/apis`)."""
    groups: dict[str, list[Obj]] = {}
    for (group, version), served in _by_version(kinds).items():
        if (group == "") == core:
            resources = [_aggregated_resource(kind, verbs) for kind, verbs in served]
            groups.setdefault(group, []).append({"version": version, "freshness": "Current", "resources": resources})
    items = [{"metadata": {"name": group}, "versions": versions} for group, versions in groups.items()]
    return {"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "metadata": {}, "items": items}


def _aggregated_resource(kind: Kind, verbs: list[str]) -> Obj:
    about = {"group": kind.group, "version": kind.version, "kind": kind.kind}
    subresources = [
        {"subresource": name, "responseKind": answers, "verbs": sub_verbs}
        for name, sub_verbs, answers in _subresources(kind)
    ]
    found: Obj = {"resource": kind.plural, "responseKind": about, "singularResource": kind.kind.lower()}
    found |= {"scope": "Namespaced" if kind.namespaced else "Cluster", "verbs": verbs, "subresources": subresources}
    found |= {"shortNames": list(kind.short)} if kind.short else {}
    return found | ({"categories": ["all"]} if kind.in_all else {})


def groups(kinds: Kinds) -> Obj:
    """The older form: the groups (`/apis`)."""
    versions: dict[str, list[Obj]] = {}
    for group, version in _by_version(kinds):
        if group:
            versions.setdefault(group, []).append({"groupVersion": f"{group}/{version}", "version": version})
    listed = [{"name": name, "versions": each, "preferredVersion": each[0]} for name, each in versions.items()]
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": listed}


def resources(kinds: Kinds, group: str, version: str) -> Obj | None:
    """The older form: one version's resources; `None`: there is no such version."""
    if (served := _by_version(kinds).get((group, version))) is None:
        return None
    listed: list[Obj] = []
    for kind, verbs in served:
        common = {"namespaced": kind.namespaced, "kind": kind.kind}
        whole = {"name": kind.plural, "singularName": kind.kind.lower()} | common | {"verbs": verbs}
        whole |= {"shortNames": list(kind.short)} if kind.short else {}
        listed.append(whole | ({"categories": ["all"]} if kind.in_all else {}))
        for name, sub_verbs, answers in _subresources(kind):
            listed.append(
                {"name": f"{kind.plural}/{name}", "singularName": ""} | common | answers | {"verbs": sub_verbs}
            )
    group_version = f"{group}/{version}" if group else version
    return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": group_version, "resources": listed}


def openapi_index(kinds: Kinds) -> Obj:
    """`/openapi/v3`."""
    paths = [f"apis/{group}/{version}" if group else f"api/{version}" for group, version in _by_version(kinds)]
    return {"paths": {path: {"serverRelativeURL": f"/openapi/v3/{path}?hash=practice"} for path in paths}}


def openapi_document(kinds: Kinds, group: str, version: str) -> Obj:
    """What kubectl asks it for: that `fieldValidation` may be sent, so that it leaves checking to the server."""
    paths: dict[str, Any] = {}
    schemas: dict[str, Any] = {}
    for kind, _ in _by_version(kinds).get((group, version), []):
        base = f"/apis/{group}/{version}" if group else f"/api/{version}"
        path = f"{base}/namespaces/{{namespace}}/{kind.plural}" if kind.namespaced else f"{base}/{kind.plural}"
        about = {"group": group, "version": version, "kind": kind.kind}
        parameters = [
            {"name": name, "in": "query", "schema": {"type": "string", "uniqueItems": True}}
            for name in ("dryRun", "fieldManager", "fieldValidation")
        ]
        operation = {"parameters": parameters, "x-kubernetes-group-version-kind": about, "responses": {}}
        write = operation | {"x-kubernetes-action": "patch"}
        paths[f"{path}/{{name}}"] = {"patch": write, "put": write | {"x-kubernetes-action": "put"}}
        paths[path] = {"post": write | {"x-kubernetes-action": "post"}}
        schemas[f"practice.{version}.{kind.kind}"] = {"type": "object", "x-kubernetes-group-version-kind": [about]}
    info = {"title": "Kubernetes (practice)", "version": VERSION["gitVersion"]}
    return {"openapi": "3.0.0", "info": info, "paths": paths, "components": {"schemas": schemas}}
