"""From a path and a method to what is done. What `server` asks."""

import hmac
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from practice_cluster import containers, discovery, errors, metrics, patches
from practice_cluster.cluster import Cluster, Writing
from practice_cluster.errors import ApiError, bad_request
from practice_cluster.kinds import KIND, Kind
from practice_cluster.objects import Obj, at, merge_patch
from practice_cluster.server import Answer, Request
from practice_cluster.watching import Pages, form_of, in_form, view_of, watch

_DONE: Final = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success"}
_NOTHING: Final = Answer(404, b"404 page not found\n", "text/plain")
_SUBJECT: Final = {"userInfo": {"username": "practice", "uid": "practice", "groups": ["system:masters"]}}
_REVIEWS: Final[dict[str, Obj]] = {  # there is one user, and that may do everything
    "selfsubjectreviews": _SUBJECT,
    "selfsubjectaccessreviews": {"allowed": True},
    "selfsubjectrulesreviews": {
        "resourceRules": [{"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}],
        "nonResourceRules": [],
        "incomplete": False,
    },
}


@dataclass(frozen=True, slots=True)
class Target:
    """Which collection, object or subresource."""

    kind: Kind
    namespace: str
    name: str = ""
    subresource: str = ""


def _json(body: Any, code: int = 200) -> Answer:
    return Answer(code, orjson.dumps(body))


@dataclass(frozen=True, slots=True)
class Routes:
    """Answers requests about one cluster."""

    cluster: Cluster
    token: str
    pages: Pages = field(default_factory=Pages)

    def answer(self, request: Request) -> Answer:
        """Raises ApiError when it says no."""
        kinds = self.cluster.kinds
        match request.path:
            case ("version",):
                return _json(discovery.VERSION)
            case ("readyz" | "livez" | "healthz",):
                return Answer(body=b"ok", content_type="text/plain")
        if not hmac.compare_digest(request.header("authorization").encode(), f"Bearer {self.token}".encode()):
            raise ApiError(401, "Unauthorized", "Unauthorized")
        match request.path:
            case ("api" | "apis" as root,):
                return discovery.answer(kinds, root, request.header("accept"))
            case ("openapi", "v2"):  # empty, as protobuf: kubectl then leaves checking to the server
                return Answer(content_type="application/com.github.proto-openapi.spec.v2.v1.0+protobuf")
            case ("apis", "metrics.k8s.io", "v1beta1", *rest) if rest:
                return _json(metrics.answer(self.cluster, rest, request))
            case ("api", version, *rest):
                return self._resources(request, "", version, rest)
            case ("apis", group, version, *rest):
                return self._resources(request, group, version, rest)
            case ("apis", group):
                found = [each for each in discovery.groups(kinds)["groups"] if each["name"] == group]
                return _json({"kind": "APIGroup", "apiVersion": "v1"} | found[0]) if found else _NOTHING
        return _NOTHING

    def _resources(self, request: Request, group: str, version: str, rest: list[str]) -> Answer:
        if not rest:
            return _json(found) if (found := discovery.resources(self.cluster.kinds, group, version)) else _NOTHING
        if request.method == "POST" and rest[0] in _REVIEWS:
            return _json(request.json() | {"status": _REVIEWS[rest[0]]}, 201)
        namespace = ""
        if rest[0] == "namespaces" and len(rest) > 2 and rest[2] not in KIND["Namespace"].subresources:
            namespace, rest = rest[1], rest[2:]
        kind = self.cluster.kinds.find(group, version, rest[0])
        if kind is None or len(rest) > 3 or ((rest[1:] or namespace) and kind.namespaced != bool(namespace)):
            return _NOTHING
        target = Target(kind, namespace, *rest[1:])
        if target.subresource:
            return self._subresource(request, target)
        return self._object(request, target) if target.name else self._collection(request, target)

    def _writing(self, request: Request, subresource: str = "") -> Writing:
        agent = request.header("user-agent").partition("/")[0] or "unknown"
        dry_run = request.query.get("dryRun", "")
        if dry_run not in ("", "All"):
            raise bad_request(f'Invalid value: "{dry_run}": dryRun must be All')
        return Writing(request.query.get("fieldManager") or agent, bool(dry_run), subresource)

    def _shaped(self, request: Request, kind: Kind, obj: Obj, code: int = 200) -> Answer:
        return _json(in_form(kind, obj, form_of(request.header("accept"))), code)

    def _collection(self, request: Request, target: Target) -> Answer:
        kind, view = target.kind, view_of(target.kind, target.namespace, "", request)
        match request.method:
            case "GET":
                is_watch = request.flag("watch")
                return (
                    watch(self.cluster, view, request) if is_watch else self.pages.answer(self.cluster, view, request)
                )
            case "POST":
                obj = self.cluster.create(kind, target.namespace, request.json(), self._writing(request))
                return self._shaped(request, kind, obj, 201)
            case "DELETE":
                for entry in filter(view.shows, self.cluster.store.entries(kind.resource, target.namespace)):
                    self.cluster.delete(entry.load(), request.json(), dry_run=self._writing(request).dry_run)
                return _json(_DONE)
        raise _not_allowed()

    def _object(self, request: Request, target: Target) -> Answer:
        kind, cluster = target.kind, self.cluster
        match request.method:
            case "GET" if request.flag("watch"):
                return watch(cluster, view_of(kind, target.namespace, target.name, request), request)
            case "GET":
                return self._shaped(request, kind, cluster.get(kind, target.namespace, target.name))
            case "PUT" | "PATCH":
                is_new = cluster.find(kind, target.namespace, target.name) is None
                return self._shaped(request, kind, self._write(request, target), 201 if is_new else 200)
            case "DELETE":
                obj = cluster.get(kind, target.namespace, target.name)
                options: Obj = {key: request.query[key] for key in ("propagationPolicy",) if key in request.query}
                if "gracePeriodSeconds" in request.query:
                    options["gracePeriodSeconds"] = request.number("gracePeriodSeconds")
                left = cluster.delete(obj, options | (request.json() or {}), dry_run=self._writing(request).dry_run)
                about = {"name": target.name, "group": kind.group, "kind": kind.plural, "uid": obj["metadata"]["uid"]}
                return self._shaped(request, kind, left) if left else _json(_DONE | {"details": about})
        raise _not_allowed()

    def _write(self, request: Request, target: Target, subresource: str = "") -> Obj:
        """A PUT or PATCH; with a subresource only that part counts."""
        kind, writing = target.kind, self._writing(request, subresource)
        if request.method == "PATCH" and "apply-patch" in request.header("content-type") and not subresource:
            if "fieldManager" not in request.query:
                raise bad_request("PatchOptions is invalid: fieldManager: Required value: is required for apply patch")
            force = request.flag("force")
            return self.cluster.apply(kind, target.namespace, target.name, request.json(), writing, force=force)
        return self.cluster.update(kind, target.namespace, target.name, self._change(request, kind), writing)

    def _change(self, request: Request, kind: Kind) -> Callable[[Obj], Any]:
        content_type, body = request.header("content-type").partition(";")[0], request.json()
        if request.method == "PUT":
            return lambda _: body
        if content_type == "application/merge-patch+json":
            return lambda live: merge_patch(live, body)
        if content_type == "application/json-patch+json":
            return lambda live: patches.json_patch(live, body)
        if content_type == "application/strategic-merge-patch+json" and not kind.is_custom:
            return lambda live: patches.strategic_patch(kind, live, body)
        raise ApiError(415, "UnsupportedMediaType", f"a patch of type {content_type!r} isn't known here")

    def _subresource(self, request: Request, target: Target) -> Answer:
        kind, name = target.kind, target.subresource
        if name not in kind.subresources:
            raise errors.not_found(kind.resource, f"{target.name}/{name}")
        obj = self.cluster.get(kind, target.namespace, target.name)
        match name, request.method:
            case "status", "GET":
                return self._shaped(request, kind, obj)
            case "status", _:
                return self._shaped(request, kind, self._write(request, target, "status"))
            case "scale", "GET":
                return _json(_scale_of(obj))
            case "scale", _:
                return _json(self._scale(request, target))
            case "log", _:
                return containers.log(self.cluster, obj, request)
            case "exec", _:
                return containers.execute(self.cluster, obj, request)
            case "eviction", "POST":
                self.cluster.delete(obj, at(request.json(), "deleteOptions"))
                return _json(_DONE, 201)
        raise ApiError(501, "NotImplemented", f"the practice cluster has no {name}: try a real cluster for that")

    def _scale(self, request: Request, target: Target) -> Obj:
        """Write the number of replicas as an autoscaling/v1 Scale."""
        to_scale = self._change(request, target.kind)

        def change(live: Obj) -> Obj:
            scale = to_scale(_scale_of(live))
            version = at(scale, "metadata.resourceVersion") if request.method == "PUT" else None
            count = at(scale, "spec.replicas") or 0
            changed: Obj = merge_patch(live, {"spec": {"replicas": count}, "metadata": {"resourceVersion": version}})
            return changed

        writing = self._writing(request, "scale")
        return _scale_of(self.cluster.update(target.kind, target.namespace, target.name, change, writing))


def _scale_of(obj: Obj) -> Obj:
    names = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")
    labels = at(obj, "spec.selector.matchLabels") or {}
    status = {"replicas": at(obj, "status.replicas") or 0, "selector": ",".join(f"{k}={v}" for k, v in labels.items())}
    about = {"kind": "Scale", "apiVersion": "autoscaling/v1", "spec": {"replicas": at(obj, "spec.replicas") or 0}}
    return about | {"metadata": {key: obj["metadata"].get(key) for key in names}, "status": status}


def _not_allowed() -> ApiError:
    return ApiError(405, "MethodNotAllowed", "the server does not allow this method on the requested resource")
