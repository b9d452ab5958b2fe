"""What a network policy's edges mean: the pods it applies to, and the peers of its rules. Called by `wiring.py`."""

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
    applies: list[str] = []
    for other, handle in board.links.get(policy.id, ()):
        if not other.runs_pods or not other.name:
            continue
        if is_rule(policy, handle):
            _set_peer(policy, other, handle)
        elif other.name not in applies:
            applies.append(other.name)
    if len(applies) == 1:
        policy.data["podSelector"] = {"matchLabels": {"app": applies[0]}}
    elif applies:
        policy.data["podSelector"] = {"matchExpressions": [{"key": "app", "operator": "In", "values": applies}]}


def _set_peer(policy: WiredNode, workload: WiredNode, handle: str | None) -> None:
    elsewhere = workload.namespace if workload.namespace != policy.namespace else None
    peer = {**peer_of(workload.name, elsewhere), "_linkedWorkload": workload.id}
    for field, key in _RULES:
        rules = policy.entries(field)
        for i, rule in enumerate(rules):
            if isinstance(rule, dict) and rule.get("id") == handle:
                rules[i] = {**rule, key: _with_peer(rule.get(key), peer)}
        if rules:
            policy.data[field] = rules


def _with_peer(given: Any, peer: dict[str, Any]) -> list[Any]:
    peers = list(given) if isinstance(given, list) else []
    for i, entry in enumerate(peers):
        if isinstance(entry, dict) and entry.get("_linkedWorkload") == peer["_linkedWorkload"]:
            extra = {} if "namespaceSelector" in peer else {"namespaceSelector": entry.get("namespaceSelector")}
            peers[i] = {**entry, "ipBlock": None, **extra, **peer}
            return peers
    return [*peers, peer]
