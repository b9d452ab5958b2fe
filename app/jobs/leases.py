"""Who may act on a thing: a lease is a document without a time in it, so that no clock is compared with another's.

`leases {_id: "workflow:<id>" | "build:<id>" | "shard:<id>" ..., owner, fence, beat}`. Claiming takes a free one
(`owner: null`) and raises `fence`; the owner raises `beat`; whoever sees both stand still frees it (`observer.py`).
Called by `claimed.py`, the watcher and the observer. Touches only its collection.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from pymongo import IndexModel
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from app.storage.mongo import Indexes

# A range, so that an index answers: on the embedded store `$ne: null` reads every lease that there ever was.
HELD: Final = {"$gt": ""}
# How often a claim looks again when the free lease it read was taken and released, or made, meanwhile.
LOOKS: Final = 3

INDEXES: Final[Indexes] = {"leases": [IndexModel([("owner", 1)])]}


@dataclass(frozen=True, slots=True)
class Lease:
    """What its holder knows. As long as a renewal succeeds, nobody else has been given it since."""

    id: str
    owner: str
    fence: int


@dataclass(frozen=True, slots=True)
class Held:
    """A lease that somebody has, as an observer reads it."""

    id: str
    owner: str
    fence: int
    beat: int


class Leases:
    """All queries on `leases`. Every change is one conditional write; no answer depends on a clock."""

    def __init__(self, db: Database[dict[str, Any]]) -> None:
        self._leases = db["leases"]

    def claim(self, lease_id: str, owner: str, *, above: int = 0) -> Lease | None:
        """Take it if it's free, making it when there is none.

        Args:
            owner: names the process for people; the fence, not the name, tells two claims apart.
            above: the fence will be greater than this, even if the lease was made anew meanwhile.

        Returns:
            `None`: somebody else has it.
        """
        assert owner, "an empty owner would look like a free lease"
        for _ in range(LOOKS):
            found = self._leases.find_one({"_id": lease_id})
            if found is None:
                if self._make(lease_id, owner, above + 1):
                    return Lease(lease_id, owner, above + 1)
                continue
            if found["owner"] is not None:
                return None
            fence = max(found["fence"], above) + 1
            # The fence is in the filter: of all that read this state, one wins, and knows its fence without reading.
            free = {"_id": lease_id, "owner": None, "fence": found["fence"]}
            if self._leases.update_one(free, {"$set": {"owner": owner, "fence": fence}}).modified_count:
                return Lease(lease_id, owner, fence)
        return None

    def _make(self, lease_id: str, owner: str, fence: int) -> bool:
        try:
            self._leases.insert_one({"_id": lease_id, "owner": owner, "fence": fence, "beat": 0})
        except DuplicateKeyError:
            return False
        return True

    def renew(self, lease: Lease) -> bool:
        """Raise the beat. False: the fence has changed, somebody else may act now."""
        return self._leases.update_one(_mine(lease), {"$inc": {"beat": 1}}).matched_count == 1

    def release(self, lease: Lease) -> bool:
        """Give it back; the fence stays, the next claim raises it. False: it wasn't ours any more."""
        return self._leases.update_one(_mine(lease), {"$set": {"owner": None}}).modified_count == 1

    def free(self, lease_id: str, *, fence: int, beat: int) -> bool:
        """Take it from an owner that stands still. The raised fence tells the owner, should it wake."""
        still = {"_id": lease_id, "fence": fence, "beat": beat, "owner": HELD}
        return self._leases.update_one(still, {"$set": {"owner": None}, "$inc": {"fence": 1}}).modified_count == 1

    def forget(self, lease_id: str) -> bool:
        """Delete a free one whose thing is gone for good, such as an ended build's."""
        return self._leases.delete_one({"_id": lease_id, "owner": None}).deleted_count == 1

    def held(self) -> Sequence[Held]:
        """All that somebody has: as many as there are jobs and shards at work."""
        found = self._leases.find({"owner": HELD})
        return [Held(raw["_id"], raw["owner"], raw["fence"], raw["beat"]) for raw in found]


def _mine(lease: Lease) -> dict[str, Any]:
    return {"_id": lease.id, "owner": lease.owner, "fence": lease.fence}
