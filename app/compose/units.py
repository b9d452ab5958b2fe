"""Docker's sizes and durations, and its way to split a command into words."""

import math
import re
from typing import Any, Final

_SIZE: Final = re.compile(r"(\d{1,20}(?:\.\d{0,9})?) ?([kKmMgGtTpP]?)(?:[iI]?[bB])?")
_POWERS: Final = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4, "p": 5}
_DURATION: Final = re.compile(r"(\d{1,18}(?:\.\d{0,9})?|\.\d{1,9})(w|d|h|ms|us|µs|ns|m|s)")
_SECONDS: Final = {
    "w": 604800.0, "d": 86400.0, "h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9,
}  # fmt: skip
_CUTS: Final = ";&|<>"


def size_bytes(value: Any) -> int | None:
    """`512m`, `1.5g`, `1024` in bytes; `None` when it is no size."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return int(value) if math.isfinite(value) else None
    text = str(value).strip()
    if text.startswith("-") and text[1:].isdigit():
        return int(text) if len(text) < 20 else None
    match = _SIZE.fullmatch(text)
    return int(float(match[1]) * 1024 ** _POWERS[match[2].lower()]) if match else None


def quantity(size: int) -> str:
    """Bytes as Kubernetes writes them: `512Mi`."""
    for suffix, power in (("Gi", 3), ("Mi", 2), ("Ki", 1)):
        if size and size % 1024**power == 0:
            return f"{size // 1024**power}{suffix}"
    return str(size)


def seconds(value: Any) -> float | None:
    """`1m30s` in seconds; `None` when it is no duration."""
    text = str(value).strip()
    if text in ("", "0"):
        return 0.0 if text else None
    if re.fullmatch(r"\d{1,18}", text):  # old files: nanoseconds
        return int(text) * 1e-9
    found, at = 0.0, 0
    for match in _DURATION.finditer(text):
        if match.start() != at:
            return None
        found += float(match[1]) * _SECONDS[match[2]]
        at = match.end()
    return found if at == len(text) else None


def split_command(text: str) -> tuple[list[str], str] | None:
    """Words, and what Compose drops: it ends a command at an unquoted `;`, `&`, `|`, `<` or `>`.

    `None` when a quote is never closed.
    """
    words: list[str] = []
    word, started, quote, at = "", False, "", 0
    while at < len(text):
        char = text[at]
        at += 1
        if char == "\\" and quote != "'":
            following = text[at : at + 1]
            word, started, at = word + {"t": "\t", "n": "\n"}.get(following, following), True, at + 1
        elif quote:
            if char == quote:
                quote = ""
            else:
                word += char
        elif char in "'\"":
            quote, started = char, True
        elif char in " \t\r\n":
            if started:
                words.append(word)
            word, started = "", False
        elif char in _CUTS:
            if char == ">" and word[:1].isdigit():  # 2>file
                word, started = "", False
            return [*words, *([word] if started else [])], text[at - 1 :]
        else:
            word, started = word + char, True
    if quote:
        return None
    return [*words, *([word] if started else [])], ""
