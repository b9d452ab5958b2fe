"""What an import tells while it is going on: fenced writes to the session, each with its events. One worker's."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from app.clock import Clock
from app.events.message import Event
from app.imports.events import ImportEvents, log_event
from app.jobs.job import Job

LOGS_AT_MOST: Final = 200
LINE_AT_MOST: Final = 2000
LogStage = Literal["clone", "analyze", "convert", "complete"]
Level = Literal["info", "warn", "error"]


@dataclass(frozen=True, slots=True)
class Step:
    """A part of the work, as the contract has it."""

    phase: Literal["cloning", "analyzing"]
    text: str
    progress: int
    stage: LogStage


CLONING: Final = Step("cloning", "Cloning repository", 10, "clone")
ANALYZING: Final = Step("analyzing", "Analyzing repository", 40, "analyze")
PARSING: Final = Step("analyzing", "Parsing configuration", 60, "analyze")
CONVERTING: Final = Step("analyzing", "Converting to workflow nodes", 80, "convert")


class ImportProgress:
    """Writes, then publishes. The rev is known: nobody else writes to a session that is being worked on."""

    def __init__(self, job: Job, events: ImportEvents, clock: Clock) -> None:
        self._job, self._events, self._clock = job, events, clock
        self._rev = int(job.raw["rev"])
        self._lines = len(job.raw.get("logs") or ())
        self.step = CLONING
        self.resumed = self._lines > 0
        """Somebody else began it."""

    def reach(self, step: Step) -> None:
        """A step begins. Raises what `job.check()` does, and LeaseLostError."""
        self._job.check()
        self.step = step
        fields = {"phase": step.phase, "current_stage": step.text, "progress": step.progress}
        shown = {"status": step.phase, "current_stage": step.text, "progress": step.progress}
        self._write({"$set": fields}, [self._events.progress(self._job.id, shown)], [self._line(step.text)])

    def log(self, message: str, level: Level = "info", stage: LogStage | None = None) -> None:
        """A line; no secrets. Beyond the limit lines are left out. Raises LeaseLostError."""
        if self._lines < LOGS_AT_MOST:
            self._write({}, [], [self._line(message, level, stage)])
        elif self._lines == LOGS_AT_MOST:
            self._write({}, [], [self._line("Further lines are left out", "info")])

    def _line(self, message: str, level: Level = "info", stage: LogStage | None = None) -> dict[str, Any]:
        return {
            "stage": stage or self.step.stage,
            "message": message[:LINE_AT_MOST],
            "level": level,
            "at": self._clock.now(),
            "rev": self._rev + 1,
        }

    def _write(self, update: dict[str, Any], events: Sequence[Event], lines: Sequence[dict[str, Any]]) -> None:
        self._job.progress({**update, "$push": {"logs": {"$each": list(lines)}}, "$inc": {"rev": 1}})
        self._rev += 1
        self._lines += len(lines)
        told = [log_event(self._job.id, line) for line in lines]
        self._events.publish(self._job.id, [*told, *events], self._rev)
