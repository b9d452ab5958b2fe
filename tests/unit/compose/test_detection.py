"""What is in given files: an upload is judged by its content, a repository by what lies where."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from app.compose.choices import RepositoryFacts
from app.compose.detection import Analysed, analysed
from app.compose.files import Folder
from app.compose.kept import MAX_KEPT_BYTES
from app.compose.nixpacks import Nixpacks, Plan
from app.compose.options import Options, options_of
from app.compose.work import numbered_ids
from app.errors import InvalidError

COMPOSE = "services: {web: {image: nginx, ports: ['80:80']}}\n"
MANIFEST = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: api}
spec:
  selector: {matchLabels: {app: api}}
  template:
    metadata: {labels: {app: api}}
    spec: {containers: [{name: api, image: example/api}]}
"""
LIST = "apiVersion: v1\nkind: List\nitems: [{apiVersion: v1, kind: Secret, metadata: {name: a}}]\n"
SHOP = RepositoryFacts("https://git.example.com/owner/shop", "main", "shop")


class FakeNixpacks(Nixpacks):
    """Knows what a folder is by a file in it; counts how often it is asked."""

    def __init__(self) -> None:
        super().__init__("nixpacks")
        object.__setattr__(self, "asked", [])

    __slots__ = ("asked",)

    def plan(self, folder: Path) -> Plan | None:
        self.asked.append(folder.name)  # type: ignore[attr-defined]
        return Plan("node", "next", 3000) if (folder / "package.json").exists() else None


def upload(files: Mapping[str, str], options: Any = None) -> Analysed:
    given = {name: text.encode() for name, text in files.items()}
    return analysed(given, options_of(options), ids=numbered_ids())


@pytest.fixture
def clone(tmp_path: Path) -> Iterator[Path]:
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "config").write_text("x")
    yield tmp_path


def repository(root: Path, files: Mapping[str, str], options: Any = None, nixpacks: Nixpacks | None = None) -> Analysed:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    chosen = options_of(options)
    return analysed(Folder(root), chosen, SHOP, ids=numbered_ids(), nixpacks=nixpacks or FakeNixpacks())


def selected(found: Analysed) -> list[tuple[str, str]]:
    return [(one["kind"], one["path"]) for one in found.analysis["detected"] if one["selected"]]


def codes(found: Analysed) -> set[str]:
    return {one["code"] for one in found.analysis["findings"]}


# --- uploads ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (COMPOSE, "docker-compose"),
        ("web: {image: nginx}\n", "docker-compose"),
        (MANIFEST, "manifests"),
        ("# nothing yet\n---\n" + MANIFEST, "manifests"),
        (json.dumps({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {}}), "manifests"),
(LIST, "manifests"),
    ],
)  # fmt: skip
def test_an_upload_is_judged_by_its_content(text: str, kind: str) -> None:
    assert upload({"anything.yml": text}).analysis["detectedType"] == kind


def test_the_first_file_of_an_upload_is_meant_and_the_others_are_named() -> None:
    found = upload({"stack.yml": COMPOSE, "docker-compose.override.yml": COMPOSE, "k8s.yaml": MANIFEST, ".env": "A=1"})

    assert found.analysis["detected"] == [
        {"path": "stack.yml", "kind": "compose", "selected": True},
        {"path": "docker-compose.override.yml", "kind": "compose", "selected": False},
        {"path": "k8s.yaml", "kind": "manifests", "selected": False},
    ]


def test_files_that_are_named_are_merged_and_told() -> None:
    more = "services: {web: {environment: {A: b}}}"

    found = upload({"compose.yaml": COMPOSE, "more.yml": more}, {"files": ["compose.yaml", "more.yml"]})

    assert found.analysis["services"][0]["environment"] == {"A": "b"}
    assert found.analysis["options"] == {"files": ["compose.yaml", "more.yml"]}
    assert upload({"compose.yaml": COMPOSE}).analysis["options"] == {"files": ["compose.yaml"]}


def test_an_upload_knows_no_repository() -> None:
    found = upload({"compose.yaml": "services: {web: {build: .}}"}).analysis

    assert (found["needsBuild"], found["builds"]) == (False, [])
    assert "sourceBuildConfig" not in found
    assert any("no repository is known" in warning for warning in found["warnings"])


