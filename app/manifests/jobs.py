"""Jobs can't be changed, only made again: when has one changed?"""

import hashlib
from typing import Any

import orjson

from app.kube.objects import KubeObject


def job_checksum(obj: KubeObject) -> str:
    """What a rendered Job is made from. The TTL isn't part of it: it is set after the Job has been recorded."""
    spec = {key: value for key, value in obj["spec"].items() if key != "ttlSecondsAfterFinished"}
    return hashlib.sha256(orjson.dumps(spec, option=orjson.OPT_SORT_KEYS)).hexdigest()


def split_ttl(obj: KubeObject) -> tuple[KubeObject, int | None]:
    """A Job without its TTL, and the TTL: set later, a finished Job can't vanish before it is recorded."""
    ttl: int | None = obj["spec"].get("ttlSecondsAfterFinished")
    if ttl is None:
        return obj, None
    spec: dict[str, Any] = {key: value for key, value in obj["spec"].items() if key != "ttlSecondsAfterFinished"}
    return {**obj, "spec": spec}, ttl
