"""Names of branches, tags and commits: which ones we take. Pure."""

import re
from typing import Final

from app.sources.errors import SourceError, source_error

MAX_CHARACTERS: Final = 255
# Narrower than git's own rules: no quote, no $, nothing that a shell or an option parser could take for its own. A name
# with other characters can be had by its commit.
_PART: Final = re.compile(r"(?!\.)[\w.+@#=,%()!&-]+(?<!\.lock)(?<!\.)")
_COMMIT: Final = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")


def is_ref_name(text: str) -> bool:
    """Whether it can be the name of a branch or tag, or a commit."""
    is_strange = text.startswith("-") or ".." in text or "@{" in text or text == "@"
    return 0 < len(text) <= MAX_CHARACTERS and not is_strange and all(map(_PART.fullmatch, text.split("/")))


def is_commit(text: str) -> bool:
    """A whole commit id, SHA-1 or SHA-256."""
    return _COMMIT.fullmatch(text) is not None


def checked_ref(text: str) -> str:
    """The name without the blanks around it.

    Raises:
        SourceError: `INVALID_URL`, it can't be one.
    """
    name = text.strip(" ")
    if not is_ref_name(name):
        raise bad_ref()
    return name


def bad_ref() -> SourceError:
    """Without what was sent: it may hold anything."""
    text = "The branch isn't the name of a branch, tag or commit: check its spelling"
    return source_error("INVALID_URL", text, {"branch": "isn't the name of a branch, tag or commit"})
