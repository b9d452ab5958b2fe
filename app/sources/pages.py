"""A Git host's web pages: which part of a path is the repository, and what it says of branch and folder. Pure.

Told by the path's shape, not by the host: GitHub, GitLab and Gitea also run elsewhere.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

# Here a repository is always owner/name, whatever page of it follows.
TWO_PARTS: Final = frozenset({"github.com", "bitbucket.org", "codeberg.org", "gitea.com"})
_GITEA_KINDS: Final = frozenset({"branch", "tag", "commit"})


@dataclass(frozen=True, slots=True)
class Page:
    """A path, taken apart."""

    repository: tuple[str, ...]
    shown: tuple[str, ...] = ()
    """Branch and path inside, not told apart: either may have slashes. Empty: the page shows neither."""


def page_of(host: str, parts: Sequence[str]) -> Page:
    """What a path's parts, decoded, mean on this host."""
    whole = tuple(parts)
    if "-" in whole[1:]:  # GitLab: group/subgroup/name/-/tree/main/folder
        dash = whole.index("-", 1)
        page = whole[dash + 1 :]
        return Page(whole[:dash], page[1:] if page[:1] in {("tree",), ("blob",)} else ())
    match whole:
        case (owner, name, "tree" | "blob", _, *_):
            return Page((owner, name), whole[3:])
        case (owner, name, "src", kind, _, *_) if kind in _GITEA_KINDS and host != "bitbucket.org":
            return Page((owner, name), whole[4:])
        case (owner, name, "src", _, *_):  # Bitbucket
            return Page((owner, name), whole[3:])
        case (owner, name, _, *_) if host in TWO_PARTS:
            return Page((owner, name))
    return Page(whole)
