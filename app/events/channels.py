"""Names. A channel is `<kind>:<id>`; its key in Redis carries a hash tag: script and stream meet on one node."""

from typing import Final

PREFIX: Final = "kubeorch:events:"

# Their events are kept for a while, so that a viewer who comes back goes on where it was. All other kinds send full
# states: the next one makes up for one that was missed, and thousands of streams would fill Redis.
KEPT: Final = frozenset({"workflow", "build", "import", "user"})

# Of a kept kind whose events always belong to a write: the id is the rev, an event without one is passed on, not kept.
BY_REV: Final = frozenset({"workflow", "import"})

KEEP_EVENTS: Final = 256
KEEP_MS: Final = 15 * 60 * 1000


def kind_of(channel: str) -> str:
    """`workflow` of `workflow:65f1…`."""
    kind, colon, rest = channel.partition(":")
    assert kind and colon and rest, f"a channel is <kind>:<id>, not {channel!r}"
    return kind


def is_kept(channel: str) -> bool:
    return kind_of(channel) in KEPT


def key_of(channel: str) -> str:
    """The stream's key; the pub/sub channel has the same name."""
    return f"{PREFIX}{{{channel}}}"


def channel_of(key: str) -> str:
    return key.removeprefix(PREFIX + "{").removesuffix("}")
