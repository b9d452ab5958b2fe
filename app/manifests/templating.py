"""A template and its values → objects. No value can leave its place in the YAML.

Jinja2 writes each `{{ value }}` as a quoted JSON string that only stands for it; the text, which then holds nothing
that a person typed, is parsed as YAML, and the values are put into their places in the result. So a value with
quotes, newlines, `---` or `&` never meets a YAML parser, and because the text depends only on which branches a
template takes, one parse serves all nodes of that shape (parsing was nine tenths of the time of a run).

Rules for whoever writes a template: `{{ value }}` stands alone, as a whole YAML value or key; a value that is null
leaves its key out, and a mapping or list that held nothing else goes with it.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, NamedTuple

import jinja2
import yaml
from jinja2.runtime import Context

_MARK: Final = "@value "
_EXACT: Final = re.compile(_MARK + r"(\d+)")
_SLOTS: Final = "_slots"

# One entry a shape of text; a template has a handful. Bounded, because loops make shapes from lists of any length.
_SHAPES: Final = 512


class TemplateError(Exception):
    """A template of ours is wrong: a bug, never a person's input."""


class _Slot(NamedTuple):
    number: int


def _mark(number: int) -> str:
    return f'"{_MARK}{number}"'


_MARKS: Final = tuple(_mark(number) for number in range(128))  # most templates have fewer values


@jinja2.pass_context
def _stand_in(context: Context, value: Any) -> str:
    """Jinja's `finalize`: keep the value, write what stands for it. `pass_context` also stops constant folding."""
    if isinstance(value, jinja2.Undefined):
        str(value)  # a StrictUndefined says which name is missing
    slots: list[Any] = context.parent[_SLOTS]
    slots.append(value)
    number = len(slots) - 1
    return _MARKS[number] if number < len(_MARKS) else _mark(number)


class Templates:
    """The templates of a folder, compiled once. Threads may share it."""

    def __init__(self, root: Path) -> None:
        self._environment = jinja2.Environment(
            loader=jinja2.FileSystemLoader(root),
            undefined=jinja2.StrictUndefined,
            finalize=_stand_in,
            autoescape=False,  # noqa: S701  this is YAML, and no value is ever written into it
            auto_reload=False,
            cache_size=-1,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.globals["part"] = self._part

    def render(self, file: str, values: Mapping[str, Any]) -> list[dict[str, Any]]:
        """The objects that a template makes of these values.

        Args:
            file: relative to the folder, as the catalogue knows it; never from a request.
            values: plain JSON data; what comes out shares it, so nobody changes it afterwards.
        """
        slots: list[Any] = []
        try:
            text = self._environment.get_template(file).render({**values, _SLOTS: slots})
        except jinja2.TemplateError as error:
            raise TemplateError(f"{file}: {error.message}") from error
        return [_filled(shape, slots) for shape in _shapes(text)]

    @jinja2.pass_context
    def _part(self, context: Context, file: str) -> Any:
        """`{{ part("core/_shared/pod.yaml") }}`: another template, with the same values, as one value."""
        (part,) = self.render(file, context.get_all())
        return part


@lru_cache(maxsize=_SHAPES)
def _shapes(text: str) -> tuple[Any, ...]:
    try:
        documents = list(yaml.load_all(text, Loader=yaml.CSafeLoader))
    except yaml.YAMLError as error:
        raise TemplateError(f"not YAML: {error}") from error
    return tuple(_with_slots(document) for document in documents if document is not None)


def _with_slots(parsed: Any) -> Any:
    match parsed:
        case str() if _MARK in parsed:
            exact = _EXACT.fullmatch(parsed)
            if exact is None:
                raise TemplateError(f"{{{{ value }}}} must stand alone, not inside a longer text: {parsed!r}")
            return _Slot(int(exact.group(1)))
        case dict():
            return {_with_slots(key): _with_slots(value) for key, value in parsed.items()}
        case list():
            return [_with_slots(item) for item in parsed]
        case _:
            return parsed


def _filled(shape: Any, slots: list[Any]) -> Any:
    """A copy of the shape with its values; `None` where nothing is left. The hot path of a plan: no `match` here."""
    kind = type(shape)
    if kind is _Slot:
        return slots[shape.number]
    if kind is dict:
        mapping = {}
        for key, part in shape.items():
            value = slots[part.number] if type(part) is _Slot else _filled(part, slots)
            if value is not None:
                mapping[slots[key.number] if type(key) is _Slot else key] = value
        return mapping or (None if shape else {})
    if kind is list:
        items = [value for part in shape if (value := _filled(part, slots)) is not None]
        return items or (None if shape else [])
    return shape
