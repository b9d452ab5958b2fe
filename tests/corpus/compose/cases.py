"""The corpus as cases: files, options, what is expected."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import yaml

from app.compose.choices import ImageFacts, RepositoryFacts, ServiceChoice, VolumeChoice
from app.compose.converting import Conversion, convert
from app.compose.findings import Findings
from app.compose.options import Options
from app.compose.project import Project
from app.compose.reading import read_project

ROOT: Final = Path(__file__).parent
_MAIN: Final = (
    "compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml", "docker-stack.yml",
)  # fmt: skip
_NOT_PART: Final = frozenset({"expected.json", "case.yaml"})


@dataclass(frozen=True)
class Case:
    """One project of the corpus."""

    folder: Path

    @property
    def name(self) -> str:
        return self.folder.name

    @cached_property
    def about(self) -> Mapping[str, Any]:
        """`case.yaml`, if there is one."""
        file = self.folder / "case.yaml"
        return yaml.safe_load(file.read_text()) or {} if file.exists() else {}

    @cached_property
    def files(self) -> dict[str, bytes]:
        found = {path.relative_to(self.folder).as_posix(): path for path in sorted(self.folder.rglob("*"))}
        return {name: path.read_bytes() for name, path in found.items() if path.is_file() and name not in _NOT_PART}

    @property
    def names(self) -> Sequence[str]:
        return self.about.get("names") or [next(name for name in _MAIN if name in self.files)]

    @property
    def env(self) -> Mapping[str, str]:
        return self.about.get("env") or {}

    @property
    def profiles(self) -> Sequence[str]:
        return self.about.get("profiles") or ()

    @property
    def oracle(self) -> str | None:
        """Why Compose sees it otherwise."""
        return self.about.get("oracle")

    @cached_property
    def options(self) -> Options:
        given = dict(self.about.get("options") or {})
        given["services"] = {name: _choice(one) for name, one in (given.get("services") or {}).items()}
        given["volumes"] = {name: VolumeChoice(**one) for name, one in (given.get("volumes") or {}).items()}
        given["image_facts"] = {name: ImageFacts(**one) for name, one in (given.get("image_facts") or {}).items()}
        if "repository" in given:
            given["repository"] = RepositoryFacts(**given["repository"])
        return Options(**given)

    def read(self, findings: Findings | None = None) -> Project:
        return read_project(self.files, self.names, env=self.env, profiles=self.profiles, findings=findings)

    def converted(self) -> Conversion:
        findings = Findings()
        return convert(self.read(findings), self.options, findings)


def _choice(given: Mapping[str, Any]) -> ServiceChoice:
    sets = {key: frozenset(given[key]) for key in ("secret_keys", "plain_keys") if key in given}
    return ServiceChoice(**{**given, **sets})


def all_cases() -> list[Case]:
    """By name."""
    return [Case(folder) for folder in sorted(ROOT.iterdir()) if folder.is_dir() and folder.name != "__pycache__"]


def expectation(conversion: Conversion) -> dict[str, Any]:
    """The graph in words: references by type and name instead of ids, without places; and the findings."""
    titles = {node["id"]: f"{node['type']}/{node['data']['name']}" for node in conversion.graph.nodes}
    paths = {
        path["id"]: f"path {path['path']}"
        for node in conversion.graph.nodes
        for path in node["data"].get("paths") or ()
    }
    known = titles | paths

    def named(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: named(part) for key, part in value.items() if key != "id" or part in known}
        if isinstance(value, list):
            return [named(part) for part in value]
        return known.get(value, value) if isinstance(value, str) else value

    return {
        "nodes": [
            {"node": titles[node["id"]], **named({k: v for k, v in node["data"].items() if k not in _SHOWN_BY_TITLE})}
            for node in conversion.graph.nodes
        ],
        "edges": [
            f"{titles[edge['source']]} → {titles[edge['target']]}"
            + (f" ({known.get(handle, 'a rule or output')})" if (handle := edge.get("sourceHandle")) else "")
            for edge in conversion.graph.edges
        ],
        "findings": [f"{finding.level} {finding.code} {finding}" for finding in conversion.findings],
    }


_SHOWN_BY_TITLE: Final = frozenset({"id", "name", "templateId", "enableServiceLinks"})
