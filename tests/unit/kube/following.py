"""A watch loop running against a scripted server, and what its sink has been told."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from app.clock import Clock
from app.kube.events import ChangeType
from app.kube.objects import KNOWN, KubeObject
from app.kube.watch import WatchLoop, WatchState
from tests.fake_clock import FakeClock
from tests.unit.kube.scripted_server import ScriptedServer

CONFIG_MAPS = KNOWN["v1", "ConfigMap"]


class RecordingSink:
    """Remembers what it is told; `held` is what a consumer would believe."""

    def __init__(self) -> None:
        self._news = threading.Condition()
        self.lists: list[list[str]] = []
        self.changes: list[tuple[str, str, str]] = []
        self.states: list[tuple[WatchState, str]] = []
        self.held: dict[str, KubeObject] = {}
        self.on_state: Callable[[WatchState], None] = lambda _: None

    def replaced(self, objects: Sequence[KubeObject]) -> None:
        with self._news:
            self.lists.append([obj["metadata"]["name"] for obj in objects])
            self.held = {obj["metadata"]["name"]: obj for obj in objects}
            self._news.notify_all()

    def changed(self, event_type: ChangeType, obj: KubeObject) -> None:
        with self._news:
            name = obj["metadata"]["name"]
            self.changes.append((event_type, name, obj["metadata"]["resourceVersion"]))
            self.held.pop(name, None)
            if event_type != "DELETED":
                self.held[name] = obj
            self._news.notify_all()

    def state(self, state: WatchState, message: str) -> None:
        self.on_state(state)
        with self._news:
            self.states.append((state, message))
            self._news.notify_all()

    def wait_for(self, check: Callable[["RecordingSink"], object], within_s: float = 10) -> None:
        """Until that is so; fails with what it has been told."""
        with self._news:
            assert self._news.wait_for(lambda: check(self), within_s), (
                f"not within {within_s} s; told {self.lists=} {self.changes[-5:]=} {self.states=}"
            )

    def data(self, name: str) -> object:
        """Of an object that it holds."""
        return self.held.get(name, {}).get("data")

    @property
    def state_names(self) -> list[WatchState]:
        """Without their messages."""
        return [state for state, _ in self.states]


@contextmanager
def following(
    server: ScriptedServer, *, clock: Clock | None = None, sink: RecordingSink | None = None, **more: Any
) -> Iterator[tuple[RecordingSink, WatchLoop]]:
    """A loop over the server's ConfigMaps; ended, and checked to end within a second, afterwards."""
    sink, connection = sink or RecordingSink(), server.connection()
    more.setdefault("connection", lambda: connection)
    more.setdefault("wake", threading.Event())
    loop = WatchLoop(resource=CONFIG_MAPS, sink=sink, clock=clock or FakeClock(), stop=threading.Event(), **more)
    with in_its_thread(loop):
        yield sink, loop


@contextmanager
def in_its_thread(loop: WatchLoop) -> Iterator[None]:
    """Running; ended, and checked to end within a second, afterwards."""
    thread = threading.Thread(target=loop.run, daemon=True)
    thread.start()
    try:
        yield
    finally:
        loop.close()
        thread.join(1)
        assert not thread.is_alive(), "close() must end the loop within a second, wherever it is blocked"
