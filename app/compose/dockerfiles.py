"""Where does the image of a Dockerfile listen? As far as the file itself says. Pure."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from app.compose.images import known_port, short_name

_FROM: Final = re.compile(r"FROM\s+(?:--\S+\s+)*(\S+)(?:\s+AS\s+(\S+))?\s*", re.IGNORECASE)
_PORT: Final = re.compile(r"(\d{1,5})(?:-(\d{1,5}))?(?:/(tcp|udp|sctp))?", re.IGNORECASE)
_VARIABLE: Final = re.compile(r"\$(?:(\w+)|\{(\w+)(?::?-([^}]*))?\})")
_SETTING: Final = re.compile(r"(\w+)=(\"[^\"]*\"|'[^']*'|\S*)")
_MOST_PORTS: Final = 50
_BASES: Final[Mapping[str, int]] = {"node": 3000, "ruby": 3000, "python": 8000, "aspnet": 8080}


@dataclass(slots=True)
class _Stage:
    base: str
    ports: dict[str, None] = field(default_factory=dict)
    values: dict[str, str] = field(default_factory=dict)


def exposed_ports(text: str, target: str = "") -> list[str]:
    """Ports that the image exposes, as Compose writes them (`8080`, `53/udp`).

    Args:
        text: of the Dockerfile.
        target: the stage that is built; the last one unless named.
    """
    return list(_built(text, target).ports)[:_MOST_PORTS]


def listening_ports(text: str, target: str = "") -> list[str]:
    """The same; where none is exposed PORT, else what is known of the base image."""
    stage = _built(text, target)
    if stage.ports:
        return list(stage.ports)[:_MOST_PORTS]
    variable = stage.values.get("PORT", "")
    if re.fullmatch(r"\d{1,5}", variable):
        return [variable]
    known = known_port(stage.base) or _BASES.get(short_name(stage.base))
    return [str(known)] if known else []


def _built(text: str, target: str) -> _Stage:
    """The stage that is built, with all that the stages which it comes from have."""
    stages = _stages(text)
    if not stages:
        return _Stage("")
    found = stages[target.lower() if target.lower() in stages else list(stages)[-1]]
    for _ in stages:
        other = stages.get(found.base.lower())
        if other is None:
            break
        found = _Stage(other.base, {**other.ports, **found.ports}, {**other.values, **found.values})
    return found


def _stages(text: str) -> dict[str, _Stage]:
    """By name (or number), in their order."""
    stages: dict[str, _Stage] = {}
    outside: dict[str, str] = {}
    stage: _Stage | None = None
    for line in _lines(text):
        word, _, rest = line.partition(" ")
        if match := _FROM.fullmatch(line):
            stage = _Stage(_filled(match[1], outside), values=dict(outside))
            stages[(match[2] or str(len(stages))).lower()] = stage
            continue
        values = outside if stage is None else stage.values
        match word.upper():
            case "ARG" | "ENV":
                values |= _settings(rest, values)
            case "EXPOSE" if stage is not None:
                stage.ports |= dict.fromkeys(_ports(_filled(rest, values).split()))
    return stages


def _lines(text: str) -> Sequence[str]:
    """Instructions, each on one line; comments are gone."""
    plain = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))
    joined = re.sub(r"[\\`][ \t]*\n", " ", plain)
    return [re.sub(r"\s+", " ", line).strip() for line in joined.splitlines() if line.strip()]


def _settings(rest: str, values: Mapping[str, str]) -> dict[str, str]:
    found = {name: _filled(value.strip("\"'"), values) for name, value in _SETTING.findall(rest)}
    if not found:  # `ENV PORT 3000`, the old form
        name, _, value = rest.partition(" ")
        found = {name: _filled(value.strip(), values)} if value else {}
    return found


def _filled(text: str, values: Mapping[str, str]) -> str:
    return _VARIABLE.sub(lambda match: values.get(match[1] or match[2], match[3] or ""), text)


def _ports(words: Sequence[str]) -> list[str]:
    found = []
    for word in words:
        match = _PORT.fullmatch(word)
        if match is None:
            continue
        first, last = int(match[1]), int(match[2] or match[1])
        if 0 < first <= last <= 65535 and last - first < _MOST_PORTS:
            protocol = f"/{match[3].lower()}" if match[3] and match[3].lower() != "tcp" else ""
            found += [f"{number}{protocol}" for number in range(first, last + 1)]
    return found
