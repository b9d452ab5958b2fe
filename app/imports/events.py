"""What goes to a session's viewers, in the contract's envelope. Each write raises the rev and is published once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bson import ObjectId

from app.clock import Clock, rfc3339
from app.events.bus import EventBus
from app.events.message import Event
from app.imports.store import RawSession
from app.imports.views import analysis_of, error_of, session_view


def channel_of(session_id: ObjectId) -> str:
    return f"import:{session_id}"


@dataclass(frozen=True, slots=True)
class ImportEvents:
    """Tells viewers what has been written."""

    bus: EventBus
    clock: Clock

    def publish(self, session_id: ObjectId, events: Sequence[Event], rev: int) -> None:
        """The events of the write that raised the rev to this."""
        self.bus.publish(channel_of(session_id), events, rev=rev)

    def ended(self, session: RawSession) -> None:
        """It has ended and its rev was raised for that."""
        self.publish(session["_id"], [end_event(session)], session["rev"])

    def progress(self, session_id: ObjectId, data: Mapping[str, Any]) -> Event:
        return _event(session_id, "progress", data, self.clock.now())


def metadata(session: RawSession) -> Event:
    """The session itself, not wrapped."""
    return Event("metadata", session_view(session))


def log_event(session_id: ObjectId, line: Mapping[str, Any]) -> Event:
    """A stored line, with the time that it was written at."""
    data = {key: line[key] for key in ("stage", "message", "level")}
    return _event(session_id, "log", data, line["at"])


def end_event(session: RawSession) -> Event:
    """`complete` or `failed`; the last one."""
    at = session.get("completed_at") or session["created_at"]
    if session["status"] == "completed":
        return _event(session["_id"], "complete", {"analysis": analysis_of(session)}, at, final=True)
    error = error_of(session)
    data = {f"error_{key}": text for key, text in error.items()}
    return _event(session["_id"], "failed", data, at, final=True)


def _event(session_id: ObjectId, name: str, data: Mapping[str, Any], at: datetime, *, final: bool = False) -> Event:
    envelope = {
        "type": "import",
        "stream_key": channel_of(session_id),
        "event_type": name,
        "timestamp": rfc3339(at),
        "data": data,
    }
    return Event(name, envelope, final=final)
