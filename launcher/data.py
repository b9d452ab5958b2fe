"""The data folder (KUBEORCH_DATA): who may read it, who uses it now, and what is made once and kept.

`secrets.json` holds settings by their names (JWT_SECRET, ENCRYPTION_KEY, ...) and the passwords of the embedded parts.
"""

import base64
import contextlib
import fcntl
import json
import os
import secrets
import stat
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

PASSWORDS: Final[Mapping[str, Callable[[], str]]] = {
    "JWT_SECRET": lambda: secrets.token_urlsafe(48),
    "ENCRYPTION_KEY": lambda: base64.b64encode(secrets.token_bytes(32)).decode(),
    "MONGO_PASSWORD": lambda: secrets.token_urlsafe(24),
    "REDIS_PASSWORD": lambda: secrets.token_urlsafe(24),
    "FLOWER_PASSWORD": lambda: secrets.token_urlsafe(12),
}


class DataFolderError(Exception):
    """The folder can't be used; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class DataFolder:
    """Everything that outlives a start."""

    path: Path

    @property
    def logs(self) -> Path:
        return self.path / "log"

    @property
    def run_file(self) -> Path:
        return self.path / "run.json"

    def make(self) -> None:
        """Create it for its owner alone; refuse one that is somebody else's or open to others."""
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            about = self.path.stat()
        except OSError as error:
            raise DataFolderError(f"{self.path}: {error.strerror}. Set KUBEORCH_DATA to a folder of yours.") from None
        if about.st_uid != os.getuid():
            raise DataFolderError(f"{self.path} belongs to another user. Set KUBEORCH_DATA to a folder of yours.")
        if stat.S_IMODE(about.st_mode) & 0o077:
            self.path.chmod(0o700)
        self.logs.mkdir(mode=0o700, exist_ok=True)

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """One launcher a folder. The kernel drops the lock with the process, however it ends."""
        with (self.path / "lock").open("a+", encoding="utf-8") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                file.seek(0)
                owner = file.read().strip() or "?"
                raise DataFolderError(
                    f"Another launcher (process {owner}) is using {self.path}. "
                    "Stop it first, or set KUBEORCH_DATA to another folder (and PORT to another port)."
                ) from None
            file.truncate(0)
            file.write(f"{os.getpid()}\n")
            file.flush()
            yield

    def secrets(self) -> dict[str, str]:
        """Passwords and keys, made at the first start."""
        file = self.path / "secrets.json"
        kept = read_json(file)
        if not kept and (self.path / "mongo").exists():
            raise DataFolderError(
                f"{file} is missing, and without it the data beside it can't be read. "
                f"Put it back, or start anew with an empty folder: remove {self.path}."
            )
        missing = {name: make() for name, make in PASSWORDS.items() if name not in kept}
        if missing:
            kept |= missing
            write_private(file, json.dumps(kept, indent=2) + "\n")
        return kept


def read_json(file: Path) -> dict[str, str]:
    """A mapping of texts; empty when there is no such file."""
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except ValueError:
        raise DataFolderError(f"{file} is damaged (no JSON). Restore it from a backup.") from None
    return dict(content)


def write_private(file: Path, text: str) -> None:
    """Whole or not at all, readable by the owner alone."""
    temporary = file.with_name(f".{file.name}.{os.getpid()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as output:
        output.write(text)
        output.flush()
        os.fsync(output.fileno())
    temporary.replace(file)
