"""The whole product, started as the README says, for end-to-end tests, fault tests and benchmarks.

`System` starts `python -m launcher run` on a folder and a port of its own, speaks to the API as any client and can kill
a part by the name that run.json gives it.
"""

import contextlib
import json
import os
import secrets
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from pymongo import MongoClient
from pymongo.database import Database

from launcher.api import Api, ApiError
from launcher.kubeconfig import local_cluster
from launcher.ports import free_port
from launcher.processes import MARK, end, spawn
from tests.waiting import eventually

ROOT: Final = Path(__file__).parent.parent
READY_S: Final = 60
ADMIN: Final = {"name": "Grace", "email": "grace@example.com", "password": "a long enough password 42"}
CLUSTER: Final = "real"


@dataclass(slots=True)
class System:
    """A running installation."""

    data: Path
    port: int
    settings: Mapping[str, str] = field(default_factory=dict)
    launcher: subprocess.Popen[bytes] | None = None
    api: Api = field(default_factory=lambda: Api(""))

    def start(self) -> "System":
        """Start it and wait until every part is there."""
        environment = {**os.environ, **self.settings, "KUBEORCH_DATA": str(self.data), "PORT": str(self.port)}
        environment.pop("MONGO_URI", None)
        environment.pop("REDIS_URL", None)
        log = (self.data.parent / f"{self.data.name}.log").open("ab")
        self.launcher = subprocess.Popen(
            [sys.executable, "-m", "launcher", "run"],
            cwd=ROOT,
            env=environment,
            stdout=log,
            stderr=log,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
        anonymous = Api(f"http://127.0.0.1:{self.port}")
        eventually(anonymous.is_ready, within_s=READY_S, every_s=0.1)
        self.api = Api(f"{anonymous.root}/v1/api", self._sign_in(Api(f"{anonymous.root}/v1/api")))
        return self

    def _sign_in(self, api: Api) -> str:
        try:
            answer = api.call("POST", "/auth/register", ADMIN)
        except ApiError:
            answer = api.call("POST", "/auth/login", {key: ADMIN[key] for key in ("email", "password")})
        return str(answer["token"])

    def stop(self) -> None:
        """As Ctrl-C does."""
        if self.launcher is not None and self.launcher.poll() is None:
            self.launcher.send_signal(signal.SIGTERM)
            self.launcher.wait(timeout=40)

    def add_cluster(self, kubeconfig: Path, *, namespace: str = "default", name: str = CLUSTER) -> str:
        """Add the real cluster by its kubeconfig; its name."""
        cluster = local_cluster({"KUBECONFIG": str(kubeconfig)})
        body = {
            "name": name,
            "displayName": "Real",
            "server": cluster.server,
            "authType": "kubeconfig",
            "credentials": {"kubeconfig": cluster.kubeconfig, "namespace": namespace},
        }
        self.api.call("POST", "/clusters", body)
        return name

    def add_cluster_at(self, server: str, *, name: str, token: str = "any") -> str:
        """Add a cluster by address and token; its name."""
        credentials = {"token": token, "namespace": "default"}
        body = {"name": name, "server": server, "authType": "token", "credentials": credentials}
        self.api.call("POST", "/clusters", body)
        return name

    # --- workflows ---

    def workflow(
        self,
        nodes: Sequence[Mapping[str, Any]],
        edges: Sequence[Mapping[str, Any]] = (),
        *,
        name: str = "",
        cluster: str = CLUSTER,
    ) -> str:
        """A published workflow with this graph; its id."""
        made = self.api.call("POST", "/workflows", {"name": name or secrets.token_hex(4), "cluster_id": cluster})
        self.save(made["id"], nodes, edges)
        self.api.call("PUT", f"/workflows/{made['id']}/status", {"status": "published"})
        return str(made["id"])

    def save(self, workflow: str, nodes: Sequence[Mapping[str, Any]], edges: Sequence[Mapping[str, Any]] = ()) -> Any:
        return self.api.call("POST", f"/workflows/{workflow}/save", {"nodes": list(nodes), "edges": list(edges)})

    def run(self, workflow: str, values: Mapping[str, Any] | None = None) -> str:
        """Start a run; its id."""
        body = {"trigger_data": values} if values else None
        return str(self.api.call("POST", f"/workflows/{workflow}/run", body)["run_id"])

    def the_run(self, workflow: str, run: str) -> Any:
        return self.api.call("GET", f"/workflows/{workflow}/runs/{run}")

    def ended(self, workflow: str, run: str, within_s: float = 60) -> Any:
        """The run, once it has ended."""

        def look() -> Any:
            found = self.the_run(workflow, run)
            return found if found["status"] not in ("queued", "running") else None

        return eventually(look, within_s=within_s, every_s=0.05)

    def states(self, workflow: str) -> dict[str, Any]:
        """Node id → `_status`."""
        found = self.api.call("GET", f"/workflows/{workflow}")
        return {node["id"]: node["data"].get("_status") for node in found["nodes"]}

    def all_in(self, workflow: str, *states: str, within_s: float = 60) -> dict[str, Any]:
        """The states, once every node is in one of these."""

        def look() -> Any:
            found = self.states(workflow)
            return found if all(status and status["state"] in states for status in found.values()) else None

        return eventually(look, within_s=within_s, every_s=0.1)

    # --- parts ---

    def parts(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.data / "run.json").read_text())["processes"]
        return found

    def pid(self, part: str) -> int:
        return int(self.parts()[part]["pid"])

    def lived_s(self, part: str) -> float:
        """For how long this process of it has been running."""
        started_at = Path(f"/proc/{self.pid(part)}/stat").read_text().rpartition(")")[2].split()[19]
        uptime_s = Path("/proc/uptime").read_text().split()[0]
        return float(uptime_s) - int(started_at) / os.sysconf("SC_CLK_TCK")

    def environment(self, part: str = "watcher") -> dict[str, str]:
        """What a part was started with."""
        lines = Path(f"/proc/{self.pid(part)}/environ").read_bytes().split(b"\0")
        return dict(line.decode().split("=", 1) for line in lines if line)

    def uri(self, name: str) -> str:
        """MONGO_URI or REDIS_URL of this installation."""
        return self.environment()[name]

    @contextlib.contextmanager
    def database(self) -> Iterator[Database[dict[str, Any]]]:
        """What is stored."""
        with MongoClient[dict[str, Any]](self.uri("MONGO_URI"), tz_aware=True) as client:
            yield client.get_default_database()

    @contextlib.contextmanager
    def beside(self, part: str, *more: str) -> Iterator[subprocess.Popen[bytes]]:
        """One more process like this part, which the launcher doesn't know; stopped afterwards."""
        environment = self.environment(part)
        environment.pop(MARK, None)  # else the launcher would take it for the part's child
        log = self.data.parent / f"second-{part}.log"
        process = spawn(
            [*shlex.split(self.parts()[part]["command"]), *more], log=log, environment=environment, folder=ROOT
        )
        try:
            yield process
        finally:
            end(process)

    def signal(self, part: str, number: signal.Signals = signal.SIGKILL) -> int:
        """Send a signal to a part and all its children; the part's id."""
        pid = self.pid(part)
        for each in (*_descendants(pid), pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(each, number)
        return pid

    def back(self, part: str, before: int, within_s: float = 20) -> int:
        """The new id of a part that was killed, once it has been started again."""
        return eventually(lambda: (pid := self.pid(part)) != before and pid, within_s=within_s)


@contextlib.contextmanager
def running_system(folder: Path, **settings: str) -> Iterator[System]:
    """A started system; ended with all its parts."""
    folder.mkdir(parents=True, exist_ok=True)
    system = System(folder / "data", free_port(), {"LOG_LEVEL": "info", **settings})
    try:
        yield system.start()
    finally:
        system.stop()


def _descendants(pid: int) -> list[int]:
    """Children first come last: whoever restarts them dies before."""
    parents: dict[int, list[int]] = {}
    for status in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError, IndexError, ValueError):
            fields = status.read_text().rpartition(")")[2].split()
            parents.setdefault(int(fields[1]), []).append(int(status.parent.name))
    found, queue = [], [pid]
    while queue:
        children = parents.get(queue.pop(), [])
        found += children
        queue += children
    return found
