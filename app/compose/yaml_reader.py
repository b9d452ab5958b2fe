"""YAML text → plain values, from the parser's events: depth, nodes (aliases counted as what they stand for) and double
keys are checked while composing, so that a bomb is refused before it is built. Nothing here recurses.

`!reset` and `!override` become `Reset` and `Override`; `merging.py` takes them out again.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import yaml

from app.compose.files import MAX_FILE_BYTES, decoded
from app.compose.findings import refused
from app.compose.scalars import plain

MAX_DEPTH: Final = 64
MAX_NODES: Final = 100_000
_LINES_TO_DEPTH: Final = 3
_STANDARD: Final = "tag:yaml.org,2002:"
_MERGE: Final = "<<"
_CODE: Final = "INVALID_COMPOSE_SYNTAX"


class Reset:
    """`!reset`: what was there before goes."""


@dataclass(slots=True)
class Override:
    """`!override`: this takes the place of what was there, nothing is merged."""

    value: Any


@dataclass(slots=True)
class Document:
    """One document of a file."""

    value: Any
    lines: dict[tuple[str, ...], int]
    """Where the keys of the upper levels stand."""


@dataclass(slots=True)
class _Frame:
    """A mapping or sequence that is being filled."""

    value: dict[str, Any] | list[Any]
    tag: str | None
    anchor: str | None
    nodes_before: int
    path: tuple[str, ...]
    key: str | None = None
    key_lines: dict[str, int] = field(default_factory=dict)
    merged: list[Any] = field(default_factory=list)


def read_yaml(content: bytes, name: str) -> list[Document]:
    """The documents of a file.

    Raises:
        InvalidError: it is no YAML, is too large, too deep or has too many nodes; with file, line and column.
    """
    if len(content) > MAX_FILE_BYTES:
        raise refused("LIMIT_EXCEEDED", f"is {len(content) // 1024} KiB: at most 1024 KiB are read", file=name)
    text = decoded(content, name)
    try:
        return list(_Composer(name).documents(text))
    except yaml.YAMLError as error:
        raise _syntax(error, name) from error


def _syntax(error: yaml.YAMLError, name: str) -> Exception:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    problem = str(getattr(error, "problem", None) or getattr(error, "reason", None) or "can't be read")
    if mark is None:
        return refused(_CODE, f"is no valid YAML: {problem}", file=name)
    return refused(_CODE, f"column {mark.column + 1}: no valid YAML here: {problem}", file=name, line=mark.line + 1)


class _Composer:
    def __init__(self, name: str) -> None:
        self._name = name
        self._nodes = 0
        self._stack: list[_Frame] = []
        self._anchors: dict[str, tuple[Any, int]] = {}
        self._lines: dict[tuple[str, ...], int] = {}
        self._root: Any = None

    def documents(self, text: str) -> Iterator[Document]:
        loader = yaml.CSafeLoader(text)
        handlers: dict[type, Callable[[Any], None]] = {
            yaml.ScalarEvent: self._on_scalar,
            yaml.MappingStartEvent: lambda event: self._open({}, event),
            yaml.SequenceStartEvent: lambda event: self._open([], event),
            yaml.MappingEndEvent: self._close,
            yaml.SequenceEndEvent: self._close,
            yaml.AliasEvent: self._alias,
            yaml.DocumentStartEvent: self._begin,
        }
        try:
            while (event := loader.get_event()) is not None:
                kind = type(event)
                if kind is yaml.StreamEndEvent:
                    return
                if kind is yaml.DocumentEndEvent:
                    yield Document(self._root, self._lines)
                elif kind in handlers:
                    handlers[kind](event)
        finally:
            loader.dispose()

    def _begin(self, _event: yaml.Event) -> None:
        self._anchors, self._lines, self._root = {}, {}, None

    def _on_scalar(self, event: Any) -> None:
        self._count(1, event)
        self._put(self._scalar(event), event)

    def _count(self, nodes: int, event: yaml.Event) -> None:
        self._nodes += nodes
        if self._nodes > MAX_NODES:
            message = f"holds more than {MAX_NODES} values, aliases counted as what they stand for: make it smaller"
            raise refused("LIMIT_EXCEEDED", message, file=self._name, line=_line(event))

    def _bad(self, message: str, event: yaml.Event) -> Exception:
        return refused(_CODE, message, file=self._name, line=_line(event))

    def _open(self, value: dict[str, Any] | list[Any], event: Any) -> None:
        self._count(1, event)
        if len(self._stack) >= MAX_DEPTH:
            message = f"is nested deeper than {MAX_DEPTH} levels"
            raise refused("LIMIT_EXCEEDED", message, file=self._name, line=_line(event))
        if self._stack and isinstance(self._stack[-1].value, dict) and self._stack[-1].key is None:
            raise self._bad("a key must be plain text, not a list or mapping", event)
        parent = self._stack[-1] if self._stack else None
        path = (*parent.path, parent.key) if parent and parent.key is not None else parent.path if parent else ()
        if event.anchor:
            self._anchors.pop(event.anchor, None)
        self._stack.append(_Frame(value, event.tag, event.anchor, self._nodes - 1, path))

    def _close(self, event: yaml.Event) -> None:
        frame = self._stack.pop()
        value = frame.value
        if isinstance(value, dict):
            for other in frame.merged:
                self._merge(value, other, event)
        done = self._tagged(value, frame.tag, event)
        if frame.anchor:
            self._anchors[frame.anchor] = (done, self._nodes - frame.nodes_before)
        self._put(done, event)

    def _merge(self, value: dict[str, Any], other: Any, event: yaml.Event) -> None:
        for mapping in other if isinstance(other, list) else [other]:
            if not isinstance(mapping, dict):
                raise self._bad("'<<' merges mappings only: give it an alias of one", event)
            for key, part in mapping.items():
                value.setdefault(key, part)

    def _tagged(self, value: Any, tag: str | None, event: yaml.Event) -> Any:
        match tag:
            case "!reset":
                return Reset()
            case "!override":
                return Override(value)
            case None | "!":
                return value
            case _ if tag.startswith(_STANDARD) and tag.removeprefix(_STANDARD) not in ("map", "seq", "merge"):
                raise self._bad(f"the tag !!{tag.removeprefix(_STANDARD)[:40]} is not taken here: remove it", event)
            case _:
                return value

    def _scalar(self, event: yaml.ScalarEvent) -> Any:
        text, tag = event.value, event.tag
        if "\0" in text:
            raise self._bad("holds a NUL character: remove it", event)
        if tag == "!reset":
            value: Any = Reset()
        elif tag == "!override":
            value = Override(plain(text) if event.style is None else text)
        elif tag is not None and tag.startswith(_STANDARD):
            value = self._standard(text, tag.removeprefix(_STANDARD), event)
        else:
            value = plain(text) if event.implicit[0] and not event.style else text
        if event.anchor:
            self._anchors[event.anchor] = (value, 1)
        return value

    def _standard(self, text: str, kind: str, event: yaml.Event) -> Any:
        if kind in ("str", "binary", "timestamp"):
            return text
        if kind not in ("int", "float", "bool", "null"):
            raise self._bad(f"the tag !!{kind[:40]} is not taken here: remove it", event)
        value = plain(text)
        if kind == "float" and isinstance(value, int) and not isinstance(value, bool):
            return float(value)
        if {"int": int, "float": float, "bool": bool, "null": type(None)}.get(kind, object) is type(value):
            return value
        raise self._bad(f"{text[:40]!r} is no !!{kind[:40]}: remove the tag or mend the value", event)

    def _alias(self, event: yaml.AliasEvent) -> None:
        if event.anchor not in self._anchors:
            raise self._bad(f"the alias *{event.anchor} names no anchor that is complete before it", event)
        value, nodes = self._anchors[event.anchor]
        self._count(nodes, event)
        self._put(value, event)

    def _put(self, value: Any, event: yaml.Event) -> None:
        if not self._stack:
            self._root = value
            return
        frame = self._stack[-1]
        if isinstance(frame.value, list):
            frame.value.append(value)
        elif frame.key is None:
            self._key(frame, value, event)
        elif frame.key == _MERGE:
            frame.merged.append(value)
            frame.key = None
        else:
            frame.value[frame.key] = value
            frame.key = None

    def _key(self, frame: _Frame, value: Any, event: Any) -> None:
        if isinstance(value, dict | list | Reset | Override):
            raise self._bad("a key must be plain text, not a list or mapping", event)
        key = event.value if isinstance(event, yaml.ScalarEvent) else str(value)
        line = _line(event)
        if key in frame.key_lines:
            raise self._bad(
                f"the key {key[:60]!r} stands here a second time (first in line {frame.key_lines[key]}):"
                " remove one of them",
                event,
            )
        frame.key_lines[key] = line
        frame.key = key
        if len(frame.path) < _LINES_TO_DEPTH:
            self._lines.setdefault((*frame.path, key), line)


def _line(event: Any) -> int:
    return int(event.start_mark.line) + 1
