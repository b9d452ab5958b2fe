"""POST /import/analyze and its stream through gunicorn and a real worker, while the import is going on."""

from tests.import_system import Holding, ImportSystem, system
from tests.sse_validator import Frame, frames_of, judge
from tests.waiting import eventually

__all__ = ["system"]  # a fixture


def logs(frames: list[Frame]) -> list[str]:
    return [frame.data["data"]["message"] for frame in frames if frame.name == "log"]


def test_an_analysis_that_is_done_in_time_comes_with_the_answer(system: ImportSystem) -> None:
    answer = system.analyze()

    assert answer["async"] is False
    assert [service["name"] for service in answer["analysis"]["services"]] == ["web", "db"]


def test_viewers_see_it_going_on_whenever_they_come(system: ImportSystem) -> None:
    holding = Holding(system.host)
    session_id = system.analyze(wait=0)["sessionId"]
    early = system.follow(session_id)
    holding.reached()
    late = system.follow(session_id)
    eventually(lambda: late.frames, within_s=10)
    before = early.recorded()
    left_at = [frame.id for frame in frames_of(before.raw) if frame.id is not None][-1]
    back = system.follow(session_id, left_at)

    holding.let_go()
    viewers = [early, late, back]
    eventually(lambda: all(viewer.ended_at is not None for viewer in viewers), within_s=30)

    stored = [line["message"] for line in system.raw(session_id)["logs"]]
    for viewer in (early, late):
        judge([viewer.recorded()], states=("metadata",))
        assert viewer.frames[0].name == "metadata"
        assert logs(viewer.frames) == stored, "without gap or repeat"
    judge([before, back.recorded()], states=("metadata",))
    missed = logs(back.frames)
    assert missed
    assert stored[-len(missed) :] == missed
    for viewer in viewers:
        names = [frame.name for frame in viewer.frames]
        assert names[-1] == "complete"
        assert names.count("complete") == 1
    steps = [frame.data["data"] for frame in early.frames if frame.name == "progress"]
    assert [step["progress"] for step in steps][-3:] == [40, 60, 80]
    assert {step["status"] for step in steps} <= {"cloning", "analyzing"}
    assert early.frames[-1].data["data"]["analysis"] == system.session(session_id)["analysis"]


def test_a_cancel_is_seen_by_viewers_and_ends_the_stream(system: ImportSystem) -> None:
    holding = Holding(system.host)
    session_id = system.analyze(wait=0)["sessionId"]
    viewer = system.follow(session_id)
    holding.reached()

    system.call("POST", f"/import/{session_id}/cancel")
    eventually(lambda: viewer.ended_at is not None, within_s=20)
    holding.let_go()

    last = viewer.frames[-1]
    assert (last.name, last.data["data"]["error_code"]) == ("failed", "CANCELLED")
    assert last.data["data"]["error_stage"] == "cancelled"
