"""Readers of what has a syntax of its own: images, schedules, quantities, addresses, paths."""

import ipaddress
import re
from typing import Any, Final

from app.kube.quantities import is_quantity, parse_quantity
from app.manifests.formats import shown, trimmed
from app.manifests.problems import At
from app.registries.references import IMAGE, LONGEST

_CRON_FIELD: Final = re.compile(r"[0-9A-Za-z*?/,-]+")
_CRON_WORDS: Final = frozenset({"@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"})
_CRON_NAMES: Final = re.compile(
    r"JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC|SUN|MON|TUE|WED|THU|FRI|SAT", re.IGNORECASE
)
_EVERY: Final = re.compile(r"@every (?:\d+(?:\.\d+)?(?:h|ms|m|s))+")

_FILE_MODE: Final = re.compile(r"(?:0|0o)?[0-7]{3}")
_MAX_PATH: Final = 4096
_MAX_SCHEDULE: Final = 256


def image(value: Any, at: At) -> str | None:
    """An image reference: host, path, tag, digest."""
    found = trimmed(value, at)
    if found is None:
        return None
    match = IMAGE.fullmatch(found) if len(found) <= LONGEST else None
    if match is None or len(match["name"]) > 255:
        hint = (
            ": image names are in lower case"
            if IMAGE.fullmatch(found.lower())
            else ", e.g. nginx:1.29 or ghcr.io/owner/app:1.0"
        )
        return at.bad(f"{shown(found)} is not an image{hint}")
    return found


def cron(value: Any, at: At) -> str | None:
    """Five fields, or a word such as @daily."""
    found = trimmed(value, at)
    if found is None or found.lower() in _CRON_WORDS or _EVERY.fullmatch(found):
        return found
    from croniter import croniter  # half of this module's start: a command line that reads no schedule needn't wait

    fields = found.split() if len(found) <= _MAX_SCHEDULE else []
    if len(fields) != 5:
        return at.bad(
            f"{shown(found)} is not a schedule: five fields (minute, hour, day, month, weekday), e.g. '0 * * * *'"
        )
    if "7" in re.sub(r"/\d+", "", fields[4]):
        return at.bad(f"{shown(found)} is not a schedule: weekdays are 0 (Sunday) to 6")
    # croniter also takes extensions (L, #, H, R) that the cluster's parser refuses.
    strange = [
        part for part in fields if not _CRON_FIELD.fullmatch(part) or re.search("[A-Za-z]", _CRON_NAMES.sub("", part))
    ]
    if strange or not croniter.is_valid(found.replace("?", "*")):
        return at.bad(
            f"{shown(found)} is not a schedule, e.g. '*/15 * * * *' (every 15 minutes)"
            " or '30 2 * * 1' (Mondays at 2:30)"
        )
    return found


def cidr(value: Any, at: At) -> str | None:
    """A network such as 10.0.0.0/8."""
    found = trimmed(value, at)
    if found is None:
        return None
    try:
        if "/" not in found:
            raise ValueError
        network = ipaddress.ip_network(found, strict=False)
    except ValueError:
        return at.bad(f"{shown(found)} is not a network: use an address and a prefix length, e.g. 10.0.0.0/8")
    # The API server warns of host bits now and will refuse them: say the network that is meant.
    return str(network)


def ip(value: Any, at: At) -> str | None:
    """An address."""
    found = trimmed(value, at)
    if found is None:
        return None
    try:
        return str(ipaddress.ip_address(found))
    except ValueError:
        return at.bad(f"{shown(found)} is not an IP address, e.g. 192.0.2.10")


def mount_path(value: Any, at: At) -> str | None:
    """Where something is mounted: absolute, no colon (the API refuses it)."""
    found = trimmed(value, at)
    if found is None:
        return None
    if not found.startswith("/") or ":" in found or "\0" in found or len(found) > _MAX_PATH:
        return at.bad(f"{shown(found)} is not a mount path: it begins with '/' and holds no ':', e.g. /etc/config")
    return found


def host_path(value: Any, at: At) -> str | None:
    """A path on the machine."""
    found = trimmed(value, at)
    if found is not None and (not found.startswith("/") or ".." in found.split("/")):
        return at.bad(f"{shown(found)} is not a path on the machine: it begins with '/' and holds no '..'")
    return found


def sub_path(value: Any, at: At) -> str | None:
    """A path inside a volume."""
    found = trimmed(value, at)
    if found is not None and (found.startswith("/") or ".." in found.split("/")):
        return at.bad(f"{shown(found)} must be a path inside the volume: no '/' at the beginning, no '..'")
    return found


def file_mode(value: Any, at: At) -> int | None:
    """Who may read, write and run a file: octal as text (0755), or the number that the API has (493)."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 0o777:
        return value
    if isinstance(value, str) and _FILE_MODE.fullmatch(value.strip()):
        return int(value.strip().removeprefix("0o"), 8)
    return at.bad(f"{shown(value)} is not a file mode: write octal digits, e.g. 0755")


def url_path(value: Any, at: At) -> str | None:
    """The path of a URL, from `/` on."""
    found = trimmed(value, at)
    if found is not None and not found.startswith("/"):
        return at.bad(f"{shown(found)} must begin with '/', e.g. /api")
    return found


def quantity(value: Any, at: At) -> str | None:
    """A Kubernetes quantity: 500m, 1.5, 512Mi."""
    found = trimmed(value, at)
    if found is None:
        return None
    if not is_quantity(found) or parse_quantity(found) < 0:
        return at.bad(f"{shown(found)} is not a quantity: a number with m, k, M, G, Ki, Mi or Gi, e.g. 500m or 256Mi")
    return found


def size(value: Any, at: At) -> str | None:
    """The size of a disk: a quantity above zero."""
    found = quantity(value, at)
    if found is not None and parse_quantity(found) <= 0:
        return at.bad(f"{shown(found)} is no size: it must be above 0, e.g. 10Gi")
    return found
