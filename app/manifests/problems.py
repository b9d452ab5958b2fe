"""Where a problem is. Readers get a place, say there what is wrong, and go on: people want all of it at once."""

from dataclasses import dataclass, field
from typing import TypeVar

T = TypeVar("T")


@dataclass(slots=True)
class Problems:
    """What is wrong with one node, by field; what is only odd, as warnings."""

    by_field: dict[str, str] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)

    def at(self, path: str) -> "At":
        """A place in the node's data."""
        return At(self, path)


class At:
    """A place in a node's data: `volumeMounts[0].mountPath`."""

    __slots__ = ("path", "problems")

    def __init__(self, problems: Problems, path: str) -> None:
        self.problems, self.path = problems, path

    def key(self, name: str) -> "At":
        """The place of a key of the mapping here."""
        return At(self.problems, f"{self.path}.{name}")

    def item(self, index: int) -> "At":
        """The place of an item of the list here."""
        return At(self.problems, f"{self.path}[{index}]")

    def bad(self, text: str) -> T | None:
        """Say what is wrong here and what to do. The first problem of a place stands.

        Gives `None`, so that a reader can end in `return at.bad(...)`.
        """
        self.problems.by_field.setdefault(self.path, text)
        return None
