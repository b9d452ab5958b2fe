"""The watch loop's times, with their reasons. One value, so that a test can have shorter ones."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pace:
    """All in seconds; pairs are the ends of a random choice."""

    watch_s: tuple[float, float] = (240, 300)
    """How long the server lets a watch live; spread, so that a cluster's watches don't renew together."""
    resync_s: tuple[float, float] = (540, 590)
    """A full list at least each 10 minutes makes up for any event that never came."""
    head_s: float = 30
    """How long the server may take until its answer begins."""
    quiet_s: float = 75
    """Bookmarks come each minute or so: silence for longer means that nobody is there."""
    quiet_grace_s: float = 15
    """Where no bookmarks come: how much later than it promised the server may close."""
    failure_s: tuple[float, float] = (5, 60)
    """Between tries at a cluster that is away: first and longest pause. The probe ends it early."""
    too_short_s: float = 1
    """A watch that ends sooner without a change is no watch: pauses from this on, doubling (kubernetes#104171: a stale
    version of Events gets 200 and an empty body, not 410)."""
    too_short_most_s: float = 60
    trial_s: float = 5
    """How long a watch is asked to live after several that were too short: one that does is trusted again."""
    refused_s: float = 60
    """Between tries with credentials or rights that were refused; `wake` ends it when they change."""
    stale_s: float = 300
    """Older lists for that long aren't a lagging server but a cluster restored from a backup: believe them."""
    slice_s: float = 0.25
    """Pauses look up this often whether they should end."""
