"""Files → what an import would make of them, by `app/compose/`. No store, no network; bounded in time and memory.

Called by uploads (on a thread of their own), by the job of a repository and when other options are chosen.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from bson import ObjectId

from app.compose.choices import RepositoryFacts
from app.compose.detection import Analysed, analysed
from app.compose.findings import refused
from app.compose.nixpacks import Nixpacks
from app.compose.options import Options, options_of
from app.compose.placing import merged
from app.errors import InvalidError
from app.manifests.graph import Graph
from app.manifests.names import dns_label
from app.manifests.problems import Problems
from app.workflows.imported import MARK


@dataclass(frozen=True, slots=True)
class Analyzer:
    """Analyses with the installation's defaults.

    Args:
        defaults: what is taken where nothing is chosen.
        max_services: of one import.
        nixpacks: looks at projects that have neither a Compose file nor a Dockerfile.
    """

    defaults: Options
    max_services: int
    nixpacks: Nixpacks

    def options(self, value: object, namespace: str = "", path: str = "") -> Options:
        """A request's options. Raises InvalidError with `details` by field."""
        problems = Problems()
        space = dns_label(namespace, problems.at("namespace")) if namespace else None
        if problems.by_field:
            raise InvalidError(f"namespace: {problems.by_field['namespace']}", problems.by_field)
        chosen = replace(options_of(value, self.defaults), namespace=space)
        if path and not chosen.path:
            chosen = replace(chosen, path=options_of({"path": path}).path)
        return chosen

    def analyse(
        self,
        session_id: ObjectId,
        files: Mapping[str, bytes],
        options: Options,
        repository: RepositoryFacts | None = None,
        existing: Graph | None = None,
    ) -> Analysed:
        """The analysis; each secret node says where its values are, which the UI hands back untouched.

        Args:
            files: of an upload, its main file first; of a repository; or what an earlier analysis has kept.
            existing: the graph whose names are avoided.

        Raises:
            InvalidError: nothing can be made of them; `extra["code"]` says why.
        """
        found = analysed(files, options, repository, nixpacks=self.nixpacks)
        services = len(found.analysis["services"])
        if services > self.max_services:
            text = f"there are {services} services: at most {self.max_services} can be imported at once"
            raise refused("LIMIT_EXCEEDED", text)
        if existing is not None and existing.nodes:
            found = avoiding(found, existing)
        for node in found.analysis["suggestedNodes"]:
            if node["id"] in found.secret_values:
                node["data"][MARK] = {"sessionId": str(session_id), "nodeId": node["id"]}
        return found


def avoiding(found: Analysed, existing: Graph) -> Analysed:
    """The analysis with other names where a workflow has them already; ids and places stay. Pure."""
    analysis = found.analysis
    nodes, edges = analysis["suggestedNodes"], analysis["suggestedEdges"]
    beside = merged(existing, nodes, edges, {})
    by_id = {node["id"]: node for node in beside.graph.nodes}
    renamed = [by_id[node["id"]] | {"position": node["position"]} for node in nodes]
    remarks = [_renamed(change) for change in beside.renamed]
    changed = {"suggestedNodes": renamed, "findings": [*analysis.get("findings", ()), *remarks]}
    return replace(found, analysis={**analysis, **changed}, secret_values=beside.secret_values(found.secret_values))


def _renamed(change: Mapping[str, str]) -> dict[str, Any]:
    message = f"{change['from']} is called {change['to']}: the workflow has that name already"
    return {"level": "info", "code": "RENAMED", "message": message}
