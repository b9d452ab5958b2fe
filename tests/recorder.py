"""A viewer of a workflow's stream that comes back by itself, as a good client does, and keeps every byte it got.

What it kept is judged by the one validator, and what it shows at the end must be what the API says.
"""

import contextlib
import threading
from typing import Any, Final, Self

from tests.sse_client import Viewer
from tests.sse_validator import Connection, Frame, frames_of, judge
from tests.system import System
from tests.waiting import eventually

STATES: Final = ("metadata", "workflow_sync")
AGAIN_AFTER_S: Final = 0.1


class Recorder:
    """Records until the block is left."""

    def __init__(self, system: System, workflow: str) -> None:
        self._system, self._path = system, f"/v1/api/workflows/{workflow}/status/stream"
        self._history: list[Connection] = []
        self._viewer: Viewer | None = None
        self._position: str | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._record, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        # A viewer that comes while the test is at work already was never told what happened before.
        eventually(lambda: self.frames, within_s=30)
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        if self._viewer is not None:
            with contextlib.suppress(OSError):
                self._viewer.socket.shutdown(2)
        self._thread.join(timeout=10)

    @property
    def history(self) -> list[Connection]:
        """What came, connection by connection."""
        viewer = self._viewer
        return [*self._history, *([viewer.recorded()] if viewer and viewer.ended_at is None else [])]

    @property
    def frames(self) -> list[Frame]:
        return [frame for connection in self.history for frame in frames_of(connection.raw)]

    def judged(self) -> list[int]:
        """All positions; fails where the history isn't ordered, unique, complete, resumed."""
        return judge(self.history, states=STATES)

    def ends(self) -> list[str]:
        """The status of each run whose end was told."""
        return [frame.data["data"]["status"] for frame in self.frames if frame.name == "complete"]

    def was_told_all(self) -> bool:
        """Was there a gap, so that it got the whole state in place of what lay in it?"""
        return any(frame.name == "workflow_sync" for frame in self.frames) or len(self.history) > 1

    def shown(self) -> dict[str, Any]:
        """Node id → `_status`, as the canvas has it now."""
        shown: dict[str, Any] = {}
        for frame in self.frames:
            if frame.name == "metadata":
                shown = {node["id"]: node["data"].get("_status") for node in frame.data["nodes"]}
            elif frame.name == "workflow_sync":
                shown |= {node["id"]: node["data"]["_status"] for node in frame.data["data"]["nodes"]}
            elif frame.name == "node_update":
                shown[frame.data["data"]["node_id"]] = frame.data["data"]["status"]
        return shown

    def _record(self) -> None:
        while not self._stop.is_set():
            with contextlib.suppress(OSError, ValueError):
                self._once()
            self._stop.wait(AGAIN_AFTER_S)

    def _once(self) -> None:
        headers = {"Authorization": f"Bearer {self._system.api.token}"}
        if self._position is not None:
            headers["Last-Event-ID"] = self._position
        viewer = Viewer(self._system.port, self._path, headers)
        self._viewer = viewer
        while viewer.ended_at is None and not self._stop.is_set():
            viewer.read_some()
        if viewer.status == 200:
            self._history.append(viewer.recorded())
            self._position = viewer.position() or self._position
        self._viewer = None
        viewer.close()
