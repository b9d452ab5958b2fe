"""One reader a scalar format: what a person typed → what the API wants, or what is wrong with it.

A reader gets a value that is neither null nor blank and the place where it stands; on a problem it says so there and
returns `None`. The readers of lists and mappings are in `structures.py` and `network.py`.
"""

import ipaddress
import re
from collections.abc import Callable, Iterable
from typing import Any, Final

from croniter import croniter

from app.manifests.problems import At

Reader = Callable[[Any, At], Any]

_LABEL: Final = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_DNS_LABEL: Final = re.compile(_LABEL)
_DNS_SUBDOMAIN: Final = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_SERVICE_NAME: Final = re.compile(r"[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?")
_LABEL_VALUE: Final = re.compile(r"(?:[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?")
_LABEL_NAME: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?")
_PORT_NAME: Final = re.compile(r"(?=.{1,15}$)(?=.*[a-z])[a-z0-9]+(?:-[a-z0-9]+)*")
_WHOLE: Final = re.compile(r"[+-]?\d{1,18}(?:\.0*)?")
_PERCENT: Final = re.compile(r"(?:100|[1-9]?\d)%")
_DATA_KEY: Final = re.compile(r"(?!\.\.?$)(?!\.\.)[-._a-zA-Z0-9]{1,253}")

# The grammar of distribution/reference: [host[:port]/]path[:tag][@digest].
_PATH_PART: Final = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_DOMAIN: Final = (
    r"(?:\[[0-9a-fA-F:]+\]|[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)*)"
)
_IMAGE: Final = re.compile(
    rf"(?P<name>(?:{_DOMAIN}(?::\d+)?/)?{_PATH_PART}(?:/{_PATH_PART})*)"
    r"(?P<tag>:[A-Za-z0-9_][A-Za-z0-9._-]{0,127})?"
    r"(?P<digest>@[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,})?"
)

_CRON_FIELD: Final = re.compile(r"[0-9A-Za-z*?/,-]+")
_CRON_WORDS: Final = frozenset({"@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"})
_CRON_NAMES: Final = re.compile(
    r"JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC|SUN|MON|TUE|WED|THU|FRI|SAT", re.IGNORECASE
)
_EVERY: Final = re.compile(r"@every (?:\d+(?:\.\d+)?(?:h|ms|m|s))+")

MAX_PATH: Final = 4096
_SHOWN: Final = 60


def shown(value: object) -> str:
    """A value inside a message: in quotes, not too long."""
    text = value if isinstance(value, str) else str(value)
    return f"'{text[:_SHOWN]}…'" if len(text) > _SHOWN else f"'{text}'"


def missing(value: object) -> bool:
    """Null or blank: the forms send blank text for what nobody filled in."""
    return value is None or (isinstance(value, str) and not value.strip())


# --- text -----------------------------------------------------------------------------------------------------


def text(value: Any, at: At) -> str | None:
    """Text as it is; numbers and switches as people would write them."""
    match value:
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case int() | float():
            return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
        case _:
            return at.bad(f"must be text, not {kind_of(value)}")


def trimmed(value: Any, at: At) -> str | None:
    """Text without blanks around it."""
    found = text(value, at)
    return found.strip() if found is not None else None


def kind_of(value: Any) -> str:
    """What JSON calls it, for a message."""
    match value:
        case dict():
            return "a mapping"
        case list() | tuple():
            return "a list"
        case bool():
            return "a switch"
        case int() | float():
            return "a number"
        case None:
            return "null"
        case _:
            return "text"


def _named(pattern: re.Pattern[str], rule: str, limit: int, example: str) -> Reader:
    def read(value: Any, at: At) -> str | None:
        found = trimmed(value, at)
        if found is None:
            return None
        if len(found) > limit:
            return at.bad(f"{shown(found)} is too long: at most {limit} characters, not {len(found)}")
        if pattern.fullmatch(found) is None:
            likely = _likely_name(found, pattern, limit) or example
            return at.bad(f"{shown(found)} is not a valid name: use {rule}, e.g. {likely}")
        return found

    return read


def _likely_name(typed: str, pattern: re.Pattern[str], limit: int) -> str | None:
    name = re.sub(r"[^a-z0-9]+", "-", typed.lower()).strip("-")[:limit].strip("-")
    return name if pattern.fullmatch(name) else None


def name_reader(limit: int) -> Reader:
    """A DNS subdomain: names of most objects."""
    return _named(
        _DNS_SUBDOMAIN,
        "lower-case letters, digits, '-' and '.', beginning and ending with a letter or digit",
        limit,
        "my-app",
    )


def label_name_reader(limit: int) -> Reader:
    """A DNS label: names that become host names of pods."""
    return _named(
        _DNS_LABEL,
        "lower-case letters, digits and '-', beginning and ending with a letter or digit",
        limit,
        "my-app",
    )


dns_label = label_name_reader(63)
subdomain = name_reader(253)
service_name = _named(
    _SERVICE_NAME,
    "lower-case letters, digits and '-', beginning with a letter and ending with a letter or digit",
    63,
    "my-service",
)


def hostname(value: Any, at: At) -> str | None:
    """A host name such as db.example.com."""
    found = trimmed(value, at)
    if found is not None and (len(found) > 253 or not _DNS_SUBDOMAIN.fullmatch(found)):
        return at.bad(
            f"{shown(found)} is not a host name: use lower-case letters, digits, '-' and '.', e.g. db.example.com"
        )
    return found


