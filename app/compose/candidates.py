"""What in a repository could be deployed: every candidate, the best first. Pure but for reading the given files.

Compose files come before Dockerfiles, those before plain manifests, those before what Nixpacks makes of a folder; of
one kind the shallowest comes first. Folders of examples, tests and documentation come last, whatever they hold.
"""

import posixpath
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from app.compose.files import MAX_FILE_BYTES, Tree, files_under

Found = Literal["compose", "dockerfile", "manifests", "nixpacks", "helm", "kustomize"]

COMPOSE_NAMES: Final = ("compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml")
_OVERRIDE: Final = re.compile(r"(?:docker-)?compose[.-][\w.-]*\.ya?ml", re.IGNORECASE)
_DEEPEST: Final = 3
_ORDER: Final[Sequence[Found]] = ("compose", "dockerfile", "manifests", "nixpacks", "helm", "kustomize")
_SIDELINED: Final = frozenset({"example", "examples", "sample", "samples", "test", "tests", "docs", "doc", "e2e"})
_SKIPPED: Final = frozenset({"node_modules", "vendor", "dist", "target", "venv"})
_PROJECTS: Final = frozenset(
    {
        "package.json", "requirements.txt", "pyproject.toml", "Pipfile", "main.py", "manage.py", "go.mod", "main.go",
        "Cargo.toml", "Gemfile", "composer.json", "index.php", "pom.xml", "build.gradle", "build.gradle.kts",
        "index.html", "Staticfile", "mix.exs", "deno.json", "nixpacks.toml", "Procfile", "pubspec.yaml", "build.sbt",
    }
)  # fmt: skip
_MANIFEST: Final = re.compile(rb"(?m)^[\s{]*\"?apiVersion\"?\s*:")
_KIND: Final = re.compile(rb"(?:^|[\s{,])\"?kind\"?\s*:")
_MOST_READ: Final = 200  # YAML files that are looked into
_MOST_LISTED: Final = 100


@dataclass(frozen=True, slots=True)
class Candidate:
    """One thing that could be imported."""

    path: str
    """A Compose file or Dockerfile; a folder for everything else."""
    kind: Found
    usable: bool = True
    """False for what is only named: overrides, charts, kustomizations."""

    @property
    def folder(self) -> str:
        """Where it is."""
        return (posixpath.dirname(self.path) or ".") if self.kind in ("compose", "dockerfile") else self.path


def candidates(files: Mapping[str, bytes], start: str = "") -> list[Candidate]:
    """Everything up to three levels below a folder, the best first.

    Args:
        files: of the repository.
        start: the folder to look in; the root unless given.
    """
    base = posixpath.normpath(start) if start else "."
    names = [name for name in files_under(files, base) if _is_looked_at(name, base)]
    charts = {posixpath.dirname(name) or "." for name in names if posixpath.basename(name) == "Chart.yaml"}
    found = [Candidate(chart, "helm", usable=False) for chart in charts]
    project_folders: dict[str, None] = {}
    for name in names:
        last, folder = posixpath.basename(name), posixpath.dirname(name) or "."
        if _in_chart(name, charts):
            continue
        if last in COMPOSE_NAMES or _OVERRIDE.fullmatch(last):
            found.append(Candidate(name, "compose", usable=last in COMPOSE_NAMES))
        elif last == "Dockerfile":
            found.append(Candidate(name, "dockerfile"))
        elif last in ("kustomization.yaml", "kustomization.yml"):
            found.append(Candidate(folder, "kustomize", usable=False))
        elif last in _PROJECTS or last.endswith((".csproj", ".fsproj")):
            project_folders[folder] = None
    found += [Candidate(folder, "manifests") for folder in _manifest_folders(files, names, charts, base)]
    found += [Candidate(folder, "nixpacks") for folder in project_folders]
    return sorted(found, key=lambda one: _rank(one, base))[:_MOST_LISTED]


def given_files(files: Mapping[str, bytes]) -> list[Candidate]:
    """The files of an upload that could be imported, each for itself."""
    found = []
    for name in files_under(files, "."):
        last = posixpath.basename(name)
        if last in COMPOSE_NAMES or _OVERRIDE.fullmatch(last):
            found.append(Candidate(name, "compose", usable=last in COMPOSE_NAMES))
        elif _is_manifest(files, name):
            found.append(Candidate(name, "manifests"))
    return found[:_MOST_LISTED]


def manifest_files(files: Mapping[str, bytes], folder: str) -> list[str]:
    """The files of a folder, and below, that hold plain manifests; those of a chart or overlay aren't among them."""
    names = [name for name in files_under(files, folder) if _is_looked_at(name, folder)]
    others = {
        posixpath.dirname(name) or "."
        for name in names
        if posixpath.basename(name) in ("Chart.yaml", "kustomization.yaml", "kustomization.yml")
    } - {posixpath.normpath(folder)}
    found = [name for name in names if not any(_is_below(name, other) for other in others)]
    return [name for name in found if _is_manifest(files, name)][:_MOST_READ]


def looks_like_manifest(content: bytes) -> bool:
    """Has it an apiVersion and a kind?"""
    return _MANIFEST.search(content) is not None and _KIND.search(content) is not None


def _rank(one: Candidate, base: str) -> tuple[bool, bool, int, int, int, str]:
    parts = [] if one.folder == base else posixpath.relpath(one.folder, base).split("/")
    name = posixpath.basename(one.path)
    first = COMPOSE_NAMES.index(name) if name in COMPOSE_NAMES else len(COMPOSE_NAMES)
    aside = any(part.lower() in _SIDELINED for part in parts)
    return not one.usable, aside, _ORDER.index(one.kind), len(parts), first, one.path


def _is_looked_at(name: str, base: str) -> bool:
    parts = posixpath.relpath(name, base).split("/")
    folders = parts[:-1]
    return len(folders) <= _DEEPEST and not any(part.startswith(".") or part in _SKIPPED for part in folders)


def _is_below(name: str, folder: str) -> bool:
    return folder == "." or name.startswith(f"{folder}/")


def _in_chart(name: str, charts: set[str]) -> bool:
    """Templates of Helm look like manifests, and are none."""
    return any(_is_below(name, posixpath.normpath(posixpath.join(chart, "templates"))) for chart in charts)


def _manifest_folders(files: Mapping[str, bytes], names: Sequence[str], charts: set[str], base: str) -> list[str]:
    """Folders with manifests, without those below another one; siblings are taken as their common parent."""
    looked_into = [name for name in names if not _in_chart(name, charts)]
    yaml = [name for name in looked_into if name.endswith((".yaml", ".yml", ".json"))][:_MOST_READ]
    held = {posixpath.dirname(name) or "." for name in yaml if _is_manifest(files, name)}
    parents: dict[str, set[str]] = {}
    for folder in held:
        parents.setdefault(posixpath.dirname(folder) or ".", set()).add(folder)
    joined = {
        parent if len(own) > 1 and parent not in (".", base) else folder
        for parent, own in parents.items()
        for folder in own
    }
    return sorted(
        folder for folder in joined if not any(folder != other and _is_below(folder, other) for other in joined)
    )


def _is_manifest(files: Mapping[str, bytes], name: str) -> bool:
    last = posixpath.basename(name)
    if not last.endswith((".yaml", ".yml", ".json")) or last.startswith(
        ("kustomization.", "compose.", "docker-compose")
    ):
        return False
    content = files.peek(name) if isinstance(files, Tree) else files.get(name)
    return content is not None and len(content) <= MAX_FILE_BYTES and looks_like_manifest(content)
