"""What a person must know about a conversion: which service and key, what it means, what to do."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

from app.errors import InvalidError

Level = Literal["info", "warning", "error"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One remark. `message` says what is so and what to do."""

    level: Level
    code: str
    message: str
    service: str | None = None
    key: str | None = None
    line: int | None = None

    def as_json(self) -> dict[str, Any]:
        """As answers have it; what is unknown is left out."""
        entries = {name: getattr(self, name) for name in ("level", "code", "service", "key", "line", "message")}
        return {name: value for name, value in entries.items() if value is not None}

    def __str__(self) -> str:
        where = [part for part in (self.service, self.key) if part]
        return ": ".join([*where, self.message])


@dataclass(slots=True)
class Findings:
    """Collects remarks in the order in which they were made, each once."""

    found: dict[Finding, None] = field(default_factory=dict)
    lines: dict[tuple[str, ...], int] = field(default_factory=dict)
    """Where keys stand in the first file, by path."""

    def add(self, level: Level, code: str, message: str, *, service: str | None = None, key: str | None = None) -> None:
        """Note something; the line of the key is looked up."""
        line = None
        if service is not None and key is not None:
            line = self.lines.get(("services", service, key.partition(".")[0].partition("[")[0]))
        if service is not None and line is None:
            line = self.lines.get(("services", service))
        self.found.setdefault(Finding(level, code, message, service, key, line))

    def info(self, code: str, message: str, *, service: str | None = None, key: str | None = None) -> None:
        """Good to know."""
        self.add("info", code, message, service=service, key=key)

    def warn(self, code: str, message: str, *, service: str | None = None, key: str | None = None) -> None:
        """Somebody should look."""
        self.add("warning", code, message, service=service, key=key)

    def error(self, code: str, message: str, *, service: str | None = None, key: str | None = None) -> None:
        """A part of the file could not be used."""
        self.add("error", code, message, service=service, key=key)

    def __iter__(self) -> Iterator[Finding]:
        return iter(self.found)

    def of_level(self, *levels: Level) -> list[Finding]:
        """Those of some levels, in order."""
        return [finding for finding in self if finding.level in levels]


def refused(code: str, message: str, *, file: str | None = None, line: int | None = None) -> InvalidError:
    """The whole input is unusable (400)."""
    where = f"{file}, line {line}: " if file and line else f"{file}: " if file else ""
    extra: dict[str, object] = {"code": code}
    if line is not None:
        extra["line"] = line
    return InvalidError(where + message, extra=extra)
