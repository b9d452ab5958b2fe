"""The names that we share with the cluster. Whatever finds, owns or removes objects there goes by these."""

import hashlib
import re
from typing import Final

FIELD_MANAGER: Final = "kubeorch"

MANAGED_BY: Final = "app.kubernetes.io/managed-by"
WORKFLOW: Final = "kubeorch.io/workflow"
NODE: Final = "kubeorch.io/node"
INSTANCE: Final = "kubeorch.io/instance"

# What the selectors of workloads and services go by, and what installations of the earlier backend select on.
APP: Final = "app"
LEGACY_MANAGED_BY: Final = "managed-by"
MANAGER: Final = "kubeorch"

CHECKSUM: Final = "kubeorch.io/checksum"
"""Annotation of a Job: what it was made from. Another value means that it must be made again."""

_LABEL_VALUE: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?")


def node_label(node_id: str) -> str:
    """The value of the node label: the id itself, or its hash when the id is no label value.

    The prefix keeps a hash from ever being another node's plain id by accident.
    """
    if _LABEL_VALUE.fullmatch(node_id):
        return node_id
    return "sha256-" + hashlib.sha256(node_id.encode("utf-8", "surrogatepass")).hexdigest()[:40]


def ownership_labels(workflow_id: str, node_id: str, instance: str) -> dict[str, str]:
    """Whose object this is: on objects and pod templates, never in selectors (those can't change)."""
    return {
        MANAGED_BY: MANAGER,
        WORKFLOW: workflow_id,
        NODE: node_label(node_id),
        INSTANCE: instance,
    }
