"""RevChecker: every 15 s, one query a kind: whose viewers are behind the store? They get a Gap, so they read it.

It makes up for a publisher that died between write and publish, and for whatever else was lost. Run by
`app/http/streams.py` in each API process.
"""

from collections.abc import Callable, Collection, Mapping
from typing import Final

import structlog

from app.events.fanout import Fanout
from app.events.subscription import Gap

log = structlog.get_logger(__name__)

EVERY_S: Final = 15.0

# None: the document is gone, its viewers shall find out. Left out: nothing to compare with.
Revs = Callable[[Collection[str]], Mapping[str, int | None]]


class RevChecker:
    """Compares viewers with the store."""

    def __init__(self, fanout: Fanout) -> None:
        self._fanout = fanout
        self._revs: dict[str, Revs] = {}

    def register(self, kind: str, revs: Revs) -> None:
        """A domain's answer for channels `<kind>:<id>`.

        Args:
            revs: ids as in the channels' names → rev of each document, in one query.
        """
        self._revs[kind] = revs

    def check(self) -> int:
        """Look once; how many viewers were behind."""
        behind = 0
        for kind, revs in self._revs.items():
            try:
                behind += self._check(kind, revs)
            except Exception as error:  # noqa: BLE001  the edge of a thread: the store may be away, the next look counts
                log.warning("rev_check_failed", kind=kind, error=type(error).__name__)
        return behind

    def _check(self, kind: str, revs: Revs) -> int:
        viewed = self._fanout.viewed(kind)
        if not viewed:
            return 0
        ids = {channel.partition(":")[2]: channel for channel in viewed}
        newest = revs(ids.keys())
        behind = 0
        for document_id, rev in newest.items():
            gap = Gap(rev)  # one for all viewers of the channel: one of them reads
            for subscription in viewed[ids[document_id]]:
                position = subscription.position
                if rev is None or (isinstance(position, int) and position < rev):
                    subscription.put_gap(gap)
                    behind += 1
        if behind:
            log.info("viewers_behind", kind=kind, viewers=behind)
        return behind
