"""`$V`, `${V}`, `${V:-default}` and their kin, nested too. Values come from a mapping, never from this process."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from app.compose.findings import refused
from app.compose.yaml_reader import Override

_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_OPERATORS: Final = (":-", ":?", ":+", "-", "?", "+")
MAX_TEXT: Final = 4 * 1024 * 1024
"""Of all that variables put into a project: a short name may stand for a long text, many times."""
_MAX_DEPTH: Final = 32

Path = tuple[str | int, ...]


class RequiredError(Exception):
    """`${V:?message}`, and V has no value."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(f"the variable {name} needs a value{f': {message}' if message else ''}")


class BadTemplateError(Exception):
    """A `${` that isn't one."""


@dataclass(slots=True)
class Asked:
    """What the variables of one reading came to, over all its files."""

    unset: dict[str, None] = field(default_factory=dict)
    """Those without a value."""
    characters: int = 0


@dataclass(slots=True)
class Variables:
    """Where values come from."""

    values: Mapping[str, str]
    asked: Asked = field(default_factory=Asked)

    def get(self, name: str) -> str | None:
        """The value, `None` when there is none.

        Raises:
            InvalidError: all values together are too long.
        """
        value = self.values.get(name)
        self.asked.characters += len(value or "")
        if self.asked.characters > MAX_TEXT:
            message = f"variables come to more than {MAX_TEXT // 2**20} MiB of text: use shorter ones"
            raise refused("LIMIT_EXCEEDED", message)
        return value


def substitute(text: str, variables: Variables, depth: int = 0) -> str:
    """The text with its variables replaced.

    Raises:
        RequiredError: one that must have a value has none.
        BadTemplateError: a `${` without a name, an operator or its end.
    """
    if "$" not in text:
        return text
    if depth > _MAX_DEPTH:
        raise BadTemplateError(text)
    parts, at = [], 0
    while (dollar := text.find("$", at)) >= 0:
        parts.append(text[at:dollar])
        following = text[dollar + 1 : dollar + 2]
        if following == "$":
            parts.append("$")
            at = dollar + 2
        elif following == "{":
            end = _closing(text, dollar + 1)
            parts.append(_braced(text[dollar + 2 : end], variables, depth))
            at = end + 1
        elif name := _NAME.match(text, dollar + 1):
            parts.append(_plain(name.group(), variables))
            at = name.end()
        else:
            parts.append("$")
            at = dollar + 1
    parts.append(text[at:])
    return "".join(parts)


def _closing(text: str, opening: int) -> int:
    depth = 0
    for i in range(opening, len(text)):
        if text[i] == "{":
            depth += 1
        elif text[i] == "}":
            depth -= 1
            if depth == 0:
                return i
    raise BadTemplateError(text)


def _plain(name: str, variables: Variables) -> str:
    value = variables.get(name)
    if value is None:
        variables.asked.unset[name] = None
        return ""
    return value


def _braced(inside: str, variables: Variables, depth: int) -> str:
    match = _NAME.match(inside)
    if match is None:
        raise BadTemplateError(inside)
    name, rest = match.group(), inside[match.end() :]
    if not rest:
        return _plain(name, variables)
    operator = next((op for op in _OPERATORS if rest.startswith(op)), None)
    if operator is None:
        raise BadTemplateError(inside)
    other = rest[len(operator) :]
    value = variables.get(name)
    lacking = value is None or (operator.startswith(":") and value == "")
    match operator[-1]:
        case "-":
            return substitute(other, variables, depth + 1) if lacking else value or ""
        case "+":
            return "" if lacking else substitute(other, variables, depth + 1)
        case _:
            if lacking:
                raise RequiredError(name, substitute(other, variables, depth + 1))
            return value or ""


def interpolated(value: Any, variables: Variables, cast: Callable[[Path, str], Any], file: str) -> Any:
    """All texts of a document with their variables replaced.

    A required variable that is the whole value of an environment entry leaves that entry without a value: it is asked
    for at the run.

    Args:
        value: as YAML gave it; not changed.
        variables: their values.
        cast: by path and text, the value that a key wants (a number, a switch) when a variable stood there.
        file: for messages.

    Raises:
        InvalidError: a variable that must have a value has none, or a template is malformed.
    """

    def walk(part: Any, path: Path) -> Any:
        match part:
            case str():
                return _text(part, path)
            case dict():
                return {key: walk(inner, (*path, key)) for key, inner in part.items()}
            case list():
                return [walk(inner, (*path, i)) for i, inner in enumerate(part)]
            case Override():
                return Override(walk(part.value, path))
            case _:
                return part

    def _text(text: str, path: Path) -> Any:
        if "$" not in text:
            return cast(path, text)
        try:
            return cast(path, substitute(text, variables))
        except RequiredError as error:
            if _whole_environment_value(text, path):
                return text.partition("=")[0] if isinstance(path[-1], int) else None
            raise refused("VARIABLE_NOT_SET", f"{_named(path)}: {error}", file=file) from error
        except BadTemplateError as error:
            message = f"{_named(path)}: '{text[:80]}' is no valid variable: write ${{NAME}}, and $$ for a plain $"
            raise refused("INVALID_COMPOSE_SYNTAX", message, file=file) from error

    return walk(value, ())


def _whole_environment_value(text: str, path: Path) -> bool:
    if len(path) != 4 or path[0] != "services" or path[2] != "environment":
        return False
    value = text.partition("=")[2] if isinstance(path[3], int) else text
    return value.startswith("${") and value.endswith("}") and _closing(value, 1) == len(value) - 1


def _named(path: Path) -> str:
    return ".".join(str(part) for part in path)
