"""Judges recorded event streams: well framed, ordered, unique, complete, resumable.

A viewer's history is a list of `Connection`s, each what came over the wire since it (re)connected. Positions are the
`id:` of frames. Events of one step carry consecutive positions; a frame that holds the whole state may jump forward.
Every test that watches a stream uses this, whatever the stream is about.
"""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple


class Frame(NamedTuple):
    """One event as it came."""

    name: str
    data: Any
    id: str | None


@dataclass(frozen=True, slots=True)
class Connection:
    """What came over one connection.

    Args:
        raw: the body, without transfer coding. It may be cut anywhere.
        last_event_id: what the viewer sent when it connected.
    """

    raw: bytes
    last_event_id: str | None = None


def frames_of(raw: bytes) -> list[Frame]:
    """The whole frames of a stream; a cut one at the end is left out. Fails where the framing is wrong."""
    assert b"\r" not in raw, "LF only: the UI splits at two LFs"
    assert "\u2028" not in raw.decode(errors="replace"), "U+2028 is a line end for the UI's parser"
    assert "\u2029" not in raw.decode(errors="replace"), "U+2029 is a line end for the UI's parser"
    *whole, _cut = raw.split(b"\n\n")
    return [frame for text in whole if (frame := _frame(text.decode())) is not None]


def _frame(text: str) -> Frame | None:
    lines = text.split("\n")
    if all(line.startswith(":") for line in lines):
        return None
    assert not any(line.startswith(":") for line in lines), f"a comment stands alone: {text!r}"
    fields = [line.partition(": ")[::2] for line in lines]
    names = [name for name, _ in fields]
    assert sorted(names) in (["data", "event"], ["data", "event", "id"]), f"one event and one data line: {text!r}"
    values = dict(fields)
    return Frame(values["event"], json.loads(values["data"]), values.get("id"))


def judge(history: Sequence[Connection], *, states: Collection[str]) -> list[int]:
    """Check one viewer's whole history; gives the positions in the order they came.

    Args:
        states: names of events that hold the whole state, so that they may jump over positions.
    """
    seen: list[int] = []
    for number, connection in enumerate(history):
        frames = frames_of(connection.raw)
        if number:
            _judge_resumed(connection, frames, states, seen)
        elif frames:
            assert frames[0].name in states, f"a stream begins with the state, not {frames[0].name}"
        _judge_order(frames, states, seen)
    return seen


def _judge_resumed(connection: Connection, frames: list[Frame], states: Collection[str], seen: list[int]) -> None:
    if not frames:
        return
    if connection.last_event_id is None:
        assert frames[0].name in states, "without Last-Event-ID the state comes first"
        return
    if frames[0].name not in states:
        assert connection.last_event_id == str(seen[-1]), "it can only resume where the viewer was"


def _judge_order(frames: list[Frame], states: Collection[str], seen: list[int]) -> None:
    for frame in frames:
        if frame.id is None:
            continue
        position = int(frame.id)
        if not seen:
            seen.append(position)
        elif frame.name in states:
            assert position >= seen[-1], f"the state goes back: {position} after {seen[-1]}"
            if position > seen[-1]:
                seen.append(position)
        else:
            assert position != seen[-1], f"{position} came twice"
            assert position > seen[-1], f"out of order: {position} after {seen[-1]}"
            assert position == seen[-1] + 1, f"a hole: {position} after {seen[-1]} without a state between"
            seen.append(position)
