"""Plain YAML scalars → values by YAML 1.2's rules: `yes`, `on` and `22:22` are text. Also how Go prints numbers."""

import math
import re
from typing import Final

_NULL: Final = frozenset({"", "~", "null", "Null", "NULL"})
_TRUE: Final = frozenset({"true", "True", "TRUE"})
_FALSE: Final = frozenset({"false", "False", "FALSE"})
_INT: Final = re.compile(r"[-+]?(?:0|[1-9][0-9_]*)")
_BASED: Final = re.compile(r"[-+]?0(?:[xX][0-9a-fA-F_]+|[oO][0-7_]+|[bB][01_]+|[0-7_]+)")
_FLOAT: Final = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_SPECIAL: Final = {".inf": math.inf, "+.inf": math.inf, "-.inf": -math.inf, ".nan": math.nan}
_MAX_DIGITS: Final = 40  # more is no number that anybody means

Scalar = str | int | float | bool | None


def plain(text: str) -> Scalar:
    """The value of an unquoted scalar."""
    if text in _NULL:
        return None
    first = text[0]
    if first in "tTfF":
        return True if text in _TRUE else False if text in _FALSE else text
    if first not in "+-.0123456789":
        return text
    if len(text) <= _MAX_DIGITS:
        if _INT.fullmatch(text):
            return int(text.replace("_", ""))
        if _BASED.fullmatch(text):
            return _based(text.replace("_", ""))
        if _FLOAT.fullmatch(text):
            return float(text)
    return _SPECIAL.get(text.lower(), text)


def _based(text: str) -> int | str:
    sign = -1 if text.startswith("-") else 1
    digits = text.lstrip("+-")
    try:
        if digits[1:2] in "xXoObB":
            return sign * int(digits, 0)
        return sign * int(digits, 8)  # the old form, which Compose takes too: 0755
    except ValueError:
        return text


def as_text(value: object) -> str:
    """A scalar as Compose writes it where text is wanted: an environment entry, a label."""
    match value:
        case bool():
            return "true" if value else "false"
        case float():
            return _float_text(value)
        case None:
            return ""
        case _:
            return str(value)


def _float_text(value: float) -> str:
    if math.isnan(value) or math.isinf(value):
        return {math.inf: "+Inf", -math.inf: "-Inf"}.get(value, "NaN")
    if value.is_integer() and abs(value) < 1e21:
        return str(int(value))
    text = repr(value)
    if "e" in text:
        mantissa, _, exponent = text.partition("e")
        power = int(exponent)
        if -5 < power < 21:
            return f"{value:.{max(0, -power + len(mantissa.replace('.', '').lstrip('-')) - 1)}f}"
        return f"{mantissa}e{'-' if power < 0 else '+'}{abs(power):02d}"
    return text
