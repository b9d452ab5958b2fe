"""Follows all objects of one kind in one cluster: list, then watch, for as long as it is wanted.

Knows nothing of what an object means: that is its sink's business. `docs/explanation/watching.md` says why each rule is
there, `docs/adr/0001-own-watch-loop.md` why the loop is ours. The watcher runs one thread a loop.
"""

import random
import threading
from collections.abc import Callable, Sequence
from typing import Any, Final, Literal, Protocol

import structlog

from app.clock import Clock
from app.errors import KubeOrchError
from app.kube.backoff import Backoff
from app.kube.connection import Connection
from app.kube.errors import ApiStatusError, KubeError, UnreachableError
from app.kube.events import ChangeType, GarbageError, WatchEvent, parse_event
from app.kube.freshness import Freshness, version_of
from app.kube.interrupt import Interrupt
from app.kube.lines import LineSplitter, LineTooLongError
from app.kube.listing import PARTIAL, Scope, list_pages, with_kind
from app.kube.objects import KubeObject, Resource
from app.kube.pace import Pace
from app.kube.payload import JSON
from app.kube.stream import Stream

log = structlog.get_logger()

WatchState = Literal["synced", "lost", "unauthorized", "forbidden"]

_PACE: Final = Pace()
_IN_A_ROW: Final = 3
"""So many ends or errors, and the version we resume from may be the reason: list again."""


class WatchSink(Protocol):
    """Whoever wants to know. Called from the loop's thread, one call at a time; must not block for long."""

    def replaced(self, objects: Sequence[KubeObject]) -> None:
        """All there is. What the sink knows of this scope beyond that is gone."""

    def changed(self, event_type: ChangeType, obj: KubeObject) -> None:
        """One object; never an older state of it than before. DELETED may mean "left the selector"."""

    def state(self, state: WatchState, message: str) -> None:
        """Whether what it knows is true now: only on a change. `forbidden` names this kind alone."""


