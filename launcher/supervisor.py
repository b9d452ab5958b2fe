"""Starts the parts in order, starts again what dies, and stops all in reverse order.

Everything happens on the thread that calls `run`, since the kernel ties a child's life to the thread that started it.
"""

import contextlib
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from launcher.embedded import START_WITHIN_S, NotStartableError, tail
from launcher.processes import MARK, has_ended, kill_group, kill_marked, reap, spawn
from launcher.runfile import RunFile

ROOT: Final = Path(__file__).resolve().parent.parent
STOP_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
# The first restart comes at once; what keeps dying young waits longer each time.
PAUSES_S: Final = (0.1, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0)
YOUNG_S: Final = 10.0  # dying younger than this makes the next pause longer
SETTLED_S: Final = 60.0  # living longer than this forgets all earlier deaths
GIVE_UP_AFTER: Final = 3  # deaths of a part that others wait for, while starting
STOP_WITHIN_S: Final = 10.0
LOG_MAX_BYTES: Final = 10 * 1024 * 1024
LOGS_KEPT: Final = 3


@dataclass(frozen=True, slots=True)
class Part:
    """One process of ours.

    Args:
        prepare: called once, before the first start.
        ready: asked while starting; the parts after this one wait for it. None: nobody waits.
        store: stopped after all others, one by one: they need it to the end.
        environment: settings beyond those that all parts get.
    """

    name: str
    command: Sequence[str]
    port: int | None = None
    prepare: Callable[[], None] | None = None
    ready: Callable[[], bool] | None = None
    store: bool = False
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class _Running:
    part: Part
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    restart_at: float | None = None
    deaths: int = 0


