"""Which kinds there are, and what the API serves of each. CustomResourceDefinitions add more."""

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from practice_cluster.objects import Obj


class Kind(NamedTuple):
    """One kind in one version."""

    group: str
    version: str
    kind: str
    plural: str
    namespaced: bool
    short: tuple[str, ...] = ()
    counts: bool = False
    """Whether its objects have a generation."""
    subresources: tuple[str, ...] = ()
    is_custom: bool = False
    in_all: bool = False

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def resource(self) -> str:
        """`pods`, `deployments.apps`: the key of its objects in the store, and its name in messages."""
        return f"{self.plural}.{self.group}" if self.group else self.plural


# group/version kind plural short-names flags subresources. Flags: C cluster-wide, G has a generation, A in `all`.
_TABLE: Final = """
v1 Namespace namespaces ns C status,finalize
v1 Node nodes no C status
v1 PersistentVolume persistentvolumes pv C status
v1 Pod pods po GA status,log,exec,attach,portforward,eviction
v1 Service services svc A status
v1 ConfigMap configmaps cm - -
v1 Secret secrets - - -
v1 PersistentVolumeClaim persistentvolumeclaims pvc - status
v1 ServiceAccount serviceaccounts sa - -
v1 Event events ev - -
v1 Endpoints endpoints ep - -
v1 ResourceQuota resourcequotas quota - status
v1 LimitRange limitranges limits - -
v1 ReplicationController replicationcontrollers rc GA status,scale
v1 PodTemplate podtemplates - - -
apps/v1 Deployment deployments deploy GA status,scale
apps/v1 ReplicaSet replicasets rs GA status,scale
apps/v1 StatefulSet statefulsets sts GA status,scale
apps/v1 DaemonSet daemonsets ds GA status
apps/v1 ControllerRevision controllerrevisions - - -
batch/v1 Job jobs - GA status
batch/v1 CronJob cronjobs cj GA status
autoscaling/v2 HorizontalPodAutoscaler horizontalpodautoscalers hpa A status
networking.k8s.io/v1 Ingress ingresses ing G status
networking.k8s.io/v1 NetworkPolicy networkpolicies netpol G -
networking.k8s.io/v1 IngressClass ingressclasses - CG -
discovery.k8s.io/v1 EndpointSlice endpointslices - G -
policy/v1 PodDisruptionBudget poddisruptionbudgets pdb G status
storage.k8s.io/v1 StorageClass storageclasses sc C -
coordination.k8s.io/v1 Lease leases - - -
rbac.authorization.k8s.io/v1 Role roles - - -
rbac.authorization.k8s.io/v1 RoleBinding rolebindings - - -
rbac.authorization.k8s.io/v1 ClusterRole clusterroles - C -
rbac.authorization.k8s.io/v1 ClusterRoleBinding clusterrolebindings - C -
apiextensions.k8s.io/v1 CustomResourceDefinition customresourcedefinitions crd,crds CG status
"""


def _built_in() -> Iterator[Kind]:
    for line in _TABLE.strip().splitlines():
        api_version, kind, plural, short, flags, subresources = line.split()
        group, _, version = api_version.rpartition("/")
        shorts = () if short == "-" else tuple(short.split(","))
        subs = () if subresources == "-" else tuple(subresources.split(","))
        yield Kind(group, version, kind, plural, "C" not in flags, shorts, "G" in flags, subs, in_all="A" in flags)


BUILT_IN: Final = tuple(_built_in())
KIND: Final = {kind.kind: kind for kind in BUILT_IN}
"""The built-in ones by kind: their names are unique."""


def custom_kinds(definition: Obj) -> Iterator[Kind]:
    """What a CustomResourceDefinition adds."""
    spec = definition["spec"]
    names = spec["names"]
    for version in spec.get("versions") or []:
        if version.get("served"):
            subresources = tuple(sorted(set(version.get("subresources") or {}) & {"status", "scale"}))
            yield Kind(
                spec["group"],
                version["name"],
                names["kind"],
                names["plural"],
                spec.get("scope") == "Namespaced",
                tuple(names.get("shortNames") or ()),
                counts=True,
                subresources=subresources,
                is_custom=True,
            )


class Kinds:
    """All kinds at this moment."""

    def __init__(self) -> None:
        self._custom: dict[str, tuple[Kind, ...]] = {}

    def __iter__(self) -> Iterator[Kind]:
        yield from BUILT_IN
        for kinds in self._custom.values():
            yield from kinds

    def define(self, name: str, kinds: Iterable[Kind]) -> None:
        """Take what a definition of this name says now; nothing when it is gone."""
        self._custom = {key: value for key, value in self._custom.items() if key != name}
        if found := tuple(kinds):
            self._custom[name] = found

    def find(self, group: str, version: str, plural: str) -> Kind | None:
        for kind in self:
            if (kind.group, kind.version, kind.plural) == (group, version, plural):
                return kind
        return None

    def named(self, api_version: str, name: str) -> Kind | None:
        """By apiVersion and kind."""
        return next((kind for kind in self if (kind.api_version, kind.kind) == (api_version, name)), None)
