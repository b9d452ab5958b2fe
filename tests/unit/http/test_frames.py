"""What goes over the wire, byte by byte."""

from app.events.message import Event, Message, encoded
from app.http.frames import HEARTBEAT, frame_error, frame_events, frame_message
from tests.sse_validator import Frame, frames_of


def test_of_a_batch_only_the_last_frame_has_an_id() -> None:
    raw = frame_events([Event("node_update", {"a": 1}), Event("run_update", [])], 7)

    assert raw == b'event: node_update\ndata: {"a":1}\n\nid: 7\nevent: run_update\ndata: []\n\n'


def test_an_event_that_is_not_kept_has_no_id() -> None:
    message = Message("workflow:w", "-", "-", None, (encoded(Event("drift", "x")),))

    assert frame_message(message) == b'event: drift\ndata: "x"\n\n'


def test_no_events_are_no_bytes() -> None:
    assert frame_events([], 7) == b""


def test_a_heartbeat_is_a_comment_of_its_own() -> None:
    assert frames_of(HEARTBEAT) == []


def test_text_with_every_kind_of_line_end_stays_in_its_frame() -> None:
    text = "\n\n\r\n\u2028\u2029\x85 id: 9 data: x"

    assert frames_of(frame_events([Event("log", text)], 1)) == [Frame("log", text, "1")]


def test_an_error_is_for_people() -> None:
    data = b'{"message":"Sign in again.","error":"Sign in again."}'
    assert frame_error("Sign in again.") == b"event: error\ndata: " + data + b"\n\n"
