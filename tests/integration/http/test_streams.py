"""Event streams under gunicorn: what a viewer sees, from the first byte to the end."""

import secrets
import time

import pytest

from tests.api_process import ApiProcess
from tests.sse_client import Viewer, Viewers
from tests.sse_validator import Connection, frames_of, judge
from tests.stream_app import STATES
from tests.waiting import eventually


def a_counter(server: ApiProcess, rev: int = 1) -> str:
    name = secrets.token_hex(12)
    bump(server, name, rev)
    return name


def bump(server: ApiProcess, name: str, times: int = 1, **more: object) -> int:
    status, answer = server.call("POST", f"/v1/api/counters/{name}", {"times": times, **more})
    assert status == 200, answer
    rev: int = answer["rev"]
    return rev


def watch(server: ApiProcess, viewers: Viewers, name: str, last_event_id: str | None = None) -> Viewer:
    """An open stream whose first frame, or opening comment, has come."""
    headers = {} if last_event_id is None else {"Last-Event-ID": last_event_id}
    viewer = viewers.open(server.port, f"/v1/api/counters/{name}/stream", headers)
    eventually(lambda: viewer.raw)
    return viewer


def test_a_stream_begins_with_the_state_and_goes_on_with_events(server: ApiProcess, viewers: Viewers) -> None:
    name = a_counter(server, rev=3)
    viewer = watch(server, viewers, name)

    bump(server, name, times=50)

    eventually(lambda: viewer.position() == "53")
    assert judge([viewer.recorded()], states=STATES) == list(range(3, 54))


def test_the_headers_let_nothing_hold_events_back(server: ApiProcess, viewers: Viewers) -> None:
    viewer = viewers.open(
        server.port, f"/v1/api/counters/{a_counter(server)}/stream", {"Origin": "http://localhost:3001"}
    )

    eventually(lambda: viewer.status == 200)

    for line in (
        "Content-Type: text/event-stream; charset=utf-8",
        "Cache-Control: no-cache, no-transform",
        "X-Accel-Buffering: no",
        "Access-Control-Allow-Origin: http://localhost:3001",
    ):
        assert line in viewer.head


def test_a_document_that_is_not_there_is_an_error_not_a_stream(server: ApiProcess) -> None:
    assert server.call("GET", "/v1/api/counters/nobody/stream") == (404, {"error": "Counter not found"})


def test_line_separators_in_a_text_are_escaped(server: ApiProcess, viewers: Viewers) -> None:
    name = a_counter(server)
    viewer = watch(server, viewers, name)
    text = "one\ntwo\r\nthree\u2028four\u2029five"

    bump(server, name, text=text)

    eventually(lambda: viewer.position() == "2")
    assert viewer.frames[-1].data["text"] == text


@pytest.mark.parametrize("known", [5, 9])
def test_a_viewer_that_comes_back_gets_what_it_has_missed(server: ApiProcess, viewers: Viewers, known: int) -> None:
    name = a_counter(server, rev=9)

    again = watch(server, viewers, name, last_event_id=str(known))
    bump(server, name)

    eventually(lambda: again.position() == "10")
    assert [frame.name for frame in again.frames] == ["count"] * (10 - known)
    before = Connection(b"id: %d\nevent: state\ndata: {}\n\n" % known)
    judge([before, again.recorded()], states=STATES)


def test_an_event_nobody_published_is_noticed_at_the_next_one(server: ApiProcess, viewers: Viewers) -> None:
    name = a_counter(server)
    viewer = watch(server, viewers, name)

    bump(server, name, publish=False)
    bump(server, name)

    eventually(lambda: viewer.position() == "3")
    assert [frame.name for frame in viewer.frames] == ["state", "sync"]


def test_what_a_state_alone_does_not_tell_reaches_who_has_missed_it_and_nobody_else(
    server: ApiProcess, viewers: Viewers
) -> None:
    name = a_counter(server)
    viewer = watch(server, viewers, name)

    bump(server, name, publish=False, tell=True)
    bump(server, name)
    eventually(lambda: viewer.position() == "3")
    late = watch(server, viewers, name)
    bump(server, name, publish=False)
    bump(server, name)

    eventually(lambda: viewer.position() == late.position() == "5")
    assert [frame.name for frame in viewer.frames] == ["state", "told", "sync", "sync"]
    assert [frame.name for frame in late.frames] == ["state", "sync"]
    assert viewer.frames[1].id is None


