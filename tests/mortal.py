"""Killing a process at exactly its k-th step: a child does a piece of work and kill -9s itself before or after a call.

A step is one call out of the process, to the store or to a cluster. Children are forked from a server that has
imported everything, so that a kill costs some milliseconds.
"""

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from multiprocessing.context import ForkServerContext
from typing import Any, Final, Literal

import pymongo.monitoring
from bson import ObjectId
from pymongo.monitoring import CommandFailedEvent, CommandStartedEvent, CommandSucceededEvent

from app.bootstrap import Services
from app.kube.access import Access
from app.kube.connection import Connection
from app.settings import Settings
from app.workflows.models import TriggerData

When = Literal["before", "after"]
QUIET: Final = frozenset({"hello", "ismaster", "ping", "saslStart", "saslContinue", "endSessions", "createIndexes"})
"""Of the driver, not of the work."""

PRELOADED: Final = ["tests.mortal", "app.workflows.deploy", "app.clusters.health", "pymongo", "redis"]


@dataclass(slots=True)
class Steps:
    """Counts calls; at the k-th the process is killed. 0: never."""

    die_at: int
    when: When
    count: int = 0
    names: list[str] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _mine: threading.local = field(default_factory=threading.local)

    def before(self, name: str) -> None:
        with self._lock:
            self.count += 1
            self._mine.number = self.count
            self.names.append(name)
            self._die_if("before", self.count)

    def after(self) -> None:
        self._die_if("after", self._mine.number)

    def _die_if(self, when: When, number: int) -> None:
        if (when, number) == (self.when, self.die_at):
            os.kill(os.getpid(), signal.SIGKILL)


class StoreSteps(pymongo.monitoring.CommandListener):
    """Each command is a step."""

    def __init__(self, steps: Steps) -> None:
        self._steps = steps

    def started(self, event: CommandStartedEvent) -> None:
        if event.command_name not in QUIET:
            self._steps.before(f"{event.command_name} {event.command.get(event.command_name)}")

    def succeeded(self, event: CommandSucceededEvent) -> None:
        if event.command_name not in QUIET:
            self._steps.after()

    def failed(self, event: CommandFailedEvent) -> None:
        """Died of something else; the test sees it."""


class MortalServices(Services):
    """Those of a worker whose calls are counted."""

    steps: Steps

    def connect_to_cluster(self, access: Access) -> Connection:
        settings, steps = self.settings, self.steps

        class Counting(Connection):
            def request(self, method: str, path: str, **options: Any) -> Any:
                steps.before(f"{method} {path}")
                answer = super().request(method, path, **options)
                steps.after()
                return answer

        return Counting(
            access,
            self.cluster_guard,
            connect_timeout_s=settings.cluster_connect_timeout_seconds,
            request_timeout_s=settings.cluster_request_timeout_seconds,
            clock=self.clock,
        )


Work = Callable[[Services, ObjectId], None]


def work_run(services: Services, run_id: ObjectId) -> None:
    """As the task does."""
    services.jobs.work_off(services.deploys, str(run_id))


def start_run(services: Services, workflow_id: ObjectId) -> None:
    """As the API does."""
    workflow = services.workflow_store.find(workflow_id)
    assert workflow is not None
    services.runs.start(workflow["owner_id"], workflow_id, TriggerData())


def mortal(
    values: dict[str, Any], work: Work, subject: ObjectId, *, die_at: int = 0, when: When = "before"
) -> list[str] | None:
    """Do a piece of work in a child that is killed at a step. The names of all steps, or None: it was killed."""
    context = _context()
    reader, writer = context.Pipe(duplex=False)
    child = context.Process(target=_child, args=(values, work, subject, die_at, when, writer), daemon=True)
    child.start()
    writer.close()
    try:
        names: list[str] = reader.recv()
    except EOFError:
        child.join(10)
        assert child.exitcode == -signal.SIGKILL, f"the child ended by itself: {child.exitcode}"
        return None
    child.join(10)
    return names


def _context() -> ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOADED)
    return context


def _child(values: dict[str, Any], work: Work, subject: ObjectId, die_at: int, when: When, writer: Any) -> None:
    steps = Steps(die_at, when)
    pymongo.monitoring.register(StoreSteps(steps))
    services = MortalServices(Settings(**values), application="mortal", owner=f"mortal/{os.getpid()}")
    services.steps = steps
    work(services, subject)
    writer.send(steps.names)
    os._exit(0)
