"""Which processes a start has: commands, environments, ports. What the person's settings name isn't started."""

import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from launcher.data import DataFolder
from launcher.embedded import Mongo, Redis
from launcher.ports import free_port, is_free
from launcher.supervisor import Part

DEFAULT_PORT: Final = 3000
FLOWER_USER: Final = "kubeorch"
QUEUES: Final = "deploys,imports,builds,maintenance"


class PortTakenError(Exception):
    """The API's port is somebody else's; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is going to be started, and the settings that all of it gets."""

    parts: Sequence[Part]
    settings: Mapping[str, str]
    port: int
    flower_port: int


def make_plan(given: Mapping[str, Any], data: DataFolder, kept: Mapping[str, str]) -> Plan:
    """Choose the parts.

    Args:
        given: the person's settings by field name (`app.settings.read_values`).
        kept: passwords and keys of the data folder.
    """
    settings = {
        "CLUSTER_ALLOW_LOOPBACK": "true",  # a cluster on this machine is what most people have
        "STREAM_DRAIN_SECONDS": "5",
        "KUBEORCH_DATA": str(data.path),
        # What the command line's rotate-keys has written there counts as well.
        **{name: value for name, value in kept.items() if not name.endswith("_PASSWORD")},
    }
    parts: list[Part] = []
    if "redis_url" not in given:
        parts.append(redis_part(data, kept["REDIS_PASSWORD"], settings))
    if "mongo_uri" not in given:
        parts.append(mongo_part(data, kept["MONGO_PASSWORD"], settings))
    port, flower_port = api_port(given), free_port()
    settings["PORT"] = str(port)
    parts += product_parts(data, port, flower_port, concurrency(given), kept["FLOWER_PASSWORD"])
    unset = {name: value for name, value in settings.items() if name.lower() not in given}
    return Plan(parts, unset, port, flower_port)


def redis_part(data: DataFolder, password: str, settings: dict[str, str]) -> Part:
    server = Redis(data.path / "redis", free_port(), password)
    settings["REDIS_URL"] = server.uri
    return Part("redis", server.command(), server.port, server.prepare, server.answers, store=True)


def mongo_part(data: DataFolder, password: str, settings: dict[str, str]) -> Part:
    server = Mongo(data.path / "mongo", free_port(), password)
    settings["MONGO_URI"] = server.uri
    log = data.logs / "mongo.log"
    return Part("mongo", server.command(), server.port, lambda: server.prepare(log), server.answers, store=True)


def product_parts(data: DataFolder, port: int, flower_port: int, processes: int, flower_password: str) -> list[Part]:
    """The product's own processes, as README and docker-compose.yml start them."""
    celery = [sys.executable, "-m", "celery", "-A", "workers.celery:celery"]
    metrics = data.path / "metrics"
    shutil.rmtree(metrics, ignore_errors=True)  # counters of processes that are gone
    metrics.mkdir(mode=0o700)
    return [
        Part(
            "api",
            [sys.executable, "-m", "gunicorn", "-c", "gunicorn.conf.py", "wsgi:app"],
            port,
            environment={
                "PROMETHEUS_MULTIPROC_DIR": str(metrics),
                # One will do for the people of one machine, and the embedded store is no quicker with more.
                "WEB_CONCURRENCY": os.environ.get("WEB_CONCURRENCY", "1"),
            },
        ),
        Part(
            "worker",
            [*celery, "worker", "-E", "--without-gossip", "--without-mingle", "-Q", QUEUES, "-c", str(processes)],
        ),
        Part("watcher", [sys.executable, "-m", "workers.watcher"]),
        Part("scheduler", [sys.executable, "-m", "workers.scheduler"]),
        Part(
            "flower",
            [*celery, "flower", "--address=127.0.0.1", f"--port={flower_port}"],
            flower_port,
            environment={"FLOWER_BASIC_AUTH": f"{FLOWER_USER}:{flower_password}"},
        ),
    ]


def api_port(given: Mapping[str, Any]) -> int:
    """PORT, which must be free now."""
    port = int(given.get("port", DEFAULT_PORT))
    if not is_free(port):
        raise PortTakenError(f"Port {port} is taken by another program: stop that, or choose another by PORT=…")
    return port


def concurrency(given: Mapping[str, Any]) -> int:
    return int(given.get("worker_concurrency", 0)) or min(os.cpu_count() or 1, 4)


def data_folder(given: Mapping[str, Any]) -> DataFolder:
    """KUBEORCH_DATA, else a folder of this user's."""
    home = Path(os.environ.get("XDG_DATA_HOME") or "~/.local/share").expanduser()
    return DataFolder(Path(given.get("kubeorch_data") or home / "kubeorch").expanduser().resolve())
