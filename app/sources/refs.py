"""What a repository has, and which commit somebody means. Pure."""

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from app.sources.errors import SourceError, source_error
from app.sources.ref_names import is_commit
from app.sources.urls import Repository

USUAL: Final = "main"
NAMED_AT_MOST: Final = 10
_ABBREVIATED: Final = re.compile(r"[0-9a-f]{7,63}")


@dataclass(frozen=True, slots=True)
class Refs:
    """Branches and tags of a remote, by name, with their commits."""

    default_branch: str
    """Empty: the remote doesn't say, and there is none of the usual names."""
    heads: Mapping[str, str] = field(default_factory=dict)
    tagged: Mapping[str, str] = field(default_factory=dict)

    @property
    def branches(self) -> tuple[str, ...]:
        """The default one first, then by name."""
        return tuple(sorted(self.heads, key=lambda name: (name != self.default_branch, name)))

    @property
    def has_sha256(self) -> bool:
        """Its commits have the longer ids."""
        return any(len(commit) == 64 for commit in self.heads.values())

    @property
    def tags(self) -> tuple[str, ...]:
        return tuple(sorted(self.tagged, reverse=True))


@dataclass(frozen=True, slots=True)
class Wanted:
    """The answer to "which commit, and where inside"."""

    name: str
    """As it is shown: the branch, tag or commit."""
    wanted: str
    """What to fetch: a full ref or a commit."""
    path: str
    notes: tuple[str, ...] = ()


def settled(repository: Repository, refs: Refs) -> Wanted:
    """Tell ref and path of a page apart, and find the commit.

    `main` means main, else the default branch: clients send it when nobody chose.

    Raises:
        SourceError: `BRANCH_NOT_FOUND` with up to ten names, or `NOTHING_FOUND` for an empty repository.
    """
    if not refs.heads and not refs.tagged:
        raise source_error("NOTHING_FOUND", f"The repository {repository.name} is empty: push something first")
    # The longest first: with branches `a` and `a/b`, a page of `a/b/c` shows c of a/b. (Git has never both.)
    for length in range(len(repository.shown), 0, -1):
        name = "/".join(repository.shown[:length])
        if found := _found(name, refs):
            return Wanted(name, found, "/".join(repository.shown[length:]))
    if repository.ref and not repository.shown and (found := _found(repository.ref, refs)):
        return Wanted(repository.ref, found, repository.path)
    if repository.ref in {None, USUAL} and refs.default_branch:
        note = f"There is no branch {USUAL}: taking the default branch, {refs.default_branch}"
        notes = (note,) if repository.ref else ()
        return Wanted(refs.default_branch, f"refs/heads/{refs.default_branch}", repository.path, notes)
    raise _not_found(repository, refs)


def _found(name: str, refs: Refs) -> str | None:
    if name in refs.heads:
        return f"refs/heads/{name}"
    if name in refs.tagged:
        return f"refs/tags/{name}"
    if is_commit(name):
        return name
    if _ABBREVIATED.fullmatch(name):  # a remote can't be asked for the beginning of a commit's id
        tips = {commit for commit in (*refs.heads.values(), *refs.tagged.values()) if commit.startswith(name)}
        return tips.pop() if len(tips) == 1 else None
    return None


def _not_found(repository: Repository, refs: Refs) -> SourceError:
    asked = "/".join(repository.shown) or repository.ref or USUAL
    near = difflib.get_close_matches(asked, [*refs.branches, *refs.tags], NAMED_AT_MOST, 0.5)
    names = dict.fromkeys((*near, *refs.branches, *refs.tags))
    listed = ", ".join(list(names)[:NAMED_AT_MOST])
    more = ", ..." if len(names) > NAMED_AT_MOST else ""
    hint = "; a commit needs its whole id" if _ABBREVIATED.fullmatch(asked) else ""
    return source_error(
        "BRANCH_NOT_FOUND", f"{repository.name} has no branch or tag {asked}. It has: {listed}{more}{hint}"
    )