class WatchLoop:
    """One list + watch, kept going.

    Args:
        connection: asked for at each list and watch, so that new credentials are taken up; another object means
            another cluster or account, and everything is listed anew. May raise a `KubeOrchError`.
        resource: the kind.
        namespace: only there.
        label_selector: as the API spells it.
        field_selector: as the API spells it.
        metadata_only: no content, only metadata.
        keep: shrinks each object before it is held or handed on.
        sink: who is told.
        clock: for pauses and graces.
        pace: its times.
        stop: ends the loop; `close()` sets it and ends a blocked read too.
        wake: ends a pause early: the cluster answers again, the credentials are new. Each loop its own.
    """

    def __init__(
        self,
        connection: Callable[[], Connection],
        resource: Resource,
        *,
        namespace: str | None = None,
        label_selector: str | None = None,
        field_selector: str | None = None,
        metadata_only: bool = False,
        keep: Callable[[KubeObject], KubeObject] | None = None,
        sink: WatchSink,
        clock: Clock,
        stop: threading.Event,
        wake: threading.Event,
        pace: Pace = _PACE,
    ) -> None:
        self._connection, self._sink, self._clock, self._stop, self._wake = connection, sink, clock, stop, wake
        self._scope = Scope(resource, namespace, label_selector, field_selector, metadata_only)
        self._keep, self._pace = keep, pace
        self._interrupt = Interrupt()
        self._used: Connection | None = None
        self._version: str | None = None  # to watch from; None: list first
        self._fresh = Freshness()
        self._resync_at = 0.0
        self._stale_since: float | None = None
        self._has_bookmarks, self._changes = False, 0
        self._failures, self._short_ends = Backoff(*pace.failure_s), Backoff(pace.too_short_s, pace.too_short_most_s)
        self._told: tuple[WatchState, str] | None = None

    def run(self) -> None:
        """Until `stop`. Never raises for what a cluster or a sink does."""
        while not self._stop.is_set():
            self._wake.clear()
            try:
                self._turn()
            except Exception:  # the edge of a thread
                # A sink that fails must not end the watching: it gets everything again.
                log.exception("watch_turn_failed", kind=self._scope.resource.kind)
                self._version = None
                self._pause(self._failures.next())

    def interrupt(self) -> None:
        """End the call going on; the loop then goes on with what `connection` gives."""
        self._interrupt.fire()

    def close(self) -> None:
        """End the loop, also when it is blocked in a read."""
        self._stop.set()
        self._interrupt.fire(is_final=True)

    def _turn(self) -> None:
        """One list if it is due, one watch, and the pause that its end calls for."""
        try:
            connection = self._take_connection()
            if self._version is None or self._clock.monotonic() >= self._resync_at:
                self._list(connection)
            self._watch(connection)
        except KubeOrchError as error:  # of `connection`: the stored credentials are of no use
            self._tell("unauthorized", error.message)
            self._pause(self._pace.refused_s)
        except KubeError as error:
            self._failed(error)

    def _take_connection(self) -> Connection:
        connection = self._connection()
        if connection is not self._used:
            self._used, self._version, self._fresh = connection, None, Freshness()
            self._stale_since = None
        return connection

    def _is_outdated(self) -> bool:
        """Whether there is another connection by now; why there may be none the next turn says."""
        try:
            return self._connection() is not self._used
        except KubeOrchError:
            return True

    def _list(self, connection: Connection) -> None:
        versions: dict[str, int] = {}

        def keep(obj: KubeObject) -> KubeObject:
            uid, version = version_of(obj["metadata"])
            versions[uid] = version
            return self._keep(obj) if self._keep else obj

        listing = list_pages(connection, self._scope, keep=keep, interrupt=self._interrupt)
        if self._is_stale(listing.resource_version):
            raise UnreachableError("server_error", f"{connection.host} answers with an older state than before")
        self._fresh.replaced(versions, listing.resource_version)
        self._sink.replaced(listing.objects)
        self._version = listing.resource_version
        self._resync_at = self._clock.monotonic() + random.uniform(*self._pace.resync_s)  # noqa: S311  no secret

    def _is_stale(self, resource_version: str) -> bool:
        if not self._fresh.is_older(resource_version):
            self._stale_since = None
            return False
        now = self._clock.monotonic()
        self._stale_since = now if self._stale_since is None else self._stale_since
        if now - self._stale_since < self._pace.stale_s:
            return True
        self._fresh, self._stale_since = Freshness(), None
        return False

    def _watch(self, connection: Connection) -> None:
        """Open a watch and read it to its end; resuming at once is the rule, unless it was too short."""
        is_trial = self._short_ends.tries >= _IN_A_ROW
        wish_s = self._pace.trial_s if is_trial else random.uniform(*self._pace.watch_s)  # noqa: S311  no secret
        watch_s = max(1, int(min(wish_s, self._resync_at - self._clock.monotonic())))
        opened_at = self._clock.monotonic()
        stream = self._open(connection, watch_s)
        with stream:
            # Asked again: between taking the connection and now it may have been replaced, or all be over.
            if self._stop.is_set() or self._is_outdated():
                return
            if not is_trial:  # else its head says nothing yet: a change does, or that it lives
                self._tell("synced", "")
            stream.wait_at_most(self._pace.quiet_s if self._has_bookmarks else watch_s + self._pace.quiet_grace_s)
            changes_before = self._changes
            try:
                self._read(stream)
            except (GarbageError, LineTooLongError) as error:
                log.warning("watch_garbage", kind=self._scope.resource.kind, error=str(error))
            except UnreachableError as error:  # cut or silent: an ordinary end, the next open will tell
                log.info("watch_broken", kind=self._scope.resource.kind, error=str(error))
            finally:
                lived_s = self._clock.monotonic() - opened_at
                if lived_s >= self._pace.too_short_s:
                    self._failures.reset()
                    self._short_ends.reset()
        if lived_s < self._pace.too_short_s:
            self._ended_too_soon(lived_s, has_changes=self._changes > changes_before)

    def _open(self, connection: Connection, watch_s: int) -> Stream:
        query: dict[str, Any] = {"watch": True, "allowWatchBookmarks": True, "timeoutSeconds": watch_s}
        return connection.open(
            self._scope.resource.path(self._scope.namespace),
            query=query | self._scope.query() | {"resourceVersion": self._version or ""},
            accept=PARTIAL if self._scope.metadata_only else JSON,
            read_timeout_s=self._pace.head_s,
            interrupt=self._interrupt,
        )

    def _read(self, stream: Stream) -> None:
        """Hand on what comes until the watch ends."""
        splitter = LineSplitter()
        while part := stream.read_some():
            for line in splitter.feed(part):
                event = parse_event(line)
                self._tell("synced", "")
                if event.type == "BOOKMARK":
                    self._has_bookmarks = True
                    stream.wait_at_most(self._pace.quiet_s)
                    self._fresh.seen(event.metadata["resourceVersion"])
                else:
                    self._change(event, event.type)
                if not self._fresh.is_older(event.metadata["resourceVersion"]):
                    self._version = event.metadata["resourceVersion"]
                if self._stop.is_set():
                    return

    def _change(self, event: WatchEvent, event_type: ChangeType) -> None:
        if not self._fresh.admits(event_type, event.metadata):
            return
        obj = with_kind(event.obj, self._scope.resource)
        self._sink.changed(event_type, self._keep(obj) if self._keep else obj)
        self._changes += 1

    def _ended_too_soon(self, lived_s: float, *, has_changes: bool) -> None:
        if has_changes:  # it works, but not as a watch: once a second is enough
            self._short_ends.reset()
            self._pause(self._pace.too_short_s - lived_s)
            return
        pause_s = self._short_ends.next()
        if self._short_ends.tries >= _IN_A_ROW:
            self._version = None
            self._tell("lost", "the API server ends each watch at once")
        self._pause(pause_s)

    def _failed(self, error: KubeError) -> None:
        # What `close()` or `interrupt()` broke off says nothing about the cluster.
        if self._stop.is_set() or self._is_outdated():
            return
        match error:
            case ApiStatusError(is_expired_version=True):
                self._version = None
                is_first, pause_s = self._short_ends.tries == 0, self._short_ends.next()
                if not is_first:  # the list before didn't help
                    self._pause(pause_s)
            case ApiStatusError(status=401):
                self._tell("unauthorized", error.message)
                self._pause(self._pace.refused_s)
            case ApiStatusError(status=403 | 404 | 405):  # 404: its CRD was removed; 405: it can't be watched
                self._tell("forbidden", error.message)
                self._pause(self._pace.refused_s)
            case ApiStatusError(status=429):
                self._tell("lost", error.message)
                self._pause(max(self._failures.next(), error.retry_after_s or 0), may_wake=False)
            case _:
                self._tell("lost", error.message)
                pause_s = max(self._failures.next(), getattr(error, "retry_after_s", None) or 0)
                # It answers, but again with an error of its own: "too large resource version" after a restore.
                if isinstance(error, ApiStatusError) and self._failures.tries >= _IN_A_ROW:
                    self._version = None
                self._pause(pause_s)

    def _tell(self, state: WatchState, message: str) -> None:
        if (state, message) == self._told:
            return
        log.info("watch_state", kind=self._scope.resource.kind, state=state, reason=message)
        self._sink.state(state, message)
        self._told = (state, message)

    def _pause(self, seconds: float, *, may_wake: bool = True) -> None:
        until = self._clock.monotonic() + seconds
        while (left_s := until - self._clock.monotonic()) > 0 and not self._stop.is_set():
            if may_wake and self._wake.is_set():
                return
            self._clock.sleep(min(left_s, self._pace.slice_s))
