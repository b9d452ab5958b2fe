"""Names and addresses of Kubernetes objects: kinds, their REST paths, references. Pure data; imported everywhere below.

`KNOWN` holds the kinds that KubeOrch itself renders, watches or reads, so that the main path needs no discovery.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self
from urllib.parse import quote

KubeObject = Mapping[str, Any]
"""An object as the API server's JSON; an absent key means the API's default."""


@dataclass(frozen=True, slots=True)
class Resource:
    """A kind and where the API server serves it."""

    group: str
    """Empty for the core group."""
    version: str
    kind: str
    plural: str
    namespaced: bool

    @property
    def api_version(self) -> str:
        """`v1`, `apps/v1`."""
        return f"{self.group}/{self.version}" if self.group else self.version

    def path(self, namespace: str | None = None, name: str | None = None) -> str:
        """The REST path of a collection or of one object.

        Args:
            namespace: of a namespaced kind; without it, the collection of all namespaces.
            name: of the object; without it, the collection.

        Raises:
            ValueError: a part would change the path (empty, `.`, `..`), or there is an object's name but not its
                namespace.
        """
        if self.namespaced and name is not None and namespace is None:
            raise ValueError(f"A {self.kind} needs a namespace")
        base = f"/apis/{self.group}/{self.version}" if self.group else f"/api/{self.version}"
        if self.namespaced and namespace is not None:
            base += f"/namespaces/{_segment(namespace)}"
        return f"{base}/{self.plural}" + (f"/{_segment(name)}" if name is not None else "")


@dataclass(frozen=True, slots=True)
class ObjectRef:
    """Which object, without its content."""

    api_version: str
    kind: str
    namespace: str | None
    name: str

    @classmethod
    def of(cls, obj: KubeObject) -> Self:
        """The reference of an object that names itself.

        Raises:
            ValueError: it has no apiVersion, kind or name.
        """
        metadata = obj.get("metadata") or {}
        api_version, kind, name = obj.get("apiVersion"), obj.get("kind"), metadata.get("name")
        if not (api_version and kind and name):
            raise ValueError("The object lacks apiVersion, kind or metadata.name")
        return cls(api_version, kind, metadata.get("namespace"), name)


def _segment(text: str) -> str:
    """One path segment, whatever is in the text."""
    if text in {"", ".", ".."}:
        raise ValueError(f"{text!r} is no object name")
    return quote(text, safe="")


def _known(group: str, version: str, *, cluster_wide: bool = False, **plurals: str) -> list[Resource]:
    return [Resource(group, version, kind, plural, not cluster_wide) for kind, plural in plurals.items()]


_ALL: Final = [
    *_known(
        "",
        "v1",
        Pod="pods",
        Service="services",
        ConfigMap="configmaps",
        Secret="secrets",  # noqa: S106  a plural, not a password
        PersistentVolumeClaim="persistentvolumeclaims",
        ServiceAccount="serviceaccounts",
        Event="events",
        Endpoints="endpoints",
        ResourceQuota="resourcequotas",
        LimitRange="limitranges",
        ReplicationController="replicationcontrollers",
        PodTemplate="podtemplates",
    ),
    *_known("", "v1", cluster_wide=True, Namespace="namespaces", Node="nodes", PersistentVolume="persistentvolumes"),
    *_known(
        "apps",
        "v1",
        Deployment="deployments",
        StatefulSet="statefulsets",
        DaemonSet="daemonsets",
        ReplicaSet="replicasets",
        ControllerRevision="controllerrevisions",
    ),
    *_known("batch", "v1", Job="jobs", CronJob="cronjobs"),
    *_known("networking.k8s.io", "v1", Ingress="ingresses", NetworkPolicy="networkpolicies"),
    *_known("networking.k8s.io", "v1", cluster_wide=True, IngressClass="ingressclasses"),
    *_known("autoscaling", "v2", HorizontalPodAutoscaler="horizontalpodautoscalers"),
    *_known("discovery.k8s.io", "v1", EndpointSlice="endpointslices"),
    *_known("policy", "v1", PodDisruptionBudget="poddisruptionbudgets"),
    *_known("storage.k8s.io", "v1", cluster_wide=True, StorageClass="storageclasses"),
    *_known("events.k8s.io", "v1", Event="events"),
    *_known("coordination.k8s.io", "v1", Lease="leases"),
    *_known("rbac.authorization.k8s.io", "v1", Role="roles", RoleBinding="rolebindings"),
    *_known(
        "rbac.authorization.k8s.io",
        "v1",
        cluster_wide=True,
        ClusterRole="clusterroles",
        ClusterRoleBinding="clusterrolebindings",
    ),
    *_known("apiextensions.k8s.io", "v1", cluster_wide=True, CustomResourceDefinition="customresourcedefinitions"),
]

KNOWN: Final[Mapping[tuple[str, str], Resource]] = {(known.api_version, known.kind): known for known in _ALL}
"""By (apiVersion, kind); stable API versions that every supported cluster serves."""
