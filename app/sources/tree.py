"""What a commit holds, from `git ls-tree -r -l -z`, judged while it is read. Called by `cloning.py`."""

from pathlib import Path
from typing import Final

from app.sources.limits import Limits

_LINK: Final = b"120000"
_SUBMODULE: Final = b"160000"
_LINE_MOST: Final = 65536
_NAMED: Final = 3
_ATTRIBUTES_BYTES: Final = 65536


class Tree:
    """Files, links and submodules of a commit.

    Args:
        limits: exceeded ones raise from `read`.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits, self._rest = limits, bytearray()
        self.files, self.total_bytes, self.links = 0, 0, 0
        self.submodules: list[str] = []

    def read(self, part: bytes) -> None:
        """More of git's output. Raises SourceError `REPO_TOO_LARGE`."""
        self._rest += part
        *lines, rest = bytes(self._rest).split(b"\0")
        self._rest = bytearray(rest[:_LINE_MOST])
        for line in lines:
            head, _, name = line.partition(b"\t")
            mode, _, _, size = head.split()
            self._entry(mode, name, int(size) if size.isdigit() else 0)

    def _entry(self, mode: bytes, name: bytes, size: int) -> None:
        self.files, self.total_bytes = self.files + 1, self.total_bytes + size
        self._limits.check(files=self.files, total_bytes=self.total_bytes, largest_bytes=size)
        if mode == _LINK:
            self.links += 1
        elif mode == _SUBMODULE:
            self.submodules.append(name.decode("utf-8", "replace"))

    def notes(self, folder: Path) -> tuple[str, ...]:
        """What is not as it would be after a plain `git clone`, for people.

        Args:
            folder: where the files are.
        """
        found = []
        if self.submodules:
            shown = ", ".join(_printable(name) for name in self.submodules[:_NAMED])
            more = ", ..." if len(self.submodules) > _NAMED else ""
            found.append(f"Submodules are left out: {shown}{more}")
        if self.links:
            found.append(f"Symbolic links are taken as text files, not followed: {self.links}")
        if _uses_lfs(folder / ".gitattributes"):
            found.append("Files in Git LFS are left out: only their pointers are there")
        return tuple(found)


def _uses_lfs(attributes: Path) -> bool:
    if not attributes.is_file():
        return False
    with attributes.open("rb") as file:
        return b"filter=lfs" in file.read(_ATTRIBUTES_BYTES)


def _printable(name: str) -> str:
    return "".join(character if character.isprintable() else "?" for character in name[:200])
