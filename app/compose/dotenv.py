"""`.env` files and env files: `KEY=value` lines, quotes, comments, variables."""

import re
from collections import ChainMap
from collections.abc import Mapping
from typing import Final

from app.compose.findings import refused
from app.compose.interpolation import BadTemplateError, RequiredError, Variables, substitute

_KEY: Final = re.compile(
    r"\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_.\-\[\]]*)[ \t]*(?:[=:][ \t]*|(?=\r?$|\r?\n|#))", re.MULTILINE
)
_ESCAPES: Final = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\", "$": "$$", "`": "`"}


def read_dotenv(text: str, name: str, outer: Mapping[str, str]) -> dict[str, str | None]:
    """Values by key, in order; `None` for a key that stands alone.

    Args:
        text: of the file.
        name: of the file, for messages.
        outer: values for variables; those above in the file come after.

    Raises:
        InvalidError: a line is neither a comment nor `KEY=value`.
    """
    found: dict[str, str | None] = {}
    above: dict[str, str] = {}
    variables = Variables(ChainMap(above, dict(outer)))
    at = 0
    text = text.replace("\r\n", "\n")
    while at < len(text):
        line_end = text.find("\n", at)
        line_end = len(text) if line_end < 0 else line_end
        line = text[at:line_end]
        if not line.strip() or line.lstrip().startswith("#"):
            at = line_end + 1
            continue
        match = _KEY.match(text, at)
        if match is None or match.end() > line_end:
            number = text.count("\n", 0, at) + 1
            raise refused("INVALID_COMPOSE_SYNTAX", "is no KEY=value: mend or remove it", file=name, line=number)
        key = match[1]
        if "=" not in match[0] and ":" not in match[0]:
            found[key] = None
            at = line_end + 1
            continue
        found[key], at = _value(text, match.end(), line_end, variables, name)
        if key not in outer:
            above[key] = found[key] or ""
    return found


def _value(text: str, at: int, line_end: int, variables: Variables, name: str) -> tuple[str, int]:
    quote = text[at : at + 1]
    if quote in ("'", '"'):
        end = _closing_quote(text, at + 1, quote)
        if end < 0:
            number = text.count("\n", 0, at) + 1
            raise refused("INVALID_COMPOSE_SYNTAX", f"the quote {quote} is never closed", file=name, line=number)
        inside = text[at + 1 : end]
        after = text.find("\n", end)
        rest = len(text) if after < 0 else after + 1
        if quote == "'":
            return inside.replace("\\'", "'"), rest
        unescaped = re.sub(r"\\(.)", lambda m: _ESCAPES.get(m[1], m[0]), inside, flags=re.DOTALL)
        return _expanded(unescaped, variables, name), rest
    raw = text[at:line_end]
    comment = re.search(r"(?:^|\s)#", raw)
    raw = raw[: comment.start()] if comment else raw
    return _expanded(raw.strip(), variables, name), line_end + 1


def _closing_quote(text: str, at: int, quote: str) -> int:
    while at < len(text):
        if text[at] == "\\":
            at += 2
        elif text[at] == quote:
            return at
        else:
            at += 1
    return -1


def _expanded(text: str, variables: Variables, name: str) -> str:
    try:
        return substitute(text, variables)
    except RequiredError as error:
        raise refused("VARIABLE_NOT_SET", str(error), file=name) from error
    except BadTemplateError as error:
        message = "holds a '${' that is no variable: write ${NAME}, or put the value in single quotes"
        raise refused("INVALID_COMPOSE_SYNTAX", message, file=name) from error
