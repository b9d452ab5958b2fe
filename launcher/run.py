"""Says how to reach what has been started: `make run`, and the demo's last words."""

import time
from collections.abc import Mapping
from typing import Final

from launcher.api import Api
from launcher.data import DataFolder
from launcher.parts import FLOWER_USER, Plan

READY_WITHIN_S: Final = 60.0


def announce(plan: Plan, data: DataFolder, kept: Mapping[str, str]) -> None:
    """Wait for the API and print where everything is; the supervisor goes on serving."""
    if wait_until_ready(plan):
        print(f"Ready.\n{addresses(plan, kept)}\nCtrl-C stops everything.", flush=True)
    else:
        print(f"The API isn't ready after {READY_WITHIN_S:.0f} s; see {data.logs / 'api.log'}", flush=True)


def wait_until_ready(plan: Plan, within_s: float = READY_WITHIN_S) -> bool:
    api = Api(f"http://127.0.0.1:{plan.port}")
    deadline = time.monotonic() + within_s
    while not api.is_ready():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


def addresses(plan: Plan, kept: Mapping[str, str]) -> str:
    base = f"http://localhost:{plan.port}/v1/api"
    return "\n".join(
        [
            f"  API            {base}",
            f"  documentation  http://localhost:{plan.port}/v1/api-docs",
            f"  task queues    http://localhost:{plan.flower_port}  "
            f"(Flower; user {FLOWER_USER}, password {kept['FLOWER_PASSWORD']})",
            f"  web UI         start it with NEXT_PUBLIC_API_URL={base}",
        ]
    )
