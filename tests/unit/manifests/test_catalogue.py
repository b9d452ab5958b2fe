"""The node types: what `GET /templates` answers, and that no id can name another file."""

import pytest

from app.errors import InvalidError
from app.manifests.answers import TemplatesAnswer
from app.manifests.catalogue import WORKLOADS, catalogue
from app.manifests.fields import read_fields
from app.manifests.problems import Problems

CORE = {
    "deployment", "statefulset", "daemonset", "job", "cronjob", "service", "ingress", "configmap", "secret",
    "persistentvolumeclaim", "hpa", "networkpolicy",
}  # fmt: skip
ICONS = {
    "Package", "Network", "Globe", "FileSliders", "Lock", "HardDrive", "Database", "PlayCircle", "Clock", "Layers",
    "TrendingUp", "Shield",
}  # fmt: skip


def test_there_is_an_entry_for_each_core_type() -> None:
    assert {entry["name"] for entry in catalogue().listed()} == CORE
    assert {entry["icon"] for entry in catalogue().listed()} == ICONS, "each type has its own"


@pytest.mark.parametrize("entry", catalogue().listed(), ids=lambda entry: entry["name"])
def test_an_entry_is_as_the_contract_says(entry: dict[str, object]) -> None:
    assert list(entry) == [
        "id", "name", "displayName", "category", "description", "icon", "version", "tags", "usageFrequency",
        "difficulty", "dependencies", "parameters",
    ]  # fmt: skip
    assert entry["id"] == f"core/{entry['name']}"
    assert entry["category"] in ("core", "configuration", "storage", "networking")
    assert entry["usageFrequency"] in ("very-high", "high", "medium", "low")
    assert entry["difficulty"] in ("easy", "medium", "hard")
    parameters = entry["parameters"]
    assert isinstance(parameters, list)
    for parameter in parameters:
        assert parameter.keys() <= {
            "name",
            "label",
            "description",
            "type",
            "required",
            "default",
            "options",
            "min",
            "max",
        }
        assert parameter["type"] in ("string", "number", "boolean", "select", "object", "array")
        assert ("options" in parameter) == (parameter["type"] == "select")
        assert parameter["name"] and parameter["label"] and parameter["description"]
    assert parameters[0]["name"] == "name", "the form begins with it"


@pytest.mark.parametrize("node_type", catalogue().types, ids=lambda node_type: node_type.name)
def test_defaults_pass_their_own_checks(node_type: object) -> None:
    from app.manifests.catalogue import NodeType

    assert isinstance(node_type, NodeType)
    problems = Problems()

    read_fields(node_type, {}, problems)

    required = {p.name for p in node_type.parameters if p.required and p.default is None}
    assert set(problems.by_field) == required
    assert all(text == f"{name} is required" for name, text in problems.by_field.items())


@pytest.mark.parametrize(
    ("kind", "template_id", "found"),
    [
        ("deployment", None, "deployment"),
        ("deployment", "core/deployment", "deployment"),
        ("deployment", "deployment", "deployment"),
        ("default", "core/job", "job"),
        ("service", "", "service"),
    ],
)
def test_the_template_id_names_the_type_else_the_type_does(kind: str, template_id: str | None, found: str) -> None:
    assert catalogue().of_node(kind, template_id).name == found


@pytest.mark.parametrize(
    ("kind", "template_id"),
    [
        ("deployment", "core/../core/deployment"),
        ("deployment", "../../etc/passwd"),
        ("..", None),
        ("deployment", "core/_shared"),
        ("deployment", "/core/deployment"),
        ("deployment", "core/deployment/../secret"),
        ("", None),
        ("plugin", None),
        ("deployment", "{{ x }}"),
    ],
)
def test_an_unknown_template_id_is_refused(kind: str, template_id: str | None) -> None:
    with pytest.raises(InvalidError, match="there is no node type"):
        catalogue().of_node(kind, template_id)


def test_a_template_id_is_text() -> None:
    with pytest.raises(InvalidError, match="must be text"):
        catalogue().of_node("deployment", {"a": 1})


def test_workloads_share_their_fields() -> None:
    for name in WORKLOADS:
        names = {parameter.name for parameter in catalogue().of_node(name).parameters}
        assert {"image", "env", "envFrom", "volumeMounts", "securityContext", "dependsOn", "stdin"} <= names


def test_the_answer_is_as_the_api_s_document_says() -> None:
    answer = {"templates": catalogue().listed()}

    assert TemplatesAnswer.model_validate(answer).model_dump(by_alias=True, exclude_unset=True) == answer
