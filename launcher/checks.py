"""What a machine must have, in clear words, before anything is started."""

import platform
import resource
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

PYTHONS: Final = ((3, 11), (3, 14))  # from, up to but without: what the embedded store's wheels are for
GLIBC: Final = (2, 28)
DISK_LEAST_BYTES: Final = 300 * 1024 * 1024
DISK_GOOD_BYTES: Final = 1024 * 1024 * 1024
FILES_GOOD: Final = 4096


class UnfitMachineError(Exception):
    """Something is missing; the message says what and how to get it."""


def check_machine(data: Path, *, embedded_mongo: bool) -> list[str]:
    """Refuse what can't work, and return what is worth a warning.

    Raises:
        UnfitMachineError: it can't work.
    """
    if not PYTHONS[0] <= sys.version_info[:2] or (embedded_mongo and sys.version_info[:2] >= PYTHONS[1]):
        raise UnfitMachineError(
            f"Python {platform.python_version()} won't do: install Python 3.11, 3.12 or 3.13 and remove .venv."
        )
    if embedded_mongo and (old := too_old_libc(*platform.libc_ver())):
        raise UnfitMachineError(f"{old}: the embedded store needs glibc 2.28 or newer. Set MONGO_URI instead.")
    free = shutil.disk_usage(data).free
    if free < DISK_LEAST_BYTES:
        raise UnfitMachineError(f"Only {free // 2**20} MiB are free in {data}: free some space or set KUBEORCH_DATA.")
    return [*low_disk(free, data), *few_files(raise_file_limit())]


def too_old_libc(name: str, version: str) -> str | None:
    """musl and other systems have wheels of their own; only an old glibc has none."""
    numbers = tuple(int(part) for part in version.split(".")[:2] if part.isdigit())
    return f"glibc {version}" if name == "glibc" and numbers < GLIBC else None


def low_disk(free: int, data: Path) -> Iterator[str]:
    if free < DISK_GOOD_BYTES:
        yield f"Only {free // 2**20} MiB are free in {data}."


def few_files(limit: int) -> Iterator[str]:
    if limit < FILES_GOOD:
        yield f"This session may open only {limit} files (ulimit -n): each open stream of the web UI takes one."


def raise_file_limit() -> int:
    """As high as we may, for us and all that we start."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 65_536 if hard == resource.RLIM_INFINITY else hard
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return max(soft, wanted)
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return wanted
