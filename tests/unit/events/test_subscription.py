"""One viewer's queue: bounded in items and bytes, and never a silent hole."""

import threading

import pytest

from app.events.message import Message
from app.events.subscription import MOST_BYTES, MOST_ITEMS, Framed, Gap, Subscription


def framed(rev: int, size: int = 10) -> Framed:
    return Framed(Message("workflow:w", "", f"{rev}-0", rev, ()), b"x" * size)


def test_what_is_put_comes_out_in_order() -> None:
    viewer, items = Subscription("workflow:w"), [framed(rev) for rev in range(MOST_ITEMS)]
    for item in items:
        viewer.put(item)

    assert viewer.get() == items


def test_a_viewer_with_too_many_events_gets_one_gap_instead() -> None:
    viewer = Subscription("workflow:w")
    for rev in range(MOST_ITEMS + 50):
        viewer.put(framed(rev))

    (gap,) = viewer.get()

    assert isinstance(gap, Gap)
    last = framed(999)
    viewer.put(last)
    assert viewer.get() == [last], "after the gap it goes on as before"


def test_a_viewer_with_too_many_bytes_gets_a_gap_too() -> None:
    viewer = Subscription("workflow:w")
    for rev in range(9):
        viewer.put(framed(rev, MOST_BYTES // 8))

    (gap,) = viewer.get()

    assert isinstance(gap, Gap)


def test_bytes_are_counted_by_what_waits() -> None:
    viewer = Subscription("workflow:w")
    for rev in range(40):
        item = framed(rev, MOST_BYTES // 2)
        viewer.put(item)
        assert viewer.get() == [item]


def test_heartbeats_survive_an_overflow_but_do_not_cause_one() -> None:
    viewer = Subscription("workflow:w")
    for _ in range(MOST_ITEMS * 2):
        viewer.put_bytes(b": beat\n\n")

    assert len(viewer.get()) == MOST_ITEMS


def test_a_gap_is_read_once_for_all() -> None:
    gap, reads = Gap(), []

    def load() -> str:
        reads.append(1)
        return "state"

    threads = [threading.Thread(target=lambda: gap.resolve(load)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert gap.resolve(load) == "state"
    assert len(reads) == 1


def test_a_gap_that_could_not_be_read_is_read_again() -> None:
    gap = Gap()

    def fail() -> str:
        raise OSError("the store is away")

    with pytest.raises(OSError, match="away"):
        gap.resolve(fail)

    assert gap.resolve(lambda: "state") == "state"
