"""Values never leave their place; templates that would let them are refused."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.manifests.templating import TemplateError, Templates

TEMPLATE = """
{% if wanted %}
a: {{ value }}
{% endif %}
{{ key }}: [{{ value }}, x]
nested: {only: {{ nothing }}}
kept: {}
---
second: {{ part("part.yaml") }}
"""


def templates(folder: Path, **files: str) -> Templates:
    for name, text in files.items():
        (folder / f"{name}.yaml").write_text(text)
    return Templates(folder)


def render(folder: Path, text: str, **values: Any) -> list[dict[str, Any]]:
    return templates(folder, template=text).render("template.yaml", values)


@pytest.fixture(scope="module")
def two_documents(tmp_path_factory: pytest.TempPathFactory) -> Templates:
    return templates(tmp_path_factory.mktemp("templates"), template=TEMPLATE, part="deep: [{inner: {{ value }}}]")


anything: st.SearchStrategy[Any] = st.recursive(
    st.text() | st.integers() | st.booleans() | st.floats(allow_nan=False),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(value=anything, key=st.text())
def test_any_value_stays_itself_in_its_place(two_documents: Templates, value: Any, key: str) -> None:
    values = {"wanted": True, "value": value, "key": key, "nothing": None}

    first, second = two_documents.render("template.yaml", values)

    assert first.get(key) == [value, "x"] or key in ("nested", "kept", "a")
    assert first["a"] == value or key == "a"
    assert second == {"second": {"deep": [{"inner": value}]}}


@pytest.mark.parametrize(
    "value",
    [
        '"',
        "'",
        "\n---\nkind: Secret",
        "{{ name }}",
        "{% raw %}",
        "&a",
        "*a",
        "!!python/object:os.system",
        "# x",
        "@value 0",
    ],
)
def test_what_means_something_in_yaml_or_jinja_is_text(tmp_path: Path, value: str) -> None:
    assert render(tmp_path, "a: {{ value }}\nb: 1", value=value) == [{"a": value, "b": 1}]


def test_null_leaves_its_key_out_and_what_held_nothing_else(tmp_path: Path) -> None:
    text = "a: {b: {c: {{ x }}}}\nlist: [{{ x }}]\nempty: {}\nalso: {{ y }}"

    assert render(tmp_path, text, x=None, y={}) == [{"empty": {}, "also": {}}]


def test_a_branch_that_is_not_taken_makes_no_document(tmp_path: Path) -> None:
    text = "{% if more %}\na: 1\n---\n{% endif %}\nb: {{ x }}"

    assert render(tmp_path, text, more=False, x=1) == [{"b": 1}]
    assert render(tmp_path, text, more=True, x=1) == [{"a": 1}, {"b": 1}]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("a: {{ unknown }}", "unknown"),
        ("a: before-{{ value }}", "must stand alone"),
        ("a: {{ value", "template.yaml"),
        ("a: [", "not YAML"),
    ],
)
def test_a_wrong_template_says_what_is_wrong(tmp_path: Path, text: str, complaint: str) -> None:
    with pytest.raises(TemplateError, match=complaint):
        render(tmp_path, text, value="x")


def test_objects_of_one_shape_are_not_shared(tmp_path: Path) -> None:
    made = templates(tmp_path, template="a: {b: {{ x }}, c: [1]}")

    one, two = (made.render("template.yaml", {"x": n})[0] for n in (1, 2))
    one["a"]["c"].append(2)

    assert two == {"a": {"b": 2, "c": [1]}}
