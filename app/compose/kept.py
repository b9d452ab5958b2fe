"""What an analysis looked at, so that another one with other options needs no second clone. Pure.

`Recorded` notes what is read through it; `kept()` is that as plain files, with one more entry for what has no content:
names that are there and plans. `restored()` takes such files back.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from app.compose.files import Tree, files_under

NOTES: Final = ".kubeorch-import.json"
"""The name of the entry for what is no file."""
MAX_KEPT_BYTES: Final = 5 * 1024 * 1024
_MAX_NAMES: Final = 5000
_ROOM_FOR_NOTES: Final = 1024 * 1024


class Recorded(Tree):
    """The same files; what was read, and which names were seen, is noted."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self._files = files
        self._read: dict[str, bytes] = {}
        self._room = MAX_KEPT_BYTES - _ROOM_FOR_NOTES
        self._names: dict[str, None] = {}
        self.plans: dict[str, Any] = dict(files.plans) if isinstance(files, Restored) else {}
        """By folder: what Nixpacks said of it; `None`: nothing."""
        self.first = files.first if isinstance(files, Restored) else ""
        """The file that an upload is about."""

    def __getitem__(self, name: str) -> bytes:
        content = self._files[name]
        if name not in self._read and len(content) + len(name) <= self._room:
            self._read[name] = content
            self._room -= len(content) + len(name)
        return content

    def __contains__(self, name: object) -> bool:
        there = name in self._files
        if there:
            self._names[str(name)] = None
        return there

    def __iter__(self) -> Iterator[str]:
        return iter(self._files)

    def __len__(self) -> int:
        return len(self._files)

    def peek(self, name: str) -> bytes | None:
        """Not noted: hundreds of files are looked into, a few are used."""
        return self._files.get(name)

    def under(self, folder: str) -> list[str]:
        """As of the files; the names are noted."""
        found = files_under(self._files, folder)
        self._names |= dict.fromkeys(found)
        return found

    def kept(self) -> dict[str, bytes]:
        """What was read, as much as may be kept, and the notes."""
        others = [name for name in self._names if name not in self._read][:_MAX_NAMES]
        notes = json.dumps({"names": others, "plans": self.plans, "first": self.first}).encode()
        return {**self._read, NOTES: notes} if len(notes) <= _ROOM_FOR_NOTES else dict(self._read)


class Restored(Mapping[str, bytes]):
    """Kept files: what wasn't kept has a name, and reads as absent."""

    def __init__(self, files: Mapping[str, bytes], notes: Mapping[str, Any]) -> None:
        self._files = {name: content for name, content in files.items() if name != NOTES}
        self._names = {str(name) for name in notes.get("names") or ()} | self._files.keys()
        self.plans: Mapping[str, Any] = notes.get("plans") or {}
        self.first = str(notes.get("first") or "")

    def __getitem__(self, name: str) -> bytes:
        return self._files[name]

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._names))

    def __len__(self) -> int:
        return len(self._names)


def restored(files: Mapping[str, bytes]) -> Mapping[str, bytes]:
    """Files as they were kept, or as they were given."""
    content = files.get(NOTES) if isinstance(files, dict) else None
    if content is None:
        return files
    try:
        notes = json.loads(content)
    except ValueError:
        return files
    return Restored(files, notes) if isinstance(notes, dict) else files
