"""What a writer remembers of its own writes."""

from bson import ObjectId

from app.workflows.known_states import MOST, KnownStates


def test_what_is_taken_is_forgotten() -> None:
    known, workflow = KnownStates(), ObjectId()
    known.keep(workflow, {"rev": 1})
    known.keep(workflow, {"rev": 2})

    assert known.take(workflow) == {"rev": 2}
    assert known.take(workflow) is None


def test_the_oldest_makes_room() -> None:
    known, workflows = KnownStates(), [ObjectId() for _ in range(MOST + 1)]
    for workflow in workflows[:MOST]:
        known.keep(workflow, {"rev": 1})

    known.keep(workflows[0], {"rev": 2})
    known.keep(workflows[MOST], {"rev": 1})

    assert known.take(workflows[1]) is None, "nothing was kept for longer"
    assert known.take(workflows[0]) == {"rev": 2}
    assert all(known.take(workflow) for workflow in workflows[2:])
