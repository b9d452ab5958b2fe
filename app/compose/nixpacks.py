"""What would Nixpacks make of a folder? The one module of this package that starts a program.

The program gets the clone's folder, no environment of ours, a time limit and a file for its output; it is a process
group of its own, so that nothing of it outlives the limit.
"""

import json
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

from app.compose.findings import refused

PORTS: Final[Mapping[str, int]] = {
    "node": 3000, "ruby": 3000, "python": 8000, "go": 8080, "rust": 8080, "java": 8080, "php": 8080, "csharp": 5000,
    "fsharp": 5000, "staticfile": 80,
}  # fmt: skip
OTHER_PORT: Final = 8080
_MOST_OUTPUT: Final = 4 * 1024 * 1024
_CODE: Final = "NIXPACKS_DETECTION_FAILED"


@dataclass(frozen=True, slots=True)
class Plan:
    """What is known of a folder that it can build."""

    provider: str
    framework: str
    port: int

    def as_json(self) -> dict[str, Any]:
        """For the kept files."""
        return {"provider": self.provider, "framework": self.framework, "port": self.port}


def plan_of(value: Any) -> Plan | None:
    """As `Plan.as_json` gave it."""
    if not isinstance(value, dict) or not isinstance(value.get("port"), int):
        return None
    return Plan(str(value.get("provider") or ""), str(value.get("framework") or ""), value["port"])


@dataclass(frozen=True, slots=True)
class Nixpacks:
    """The program."""

    program: str
    timeout_s: float = 20

    def plan(self, folder: Path) -> Plan | None:
        """What it would do; `None`: it knows no way to build this.

        Raises:
            InvalidError: it isn't there, fails or takes too long (NIXPACKS_DETECTION_FAILED).
        """
        program = shutil.which(self.program)
        if program is None:
            message = "nixpacks isn't installed on this server: add a Dockerfile or a Compose file"
            raise refused(_CODE, message)
        with tempfile.TemporaryDirectory() as home, tempfile.TemporaryFile() as output:
            status = self._run(program, folder, Path(home), output)
            if status is None:
                raise refused(_CODE, f"nixpacks took longer than {self.timeout_s:g} s: add a Dockerfile")
            output.seek(0)
            text = output.read(_MOST_OUTPUT)
        if status != 0:
            raise refused(
                _CODE, "nixpacks can't make a plan of this folder: mend its nixpacks.toml, or add a Dockerfile"
            )
        return read_plan(text)

    def _run(self, program: str, folder: Path, home: Path, output: IO[bytes]) -> int | None:
        environment = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": str(home), "NO_COLOR": "1"}
        process = subprocess.Popen(
            [program, "plan", "--format", "json", "--", str(folder)], cwd=folder, env=environment, stdout=output,
            stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        try:
            return process.wait(self.timeout_s)
        except subprocess.TimeoutExpired:
            return None
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def read_plan(text: bytes) -> Plan | None:
    """Its JSON.

    Raises:
        InvalidError: it is none.
    """
    try:
        plan = json.loads(text)
    except ValueError as error:
        raise refused(_CODE, "nixpacks gave no plan that can be read: add a Dockerfile") from error
    variables = plan.get("variables") if isinstance(plan, dict) else None
    variables = variables if isinstance(variables, dict) else {}
    words = [word.strip() for word in str(variables.get("NIXPACKS_METADATA") or "").split(",") if word.strip()]
    if not isinstance(plan, dict) or not (words or plan.get("start")):
        return None
    provider = words[0] if words else ""
    named = str(variables.get("PORT") or "")
    port = int(named) if named.isdecimal() and 0 < int(named) <= 65535 else PORTS.get(provider, OTHER_PORT)
    return Plan(provider, words[1] if len(words) > 1 else "", port)
