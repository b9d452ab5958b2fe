"""Messages on the wire and what follows what."""

from datetime import UTC, datetime

import pytest
from bson import ObjectId
from hypothesis import given
from hypothesis import strategies as st

from app.events.channels import channel_of, is_kept, key_of
from app.events.message import Event, Message, Position, decode_published, encode_data, encode_events, follows, is_old
from app.events.replay import parse_position

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@given(st.lists(st.tuples(st.sampled_from(["node_update", "complete"]), JSON, st.booleans()), min_size=1, max_size=4))
def test_what_is_sent_arrives(events: list[tuple[str, object, bool]]) -> None:
    sent = [Event(name, data, final) for name, data, final in events]

    message = decode_published("workflow:w", b"4-0 5-0\n" + encode_events(sent, 5))

    assert (message.channel, message.before, message.id, message.rev) == ("workflow:w", "4-0", "5-0", 5)
    assert [(e.name, e.data, e.final) for e in message.events] == [(e.name, encode_data(e.data), e.final) for e in sent]


@given(JSON)
def test_data_is_one_line_for_every_reader(data: object) -> None:
    text = encode_data(data).decode()

    assert len(text.splitlines()) <= 1, "also at U+2028, U+2029, U+0085 and the like"


def test_ids_and_instants_are_written_as_in_answers() -> None:
    data = {"id": ObjectId("65f1a2b3c4d5e6f708192a3b"), "at": datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)}

    assert encode_data(data) == b'{"id":"65f1a2b3c4d5e6f708192a3b","at":"2026-01-02T03:04:05Z"}'


def by_rev(rev: int) -> Message:
    return Message("workflow:w", f"{rev - 1}-0", f"{rev}-0", rev, ())


def by_id(before: str, entry_id: str) -> Message:
    return Message("build:b", before, entry_id, None, ())


@pytest.mark.parametrize(
    ("message", "known", "is_next"),
    [
        (by_rev(8), 7, True),
        (by_rev(9), 7, False),
        (by_rev(9), None, True),  # this viewer doesn't count
        (by_id("17-0", "17-1"), "17-0", True),
        (by_id("17-1", "18-0"), "17-0", False),
        (by_id("?", "18-0"), "17-0", False),  # the publisher knows that something was lost
        (by_id("0-0", "18-0"), "17-0", False),  # the stream is a new one
        (by_id("-", "-"), 7, True),  # not kept: can't be missed
    ],
)
def test_a_hole_is_seen(message: Message, known: Position, is_next: bool) -> None:
    assert follows(message, known) is is_next


def test_what_is_not_above_the_known_rev_is_old() -> None:
    assert is_old(by_rev(7), 7)
    assert is_old(by_rev(6), 7)
    assert not is_old(by_rev(8), 7)
    assert not is_old(by_id("1-0", "2-0"), "9-0")


@pytest.mark.parametrize("published", [b"", b"1-0 2-0", b"1-0 2-0\n5", b"1-0 2-0\n5\nname", b"1-0 2-0\nx\nname\n{}"])
def test_a_torn_message_is_refused(published: bytes) -> None:
    with pytest.raises(ValueError):
        decode_published("workflow:w", published)


@pytest.mark.parametrize(
    ("text", "rev", "entry"),
    [
        ("17", 17, None),
        ("17-0", None, "17-0"),
        ("", None, None),
        ("-17", None, None),
        ("٣", None, None),
        ("9" * 30, None, None),
        ("+", None, None),
        ("17-0 x", None, None),
    ],
)
def test_a_last_event_id_is_read_strictly(text: str, rev: int | None, entry: str | None) -> None:
    assert parse_position(text, by_rev=True) == rev
    assert parse_position(text, by_rev=False) == entry


def test_keys_carry_a_hash_tag() -> None:
    assert key_of("workflow:w") == "kubeorch:events:{workflow:w}"
    assert channel_of(key_of("workflow:w")) == "workflow:w"


def test_only_some_kinds_are_kept() -> None:
    kept = {kind: is_kept(f"{kind}:1") for kind in ("workflow", "build", "import", "user", "resource", "cluster")}

    assert [kind for kind, yes in kept.items() if yes] == ["workflow", "build", "import", "user"]
