"""Places for the cards of graphs: how long it takes, and how the drawings look, in figures and as pictures.

    python -m benchmarks.layout                     figures over made-up graphs and the corpus of Compose files
    python -m benchmarks.layout --pictures FOLDER   also an SVG a drawing: look at them before you believe the figures

Beside each figure is that of the naive placement in the same run: a column a level, each in the file's order. Needs no
server. Crossings and covered cards are counted with edges drawn straight from card to card, as the canvas does nearly.
"""

import argparse
import statistics
import time
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Final

from app.compose.drawing.cards import COLUMN, ROW_GAP, WIDTH, WORKLOADS, card_height
from app.compose.drawing.columns import columns, without_circles
from app.compose.layout import laid_out
from app.manifests.graph import Graph, Node
from benchmarks.report import Figure, section
from tests.corpus.compose.cases import all_cases
from tests.drawings import (
    covered,
    crossings,
    drawn_lines,
    imported_graph,
    layered_graph,
    overlaps,
    random_graph,
    removable,
    still_share,
    without,
)

SEEDS: Final = range(8)
REPEATS: Final = 5
COLOURS: Final[Mapping[str, str]] = {
    "service": "#cfe8ff",
    "ingress": "#d9d2ff",
    "configmap": "#fff3c4",
    "secret": "#ffd9d0",
    "persistentvolumeclaim": "#d8f3dc",
    "networkpolicy": "#eeeeee",
    "hpa": "#eeeeee",
}


def naive(graph: Graph) -> Graph:
    """By level alone."""
    number = {node["id"]: at for at, node in enumerate(graph.nodes)}
    pairs = [(number[edge["source"]], number[edge["target"]]) for edge in graph.edges]
    places = columns(without_circles(len(number), pairs), [node["type"] in WORKLOADS for node in graph.nodes])
    below: dict[int, int] = {}
    nodes: list[Node] = []
    for node, column in zip(graph.nodes, places, strict=True):
        top = below.get(column, 0)
        nodes.append({**node, "position": {"x": column * COLUMN, "y": top}})
        below[column] = top + card_height(node) + ROW_GAP
    return Graph(nodes, graph.edges)


def milliseconds(graph: Graph) -> float:
    """The quickest of a few, in time of this process: the others share their core with somebody."""
    times = []
    for _ in range(REPEATS):
        began = time.process_time()
        laid_out(graph)
        times.append((time.process_time() - began) * 1000)
    return min(times)


def measure(
    what: str, graphs: Sequence[Graph], most_ms: float | None = None, most_crossings: float | None = None
) -> None:
    drawn, plain = [laid_out(graph) for graph in graphs], [naive(graph) for graph in graphs]
    size = f"{statistics.mean(len(graph.nodes) for graph in graphs):.0f} cards, "
    size += f"{statistics.mean(len(graph.edges) for graph in graphs):.0f} edges, {len(graphs)} graphs"
    slowest = max(map(milliseconds, graphs))
    figures = [
        Figure("time, the slowest graph", slowest, "ms", most_ms, note=f"a loop of 100,000 steps {loop_ms():.1f}")
    ]
    for name, count, aim in (("crossings", crossings, most_crossings), ("cards that an edge runs over", covered, None)):
        ours, theirs = [[count(graph) for graph in some] for some in (drawn, plain)]
        note = f"worst {max(ours)}; by level alone {statistics.mean(theirs):.1f}"
        figures.append(Figure(f"{name}, mean", statistics.mean(ours), "", aim, note=note))
    figures.append(Figure("overlaps, all graphs", sum(map(overlaps, drawn)), "", 0))
    section(f"Layout: {what} ({size})", figures)


def corpus() -> dict[str, Graph]:
    """What the corpus of Compose files becomes, by the case's name."""
    return {case.name: case.converted().graph for case in all_cases()}


def loop_ms() -> float:
    """How busy are the cores? A plain loop of 100,000 steps, to read the times beside."""
    began = time.process_time()
    total = 0
    for step in range(100_000):
        total += step
    return (time.process_time() - began) * 1000


def stability(services: int) -> None:
    """One service more, that nobody needs yet, anywhere in the file."""
    still, column, order = [], [], []
    for seed in SEEDS:
        graph = imported_graph(seed, services)
        after = laid_out(graph)
        for name in removable(graph):
            share = still_share(laid_out(without(graph, name)), after)
            still.append(share.within_a_card)
            column.append(share.same_column)
            order.append(share.same_order)
    section(
        f"Layout: one service more than {services - 1} ({len(still)} cases)",
        [
            Figure("other cards that went less than a card's size, mean", statistics.mean(still), ""),
            Figure("other cards that stay in their column, mean", statistics.mean(column), ""),
            Figure("pairs in a column that keep their order, mean", statistics.mean(order), ""),
        ],
    )


def picture(graph: Graph) -> str:
    """An SVG, as the canvas would show it."""
    right = max((node["position"]["x"] for node in graph.nodes), default=0) + WIDTH + 100
    bottom = max((node["position"]["y"] + card_height(node) for node in graph.nodes), default=0) + 100
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {right} {bottom}" width="{right / 3}">',
        f'<rect width="{right}" height="{bottom}" fill="white"/>',
    ]
    for node in graph.nodes:
        x, y, colour = node["position"]["x"], node["position"]["y"], COLOURS.get(node["type"], "#e8eef7")
        height = card_height(node)
        lines.append(f'<rect x="{x}" y="{y}" width="{WIDTH}" height="{height}" rx="12" fill="{colour}" stroke="#888"/>')
        for at, text in enumerate((str(node["data"].get("name", node["id"])), node["type"])):
            lines.append(f'<text x="{x + 16}" y="{y + 44 + 34 * at}" font-size="28">{escape(text[:20])}</text>')
    for line in drawn_lines(graph):
        bend = max(abs(line.x2 - line.x1) / 2, 40)  # React Flow's curve
        curve = f"M{line.x1},{line.y1} C{line.x1 + bend},{line.y1} {line.x2 - bend},{line.y2} {line.x2},{line.y2}"
        lines.append(f'<path d="{curve}" fill="none" stroke="#345" stroke-width="3"/>')
    return "\n".join([*lines, "</svg>"])


def pictures(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    made = {f"imported-{count}": imported_graph(count, count) for count in (2, 4, 7, 10, 15, 25, 40)} | {
        "imported-much-joined": imported_graph(1, 20, 2.2),
        "imported-apart": imported_graph(3, 16, 0.3),
        "levels": layered_graph(1),
        "anywhere-small": random_graph(1, 20, 24),
        "anywhere": random_graph(1),
    }
    made |= {f"corpus-{name}": graph for name, graph in corpus().items()}
    for name, graph in made.items():
        (folder / f"{name}.svg").write_text(picture(laid_out(graph)))
    print(f"{len(made)} pictures in {folder}")


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--pictures", type=Path, help="a folder for SVGs")
    wanted = parser.parse_args(arguments)
    measure("as imported", [imported_graph(seed) for seed in SEEDS], 50, 200)
    measure("as imported, much joined", [imported_graph(seed, 28, 2.2) for seed in SEEDS], 50, 200)
    measure("workloads in six levels", [layered_graph(seed) for seed in SEEDS], 50, 200)
    measure("workloads, edges anywhere", [random_graph(seed) for seed in SEEDS], 50)
    measure("200 services", [imported_graph(1, 200)])
    measure("the corpus", list(corpus().values()), 50, 200)
    stability(12)
    stability(25)
    if wanted.pictures:
        pictures(wanted.pictures)


if __name__ == "__main__":
    main()
