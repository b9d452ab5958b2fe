"""Shows the states while they change: a live table on a terminal, a line a change elsewhere."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, Protocol

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from launcher.states import BAD, GOOD, NodeState, States

MARKS: Final = {"good": ("✔", "green"), "bad": ("✘", "red"), "moving": ("…", "yellow")}


class Display(Protocol):
    def show(self, states: States) -> None: ...


@contextmanager
def display() -> Iterator[Display]:
    if not sys.stdout.isatty():
        yield Lines()
        return
    with Live(console=Console(), refresh_per_second=12, transient=False) as live:
        yield LiveTable(live)


class Lines:
    """A line for each change."""

    def __init__(self) -> None:
        self._shown: dict[str, tuple[str, str]] = {}

    def show(self, states: States) -> None:
        for node_id, node in states.nodes.items():
            now = (node.state, node.message)
            if self._shown.get(node_id) != now:
                self._shown[node_id] = now
                print(f"  {node.name} ({node.type}): {node.state}  {node.message}".rstrip(), flush=True)


class LiveTable:
    """The same, in place."""

    def __init__(self, live: Live) -> None:
        self._live = live

    def show(self, states: States) -> None:
        self._live.update(as_table(states))


def as_table(states: States) -> Table:
    good = sum(node.state in GOOD for node in states.nodes.values())
    table = Table(title=f"{good} of {len(states.nodes)} healthy, run {states.run_status}", title_justify="left")
    for heading in ("", "node", "type", "state", "what it says"):
        table.add_column(heading, overflow="fold")
    for node in states.nodes.values():
        mark, colour = MARKS[kind_of(node)]
        plain = [Text(text) for text in (node.name, node.type)]
        table.add_row(Text(mark, colour), *plain, Text(node.state, colour), Text(node.message))
    return table


def kind_of(node: NodeState) -> str:
    if node.state in GOOD:
        return "good"
    return "bad" if node.state in BAD else "moving"
