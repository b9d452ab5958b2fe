"""Bytes into lines, however they are cut."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.kube.lines import LineSplitter, LineTooLongError


@given(st.lists(st.binary(min_size=1, max_size=20).filter(lambda line: b"\n" not in line)), st.integers(1, 50))
def test_lines_come_out_whole_however_they_are_cut(lines: list[bytes], size: int) -> None:
    stream = b"".join(line + b"\n" for line in lines)
    splitter = LineSplitter()

    got = [line for at in range(0, len(stream), size) for line in splitter.feed(stream[at : at + size])]

    assert got == lines


def test_an_unfinished_line_is_kept_until_it_ends() -> None:
    splitter = LineSplitter()

    assert splitter.feed(b"ab") == []
    assert splitter.feed(b"c\n\n\nd") == [b"abc"]
    assert splitter.feed(b"\n") == [b"d"]


def test_a_line_over_the_limit_is_an_error_and_many_short_ones_are_none() -> None:
    splitter = LineSplitter(max_bytes=10)

    assert len(splitter.feed(b"12345\n" * 100)) == 100
    with pytest.raises(LineTooLongError):
        splitter.feed(b"12345678901")