def ingress_host(value: Any, at: At) -> str | None:
    """A host name, the first part may be `*`."""
    found = trimmed(value, at)
    if found is None:
        return None
    try:
        ipaddress.ip_address(found)
    except ValueError:
        return found if hostname(found.removeprefix("*."), at) is not None else None
    return at.bad(f"{shown(found)} is an address: an ingress needs a host name, or an empty host for all")


def label_value(value: Any, at: At) -> str | None:
    """At most 63 letters, digits, `-`, `_`, `.`."""
    found = trimmed(value, at)
    if found is not None and not _LABEL_VALUE.fullmatch(found):
        return at.bad(
            f"{shown(found)} is not a label value: at most 63 letters, digits, '-', '_' and '.',"
            " beginning and ending with a letter or digit"
        )
    return found


def label_key_problem(key: str) -> str | None:
    """What is wrong with the key of a label or annotation."""
    prefix, slash, name = key.rpartition("/")
    if slash and (len(prefix) > 253 or not _DNS_SUBDOMAIN.fullmatch(prefix)):
        return f"{shown(key)} is not a valid key: before the '/' stands a domain such as example.com"
    if not _LABEL_NAME.fullmatch(name):
        return f"{shown(key)} is not a valid key: at most 63 letters, digits, '-', '_' and '.', e.g. example.com/team"
    return None


def data_key_problem(key: str) -> str | None:
    """What is wrong with a key of a configmap or secret."""
    if _DATA_KEY.fullmatch(key):
        return None
    return f"{shown(key)} is not a valid key: use letters, digits, '-', '_' and '.', at most 253"


def env_name_problem(name: str) -> str | None:
    """What is wrong with the name of an environment entry (Kubernetes takes printable ASCII without `=`)."""
    if name and all(" " <= character <= "~" and character != "=" for character in name):
        return None
    return f"{shown(name)} is not a name for an environment variable: use letters, digits and '_', e.g. LOG_LEVEL"


# --- numbers and switches -------------------------------------------------------------------------------------


def number(low: int | None = None, high: int | None = None) -> Reader:
    """A whole number, also as text."""

    def read(value: Any, at: At) -> int | None:
        found: int | None = None
        match value:
            case bool():
                pass
            case int():
                found = value
            case float() if value.is_integer():
                found = int(value)
            case str() if _WHOLE.fullmatch(value.strip()):
                found = int(float(value)) if "." in value else int(value)
        if found is None:
            return at.bad(f"{shown(value)} is not a whole number")
        if (low is not None and found < low) or (high is not None and found > high):
            return at.bad(f"{found} is out of range: use {_range(low, high)}")
        return found

    return read


def _range(low: int | None, high: int | None) -> str:
    if low is None:
        return f"at most {high}"
    return f"{low} to {high}" if high is not None else f"{low} or more"


port = number(1, 65535)


def switch(value: Any, at: At) -> bool | None:
    """true or false, also as text."""
    if isinstance(value, bool):
        return value
    match str(value).strip().lower():
        case "true" | "yes" | "on" | "1":
            return True
        case "false" | "no" | "off" | "0":
            return False
        case _:
            return at.bad(f"{shown(value)} is neither true nor false")


def choice(options: Iterable[str]) -> Reader:
    """One of the options, in any case."""
    by_lower = {option.lower(): option for option in options}
    listed = ", ".join(by_lower.values())

    def read(value: Any, at: At) -> str | None:
        found = by_lower.get(str(value).strip().lower())
        return found if found is not None else at.bad(f"{shown(value)} is not possible here: use one of {listed}")

    return read


def port_or_name(value: Any, at: At) -> int | str | None:
    """A port's number, or the name of one of the container's ports."""
    if isinstance(value, str) and _PORT_NAME.fullmatch(value.strip()):
        return value.strip()
    if isinstance(value, str) and not _WHOLE.fullmatch(value.strip()):
        return at.bad(f"{shown(value)} is neither a port (1 to 65535) nor a port's name")
    return port(value, at)  # type: ignore[no-any-return]  # a Reader may give anything; this one gives int or None


def count_or_percent(value: Any, at: At) -> int | str | None:
    """`2` or `25%`."""
    if isinstance(value, str) and _PERCENT.fullmatch(value.strip()):
        return value.strip()
    found = number(0, 100000)(value, At(type(at.problems)(), ""))
    return found if found is not None else at.bad(f"{shown(value)} is neither a number nor a percentage such as 25%")


# --- the field's own forms --------------------------------------------------------------------------------------


def image(value: Any, at: At) -> str | None:
    """An image reference: host, path, tag, digest."""
    found = trimmed(value, at)
    if found is None:
        return None
    match = _IMAGE.fullmatch(found) if len(found) <= 1024 else None
    if match is None or len(match["name"]) > 255:
        hint = (
            ": image names are in lower case"
            if _IMAGE.fullmatch(found.lower())
            else ", e.g. nginx:1.29 or ghcr.io/owner/app:1.0"
        )
        return at.bad(f"{shown(found)} is not an image{hint}")
    return found


def cron(value: Any, at: At) -> str | None:
    """Five fields, or a word such as @daily."""
    found = trimmed(value, at)
    if found is None or found.lower() in _CRON_WORDS or _EVERY.fullmatch(found):
        return found
    fields = found.split()
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
            f"{shown(found)} is not a schedule, e.g. '*/15 * * * *' (every 15 minutes) or '30 2 * * 1' (Mondays at 2:30)"
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
    if not found.startswith("/") or ":" in found or "\0" in found or len(found) > MAX_PATH:
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


def url_path(value: Any, at: At) -> str | None:
    """The path of a URL, from `/` on."""
    found = trimmed(value, at)
    if found is not None and not found.startswith("/"):
        return at.bad(f"{shown(found)} must begin with '/', e.g. /api")
    return found
