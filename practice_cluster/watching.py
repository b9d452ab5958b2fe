"""Lists and watches: what of a kind's objects a client wants to see, and how. Called by `routing`."""

import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from queue import Empty
from typing import Final

import orjson

from practice_cluster import tables
from practice_cluster.cluster import Cluster
from practice_cluster.errors import ApiError, bad_request, expired
from practice_cluster.kinds import Kind
from practice_cluster.objects import Obj, at
from practice_cluster.selectors import Matcher, field_matcher, label_matcher
from practice_cluster.server import Answer, Request
from practice_cluster.store import Change, Entry, Watch

_BOOKMARK_S: Final = 10.0
_WATCH_S: Final = 1800
_LOOK_S: Final = 5.0
_LAST_S: Final = 0.2
_PAGES_KEPT: Final = 20


@dataclass(frozen=True, slots=True)
class View:
    """Which objects of a kind, and in which form: `` whole, `metadata` or `table`."""

    kind: Kind
    namespace: str
    labels: Matcher | None
    fields: Matcher | None
    form: str

    def shows(self, entry: Entry) -> bool:
        return (
            self.namespace in ("", entry.key[1])
            and (self.labels is None or self.labels(entry.labels))
            and (self.fields is None or self.fields(self._named(entry)))
        )

    def _named(self, entry: Entry) -> dict[str, str]:
        """The fields that it may be selected by."""
        names = self.kind.rules.get("fields", ())
        obj = entry.load() if names else {}
        own = {"metadata.namespace": entry.key[1], "metadata.name": entry.key[2]}
        return own | {name: str(at(obj, name) or "") for name in names}

    def write(self, entry: Entry, version: int = 0) -> bytes:
        """One object, in this form; with another version, if one is given."""
        if not self.form and not self.kind.is_custom and not version:
            return entry.body
        obj = Cluster.shown(self.kind, entry.load())
        obj["metadata"] |= {"resourceVersion": str(version)} if version else {}
        return orjson.dumps(in_form(self.kind, obj, self.form))


def in_form(kind: Kind, obj: Obj, form: str) -> Obj:
    """An object as the client asked for it."""
    if form == "table":
        return tables.table(kind, [obj], time.time(), {"resourceVersion": obj["metadata"].get("resourceVersion", "")})
    about = {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1"}
    return about | {"metadata": obj["metadata"]} if form == "metadata" else obj


def form_of(accept: str) -> str:
    """The form that an Accept header asks for first."""
    first = next((each for each in accept.split(",") if "as=" not in each or "v=v1" in each.split(";")), "")
    return "table" if "as=Table" in first else "metadata" if "as=PartialObjectMetadata" in first else ""


def view_of(kind: Kind, namespace: str, name: str, request: Request) -> View:
    """What a request's parameters ask for."""
    fields = request.query.get("fieldSelector", "") + (f",metadata.name={name}" if name else "")
    labels = label_matcher(request.query.get("labelSelector", ""))
    return View(kind, namespace, labels, field_matcher(kind, fields), form_of(request.header("accept")))


@dataclass(slots=True)
class Pages:
    """Lists that were begun: their rest is kept as it was, so that all pages are of one version."""

    rests: dict[str, tuple[str, list[Entry]]] = field(default_factory=dict)

    def answer(self, cluster: Cluster, view: View, request: Request) -> Answer:
        """A list, or a page of it."""
        if token := request.query.get("continue"):
            if token not in self.rests:
                raise expired(0, cluster.store.version)
            version, entries = self.rests[token]
        else:
            version = str(cluster.store.version)
            entries = list(filter(view.shows, cluster.store.entries(view.kind.resource, view.namespace)))
        metadata: Obj = {"resourceVersion": version}
        if (size := request.number("limit")) and len(entries) > size:
            self.rests[rest := secrets.token_urlsafe(12)] = (version, entries[size:])
            if len(self.rests) > _PAGES_KEPT:
                del self.rests[next(iter(self.rests))]
            metadata |= {"continue": rest, "remainingItemCount": len(entries) - size}
            entries = entries[:size]
        return Answer(body=_list(view, metadata, entries))


def _list(view: View, metadata: Obj, entries: list[Entry]) -> bytes:
    if view.form == "table":
        objects = [Cluster.shown(view.kind, entry.load()) for entry in entries]
        return orjson.dumps(tables.table(view.kind, objects, time.time(), metadata))
    about = {"kind": f"{view.kind.kind}List", "apiVersion": view.kind.api_version, "metadata": metadata}
    if view.form == "metadata":
        about |= {"kind": "PartialObjectMetadataList", "apiVersion": "meta.k8s.io/v1"}
    return orjson.dumps(about)[:-1] + b',"items":[' + b",".join(map(view.write, entries)) + b"]}"


def watch(cluster: Cluster, view: View, request: Request) -> Answer:
    """A watch; a version that is too old ends it with an ERROR event, as the real one does."""
    asked = request.query.get("resourceVersion", "")
    if asked and not asked.isdecimal():
        raise bad_request(f'Invalid value: "{asked}": resourceVersion must be a number')
    return Answer(parts=_events(cluster, view, int(asked or 0), request))


def _events(cluster: Cluster, view: View, asked: int, request: Request) -> Iterator[bytes]:
    store, first = cluster.store, list[Entry]()
    if not asked:  # from now on, and what is there comes first
        first = list(filter(view.shows, store.entries(view.kind.resource, view.namespace)))
    try:
        following = store.watch(view.kind.resource, asked or store.version)
    except ApiError as error:
        yield _line("ERROR", orjson.dumps(error.body))
        return
    try:
        yield b"".join(_line("ADDED", view.write(entry)) for entry in first)
        yield from _following(cluster, view, following, request)
    finally:
        store.unwatch(following)


def _following(cluster: Cluster, view: View, following: Watch, request: Request) -> Iterator[bytes]:
    ends_at = time.monotonic() + (request.number("timeoutSeconds") or _WATCH_S)
    bookmark_at = time.monotonic() + _BOOKMARK_S
    kind, queue = view.kind, following.queue
    while (left_s := ends_at - time.monotonic()) > 0 and not following.is_cut:
        if cluster.kinds.find(kind.group, kind.version, kind.plural) is None:
            return
        try:
            changes = [queue.get(timeout=min(max(left_s - _LAST_S / 2, _LAST_S / 2), _LOOK_S))]
            while len(changes) < 100 and not queue.empty():
                changes.append(queue.get_nowait())
        except Empty:
            changes = []
        if lines := b"".join(_event(view, change) for change in changes):
            yield lines
        ends = time.monotonic() > ends_at - _LAST_S  # the last bookmark comes just before the end, as with the real one
        if request.flag("allowWatchBookmarks") and (ends or time.monotonic() > bookmark_at) and queue.empty():
            about = {"kind": kind.kind, "apiVersion": kind.api_version}
            yield _line("BOOKMARK", orjson.dumps(about | {"metadata": {"resourceVersion": str(cluster.store.version)}}))
            bookmark_at = time.monotonic() + _BOOKMARK_S


def _event(view: View, change: Change) -> bytes:
    entry, before = change.entry, change.before
    shows = view.shows(entry)
    if change.type != "MODIFIED" or before is None:
        return _line(change.type, view.write(entry)) if shows else b""
    showed = view.shows(before)
    if shows:
        return _line("MODIFIED" if showed else "ADDED", view.write(entry))
    # It has left the selector: as it was, under the new version.
    return _line("DELETED", view.write(before, entry.version)) if showed else b""


def _line(event: str, body: bytes) -> bytes:
    return b'{"type":"%b","object":%b}\n' % (event.encode(), body)
