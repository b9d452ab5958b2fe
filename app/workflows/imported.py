"""Values of imported secrets: from the import session to the workflow, until a run has applied them.

In a graph a secret node only carries `_import {sessionId, nodeId}`. Whoever stores a graph (save, create, apply) lets
`claimed` take the marks of one's own sessions out and `keep` what they stand for; the deployer asks for `pending` and
says when they are `applied`. Never in a graph, an answer, an event or a log.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final, Protocol, cast

import structlog
from bson import ObjectId

from app.clock import Clock
from app.manifests.graph import Graph, Node
from app.storage.sealed import Sealer, UnreadableError
from app.workflows.pending_store import PendingStore
from app.workflows.plan import Given

log = structlog.get_logger(__name__)

MARK: Final = "_import"

SecretValues = Mapping[str, Mapping[str, str]]
"""By node id: the values of its keys."""


class SessionValues(Protocol):
    """The domain of imports, which is above this one."""

    def __call__(self, user_id: ObjectId, session_id: ObjectId) -> SecretValues | None:
        """The values in one's own session, by the ids that its analysis gave to nodes. `None`: no such session."""
        ...


@dataclass(frozen=True, slots=True)
class Pending:
    """Values that wait for a run."""

    node_id: str
    values: Mapping[str, str] = field(repr=False)
    mark: ObjectId


@dataclass(frozen=True, slots=True)
class ImportedSecrets:
    """Moves values from sessions to workflows and from there into runs.

    Args:
        values_of: asks the domain of imports.
        keep_for: how long values wait for a run.
    """

    store: PendingStore
    sealer: Sealer
    clock: Clock
    values_of: SessionValues
    keep_for: timedelta

    def claimed(self, user_id: ObjectId, graph: Graph) -> tuple[Graph, SecretValues]:
        """The graph without the marks of this user's sessions, and the values that they stood for, by node id."""
        sessions: dict[ObjectId, SecretValues | None] = {}
        values: dict[str, Mapping[str, str]] = {}
        nodes: list[Node] = []
        for node in graph.nodes:
            mark = _mark(node)
            if mark is not None and mark[0] not in sessions:
                sessions[mark[0]] = self.values_of(user_id, mark[0])
            found = None if mark is None else sessions[mark[0]]
            if mark is None or found is None:
                nodes.append(node)
                continue
            values[node["id"]] = _of_keys(node, found.get(mark[1], {}))
            data = {key: value for key, value in node["data"].items() if key != MARK}
            nodes.append(cast(Node, {**node, "data": data}))
        return Graph(nodes, graph.edges) if values else graph, values

    def keep(self, workflow_id: ObjectId, values: SecretValues) -> None:
        """Let them wait for a run of this workflow. To be called before the graph without the marks is stored."""
        sealed = {
            node_id: self.sealer.seal(dict(entries), context=_context(workflow_id, node_id))
            for node_id, entries in values.items()
            if entries
        }
        self.store.put(workflow_id, sealed, self.clock.now() + self.keep_for)

    def pending(self, workflow_id: ObjectId) -> list[Pending]:
        """What waits for a run; what can't be decrypted any more is as if it weren't there."""
        found = []
        for raw in self.store.of_workflow(workflow_id, now=self.clock.now()):
            try:
                values = self.sealer.open(bytes(raw["values"]), context=_context(workflow_id, raw["node_id"]))
            except UnreadableError:
                log.warning("pending_secret_unreadable", workflow_id=str(workflow_id))
                continue
            found.append(Pending(raw["node_id"], values, raw["mark"]))
        return found

    def applied(self, workflow_id: ObjectId, pending: Iterable[Pending], node_ids: frozenset[str]) -> None:
        """The cluster has these nodes' values now: erase what waited for them."""
        for entry in pending:
            if entry.node_id in node_ids:
                self.store.erase(workflow_id, entry.node_id, entry.mark)

    def forget(self, workflow_id: ObjectId) -> None:
        """The workflow is deleted."""
        self.store.erase_all(workflow_id)


def with_pending(given: Given, pending: Iterable[Pending]) -> Given:
    """A person's value for this run counts more than one that waits. A field that was left empty is no value."""
    secrets = {node_id: dict(values) for node_id, values in given.secrets.items()}
    for entry in pending:
        own = secrets.get(entry.node_id, {})
        secrets[entry.node_id] = {**own, **{key: own.get(key) or value for key, value in entry.values.items()}}
    return Given(secrets=secrets, env=given.env)


def _mark(node: Node) -> tuple[ObjectId, str] | None:
    """Session and node of a secret node's mark. Everything in it may be a stranger's."""
    mark = node["data"].get(MARK)
    if node["type"] != "secret" or not isinstance(mark, dict):
        return None
    session_id, node_id = mark.get("sessionId"), mark.get("nodeId")
    if not isinstance(session_id, str) or not isinstance(node_id, str) or not ObjectId.is_valid(session_id):
        return None
    return ObjectId(session_id), node_id


def _of_keys(node: Node, values: Mapping[str, str]) -> dict[str, str]:
    """Only of the keys that the node still has."""
    keys: Any = node["data"].get("keys")
    names = {entry.get("name") for entry in keys if isinstance(entry, dict)} if isinstance(keys, list) else set()
    return {key: value for key, value in values.items() if key in names}


def _context(workflow_id: ObjectId, node_id: str) -> str:
    return f"workflow:{workflow_id}:pending:{node_id}"
