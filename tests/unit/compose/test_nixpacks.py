"""The one program that the converter starts: what it says is read, and nothing of it outlives its limit."""

import json
import shutil
from pathlib import Path

import pytest

from app.compose.nixpacks import Nixpacks, Plan, read_plan
from app.errors import InvalidError
from tests.waiting import eventually

NODE = {"variables": {"NIXPACKS_METADATA": "node,next"}, "phases": {}, "start": {"cmd": "npm start"}}


def program(folder: Path, script: str) -> str:
    """A program in the place of the real one."""
    file = folder / "nixpacks"
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)
    return str(file)


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({"NIXPACKS_METADATA": "node"}, Plan("node", "", 3000)),
        ({"NIXPACKS_METADATA": "ruby, rails"}, Plan("ruby", "rails", 3000)),
        ({"NIXPACKS_METADATA": "python"}, Plan("python", "", 8000)),
        ({"NIXPACKS_METADATA": "go"}, Plan("go", "", 8080)),
        ({"NIXPACKS_METADATA": "rust"}, Plan("rust", "", 8080)),
        ({"NIXPACKS_METADATA": "java"}, Plan("java", "", 8080)),
        ({"NIXPACKS_METADATA": "php"}, Plan("php", "", 8080)),
        ({"NIXPACKS_METADATA": "csharp"}, Plan("csharp", "", 5000)),
        ({"NIXPACKS_METADATA": "staticfile"}, Plan("staticfile", "", 80)),
        ({"NIXPACKS_METADATA": "elixir"}, Plan("elixir", "", 8080)),
        ({"NIXPACKS_METADATA": "node", "PORT": "4000"}, Plan("node", "", 4000)),
        ({"NIXPACKS_METADATA": "node", "PORT": "$X"}, Plan("node", "", 3000)),
    ],
)
def test_a_provider_says_where_its_programs_listen(variables: dict[str, str], expected: Plan) -> None:
    assert read_plan(json.dumps({"variables": variables, "phases": {}}).encode()) == expected


def test_a_plan_without_provider_and_start_is_none() -> None:
    assert read_plan(b'{"providers": [], "phases": {}}') is None
    assert read_plan(b'{"start": {"cmd": "run"}}') == Plan("", "", 8080)


def test_the_program_sees_the_folder_and_nothing_of_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ONLY_OURS", "canary")
    script = f"env > {tmp_path}/seen; echo \"$@\" >> {tmp_path}/seen; echo '{json.dumps(NODE)}'"

    plan = Nixpacks(program(tmp_path, script)).plan(tmp_path)

    assert plan == Plan("node", "next", 3000)
    seen = (tmp_path / "seen").read_text()
    assert f"plan --format json -- {tmp_path}" in seen
    assert "canary" not in seen


@pytest.mark.parametrize(
    ("script", "message"),
    [("exit 1", "can't make a plan"), ("echo no json", "no plan that can be read"), ("echo '[1]'", "")],
)
def test_a_program_that_fails_is_a_clear_refusal(tmp_path: Path, script: str, message: str) -> None:
    nixpacks = Nixpacks(program(tmp_path, script))

    if not message:
        assert nixpacks.plan(tmp_path) is None
        return
    with pytest.raises(InvalidError, match=message) as refusal:
        nixpacks.plan(tmp_path)
    assert refusal.value.extra["code"] == "NIXPACKS_DETECTION_FAILED"


def test_a_program_that_isnt_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(InvalidError, match="isn't installed"):
        Nixpacks(str(tmp_path / "nowhere")).plan(tmp_path)


def test_a_program_that_takes_too_long_is_ended_with_all_its_children(tmp_path: Path) -> None:
    script = f"sleep 300 & echo $! > {tmp_path}/child; sleep 300"

    with pytest.raises(InvalidError, match="took longer"):
        Nixpacks(program(tmp_path, script), timeout_s=3).plan(tmp_path)

    child = (tmp_path / "child").read_text().strip()
    eventually(lambda: not _runs(child), within_s=5)


def _runs(process_id: str) -> bool:
    """A process that has ended but that nobody has asked about yet doesn't run."""
    try:
        return ") Z " not in Path(f"/proc/{process_id}/stat").read_text()
    except FileNotFoundError:
        return False


@pytest.mark.skipif(shutil.which("nixpacks") is None, reason="the nixpacks program isn't installed")
@pytest.mark.parametrize(
    ("files", "provider"),
    [
        ({"package.json": '{"scripts": {"start": "node index.js"}}', "index.js": ""}, "node"),
        ({"requirements.txt": "flask", "main.py": "print(1)"}, "python"),
        ({"go.mod": "module x\n\ngo 1.22\n", "main.go": "package main\nfunc main() {}\n"}, "go"),
        ({"index.html": "<html></html>"}, "staticfile"),
        ({"README.md": "nothing"}, None),
    ],
)
def test_the_real_program(tmp_path: Path, files: dict[str, str], provider: str | None) -> None:
    for name, text in files.items():
        (tmp_path / name).write_text(text)

    plan = Nixpacks("nixpacks").plan(tmp_path)

    assert (plan.provider if plan else None) == provider
