"""32: hostile service, volume, image and file names end valid or as a clear refusal; no code path has a shell
(CVE-2025-64419, CVE-2026-34168, CVE-2025-66213)."""

import ast
import json
from pathlib import Path
from typing import Any

import pytest

from app.compose.detection import Analysed, analysed
from app.compose.options import options_of
from app.errors import InvalidError
from app.manifests.graph import Graph
from app.manifests.names import dns_label
from app.manifests.problems import Problems
from app.workflows.plan import make_plan

NAMES = (
    "$(touch /tmp/x)", "`id`", "; rm -rf /", "a && b", "a|b", "-rf", "--privileged", "../../etc/passwd", "a\nb", "a\tb",
    "a\u2028b", "a\u202eb", "A" * 300, "a'b\"c", "{{ x }}", "${HOME}", "%2e%2e", "é" * 40, "名前", "\u0000", "", " ",
    "null", "true", "1e3", "0x10", "-", ".", "..", "~", "a:b", "a@b", "kube-system", "constructor", "__proto__",
)  # fmt: skip
APP = Path(__file__).parents[2] / "app"


def read(document: Any) -> Analysed | None:
    """`None` for what is refused as a whole, which says why."""
    try:
        return analysed({"compose.yaml": json.dumps(document).encode()}, options_of(None))
    except InvalidError as error:
        assert error.extra.get("code")
        assert error.message
        return None


def check(found: Analysed | None) -> None:
    """Every object has a valid name, and the graph can be planned; what can't be used was said."""
    if found is None:
        return
    nodes, edges = found.analysis["suggestedNodes"], found.analysis["suggestedEdges"]
    for node in nodes:
        problems = Problems()
        assert dns_label(node["data"]["name"], problems.at("name")) is not None, node["data"]["name"]
        assert len(node["data"]["name"]) <= 63
    plan = make_plan(Graph(nodes, edges), workflow_id="w", instance="i", default_namespace="default")
    assert len(plan.nodes) == len(nodes)


@pytest.mark.parametrize("name", NAMES, ids=ascii)
def test_a_service_is_called_something_valid_or_refused(name: str) -> None:
    check(read({"services": {name: {"image": "nginx"}, "other": {"image": "nginx", "environment": {"HOST": name}}}}))


@pytest.mark.parametrize("name", NAMES, ids=ascii)
def test_a_volume_is_called_something_valid_or_refused(name: str) -> None:
    mount = {"type": "volume", "source": name, "target": "/data"}

    check(read({"services": {"web": {"image": "nginx", "volumes": [mount]}}, "volumes": {name: {}}}))


@pytest.mark.parametrize("name", NAMES, ids=ascii)
def test_an_image_is_one_or_its_service_is_left_out(name: str) -> None:
    found = read({"services": {"web": {"image": name}, "other": {"image": "nginx"}}})

    check(found)
    assert found is not None or "\0" in name, "a NUL is no YAML at all"


@pytest.mark.parametrize("name", NAMES, ids=ascii)
def test_a_file_of_any_name_is_mounted_validly_or_left_out(name: str) -> None:
    path = f"conf/{name}"
    mount = {"type": "bind", "source": path, "target": "/etc/app/file"}
    text = json.dumps({"services": {"web": {"image": "nginx", "volumes": [mount]}}})
    try:
        found = analysed({"compose.yaml": text.encode(), path: b"a"}, options_of(None))
    except InvalidError as error:
        assert error.extra.get("code")
        return

    check(found)


@pytest.mark.parametrize("name", NAMES, ids=ascii)
def test_an_option_about_a_strange_name_is_refused_or_does_nothing(name: str) -> None:
    for options in ({"files": [name]}, {"path": name}, {"domain": name}, {"services": {name: {"image": name}}}):
        try:
            chosen = options_of(options)
            found = analysed({"compose.yaml": b"services: {web: {image: nginx}}"}, chosen)
        except InvalidError as error:
            assert error.message
        else:
            check(found)


@pytest.mark.parametrize("name", NAMES, ids=ascii)
def test_an_object_of_any_name_is_read_and_judged(name: str) -> None:
    """Names of manifests stay as they are: a run refuses what isn't valid, the import says so."""
    pod = {"metadata": {"labels": {"app": "a"}}, "spec": {"containers": [{"name": name, "image": "nginx"}]}}
    spec = {"selector": {"matchLabels": {"app": "a"}}, "template": pod}
    manifest = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name}, "spec": spec}

    found = read(manifest)

    if found is not None and dns_label(name, Problems().at("name")) is None:
        assert found.analysis["errors"], name


def test_no_code_of_ours_gives_a_line_to_a_shell() -> None:
    bad = []
    for file in sorted(APP.rglob("*.py")):
        for call in (node for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.Call)):
            name = ast.unparse(call.func)
            shell = any(key.arg == "shell" and ast.unparse(key.value) != "False" for key in call.keywords)
            if shell or name in ("os.system", "os.popen", "subprocess.getoutput", "subprocess.getstatusoutput"):
                bad.append(f"{file.name}: {name}")

    assert bad == []
