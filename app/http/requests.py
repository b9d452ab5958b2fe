"""Bodies and queries of requests: read as JSON whatever the content type says, checked by a pydantic model."""

from typing import Any, Final, TypeVar

import orjson
from flask import request
from pydantic import BaseModel, ValidationError

from app.errors import InvalidError

Model = TypeVar("Model", bound=BaseModel)

MAX_DEPTH: Final = 64


def parse_body(model: type[Model], *, message: str = "Invalid request data") -> Model:
    """The request's JSON body as `model`; no body counts as `{}`.

    Raises:
        InvalidError: not JSON, too deep, or it doesn't fit: `message`, with `details` by field.
        TooLargeError: over the limit (raised by Flask's limit, mapped in `errors.py`).

    Forms don't get here: `form_types.py` refuses them.
    """
    return validated(model, read_json(), message=message)


def read_json() -> Any:
    """The body, parsed; `{}` when there is none. Errors as for `parse_body`."""
    raw = request.get_data(cache=True)
    if not raw.strip():
        return {}
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        # orjson itself gives up at 1,024 levels; its text names line and column.
        raise InvalidError(f"The body is not valid JSON: {error}") from None
    # Counting brackets is cheap and tells most bodies at once; only suspects are walked.
    if raw.count(b"{") + raw.count(b"[") > MAX_DEPTH and _depth_exceeds(value, MAX_DEPTH):
        raise InvalidError(f"The body is nested deeper than {MAX_DEPTH} levels")
    return value


def validated(model: type[Model], value: Any, *, message: str = "Invalid request data") -> Model:
    """`value` as `model`, or InvalidError with a text per field."""
    if not isinstance(value, dict):
        raise InvalidError("The body must be a JSON object")
    try:
        return model.model_validate(value)
    except ValidationError as error:
        raise InvalidError(message, problems(error)) from None


def problems(error: ValidationError) -> dict[str, str]:
    """Field → what is wrong, without what was sent (it may be a secret)."""
    found: dict[str, str] = {}
    for item in error.errors(include_input=False, include_url=False, include_context=False):
        field = ".".join(str(part) for part in item["loc"]) or "body"
        text = "is required" if item["type"] == "missing" else item["msg"].removeprefix("Value error, ")
        found.setdefault(field, text)
    return found


def query_int(name: str, default: int, *, least: int, most: int) -> int:
    """A whole number of the query; out of range or no number is the default, never an error."""
    text = request.args.get(name, "")
    if text.lstrip("-").isdecimal() and least <= int(text[:12]) <= most:
        return int(text)
    return default


def _depth_exceeds(value: Any, limit: int) -> bool:
    level = [value]
    for _ in range(limit):
        level = [child for item in level for child in _children(item)]
        if not level:
            return False
    return any(isinstance(item, dict | list) for item in level)


def _children(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [child for child in value.values() if isinstance(child, dict | list)]
    if isinstance(value, list):
        return [child for child in value if isinstance(child, dict | list)]
    return []
