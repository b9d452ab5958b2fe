"""An analysis becomes a workflow, or a part of one. Nothing that comes back from a browser is trusted.

Called by the routes. Nodes pass the same checks as a save; ids, names and places are settled by `compose/placing.py`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from bson import ObjectId

from app.compose.placing import Merged, OnConflict, merged
from app.errors import ConflictError, InvalidError, NotFoundError
from app.imports.models import ApplyImport, CreateFromImport
from app.imports.store import ImportStore
from app.imports.views import analysis_of
from app.manifests.catalogue import catalogue
from app.manifests.graph import Graph
from app.storage.documents import object_id
from app.workflows.imported import MARK, SecretValues
from app.workflows.models import CreateWorkflow, RawWorkflow
from app.workflows.sanitise import MAX_NODES, sanitised
from app.workflows.service import Change, Workflows

WARNINGS_AT_MOST: Final = 200
WARNING_LENGTH: Final = 1000
TYPES_AT_MOST: Final = 10
TYPE_LENGTH: Final = 40
NOTHING: Final = "There is nothing to import: the analysis has no nodes"


@dataclass(frozen=True, slots=True)
class Imported:
    """For whoever wants to know that something was imported."""

    workflow: RawWorkflow
    nodes: int
    warnings: Sequence[str]


@dataclass(frozen=True, slots=True)
class Applied:
    """A workflow with what was put into it."""

    workflow: RawWorkflow
    renamed: Sequence[Mapping[str, str]]
    skipped: Sequence[Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Placements:
    """Create a workflow from an import, or put it into one.

    Args:
        on_imported: called after the write.
    """

    workflows: Workflows
    store: ImportStore
    on_imported: Sequence[Callable[[Imported], None]]

    def create(self, user_id: ObjectId, body: CreateFromImport) -> RawWorkflow:
        """A draft with the analysis' nodes.

        Raises:
            InvalidError: `Cluster not found`, or the nodes can't be taken; `details` says why.
            NotFoundError: the session that is named isn't one's own.
            ConflictError: names clash, and `onConflict` is fail.
        """
        analysis = body.analysis
        named = object_id(body.session_id, "session") if body.session_id else _session_of(analysis)
        new, values = self._claimed(
            user_id, analysis.get("suggestedNodes"), analysis.get("suggestedEdges"), analysis.get("layoutPositions")
        )
        placed = _merged(Graph(), new, body.on_conflict)
        types = _types(analysis.get("detectedType"))
        about = {"detectedType": ", ".join(types), "warnings": _warnings(analysis.get("warnings"))}
        fields = {
            "tags": list(dict.fromkeys(["imported", *types])),
            "import": about | self._origin(user_id, named, must_exist=bool(body.session_id)),
        }
        about_it = CreateWorkflow(
            name=body.name,
            description=body.description or f"Imported from {', '.join(types) or 'a file'}",
            cluster_id=body.cluster_id,
        )
        change = Change(placed.graph, fields, placed.secret_values(values))
        workflow = self.workflows.create_with(user_id, about_it, change)
        self._tell(Imported(workflow, len(new.nodes), about["warnings"]))
        return workflow

    def apply(self, user_id: ObjectId, body: ApplyImport) -> Applied:
        """Put nodes beside those that a workflow has; one conditional write, tried again.

        Raises:
            NotFoundError: there is no such workflow, or it isn't this user's.
            ConflictError: it is archived, or names clash and `onConflict` is fail.
            InvalidError: the nodes can't be taken; `details` says why.
        """
        workflow_id = object_id(body.workflow_id, "workflow")
        new, values = self._claimed(user_id, body.nodes, body.edges, body.positions)
        origin = self._origin(user_id, _session_of({"suggestedNodes": body.nodes}))
        warnings = self._warnings_of(user_id, origin)
        placed: list[Merged] = []

        def change(workflow: RawWorkflow) -> Change:
            if workflow["status"] == "archived":
                raise ConflictError("The workflow is archived: make it a draft again, then import")
            placed[:] = [_merged(Graph(workflow["nodes"], workflow["edges"]), new, body.on_conflict)]
            fields = {"import": origin | {"warnings": warnings}} if origin else {}
            return Change(placed[0].graph, fields, placed[0].secret_values(values))

        workflow = self.workflows.rewrite(user_id, workflow_id, change)
        self._tell(Imported(workflow, len(new.nodes), warnings))
        return Applied(workflow, placed[0].renamed, placed[0].skipped)

    def _claimed(self, user_id: ObjectId, nodes: Any, edges: Any, positions: Any) -> tuple[Graph, SecretValues]:
        """The checked graph without its marks, and the values of one's own sessions."""
        if not nodes:
            raise InvalidError(NOTHING)
        graph = sanitised(_placed(nodes, positions), edges)
        problems = {}
        for i, node in enumerate(graph.nodes):
            try:
                catalogue().of_node(node["type"], node["data"].get("templateId"))
            except InvalidError as error:
                problems[f"nodes[{i}].type"] = error.message
        if problems:
            place, text = next(iter(problems.items()))
            raise InvalidError(f"{place}: {text}", problems)
        return self.workflows.imported.claimed(user_id, graph)

    def _origin(self, user_id: ObjectId, session_id: ObjectId | None, *, must_exist: bool = False) -> dict[str, Any]:
        """Which session it came from, if it is one's own and still there. Raises NotFoundError when it must be."""
        if session_id is None:
            return {}
        try:
            session = self.store.get(session_id, user_id=user_id)
        except NotFoundError:
            if must_exist:
                raise
            return {}
        return {"sessionId": str(session["_id"]), "source": session["source"]}

    def _warnings_of(self, user_id: ObjectId, origin: dict[str, Any]) -> list[str]:
        """Those of its analysis; `origin` learns what was detected."""
        if not origin:
            return []
        analysis = analysis_of(self.store.get(ObjectId(origin["sessionId"]), user_id=user_id)) or {}
        origin["detectedType"] = analysis.get("detectedType", "")
        return _warnings(analysis.get("warnings"))

    def _tell(self, imported: Imported) -> None:
        for listener in self.on_imported:
            listener(imported)


