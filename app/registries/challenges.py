"""What a registry asks for before it answers (`WWW-Authenticate`), and where a token is to be had. Pure."""

import re
from dataclasses import dataclass
from typing import Final, Self
from urllib.parse import urlencode, urlsplit, urlunsplit

_BEARER: Final = re.compile(r"(?:^|[\s,])bearer\s+(?P<rest>.*)", re.IGNORECASE)
_PARAMETER: Final = re.compile(r'(?P<name>[A-Za-z_]+)\s*=\s*(?:"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<bare>[^\s,"]+))')
_ESCAPED: Final = re.compile(r"\\(.)")
_LONGEST: Final = 4096


@dataclass(frozen=True, slots=True)
class Challenge:
    """`Bearer realm="https://auth.example.org/token",service="registry"`."""

    realm: str
    service: str = ""

    @classmethod
    def of(cls, header: str) -> Self | None:
        """The Bearer challenge among those of the header; `None`: there is none (Basic wants a password)."""
        match = _BEARER.search(header[:_LONGEST])
        if match is None:
            return None
        found: dict[str, str] = {}
        for one in _PARAMETER.finditer(match["rest"]):
            value = one["bare"] if one["quoted"] is None else _ESCAPED.sub(r"\1", one["quoted"])
            found.setdefault(one["name"].lower(), value)
        return cls(found["realm"], found.get("service", "")) if found.get("realm") else None

    def token_url(self, path: str) -> str:
        """Where a token to read this repository is given. The scope is ours, whatever the registry proposes."""
        parts = urlsplit(self.realm)
        asked = {"service": self.service} if self.service else {}
        query = urlencode({**asked, "scope": f"repository:{path}:pull"})
        return urlunsplit((parts.scheme, parts.netloc, parts.path, f"{parts.query}&{query}".lstrip("&"), ""))
