"""The node types: what `templates/` offers, read once. `GET /templates`, rendering and the reference page go by it."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml

from app.errors import InvalidError
from app.manifests.templating import Templates

ROOT: Final = Path(__file__).resolve().parents[2] / "templates"

WORKLOADS: Final = frozenset({"deployment", "statefulset", "daemonset", "job", "cronjob"})
"""Node types that run pods."""

_SHOWN: Final = (
    "id", "name", "displayName", "category", "description", "icon", "version", "tags", "usageFrequency",
    "difficulty", "dependencies",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Parameter:
    """A field of a node, as the form shows it and as `fields.py` reads it."""

    name: str
    label: str
    description: str
    type: str
    required: bool = False
    default: Any = None
    options: tuple[str, ...] = ()
    min: int | None = None
    max: int | None = None
    format: str | None = None
    """Which reader checks it (ours, not shown); without one the type decides."""
    unless: tuple[str, ...] = ()
    """Not required when one of these fields is given (ours, not shown)."""
    also: str | None = None
    """Another name that the canvas uses for it (ours, not shown)."""

    def as_json(self) -> dict[str, Any]:
        """As `GET /templates` shows it: only what is set."""
        shown: dict[str, Any] = {
            "name": self.name,
            "label": self.label,
            "description": self.description,
            "type": self.type,
            "required": self.required,
        }
        if self.default is not None:
            shown["default"] = self.default
        if self.options:
            shown["options"] = [{"value": option, "label": option} for option in self.options]
        if self.type == "number":
            shown |= {key: limit for key, limit in (("min", self.min), ("max", self.max)) if limit is not None}
        return shown


@dataclass(frozen=True, slots=True, eq=False)
class NodeType:
    """A type of node and its template. There is one object a type."""

    id: str
    """`core/deployment`."""
    name: str
    """`deployment`: the `type` of its nodes."""
    kind: str
    """Of the object that a node is."""
    file: str
    """Of the template, below the templates' folder."""
    parameters: tuple[Parameter, ...]
    about: Mapping[str, Any]

    def as_json(self) -> dict[str, Any]:
        """An entry of `GET /templates`."""
        return {**self.about, "parameters": [parameter.as_json() for parameter in self.parameters]}


class Catalogue:
    """All node types by id."""

    def __init__(self, root: Path) -> None:
        self.templates = Templates(root)
        shared = {file.stem: _read(file) for file in (root / "core/_shared").glob("*.yaml")
                  if file.stem != "pod"}  # fmt: skip
        read = [_node_type(root, file, shared) for file in sorted(root.glob("core/*/metadata.yaml"))]
        self._types: Final = {node_type.id: node_type for node_type in read}

    @property
    def types(self) -> tuple[NodeType, ...]:
        """All of them, by id."""
        return tuple(self._types.values())

    def of_node(self, node_type: str, template_id: object = None) -> NodeType:
        """The type of a node: its `templateId` may name it, with or without `core/`, else its `type` decides.

        Raises:
            InvalidError: there is no such type. Only listed ids are found, so no id can name another file.
        """
        if template_id is not None and not isinstance(template_id, str):
            raise InvalidError("templateId must be text, e.g. core/deployment")
        wanted = (template_id or "").strip() or node_type
        found = self._types.get(wanted) or self._types.get(f"core/{wanted}")
        if found is None:
            known = ", ".join(sorted(known.name for known in self._types.values()))
            raise InvalidError(f"there is no node type {wanted[:80]!r}: use one of {known}")
        return found

    def listed(self) -> list[dict[str, Any]]:
        """What `GET /templates` answers."""
        return [node_type.as_json() for node_type in self.types]


@cache
def catalogue() -> Catalogue:
    """The one that comes with this code; read at the first call."""
    return Catalogue(ROOT)


def _read(file: Path) -> Any:
    """The C loader: the other takes 75 ms for these files, which a command line's user would wait for."""
    return yaml.load(file.read_text(), Loader=yaml.CSafeLoader)


def _node_type(root: Path, file: Path, shared: Mapping[str, list[dict[str, Any]]]) -> NodeType:
    content = _read(file)
    own = content["parameters"]
    # A type's own field takes the place of the shared one of that name: a StatefulSet's name is shorter.
    common, *rest = ({field["name"]: field for field in shared[name]} for name in content["shared"])
    fields = common | {field["name"]: field for field in own}
    for part in rest:
        fields |= {name: field for name, field in part.items() if name not in fields}
    return NodeType(
        id=content["id"],
        name=content["name"],
        kind=content["kind"],
        file=str(file.with_name("template.yaml").relative_to(root)),
        parameters=tuple(_parameter(field) for field in fields.values()),
        about={key: content[key] for key in _SHOWN},
    )


def _parameter(field: Mapping[str, Any]) -> Parameter:
    tuples = {key: tuple(field.get(key, ())) for key in ("options", "unless")}
    return Parameter(**{**field, **tuples})
