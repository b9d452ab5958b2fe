"""Publish each change of a cluster's status. What is published is stored already; a lost event costs one look-up."""

from collections.abc import Callable
from typing import Any

from app.clusters.health import StatusChange
from app.events.bus import EventBus
from app.events.message import Event


def publisher(bus: EventBus) -> Callable[[StatusChange], None]:
    """For `ClusterHealth.on_changed`: `cluster_status` on the channel `cluster:<id>`."""

    def publish(change: StatusChange) -> None:
        bus.publish(f"cluster:{change.cluster.id}", [Event("cluster_status", as_event(change))])

    return publish


def as_event(change: StatusChange) -> dict[str, Any]:
    cluster = change.cluster
    return {
        "id": cluster.id,
        "name": cluster.name,
        "status": cluster.status,
        "previous": change.previous,
        "reason": cluster.status_reason,
        "message": cluster.status_message,
        "lastCheck": cluster.last_check,
    }
