"""How long a whole call may take, whatever its peer does in between. Used by `connection.py` and below."""

from dataclasses import dataclass
from typing import Self

from app.clock import Clock


@dataclass(frozen=True, slots=True)
class Deadline:
    """A moment, and how far away it was at first: for the message."""

    clock: Clock
    ends_at: float
    total_s: float

    @classmethod
    def within(cls, clock: Clock, seconds: float) -> Self:
        """That many seconds from now."""
        return cls(clock, clock.monotonic() + seconds, seconds)

    def left_s(self) -> float:
        """Until then.

        Raises:
            TimeoutError: it is over.
        """
        left_s = self.ends_at - self.clock.monotonic()
        if left_s <= 0:
            raise TimeoutError
        return left_s
