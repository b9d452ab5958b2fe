"""All queries on `workflow_states`: one document a workflow, written by worker and watcher, read with the workflow.

`{_id: <workflow id>, cluster_id, rev, run_fence, watch_fences {<shard>}, run {...}, nodes {<escaped id>: {type, apply,
live}}}`. Every write is conditional on the rev and the fences that were read and raises the rev by one, so whoever
writes has seen all that was written before, and a fence that is higher than one's own.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from bson import ObjectId
from pymongo import IndexModel
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from app.storage.mongo import Indexes
from app.workflows.known_states import KnownStates
from app.workflows.merge import escaped, merged_status, unescaped

INDEXES: Final[Indexes] = {"workflow_states": [IndexModel([("cluster_id", 1)], name="cluster")]}

IDS_A_QUERY: Final = 50
"""The embedded store takes quadratic time for `$in`: 5,000 ids at once block it for 37 s."""

ATTEMPTS: Final = 50
"""Each lost race means that somebody else's write went through; two writers never need more than a few."""

AS_READ: Final = ("rev", "cluster_id", "run_fence", "watch_fences")
"""What must be in the document still for a write to count. The fences are not in `rev`: `fence_off` raises none, and a
write from before it must not lower them. They also tell a document from one that was deleted and made again."""


@dataclass(frozen=True, slots=True)
class Changes:
    """What one flush writes."""

    run: Mapping[str, Any] = field(default_factory=dict)
    """Fields of `run` to set."""
    apply: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """By node id: `{state, message}`. The worker's half."""
    live: Mapping[str, Mapping[str, Any] | None] = field(default_factory=dict)
    """By node id: the cluster's half; None: nothing is known any more. The watcher's."""


@dataclass(frozen=True, slots=True)
class Written:
    """A write that went through."""

    states: Mapping[str, Any]
    """The document as it is now."""
    changed: frozenset[str]
    """Ids of the nodes whose `_status` differs from before."""

    @property
    def rev(self) -> int:
        return int(self.states["rev"])


