"""Readers of names: of objects, hosts, labels, keys, environment entries. A refusal proposes a name that works."""

import ipaddress
import re
from typing import Any, Final

from app.manifests.formats import Reader, shown, trimmed
from app.manifests.problems import At

_LABEL: Final = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_DNS_LABEL: Final = re.compile(_LABEL)
_DNS_SUBDOMAIN: Final = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_SERVICE_NAME: Final = re.compile(r"[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?")
_LABEL_VALUE: Final = re.compile(r"(?:[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?")
_LABEL_NAME: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?")
_DATA_KEY: Final = re.compile(r"(?!\.\.?$)(?!\.\.)[-._a-zA-Z0-9]{1,253}")


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
