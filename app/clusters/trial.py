"""Try out how a cluster would be connected to, before anything is stored. Called by `changes.py`."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from app.clock import Clock
from app.clusters.candidate import Candidate
from app.clusters.metadata import read_metadata
from app.clusters.models import Metadata
from app.clusters.own_account import OwnAccount
from app.clusters.probe import Outcome, probe
from app.errors import InvalidError
from app.kube.access import Access
from app.kube.connection import Connection
from app.kube.errors import KubeError

ANSWER_WITHIN_S: Final = 15.0
"""Clients give up at 30 s; the test itself may last 10."""


@dataclass(frozen=True, slots=True)
class Tried:
    """What was found."""

    outcome: Outcome
    metadata: Metadata


@dataclass(frozen=True, slots=True)
class Trial:
    """Connects once, with the candidate's own credentials."""

    connect: Callable[[Access], Connection]
    clock: Clock
    own_account: OwnAccount | None = None

    def connection(self, candidate: Candidate) -> Connection:
        """A connection of its own; the caller closes it. Raises InvalidError where none can be made."""
        return self.connect(candidate.access(self.own_account))

    def run(self, candidate: Candidate, *, force: bool) -> Tried:
        """Test, and look around when it connects.

        Args:
            candidate: how it would be connected to.
            force: a failure is a finding, no error.

        Raises:
            InvalidError: it doesn't connect; `reason` says why.
        """
        started = self.clock.monotonic()
        connection = self.connection(candidate)
        try:
            outcome = probe(connection, self.clock, expires_at=candidate.credentials.expires_at)
            if outcome.is_connected:
                left_s = ANSWER_WITHIN_S - (self.clock.monotonic() - started)
                return Tried(outcome, self._metadata(connection, candidate, outcome, left_s))
        finally:
            connection.close()
        if force:
            return Tried(outcome, Metadata())
        text = f"Could not connect to the cluster: {outcome.message}"
        raise InvalidError(text, extra={"reason": outcome.reason})

    def _metadata(self, connection: Connection, candidate: Candidate, outcome: Outcome, within_s: float) -> Metadata:
        """As far as it can be had; without a date, so that the next health check reads the rest."""
        try:
            return read_metadata(
                connection, outcome, namespace=candidate.namespace, clock=self.clock, within_s=within_s
            )
        except KubeError:
            return Metadata(version=outcome.version, platform=outcome.platform)