class Supervisor:
    """The parts of one launch."""

    def __init__(
        self,
        parts: Sequence[Part],
        *,
        environment: Mapping[str, str],
        run_file: RunFile,
        logs: Path,
        say: Callable[[str], None] = print,
    ) -> None:
        self._running = [_Running(part) for part in parts]
        self._environment, self._run_file, self._logs, self._say = environment, run_file, logs, say
        self._guardian: subprocess.Popen[bytes] | None = None
        self._stopping = self._hurry = False
        self._wake_reader, self._wake_writer = os.pipe()
        os.set_blocking(self._wake_reader, False)
        os.set_blocking(self._wake_writer, False)

    def request_stop(self) -> None:
        """May be called from any thread and from signal handlers; a second call kills at once."""
        self._hurry, self._stopping = self._stopping, True
        os.write(self._wake_writer, b"!")

    def run(self) -> None:
        """Start everything, keep it running until a stop is asked for, and leave nothing behind.

        Raises:
            NotStartableError: a part that others wait for doesn't come up.
        """
        with self._signals():
            try:
                self._start_all()
                while not self._stopping:
                    self._look_after_all()
                    self._wait(self._until_next_restart())
            finally:
                self._stop_all()

    @contextlib.contextmanager
    def _signals(self) -> Iterator[None]:
        """Ctrl-C and SIGTERM ask for a stop; these and a child's death wake the loop up."""
        before = {number: signal.getsignal(number) for number in (signal.SIGCHLD, *STOP_SIGNALS)}
        wakeup_before = signal.set_wakeup_fd(self._wake_writer, warn_on_full_buffer=False)
        for number in STOP_SIGNALS:
            if number != signal.SIGHUP or before[number] != signal.SIG_IGN:  # ignored: nohup
                signal.signal(number, lambda *_: self.request_stop())
        signal.signal(signal.SIGCHLD, lambda *_: None)
        try:
            yield
        finally:
            signal.set_wakeup_fd(wakeup_before)
            for number, handler in before.items():
                signal.signal(number, handler)

    def _start_all(self) -> None:
        self._start_guardian()
        for running in self._running:
            if self._stopping:
                return
            if running.part.prepare:
                running.part.prepare()
            self._start(running)
            if running.part.ready:
                self._wait_for(running, running.part.ready)

    def _wait_for(self, running: _Running, ready: Callable[[], bool]) -> None:
        deadline = time.monotonic() + START_WITHIN_S
        while not self._stopping and not ready():
            if time.monotonic() > deadline or running.deaths >= GIVE_UP_AFTER:
                log = self._log_of(running.part)
                raise NotStartableError(f"{running.part.name} doesn't start. The end of {log}:\n{tail(log)}")
            self._look_after_all()
            self._wait(0.05)

    def _start(self, running: _Running) -> None:
        part = running.part
        mark = {MARK: f"{self._run_file.launch}/{part.name}"}
        log = self._log_of(part)
        rotate(log)
        environment = {**self._environment, **part.environment, **mark}
        running.process = spawn(part.command, log=log, environment=environment, folder=ROOT)
        running.started_at, running.restart_at = time.monotonic(), None
        self._run_file.put(part.name, pid=running.process.pid, port=part.port, command=part.command)

    def _look_after_all(self) -> None:
        for running in self._running:
            if running.process and has_ended(running.process):
                self._bury(running, running.process)
            if running.restart_at is not None and time.monotonic() >= running.restart_at and not self._stopping:
                self._start(running)
        if self._guardian and has_ended(self._guardian) and not self._stopping:
            self._guardian.wait()
            self._start_guardian()

    def _bury(self, running: _Running, process: subprocess.Popen[bytes]) -> None:
        """Its children must not work on beside the next one's."""
        name = running.part.name
        kill_group(process.pid)
        kill_marked(f"{self._run_file.launch}/{name}")
        reap(process)
        status, running.process = process.returncode, None
        self._run_file.drop(name)
        lived_s = time.monotonic() - running.started_at
        running.deaths = 0 if lived_s > SETTLED_S else running.deaths
        pause = PAUSES_S[min(running.deaths, len(PAUSES_S) - 1)]
        running.deaths += lived_s < YOUNG_S or running.deaths == 0
        running.restart_at = time.monotonic() + pause
        why = f"was killed by signal {-status}" if status < 0 else f"ended with status {status}"
        self._say(f"{name} {why}; starting it again in {pause:g} s (log: {self._log_of(running.part)})")

    def _until_next_restart(self) -> float:
        waiting = [running.restart_at for running in self._running if running.restart_at is not None]
        return max(0.0, min(waiting, default=time.monotonic() + 1.0) - time.monotonic())

    def _wait(self, seconds: float) -> None:
        readable, _, _ = select.select([self._wake_reader], [], [], min(seconds, 1.0))
        if readable:
            os.read(self._wake_reader, 4096)

    def _stop_all(self) -> None:
        self._stopping = True
        self._say("Stopping ...")
        products = [running for running in self._running if not running.part.store]
        self._stop(products)
        for running in reversed(self._running):
            if running.part.store:
                self._stop([running])
        if self._guardian and self._guardian.stdin:
            self._guardian.stdin.close()  # it looks around once more and goes
            self._guardian.wait()
        self._run_file.remove()

    def _stop(self, group: Sequence[_Running]) -> None:
        """Ask all of them, take each as it ends, kill what stays."""
        alive = {running.part.name: running.process for running in reversed(group) if running.process}
        for process in alive.values():
            if not has_ended(process):
                process.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + STOP_WITHIN_S
        while alive:
            over = self._hurry or time.monotonic() > deadline
            for name, process in list(alive.items()):
                ended = has_ended(process)
                if over and not ended:
                    self._say(f"{name} doesn't stop; killed")
                if over or ended:
                    reap(process)
                    kill_marked(f"{self._run_file.launch}/{name}")
                    self._run_file.drop(name)
                    del alive[name]
            if alive:
                self._wait(0.1)
        for running in group:
            running.process = running.restart_at = None

    def _start_guardian(self) -> None:
        command = [sys.executable, "-S", "-m", "launcher.guardian", str(self._run_file.path), self._run_file.launch]
        nowhere = subprocess.DEVNULL  # it must not hold our terminal or pipe open when we are gone
        self._guardian = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=nowhere, stderr=nowhere, cwd=ROOT, start_new_session=True
        )
        self._run_file.guardian = self._guardian.pid
        self._run_file.write()

    def _log_of(self, part: Part) -> Path:
        return self._logs / f"{part.name}.log"


def rotate(log: Path) -> None:
    """At a part's start: `x.log` over 10 MiB becomes `x.log.1`, and so on; the oldest goes."""
    if not log.exists() or log.stat().st_size <= LOG_MAX_BYTES:
        return
    for number in range(LOGS_KEPT - 1, 0, -1):
        older = log.with_name(f"{log.name}.{number}")
        if older.exists():
            older.replace(log.with_name(f"{log.name}.{number + 1}"))
    log.replace(log.with_name(f"{log.name}.1"))
