"""What is watched in each cluster: our labelled objects, and the kinds that say something about them."""

from typing import Final, NamedTuple

from app.kube.objects import KNOWN, Resource
from app.manifests.labels import WORKFLOW

LABELLED: Final = WORKFLOW
"""A label selector: the label exists. All that a node makes has it, pods by template, slices by their Service."""


class WatchedKind(NamedTuple):
    """One list + watch."""

    resource: Resource
    metadata_only: bool = False
    """No content: values never reach us, and it costs a fraction."""
    field_selector: str | None = None


WATCHED: Final = (
    *(
        WatchedKind(KNOWN[key])
        for key in (
            ("apps/v1", "Deployment"),
            ("apps/v1", "StatefulSet"),
            ("apps/v1", "DaemonSet"),
            ("batch/v1", "Job"),
            ("batch/v1", "CronJob"),
            ("v1", "Service"),
            ("v1", "PersistentVolumeClaim"),
            ("networking.k8s.io/v1", "Ingress"),
            ("networking.k8s.io/v1", "NetworkPolicy"),
            ("autoscaling/v2", "HorizontalPodAutoscaler"),
            ("discovery.k8s.io/v1", "EndpointSlice"),
            ("v1", "Pod"),
        )
    ),
    WatchedKind(KNOWN["apps/v1", "ReplicaSet"], metadata_only=True),
    WatchedKind(KNOWN["v1", "ConfigMap"], metadata_only=True),
    WatchedKind(KNOWN["v1", "Secret"], metadata_only=True, field_selector="type!=helm.sh/release.v1"),
)
