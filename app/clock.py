"""The only clock. Everything that waits or measures takes one, so that a test can pass time in a line."""

import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Wall time for people, monotonic time for durations and deadlines."""

    def now(self) -> datetime:
        """Aware, UTC, whole milliseconds: equal to what the store gives back."""
        ...

    def monotonic(self) -> float:
        """Seconds since some moment; never goes back."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        now = datetime.now(UTC)  # noqa: TID251  this is the clock
        return now.replace(microsecond=now.microsecond // 1000 * 1000)

    def monotonic(self) -> float:
        return time.monotonic()  # noqa: TID251  this is the clock

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)  # noqa: TID251  this is the clock


def rfc3339(instant: datetime) -> str:
    """`2026-01-02T03:04:05.678Z`; the fraction is left out when it is zero."""
    text = instant.astimezone(UTC).isoformat(timespec="milliseconds").removesuffix("+00:00")
    return text.removesuffix(".000") + "Z"
