"""Given files → the whole analysis of an import: what is in them, what becomes of it. Called by the import's routes and
task; `candidates.py` looks around, `reading.py`, `single.py` and `plain/` read what was found.
"""

import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from app.compose.analysis import Outcome, answer_of
from app.compose.candidates import Candidate, Found, candidates, given_files, manifest_files
from app.compose.choices import RepositoryFacts
from app.compose.converting import convert
from app.compose.files import Folder, is_host_path, read_file
from app.compose.findings import Findings, refused
from app.compose.kept import Recorded, restored
from app.compose.names import object_name
from app.compose.nixpacks import Nixpacks, Plan, plan_of
from app.compose.options import Options
from app.compose.plain.objects import is_manifest
from app.compose.plain.reading import plain_manifests
from app.compose.reading import read_project
from app.compose.single import dockerfile_project, nixpacks_project
from app.compose.yaml_reader import read_yaml

_MOST_PLANS: Final = 4  # folders that Nixpacks is asked about
_TYPES: Final[Mapping[Found, str]] = {
    "compose": "docker-compose", "dockerfile": "dockerfile", "manifests": "manifests", "nixpacks": "nixpacks",
}  # fmt: skip
_NOT: Final = "KEY_NOT_CONVERTED"


@dataclass(frozen=True, slots=True)
class Analysed:
    """What an import answers with, and what it keeps beside it."""

    analysis: dict[str, Any]
    secret_values: Mapping[str, Mapping[str, str]] = field(repr=False)
    """By node id: values of secrets that the files hold. Encrypted by whoever keeps them, shown to nobody."""
    files_read: Mapping[str, bytes] = field(repr=False)
    """What an analysis with other options needs, at most 5 MB: to be given to `analysed` in the place of the files."""


def analysed(
    files: Mapping[str, bytes],
    options: Options,
    repository: RepositoryFacts | None = None,
    *,
    ids: Iterator[str] | None = None,
    nixpacks: Nixpacks | None = None,
) -> Analysed:
    """Find what can be deployed, and convert it.

    Args:
        files: of an upload, the first one is meant; of a repository (a `Folder`); or `files_read` of before.
        options: what a person chose.
        repository: where the files come from; `None` for an upload.
        ids: of nodes and edges; random ones unless given.
        nixpacks: the program, if there is one.

    Raises:
        InvalidError: nothing can be made of them; `extra["code"]` says why.
    """
    work = _Analysis(
        files=Recorded(restored(files)),
        options=options if repository is None else replace(options, repository=repository),
        ids=ids or (str(uuid.uuid4()) for _ in iter(int, 1)),
        folder=files if isinstance(files, Folder) else None,
        nixpacks=nixpacks,
    )
    chosen, others = work.found_in_upload() if repository is None else work.found_in_repository()
    outcome = work.outcome(chosen)
    detected = [
        {"path": one.path, "kind": one.kind, "selected": one == chosen} for one in dict.fromkeys((chosen, *others))
    ]
    analysis = answer_of(outcome, work.used or work.options) | {"detected": detected}
    return Analysed(analysis, outcome.secret_values, work.files.kept())


