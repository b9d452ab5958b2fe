"""What a viewer of a session's stream gets: the document, its stored log, then live events. Called by the route."""

from collections.abc import Sequence
from dataclasses import dataclass

from bson import ObjectId

from app.errors import NotFoundError
from app.events.message import Event
from app.http.sse import Snapshot
from app.imports.events import channel_of, end_event, log_event, metadata
from app.imports.store import NOT_FOUND, ImportStore, RawSession
from app.jobs.store import UNFINISHED


@dataclass(frozen=True, slots=True)
class ImportStream:
    """A `StreamSource`: one viewer's look at a session.

    Args:
        seen: the rev that a viewer who comes back has seen; `None` for one who begins.
    """

    store: ImportStore
    user_id: ObjectId
    session_id: ObjectId
    seen: int | None = None

    @property
    def channel(self) -> str:
        return channel_of(self.session_id)

    def snapshot(self) -> Snapshot:
        """The session and its log from the start, or from where this viewer was. Raises NotFoundError."""
        session = self.store.get(self.session_id, user_id=self.user_id)
        if self.seen is not None and self.seen <= session["rev"]:
            return _newest(session)
        return Snapshot([metadata(session), *(event for _, event in _log(session)), *_end(session)], session["rev"])

    def sync(self) -> Snapshot:
        """After a gap: for each viewer the lines that it hasn't, then the newest state."""
        session = self.store.find(self.session_id)
        if session is None:
            raise NotFoundError(NOT_FOUND)
        return _newest(session)


def _newest(session: RawSession) -> Snapshot:
    return Snapshot([metadata(session), *_end(session)], session["rev"], _log(session))


def _log(session: RawSession) -> Sequence[tuple[int, Event]]:
    """Each stored line with the rev that brought it."""
    return [(line["rev"], log_event(session["_id"], line)) for line in session.get("logs") or ()]


def _end(session: RawSession) -> Sequence[Event]:
    return [] if session["status"] in UNFINISHED else [end_event(session)]