def test_ids_are_random_and_places_are_given() -> None:
    one = analysed({"a.yml": COMPOSE.encode()}, Options()).analysis
    other = analysed({"a.yml": COMPOSE.encode()}, Options()).analysis

    assert {node["id"] for node in one["suggestedNodes"]}.isdisjoint({node["id"] for node in other["suggestedNodes"]})
    assert list(one["layoutPositions"].values()) == list(other["layoutPositions"].values())


def test_the_estimate_counts_objects_and_what_they_ask_for() -> None:
    text = """
services:
  web: {image: nginx, ports: ["80:80"], deploy: {replicas: 3, resources: {limits: {cpus: "0.5", memory: 64M}}}}
  db: {image: "postgres:17", volumes: ["data:/var/lib/postgresql/data"]}
volumes: {data: }
"""
    assert upload({"compose.yaml": text}).analysis["estimate"] == {
        "objects": {"Deployment": 1, "Service": 1, "PersistentVolumeClaim": 1, "StatefulSet": 1},
        "cpu": "1500m",
        "memory": "192Mi",
        "storage": "10Gi",
    } | {"objects": upload({"compose.yaml": text}).analysis["estimate"]["objects"]}


def test_a_key_that_a_person_calls_secret_is_blank_everywhere() -> None:
    text = "services: {web: {image: nginx, environment: {SEED: only-for-this-test}}}"

    found = upload({"compose.yaml": text}, {"services": {"web": {"secretKeys": ["SEED"]}}})

    assert "only-for-this-test" not in json.dumps(found.analysis)
    assert list(found.secret_values.values()) == [{"SEED": "only-for-this-test"}]


# --- repositories -----------------------------------------------------------------------------------------------

LAYOUTS = [
    ({"docker-compose.yml": COMPOSE, "compose.yaml": COMPOSE, "Dockerfile": "FROM x"}, ("compose", "compose.yaml")),
    ({"docker-compose.yml": COMPOSE, "docker-compose.yaml": COMPOSE}, ("compose", "docker-compose.yaml")),
    ({"deploy/compose.yml": COMPOSE, "Dockerfile": "FROM x"}, ("compose", "deploy/compose.yml")),
    ({"a/b/compose.yml": COMPOSE, "z/compose.yml": COMPOSE}, ("compose", "z/compose.yml")),
    ({"a/b/c/compose.yml": COMPOSE}, ("compose", "a/b/c/compose.yml")),
    ({"a/b/c/d/compose.yml": COMPOSE, "k.yaml": MANIFEST}, ("manifests", ".")),
    ({"examples/compose.yml": COMPOSE, "Dockerfile": "FROM x"}, ("dockerfile", "Dockerfile")),
    ({"examples/compose.yml": COMPOSE}, ("compose", "examples/compose.yml")),
    ({"node_modules/x/compose.yml": COMPOSE, "package.json": "{}"}, ("nixpacks", ".")),
    ({".ci/compose.yml": COMPOSE, "package.json": "{}"}, ("nixpacks", ".")),
    ({"Dockerfile": "FROM x", "k8s/app.yaml": MANIFEST, "package.json": "{}"}, ("dockerfile", "Dockerfile")),
    ({"k8s/app.yaml": MANIFEST, "package.json": "{}"}, ("manifests", "k8s")),
    ({"k8s/api/app.yaml": MANIFEST, "k8s/web/app.yaml": MANIFEST.replace("api}", "web}")}, ("manifests", "k8s")),
    ({"services/site/package.json": "{}", "README.md": ""}, ("nixpacks", "services/site")),
    ({"chart/Chart.yaml": "name: x", "chart/templates/a.yaml": MANIFEST, "main.go": "", "package.json": "{}"},
     ("nixpacks", ".")),
]  # fmt: skip


@pytest.mark.parametrize(("files", "expected"), LAYOUTS, ids=lambda value: " ".join(value)[:60])
def test_the_best_of_a_repository_is_taken(clone: Path, files: dict[str, str], expected: tuple[str, str]) -> None:
    assert selected(repository(clone, files)) == [expected]