@dataclass(slots=True)
class _Analysis:
    files: Recorded
    options: Options
    ids: Iterator[str]
    folder: Folder | None
    nixpacks: Nixpacks | None
    findings: Findings = field(default_factory=Findings)
    used: Options | None = None
    """The options with what was found by itself."""

    # --- looking around

    def found_in_upload(self) -> tuple[Candidate, Sequence[Candidate]]:
        """The file that was named, else the first."""
        self.files.first = self.files.first or next(iter(self.files), "")
        name = self.options.files[0] if self.options.files else self.files.first
        kind = self._judged(name)
        return Candidate(name, kind), given_files(self.files)

    def found_in_repository(self) -> tuple[Candidate, Sequence[Candidate]]:
        """What was named, else the best of what is there."""
        path = self.options.path.strip("/")
        if self.options.files:
            name = self.options.files[0]
            return Candidate(name, self._judged(name)), candidates(self.files)
        if path and path in self.files:
            last = path.rpartition("/")[2]
            kind: Found = "dockerfile" if last.startswith("Dockerfile") else self._judged(path)
            return Candidate(path, kind), candidates(self.files)
        found = candidates(self.files, path)
        self._keep(found)
        self._name_others(found)
        for one in found:
            if one.kind in ("compose", "dockerfile", "manifests") and one.usable:
                return one, found
        return self._planned(path or ".", found), found

    def _judged(self, name: str) -> Found:
        content = read_file(self.files, name)
        if content is None:
            code = "PATH_OUTSIDE" if is_host_path(name) or name.startswith("..") else "FILE_NOT_FOUND"
            raise refused(code, f"the file {name} was not given: add it")
        documents = [document.value for document in read_yaml(content, name)]
        return "manifests" if any(is_manifest(one) for one in documents) else "compose"

    def _keep(self, found: Sequence[Candidate]) -> None:
        """Other options may choose another one: what that would begin with is kept too."""
        for one in found:
            names = [one.path] if one.kind in ("compose", "dockerfile") else []
            for name in (*names, *(f"{one.folder}/{env}".removeprefix("./") for env in (".env", ".env.example"))):
                self.files.get(name)
            if one.kind == "manifests":
                for name in manifest_files(self.files, one.path):
                    self.files.get(name)

    def _name_others(self, found: Sequence[Candidate]) -> None:
        for one in found:
            if one.kind == "helm":
                message = f"{one.path} is a Helm chart, it isn't rendered: run helm template, and import what it gives"
                self.findings.info(_NOT, message)
            elif one.kind == "kustomize":
                message = f"{one.path} is a kustomization: run kubectl kustomize, and import what it gives"
                self.findings.info(_NOT, message)

    # --- Nixpacks

    def _planned(self, start: str, found: Sequence[Candidate]) -> Candidate:
        folders = list(dict.fromkeys([*(one.path for one in found if one.kind == "nixpacks"), start]))
        for folder in folders[:_MOST_PLANS]:
            if self._plan(folder) is not None:
                return Candidate(folder, "nixpacks")
        named = "; ".join(str(finding) for finding in self.findings)
        message = "there is no Compose file, Dockerfile or manifest, and Nixpacks knows no way to build it"
        raise refused("NOTHING_FOUND", f"{message}: {named or 'name a folder that has one'}")

    def _plan(self, folder: str) -> Plan | None:
        if folder in self.files.plans:
            return plan_of(self.files.plans[folder])
        if self.folder is None or self.nixpacks is None:
            return None
        plan = self.nixpacks.plan(self.folder.root / folder)
        self.files.plans[folder] = plan.as_json() if plan else None
        return plan

    # --- converting

    def outcome(self, chosen: Candidate) -> Outcome:
        """The graph of what was chosen."""
        match chosen.kind:
            case "compose":
                return self._compose(chosen)
            case "manifests":
                return self._manifests(chosen)
            case "nixpacks":
                plan = self._plan(chosen.path)
                assert plan is not None
                project = nixpacks_project(self.files, chosen, plan, self.options)
                outcome = Outcome.of_project(
                    convert(project, self.options, self.findings, self.ids), self.options, "nixpacks"
                )
                return replace(outcome, plan=plan)
            case _:
                project = dockerfile_project(self.files, chosen, self.options, self.findings)
                return Outcome.of_project(
                    convert(project, self.options, self.findings, self.ids), self.options, "dockerfile"
                )

    def _compose(self, chosen: Candidate) -> Outcome:
        names = list(self.options.files) or [chosen.path]
        self.used = replace(self.options, files=names)
        project = read_project(
            self.files, names, env=self.options.env, profiles=self.options.profiles, findings=self.findings
        )
        return Outcome.of_project(
            convert(project, self.options, self.findings, self.ids), self.options, "docker-compose"
        )

    def _manifests(self, chosen: Candidate) -> Outcome:
        names = list(self.options.files) or [chosen.path]
        if chosen.path not in self.files:
            names = manifest_files(self.files, chosen.path)
        elif not self.options.files and self.options.repository is None:
            names += [name for name in manifest_files(self.files, ".") if name != chosen.path]
        plain = plain_manifests(self.files, names, self.options, self.findings, self.ids)
        return Outcome.of_manifests(plain, object_name(self._name(chosen)))

    def _name(self, chosen: Candidate) -> str:
        repository = self.options.repository
        if repository is not None and repository.name:
            return repository.name
        return chosen.path.rpartition("/")[2].rpartition(".")[0] or "import"
