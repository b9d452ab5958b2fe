"""Which kinds there are: those of `kinds.yaml`, and what CustomResourceDefinitions add."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import yaml

from practice_cluster.objects import Obj


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind in one version."""

    group: str
    version: str
    kind: str
    plural: str
    short: tuple[str, ...] = ()
    namespaced: bool = True
    counts: bool = False
    """Whether its objects have a generation."""
    in_all: bool = False
    subresources: tuple[str, ...] = ()
    is_custom: bool = False
    rules: dict[str, Any] = field(default_factory=dict)

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def resource(self) -> str:
        """`pods`, `deployments.apps`: the key of its objects in the store, and its name in messages."""
        return f"{self.plural}.{self.group}" if self.group else self.plural


def load_rules(name: str) -> Any:
    """What stands in a YAML file beside this one."""
    return yaml.safe_load(Path(__file__).with_name(name).read_text(encoding="utf-8"))


def _built_in() -> Iterator[Kind]:
    for name, rules in load_rules("kinds.yaml").items():
        if name[0] != "_":
            api_version, plural, *short = rules["serves"].split()
            group, _, version = api_version.rpartition("/")
            flags, subresources = rules.get("flags", ()), tuple(rules.get("subresources", ()))
            about = {"namespaced": "cluster" not in flags, "counts": "generation" in flags, "in_all": "all" in flags}
            yield Kind(group, version, name, plural, tuple(short), **about, subresources=subresources, rules=rules)


KIND: Final = {kind.kind: kind for kind in _built_in()}
"""The built-in ones: their names are unique."""


class Kinds:
    """All kinds at this moment."""

    def __init__(self) -> None:
        self._custom: dict[str, list[Kind]] = {}

    def __iter__(self) -> Iterator[Kind]:
        yield from KIND.values()
        for kinds in self._custom.values():
            yield from kinds

    def define(self, definition: Obj) -> list[Kind]:
        """Add what a CustomResourceDefinition defines."""
        spec, names = definition["spec"], definition["spec"]["names"]
        kinds = self._custom[definition["metadata"]["name"]] = [
            Kind(
                spec["group"],
                version["name"],
                names["kind"],
                names["plural"],
                tuple(names.get("shortNames") or ()),
                namespaced=spec.get("scope") == "Namespaced",
                counts=True,
                subresources=tuple(version.get("subresources") or ()),
                is_custom=True,
            )
            for version in spec["versions"]
            if version.get("served")
        ]
        return kinds

    def forget(self, definition: Obj) -> None:
        self._custom.pop(definition["metadata"]["name"], None)

    def find(self, group: str, version: str, plural: str) -> Kind | None:
        return next((k for k in self if (k.group, k.version, k.plural) == (group, version, plural)), None)

    def of(self, resource: str) -> Kind | None:
        """Whose objects the store keeps under this name."""
        return next((kind for kind in self if kind.resource == resource), None)
