"""Our own API as any client sees it: JSON calls, by the standard library; listening.py reads its streams."""

import http.client
import json
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Any, Final

CALL_WITHIN_S: Final = 30.0


class ApiError(Exception):
    """The API refused, or can't be reached (status 0); the text is its own."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, slots=True)
class Api:
    """One server, perhaps signed in."""

    root: str
    token: str | None = None

    def call(self, method: str, path: str, body: object = None) -> Any:
        """The answer's JSON.

        Raises:
            ApiError: any status from 400 on, or no answer.
        """
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.root + path, data, self.headers(), method=method)
        try:
            with urllib.request.urlopen(request, timeout=CALL_WITHIN_S) as answer:
                content = answer.read()
        except urllib.error.HTTPError as error:
            raise ApiError(error.code, reason_of(error.read())) from None
        except (OSError, http.client.HTTPException) as error:
            raise ApiError(0, f"{self.root} can't be reached: {error}") from None
        return json.loads(content) if content else None

    def is_ready(self) -> bool:
        try:
            self.call("GET", "/readyz")
        except ApiError:
            return False
        return True

    def headers(self, accept: str = "application/json") -> dict[str, str]:
        authorization = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        return {"Content-Type": "application/json", "Accept": accept} | authorization


def reason_of(body: bytes) -> str:
    """The API's `error`, with its details."""
    try:
        content = json.loads(body)
        details = content.get("details") or {}
        more = (
            "; ".join(f"{field}: {text}" for field, text in details.items()) if isinstance(details, dict) else details
        )
        return f"{content['error']} ({more})" if more else str(content["error"])
    except (ValueError, KeyError, TypeError, AttributeError):
        return body.decode(errors="replace")[:200] or "no reason given"
