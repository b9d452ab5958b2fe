"""Why git failed, by the wording of its C locale. Pure.

Most reasons are known before git runs (`lookup.py`); these are what can still happen between a host's answer and the
last byte.
"""

from typing import Final
from urllib.parse import urlsplit

from app.sources.errors import SourceCode, SourceError, UnusableSourceError, source_error
from app.sources.lookup import Found
from app.sources.refs import Wanted

_REFUSED: Final = "{host} lists the repository, but doesn't give it out: check user name and token"
_SIGNS: Final[tuple[tuple[str, SourceCode, str], ...]] = (
    ("No space left on device", "DISK_FULL", "The disk of this worker is full: an administrator must make room"),
    ("ut of memory", "REPO_TOO_LARGE", "The repository needs more memory to unpack than a clone may have here"),
    ("Authentication failed", "GIT_AUTH_FAILED", _REFUSED),
    ("could not read Username", "GIT_AUTH_FAILED", _REFUSED),
    ("could not read Password", "GIT_AUTH_FAILED", _REFUSED),
    ("not our ref", "BRANCH_NOT_FOUND", "{host} has no commit {ref}, or doesn't give out single ones: name a branch"),
    ("couldn't find remote ref", "BRANCH_NOT_FOUND", "{ref} isn't there any more"),
    ("Could not resolve host", "GIT_UNREACHABLE", "{host} can't be found any more: try again"),
    ("Failed to connect", "GIT_UNREACHABLE", "{host} can't be reached any more: try again"),
    ("Operation too slow", "GIT_TIMEOUT", "{host} stopped sending: try again"),
    ("The requested URL returned error: 5", "GIT_UNREACHABLE", "{host} has a fault of its own: try again later"),
)
_LOCAL: Final = 2  # of them can also be met without a network
_SHOWN: Final = 200


def disk_full() -> SourceError:
    """This machine's fault, not the repository's."""
    _, code, text = _SIGNS[0]
    return source_error(code, text)


def fetch_failure(said: str, found: Found, wanted: Wanted) -> SourceError:
    """What the end of git's words means.

    Args:
        said: without secrets.
        found: what was fetched from.
        wanted: what was fetched.
    """
    host = urlsplit(found.url).hostname or ""
    for sign, code, text in _SIGNS:
        if sign in said:
            return source_error(code, text.format(host=host, ref=wanted.name))
    return source_error("GIT_CLONE_FAILED", f"{host} didn't give out the repository: {_reason(said)}")


def local_failure(command: str, said: str) -> SourceError:
    """git failed with what it has fetched: the repository is broken or hostile, or the disk is full."""
    for sign, code, text in _SIGNS[:_LOCAL]:
        if sign in said:
            return source_error(code, text)
    if command == "rev-parse":
        return source_error("BRANCH_NOT_FOUND", "The branch or tag doesn't lead to a commit: name another one")
    # 400, not 502: the host has done its part.
    return UnusableSourceError("GIT_CLONE_FAILED", f"The repository can't be unpacked: {_reason(said)}")


def _reason(said: str) -> str:
    """git's last complaint."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    told = [line for line in lines if line.startswith(("fatal: ", "error: "))] or lines or ["git gave no reason"]
    line = told[-1].removeprefix("fatal: ").removeprefix("error: ")
    return "".join(character for character in line if character.isprintable())[:_SHOWN]
