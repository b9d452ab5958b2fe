"""What a clone may cost, and how much a folder holds. Called by `cloning.py` while git runs."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from app.sources.errors import SourceError, source_error

MEBI: Final = 1024 * 1024
_OWN_FILES: Final = 1000  # of git: configuration, index, refs, a pack


@dataclass(frozen=True, slots=True)
class Limits:
    """Of one clone. The defaults are the settings' own."""

    timeout_s: float = 120
    repository_bytes: int = 500 * MEBI
    files: int = 50_000
    file_bytes: int = 100 * MEBI

    def check(self, *, files: int, total_bytes: int, largest_bytes: int) -> None:
        """Raise `REPO_TOO_LARGE` with the setting that would allow more."""
        if total_bytes > self.repository_bytes:
            raise _too_large(f"more than {self.repository_bytes // MEBI} MB", "GIT_MAX_REPO_MB")
        if files > self.files:
            raise _too_large(f"more than {self.files} files", "GIT_MAX_FILES")
        if largest_bytes > self.file_bytes:
            raise _too_large(f"a file of more than {self.file_bytes // MEBI} MB", "GIT_MAX_FILE_MB")

    def check_folder(self, folder: Path) -> None:
        """The same for a folder where git works now; not one file's size, as a pack is all of them."""
        files, total = -_OWN_FILES, 0
        for size in _sizes(folder):
            files, total = files + 1, total + size
            self.check(files=files, total_bytes=total, largest_bytes=0)


def _too_large(what: str, setting: str) -> SourceError:
    text = f"The repository has {what}, which is the limit here: an administrator can raise {setting}"
    return source_error("REPO_TOO_LARGE", text)


def _sizes(folder: Path) -> Iterator[int]:
    """Of each file below, links not followed. Files that vanish meanwhile are left out."""
    waiting = [os.fspath(folder)]
    while waiting:
        try:
            entries = os.scandir(waiting.pop())
        except FileNotFoundError:
            continue
        with entries:
            for entry in entries:
                try:
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
                    else:
                        yield entry.stat(follow_symlinks=False).st_size
                except FileNotFoundError:
                    continue
