"""One line a figure: what, how much, what it was compared with, what we aim at."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """A measured value and its aim."""

    what: str
    value: float
    unit: str
    aim: float | None = None
    more_is_better: bool = False
    note: str = ""

    def line(self) -> str:
        met = ""
        if self.aim is not None:
            reached = self.value >= self.aim if self.more_is_better else self.value <= self.aim
            met = f"  aim {'>=' if self.more_is_better else '<='} {self.aim:g}: {'met' if reached else 'MISSED'}"
        return f"  {self.what:<58} {self.value:>9.4g} {self.unit:<6}{met}{'  ' + self.note if self.note else ''}"


def section(title: str, figures: Sequence[Figure]) -> None:
    """Print as they come: a benchmark that dies later has still said this."""
    print(f"\n{title}", flush=True)
    for figure in figures:
        print(figure.line(), flush=True)


def percentile(values: Sequence[float], share: float) -> float:
    """Nearest rank."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def median(values: Sequence[float]) -> float:
    return statistics.median(values)
