"""Each project of the corpus becomes the graph that was agreed on, and that graph runs."""

import json

import pytest

from app.compose.schema_check import compose_schema
from app.workflows.plan import check_graph
from app.workflows.sanitise import sanitised
from tests.corpus.compose.cases import Case, all_cases, expectation
from tests.unit.compose.keys import keys_in, leaf_keys

CASES = all_cases()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_project_becomes_what_is_expected(case: Case) -> None:
    expected = json.loads((case.folder / "expected.json").read_text())

    assert expectation(case.converted()) == expected, "if that is right: python -m tests.corpus.compose.regenerate"


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_what_it_becomes_would_run(case: Case) -> None:
    graph = case.converted().graph

    check_graph(graph, "default")  # raises


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_saving_it_changes_nothing(case: Case) -> None:
    graph = case.converted().graph

    saved = sanitised(json.loads(json.dumps(list(graph.nodes))), json.loads(json.dumps(list(graph.edges))))

    assert (list(saved.nodes), list(saved.edges)) == (list(graph.nodes), list(graph.edges))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_same_files_give_the_same_graph(case: Case) -> None:
    assert case.converted() == case.converted()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_no_secret_value_is_in_it(case: Case) -> None:
    conversion = case.converted()

    # What a command holds in plain can't be taken out of it: that is said.
    nodes = [
        {key: part for key, part in node["data"].items() if key not in ("command", "args")}
        for node in conversion.graph.nodes
    ]
    shown = json.dumps([nodes, [finding.as_json() for finding in conversion.findings]])

    values = [value for values in conversion.secret_values.values() for value in values.values()]
    # Short ones are words that may stand anywhere ("app", "1").
    assert [value for value in values if len(value) > 8 and json.dumps(value)[1:-1] in shown] == []


def test_there_are_sixty_and_more() -> None:
    assert len(CASES) >= 60


def test_every_key_of_the_schema_is_in_one_of_them() -> None:
    seen: set[str] = set()
    for case in CASES:
        seen |= keys_in(case)

    # A job and a hook before the start have a container's keys once more.
    wanted = [key for key in leaf_keys(compose_schema()) if not key.startswith("jobs.*.") or ".triggers" in key]
    assert [key for key in wanted if key not in seen] == []
