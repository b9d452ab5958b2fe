"""Lists and watches: what of a kind's objects a client wants to see, and how. Called by `routing`."""

import base64
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from queue import Empty
from typing import Any, Final

import orjson

from practice_cluster import tables
from practice_cluster.cluster import Cluster
from practice_cluster.errors import ApiError, bad_request, expired
from practice_cluster.kinds import Kind
from practice_cluster.objects import Obj
from practice_cluster.selectors import Matcher, field_matcher, label_matcher
from practice_cluster.server import Answer, Request
from practice_cluster.store import Change, Entry

_BOOKMARK_S: Final = 10.0
_WATCH_S: Final = 1800.0
_PAGES_KEPT: Final = 20

Form = Callable[[bytes], bytes]


@dataclass(frozen=True, slots=True)
class View:
    """Which objects of a kind, and in which form."""

    kind: Kind
    namespace: str
    labels: Matcher | None
    fields: Matcher | None
    form: str
    """`` whole, `metadata` or `table`."""

    def shows(self, entry: Entry) -> bool:
        return (
            (not self.namespace or entry.key[1] == self.namespace)
            and (self.labels is None or self.labels(entry.labels))
            and (self.fields is None or self.fields(_named(entry)))
        )

    def write(self, entry: Entry) -> bytes:
        """One object, in this form."""
        if not self.form and not self.kind.is_custom:
            return entry.body
        obj = Cluster.shown(self.kind, entry.load())
        return orjson.dumps(in_form(self.kind, obj, self.form))


def _named(entry: Entry) -> dict[str, str]:
    return entry.fields | {"metadata.namespace": entry.key[1], "metadata.name": entry.key[2]}


