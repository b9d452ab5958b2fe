"""An image's name taken apart, by the grammar of distribution/reference and Docker's defaults. Pure."""

import re
from dataclasses import dataclass
from typing import Final

from app.net.host_names import host_name
from app.registries.errors import RegistryError, registry_error

# [host[:port]/]path[:tag][@digest].
_PATH_PART: Final = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_DOMAIN_PART: Final = r"[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?"
_DOMAIN: Final = rf"(?:\[[0-9a-fA-F:]+\]|{_DOMAIN_PART}(?:\.{_DOMAIN_PART})*)"
IMAGE: Final = re.compile(
    rf"(?P<name>(?:{_DOMAIN}(?::\d+)?/)?{_PATH_PART}(?:/{_PATH_PART})*)"
    r"(?P<tag>:[A-Za-z0-9_][A-Za-z0-9._-]{0,127})?"
    r"(?P<digest>@[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,})?"
)
LONGEST: Final = 1024
_LONGEST_NAME: Final = 255
DIGEST: Final = re.compile(r"sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}")

HUB: Final = "docker.io"
_HUB_NAMES: Final = frozenset({"docker.io", "index.docker.io", "registry-1.docker.io"})
_HUB_API: Final = "registry-1.docker.io"


@dataclass(frozen=True, slots=True)
class Reference:
    """Which image, and where."""

    host: str
    """With its port, if one is named: `docker.io`, `localhost:5000`."""
    path: str
    tag: str = ""
    """Blank only beside a digest."""
    digest: str = ""

    @property
    def wanted(self) -> str:
        """What the registry is asked for: the digest decides, as it does for container runtimes."""
        return self.digest or self.tag

    @property
    def api_host(self) -> str:
        """Who answers; Docker Hub's API isn't at its name."""
        return _HUB_API if self.host == HUB else self.host

    def __str__(self) -> str:
        tag = f":{self.tag}" if self.tag else ""
        return f"{self.host}/{self.path}{tag}" + (f"@{self.digest}" if self.digest else "")


def reference_of(text: str) -> Reference:
    """Take it apart.

    Raises:
        RegistryError: `INVALID_IMAGE`.
    """
    text = text.strip()
    match = IMAGE.fullmatch(text) if len(text) <= LONGEST else None
    if match is None or len(match["name"]) > _LONGEST_NAME:
        hint = "image names are in lower case" if IMAGE.fullmatch(text.lower()) else "write e.g. ghcr.io/owner/app:1.0"
        raise _invalid(f"this is no image: {hint}")
    host, path = _split(match["name"])
    digest = (match["digest"] or "").removeprefix("@").lower()
    if digest and not DIGEST.fullmatch(digest):
        raise _invalid("its digest must be sha256 and 64 hex digits")
    tag = (match["tag"] or "").removeprefix(":") or ("" if digest else "latest")
    return Reference(host, path, tag, digest)


def _split(name: str) -> tuple[str, str]:
    """(host, path). The first part is a host when it looks like one: `a/b` is on Docker Hub, `a.b/c` isn't."""
    first, slash, rest = name.partition("/")
    if not slash or not ("." in first or ":" in first or first == "localhost" or first != first.lower()):
        host, path = HUB, name
    else:
        host, path = _host(first), rest
    if host == HUB and "/" not in path:
        path = f"library/{path}"
    if not re.fullmatch(rf"{_PATH_PART}(?:/{_PATH_PART})*", path):
        raise _invalid("image names are in lower case")
    return host, path


def _host(text: str) -> str:
    host = text.lower()
    name, _, port = host.rpartition(":") if not host.endswith("]") and ":" in host else (host, "", "")
    try:
        host_name(name)  # addresses in their usual form only: `0x7f.1` is none
    except ValueError:
        raise _invalid("its registry is no host name") from None
    if port and not 0 < int(port) <= 65535:
        raise _invalid("the port of its registry must be 1 to 65535")
    return HUB if host in _HUB_NAMES else host


def _invalid(problem: str) -> RegistryError:
    return registry_error("INVALID_IMAGE", f"image: {problem}", {"image": problem})
