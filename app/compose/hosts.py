"""Which of the project's host names stand in a text: in addresses, `host:port`, and entries that are about a host."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

_WORD: Final = r"A-Za-z0-9_.-"
_ABOUT_HOSTS: Final = re.compile(
    r"(?:HOST|HOSTS|HOSTNAME|SERVER|SERVERS|ADDR|ADDRESS|ENDPOINT|BACKEND|UPSTREAM|BROKER|BROKERS|URL|URI)S?\Z",
    re.IGNORECASE,
)
_HOST_FLAG: Final = re.compile(r"-h|--?[A-Za-z-]*(?:host|server|addr|address|hostname)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Hosts:
    """Host names that Compose would resolve, each with the Service that answers to it."""

    by_name: Mapping[str, str]
    pattern: re.Pattern[str] | None

    @classmethod
    def of(cls, by_name: Mapping[str, str]) -> "Hosts":
        """Longer names first: `db` also begins `db-backup`."""
        names = sorted(by_name, key=lambda name: (-len(name), name))
        joined = "|".join(re.escape(name) for name in names)
        return cls(by_name, re.compile(rf"(?<![{_WORD}])(?:{joined})(?![{_WORD}])") if names else None)

    def in_value(self, key: str, value: str) -> list[tuple[int, int]]:
        """Where hosts stand in an environment entry's value."""
        return self._in(value, about_host=_ABOUT_HOSTS.search(key) is not None)

    def in_command(self, words: Iterable[str]) -> list[list[tuple[int, int]]]:
        """The same, word by word of a command."""
        found, before = [], ""
        for word in words:
            flag, equals, _ = word.partition("=")
            about = bool(_HOST_FLAG.fullmatch(before) or (equals and _HOST_FLAG.fullmatch(flag)))
            found.append(self._in(word, about_host=about))
            before = word
        return found

    def _in(self, text: str, *, about_host: bool) -> list[tuple[int, int]]:
        if self.pattern is None:
            return []
        return [match.span() for match in self.pattern.finditer(text) if _is_host(text, *match.span(), about_host)]


def _is_host(text: str, start: int, end: int, about_host: bool) -> bool:
    before, after = text[:start], text[end:]
    if before.endswith("://") or (before.endswith("@") and not after.startswith("@")):
        return not re.match(r":[^@/\s]*@", after)  # `redis://redis:password@…`: a user's name
    if re.match(r":\d{1,5}(?![0-9.])", after) and not before.endswith((":", "/")):
        return True
    alone = (not before or before[-1] in ", ;=\"'[") and (not after or after[0] in ", ;\"']")
    return about_host and alone


def replaced(text: str, spans: Iterable[tuple[int, int]], by_name: Mapping[str, str]) -> str:
    """The text with the hosts at these places called as their Services are."""
    parts, at = [], 0
    for start, end in spans:
        parts += [text[at:start], by_name[text[start:end]]]
        at = end
    return "".join([*parts, text[at:]])
