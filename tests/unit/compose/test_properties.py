"""Any file that the schema allows converts, always to the same, and to something that can be saved and run."""

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from app.compose.converting import Conversion, convert
from app.compose.findings import Findings
from app.compose.reading import read_project
from app.compose.schema_check import schema_problems
from app.errors import InvalidError
from app.workflows.plan import check_graph
from app.workflows.sanitise import sanitised
from tests.unit.compose.schema_values import compose_file

_UNUSABLE = {"NOTHING_FOUND", "CIRCULAR_DEPENDENCY"}
quick = settings(max_examples=150, deadline=None)
files = st.integers(0, 2**32).map(compose_file)


def converted(file: dict[str, Any]) -> Conversion | None:
    """`None` for what can't be used as a whole, and says so."""
    findings = Findings()
    content = json.dumps(file).encode()
    try:
        project = read_project({"compose.yaml": content}, ["compose.yaml"], env={"V": "v"}, findings=findings)
        return convert(project, findings=findings)
    except InvalidError as error:
        assert error.extra["code"] in _UNUSABLE, error.message
        return None


@quick
@given(files)
def test_any_file_of_the_schema_converts_and_runs(file: dict[str, Any]) -> None:
    assert [problem for problem in schema_problems(file) if "listed twice" not in problem.message] == []

    conversion = converted(file)

    if conversion is not None:
        check_graph(conversion.graph, "default")


@quick
@given(files)
def test_twice_is_equal_and_saving_changes_nothing(file: dict[str, Any]) -> None:
    one, two = converted(file), converted(file)

    assert one == two
    if one is not None:
        saved = sanitised(json.loads(json.dumps(list(one.graph.nodes))), json.loads(json.dumps(list(one.graph.edges))))
        assert (list(saved.nodes), list(saved.edges)) == (list(one.graph.nodes), list(one.graph.edges))
