"""The bytes of a request. Called by `connection.py`; one writer a connection: most headers stay the same."""

from collections.abc import Mapping
from typing import Final
from urllib.parse import urlencode

import orjson

from app.kube.access import Access
from app.kube.target import Target

JSON: Final = "application/json"
APPLY: Final = "application/apply-patch+yaml"
"""Server-side apply; JSON is YAML, so the body may be JSON."""

Query = Mapping[str, str | int | bool]

_NGROK: Final = (".ngrok.io", ".ngrok.app", ".ngrok-free.app", ".ngrok.dev", ".ngrok-free.dev")


class PayloadWriter:
    """Writes requests of one account to one target."""

    def __init__(self, target: Target, access: Access) -> None:
        self._prefix, self._standing = target.prefix, _standing_headers(target, access)

    def write(
        self, method: str, path: str, query: Query | None, *, accept: str, body: object = None, content_type: str = JSON
    ) -> bytes:
        """A whole request.

        Raises:
            ValueError: a path that isn't quoted: a space or line break would start a second request.
        """
        target = self._prefix + path + (f"?{urlencode(_spelled(query))}" if query else "")
        if not target.isascii() or not target.isprintable() or " " in target:
            raise ValueError("a path must be quoted")
        head = f"{method} {target} HTTP/1.1\r\n{self._standing}Accept: {accept}\r\n"
        if body is None:
            return f"{head}\r\n".encode("ascii")
        content = body if isinstance(body, bytes) else orjson.dumps(body)
        return f"{head}Content-Type: {content_type}\r\nContent-Length: {len(content)}\r\n\r\n".encode("ascii") + content


def _standing_headers(target: Target, access: Access) -> str:
    """What every request of a connection says."""
    lines = [f"Host: {target.authority}", "User-Agent: kubeorch", "Accept-Encoding: identity"]
    if access.token:
        lines.append(f"Authorization: Bearer {access.token}")
    if access.impersonate_user:
        lines.append(f"Impersonate-User: {access.impersonate_user}")
        lines += [f"Impersonate-Group: {group}" for group in access.impersonate_groups]
    if target.host.endswith(_NGROK):
        lines.append("ngrok-skip-browser-warning: true")  # or it answers with a page for people
    return "".join(f"{line}\r\n" for line in lines)


def _spelled(query: Query) -> dict[str, str]:
    """As the API spells values: `true`."""
    return {key: str(value).lower() if isinstance(value, bool) else str(value) for key, value in query.items()}