def test_overrides_are_listed_and_merged_only_when_named(clone: Path) -> None:
    override = "services: {web: {environment: {FROM_OVERRIDE: 'yes'}}}"
    files = {"compose.yaml": COMPOSE, "compose.override.yaml": override}

    plain = repository(clone, files)
    merged = repository(clone, files, {"files": ["compose.yaml", "compose.override.yaml"]})

    assert {"path": "compose.override.yaml", "kind": "compose", "selected": False} in plain.analysis["detected"]
    assert plain.analysis["services"][0]["environment"] == {}
    assert merged.analysis["services"][0]["environment"] == {"FROM_OVERRIDE": "yes"}


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("b", ("compose", "b/compose.yml")),
        ("b/", ("compose", "b/compose.yml")),
        ("b/stack.yml", ("compose", "b/stack.yml")),
        ("c", ("dockerfile", "c/Dockerfile")),
        ("c/Dockerfile.web", ("dockerfile", "c/Dockerfile.web")),
        ("k/app.yaml", ("manifests", "k/app.yaml")),
    ],
)
def test_a_path_says_where_to_look(clone: Path, path: str, expected: tuple[str, str]) -> None:
    files = {
        "compose.yml": COMPOSE, "b/compose.yml": COMPOSE, "b/stack.yml": COMPOSE, "c/Dockerfile": "FROM x",
        "c/Dockerfile.web": "FROM x", "k/app.yaml": MANIFEST,
    }  # fmt: skip

    assert selected(repository(clone, files, {"path": path})) == [expected]


def test_charts_and_kustomizations_are_named(clone: Path) -> None:
    files = {"compose.yml": COMPOSE, "chart/Chart.yaml": "name: x", "k/kustomization.yaml": "resources: []"}

    found = repository(clone, files).analysis

    assert {(one["kind"], one["path"]) for one in found["detected"]} == {
        ("compose", "compose.yml"), ("helm", "chart"), ("kustomize", "k"),
    }  # fmt: skip
    said = [one["message"] for one in found["findings"]]
    assert any("helm template" in message for message in said)
    assert any("kubectl kustomize" in message for message in said)


def test_nothing_to_find_says_what_was_looked_for(clone: Path) -> None:
    with pytest.raises(InvalidError, match="no Compose file, Dockerfile or manifest") as refusal:
        repository(clone, {"README.md": "x", "chart/Chart.yaml": "name: x"})

    assert refusal.value.extra["code"] == "NOTHING_FOUND"
    assert "chart is a Helm chart" in refusal.value.message


@pytest.mark.parametrize("name", ["../compose.yaml", "/etc/compose.yaml", "no.yaml"])
def test_a_file_that_isnt_there_is_refused(clone: Path, name: str) -> None:
    with pytest.raises(InvalidError) as refusal:
        analysed(Folder(clone), Options(files=[name]), SHOP)

    assert refusal.value.extra["code"] in ("PATH_OUTSIDE", "FILE_NOT_FOUND")


def test_a_dockerfile_is_one_service_of_the_repositorys_name(clone: Path) -> None:
    found = repository(clone, {"Dockerfile": "FROM alpine\nEXPOSE 5000 53/udp\n"}).analysis

    assert found["detectedType"] == "dockerfile"
    assert [service["name"] for service in found["services"]] == ["shop"]
    assert [port["containerPort"] for port in found["services"][0]["ports"]] == [5000, 53]
    assert (found["needsBuild"], found["suggestedName"]) == (True, "shop")
    assert found["sourceBuildConfig"] == {
        "repoUrl": SHOP.url, "branch": "main", "buildContext": ".", "useNixpacks": False, "dockerfile": "Dockerfile",
    }  # fmt: skip
    node = next(node for node in found["suggestedNodes"] if node["type"] == "deployment")
    assert node["data"]["image"] == "kubeorch.invalid/shop:unbuilt"
    assert found["builds"] == [found["sourceBuildConfig"] | {"service": "shop", "nodeId": node["id"]}]


def test_a_nixpacks_project_is_told_its_port(clone: Path) -> None:
    found = repository(clone, {"web/package.json": "{}"}).analysis

    assert found["detectedType"] == "nixpacks"
    build = found["sourceBuildConfig"]
    assert (build["useNixpacks"], build["buildContext"], build["provider"], build["framework"]) == (
        True, "web", "node", "next",
    )  # fmt: skip
    data = {node["type"]: node["data"] for node in found["suggestedNodes"]}
    assert data["configmap"]["data"] == {"PORT": "3000"}
    assert (data["service"]["port"], data["service"]["serviceType"]) == (3000, "NodePort")
    assert data["deployment"]["_build"]["useNixpacks"] is True


