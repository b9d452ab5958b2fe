"""The answer of an import: the contract's fields, arrays never null, no secret value anywhere."""

import json

import pytest

from app.compose.analysis import analysis_of
from app.compose.options import Options
from tests.corpus.compose.cases import Case, all_cases
from tests.unit.compose.projects import a_conversion

ARRAYS = (
    "services",
    "volumes",
    "networks",
    "warnings",
    "errors",
    "suggestedNodes",
    "suggestedEdges",
    "findings",
    "builds",
)


@pytest.mark.parametrize("case", all_cases(), ids=lambda case: case.name)
def test_it_has_the_contracts_fields_and_no_secret(case: Case) -> None:
    conversion = case.converted()

    answer = analysis_of(conversion, case.options)

    assert all(isinstance(answer[key], list) for key in ARRAYS)
    assert answer["layoutPositions"].keys() == {node["id"] for node in conversion.graph.nodes}
    assert all(isinstance(warning, str) for warning in answer["warnings"])
    environment = json.dumps([service["environment"] for service in answer["services"]])
    values = [value for values in conversion.secret_values.values() for value in values.values() if len(value) > 8]
    assert [value for value in values if json.dumps(value)[1:-1] in environment] == []


def test_a_service_in_the_words_of_the_contract() -> None:
    text = """
services:
  web:
    image: nginx
    ports: ["127.0.0.1:8080:80/udp"]
    environment: {A: b, PASSWORD: example-only, EMPTY: }
    volumes: ["data:/d:ro"]
    deploy: {replicas: 2, resources: {limits: {cpus: "0.5", memory: 1g}}}
    healthcheck: {test: x, interval: 5s, retries: 2}
volumes: {data: {driver: local}}
"""
    conversion = a_conversion(text)

    answer = analysis_of(conversion, Options())

    web = answer["services"][0]
    assert web["ports"] == [{"containerPort": 80, "protocol": "udp", "hostPort": 8080, "hostIp": "127.0.0.1"}]
    assert web["environment"] == {"A": "b", "PASSWORD": "", "EMPTY": ""}
    assert web["volumes"] == [{"source": "data", "target": "/d", "type": "volume", "readonly": True}]
    assert (web["replicas"], web["resources"]) == (2, {"limits": {"cpus": "0.5", "memory": "1g"}})
    assert web["healthcheck"] == {"test": ["CMD-SHELL", "x"], "interval": "5s", "retries": 2}
    assert answer["volumes"] == [{"name": "data", "driver": "local"}]
    assert (answer["needsBuild"], "sourceBuildConfig" in answer) == (False, False)


def test_what_has_to_be_built_is_listed_when_the_repository_is_known() -> None:
    case = next(case for case in all_cases() if case.name == "keys-build")

    answer = analysis_of(case.converted(), case.options)

    assert answer["needsBuild"]
    assert [build["service"] for build in answer["builds"]] == ["full", "inline", "both-built", "remote"]
    assert answer["sourceBuildConfig"]["repoUrl"] == "https://git.example.com/team/app"
    assert "nodeId" not in answer["sourceBuildConfig"]
