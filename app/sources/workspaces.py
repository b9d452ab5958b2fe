"""Folders for clones and builds that don't outlive their worker: whoever comes next removes what a dead one left.

Each folder has a lock file that its worker keeps locked; the kernel lets go of it when the worker dies, however that
happens. No process number is stored, so none can be taken for another's.
"""

import fcntl
import os
import secrets
import shutil
import signal
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

import structlog

from app.errors import UnavailableError

log = structlog.get_logger(__name__)

_LOCK: Final = ".lock"
_PROCESSES: Final = Path("/proc")


@dataclass(frozen=True, slots=True)
class Workspaces:
    """Private folders below one root, which this user alone may enter.

    Args:
        root: made when it isn't there; several workers of a machine may share it.
    """

    root: Path

    @contextmanager
    def folder(self, kind: str) -> Iterator[Path]:
        """An empty folder until the end of the block. What dead workers left is swept first.

        Args:
            kind: begins its name, for people.
        """
        self._prepare()
        self.sweep()
        lock, path = self._locked(kind)
        try:
            path.mkdir(mode=0o700)
            yield path
        finally:
            _remove(path)
            lock.unlink_and_close()

    def sweep(self) -> int:
        """End processes and remove folders of workers that are gone; how many folders that were.

        Call it when a worker starts; `folder` calls it too.
        """
        swept = 0
        for path in sorted(self.root.glob(f"*{_LOCK}")) if self._is_private() else ():
            lock = _Lock.taken(path)
            if lock is None:  # its worker lives
                continue
            folder = path.with_suffix("")
            ended = _end_processes_in(folder)
            if folder.exists():
                _remove(folder)
                swept += 1
                log.info("workspace_swept", folder=folder.name, processes_ended=ended)
            lock.unlink_and_close()
        return swept

    def _prepare(self) -> None:
        self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not self._is_private():
            text = f"{self.root} must be a folder of this user that nobody else may enter: remove it or set WORK_DIR"
            raise UnavailableError(text)

    def _is_private(self) -> bool:
        """In a folder for everybody, such as /tmp, somebody else may have been there first."""
        try:
            found = self.root.lstat()
        except FileNotFoundError:
            return False
        return stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid() and not found.st_mode & 0o077

    def _locked(self, kind: str) -> "tuple[_Lock, Path]":
        while True:
            path = self.root / f"{kind}-{secrets.token_hex(8)}"
            lock = _Lock.taken(path.with_suffix(_LOCK), create=True)
            if lock is not None:
                return lock, path


@dataclass(frozen=True, slots=True)
class _Lock:
    path: Path
    file: IO[bytes]

    @classmethod
    def taken(cls, path: Path, *, create: bool = False) -> "_Lock | None":
        """`None`: somebody else has it, or removed it this moment."""
        try:
            file = path.open("ab" if create else "r+b")
        except FileNotFoundError:
            return None
        with suppress(OSError):  # BlockingIOError: it is held
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # Whoever held it may have removed it between our two calls: then we hold nothing.
            if path.stat().st_ino == os.fstat(file.fileno()).st_ino:
                return cls(path, file)
        file.close()
        return None

    def unlink_and_close(self) -> None:
        self.path.unlink(missing_ok=True)
        self.file.close()


def _end_processes_in(folder: Path) -> int:
    """Kill who works in a folder (Linux tells; elsewhere git ends by itself once its folder is gone)."""
    folder = folder.resolve()
    ended: set[int] = set()
    while found := {pid for pid, where in _working_folders() if where == folder or folder in where.parents} - ended:
        for pid in found:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        ended |= found  # and look again: one of them may have started another
    return len(ended)


def _working_folders() -> Iterator[tuple[int, Path]]:
    for process in _PROCESSES.iterdir() if _PROCESSES.is_dir() else ():
        if process.name.isdecimal():
            with suppress(OSError):  # gone, or another user's
                yield int(process.name), (process / "cwd").readlink()


def _remove(folder: Path) -> None:
    """All of it. What can't be removed is left to the next sweep's log line, not to the caller's result."""
    for _ in range(2):  # a process that was ended a moment ago may have made one more file
        try:
            shutil.rmtree(folder)
        except FileNotFoundError:
            if not folder.exists():
                return
        except OSError as error:
            log.warning("workspace_not_removed", folder=folder.name, error=error.strerror)
        else:
            return
