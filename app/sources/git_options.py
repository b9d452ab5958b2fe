"""How git is called so that nothing of this machine, and nothing of the repository, changes what it does. Pure.

Every option is written out, defaults of today's git too: a later version, or a distribution's, may have others.
"""

import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

_PATH: Final = "/usr/local/bin:/usr/bin:/bin:/opt/homebrew/bin"
_MOST_BYTES_IN_MEMORY: Final = "16m"

_CONFIGURATION: Final[Mapping[str, str]] = {
    # Nothing that the repository brings runs.
    "core.hooksPath": "/dev/null",
    "core.fsmonitor": "false",
    "core.attributesFile": "/dev/null",
    "submodule.recurse": "false",
    "fetch.recurseSubmodules": "false",
    "gc.auto": "0",
    "maintenance.auto": "false",
    # A link becomes a text file with its target in it: nobody can be led out of the clone.
    "core.symlinks": "false",
    "core.protectHFS": "true",
    "core.protectNTFS": "true",
    "core.autocrlf": "false",
    # It speaks to the pinned address and to no other.
    "http.followRedirects": "false",
    "http.sslVerify": "true",
    "http.proxy": "",
    "fetch.uriProtocols": "",
    "transfer.bundleURI": "false",
    "transfer.credentialsInUrl": "die",
    "protocol.version": "2",
    # Bounded memory, one pack.
    "core.bigFileThreshold": _MOST_BYTES_IN_MEMORY,
    "core.deltaBaseCacheLimit": "32m",
    "core.packedGitWindowSize": "32m",
    "core.packedGitLimit": "256m",
    "fetch.unpackLimit": "1",
    "pack.threads": "1",
    "checkout.workers": "1",
    # An empty entry drops the helpers that are configured anywhere.
    "credential.helper": "",
}

# Of `info/attributes`, which win over those in the commit: files come out as they are stored.
ATTRIBUTES: Final = "* -filter -text -ident -working-tree-encoding\n"


# The first with http.curloptResolve; an older one would ignore it in silence and ask its own resolver.
LEAST_VERSION: Final = (2, 37)


def is_new_enough(said: str) -> bool:
    """Whether what `git version` says is a git that can be held to an address."""
    found = re.match(r"git version (\d+)\.(\d+)", said)
    return found is not None and (int(found[1]), int(found[2])) >= LEAST_VERSION


def environment(home: Path, *, allow_http: bool) -> dict[str, str]:
    """All that git sees of an environment.

    Args:
        home: an empty folder.
        allow_http: also without TLS.
    """
    return {
        "PATH": _PATH,
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home),
        "LC_ALL": "C",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_SYSTEM": "/dev/null",
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_ATTR_NOSYSTEM": "1",
        "GIT_ALLOW_PROTOCOL": "https:http" if allow_http else "https",
        "GIT_PROTOCOL_FROM_USER": "0",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_LFS_SKIP_SMUDGE": "1",
    }


def network(url: str, addresses: Sequence[str], ca_file: Path | None, *, silence_s: float) -> list[str]:
    """Further `-c` options for a fetch.

    Args:
        url: what is fetched.
        addresses: the only ones that its host may have.
        ca_file: authorities, instead of the system's.
        silence_s: after which git ends by itself, for one that nobody watches any more.
    """
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    host = parts.hostname or ""
    values = {"http.lowSpeedLimit": "1", "http.lowSpeedTime": str(math.ceil(silence_s))}
    if host not in addresses:  # an address is no name: there is nothing to look up
        listed = ",".join(f"[{address}]" if ":" in address else address for address in addresses)
        values["http.curloptResolve"] = f"{host}:{port}:{listed}"
    if ca_file is not None:
        values["http.sslCAInfo"] = str(ca_file)
    return _options(values)


def credential_helper(descriptor: int) -> list[str]:
    """`-c` option for a helper that says what can be read from a pipe, once. Nothing secret is in it.

    A function, because git calls the helper with the operation as an argument.
    """
    return ["-c", f"credential.helper=!f() {{ cat /dev/fd/{descriptor}; }}; f"]


def _options(values: Mapping[str, str]) -> list[str]:
    return [option for name, value in values.items() for option in ("-c", f"{name}={value}")]


LOCAL: Final = tuple(_options(_CONFIGURATION))
"""`-c` options for every call."""
