"""Documents of YAML or JSON → objects, Lists taken apart, without what only a cluster writes."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from app.compose.findings import refused
from app.compose.yaml_reader import read_yaml

Obj = Mapping[str, Any]

_DEEPEST: Final = 32  # a workflow takes 40
_OF_THE_CLUSTER: Final = frozenset(
    {"uid", "resourceVersion", "generation", "creationTimestamp", "managedFields", "selfLink", "ownerReferences"}
)
_NOISE: Final = ("kubectl.kubernetes.io/", "deployment.kubernetes.io/", "pv.kubernetes.io/", "volume.kubernetes.io/")


@dataclass(frozen=True, slots=True)
class Manifest:
    """One object, and the file that it comes from."""

    file: str
    obj: Obj

    @property
    def kind(self) -> str:
        """As written."""
        return str(self.obj.get("kind"))

    @property
    def metadata(self) -> Obj:
        """Of the object; empty when it is none."""
        return mapping(self.obj.get("metadata"))

    @property
    def name(self) -> str:
        """May be blank."""
        return text(self.metadata.get("name"))

    @property
    def title(self) -> str:
        """For messages."""
        return f"{self.kind} {self.name or 'without a name'}"

    @property
    def spec(self) -> Obj:
        """Empty when it is none."""
        return mapping(self.obj.get("spec"))


def is_manifest(value: Any) -> bool:
    """Is it an object of Kubernetes?"""
    return isinstance(value, dict) and isinstance(value.get("apiVersion"), str) and isinstance(value.get("kind"), str)


def manifests_in(content: bytes, file: str) -> Iterator[Manifest]:
    """All objects of a file; what is none (a document of values, an empty one) is passed over.

    Raises:
        InvalidError: it is no YAML, or too large or deep.
    """
    for document in read_yaml(content, file):
        left = [document.value]
        while left:
            value = left.pop(0)
            if not is_manifest(value):
                continue
            entries = value.get("items")
            if value["kind"].endswith("List") and isinstance(entries, list):
                left = [*entries, *left]
            else:
                yield Manifest(file, _own(_storable(value, file)))


def _storable(value: Any, file: str, depth: int = 0) -> Any:
    """Numbers that JSON or the store can't hold are texts: whoever reads the field says that it is wrong."""
    if depth > _DEEPEST:
        raise refused("LIMIT_EXCEEDED", f"an object is nested deeper than {_DEEPEST} levels", file=file)
    match value:
        case dict():
            return {key: _storable(part, file, depth + 1) for key, part in value.items()}
        case list():
            return [_storable(part, file, depth + 1) for part in value]
        case int() if not -(2**63) <= value < 2**63:
            return str(value)
        case float() if not math.isfinite(value):
            return str(value)
        case _:
            return value


def _own(obj: Obj) -> Obj:
    metadata = {key: part for key, part in mapping(obj.get("metadata")).items() if key not in _OF_THE_CLUSTER}
    if isinstance(metadata.get("annotations"), dict):
        metadata["annotations"] = {k: v for k, v in metadata["annotations"].items() if not str(k).startswith(_NOISE)}
    return {key: part for key, part in obj.items() if key != "status"} | {"metadata": metadata}


# --- narrowing: files are a stranger's ---------------------------------------------------------------------------


def mapping(value: Any) -> dict[str, Any]:
    """The value if it is a mapping, else an empty one."""
    return value if isinstance(value, dict) else {}


def entries(value: Any) -> list[dict[str, Any]]:
    """The mappings of a list."""
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []


def texts(value: Any) -> list[str]:
    """The texts of a list."""
    return [text(entry) for entry in value if text(entry)] if isinstance(value, list) else []


def text(value: Any) -> str:
    """Text and numbers as text; blank for everything else."""
    return str(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else ""


def inner(value: Any, *path: str) -> Any:
    """A part deep inside, `None` where it isn't there."""
    for key in path:
        value = mapping(value).get(key)
    return value


def picked(source: Mapping[str, Any], *keys: str) -> dict[str, Any]:
    """Some keys, where they are set."""
    return {key: source[key] for key in keys if source.get(key) is not None}


def labels(value: Any) -> dict[str, str]:
    """Labels or annotations; values that aren't text are written as text."""
    return {str(key): _plain(part) for key, part in mapping(value).items()}


def _plain(value: Any) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case None:
            return ""
        case _:
            return str(value)
