"""What the practice cluster does otherwise than a real one, and why. A test named here must fail there.

Beyond these: it runs nothing and has no network: images and commands are told by their names, liveness probes aren't
asked; it has no schemas: only the usual mistakes are refused, `kubectl explain` knows nothing; quotas, limit ranges,
network policies, budgets, taints, affinity, priorities and RBAC are kept but not enforced: its one user may do
everything; no admission webhook is called.
"""

from typing import Final

DIFFERENCES: Final = {
    "test_an_unknown_field_is_refused_when_asked_to_be_strict": "it has no schemas: unknown fields are kept",
    "test_the_older_version_of_autoscalers_is_served": "one version a kind: no kind of ours needs conversion",
    "test_a_controller_has_its_own_entry_in_managed_fields": "controllers' writes aren't tracked: they are most writes",
    "test_a_quota_is_enforced": "it has limits of its own, which no quota changes",
    "test_a_port_can_be_forwarded": "nothing listens in its containers",
    "test_events_are_served_in_their_newer_version": "one version a kind; kubectl and KubeOrch read v1",
}
