"""A health check → the readiness probe. No liveness probe: Compose restarts nothing on a failed check."""

import math
import re
from typing import Any, Final

from app.compose.container import note_host
from app.compose.hosts import replaced
from app.compose.units import seconds
from app.compose.work import Part, Work, truth, whole

_NOT: Final = "KEY_NOT_CONVERTED"
_SELF: Final = re.compile(
    r"(?:/usr/bin/)?(?:curl|wget)(?:\s+(?:-{1,2}[A-Za-z][A-Za-z-]*(?:=\S+)?|-[a-zA-Z]+\s+/dev/null|/dev/null"
    r"|--(?:tries|timeout|max-time)[= ]\d+|-[tTm]\s+\d+))*\s+"
    r"[\"']?(?:http://)?(?:localhost|127\.0\.0\.1|0\.0\.0\.0|\[::1\])(?::(?P<port>\d{1,5}))?(?P<path>/[^\s\"'|&;$`]*)?[\"']?"
    r"(?:\s+-[a-zA-Z]+)*(?:\s+(?:>|-[oO])\s*/dev/null)?(?:\s+2>&1)?\s*(?:\|\|\s*(?:exit\s+1|false)\s*)?;?"
)
_DOCKERS_TIMEOUT: Final = 30  # Kubernetes gives a check 1 s, which programs that start a process miss


def set_probe(work: Work, part: Part) -> None:
    """The probe, from the check's command and times."""
    check = part.service.get("healthcheck")
    if not isinstance(check, dict) or truth(check.get("disable")):
        return
    test = [str(word) for word in check.get("test") or ()]
    if not test:
        if check.keys() - {"disable", "test"}:
            message = "has times but no test: the image's own check isn't known, write the test out"
            work.findings.warn(_NOT, message, service=part.key, key="healthcheck")
        return
    if test[0] == "NONE":
        return
    if part.kind in ("job", "cronjob"):
        message = f"a {part.kind} is done when it ends: its check is left out"
        work.findings.info(_NOT, message, service=part.key, key="healthcheck")
        return
    probe = _action(work, part, test)
    if probe is None:
        message = "its test begins with CMD, CMD-SHELL or NONE: mend it, there is no check"
        work.findings.error("INVALID_COMPOSE_SYNTAX", message, service=part.key, key="healthcheck.test")
        return
    part.data["readinessProbe"] = probe | _times(work, part, check)


def _action(work: Work, part: Part, test: list[str]) -> dict[str, Any] | None:
    kind, words = test[0], test[1:]
    if kind not in ("CMD", "CMD-SHELL") or not words:
        return None
    line = " ".join(words)
    match = _SELF.fullmatch(line.strip()) if len(line) <= 400 else None
    if match is not None and "https" not in line:
        port = int(match["port"] or 80)
        if 0 < port <= 65535:
            return {"type": "httpGet", "path": match["path"] or "/", "port": port}
    spans = work.hosts.in_command(words)
    for word, places in zip(words, spans, strict=True):
        for start, end in places:
            note_host(work, part, word[start:end])
    renamed = [replaced(word, places, work.hosts.by_name) for word, places in zip(words, spans, strict=True)]
    command = renamed if kind == "CMD" else ["sh", "-c", " ".join(renamed)]
    return {"type": "exec", "command": command}


def _times(work: Work, part: Part, check: dict[str, Any]) -> dict[str, int]:
    found = {"timeoutSeconds": _DOCKERS_TIMEOUT}
    for key, field, low in (("interval", "periodSeconds", 1), ("timeout", "timeoutSeconds", 1),
                            ("start_period", "initialDelaySeconds", 0)):  # fmt: skip
        length = seconds(check[key]) if check.get(key) is not None else None
        if check.get(key) is not None and length is None:
            message = f"'{str(check[key])[:40]}' is no duration: write 30s or 1m30s, left out"
            work.findings.warn("INVALID_COMPOSE_SYNTAX", message, service=part.key, key=f"healthcheck.{key}")
        if length is not None and (length > 0 or low == 0):
            found[field] = min(max(low, math.ceil(length)), 86400)
    retries = whole(check.get("retries"))
    if retries is not None and retries > 0:
        found["failureThreshold"] = min(retries, 1000)
    return found