def in_form(kind: Kind, obj: Obj, form: str) -> Obj:
    """An object as the client asked for it."""
    if form == "table":
        return tables.table(kind, [obj], obj["metadata"].get("resourceVersion", ""), time.time())
    if form == "metadata":
        about = {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1"}
        return about | {"metadata": obj["metadata"]}
    return obj


def form_of(accept: str) -> str:
    """The form that an Accept header asks for first."""
    for each in accept.split(","):
        if "as=Table" in each and "v=v1;" in f"{each};":
            return "table"
        if "as=PartialObjectMetadata" in each:
            return "metadata"
        if "as=" not in each:
            return ""
    return ""


def view_of(kind: Kind, namespace: str, name: str, request: Request) -> View:
    """What a request's parameters ask for."""
    fields = request.query.get("fieldSelector", "")
    fields = ",".join(filter(None, (fields, f"metadata.name={name}" if name else "")))
    labels = label_matcher(request.query.get("labelSelector", ""))
    return View(kind, namespace, labels, field_matcher(kind.resource, fields), form_of(request.accept))


@dataclass(slots=True)
class Pages:
    """Lists that were begun: their rest is kept as it was, so that all pages are of one version."""

    rests: OrderedDict[str, tuple[str, list[Entry]]] = field(default_factory=OrderedDict)

    def answer(self, cluster: Cluster, view: View, request: Request) -> Answer:
        """A list, or a page of it."""
        limit = request.query.get("limit", "0")
        size = int(limit) if limit.isdecimal() else 0
        if token := request.query.get("continue"):
            if token not in self.rests:
                raise expired(0, cluster.store.version)
            version, entries = self.rests[token]
        else:
            with cluster.store.lock:
                version = str(cluster.store.version)
                entries = cluster.store.entries(view.kind.resource, view.namespace)
            entries = [entry for entry in entries if view.shows(entry)]
        metadata: Obj = {"resourceVersion": version}
        if size and len(entries) > size:
            rest = base64.urlsafe_b64encode(secrets.token_bytes(12)).decode()
            self.rests[rest] = (version, entries[size:])
            if len(self.rests) > _PAGES_KEPT:
                self.rests.popitem(last=False)
            metadata |= {"continue": rest, "remainingItemCount": len(entries) - size}
            entries = entries[:size]
        return Answer(body=_list(view, metadata, entries))


def _list(view: View, metadata: Obj, entries: list[Entry]) -> bytes:
    if view.form == "table":
        objects = [Cluster.shown(view.kind, entry.load()) for entry in entries]
        table = tables.table(view.kind, objects, metadata["resourceVersion"], time.time())
        return orjson.dumps(table | {"metadata": metadata})
    about = {"kind": f"{view.kind.kind}List", "apiVersion": view.kind.api_version, "metadata": metadata}
    if view.form == "metadata":
        about |= {"kind": "PartialObjectMetadataList", "apiVersion": "meta.k8s.io/v1"}
    head = orjson.dumps(about)[:-1]
    return head + b',"items":[' + b",".join(view.write(entry) for entry in entries) + b"]}"


def watch(cluster: Cluster, view: View, request: Request) -> Answer:
    """A watch; a version that is too old ends it with an ERROR event, as the real one does."""
    asked = request.query.get("resourceVersion", "")
    if asked and not asked.isdecimal():
        raise bad_request(f'Invalid value: "{asked}": resourceVersion must be a number')
    seconds = request.query.get("timeoutSeconds", "")
    lasts_s = float(seconds) if seconds.isdecimal() and seconds != "0" else _WATCH_S
    return Answer(parts=_events(cluster, view, asked, lasts_s, bookmarks=request.flag("allowWatchBookmarks")))


def _events(cluster: Cluster, view: View, asked: str, lasts_s: float, *, bookmarks: bool) -> Iterator[bytes]:
    ends_at = time.monotonic() + lasts_s
    store, first = cluster.store, list[Entry]()
    with store.lock:
        version = store.version
        if asked in ("", "0"):  # from now on, and what is there comes first
            first = [entry for entry in store.entries(view.kind.resource, view.namespace) if view.shows(entry)]
        try:
            subscription = store.subscribe(view.kind.resource, int(asked or version) or version)
        except ApiError as error:
            subscription, refused = None, error
    if subscription is None:
        yield _line("ERROR", orjson.dumps(refused.body))
        return
    try:
        yield b"".join(_line("ADDED", view.write(entry)) for entry in first)
        bookmark_at = time.monotonic() + _BOOKMARK_S
        while (left_s := ends_at - time.monotonic()) > 0 and not subscription.is_cut:
            if cluster.kinds.find(view.kind.group, view.kind.version, view.kind.plural) is None:
                return
            try:
                changes: list[Change | None] = [subscription.queue.get(timeout=min(left_s, 5.0))]
                while len(changes) < 100 and not subscription.queue.empty():
                    changes.append(subscription.queue.get_nowait())
            except Empty:
                changes = []
            yield b"".join(_event(view, change) for change in changes if change)
            if bookmarks and time.monotonic() > bookmark_at:
                yield _bookmark(cluster, view, subscription.queue.empty)
                bookmark_at = time.monotonic() + _BOOKMARK_S
    finally:
        store.unsubscribe(subscription)


def _event(view: View, change: Change) -> bytes:
    entry, before = change.entry, change.before
    shows = view.shows(entry)
    showed = shows if before is None else view.shows(before)
    if change.type != "MODIFIED":
        return _line(change.type, view.write(entry)) if shows else b""
    if shows:
        return _line("MODIFIED" if showed else "ADDED", view.write(entry))
    if not showed or before is None:
        return b""
    last = (before if before.body else entry).load()  # it has left the selector: as it was, under the new version
    last["metadata"]["resourceVersion"] = str(change.version)
    return _line("DELETED", orjson.dumps(in_form(view.kind, Cluster.shown(view.kind, last), view.form)))


def _bookmark(cluster: Cluster, view: View, is_empty: Callable[[], bool]) -> bytes:
    with cluster.store.lock:
        if not is_empty():  # what is on its way is older than the present version
            return b""
        about: dict[str, Any] = {"kind": view.kind.kind, "apiVersion": view.kind.api_version}
        return _line("BOOKMARK", orjson.dumps(about | {"metadata": {"resourceVersion": str(cluster.store.version)}}))


def _line(event: str, body: bytes) -> bytes:
    return b'{"type":"%b","object":%b}\n' % (event.encode(), body)
