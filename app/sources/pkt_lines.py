"""Git's wire format as far as listing refs needs it: pkt-lines, protocol versions 0 and 2 (gitprotocol-v2). Pure."""

from collections.abc import Iterator
from typing import Final

from app.sources.ref_names import is_commit, is_ref_name
from app.sources.refs import Refs

_LENGTH_BYTES: Final = 4
_FLUSH: Final = b"0000"
_SYMREF: Final = "symref-target:"
_LIKELY_DEFAULTS: Final = ("main", "master", "trunk", "develop")


class NotGitError(Exception):
    """What came isn't the answer of a Git server."""


def ask_for_refs(capabilities: list[str]) -> bytes:
    """The body of a version 2 request for all branches and tags; without pull requests, which can be 100,000."""
    lines = ["command=ls-refs\n", "agent=kubeorch\n"]
    if (formats := [line for line in capabilities if line.startswith("object-format=")]) and formats[0][14:] != "sha1":
        lines.append(f"{formats[0]}\n")
    asked = ["peel\n", "symrefs\n", "ref-prefix HEAD\n", "ref-prefix refs/heads/\n", "ref-prefix refs/tags/\n"]
    return b"".join(map(_line, lines)) + b"0001" + b"".join(map(_line, asked)) + _FLUSH


def capabilities_of(advertised: bytes) -> list[str] | None:
    """Of a server that answers in version 2; `None`: it answered in version 0 or 1, with the refs themselves.

    Raises:
        NotGitError: it is neither.
    """
    lines = [line.rstrip("\n") for line in _lines(advertised)]
    if lines and lines[0].startswith("# service="):
        lines = lines[1:]
    if not lines:
        raise NotGitError("no refs and no capabilities")
    return lines[1:] if lines[0] == "version 2" else None


def refs_of_version_0(advertised: bytes) -> Refs:
    """The refs of an advertisement. Raises NotGitError."""
    found: dict[str, str] = {}
    default = ""
    for line in _lines(advertised):
        if line.startswith(("# service=", "version ")):
            continue
        reference, _, capabilities = line.partition("\0")
        commit, _, name = reference.rstrip("\n").partition(" ")
        found[name] = commit
        for capability in capabilities.split():
            if capability.startswith("symref=HEAD:"):
                default = capability[len("symref=HEAD:") :]
    return _refs(found, default)


def refs_of_version_2(answer: bytes) -> Refs:
    """The refs of an answer to `ask_for_refs`. Raises NotGitError."""
    found: dict[str, str] = {}
    default = ""
    for line in _lines(answer):
        commit, name, *attributes = line.rstrip("\n").split(" ")
        found[name] = commit
        for attribute in attributes:
            if name == "HEAD" and attribute.startswith(_SYMREF):
                default = attribute[len(_SYMREF) :]
            if attribute.startswith("peeled:"):
                found[f"{name}^{{}}"] = attribute[len("peeled:") :]
    return _refs(found, default)


def _refs(found: dict[str, str], head: str) -> Refs:
    heads, tags = _below("refs/heads/", found), _below("refs/tags/", found)
    peeled = {name: found.get(f"refs/tags/{name}^{{}}", commit) for name, commit in tags.items()}
    default = head.removeprefix("refs/heads/")
    if default not in heads:  # a detached HEAD, an old server, or a default branch that was never pushed
        at_head = [name for name, commit in heads.items() if commit == found.get("HEAD")]
        default = next((name for name in (*_LIKELY_DEFAULTS, *at_head, *heads) if name in heads), "")
    return Refs(default, heads, peeled)


def _below(prefix: str, found: dict[str, str]) -> dict[str, str]:
    """Only what may be used as a name and a commit: both come from a stranger's server."""
    below = {name.removeprefix(prefix): commit for name, commit in found.items() if name.startswith(prefix)}
    return {name: commit for name, commit in below.items() if is_ref_name(name) and is_commit(commit)}


def _lines(data: bytes) -> Iterator[str]:
    """The lines' texts; flush and delimiter packets are left out."""
    position = 0
    while position < len(data):
        size = data[position : position + _LENGTH_BYTES]
        try:
            length = int(size, 16)
        except ValueError:
            raise NotGitError("no pkt-line where one should be") from None
        if len(size) < _LENGTH_BYTES or length == 3 or position + length > len(data):
            raise NotGitError("a pkt-line that is cut off")
        if length > _LENGTH_BYTES:
            line = data[position + _LENGTH_BYTES : position + length].decode("utf-8", "replace")
            if line.startswith("ERR "):
                raise NotGitError("the server reports an error")
            yield line
        position += max(length, _LENGTH_BYTES)


def _line(text: str) -> bytes:
    return f"{len(text) + _LENGTH_BYTES:04x}{text}".encode()
