"""What a network policy's edges mean: the pods it applies to, and the peers of its rules. Called by `wiring.py`."""

from collections.abc import Mapping
from typing import Any, Final

from app.manifests.network_fields import peer_of
from app.workflows.wired import Board, WiredNode

_RULES: Final = (("ingressRules", "from"), ("egressRules", "to"))


def is_rule(policy: WiredNode, handle: str | None) -> bool:
    """Is this end of an edge at a rule? Else (`output`, or none) it is about the pods that the policy applies to."""
    return handle is not None and any(
        isinstance(rule, dict) and rule.get("id") == handle for field, _ in _RULES for rule in policy.entries(field)
    )


def policy_to_workloads(board: Board, policy: WiredNode) -> None:
    """Linked workloads become the pods of the policy, or peers of the rule whose handle the edge is at.

    A peer whose edge is gone stays as it was: dropping the last peer of a rule would let everybody in.
    """
    applies: dict[str, None] = {}
    linked: dict[str, list[dict[str, Any]]] = {}
    for other, handle in board.links.get(policy.id, ()):
        if not other.runs_pods or not other.name:
            continue
        if handle is not None and is_rule(policy, handle):
            elsewhere = other.namespace if other.namespace != policy.namespace else None
            peer = {**peer_of(other.name, elsewhere), "_linkedWorkload": other.id}
            linked.setdefault(handle, []).append(peer)
        else:
            applies[other.name] = None
    for field, key in _RULES if linked else ():
        if rules := policy.entries(field):
            policy.data[field] = [_with_peers(rule, key, linked) for rule in rules]
    if len(applies) == 1:
        policy.data["podSelector"] = {"matchLabels": {"app": next(iter(applies))}}
    elif applies:
        policy.data["podSelector"] = {"matchExpressions": [{"key": "app", "operator": "In", "values": list(applies)}]}


def _with_peers(rule: Any, key: str, linked: Mapping[str, list[dict[str, Any]]]) -> Any:
    """The rule with the workloads at its handle: in the place of the peer that knows them, else behind the others."""
    new = linked.get(rule["id"]) if isinstance(rule, dict) and isinstance(rule.get("id"), str) else None
    if new is None:
        return rule
    by_id = {peer["_linkedWorkload"]: peer for peer in new}
    peers = []
    for entry in rule.get(key) if isinstance(rule.get(key), list) else ():
        known = entry.get("_linkedWorkload") if isinstance(entry, dict) else None
        peer = by_id.pop(known, None) if isinstance(known, str) else None
        peers.append(entry if peer is None else {**entry, "ipBlock": None, **peer})
    return {**rule, key: [*peers, *by_id.values()]}
