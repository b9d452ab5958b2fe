"""Fields that an API server writes by itself: leaving them out changes nothing. By the last key of their path."""

from collections.abc import Mapping
from typing import Any, Final

_VALUES: Final[Mapping[str, tuple[Any, ...]]] = {
    # pods and containers
    "dnsPolicy": ("ClusterFirst",), "schedulerName": ("default-scheduler",), "restartPolicy": ("Always",),
    "terminationGracePeriodSeconds": (30,), "terminationMessagePath": ("/dev/termination-log",),
    "terminationMessagePolicy": ("File",), "protocol": ("TCP",), "scheme": ("HTTP",), "timeoutSeconds": (1, 10800),
    "periodSeconds": (10,), "successThreshold": (1,), "failureThreshold": (3,), "initialDelaySeconds": (0,),
    "defaultMode": (420, "0644", 0o644), "optional": (False,), "readOnly": (False,), "enableServiceLinks": (True,),
    "shareProcessNamespace": (False,), "hostNetwork": (False,), "hostPID": (False,), "hostIPC": (False,),
    "preemptionPolicy": ("PreemptLowerPriority",), "priority": (0,), "stdin": (False,), "tty": (False,),
    # workloads
    "replicas": (1,), "revisionHistoryLimit": (10,), "progressDeadlineSeconds": (600,), "minReadySeconds": (0,),
    "podManagementPolicy": ("OrderedReady",), "completionMode": ("NonIndexed",), "suspend": (False,),
    "podReplacementPolicy": ("TerminatingOrFailed",), "manualSelector": (False,), "partition": (0,),
    "whenDeleted": ("Retain",), "whenScaled": ("Retain",), "maxSurge": ("25%", 0), "maxUnavailable": ("25%", 1),
    # services, claims, the rest
    "sessionAffinity": ("None",), "internalTrafficPolicy": ("Cluster",), "externalTrafficPolicy": ("Cluster",),
    "ipFamilyPolicy": ("SingleStack",), "allocateLoadBalancerNodePorts": (True,),
    "publishNotReadyAddresses": (False,), "volumeMode": ("Filesystem",), "immutable": (False,),
}  # fmt: skip
_TYPES: Final[Mapping[str, str]] = {"strategy": "RollingUpdate", "updateStrategy": "RollingUpdate", "hostPath": ""}
_ALWAYS: Final = frozenset({"clusterIP", "clusterIPs", "ipFamilies", "healthCheckNodePort", "serviceAccount"})
"""Chosen by the cluster, or said twice."""


def is_default(path: tuple[str, ...], value: Any) -> bool:
    """Is this what a cluster takes when nothing is said?"""
    if value in (None, "", [], {}):
        return True
    if isinstance(value, dict):
        return all(is_default((*path, str(key)), part) for key, part in value.items())
    last = path[-1]
    if last == "type" and len(path) > 1:
        return _TYPES.get(path[-2]) == value or (path[-2:] == ("spec", "type") and value == "ClusterIP")
    if last in _ALWAYS:
        return True
    return any(value == known and isinstance(value, type(known)) for known in _VALUES.get(last, ()))
