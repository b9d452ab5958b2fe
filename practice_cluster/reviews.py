"""Who am I, and what may I do: the practice cluster has one user, who may do everything. Pure."""

from practice_cluster.objects import Obj
from practice_cluster.protobuf import MAGIC
from practice_cluster.server import Request

USER = "practice-admin"
_ALL = {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}


def review(group: str, plural: str, request: Request) -> Obj | None:
    """The answer to a Self…Review; `None`: it is something else."""
    asked = {"apiVersion": f"{group}/v1", "metadata": {"creationTimestamp": None}}
    match group, plural:
        case "authentication.k8s.io", "selfsubjectreviews":
            user = {"username": USER, "groups": ["system:masters", "system:authenticated"]}
            return asked | {"kind": "SelfSubjectReview", "status": {"userInfo": user}}
        case "authorization.k8s.io", "selfsubjectaccessreviews":
            spec = {} if request.body.startswith(MAGIC) else (request.json() or {}).get("spec") or {}
            return asked | {"kind": "SelfSubjectAccessReview", "spec": spec, "status": {"allowed": True}}
        case "authorization.k8s.io", "selfsubjectrulesreviews":
            other = {"verbs": ["*"], "nonResourceURLs": ["*"]}
            status = {"resourceRules": [_ALL], "nonResourceRules": [other], "incomplete": False}
            return asked | {"kind": "SelfSubjectRulesReview", "spec": {}, "status": status}
    return None
