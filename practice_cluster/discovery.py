"""What the API says of itself: groups, versions, resources. Pure."""

from typing import Final

import orjson

from practice_cluster.kinds import Kind, Kinds
from practice_cluster.objects import Obj
from practice_cluster.server import Answer

VERSION: Final = {
    "major": "1",
    "minor": "34",
    "gitVersion": "v1.34.0-practice",
    "goVersion": "none",
    "platform": "linux/amd64",
    **dict.fromkeys(("gitCommit", "gitTreeState", "compiler"), ""),
    "buildDate": "1970-01-01T00:00:00Z",
}
_VERBS: Final = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"]
_SUB_VERBS: Final = {
    "status": ["get", "patch", "update"],
    "scale": ["get", "patch", "update"],
    "log": ["get"],
    "exec": ["create", "get"],
}
_SCALE: Final = {"group": "autoscaling", "version": "v1", "kind": "Scale"}
_AGGREGATED: Final = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
_MORE: Final = (
    (Kind("authentication.k8s.io", "v1", "SelfSubjectReview", "selfsubjectreviews", namespaced=False), ["create"]),
    (
        Kind("authorization.k8s.io", "v1", "SelfSubjectAccessReview", "selfsubjectaccessreviews", namespaced=False),
        ["create"],
    ),
    (
        Kind("authorization.k8s.io", "v1", "SelfSubjectRulesReview", "selfsubjectrulesreviews", namespaced=False),
        ["create"],
    ),
    (Kind("metrics.k8s.io", "v1beta1", "NodeMetrics", "nodes", namespaced=False), ["get", "list"]),
    (Kind("metrics.k8s.io", "v1beta1", "PodMetrics", "pods"), ["get", "list"]),
)
Served = list[tuple[Kind, list[str]]]


def _by_version(kinds: Kinds) -> dict[tuple[str, str], Served]:
    found: dict[tuple[str, str], Served] = {}
    for kind, verbs in (*((kind, _VERBS) for kind in kinds), *_MORE):
        found.setdefault((kind.group, kind.version), []).append((kind, verbs))
    return found


def _subresources(kind: Kind) -> list[tuple[str, list[str], Obj]]:
    own = {"group": kind.group, "version": kind.version, "kind": kind.kind}
    listed = [name for name in kind.subresources if name in _SUB_VERBS]
    return [(name, _SUB_VERBS[name], _SCALE if name == "scale" else own) for name in listed]


def answer(kinds: Kinds, root: str, accept: str) -> Answer:
    """`/api` and `/apis`: all in one answer for those who ask for it, else only the groups."""
    if "as=APIGroupDiscoveryList" not in accept or "v=v2;" not in accept:
        body: Obj = {"kind": "APIVersions", "versions": ["v1"]} if root == "api" else groups(kinds)
        return Answer(body=orjson.dumps(body))
    items: dict[str, list[Obj]] = {}
    for (group, version), served in _by_version(kinds).items():
        if (group == "") == (root == "api"):
            resources = [_aggregated(kind, verbs) for kind, verbs in served]
            items.setdefault(group, []).append({"version": version, "freshness": "Current", "resources": resources})
    body = {"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "metadata": {}}
    body |= {"items": [{"metadata": {"name": group}, "versions": versions} for group, versions in items.items()]}
    return Answer(body=orjson.dumps(body), content_type=_AGGREGATED)


def _aggregated(kind: Kind, verbs: list[str]) -> Obj:
    about = {"group": kind.group, "version": kind.version, "kind": kind.kind}
    found: Obj = {"resource": kind.plural, "responseKind": about, "singularResource": kind.kind.lower(), "verbs": verbs}
    found |= {"scope": "Namespaced" if kind.namespaced else "Cluster", "shortNames": list(kind.short)}
    subs = [{"subresource": n, "responseKind": answers, "verbs": v} for n, v, answers in _subresources(kind)]
    return found | {"subresources": subs, "categories": ["all"] if kind.in_all else []}


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
        own = {"namespaced": kind.namespaced, "kind": kind.kind}
        whole = {"name": kind.plural, "singularName": kind.kind.lower(), "verbs": verbs, "shortNames": list(kind.short)}
        listed.append(own | whole | {"categories": ["all"] if kind.in_all else []})
        for name, sub_verbs, answers in _subresources(kind):
            listed.append(own | {"name": f"{kind.plural}/{name}", "singularName": "", "verbs": sub_verbs} | answers)
    about = {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": f"{group}/{version}".lstrip("/")}
    return about | {"resources": listed}
