"""Capture objects of a real cluster as the cases of `tests/unit/resources/captured/`.

    KUBECONFIG=… python -m tests.capture [kind[/case] …]

Makes the situations of `tests/unit/resources/situations.py` in namespaces of its own, waits until each has come,
writes the object with its pods, EndpointSlices, Events and logs to `captured/<kind>/<case>.yaml`, and deletes the
namespaces. About three minutes for all. Names with random parts and uids are replaced by stable ones, so that capturing
again changes little; what a person would never look at (managed fields) is left out. Run it against a new Kubernetes
version and read the diff: it says what the status functions will meet there.
"""

import itertools
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import yaml

from tests.unit.resources.scenarios import Manifest, Scenario
from tests.unit.resources.situations import ALL

CAPTURED: Final = Path(__file__).parent / "unit" / "resources" / "captured"
NAMESPACE: Final = "status-capture"
QUOTA_NAMESPACE: Final = "status-capture-quota"
PATIENCE_S: Final = 180
CLUSTER_WIDE: Final = frozenset({"CustomResourceDefinition", "PersistentVolume", "StorageClass"})
QUOTA: Final[Manifest] = {
    "apiVersion": "v1",
    "kind": "ResourceQuota",
    "metadata": {"name": "small"},
    "spec": {"hard": {"requests.memory": "1Gi"}},
}
NOISE: Final = re.compile(r"kubectl\.kubernetes\.io/")


def kubectl(*arguments: str, given: object = None, may_fail: bool = False) -> str:
    """What kubectl prints."""
    text = None if given is None else json.dumps(given)
    done = subprocess.run(["kubectl", *arguments], input=text, capture_output=True, text=True, timeout=150, check=False)
    if done.returncode and not may_fail:
        raise SystemExit(f"kubectl {' '.join(arguments)}: {done.stderr}")
    return done.stdout if not done.returncode else ""


def list_of(kind: str, namespace: str, *arguments: str) -> list[Any]:
    found = kubectl("get", kind, "-n", namespace, "-o", "json", *arguments)
    return list(json.loads(found)["items"])


def make_namespaces() -> None:
    for name in (NAMESPACE, QUOTA_NAMESPACE):
        kubectl("delete", "namespace", name, "--ignore-not-found", "--wait=true", "--timeout=140s")
        kubectl("create", "namespace", name)
    kubectl("apply", "-n", QUOTA_NAMESPACE, "-f", "-", given=QUOTA)
    # Pods are refused until the namespace has its service account.
    for name in (NAMESPACE, QUOTA_NAMESPACE):
        kubectl("wait", "serviceaccount/default", "-n", name, "--for=create", "--timeout=20s")


def namespace_of(scenario: Scenario) -> str:
    return QUOTA_NAMESPACE if scenario.over_quota else NAMESPACE


def look(scenario: Scenario) -> dict[str, Any]:
    """Everything about a situation as it is now."""
    namespace, wanted = namespace_of(scenario), scenario.manifests[0]
    seen_at = datetime.now(UTC)
    obj = json.loads(kubectl("get", wanted["kind"], wanted["metadata"]["name"], "-n", namespace, "-o", "json"))
    selector = ",".join(f"{key}={value}" for key, value in scenario.pods_of.items())
    pods = list_of("pods", namespace, "-l", selector) if selector else []
    pods.sort(key=lambda pod: (pod["metadata"]["creationTimestamp"], pod["metadata"]["name"]))
    slices: list[Any] = []
    if wanted["kind"] == "Service":
        slices = list_of("endpointslices", namespace, "-l", f"kubernetes.io/service-name={wanted['metadata']['name']}")
    uids = {each["metadata"]["uid"] for each in (obj, *pods)}
    events = [each for each in list_of("events", namespace) if each["involvedObject"].get("uid") in uids]
    return {"captured_at": seen_at, "object": obj, "pods": pods, "slices": slices, "events": events}


def has_come(situation: Any, seen: Mapping[str, Any]) -> bool:
    """Ask the scenario, which may look at `_events_with`, `_slices` and `_ready_endpoints` besides."""

    def annotated(obj: Any) -> dict[str, Any]:
        mine = [each for each in seen["events"] if each["involvedObject"]["uid"] == obj["metadata"]["uid"]]
        ready = [each for one in seen["slices"] for each in one.get("endpoints") or [] if each["conditions"]["ready"]]
        extra = {"_events_with": {each["reason"]: True for each in mine}, "_slices": len(seen["slices"])}
        return {**obj, **extra, "_ready_endpoints": len(ready)}

    try:
        return bool(situation(annotated(seen["object"]), [annotated(pod) for pod in seen["pods"]]))
    except (KeyError, IndexError):
        return False


