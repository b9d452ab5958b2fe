"""Quantities as the API server reads them, and no others."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.kube.quantities import is_quantity, parse_quantity


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0", "0"),
        ("2", "2"),
        ("+2", "2"),
        ("250m", "0.25"),
        ("1.5", "1.5"),
        ("1.", "1"),
        (".5", "0.5"),
        ("100n", "0.0000001"),
        ("5u", "0.000005"),
        ("1k", "1000"),
        ("1M", "1000000"),
        ("1Ki", "1024"),
        ("1.5Gi", "1610612736"),
        ("1Ei", "1152921504606846976"),
        ("1E", "1000000000000000000"),
        ("1e3", "1000"),
        ("1E3", "1000"),
        ("12e-1", "1.2"),
    ],
)
def test_a_quantity_is_an_exact_number(text: str, number: str) -> None:
    assert parse_quantity(text) == Decimal(number)


NOT_QUANTITIES = """1 Gi|1K|1ki|1KI|1GiB|Gi|-1|-250m|1.2.3|.|1e|1e3Ki|1m1|٣|1e9999|NaN|Infinity|0x10|1_000|1,5"""


@pytest.mark.parametrize("text", ["", " ", " 1", "1\n", *NOT_QUANTITIES.split("|")])
def test_anything_else_is_refused_with_what_to_write(text: str) -> None:
    assert not is_quantity(text)
    with pytest.raises(ValueError, match=r"write it like 250m, 2, 128Mi or 1\.5Gi"):
        parse_quantity(text)


@given(st.text(max_size=30))
def test_no_text_breaks_it(text: str) -> None:
    if is_quantity(text):
        assert parse_quantity(text) >= 0
