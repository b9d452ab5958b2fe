"""One call at a time per key, and everybody gets its result."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from app.clusters.single_flight import SingleFlight
from tests.waiting import eventually


class WatchedKey:
    """Counts how often it is looked up, so that a test knows who has arrived."""

    def __init__(self) -> None:
        self.looked_up = 0

    def __hash__(self) -> int:
        self.looked_up += 1
        return 1


@pytest.mark.parametrize("ends_well", [True, False])
def test_whoever_asks_meanwhile_gets_the_same(ends_well: bool) -> None:
    flights, key, go_on = SingleFlight[int](), WatchedKey(), threading.Event()
    calls: list[int] = []

    def call() -> int:
        calls.append(1)
        go_on.wait(10)
        if not ends_well:
            raise ValueError("no")
        return 7

    with ThreadPoolExecutor(5) as threads:
        first = threads.submit(flights.run, key, call)
        eventually(lambda: calls)
        seen = key.looked_up
        others = [threads.submit(flights.run, key, call) for _ in range(4)]
        eventually(lambda: key.looked_up == seen + 4)
        go_on.set()
        ends = [each.result() if ends_well else str(each.exception()) for each in (first, *others)]

    assert ends == ([7] * 5 if ends_well else ["no"] * 5)
    assert len(calls) == 1


def test_the_next_one_asks_anew() -> None:
    flights, numbers = SingleFlight[int](), iter(range(3))

    assert [flights.run("k", lambda: next(numbers)) for _ in range(3)] == [0, 1, 2]
