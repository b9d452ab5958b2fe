"""Builders: Compose files as text → projects and conversions."""

from collections.abc import Mapping, Sequence
from typing import Any

from app.compose.converting import Conversion, convert
from app.compose.findings import Findings
from app.compose.options import Options
from app.compose.project import Project
from app.compose.reading import read_project


def a_project(files: str | Mapping[str, str], *names: str, findings: Findings | None = None, **how: Any) -> Project:
    """Read a file's text, or several by name; the first one is the Compose file unless named."""
    given = {"compose.yaml": files} if isinstance(files, str) else files
    content = {name: text.encode() for name, text in given.items()}
    return read_project(content, names or [next(iter(given))], findings=findings, **how)


def a_conversion(
    files: str | Mapping[str, str], *names: str, options: Options | None = None, profiles: Sequence[str] = ()
) -> Conversion:
    """Read and convert."""
    findings = Findings()
    return convert(a_project(files, *names, findings=findings, profiles=profiles), options, findings)


def data_of(conversion: Conversion, title: str) -> dict[str, Any]:
    """The data of a node, by `type/name`."""
    kind, _, name = title.partition("/")
    found = [n["data"] for n in conversion.graph.nodes if n["type"] == kind and n["data"]["name"] == name]
    assert len(found) == 1, [f"{node['type']}/{node['data']['name']}" for node in conversion.graph.nodes]
    return found[0]


def titles(conversion: Conversion) -> set[str]:
    """All nodes as `type/name`."""
    return {f"{node['type']}/{node['data']['name']}" for node in conversion.graph.nodes}


def edges_of(conversion: Conversion) -> set[tuple[str, str]]:
    """All edges between `type/name`s."""
    names = {node["id"]: f"{node['type']}/{node['data']['name']}" for node in conversion.graph.nodes}
    return {(names[edge["source"]], names[edge["target"]]) for edge in conversion.graph.edges}


def said(conversion: Conversion, *, level: str | None = None) -> list[str]:
    """The findings in words."""
    return [str(finding) for finding in conversion.findings if level in (None, finding.level)]
