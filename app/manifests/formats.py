"""Readers of plain values: text, numbers, switches, choices, as people type them (`"2"` is 2).

A reader gets a value that is neither null nor blank and the place where it stands, and gives what the API wants; on
a problem it says there what is wrong and gives `None`. Names are in `names.py`, forms with a syntax of their own in
`syntax.py`, lists and mappings in `structures.py`, `workload_fields.py` and `network_fields.py`.
"""

import re
from collections.abc import Callable, Iterable
from typing import Any, Final

from app.manifests.problems import At

Reader = Callable[[Any, At], Any]

_PORT_NAME: Final = re.compile(r"(?=.{1,15}$)(?=.*[a-z])[a-z0-9]+(?:-[a-z0-9]+)*")
_WHOLE: Final = re.compile(r"[+-]?\d{1,18}(?:\.0*)?")
_PERCENT: Final = re.compile(r"(?:100|[1-9]?\d)%")

_SHOWN: Final = 60


def shown(value: object) -> str:
    """A value inside a message: in quotes, not too long."""
    text = value if isinstance(value, str) else str(value)
    return f"'{text[:_SHOWN]}…'" if len(text) > _SHOWN else f"'{text}'"


def missing(value: object) -> bool:
    """Null or blank: the forms send blank text for what nobody filled in."""
    return value is None or (isinstance(value, str) and not value.strip())


def text(value: Any, at: At) -> str | None:
    """Text as it is; numbers and switches as people would write them."""
    match value:
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case int() | float():
            return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
        case _:
            return at.bad(f"must be text, not {kind_of(value)}")


def trimmed(value: Any, at: At) -> str | None:
    """Text without blanks around it."""
    found = text(value, at)
    return found.strip() if found is not None else None


def kind_of(value: Any) -> str:
    """What JSON calls it, for a message."""
    match value:
        case dict():
            return "a mapping"
        case list() | tuple():
            return "a list"
        case bool():
            return "a switch"
        case int() | float():
            return "a number"
        case None:
            return "null"
        case _:
            return "text"


def number(low: int | None = None, high: int | None = None) -> Reader:
    """A whole number, also as text."""

    def read(value: Any, at: At) -> int | None:
        found: int | None = None
        match value:
            case bool():
                pass
            case int():
                found = value
            case float() if value.is_integer():
                found = int(value)
            case str() if _WHOLE.fullmatch(value.strip()):
                found = int(float(value)) if "." in value else int(value)
        if found is None:
            return at.bad(f"{shown(value)} is not a whole number")
        if (low is not None and found < low) or (high is not None and found > high):
            return at.bad(f"{found} is out of range: use {_range(low, high)}")
        return found

    return read


def _range(low: int | None, high: int | None) -> str:
    if low is None:
        return f"at most {high}"
    return f"{low} to {high}" if high is not None else f"{low} or more"


port = number(1, 65535)


def switch(value: Any, at: At) -> bool | None:
    """true or false, also as text."""
    if isinstance(value, bool):
        return value
    match str(value).strip().lower():
        case "true" | "yes" | "on" | "1":
            return True
        case "false" | "no" | "off" | "0":
            return False
        case _:
            return at.bad(f"{shown(value)} is neither true nor false")


def choice(options: Iterable[str]) -> Reader:
    """One of the options, in any case."""
    by_lower = {option.lower(): option for option in options}
    listed = ", ".join(by_lower.values())

    def read(value: Any, at: At) -> str | None:
        found = by_lower.get(str(value).strip().lower())
        return found if found is not None else at.bad(f"{shown(value)} is not possible here: use one of {listed}")

    return read


def port_or_name(value: Any, at: At) -> int | str | None:
    """A port's number, or the name of one of the container's ports."""
    if isinstance(value, str) and _PORT_NAME.fullmatch(value.strip()):
        return value.strip()
    if isinstance(value, str) and not _WHOLE.fullmatch(value.strip()):
        return at.bad(f"{shown(value)} is neither a port (1 to 65535) nor a port's name")
    return port(value, at)  # type: ignore[no-any-return]  # a Reader may give anything; this one gives int or None


def count_or_percent(value: Any, at: At) -> int | str | None:
    """`2` or `25%`."""
    if isinstance(value, str) and _PERCENT.fullmatch(value.strip()):
        return value.strip()
    found = number(0, 100000)(value, At(type(at.problems)(), ""))
    return found if found is not None else at.bad(f"{shown(value)} is neither a number nor a percentage such as 25%")