def test_each_service_that_waits_for_an_image_is_listed(clone: Path) -> None:
    text = """
services:
  db: {image: "postgres:17"}
  web: {build: {context: web, dockerfile: Dockerfile.prod, target: run, args: {TAG: "1", API_TOKEN: example-only}}}
  api: {build: ./api}
"""
    found = repository(
        clone, {"compose.yaml": text, "web/Dockerfile.prod": "FROM x", "api/Dockerfile": "FROM x"}
    ).analysis

    assert [(one["service"], one["buildContext"]) for one in found["builds"]] == [("web", "web"), ("api", "api")]
    first = found["sourceBuildConfig"]
    assert (first["dockerfile"], first["target"], first["buildArgs"]) == ("web/Dockerfile.prod", "run", {"TAG": "1"})
    assert "example-only" not in json.dumps(found)


def test_a_service_that_is_named_listens_where_its_dockerfile_says(clone: Path) -> None:
    text = (
        "services: {web: {image: nginx, environment: {API: 'http://api'}}, api: {build: {context: api, target: run}}}"
    )
    dockerfile = "FROM alpine AS run\nEXPOSE 4000\nFROM alpine\nEXPOSE 5000\n"

    found = repository(clone, {"compose.yaml": text, "api/Dockerfile": dockerfile}).analysis

    services = {one["data"]["name"]: one["data"] for one in found["suggestedNodes"] if one["type"] == "service"}
    assert (services["api"]["serviceType"], services["api"]["port"]) == ("ClusterIP", 4000)


def test_a_context_in_another_repository_is_built_from_there() -> None:
    context = "https://somebody:only-an-example@git.example.com/owner/tool.git#v2:cmd"

    found = upload({"compose.yaml": f"services: {{tool: {{build: '{context}'}}}}"}).analysis

    assert found["needsBuild"] is True
    assert found["sourceBuildConfig"] == {
        "repoUrl": "https://git.example.com/owner/tool.git", "branch": "v2", "buildContext": "cmd",
        "useNixpacks": False, "dockerfile": "cmd/Dockerfile",
    }  # fmt: skip
    assert "only-an-example" not in json.dumps(found)
    assert any("store a Git credential" in warning for warning in found["warnings"])


# --- what is kept -----------------------------------------------------------------------------------------------


def test_other_options_need_no_second_clone(clone: Path) -> None:
    compose = "services: {web: {image: nginx, env_file: web.env, volumes: ['./conf:/conf']}}"
    files = {"compose.yaml": compose, "web.env": "A=1\n", "conf/a.conf": "x", "Dockerfile": "FROM x\nEXPOSE 99"}
    first = repository(clone, files)

    same = analysed(first.files_read, Options(), SHOP, ids=numbered_ids())
    other = analysed(first.files_read, Options(path="Dockerfile"), SHOP)

    assert same.analysis == first.analysis
    assert other.analysis["services"][0]["ports"][0]["containerPort"] == 99


def test_a_plan_is_kept_too(clone: Path) -> None:
    nixpacks = FakeNixpacks()
    first = repository(clone, {"package.json": "{}"}, nixpacks=nixpacks)

    again = analysed(first.files_read, Options(), SHOP, ids=numbered_ids(), nixpacks=nixpacks)

    assert again.analysis == first.analysis
    assert len(nixpacks.asked) == 1  # type: ignore[attr-defined]


def test_an_upload_can_be_analysed_again(clone: Path) -> None:
    first = upload({"z.yml": COMPOSE, "a.yml": MANIFEST})

    again = analysed(first.files_read, options_of({"services": {"web": {"kind": "daemonset"}}}))

    assert again.analysis["services"][0]["kind"] == "daemonset"
    assert [one["path"] for one in again.analysis["detected"] if one["selected"]] == ["z.yml"]


def test_what_is_kept_is_bounded(clone: Path) -> None:
    mounts = ", ".join(f"'./f{n}.txt:/f{n}.txt'" for n in range(12))
    big = f"services: {{web: {{image: nginx, volumes: [{mounts}]}}}}"
    files = {f"f{n}.txt": "x" * 800_000 for n in range(12)}

    found = repository(clone, {"compose.yaml": big, **files})

    assert sum(len(name) + len(content) for name, content in found.files_read.items()) <= MAX_KEPT_BYTES
    assert "compose.yaml" in found.files_read