def test_an_event_nobody_published_is_noticed_by_comparing_revs(server: ApiProcess, viewers: Viewers) -> None:
    name = a_counter(server)
    viewer = watch(server, viewers, name)
    bump(server, name, times=2, publish=False)
    assert viewer.position() == "1"

    server.call("GET", "/v1/api/check")

    eventually(lambda: viewer.position() == "3")
    assert [frame.name for frame in viewer.frames] == ["state", "sync"]


def test_a_final_event_ends_the_stream(server: ApiProcess, viewers: Viewers) -> None:
    name = a_counter(server)
    viewer = watch(server, viewers, name)

    bump(server, name, final=True)

    eventually(lambda: viewer.ended_at)
    assert [frame.name for frame in viewer.frames] == ["state", "count"]


def test_the_stream_of_something_that_is_over_ends_after_its_state(server: ApiProcess, viewers: Viewers) -> None:
    name = a_counter(server)
    bump(server, name, final=True)

    viewer = watch(server, viewers, name)

    eventually(lambda: viewer.ended_at)
    assert [frame.name for frame in viewer.frames] == ["state"]


def test_a_head_request_opens_no_stream(server: ApiProcess) -> None:
    status, headers, content = server.request("HEAD", f"/v1/api/counters/{a_counter(server)}/stream")

    assert (status, content) == (200, b"")
    assert headers["Content-Type"].startswith("text/event-stream")


def test_a_stream_ends_within_a_second_of_its_session(server: ApiProcess, viewers: Viewers) -> None:
    name, session = a_counter(server), secrets.token_hex(8)
    viewer = viewers.open(server.port, f"/v1/api/counters/{name}/private", {"Authorization": f"Bearer {session}"})
    eventually(lambda: viewer.frames)

    server.call("POST", f"/v1/api/sessions/{session}/end")
    ended = time.monotonic()

    eventually(lambda: viewer.ended_at)
    assert viewer.ended_at is not None
    assert viewer.ended_at - ended < 1
    assert viewer.frames[-1].name == "error"
    assert "Sign in again" in viewer.frames[-1].data["message"]


def test_open_streams_are_counted(server: ApiProcess, viewers: Viewers) -> None:
    def open_streams() -> float:
        _, _, content = server.request("GET", "/metrics")
        (line,) = (line for line in content.decode().splitlines() if line.startswith("kubeorch_streams_open"))
        return float(line.split()[-1])

    before, name = open_streams(), a_counter(server)
    opened = [watch(server, viewers, name) for _ in range(3)]
    assert open_streams() == before + 3

    for viewer in opened:
        viewer.close()

    # A viewer's death shows when something is written to it.
    eventually(lambda: bump(server, name) and open_streams() <= before)


def test_frames_are_those_that_the_validator_takes() -> None:
    with pytest.raises(AssertionError, match="LF only"):
        frames_of(b"event: a\r\ndata: 1\r\n\r\n")
    with pytest.raises(AssertionError, match="one event and one data"):
        frames_of(b"event: a\ndata: 1\ndata: 2\n\n")
    with pytest.raises(AssertionError, match="a comment stands alone"):
        frames_of(b": beat\nevent: a\ndata: 1\n\n")
    state, one, three = (b"id: %d\nevent: %b\ndata: 0\n\n" % item for item in ((0, b"state"), (1, b"c"), (3, b"c")))
    for raw, fault in ((one, "begins with the state"), (state + three, "a hole"), (state + one + one, "twice")):
        with pytest.raises(AssertionError, match=fault):
            judge([Connection(raw)], states=STATES)
    with pytest.raises(AssertionError, match="where the viewer was"):
        judge([Connection(state + one), Connection(three, last_event_id="2")], states=STATES)