class StateStore:
    """All queries on `workflow_states`."""

    def __init__(self, db: Database[dict[str, Any]]) -> None:
        self._states = db["workflow_states"]
        self._known = KnownStates()

    def find(self, workflow_id: ObjectId) -> Mapping[str, Any] | None:
        return self._states.find_one({"_id": workflow_id})

    def revs(self, workflow_ids: Collection[str]) -> dict[str, int | None]:
        """The revs of many workflows, by their ids as text; what has no states is left out."""
        ids = [ObjectId(each) for each in workflow_ids]
        found: dict[str, int | None] = {}
        for start in range(0, len(ids), IDS_A_QUERY):
            some = {"_id": {"$in": ids[start : start + IDS_A_QUERY]}}
            found |= {str(states["_id"]): int(states["rev"]) for states in self._states.find(some, {"rev": 1})}
        return found

    def begin_run(
        self,
        workflow_id: ObjectId,
        *,
        cluster_id: ObjectId,
        fence: int,
        run: Mapping[str, Any],
        types: Mapping[str, str],
    ) -> Written | None:
        """Start showing a run: nodes that are gone leave, all others wait to be applied.

        Live states stay while the cluster is the same, and so does what a dead owner of the same run had applied.
        `None`: a newer owner has the workflow.
        """

        def change(states: Mapping[str, Any]) -> dict[str, Any] | None:
            if states.get("run_fence", 0) > fence:
                return None
            same = states.get("cluster_id") == cluster_id
            before = states.get("nodes", {}) if same else {}
            resumed = (states.get("run") or {}).get("id") == run["id"]
            nodes = {}
            for node_id, type_ in types.items():
                known = before.get(escaped(node_id), {})
                kept = {
                    half: known[half] for half in ("live", "apply") if known.get(half) and (half == "live" or resumed)
                }
                nodes[escaped(node_id)] = {"type": type_, "apply": {"state": "pending"}, **kept}
            new = {"cluster_id": cluster_id, "run_fence": fence, "run": dict(run), "nodes": nodes}
            return new if same else {**new, "watch_fences": {}}

        return self._write(workflow_id, change, create=True)

    def write_run(self, workflow_id: ObjectId, *, fence: int, changes: Changes) -> Written | None:
        """The worker's write. `None`: a newer owner has the workflow, or the states are gone."""

        def change(states: Mapping[str, Any]) -> dict[str, Any] | None:
            return _applied(states, changes) if states.get("run_fence", 0) == fence else None

        return self._write(workflow_id, change)

    def write_live(
        self,
        workflow_id: ObjectId,
        *,
        cluster_id: ObjectId,
        shard: str,
        fence: int,
        changes_of: Callable[[Mapping[str, Any]], Changes],
    ) -> Written | None:
        """The watcher's write. `None`: the shard has a newer owner, or the workflow runs elsewhere now.

        Args:
            changes_of: what to write, given the states as they are.
        """

        def change(states: Mapping[str, Any]) -> dict[str, Any] | None:
            fences = states.get("watch_fences", {})
            if states.get("cluster_id") != cluster_id or fences.get(shard, 0) > fence:
                return None
            changes = changes_of(states)
            if not changes.live:
                return {}
            return {**_applied(states, changes), "watch_fences": {**fences, shard: fence}}

        return self._write(workflow_id, change)

    def fence_off(self, cluster_id: ObjectId, *, shard: str, fence: int) -> None:
        """Before the new owner of a shard reads anything: whatever the one before still sends has no effect.

        Raises no rev: there is nothing to see. The shard's fence is in the filter of every write of a watcher.
        """
        path = f"watch_fences.{shard}"
        for older in ({path: {"$lt": fence}}, {path: None}):
            self._states.update_many({"cluster_id": cluster_id, **older}, {"$set": {path: fence}})

    def shown_runs(self, cluster_id: ObjectId) -> dict[ObjectId, ObjectId | None]:
        """Workflow → the run whose states are shown, of all workflows on a cluster."""
        found = self._states.find({"cluster_id": cluster_id}, {"run.id": 1})
        return {states["_id"]: (states.get("run") or {}).get("id") for states in found}

    def clear(self, workflow_id: ObjectId, *, fence: int, run: Mapping[str, Any]) -> Written | None:
        """Nothing of it is in the cluster any more (archived, deleted). `None`: a newer owner has it."""

        def change(states: Mapping[str, Any]) -> dict[str, Any] | None:
            if states.get("run_fence", 0) > fence:
                return None
            return {"run_fence": fence, "run": {**states.get("run", {}), **run}, "nodes": {}}

        return self._write(workflow_id, change)

    def delete(self, workflow_id: ObjectId) -> None:
        """The workflow is gone for good."""
        self._states.delete_one({"_id": workflow_id})

    def note_end(self, workflow_id: ObjectId, run: Mapping[str, Any]) -> Written | None:
        """The run has ended: what it didn't get to stays undone. `None`: a newer run is shown.

        Needs no fence: an ended run writes nothing more, and a newer one has a higher version. `end_rev` tells which
        viewers have heard of it.
        """

        def change(states: Mapping[str, Any]) -> dict[str, Any] | None:
            shown = states.get("run") or {}
            if shown.get("version", 0) > run["version"]:
                return None
            if shown.get("id") == run["id"] and "end_rev" in shown:
                return {}  # done before
            ended = {**run, "end_rev": states.get("rev", 0) + 1}
            if shown.get("id") != run["id"]:
                return {"run": ended}
            nodes = {key: _ended(node) for key, node in states.get("nodes", {}).items()}
            return {"run": {**shown, **ended}, "nodes": nodes}

        return self._write(workflow_id, change, create=True)

    def on_cluster(self, cluster_id: ObjectId) -> Sequence[Mapping[str, Any]]:
        """The states of all workflows whose objects are in this cluster."""
        return list(self._states.find({"cluster_id": cluster_id}))

    def _write(
        self,
        workflow_id: ObjectId,
        change: Callable[[Mapping[str, Any]], dict[str, Any] | None],
        *,
        create: bool = False,
    ) -> Written | None:
        known, raced = self._known.take(workflow_id), False
        if known is not None and (after := _after(known, change(known))):
            if self._replaced(known, after):
                return self._written(known, after)
            raced = True
        for _ in range(ATTEMPTS):
            states = self.find(workflow_id)
            if states is None and not create:
                return None
            before: Mapping[str, Any] = states or {"_id": workflow_id, "rev": 0}
            fields = change(before)
            if fields is None:
                return None
            after = _after(before, fields)
            if after is None:
                return Written(before, frozenset())
            if self._inserted(after) if states is None else self._replaced(before, after):
                return self._written(before, after, raced=raced)
            raced = True
        raise RuntimeError(f"{ATTEMPTS} writes in a row lost their race: is a writer looping?")

    def _written(self, before: Mapping[str, Any], after: dict[str, Any], *, raced: bool = False) -> Written:
        # Whoever writes beside another is quicker by reading first: what it knows is old by then.
        if not raced:
            self._known.keep(after["_id"], after)
        return Written(after, _changed(before, after))

    def _inserted(self, states: dict[str, Any]) -> bool:
        try:
            self._states.insert_one(states)
        except DuplicateKeyError:
            return False
        return True

    def _replaced(self, before: Mapping[str, Any], after: dict[str, Any]) -> bool:
        same = {"_id": before["_id"], **{field: before.get(field) for field in AS_READ}}
        return self._states.replace_one(same, after).modified_count == 1


def _after(before: Mapping[str, Any], fields: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """The document to write. `None`: nothing to write."""
    if fields is None or {**before, **fields} == before:
        return None
    return {**before, **fields, "rev": before["rev"] + 1}


def _applied(states: Mapping[str, Any], changes: Changes) -> dict[str, Any]:
    nodes = dict(states.get("nodes", {}))
    for half, by_node in (("apply", changes.apply), ("live", changes.live)):
        for node_id, value in by_node.items():
            if (node := nodes.get(escaped(node_id))) is not None:
                rest = {key: kept for key, kept in node.items() if key != half}
                nodes[escaped(node_id)] = rest if value is None else {**rest, half: dict(value)}
    return {"nodes": nodes, "run": {**states.get("run", {}), **changes.run}}


def _ended(node: Mapping[str, Any]) -> Mapping[str, Any]:
    apply = node.get("apply") or {}
    return {**node, "apply": {"state": "cancelled"}} if apply.get("state") == "pending" else node


def _changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> frozenset[str]:
    old, new = before.get("nodes", {}), after.get("nodes", {})
    return frozenset(
        unescaped(key)
        for key, node in new.items()
        if node is not old.get(key) and (key not in old or merged_status(node) != merged_status(old[key]))
    )
