"""How long to wait before the next try: doubling, with jitter, so that a thousand watches don't come back at once."""

import random
from dataclasses import dataclass


@dataclass(slots=True)
class Backoff:
    """Pauses that grow until a success resets them."""

    first_s: float
    most_s: float
    tries: int = 0

    def next(self) -> float:
        """The pause before the next try, in seconds."""
        pause_s = min(self.first_s * 2.0 ** min(self.tries, 16), self.most_s)
        self.tries += 1
        # Upwards only: the first pause is a promise ("at most one request a second").
        return min(pause_s * random.uniform(1.0, 1.2), self.most_s)  # noqa: S311  no secret

    def reset(self) -> None:
        """It went well."""
        self.tries = 0
