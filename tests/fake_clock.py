"""A clock that tests turn: waiting takes no real time. Safe to share between threads."""

import threading
from datetime import UTC, datetime, timedelta


class FakeClock:
    """Our `Clock`, standing still until somebody sleeps or advances it.

    Args:
        start: the wall time it begins with.
    """

    def __init__(self, start: datetime = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)) -> None:
        self._lock = threading.Lock()
        self._start, self._wall_shift, self._elapsed = start, timedelta(), 0.0

    def now(self) -> datetime:
        """Wall time, in whole milliseconds like the real one."""
        with self._lock:
            now = self._start + self._wall_shift + timedelta(seconds=self._elapsed)
        return now.replace(microsecond=now.microsecond // 1000 * 1000)

    def monotonic(self) -> float:
        """Seconds that have been slept or advanced so far."""
        with self._lock:
            return self._elapsed

    def sleep(self, seconds: float) -> None:
        """Time passes at once, for every thread that looks at this clock."""
        self.advance(seconds)

    def advance(self, seconds: float) -> None:
        """Let time pass, as a line of a test."""
        assert seconds >= 0, "time doesn't go back; jump_wall_time() does"
        with self._lock:
            self._elapsed += seconds

    def jump_wall_time(self, seconds: float) -> None:
        """Somebody sets the machine's clock: `now()` jumps, `monotonic()` doesn't."""
        with self._lock:
            self._wall_shift += timedelta(seconds=seconds)
