"""What git says for people, made fit for a log: no secret, no control character, not too often."""

import re
from collections.abc import Callable, Sequence
from typing import Final

from app.clock import Clock

_PAUSE_S: Final = 1.0
_LINE_MOST: Final = 200
_MORE: Final = re.compile(r"(Receiving objects|Resolving deltas):")
_SECRET_LEAST: Final = 4  # characters: a shorter one would blacken innocent words


class Progress:
    """Passes on at most one line a second, and only those of git itself: what a remote says there is its own affair.

    Args:
        clock: for the pause.
        log: gets the lines.
        secrets: are blackened wherever they stand.
    """

    def __init__(self, clock: Clock, log: Callable[[str], None], secrets: Sequence[str] = ()) -> None:
        self._clock, self._log, self._rest = clock, log, ""
        self._secrets = [secret for secret in secrets if len(secret) >= _SECRET_LEAST]
        self._next_at = clock.monotonic() + _PAUSE_S

    def hear(self, part: bytes) -> None:
        """More of what git says."""
        *lines, rest = re.split(r"[\r\n]", self._rest + part.decode("utf-8", "replace"))
        self._rest = rest[-_LINE_MOST:]
        told = [line for line in lines if _MORE.match(line)]
        if told and self._clock.monotonic() >= self._next_at:
            self._next_at = self._clock.monotonic() + _PAUSE_S
            self._log(self.hidden(told[-1])[:_LINE_MOST])

    def hidden(self, text: str) -> str:
        """The text with its secrets blackened, control characters left out."""
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return "".join(character for character in text if character.isprintable() or character == "\n")
