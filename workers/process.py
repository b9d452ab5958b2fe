"""What every process beside the API starts with: settings, logs, services, and the wish to stop.

Used by `celery.py`, `scheduler.py` and the watcher.
"""

import mmap
import os
import queue
import secrets
import signal
import socket
import threading
from collections.abc import Callable
from types import FrameType
from typing import Final

import structlog
from pymongo.errors import PyMongoError

from app.bootstrap import Services
from app.jobs.claimed import never
from app.logs import configure_logs
from app.settings import Settings, SettingsError, load_settings

log = structlog.get_logger(__name__)


class SharedFlag:
    """One bit that a process shares with all that it forks afterwards.

    Without a lock, unlike multiprocessing.Event: a child that is killed while it looks would keep the lock for ever.
    """

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, 1)

    def set(self) -> None:
        self._memory[0] = 1

    def is_set(self) -> bool:
        return self._memory[0] == 1


def settings_or_exit() -> Settings:
    """The settings, or the end of this process with one line that says what is wrong with them."""
    try:
        return load_settings()
    except SettingsError as error:
        raise SystemExit(str(error)) from None


def make_services(settings: Settings, name: str, *, stopping: Callable[[], bool] = never) -> Services:
    """The services of this process; nothing is connected yet.

    Args:
        name: what the process is: worker, scheduler, watcher.
        stopping: has it been told to stop?
    """
    owner = f"{socket.gethostname()}/{name}/{os.getpid()}/{secrets.token_hex(3)}"
    return Services(settings, application=f"kubeorch-{name}", owner=owner, stopping=stopping)


def prepare_store(services: Services) -> None:
    """Make the indexes, if the store is there."""
    try:
        services.prepare_store()
    except PyMongoError as error:
        # Another process makes them, or the next start does: not a reason to stay down while the store is away.
        log.warning("store_not_prepared", error=type(error).__name__)


def start(name: str, *, stopping: Callable[[], bool] = never) -> Services:
    """Settings, logs and services of a process that isn't Celery's; its indexes are made."""
    settings = settings_or_exit()
    configure_logs(settings.log_level)
    services = make_services(settings, name, stopping=stopping)
    prepare_store(services)
    return services


def stop_on_signals() -> threading.Event:
    """Set by SIGTERM and SIGINT. A second one ends the process at once."""
    stop = threading.Event()
    # A handler may come while this thread holds the event's own lock, just about to wait: `set` there would wait for
    # ever. Of the standard library only SimpleQueue's `put` is made for that.
    signals: queue.SimpleQueue[int] = queue.SimpleQueue()

    def told(number: int, _frame: FrameType | None) -> None:
        signals.put(number)

    def stop_when_told() -> None:
        signals.get()
        stop.set()
        signals.get()
        os._exit(1)

    threading.Thread(target=stop_when_told, name="signals", daemon=True).start()
    for number in SIGNALS:
        signal.signal(number, told)
    return stop


SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)
