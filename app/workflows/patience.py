"""Calling a cluster that may be away for a moment: again and again, with growing pauses. Used by a run's steps."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeVar

from app.clock import Clock
from app.jobs.job import Job
from app.kube.client import KubeClient
from app.kube.errors import ApiStatusError, KubeError, UnreachableError

IN_MID_RUN_S: Final = 60.0
"""How long a cluster may be away in the middle of a run before a node fails."""
AT_START_S: Final = 15.0
"""Before anything is applied: one that is away for good should be told of soon."""
FIRST_PAUSE_S: Final = 0.5
LONGEST_PAUSE_S: Final = 8.0
LONGEST_WISH_S: Final = 30.0
"""Of a server's Retry-After."""
TRANSIENT: Final = frozenset({429, 500, 502, 503, 504})
Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Patience:
    """Calls for one job.

    Args:
        client: makes a client with the newest credentials; asked before each try, as the job is.
        on_refused: the cluster doesn't take our credentials any more.
    """

    job: Job
    client: Callable[[], KubeClient]
    clock: Clock
    on_refused: Callable[[], None]

    def call(self, call: Callable[[KubeClient], Answer], *, for_s: float = IN_MID_RUN_S) -> Answer:
        """What the call gives; its error once it can't pass, or didn't for so long.

        Raises:
            KubeError: from the call.
            LeaseLostError, CancelledError, StoppingError, DeadlineError: from the job.
        """
        until, pause = self.clock.monotonic() + for_s, FIRST_PAUSE_S
        while True:
            self.job.check()
            try:
                return call(self.client())
            except (UnreachableError, ApiStatusError) as error:
                if isinstance(error, ApiStatusError) and error.status == 401:
                    self.on_refused()
                if not may_pass(error) or self.clock.monotonic() + pause > until:
                    raise
                wait = max(pause, getattr(error, "retry_after_s", None) or 0)
            self.clock.sleep(min(wait, LONGEST_WISH_S))
            pause = min(pause * 2, LONGEST_PAUSE_S)


def may_pass(error: KubeError) -> bool:
    """Is it worth another try?"""
    if isinstance(error, UnreachableError):
        return error.reason in ("refused", "timeout", "server_error", "dns")
    return isinstance(error, ApiStatusError) and error.status in TRANSIENT
