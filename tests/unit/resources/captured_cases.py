"""Read what `tests/capture.py` has written, as the watcher would hand it to a status function."""

from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, NamedTuple

import yaml

from app.kube.objects import KubeObject
from app.resources.evidence import event_facts, log_lines
from app.resources.status.endpoints import count_ready, endpoint_facts
from app.resources.status.pods import pod_facts
from app.resources.status.related import Evidence, Related

CAPTURED: Final = Path(__file__).parent / "captured"
ALL_CASES: Final = sorted(str(path.relative_to(CAPTURED).with_suffix("")) for path in CAPTURED.rglob("*.yaml"))


class Captured(NamedTuple):
    """One situation."""

    obj: KubeObject
    related: Related
    at: datetime
    """When it was captured: ask about this moment, or a later one."""
    pods: tuple[KubeObject, ...]


@lru_cache  # nobody changes what it gives
def load_captured(case: str) -> Captured:
    """`deployment/crash`, with everything that was read about it."""
    found: dict[str, Any] = yaml.load((CAPTURED / f"{case}.yaml").read_text(), yaml.CSafeLoader)
    pods = found.get("pods", [])
    uids = [each["metadata"]["uid"] for each in (found["object"], *pods)]
    evidence = {uid: _evidence(found, uid) for uid in uids}
    related = Related(
        pods=tuple(pod_facts(pod) for pod in pods),
        endpoints_ready=count_ready(endpoint_facts(each) for each in found["slices"]) if "slices" in found else None,
        evidence={uid: read for uid, read in evidence.items() if read != Evidence()},
    )
    return Captured(found["object"], related, datetime.fromisoformat(found["captured_at"]), tuple(pods))


def _evidence(found: dict[str, Any], uid: str) -> Evidence:
    events = [each for each in found.get("events", []) if each["involvedObject"]["uid"] == uid]
    return Evidence(event_facts(events), log_lines(found.get("logs", {}).get(uid, "").encode()))
