"""`extends`: a service over the one that it names, in the same file or another one."""

import posixpath
from collections.abc import Mapping
from typing import Any, Final

from app.compose.files import RootPath, folder_of, is_host_path, resolved
from app.compose.findings import refused
from app.compose.layers import Layer, Reading
from app.compose.merging import Path, merged, without
from app.compose.places import with_places
from app.compose.short_forms import long_forms
from app.compose.unique import unique_entries

_DEEPEST: Final = 100


class Extending:
    """Extends the services of one file's layers. Every service is extended once."""

    def __init__(self, reading: Reading, values: Mapping[str, str]) -> None:
        self._reading, self._values = reading, values
        self._bases: dict[str, tuple[dict[str, Any], list[Path]] | None] = {}
        self._done: dict[tuple[str, str], Any] = {}

    def extended(self, layer: Layer, file: str, base_dir: str) -> dict[str, Any]:
        """The document with each service in full.

        Args:
            layer: the document.
            file: its name.
            base_dir: what relative names of other files are relative to.
        """
        self._done.clear()
        found = dict(layer.value)
        for section in ("services", "jobs"):
            entries = found.get(section)
            if isinstance(entries, dict) and any(
                isinstance(one, dict) and "extends" in one for one in entries.values()
            ):
                done = {name: self._one(name, entries, file, base_dir, layer.resets, ()) for name in entries}
                found[section] = done
        return found

    def _one(  # noqa: PLR0917  # called here only, always with all of them
        self,
        name: str,
        services: Mapping[str, Any],
        file: str,
        base_dir: str,
        resets: list[Path],
        seen: tuple[tuple[str, str], ...],
    ) -> Any:
        here = (file, name)
        if here in self._done:
            return self._done[here]
        service = services.get(name)
        if not isinstance(service, dict) or service.get("extends") is None:
            return service
        if here in seen or len(seen) > _DEEPEST:
            chain = " → ".join(step[1] for step in (*seen, here))
            raise refused("CIRCULAR_DEPENDENCY", f"services extend each other in a circle ({chain}): break it")
        own = {key: part for key, part in service.items() if key != "extends"}
        base = self._base(name, service["extends"], services, file, base_dir, resets, (*seen, here))
        if isinstance(base, dict):
            bare = without({"services": {name: base}}, resets)["services"].get(name) or {}
            own = merged(bare, own, ("services", name))
            self._reading.grow(own)
        self._done[here] = own
        return own

    def _base(  # noqa: PLR0917  # called here only
        self,
        name: str,
        extends: Any,
        services: Mapping[str, Any],
        file: str,
        base_dir: str,
        resets: list[Path],
        seen: tuple[tuple[str, str], ...],
    ) -> Any:
        wanted = extends if isinstance(extends, dict) else {"service": extends}
        ref, other = wanted.get("service"), wanted.get("file")
        if not isinstance(ref, str):
            self._missing(name, "names no service: write extends: {service: <name>}")
            return None
        if not isinstance(other, str):
            if ref not in services:
                self._missing(name, f"the service {ref} is not in this file: mend the name")
                return None
            return self._one(ref, services, file, base_dir, resets, seen)
        path = resolved(base_dir, other)
        found = self._file(path)
        if found is None:
            outside = is_host_path(path) or (isinstance(path, RootPath) and path.outside)
            code = "PATH_OUTSIDE" if outside else "FILE_NOT_FOUND"
            self._missing(name, f"the file {other} was not given: add it to the upload", code)
            return None
        document, base_resets = found
        bases = document.get("services") or {}
        if not isinstance(bases, dict) or ref not in bases:
            self._missing(name, f"the service {ref} is not in {other}: mend the name")
            return None
        return self._one(ref, bases, path, folder_of(path), base_resets, seen)

    def _missing(self, name: str, message: str, code: str = "FILE_NOT_FOUND") -> None:
        self._reading.findings.error(code, message, service=name, key="extends")

    def _file(self, path: str) -> tuple[dict[str, Any], list[Path]] | None:
        """A file that is extended: merged, in long forms, its paths seen from the root. Read once."""
        if path not in self._bases:
            layers = None if is_host_path(path) else self._reading.layers(path, self._values)
            if layers is None:
                self._bases[path] = None
            else:
                document: dict[str, Any] = {}
                for layer in layers:
                    document = unique_entries(merged(without(document, layer.resets), layer.value))
                document = unique_entries(long_forms(document, self._reading.findings))
                placed = with_places(document, folder_of(posixpath.normpath(path)))
                self._bases[path] = (placed, layers[-1].resets if layers else [])
        return self._bases[path]
