"""A document as a stream of events: subscribe, read it, then what is above its rev. A domain gives a `StreamSource`.

@bp.get("/workflows/<workflow_id>/status/stream")
@signed_in
def stream(workflow_id: str) -> ResponseReturnValue:
    return document_stream(WorkflowStates(...))   # channel, snapshot(), sync()
"""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol

import structlog
from flask import Response, g, request
from redis.exceptions import RedisError

from app.errors import KubeOrchError
from app.events.message import Event, Message, Position, follows, is_old
from app.events.replay import parse_position, replay
from app.events.subscription import Framed, Gap, Item, Subscription
from app.http.frames import frame_error, frame_events
from app.http.metrics import STREAM_SYNCS
from app.http.streams import Streams, streams

if TYPE_CHECKING:
    from app.http.principal import Principal

log = structlog.get_logger(__name__)

HEADERS: Final = {
    "Content-Type": "text/event-stream; charset=utf-8",
    "Cache-Control": "no-cache, no-transform",
    "X-Accel-Buffering": "no",  # nginx would hold events back
}
# The first bytes of a stream that has nothing to say yet: the server sends its headers with them.
OPENING: Final = b": open\n\n"


class Snapshot(NamedTuple):
    """The newest state, as events.

    `rev` is the document's when it was read; None where the channel doesn't count by rev. An event marked final ends
    the stream after it. `late` has events that a state alone doesn't tell, each with the rev that brought it: a viewer
    that was below that rev gets them first.
    """

    events: Sequence[Event]
    rev: int | None = None
    late: Sequence[tuple[int, Event]] = ()


class StreamSource(Protocol):
    """What a stream is about. Made in the view for one viewer, after the guards.

    `snapshot` is called once, after the subscription, also for a viewer that resumes: it checks that this user may see
    the document (NotFoundError answers 404 before the stream begins). `sync` is called after a gap and may be called
    for all viewers of the channel at once, so its answer must not depend on the viewer.
    """

    @property
    def channel(self) -> str: ...

    def snapshot(self) -> Snapshot: ...

    def sync(self) -> Snapshot: ...


class Loaded(NamedTuple):
    """A Snapshot as bytes."""

    frame: bytes
    rev: int | None
    final: bool
    late: Sequence[tuple[int, bytes]]

    def for_viewer(self, known: Position) -> bytes:
        """With what a viewer at this position has missed."""
        if not isinstance(known, int):
            return self.frame
        return b"".join(frame for rev, frame in self.late if rev > known) + self.frame


def document_stream(source: StreamSource) -> Response:
    """The response that streams `source` to the caller, signed in or not."""
    if request.method == "HEAD":
        return Response(headers=HEADERS)
    registry, principal = streams(), g.get("principal")
    subscription = registry.subscribe(source.channel)
    try:
        stream = EventStream(registry, source, subscription, principal, request.environ.get("gunicorn.socket"))
        stream.begin(request.headers.get("Last-Event-ID", ""))
    except BaseException:
        registry.leave(subscription)
        raise
    registry.add(stream)
    # Passed through as it is: each wrapper costs every viewer memory, and every frame time.
    return Response(stream, headers=HEADERS, direct_passthrough=True)


