"""The watch loop on a real API server."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from app.clock import SystemClock
from app.kube.client import KubeClient
from app.kube.errors import ApiStatusError
from app.kube.events import ChangeType, WatchEvent, parse_event
from app.kube.lines import LineSplitter
from app.kube.objects import KNOWN, KubeObject, ObjectRef
from app.kube.pace import Pace
from app.kube.watch import WatchLoop
from tests.e2e.kube_access import a_client, admin_access
from tests.unit.kube.following import RecordingSink, in_its_thread
from tests.waiting import eventually

SECRETS, CONFIG_MAPS = KNOWN["v1", "Secret"], KNOWN["v1", "ConfigMap"]
LABEL = "kubetest.example/watched"


@pytest.fixture
def client(kubeconfig: Path) -> KubeClient:
    """The administrator's."""
    return a_client(admin_access(kubeconfig))


@contextmanager
def following(client: KubeClient, **more: Any) -> Iterator[tuple[RecordingSink, WatchLoop]]:
    """A loop in its thread."""
    sink = RecordingSink()
    more.setdefault("sink", sink)
    clock, stop, wake = SystemClock(), threading.Event(), threading.Event()
    loop = WatchLoop(lambda: client.connection, clock=clock, stop=stop, wake=wake, **more)
    with in_its_thread(loop):
        yield sink, loop


def an_object(kind: str, namespace: str, name: str, **more: Any) -> dict[str, Any]:
    metadata = {"name": name, "namespace": namespace, "labels": {LABEL: "yes"}}
    return {"apiVersion": "v1", "kind": kind, "metadata": metadata, **more}


def test_changes_are_told_as_they_happen(client: KubeClient, namespace: str) -> None:
    client.apply(an_object("ConfigMap", namespace, "old"))
    with following(client, resource=CONFIG_MAPS, namespace=namespace, label_selector=LABEL) as (sink, _):
        sink.wait_for(lambda told: told.states)
        assert sink.lists == [["old"]]

        created = client.apply(an_object("ConfigMap", namespace, "new", data={"a": "1"}))
        client.apply(an_object("ConfigMap", namespace, "new", data={"a": "2"}))
        client.delete(ObjectRef.of(created), uid=created["metadata"]["uid"])

        sink.wait_for(lambda told: len(told.changes) == 3, within_s=2)
    assert [what for what, _, _ in sink.changes] == ["ADDED", "MODIFIED", "DELETED"]
    assert {name for _, name, _ in sink.changes} == {"new"}


def test_an_object_that_loses_the_label_leaves_the_watch_although_it_lives(client: KubeClient, namespace: str) -> None:
    created = client.apply(an_object("ConfigMap", namespace, "c"))
    with following(client, resource=CONFIG_MAPS, namespace=namespace, label_selector=LABEL) as (sink, _):
        sink.wait_for(lambda told: told.states)

        client.patch(ObjectRef.of(created), {"metadata": {"labels": {LABEL: None}}})
        sink.wait_for(lambda told: told.changes, within_s=2)
        client.patch(ObjectRef.of(created), {"metadata": {"labels": {LABEL: "again"}}})
        sink.wait_for(lambda told: len(told.changes) == 2, within_s=2)

    assert [what for what, _, _ in sink.changes] == ["DELETED", "ADDED"]


def test_secrets_are_watched_without_their_content_and_by_type(client: KubeClient, namespace: str) -> None:
    class Keeping(RecordingSink):
        """Everything it was handed."""

        seen: list[KubeObject]

        def changed(self, event_type: ChangeType, obj: KubeObject) -> None:
            self.seen = [*getattr(self, "seen", []), obj]
            super().changed(event_type, obj)

    sink = Keeping()
    client.apply(an_object("Secret", namespace, "helm", type="helm.sh/release.v1", data={"release": "eA=="}))
    scope = {"field_selector": "type!=helm.sh/release.v1", "label_selector": LABEL, "metadata_only": True}
    with following(client, resource=SECRETS, namespace=namespace, sink=sink, **scope):
        sink.wait_for(lambda told: told.states)
        assert sink.lists == [[]]

        client.apply(an_object("Secret", namespace, "helm2", type="helm.sh/release.v1"))
        client.apply(an_object("Secret", namespace, "plain", type="Opaque", data={"password": "aHVudGVyMg=="}))

        sink.wait_for(lambda told: told.changes, within_s=2)
    assert [name for _, name, _ in sink.changes] == ["plain"]
    assert sink.seen[0]["kind"] == "Secret"
    assert "data" not in sink.seen[0]
    assert "aHVudGVyMg==" not in str(sink.seen)


def has_changes(count: int, told: RecordingSink) -> bool:
    return len(told.changes) == count


def test_a_watch_that_the_server_closes_is_resumed_without_a_list(client: KubeClient, namespace: str) -> None:
    with following(client, resource=CONFIG_MAPS, namespace=namespace, pace=Pace(watch_s=(1, 1))) as (sink, _):
        sink.wait_for(lambda told: told.states)
        closed_after = time.monotonic() + 2.5  # at least twice
        count = 0
        while time.monotonic() < closed_after:
            count += 1
            client.apply(an_object("ConfigMap", namespace, f"c{count}"))
            sink.wait_for(partial(has_changes, count), within_s=3)

    assert [name for _, name, _ in sink.changes] == [f"c{n}" for n in range(1, count + 1)]
    assert len(sink.lists) == 1
    assert sink.state_names == ["synced"]


def events_of(client: KubeClient, namespace: str, **query: str | int) -> list[WatchEvent]:
    """All events of one watch, to its end."""
    events, splitter = [], LineSplitter()
    asked = {"watch": True, "allowWatchBookmarks": True, "labelSelector": LABEL, **query}
    with client.connection.open(CONFIG_MAPS.path(namespace), query=asked) as stream:
        while part := stream.read_some():
            events += [parse_event(line) for line in splitter.feed(part)]
    return events


def test_bookmarks_come_and_can_be_resumed_from(client: KubeClient, namespace: str) -> None:
    version = client.apply(an_object("ConfigMap", namespace, "c"))["metadata"]["resourceVersion"]
    # Another namespace's change raises the version: only a bookmark can tell this watch. One comes before the end.
    elsewhere = client.apply(an_object("ConfigMap", "default", f"elsewhere-{namespace}"))
    client.delete(ObjectRef.of(elsewhere), uid=elsewhere["metadata"]["uid"])

    def bookmarks() -> list[WatchEvent]:
        events = events_of(client, namespace, resourceVersion=version, timeoutSeconds=4)
        return [event for event in events if event.type == "BOOKMARK"]

    bookmark = eventually(bookmarks, within_s=20)[-1].metadata["resourceVersion"]

    assert int(bookmark) > int(version)
    client.apply(an_object("ConfigMap", namespace, "later"))
    later = events_of(client, namespace, resourceVersion=bookmark, timeoutSeconds=1)
    assert [event.metadata.get("name") for event in later if event.type == "ADDED"] == ["later"]


def test_a_version_that_is_forgotten_is_told_as_such(client: KubeClient, namespace: str) -> None:
    with pytest.raises(ApiStatusError) as refused:
        events_of(client, namespace, resourceVersion="1", timeoutSeconds=5)

    assert refused.value.is_expired_version
