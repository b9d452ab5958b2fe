"""30: env_file, file, extends, include, context, dockerfile and bind paths with `..`, absolute or encoded read nothing
outside what was given (CVE-2022-24877, CVE-2025-62725)."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from app.compose.choices import RepositoryFacts
from app.compose.converting import Conversion, convert
from app.compose.detection import analysed
from app.compose.files import Folder
from app.compose.findings import Findings
from app.compose.options import Options
from app.compose.reading import read_project
from app.errors import InvalidError

SECRET = "root:x:0:0:only-outside"
OUTSIDE = (
    "../../etc/passwd", "/etc/passwd", "~/.ssh/id_rsa", "..", "../outside.env", "sub/../../outside.env",
    "./../outside.env", "%2e%2e/outside.env", "..%2foutside.env", "..\\outside.env", "C:\\outside.env",
    "file:///etc/passwd", "link.env", "linked/outside.env", "\\\\host\\share\\x",
)  # fmt: skip
FORMS: Mapping[str, str] = {
    "env_file": "services: {{web: {{image: nginx, env_file: {path}}}}}",
    "env_file, long": "services: {{web: {{image: nginx, env_file: [{{path: {path}, required: false}}]}}}}",
    "label_file": "services: {{web: {{image: nginx, label_file: {path}}}}}",
    "secret": "services: {{web: {{image: nginx, secrets: [s]}}}}\nsecrets: {{s: {{file: {path}}}}}",
    "config": "services: {{web: {{image: nginx, configs: [c]}}}}\nconfigs: {{c: {{file: {path}}}}}",
    "bind": "services: {{web: {{image: nginx, volumes: [{{type: bind, source: {path}, target: /x}}]}}}}",
    "extends": "services: {{web: {{image: nginx, extends: {{file: {path}, service: x}}}}}}",
    "include": "include: [{path}]\nservices: {{web: {{image: nginx}}}}",
    "include, env": "include: [{{path: in.yaml, env_file: {path}}}]\nservices: {{web: {{image: nginx}}}}",
    "context": "services: {{web: {{build: {{context: {path}, dockerfile: {path}}}}}}}",
}


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A project whose neighbours hold what must not be read, with links that lead there."""
    (tmp_path / "outside.env").write_text(f"A={SECRET}\n")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "outside.env").write_text(f"A={SECRET}\n")
    root = tmp_path / "project"
    (root / "sub").mkdir(parents=True)
    (root / "in.yaml").write_text("services: {inner: {image: nginx}}\n")
    (root / "link.env").symlink_to(tmp_path / "outside.env")
    (root / "linked").symlink_to(tmp_path / "elsewhere")
    yield root


def imported(root: Path, text: str) -> Conversion:
    (root / "compose.yaml").write_text(text)
    findings = Findings()
    return convert(read_project(Folder(root), ["compose.yaml"], findings=findings), findings=findings)


@pytest.mark.parametrize("path", OUTSIDE)
@pytest.mark.parametrize("form", FORMS)
def test_a_path_that_leads_out_reads_nothing(folder: Path, form: str, path: str) -> None:
    conversion = imported(folder, FORMS[form].format(path=json.dumps(path)))

    everything = json.dumps([list(conversion.graph.nodes), [f.as_json() for f in conversion.findings]], default=str)
    assert SECRET not in everything
    assert SECRET not in str(conversion.secret_values)
    assert "root:" not in everything


def test_the_same_forms_read_what_lies_inside(folder: Path) -> None:
    (folder / "sub" / "inside.env").write_text("A=inside-it-is\n")

    conversion = imported(folder, FORMS["env_file"].format(path="sub/../sub/inside.env"))

    assert "inside-it-is" in json.dumps(list(conversion.graph.nodes))


def test_the_compose_file_itself_may_not_be_a_link_that_leads_out(folder: Path) -> None:
    (folder / "compose.yaml").symlink_to(folder.parent / "outside.env")

    with pytest.raises(InvalidError, match="was not given"):
        read_project(Folder(folder), ["compose.yaml"])


@pytest.mark.parametrize("name", ["../outside.env", "/etc/passwd", ".."])
def test_nor_named_from_outside(folder: Path, name: str) -> None:
    with pytest.raises(InvalidError, match="was not given"):
        read_project(Folder(folder), [name])


@pytest.mark.parametrize("path", ["../outside.env", "/etc", "..", "linked", "linked/outside.env", "link.env"])
def test_nor_does_an_option_lead_out_of_a_clone(folder: Path, path: str) -> None:
    (folder / "compose.yaml").write_text("services: {web: {image: nginx}}\n")
    for options in (Options(path=path), Options(files=[path])):
        try:
            found = analysed(Folder(folder), options, RepositoryFacts("https://git.example.com/a/b", "main", "b"))
        except InvalidError as error:
            assert SECRET not in error.message
        else:
            assert SECRET not in json.dumps(found.analysis)
            assert SECRET.encode() not in b"".join(found.files_read.values())


def test_what_is_looked_around_for_is_no_link_that_leads_out(folder: Path) -> None:
    """A Dockerfile, a Compose file and a folder of manifests that lie elsewhere are none of this repository."""
    (folder.parent / "elsewhere" / "app.yaml").write_text(f"apiVersion: v1\nkind: ConfigMap\n# {SECRET}\n")
    (folder / "Dockerfile").symlink_to(folder.parent / "outside.env")
    (folder / "compose.yml").symlink_to(folder.parent / "outside.env")

    with pytest.raises(InvalidError) as refusal:
        analysed(Folder(folder), Options(), RepositoryFacts("https://git.example.com/a/b", "main", "b"))

    assert refusal.value.extra["code"] == "NOTHING_FOUND"
