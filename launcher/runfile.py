"""`run.json`: which processes run now, for people, tests and the guardian. Replaced as a whole at each change.

`{"launch", "launcher": {"pid"}, "guardian"?: {"pid"}, "processes": {"<name>": {"pid", "port"?, "command"}}}`; a part
that is waiting to be started again isn't in it.
"""

import json
import os
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from launcher.data import write_private


@dataclass(slots=True)
class RunFile:
    """What is running in this launch."""

    path: Path
    launch: str
    guardian: int | None = None
    _processes: dict[str, dict[str, Any]] = field(default_factory=dict)

    def put(self, name: str, *, pid: int, port: int | None, command: Sequence[str]) -> None:
        entry: dict[str, Any] = {"pid": pid}
        if port is not None:
            entry["port"] = port
        self._processes[name] = entry | {"command": shlex.join(command)}
        self.write()

    def drop(self, name: str) -> None:
        if self._processes.pop(name, None):
            self.write()

    def write(self) -> None:
        content: dict[str, Any] = {"launch": self.launch, "launcher": {"pid": os.getpid()}}
        if self.guardian is not None:
            content["guardian"] = {"pid": self.guardian}
        write_private(self.path, json.dumps(content | {"processes": self._processes}, indent=2) + "\n")

    def remove(self) -> None:
        """Nothing runs any more."""
        self.path.unlink(missing_ok=True)


def read_run(path: Path) -> dict[str, Any]:
    """What a run.json says; empty when there is none."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}
