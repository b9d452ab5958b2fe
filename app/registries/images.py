"""The facts of an image, from its registry; remembered by digest. Called by the route and by imports."""

import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Final

from app.registries.client import Registries, Repository
from app.registries.errors import RegistryError
from app.registries.models import ImageFacts
from app.registries.reading import (
    checked_platform,
    chosen,
    digest_of,
    facts_of,
    is_index,
    json_of,
    manifest_of,
    platform_of,
    platforms_of,
)
from app.registries.references import DIGEST, Reference

_REMEMBERED: Final = 256
_LARGEST: Final = 64 * 1024  # as JSON: those of usual images have 1 KB

Key = tuple[str, str, str]
"""(repository, digest, platform): another repository may not have it."""


class Memory:
    """What has been asked for lately. A digest's content never changes. Thread-safe."""

    def __init__(self, at_most: int = _REMEMBERED) -> None:
        self._facts: OrderedDict[Key, ImageFacts] = OrderedDict()
        self._lock, self._at_most = threading.Lock(), at_most

    def find(self, key: Key) -> ImageFacts | None:
        with self._lock:
            if key in self._facts:
                self._facts.move_to_end(key)
            return self._facts.get(key)

    def knows(self, repository: str) -> bool:
        """Is there anything of it?"""
        with self._lock:
            return any(key[0] == repository for key in self._facts)

    def keep(self, key: Key, facts: ImageFacts) -> None:
        if len(facts.model_dump_json()) > _LARGEST:
            return
        with self._lock:
            self._facts[key] = facts
            while len(self._facts) > self._at_most:
                self._facts.popitem(last=False)


@dataclass(frozen=True, slots=True)
class Images:
    """What registries know of images.

    Args:
        timeout_s: for all calls of one question.
    """

    registries: Registries
    timeout_s: float
    memory: Memory = field(default_factory=Memory)

    def facts(self, reference: Reference, platform: str = "", *, timeout_s: float | None = None) -> ImageFacts:
        """The facts of an image.

        Args:
            platform: `os/architecture[/variant]`; blank: `linux/amd64`, else whatever there is.
            timeout_s: instead of the usual one.

        Raises:
            RegistryError: INVALID_IMAGE, IMAGE_DENIED, HOST_NOT_ALLOWED, IMAGE_NOT_FOUND, REGISTRY_FAILED,
                REGISTRY_TIMEOUT.
        """
        platform = checked_platform(platform)
        name = f"{reference.host}/{reference.path}"
        repository = self.registries.repository(reference, self.timeout_s if timeout_s is None else timeout_s)
        digest = reference.digest or (_digest(repository) if self.memory.knows(name) else "")
        known = self.memory.find((name, digest, platform)) if digest else None
        if known is None:
            known = _asked(repository, digest, platform)
            self.memory.keep((name, known.digest, platform), known)
        return known.model_copy(update={"image": str(reference)})


def _digest(repository: Repository) -> str:
    """Which digest the tag stands for now; blank where the registry doesn't tell it without being asked for all."""
    try:
        digest = repository.head(repository.reference.wanted)
    except RegistryError as error:
        if error.code != "REGISTRY_FAILED" or error.away:
            raise
        return ""
    return digest if DIGEST.fullmatch(digest) else ""


def _asked(repository: Repository, digest: str, platform: str) -> ImageFacts:
    reference = repository.reference
    content = repository.manifest(digest or reference.wanted).body
    digest = digest_of(content, digest)
    document = json_of(content, reference)
    platforms: list[str] = []
    if is_index(document):
        by_platform = platforms_of(document)
        platforms = list(by_platform)
        wanted = by_platform[chosen(platforms, platform, reference)]
        content = repository.manifest(wanted).body
        digest_of(content, wanted)
        document = json_of(content, reference)
    manifest = manifest_of(document, reference)
    content = repository.blob(manifest.config)
    digest_of(content, manifest.config)
    config = json_of(content, reference)
    if not platforms:
        platforms = [one for one in [platform_of(config)] if one]
        if platforms:  # an old image needn't say it
            chosen(platforms, platform, reference)
    return facts_of(reference, digest, manifest, config, platforms)
