"""Mounts as the canvas has them → the volumes of a pod and the mounts of its container."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from app.manifests.data_folders import DataFolder, data_folder
from app.manifests.problems import Problems
from app.manifests.structures import without_nulls

_MAX_NAME: Final = 63
_PREFIX: Final = {
    "configMap": "config",
    "secret": "secret",
    "persistentVolumeClaim": "claim",
    "hostPath": "host",
    "emptyDir": "empty",
}


class Volumes:
    """The volumes of one pod; containers add their mounts, the same source becomes one volume."""

    def __init__(self, problems: Problems) -> None:
        self._problems = problems
        self._volumes: dict[str, dict[str, Any]] = {}

    def mount(self, mounts: Sequence[Mapping[str, Any]], path: str) -> list[dict[str, Any]]:
        """The mounts of a container; no place may be taken twice.

        Args:
            mounts: checked entries of `volumeMounts`.
            path: of the field they come from, for problems.
        """
        found, taken = [], dict[str, str]()
        for i, entry in enumerate(mounts):
            if entry["type"] is None or entry["mountPath"] is None:
                continue  # said already
            name = self._volume(entry)
            place = entry["mountPath"].rstrip("/") or "/"
            if place in taken:
                self._problems.at(f"{path}[{i}].mountPath").bad(
                    f"{taken[place]} and {entry['name'] or name} are both mounted at {place}: give one another path"
                )
            taken[place] = entry["name"] or name
            found.append(
                without_nulls(
                    {
                        "name": name,
                        "mountPath": entry["mountPath"],
                        "subPath": entry["subPath"],
                        "readOnly": entry["readOnly"],
                    }
                )
            )
        return found

    def as_list(self) -> list[dict[str, Any]] | None:
        """For the pod; `None` for none."""
        return list(self._volumes.values()) or None

    def _volume(self, entry: Mapping[str, Any]) -> str:
        kind, source = entry["type"], entry["name"]
        match kind:
            case "configMap":
                content: dict[str, Any] = {"configMap": {"name": source}}
            case "secret":
                content = {"secret": {"secretName": source}}
            case "persistentVolumeClaim":
                content = {"persistentVolumeClaim": {"claimName": source}}
            case "hostPath":
                content = {"hostPath": without_nulls({"path": entry["hostPath"], "type": entry["hostPathType"]})}
                source = source or entry["hostPath"]
            case _:
                content = {"emptyDir": without_nulls({"medium": entry["medium"], "sizeLimit": entry["sizeLimit"]})}
                source = source or entry["mountPath"]
        name = volume_name(_PREFIX[kind], source)
        volume = self._volumes.setdefault(name, {"name": name, **content})
        if entry["defaultMode"] is not None and kind in ("configMap", "secret"):
            volume[kind]["defaultMode"] = entry["defaultMode"]  # one volume has one: whichever mount names it
        return name


def volume_name(prefix: str, source: str) -> str:
    """From what it holds, not from its position: moving an entry must not restart pods.

    Names that had to be changed to become valid end in a hash, so that two sources never share one.
    """
    plain = f"{prefix}-{source}"
    name = re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")
    if name == plain and len(name) <= _MAX_NAME:
        return name
    tail = hashlib.sha256(plain.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return f"{name[: _MAX_NAME - 9].strip('-')}-{tail}"


def claim_mounts(claims: Sequence[Mapping[str, Any]], image: str) -> list[dict[str, Any]]:
    """Where the disks of a StatefulSet go: as typed, else the image's data folder (the first), else /data/<name>."""
    found = []
    for i, claim in enumerate(claims):
        known = data_folder(image) if i == 0 else None
        place = known or DataFolder(f"/data/{claim['name']}")
        sub_path = claim["subPath"] or (place.sub_path if claim["mountPath"] is None else None)
        mount = {"name": claim["name"], "mountPath": claim["mountPath"] or place.path, "subPath": sub_path}
        found.append(without_nulls(mount))
    return found


def claim_objects(claims: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]] | None:
    """`volumeClaimTemplates`. Without ownership labels: what a cleanup finds by label it deletes, disks never."""
    found = [
        {
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "metadata": {"name": claim["name"]},
            "spec": without_nulls(
                {
                    "accessModes": claim["accessModes"],
                    "storageClassName": claim["storageClassName"],
                    "resources": {"requests": {"storage": claim["storage"]}},
                }
            ),
        }
        for claim in claims
    ]
    return found or None
