"""Manifests, indexes and configurations of images → facts (OCI image-spec; Docker's own forms are the same). Pure.

All of it is a stranger's JSON: what has another type than it should is left out.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson

from app.registries.errors import RegistryError, registry_error
from app.registries.models import ImageFacts
from app.registries.references import DIGEST, Reference

USUAL_PLATFORM: Final = "linux/amd64"
_PLATFORM: Final = re.compile(r"[a-z0-9]+/[a-z0-9_]+(?:/[a-z0-9]+)?")
_CONFIGS: Final = (
    "application/vnd.oci.image.config.v1+json",
    "application/vnd.docker.container.image.v1+json",
)
_UNKNOWN: Final = "unknown/unknown"  # attestations stand in an index under this
_SHOWN: Final = 100

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Manifest:
    """Of one image, for one platform."""

    config: str
    """Digest of its configuration."""
    size: int


def checked_platform(text: str) -> str:
    """Blank, or `os/architecture[/variant]`. Raises RegistryError."""
    platform = text.strip().lower()
    if platform and not _PLATFORM.fullmatch(platform):
        problem = "must look like linux/amd64 or linux/arm64/v8"
        raise registry_error("INVALID_IMAGE", f"platform: {problem}", {"platform": problem})
    return platform


def digest_of(content: bytes, expected: str = "") -> str:
    """The content's digest.

    Args:
        content: what came.
        expected: what was asked for; blank: anything.

    Raises:
        RegistryError: it is something else.
    """
    algorithm = expected.partition(":")[0] or "sha256"
    found = f"{algorithm}:{hashlib.new(algorithm, content).hexdigest()}"
    if expected and found != expected:
        raise registry_error("REGISTRY_FAILED", f"the registry sends something else than {expected[:_SHOWN]}")
    return found


def json_of(content: bytes, reference: Reference) -> Json:
    """An object. Raises RegistryError."""
    try:
        found = orjson.loads(content)
    except orjson.JSONDecodeError:
        found = None
    if not isinstance(found, dict):
        raise _unreadable(reference)
    return found


def is_index(document: Json) -> bool:
    """Several platforms, each with a manifest of its own."""
    return isinstance(document.get("manifests"), list)


def platforms_of(index: Json) -> dict[str, str]:
    """By platform: the digest of its manifest, in the index's order."""
    found: dict[str, str] = {}
    for entry in _mappings(index["manifests"]):
        platform, digest = platform_of(_mapping(entry.get("platform"))), entry.get("digest")
        if platform not in ("", _UNKNOWN) and isinstance(digest, str) and DIGEST.fullmatch(digest):
            found.setdefault(platform, digest)
    return found


def platform_of(given: Json) -> str:
    """`os/architecture[/variant]` from the fields of an index's entry or a configuration; blank: it isn't said."""
    system, architecture, variant = (_text(given.get(key)) for key in ("os", "architecture", "variant"))
    if not system or not architecture:
        return ""
    return "/".join(part for part in (system, architecture, variant) if part)


def chosen(platforms: Sequence[str], wanted: str, reference: Reference) -> str:
    """Which platform is taken: what is wanted, else the usual one, else the first.

    Raises:
        RegistryError: there is none, or not the wanted one.
    """
    for platform in platforms:
        if _suits(platform, wanted or USUAL_PLATFORM):
            return platform
    if not wanted and platforms:
        return platforms[0]
    others = ", ".join(platforms)[: 3 * _SHOWN] or "none"
    text = f"{reference} is not there for {wanted or USUAL_PLATFORM}: its platforms are {others}"
    raise registry_error("IMAGE_NOT_FOUND", text)


def manifest_of(document: Json, reference: Reference) -> Manifest:
    """One image's.

    Raises:
        RegistryError: it is none: a chart, an attestation, or Docker's form of before 2016.
    """
    config = _mapping(document.get("config"))
    digest, kind = config.get("digest"), _text(config.get("mediaType"))
    if not isinstance(digest, str) or not DIGEST.fullmatch(digest):
        raise _unreadable(reference)
    if kind not in _CONFIGS:
        text = f"{reference} is no container image but {kind[:_SHOWN] or 'something else'}"
        raise registry_error("INVALID_IMAGE", text, {"image": "is no container image"})
    sizes = [part.get("size") for part in (config, *_mappings(document.get("layers")))]
    return Manifest(digest, sum(size for size in sizes if isinstance(size, int) and size > 0))


def facts_of(
    reference: Reference, digest: str, manifest: Manifest, config: Json, platforms: Sequence[str]
) -> ImageFacts:
    """What there is to say."""
    own = _mapping(config.get("config"))
    return ImageFacts(
        image=str(reference),
        digest=digest,
        size=manifest.size,
        created=_text(config.get("created")),
        platforms=tuple(platforms),
        exposed_ports=_keys(own.get("ExposedPorts")),
        user=_text(own.get("User")),
        entrypoint=_texts(own.get("Entrypoint")),
        cmd=_texts(own.get("Cmd")),
        working_dir=_text(own.get("WorkingDir")),
        volumes=_keys(own.get("Volumes")),
        env_names=tuple(entry.partition("=")[0] for entry in _texts(own.get("Env"))),
    )


def _suits(platform: str, wanted: str) -> bool:
    """`linux/arm64` is as good as `linux/arm64/v8`."""
    return platform == wanted or platform.startswith(f"{wanted}/") or wanted.startswith(f"{platform}/")


def _mapping(value: object) -> Json:
    return value if isinstance(value, dict) else {}


def _mappings(value: object) -> list[Json]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _texts(value: object) -> tuple[str, ...]:
    return tuple(one for one in value if isinstance(one, str)) if isinstance(value, list) else ()


def _keys(value: object) -> tuple[str, ...]:
    """Of Go's way to write a set."""
    return tuple(sorted(value)) if isinstance(value, dict) else ()


def _unreadable(reference: Reference) -> RegistryError:
    text = f"{reference.host} answers for {reference.path} with what is no manifest that can be read"
    return registry_error("REGISTRY_FAILED", text)
