"""A launcher under test: its run.json, the processes of its launch, and a sure end."""

import contextlib
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from launcher.processes import marked
from launcher.runfile import read_run
from launcher.supervisor import ROOT
from tests.waiting import eventually


@dataclass(frozen=True)
class Launched:
    """One running launcher."""

    process: subprocess.Popen[str]
    data: Path

    def run(self) -> dict[str, Any]:
        return read_run(self.data / "run.json")

    def pid_of(self, part: str) -> int | None:
        entry = self.run().get("processes", {}).get(part)
        return entry["pid"] if entry else None

    def wait_for(self, *parts: str, within_s: float = 20) -> None:
        eventually(lambda: all(self.pid_of(part) for part in parts), within_s=within_s)

    def living(self) -> list[int]:
        """Every process of this launch."""
        return list(marked(self.run()["launch"]))


@contextlib.contextmanager
def launched(module: Sequence[str], data: Path, environment: dict[str, str] | None = None) -> Iterator[Launched]:
    process = subprocess.Popen(
        [sys.executable, "-m", *module],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        yield Launched(process, data)
    finally:
        process.kill()  # its guardian ends the rest
        process.communicate()