def logs_of(pods: Sequence[Any], namespace: str) -> dict[str, str]:
    """The end of the log of whatever crashed, by pod uid."""
    found: dict[str, str] = {}
    for pod in pods:
        statuses = [*pod["status"].get("initContainerStatuses", []), *pod["status"].get("containerStatuses", [])]
        for each in statuses:
            end = {**each.get("lastState", {}), **each.get("state", {})}.get("terminated")
            if end and end["exitCode"]:
                where = ("-n", namespace, pod["metadata"]["name"], "-c", each["name"], "--tail=10")
                text = kubectl("logs", *where, "--previous", may_fail=True) or kubectl("logs", *where, may_fail=True)
                if text and not text.startswith("unable to retrieve"):
                    found[pod["metadata"]["uid"]] = text
    return found


def trimmed(obj: Any) -> Any:
    """Without managed fields and kubectl's own annotations."""
    if isinstance(obj, list):
        return [trimmed(each) for each in obj]
    if isinstance(obj, dict):
        return {key: trimmed(value) for key, value in obj.items() if key != "managedFields" and not NOISE.match(key)}
    return obj


def trimmed_event(event: Any) -> Any:
    kept = {
        key: event[key]
        for key in ("reason", "message", "count", "series", "lastTimestamp", "eventTime")
        if event.get(key)
    }
    metadata = {key: event["metadata"][key] for key in ("creationTimestamp", "resourceVersion")}
    return {**kept, "metadata": metadata, "involvedObject": {"uid": event["involvedObject"]["uid"]}}


def with_stable_names(text: str, seen: Mapping[str, Any]) -> str:
    """Random parts of names and uids, in the order in which they come."""
    hashes = dict.fromkeys(pod["metadata"]["labels"].get("pod-template-hash", "") for pod in seen["pods"])
    letters = itertools.count()
    for pod in seen["pods"]:
        base = pod["metadata"].get("generateName")
        if base and not pod["metadata"]["name"].removeprefix(base).isdigit():  # a StatefulSet's are stable
            text = re.sub(rf"\b{re.escape(pod['metadata']['name'])}\b", f"{base}{next(letters):05d}", text)
    for number, value in enumerate(filter(None, hashes), start=1):
        text = re.sub(rf"\b{re.escape(value)}\b", f"{number:010d}", text)
    for number, uid in enumerate(
        dict.fromkeys(re.findall(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", text)), 1
    ):
        text = text.replace(uid, f"00000000-0000-4000-8000-{number:012d}")
    return text


def write(scenario: Scenario, seen: Mapping[str, Any]) -> None:
    document = {
        "captured_at": seen["captured_at"].isoformat(timespec="seconds"),
        "object": trimmed(seen["object"]),
        "pods": trimmed(seen["pods"]),
        "slices": trimmed(seen["slices"]),
        "events": [trimmed_event(each) for each in seen["events"]],
        "logs": logs_of(seen["pods"], namespace_of(scenario)),
    }
    path = CAPTURED / scenario.kind / f"{scenario.case}.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps({key: value for key, value in document.items() if value})
    plain = yaml.safe_load(with_stable_names(text, seen))
    path.write_text(yaml.safe_dump(plain, sort_keys=False, allow_unicode=True, width=110))


def do_then(scenario: Scenario) -> None:
    wanted = scenario.manifests[0]
    for arguments in scenario.then:
        filled = [
            each.replace("{kind}", wanted["kind"]).replace("{name}", wanted["metadata"]["name"]) for each in arguments
        ]
        kubectl("-n", namespace_of(scenario), *filled)


def main() -> None:
    wanted = sys.argv[1:]
    scenarios = [each for each in ALL if not wanted or each.kind in wanted or f"{each.kind}/{each.case}" in wanted]
    if not os.environ.get("KUBECONFIG"):
        raise SystemExit("Set KUBECONFIG to a cluster that may be used for this")
    make_namespaces()
    for scenario in scenarios:
        kubectl(
            "apply",
            "-n",
            namespace_of(scenario),
            "-f",
            "-",
            given={"apiVersion": "v1", "kind": "List", "items": [*scenario.manifests]},
        )
    first = [each for each in scenarios if each.first]
    second = [each for each in scenarios if not each.first]
    deadline = time.monotonic() + PATIENCE_S
    while (first or second) and time.monotonic() < deadline:
        for scenario in list(first):
            if has_come(scenario.first, look(scenario)):
                do_then(scenario)
                first.remove(scenario)
                second.append(scenario)
        for scenario in list(second):
            if has_come(scenario.has_come, seen := look(scenario)):
                write(scenario, seen)
                second.remove(scenario)
                print(f"{scenario.kind}/{scenario.case}")
        time.sleep(0.5)
    kubectl("delete", "namespace", NAMESPACE, QUOTA_NAMESPACE, "--wait=false")
    for manifest in (each for scenario in scenarios for each in scenario.manifests if each["kind"] in CLUSTER_WIDE):
        kubectl("delete", manifest["kind"], manifest["metadata"]["name"], "--ignore-not-found", "--wait=false")
    if missing := [f"{each.kind}/{each.case}" for each in (*first, *second)]:
        raise SystemExit(f"These didn't come about within {PATIENCE_S} s: {', '.join(missing)}")


if __name__ == "__main__":
    main()
