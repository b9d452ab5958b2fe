"""Builders for the workflows domain: a cluster in the store that nobody calls, workflows of it, runs of them."""

from collections.abc import Sequence
from typing import Any

from bson import ObjectId

from app.bootstrap import Services
from app.clusters.models import Cluster, Entry
from app.manifests.graph import Edge, Node
from app.workflows.models import CreateWorkflow, Run, SaveWorkflow, TriggerData
from tests.nodes import a_node


def a_cluster(services: Services, user_id: ObjectId, name: str = "prod", **fields: Any) -> Cluster:
    """In the store; its server doesn't exist."""
    now = services.clock.now()
    values = {"server": "https://cluster.example.com", "auth_type": "token", "status": "connected"}
    cluster = Cluster(_id=ObjectId(), user_id=user_id, name=name, created_at=now, updated_at=now, **(values | fields))
    entry = Entry(
        id=ObjectId(),
        user_id=user_id,
        cluster_id=cluster.id,
        cluster_name=name,
        role="owner",
        granted_by=user_id,
        granted_at=now,
    )
    services.clusters.access.reserve(entry)
    services.clusters.store.insert(cluster, b"")
    services.clusters.access.settle(entry.id)
    return cluster


def a_workflow(
    services: Services,
    user_id: ObjectId,
    nodes: Sequence[Node] = (),
    edges: Sequence[Edge] = (),
    *,
    cluster: str = "prod",
    published: bool = True,
) -> ObjectId:
    """With this graph, a configmap when none is given; its id."""
    created = services.workflows.create(user_id, CreateWorkflow(name="shop", cluster_id=cluster))
    workflow_id: ObjectId = created["_id"]
    graph = SaveWorkflow(nodes=list(nodes or [a_node("configmap", "c", data={"a": "1"})]), edges=list(edges))
    services.workflows.save(user_id, workflow_id, graph)
    if published:
        services.workflows.change_status(user_id, workflow_id, "published")
    return workflow_id


def a_run(services: Services, user_id: ObjectId, workflow_id: ObjectId, **values: Any) -> Run:
    """Queued."""
    return services.runs.start(user_id, workflow_id, TriggerData.model_validate(values))
