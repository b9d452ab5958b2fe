"""One Compose file → its documents with variables replaced and tags taken out: what extending and merging work on."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from app.compose.casting import cast_for
from app.compose.files import read_file
from app.compose.findings import Findings, refused
from app.compose.interpolation import Asked, Variables, interpolated
from app.compose.merging import Path, taken_out
from app.compose.old_versions import modernised
from app.compose.yaml_reader import MAX_NODES, Document, read_yaml

MAX_LOADED: Final = 200
"""Files read in one project, the same one twice counted twice: includes of includes can't multiply for ever."""


@dataclass(frozen=True, slots=True)
class Layer:
    """A document that is ready to be merged over those before it."""

    value: dict[str, Any]
    resets: list[Path]


@dataclass(slots=True)
class Reading:
    """What one reading of a project has at hand: the given files, and what was found so far."""

    files: Mapping[str, bytes]
    findings: Findings
    asked: Asked = field(default_factory=Asked)
    _parsed: dict[str, list[Document]] = field(default_factory=dict)
    _loaded: int = 0
    _grown: int = 0

    def documents(self, name: str) -> list[Document] | None:
        """The documents of a file, parsed once; `None` when it wasn't given."""
        if name not in self._parsed:
            content = read_file(self.files, name)
            if content is None:
                return None
            self._parsed[name] = read_yaml(content, name)
        return self._parsed[name]

    def layers(self, name: str, values: Mapping[str, str]) -> list[Layer] | None:
        """The layers of a file; `None` when it wasn't given.

        Raises:
            InvalidError: it can't be read, or is no mapping.
        """
        documents = self.documents(name)
        if documents is None:
            return None
        self._loaded += 1
        if self._loaded > MAX_LOADED:
            raise refused("LIMIT_EXCEEDED", f"more than {MAX_LOADED} files are included or extended: use fewer")
        return [self._layer(document, name, values) for document in documents if document.value is not None]

    def _layer(self, document: Document, name: str, values: Mapping[str, str]) -> Layer:
        value = document.value
        if not isinstance(value, dict):
            message = "holds no mapping: a Compose file begins with 'services:'"
            raise refused("INVALID_COMPOSE_SYNTAX", message, file=name)
        if not self.findings.lines:
            self.findings.lines.update(document.lines)
        variables = Variables(values, self.asked)
        plain, resets = taken_out(interpolated(modernised(value, self.findings), variables, cast_for, name))
        return Layer(plain, resets)

    def grow(self, value: Any) -> None:
        """Count what extending and env files copy: small files could stand for a very large project.

        Raises:
            InvalidError: it is too much.
        """
        self._grown += nodes_in(value, MAX_NODES - self._grown)
        if self._grown > MAX_NODES:
            raise refused("LIMIT_EXCEEDED", f"comes to more than {MAX_NODES} values with all that it extends")


def nodes_in(value: Any, limit: int) -> int:
    """How many values there are, counted no further than the limit."""
    count, left = 0, [value]
    while left and count <= limit:
        part = left.pop()
        count += 1
        if isinstance(part, dict):
            left.extend(part.values())
        elif isinstance(part, list):
            left.extend(part)
    return count
