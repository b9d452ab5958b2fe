"""The files of an upload: their names, which are strangers' text, and their sizes. Pure."""

import base64
import binascii
import posixpath
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from app.errors import InvalidError, TooLargeError
from app.imports.kept_files import KEPT_AT_MOST

YAML: Final = (".yml", ".yaml")
MOST_FILES: Final = 200
MOST_NAME: Final = 255

NO_FILE: Final = "No file uploaded"
WRONG_TYPE: Final = "Invalid file type. Only .yml and .yaml files are allowed"


@dataclass(frozen=True, slots=True)
class Part:
    """A file as it was sent."""

    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Upload:
    """Checked files; `main` is the one that is imported, the others are what it may name."""

    main: str
    files: Mapping[str, bytes]


def checked(main: Part | None, others: Sequence[Part] = (), *, limit_kb: int) -> Upload:
    """The files by name, relative to the root of the upload.

    Raises:
        InvalidError: no file, another type, or a name that can't be one.
        TooLargeError: a file, or all together.
    """
    if main is None or not main.name:
        raise InvalidError(NO_FILE)
    if not main.name.lower().endswith(YAML):
        raise InvalidError(WRONG_TYPE)
    if len(others) >= MOST_FILES:
        raise InvalidError(f"Too many files: at most {MOST_FILES} can be imported at once")
    files: dict[str, bytes] = {}
    for part in (main, *others):
        if len(part.content) > limit_kb * 1024:
            raise TooLargeError(_too_large(limit_kb))
        name = relative_name(part.name)
        if name in files:
            raise InvalidError(f"Two files are called {name}: each needs a name of its own")
        files[name] = part.content
    if sum(map(len, files.values())) > KEPT_AT_MOST:
        raise TooLargeError(f"The files are too large together. At most {KEPT_AT_MOST // 1024**2}MB can be imported")
    return Upload(relative_name(main.name), files)


def relative_name(text: str) -> str:
    """A name below the root of the upload, such as `config/nginx.conf`.

    Raises:
        InvalidError: it leads elsewhere, or is no name.
    """
    name = posixpath.normpath(text.replace("\\", "/"))
    bad = len(text) > MOST_NAME or not text.isprintable() or name in (".", "") or name.startswith(("/", "../", "~"))
    if bad or name == ".." or name[1:2] == ":":
        raise InvalidError("A file's name must be a plain path below the upload, such as config/nginx.conf")
    return name


def decoded_file(name: str, content: str) -> Part:
    """A file that came in JSON. Raises InvalidError: it isn't base64."""
    try:
        return Part(name, base64.b64decode(content, validate=True))
    except (binascii.Error, ValueError):
        raise InvalidError("The file can't be read", {"fileContent": "must be base64"}) from None


def _too_large(limit_kb: int) -> str:
    size = f"{limit_kb // 1024}MB" if limit_kb % 1024 == 0 else f"{limit_kb}KB"
    return f"File too large. Maximum size is {size}"