def _merged(existing: Graph, new: Graph, on_conflict: OnConflict) -> Merged:
    found = merged(existing, new.nodes, new.edges, {}, on_conflict)
    if len(found.graph.nodes) > MAX_NODES:
        raise InvalidError(f"That would make {len(found.graph.nodes)} nodes: a workflow takes at most {MAX_NODES}")
    return found


def _placed(nodes: Any, positions: Any) -> Any:
    """Nodes where `positions` has them: these win over the nodes' own. Checked afterwards, with the nodes."""
    if not isinstance(nodes, list) or not isinstance(positions, dict):
        return nodes
    return [
        {**node, "position": positions[node["id"]]}
        if isinstance(node, dict) and isinstance(node.get("id"), str) and node["id"] in positions
        else node
        for node in nodes
    ]


def _types(value: Any) -> list[str]:
    """`docker-compose, nixpacks` as the UI joins them; each once."""
    parts = str(value).split(",") if isinstance(value, str) else []
    found = [part.strip() for part in parts if part.strip() and len(part) <= TYPE_LENGTH and part.isprintable()]
    return list(dict.fromkeys(found))[:TYPES_AT_MOST]


def _warnings(value: Any) -> list[str]:
    found = [text[:WARNING_LENGTH] for text in value if isinstance(text, str)] if isinstance(value, list) else []
    return [text for text in found if _storable(text)][:WARNINGS_AT_MOST]


def _storable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _session_of(analysis: Mapping[str, Any]) -> ObjectId | None:
    """The session that a node's mark names."""
    nodes = analysis.get("suggestedNodes")
    for node in nodes if isinstance(nodes, list) else ():
        data = node.get("data") if isinstance(node, dict) else None
        mark = data.get(MARK) if isinstance(data, dict) else None
        session_id = mark.get("sessionId") if isinstance(mark, dict) else None
        if isinstance(session_id, str) and ObjectId.is_valid(session_id):
            return ObjectId(session_id)
    return None