class EventStream:
    """One viewer's stream; the server iterates it. What it costs is multiplied by 5,000."""

    __slots__ = ("_closed", "_ending", "_first", "_source", "_streams", "principal", "slot", "socket", "subscription")

    def __init__(
        self,
        streams: Streams,
        source: StreamSource,
        subscription: Subscription,
        principal: "Principal | None",
        socket: Any,
    ) -> None:
        self._streams = streams
        self._source = source
        self.subscription = subscription
        self._first = OPENING
        self._ending: bytes | None = None
        self._closed = False
        self.principal = principal
        self.slot = 0
        self.socket = socket

    def begin(self, last_event_id: str) -> None:
        """Read the document and, for a viewer that comes back, what it has missed. Raises the source's errors."""
        snapshot = _load(self._source.snapshot())
        missed = self._missed(last_event_id, snapshot.rev) if last_event_id else None
        # A viewer that comes back after the last event has missed nothing, and is told again that it is over.
        if missed is None or (not missed and snapshot.final):
            self._take(snapshot, parse_position(last_event_id, by_rev=snapshot.rev is not None))
            return
        for message in missed:
            self._first += self._streams.frame(message)
            self.subscription.position = message.position
            if message.final:
                self._ending = b""

    def _missed(self, last_event_id: str, rev: int | None) -> list[Message] | None:
        position = parse_position(last_event_id, by_rev=rev is not None)
        if position is None:
            return None
        try:
            found = replay(self._streams.redis, self._source.channel, position)
        except RedisError:
            return None
        if found is None or (rev is not None and _last(found, position) < rev):
            return None  # the document is ahead of its events: somebody died between write and publish
        self.subscription.position = position
        return found

    def _take(self, loaded: Loaded, known: Position) -> None:
        self._first += loaded.for_viewer(known)
        subscription = self.subscription
        subscription.position = loaded.rev if loaded.rev is not None else subscription.channel_position
        if loaded.final:
            self._ending = b""

    # --- the server's side ---

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        if self._first:
            first, self._first = self._first, b""
            return first
        while True:
            if self._ending is not None:
                return self._end()
            if chunk := self._chunk(self.subscription.get()):
                return chunk

    def close(self) -> None:
        """By the server, whatever ended the response."""
        if not self._closed:
            self._closed = True
            self._streams.remove(self)
            self._streams.leave(self.subscription)

    def _end(self) -> bytes:
        ending, self._ending = self._ending, b""
        if not ending:
            raise StopIteration
        return ending

    def _chunk(self, items: list[Item]) -> bytes:
        """All that waits, in one write."""
        chunk = b""
        for item in items:
            if self._ending is not None:
                break
            if isinstance(item, Framed):
                chunk += self._event(item)
            elif isinstance(item, Gap):
                chunk += self._sync(item)
            else:
                chunk += item
        return chunk

    def _event(self, framed: Framed) -> bytes:
        subscription = self.subscription
        known = subscription.position
        if known != framed.follows_on or known is None:
            if is_old(framed.message, known):
                return b""
            if not follows(framed.message, known):
                return self._sync(framed.gap)
        if framed.position is not None:
            subscription.position = framed.position
        if framed.final:
            self._ending = b""
        return framed.frame

    def _sync(self, gap: Gap) -> bytes:
        known = self.subscription.position
        if gap.rev is not None and isinstance(known, int) and known >= gap.rev:
            return b""
        try:
            loaded: Loaded = gap.resolve(lambda: _load(self._source.sync()))
        except KubeOrchError as error:
            self._ending = b""
            return frame_error(error.message)
        except Exception as error:  # noqa: BLE001  the edge of the request: the store is away, the viewer stays
            log.warning("stream_sync_failed", channel=self._source.channel, error=type(error).__name__)
            self._streams.retry(self.subscription, gap)
            return b""
        return self._synced(loaded, known)

    def _synced(self, loaded: Loaded, known: Position) -> bytes:
        if loaded.rev is not None:
            if isinstance(known, int) and known > loaded.rev:
                return b""
            self.subscription.position = loaded.rev
        else:
            # By entry ids the state has no place: whatever comes next is taken as following it.
            self.subscription.position = None
        if loaded.final:
            self._ending = b""
        STREAM_SYNCS.inc()
        return loaded.for_viewer(known)

    # --- the registry's side ---

    def heartbeat(self, frame: bytes) -> None:
        self.subscription.put_bytes(frame)

    def end(self, frame: bytes) -> None:
        """Send this and close, before whatever still waits."""
        if self._ending is None:
            self._ending = frame
            self.subscription.put_bytes(b"")  # wakes it

    @property
    def ending(self) -> bool:
        return self._ending is not None


def _load(snapshot: Snapshot) -> Loaded:
    final = any(event.final for event in snapshot.events)
    late = [(rev, frame_events([event], None)) for rev, event in snapshot.late]
    return Loaded(frame_events(snapshot.events, snapshot.rev), snapshot.rev, final, late)


def _last(messages: list[Message], position: int | str) -> int:
    last = messages[-1].position if messages else position
    assert isinstance(last, int)
    return last
