"""From a path and a method to what is done. The application of `server`."""

import hmac
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from practice_cluster import containers, discovery, errors, metrics, patches, reviews
from practice_cluster.cluster import Cluster, Writing
from practice_cluster.errors import ApiError, bad_request
from practice_cluster.kinds import KIND, Kind
from practice_cluster.objects import Obj, at
from practice_cluster.server import Answer, Request, Upgraded
from practice_cluster.watching import Pages, form_of, in_form, view_of, watch

_APPLY: Final = "application/apply-patch"
_OPEN: Final = frozenset({("version",), ("livez",), ("readyz",), ("healthz",)})
_AGGREGATED: Final = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"


@dataclass(frozen=True, slots=True)
class Target:
    """Which collection, object or subresource."""

    kind: Kind
    namespace: str
    name: str = ""
    subresource: str = ""


def _json(body: Any, code: int = 200) -> Answer:
    return Answer(code, orjson.dumps(body))


def _nothing() -> Answer:
    return Answer(404, b"404 page not found\n", "text/plain; charset=utf-8")


@dataclass(frozen=True, slots=True)
class Routes:
    """Answers requests about one cluster."""

    cluster: Cluster
    token: str
    pages: Pages = field(default_factory=Pages)

    def answer(self, request: Request) -> Answer | Upgraded:
        """Raises ApiError when it says no."""
        is_known = hmac.compare_digest(
            request.headers.get("authorization", "").encode(), f"Bearer {self.token}".encode()
        )
        if not is_known and request.path not in _OPEN:
            raise ApiError(401, "Unauthorized", "Unauthorized")
        match request.path:
            case ("version",):
                return _json(discovery.VERSION)
            case ("readyz" | "livez" | "healthz",):
                return Answer(body=b"ok", content_type="text/plain; charset=utf-8")
            case ("api",) | ("apis",):
                return self._discovery(request)
            case ("openapi", "v3"):
                return _json(discovery.openapi_index(self.cluster.kinds))
            case ("openapi", "v3", "api", version):
                return _json(discovery.openapi_document(self.cluster.kinds, "", version))
            case ("openapi", "v3", "apis", group, version):
                return _json(discovery.openapi_document(self.cluster.kinds, group, version))
            case ("api", version, *rest):
                return self._resources(request, "", version, rest)
            case ("apis", "metrics.k8s.io", "v1beta1", *rest) if rest:
                return _json(metrics.answer(self.cluster, rest, request))
            case ("apis", group, version, *rest):
                return self._resources(request, group, version, rest)
            case ("apis", group):
                found = [each for each in discovery.groups(self.cluster.kinds)["groups"] if each["name"] == group]
                return _json({"kind": "APIGroup", "apiVersion": "v1"} | found[0]) if found else _nothing()
        return _nothing()

    def _discovery(self, request: Request) -> Answer:
        is_core = request.path == ("api",)
        if "as=APIGroupDiscoveryList" in request.accept and "v=v2;" in request.accept:
            body = discovery.aggregated(self.cluster.kinds, core=is_core)
            return Answer(body=orjson.dumps(body), content_type=_AGGREGATED)
        return _json({"kind": "APIVersions", "versions": ["v1"]} if is_core else discovery.groups(self.cluster.kinds))

    def _resources(self, request: Request, group: str, version: str, rest: list[str]) -> Answer | Upgraded:
        if not rest:
            found = discovery.resources(self.cluster.kinds, group, version)
            return _json(found) if found else _nothing()
        if request.method == "POST" and (said := reviews.review(group, rest[0], request)):
            return _json(said, 201)
        target = self._target(group, version, rest)
        if target is None:
            return _nothing()
        if target.subresource:
            return self._subresource(request, target)
        if target.name:
            return self._object(request, target)
        return self._collection(request, target)

    def _target(self, group: str, version: str, rest: list[str]) -> Target | None:
        namespace = ""
        if rest[0] == "namespaces" and len(rest) > 2 and rest[2] not in KIND["Namespace"].subresources:
            namespace, rest = rest[1], rest[2:]
        kind = self.cluster.kinds.find(group, version, rest[0])
        if kind is None or len(rest) > 3 or (namespace and not kind.namespaced):
            return None
        if len(rest) > 1 and kind.namespaced and not namespace:
            return None
        return Target(kind, namespace, *rest[1:])

    def _writing(self, request: Request, subresource: str = "") -> Writing:
        agent = request.headers.get("user-agent", "unknown").partition("/")[0]
        dry_run = request.query.get("dryRun", "")
        if dry_run not in ("", "All"):
            raise bad_request(f'Invalid value: "{dry_run}": dryRun must be All')
        return Writing(request.query.get("fieldManager") or agent, dry_run == "All", subresource)

    def _shaped(self, request: Request, kind: Kind, obj: Obj, code: int = 200) -> Answer:
        return _json(in_form(kind, obj, form_of(request.accept)), code)

    def _collection(self, request: Request, target: Target) -> Answer:
        kind, view = target.kind, view_of(target.kind, target.namespace, "", request)
        match request.method:
            case "GET" if request.flag("watch"):
                return watch(self.cluster, view, request)
            case "GET":
                return self.pages.answer(self.cluster, view, request)
            case "POST":
                obj = self.cluster.create(kind, target.namespace, request.json(), self._writing(request))
                return self._shaped(request, kind, obj, 201)
            case "DELETE":
                for entry in self.cluster.store.entries(kind.resource, target.namespace):
                    if view.shows(entry):
                        self.cluster.delete(
                            kind, entry.load(), request.json(), dry_run=bool(request.query.get("dryRun"))
                        )
                return _json({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success"})
        raise _not_allowed()

    def _object(self, request: Request, target: Target) -> Answer:
        kind, cluster = target.kind, self.cluster
        match request.method:
            case "GET" if request.flag("watch"):
                return watch(cluster, view_of(kind, target.namespace, target.name, request), request)
            case "GET":
                return self._shaped(request, kind, cluster.get(kind, target.namespace, target.name))
            case "PUT" | "PATCH":
                written, code = self._write(request, target)
                return self._shaped(request, kind, written, code)
            case "DELETE":
                obj = cluster.get(kind, target.namespace, target.name)
                options: Obj = {key: request.query[key] for key in ("propagationPolicy",) if key in request.query}
                if request.query.get("gracePeriodSeconds", "").isdecimal():
                    options["gracePeriodSeconds"] = int(request.query["gracePeriodSeconds"])
                dry_run = bool(request.query.get("dryRun"))
                left = cluster.delete(kind, obj, options | (request.json() or {}), dry_run=dry_run)
                if left is not None:
                    return self._shaped(request, kind, left)
                details = {"name": target.name, "kind": kind.plural, "uid": obj["metadata"]["uid"]}
                details |= {"group": kind.group} if kind.group else {}
                gone = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success"}
                return _json(gone | {"details": details})
        raise _not_allowed()

    def _write(self, request: Request, target: Target, subresource: str = "") -> tuple[Obj, int]:
        """A PUT or PATCH; with a subresource only that part counts."""
        kind, cluster, writing = target.kind, self.cluster, self._writing(request, subresource)
        body, content_type = request.json(), request.headers.get("content-type", "")
        if request.method == "PATCH" and content_type.startswith(_APPLY) and not subresource:
            if not request.query.get("fieldManager"):
                raise bad_request("PatchOptions is invalid: fieldManager: Required value: is required for apply patch")
            is_new = cluster.find(kind, target.namespace, target.name) is None
            force = request.flag("force")
            obj = cluster.apply(kind, target.namespace, target.name, body, writing, force=force)
            return obj, 201 if is_new else 200
        change = self._change(request, kind, body)
        return cluster.update(kind, cluster.get(kind, target.namespace, target.name), change, writing), 200

    def _change(self, request: Request, kind: Kind, body: Any) -> Callable[[Obj], Any]:
        content_type = request.headers.get("content-type", "").partition(";")[0]
        if request.method == "PUT":
            return lambda _: body
        if content_type == "application/merge-patch+json":
            return lambda live: patches.merge_patch(live, body)
        if content_type == "application/json-patch+json":
            return lambda live: patches.json_patch(live, body)
        if content_type == "application/strategic-merge-patch+json" and not kind.is_custom:
            return lambda live: patches.strategic_patch(kind, live, body)
        text = f"the body of the request was in an unknown format - accepted media types include: {_APPLY}+yaml, "
        raise ApiError(415, "UnsupportedMediaType", text + "application/json-patch+json, application/merge-patch+json")

    def _subresource(self, request: Request, target: Target) -> Answer | Upgraded:
        kind, name = target.kind, target.subresource
        if name not in kind.subresources:
            raise errors.not_found(kind.resource, f"{target.name}/{name}")
        obj = self.cluster.get(kind, target.namespace, target.name)
        match name:
            case "status" if request.method == "GET":
                return self._shaped(request, kind, obj)
            case "status":
                return self._shaped(request, kind, self._write(request, target, "status")[0])
            case "scale":
                return _json(self._scale(request, kind, obj))
            case "log":
                return containers.log(self.cluster, obj, request)
            case "exec":
                return containers.execute(self.cluster, obj, request)
            case "eviction" if request.method == "POST":
                self.cluster.delete(kind, obj, at(request.json(), "deleteOptions"))
                return _json({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success"}, 201)
        raise ApiError(501, "NotImplemented", f"the practice cluster has no {name}: try a real cluster for that")

    def _scale(self, request: Request, kind: Kind, obj: Obj) -> Obj:
        """Read or write the number of replicas as an autoscaling/v1 Scale."""
        if request.method in ("PUT", "PATCH"):
            scale = self._change(request, kind, request.json())(_scale_of(obj))
            count = at(scale, "spec", "replicas") or 0
            writing = self._writing(request, "scale")

            def change(live: Obj) -> Obj:
                version = at(scale, "metadata", "resourceVersion") if request.method == "PUT" else None
                metadata = live["metadata"] | ({"resourceVersion": version} if version else {})
                return live | {"spec": live["spec"] | {"replicas": count}, "metadata": metadata}

            obj = self.cluster.update(kind, obj, change, writing)
        return _scale_of(obj)


def _scale_of(obj: Obj) -> Obj:
    metadata = {
        key: obj["metadata"].get(key) for key in ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")
    }
    labels = at(obj, "spec", "selector", "matchLabels") or {}
    status = {"replicas": at(obj, "status", "replicas") or 0}
    status |= {"selector": ",".join(f"{key}={value}" for key, value in labels.items())}
    about = {"kind": "Scale", "apiVersion": "autoscaling/v1", "metadata": metadata}
    return about | {"spec": {"replicas": at(obj, "spec", "replicas") or 0}, "status": status}


def _not_allowed() -> ApiError:
    return ApiError(405, "MethodNotAllowed", "the server does not allow this method on the requested resource")
