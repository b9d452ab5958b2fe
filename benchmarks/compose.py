"""Compose files: reading and converting, beside `docker compose config` on the same files in the same run.

    python -m benchmarks.compose

Needs no server. The other program only reads and merges, ours also converts and lays out; it is a process a file, so
ours is measured both inside one process (as an import does it) and as a command line of its own. Times are CPU times:
somebody else may use the machine too.
"""

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from app.compose.converting import convert
from app.compose.findings import Findings
from app.compose.reading import read_project
from benchmarks.report import Figure, section
from tests.corpus.compose.cases import Case, all_cases
from tests.unit.compose.oracle import binary

SERVICES: Final = 200
REPEATS: Final = 3
COMMAND_LINE_S: Final = 0.3
NO_SLOWER: Final = 1.0


def large_file(services: int = SERVICES) -> str:
    """Services of what people really have, each waiting for one before it."""
    lines = ["services:"]
    for n in range(services):
        lines += [
            f"  app-{n}:",
            f"    image: registry.example.com/team/app-{n}:1.{n}",
            f'    ports: ["{10000 + n}:8080"]',
            f"    environment: {{DB_HOST: app-{n // 2}, LOG_LEVEL: info, API_TOKEN: example-only, REGION: eu-{n}}}",
            f'    volumes: ["data-{n}:/var/lib/app"]',
            "    healthcheck: {test: curl -f http://localhost:8080/ready, interval: 10s, retries: 3}",
            "    deploy: {replicas: 2, resources: {limits: {cpus: '0.5', memory: 256M}}}",
            f"    labels: {{com.example.team: team-{n % 7}}}",
        ]
        lines += [f"    depends_on: [app-{n // 2}]"] if n else []
    lines += ["volumes:", *(f"  data-{n}: {{}}" for n in range(services))]
    return "\n".join(lines) + "\n"


def main(arguments: Sequence[str]) -> None:
    """Print all figures."""
    cases = [case for case in all_cases() if case.oracle is None]
    ours = [cpu_s(case.converted) for case in cases]
    theirs = [process_cpu_s(config_of(case.folder, case.names)) for case in cases]
    section(
        f"the corpus ({len(cases)} files that both take)",
        [
            Figure("convert, a file, in the process", 1000 * statistics.mean(ours), "ms"),
            Figure("files a second", 1 / statistics.mean(ours), "/s"),
            Figure("docker compose config, a file", 1000 * statistics.mean(theirs), "ms"),
            Figure("ours / theirs", statistics.mean(ours) / statistics.mean(theirs), "", aim=NO_SLOWER),
        ],
    )
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "compose.yaml"
        file.write_text(large_file())
        files = {"compose.yaml": file.read_bytes()}
        reading = cpu_s(lambda: read_project(files, ["compose.yaml"], findings=Findings()))
        converting = cpu_s(lambda: convert(read_project(files, ["compose.yaml"], findings=Findings())))
        theirs_large = process_cpu_s(config_of(Path(folder), ["compose.yaml"]))
    section(
        f"one file of {SERVICES} services",
        [
            Figure("read, in the process", 1000 * reading, "ms"),
            Figure("read, convert and lay out, in the process", 1000 * converting, "ms"),
            Figure("docker compose config", 1000 * theirs_large, "ms"),
            Figure("ours, reading / theirs", reading / theirs_large, "", aim=NO_SLOWER),
            Figure("ours, all / theirs", converting / theirs_large, ""),
        ],
    )
    one = next(case for case in cases if case.name == "blog-wordpress")
    section(
        "the command line, one file",
        [
            Figure(f"--format {form}", process_cpu_s(command_line(one, form)), "s", aim=COMMAND_LINE_S)
            for form in ("yaml", "nodes")
        ],
    )


def cpu_s(work: Callable[[], object]) -> float:
    """The quickest of a few; the first one warms up."""
    times = []
    for _ in range(REPEATS + 1):
        began = time.process_time()
        work()
        times.append(time.process_time() - began)
    return min(times[1:])


def process_cpu_s(command: Sequence[str]) -> float:
    """CPU time of a program that ends, the least of a few."""
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    times = []
    for _ in range(REPEATS + 1):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = subprocess.run(command, env=environment, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr.decode()
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        times.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return min(times[1:])


def config_of(folder: Path, names: Sequence[str]) -> list[str]:
    files = [word for name in names for word in ("-f", str(folder / name))]
    return [str(binary()), "--project-name", "p", *files, "--profile", "*", "config", "--format", "json"]


def command_line(case: Case, form: str) -> list[str]:
    files = [str(case.folder / name) for name in case.names]
    return [sys.executable, "-m", "app.compose", "convert", *files, "--format", form]


if __name__ == "__main__":
    main(sys.argv[1:])
