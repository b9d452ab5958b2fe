"""Requests a second and p99 of what a canvas calls, with 8 clients, beside an empty route of the same server."""

import itertools
import socket
import threading
import time
from collections.abc import Callable
from typing import Any, Final

import orjson

from benchmarks.bare import BareCluster
from benchmarks.report import Figure, percentile, section
from tests.nodes import a_node
from tests.system import System

CLIENTS: Final = 8
SECONDS: Final = 5.0
NODES: Final = 50
WORKFLOWS: Final = 50


def graph(salt: str = "") -> list[Any]:
    return [
        a_node(
            "deployment", f"n{number}", name=f"app-{number}", image=f"nginx:1.{number}", replicas=2, labels={"s": salt}
        )
        for number in range(NODES)
    ]


def measure(system: System, cluster: BareCluster) -> None:
    """Print the figures."""
    del cluster
    workflow = system.workflow(graph())
    others = []
    for _ in range(WORKFLOWS - 1):
        made = system.api.call("POST", "/workflows", {"name": "one of many", "cluster_id": "real"})
        system.save(made["id"], graph())
        others.append(made["id"])
    saves = [orjson.dumps({"nodes": graph(str(salt)), "edges": []}) for salt in range(4)]
    token = str(system.api.token)
    empty, _ = load(system.port, lambda _: request("GET", "/healthz", ""))
    got, got_p99 = load(system.port, lambda _: request("GET", f"/v1/api/workflows/{workflow}", token))
    listed, listed_p99 = load(system.port, lambda _: request("GET", "/v1/api/workflows", token))
    # Each person saves a canvas of their own; savers of one canvas wait for each other.
    turns = itertools.count()
    saved, saved_p99 = load(
        system.port,
        lambda number: request(
            "POST", f"/v1/api/workflows/{others[next(turns) % len(others)]}/save", token, saves[number % len(saves)]
        ),
    )
    section(
        f"Requests a second: {CLIENTS} clients, {NODES} nodes, {WORKFLOWS} workflows (all on the same cores)",
        [
            Figure("empty route", empty, "/s"),
            Figure("GET workflow", got, "/s", aim=1000, more_is_better=True, note=f"p99 {got_p99:.0f} ms"),
            Figure("list of workflows", listed, "/s", aim=1000, more_is_better=True, note=f"p99 {listed_p99:.0f} ms"),
            Figure("save", saved, "/s", aim=500, more_is_better=True, note=f"p99 {saved_p99:.0f} ms"),
        ],
    )


def request(method: str, path: str, token: str, body: bytes = b"") -> bytes:
    head = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


def load(port: int, make: Callable[[int], bytes]) -> tuple[float, float]:
    """(answers a second, p99 in ms); every answer must be a 200."""
    times: list[float] = []
    until = time.monotonic() + SECONDS
    threads = [threading.Thread(target=_client, args=(port, make, until, times)) for _ in range(CLIENTS)]
    began = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return len(times) / (time.monotonic() - began), percentile(times, 0.99) * 1000


def _client(port: int, make: Callable[[int], bytes], until: float, times: list[float]) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        number = 0
        while (began := time.monotonic()) < until:
            connection.sendall(make(number))
            _read_answer(connection)
            times.append(time.monotonic() - began)
            number += 1


def _read_answer(connection: socket.socket) -> None:
    received = b""
    while b"\r\n\r\n" not in received:
        received += _some(connection)
    head, _, body = received.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200"), head[:200]
    length = next(int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:"))
    missing = length - len(body)
    while missing > 0:
        missing -= len(_some(connection))


def _some(connection: socket.socket) -> bytes:
    received = connection.recv(262144)
    assert received, "the server hung up"
    return received
