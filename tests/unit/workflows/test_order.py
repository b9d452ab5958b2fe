"""Levels and circles."""

from app.workflows.order import MOST_CIRCLES, find_cycles, levels_of


def test_what_others_need_comes_first_and_the_rest_beside_it() -> None:
    after = {"web": {"config", "db"}, "service": {"web"}, "db": {"config"}}

    assert levels_of(after, ["service", "other", "web", "db", "config"]) == [
        ["other", "config"],
        ["db"],
        ["web"],
        ["service"],
    ]


def test_a_level_has_the_order_of_the_canvas() -> None:
    names = [f"n{i}" for i in range(50)]

    assert levels_of({}, names) == [names]
    assert levels_of({}, names[::-1]) == [names[::-1]]
    assert levels_of({}, []) == []


def test_every_circle_is_found_once() -> None:
    after = {"a": {"b"}, "b": {"a"}, "c": {"e"}, "d": {"c"}, "e": {"d"}, "f": {"f"}, "g": {"a"}}

    assert sorted(sorted(circle) for circle in find_cycles(after)) == [["a", "b"], ["c", "d", "e"], ["f"]]


def test_a_circle_reads_from_what_comes_first() -> None:
    (circle,) = find_cycles({"b": {"a"}, "c": {"b"}, "a": {"c"}})

    at = circle.index("a")
    assert circle[at:] + circle[:at] == ["a", "b", "c"]


def test_a_graph_full_of_circles_is_not_searched_for_ever() -> None:
    pairs = {f"{side}{i}": {f"{other}{i}"} for i in range(500) for side, other in ("ab", "ba")}

    assert len(find_cycles(pairs)) == MOST_CIRCLES


def test_no_circle_is_none() -> None:
    assert find_cycles({"a": {"b"}, "b": {"c"}}) == []
