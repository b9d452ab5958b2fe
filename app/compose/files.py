"""The files that were given, by name. Whatever a Compose file names is looked up here and nowhere else.

Names are relative to the root of the upload or clone, with `/`. A path that leads out of it finds nothing, whatever
lies there; the command line's `Folder` also refuses links that lead out.
"""

import os
import posixpath
import re
from abc import abstractmethod
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from app.compose.findings import refused

MAX_FILE_BYTES: Final = 1024 * 1024
"""Of a Compose file or one that it names: 1 MiB."""

_DEEPEST: Final = 12
_MOST_NAMES: Final = 50_000
_TOOLS_OWN: Final = frozenset({".git", "node_modules"})
_DRIVE: Final = re.compile(r"[A-Za-z]:[\\/]")


class RootPath(str):
    """A path that has been resolved: relative to the root, normal. It begins with `..` when it leads out."""

    __slots__ = ()

    @property
    def outside(self) -> bool:
        """It leads out of the root."""
        return self == ".." or self.startswith("../")


def is_host_path(path: str) -> bool:
    """Absolute, of a home folder, or of Windows: it means a machine, not this project."""
    return path.startswith(("/", "~", "\\")) or _DRIVE.match(path) is not None


def resolved(base: str, path: str) -> str:
    """A path as a Compose file names it, seen from the root; paths of a machine stay as they are."""
    if isinstance(path, RootPath) or is_host_path(path) or not path:
        return path
    return RootPath(posixpath.normpath(posixpath.join(base, path)))


def folder_of(name: str) -> str:
    """The folder of a file, `.` for the root."""
    return posixpath.dirname(name) or "."


def read_file(files: Mapping[str, bytes], path: str) -> bytes | None:
    """A file's content, `None` when it wasn't given or is none of ours.

    Raises:
        InvalidError: it is too large.
    """
    if is_host_path(path) or "\0" in path:
        return None
    normal = posixpath.normpath(path)
    if normal == ".." or normal.startswith("../"):
        return None
    content = files.get(normal)
    if content is not None and len(content) > MAX_FILE_BYTES:
        raise refused("LIMIT_EXCEEDED", f"is {len(content) // 1024} KiB: at most 1024 KiB are read", file=normal)
    return content


def files_under(files: Mapping[str, bytes], path: str) -> list[str]:
    """The names of the files in a folder and below, sorted."""
    if is_host_path(path) or path.startswith(".."):
        return []
    normal = posixpath.normpath(path)
    if isinstance(files, Tree):
        return files.under(normal)
    prefix = "" if normal == "." else normal + "/"
    return sorted(name for name in files if name.startswith(prefix))


def decoded(content: bytes, name: str) -> str:
    """The text of a file: UTF-8, or UTF-16 when a mark at its beginning says so.

    Raises:
        InvalidError: it is neither.
    """
    marked = content.startswith((b"\xff\xfe", b"\xfe\xff"))
    try:
        return content.decode("utf-16" if marked else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise refused("INVALID_COMPOSE_SYNTAX", "is not text in UTF-8: save it as UTF-8", file=name) from error


class Tree(Mapping[str, bytes]):
    """Files that can be listed by folder without listing all."""

    @abstractmethod
    def under(self, folder: str) -> list[str]:
        """The names of the files in a folder and below, sorted; `.` is the root."""

    def peek(self, name: str) -> bytes | None:
        """A file's content for who only looks what it is."""
        return self.get(name)


class Folder(Tree):
    """The files of a folder on this machine, read when asked for. Links that lead out of it are no files."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()

    def __getitem__(self, name: str) -> bytes:
        path = (self.root / name).resolve()
        if not path.is_relative_to(self.root) or not path.is_file():
            raise KeyError(name)
        with path.open("rb") as file:
            return file.read(MAX_FILE_BYTES + 1)

    def __contains__(self, name: object) -> bool:
        path = (self.root / str(name)).resolve()
        return path.is_relative_to(self.root) and path.is_file()

    def under(self, folder: str) -> list[str]:
        """Nobody means what lies deeper than a dozen levels, or what tools keep for themselves."""
        start = (self.root / folder).resolve()
        if not start.is_relative_to(self.root):
            return []
        found: list[str] = []
        for where, folders, names in os.walk(start):
            depth = len(Path(where).relative_to(start).parts)
            folders[:] = [] if depth >= _DEEPEST else sorted(set(folders) - _TOOLS_OWN)
            found += [path for name in sorted(names) if (path := self._own_file(Path(where) / name)) is not None]
            if len(found) >= _MOST_NAMES:
                break
        return sorted(found[:_MOST_NAMES])

    def _own_file(self, path: Path) -> str | None:
        if path.is_symlink() and not path.resolve().is_relative_to(self.root):
            return None
        return path.relative_to(self.root).as_posix() if path.is_file() else None

    def __iter__(self) -> Iterator[str]:
        return iter(self.under("."))

    def __len__(self) -> int:
        return len(self.under("."))
