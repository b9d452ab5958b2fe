"""`python -m app.compose convert`: YAML on standard output, findings on standard error, an exit status that says it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from app.compose.__main__ import FINE, UNUSABLE, WITH_ERRORS, main

FILE = """
services:
  web: {image: "nginx:${TAG:-1.29}", ports: ["8080:80"], environment: {API_TOKEN: example-only, LEVEL: info}}
  api: {build: ., expose: [9000]}
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "compose.yaml"
    path.write_text(FILE)
    return path


def objects(text: str) -> dict[str, dict[str, object]]:
    return {f"{obj['kind']}/{obj['metadata']['name']}": obj for obj in yaml.safe_load_all(text)}


def test_it_prints_objects_that_know_nothing_of_us(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["convert", str(file)]) == FINE

    out, err = capsys.readouterr()
    assert objects(out).keys() == {
        "ConfigMap/web-config", "Secret/web-secrets", "Deployment/web", "Service/web", "Deployment/api", "Service/api",
    }  # fmt: skip
    assert "kubeorch" not in out
    assert "build and push api:latest" in err


@pytest.mark.parametrize(
    "value", ["y", "N", "1e3", "0o17", "null", "12", "a: b", "- x", "line\nline\n", "é", "", "#c", "1:30"]
)
def test_text_stays_text_for_every_reader(value: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "c.yaml"
    path.write_text(json.dumps({"services": {"web": {"image": "nginx", "environment": {"A": value}}}}))

    main(["convert", str(path)])

    out = capsys.readouterr().out
    assert objects(out)["ConfigMap/web-config"]["data"] == {"A": value}
    line = next(line for line in out.splitlines() if line.startswith("  A: "))
    assert line[5] in "\"|'"


def test_secrets_can_be_left_empty(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["convert", str(file), "--secrets", "empty"])

    assert objects(capsys.readouterr().out)["Secret/web-secrets"]["data"] == {"API_TOKEN": ""}


def test_variables_namespace_and_kind_are_chosen(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["convert", str(file), "--env", "TAG=9", "--namespace", "shop", "--kind", "web=statefulset"])

    web = objects(capsys.readouterr().out)["StatefulSet/web"]
    assert '"nginx:9"' in json.dumps(web)
    assert web["metadata"]["namespace"] == "shop"  # type: ignore[index]  # it has metadata


def test_an_env_file_takes_the_place_of_the_one_beside_it(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (file.parent / ".env").write_text("TAG=beside\n")
    (file.parent / "other.env").write_text("TAG=other\n")

    main(["convert", str(file), "--env-file", str(file.parent / "other.env")])

    assert "nginx:other" in capsys.readouterr().out


def test_it_writes_a_file_an_object(file: Path, tmp_path: Path) -> None:
    assert main(["convert", str(file), "--out", str(tmp_path / "out")]) == FINE

    assert len(sorted((tmp_path / "out").glob("*.yaml"))) == 6


@pytest.mark.parametrize("form", ["nodes", "report"])
def test_other_formats(file: Path, capsys: pytest.CaptureFixture[str], form: str) -> None:
    assert main(["convert", str(file), "--format", form]) == FINE

    out = capsys.readouterr().out
    assert len(json.loads(out)["nodes"]) == 6 if form == "nodes" else "deployment" in out


def test_errors_among_the_findings_and_strictness_show_in_the_status(file: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad.yaml"
    bad.write_text(FILE + "  broken: {restart: always}\n")

    assert main(["convert", str(bad), "--format", "report"]) == WITH_ERRORS
    assert main(["convert", str(file), "--format", "report", "--strict"]) == WITH_ERRORS


@pytest.mark.parametrize(
    "arguments",
    [["nowhere.yaml"], ["{file}", "--kind", "web=pod"], ["{file}", "--kind", "nobody=job"], ["{file}", "--env", "A"],
     ["{empty}"], ["{file}", "--env-file", "nowhere.env"]],
)  # fmt: skip
def test_unusable_input_is_said_in_a_line(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    (tmp_path / "empty.yaml").write_text("services: {}\n")

    status = main(["convert", *(one.format(file=file, empty=tmp_path / "empty.yaml") for one in arguments)])

    out, err = capsys.readouterr()
    assert (status, out) == (UNUSABLE, "")
    assert err.startswith("error: ")
    assert err.count("\n") == 1


def test_it_starts_without_what_it_does_not_need(file: Path) -> None:
    program = (
        "import sys; from app.compose.__main__ import main; main(sys.argv[1:]);"
        " print(sorted(sys.modules), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, "convert", str(file)], capture_output=True, text=True, timeout=60, check=True
    )

    loaded = done.stderr.splitlines()[-1]
    for heavy in ("flask", "celery", "pymongo", "kubernetes", "redis", "gevent", "pydantic", "jsonschema", "croniter"):
        assert f"'{heavy}'" not in loaded
