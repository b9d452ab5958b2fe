"""What an import asks registries: ports, user and volumes of its images, in parallel and for 5 s in all.

An import never fails, and hardly waits, because of a registry: what doesn't come in time is named in a finding. A
registry that is away is left alone for a minute. Called by `sessions.py` and `jobs.py`, around each analysis.
"""

from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any, Final, Protocol

import structlog

from app.clock import Clock
from app.compose.builds import is_unbuilt
from app.compose.choices import ImageFacts
from app.compose.detection import Analysed
from app.compose.options import Options
from app.errors import TooManyRequestsError
from app.kube.deadline import Deadline
from app.registries.errors import RegistryError
from app.registries.models import ImageFacts as Told
from app.registries.references import Reference, reference_of

log = structlog.get_logger(__name__)

WAIT_S: Final = 4.5
"""The import as a whole is to lose 5 s at most, threads and the second analysis included."""
AWAY_S: Final = 60.0
"""How long imports leave a registry alone that gave no answer."""
_LONG_ENOUGH: Final = 0.75  # of the time in all: who has got less of it than that is not known to be away
_AT_ONCE: Final = 16
_MOST_IMAGES: Final = 100
_NAMED: Final = 5  # images in a finding
_MOST_ENTRIES: Final = 50  # ports or volumes of an image


class AskImage(Protocol):
    """Asks a registry about one image. Raises RegistryError."""

    def __call__(self, reference: Reference, platform: str = "", *, timeout_s: float | None = None) -> Told: ...


@dataclass(frozen=True, slots=True)
class Answers:
    """What came, by image as it is written."""

    facts: Mapping[str, ImageFacts]
    missing: Mapping[str, str]
    """Image → why there is nothing."""


@dataclass(slots=True)
class _Question:
    image: str
    reference: Reference
    given_s: float = 0.0
    """How long its registry had; nothing until it is asked."""


@dataclass(frozen=True, slots=True)
class ImageQuestions:
    """Ask about all images of an import.

    Args:
        ask: one of them.
        clock: for the time in all, and for how long a registry is left alone.
        wait_s: for all of them.
    """

    ask: AskImage
    clock: Clock
    wait_s: float = WAIT_S
    _away_until: dict[str, float] = field(default_factory=dict)

    def analysed(self, analyse: Callable[[Options], Analysed], options: Options) -> Analysed:
        """An analysis that knows its images.

        Args:
            analyse: files are read twice, as only then it is known which images there are. Pure and quick.
            options: of the import; they may say that no registry is asked.

        Raises:
            InvalidError: whatever `analyse` raises.
        """
        found = analyse(options)
        if not options.wants_image_facts or found.analysis["detectedType"] != "docker-compose":
            return found
        answers = self.of_images(images_of(found.analysis["suggestedNodes"]))
        if answers.facts:
            with suppress(TooManyRequestsError):  # others analyse: better what the files alone say than nothing
                found = analyse(replace(options, image_facts=answers.facts))
        if not answers.missing:
            return found
        findings = [*found.analysis["findings"], _finding(answers.missing)]
        return replace(found, analysis=found.analysis | {"findings": findings})

    def of_images(self, images: Sequence[str]) -> Answers:
        """Ask for all of them at once; never raises, never takes longer than `wait_s`."""
        deadline = Deadline.within(self.clock, self.wait_s)
        missing: dict[str, str] = {}
        asked: dict[Future[Told], _Question] = {}
        pool = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="image-facts")
        for image in images:
            try:
                question = _Question(image, reference_of(image))
            except RegistryError as error:
                missing[image] = error.message
                continue
            if len(asked) >= _MOST_IMAGES:
                missing[image] = f"more than {_MOST_IMAGES} images aren't asked for"
            elif self._is_away(question.reference.host):
                missing[image] = f"{question.reference.host} gave no answer a moment ago"
            else:
                asked[pool.submit(self._ask, question, deadline)] = question
        done, late = wait(asked, timeout=self.wait_s)
        # Those that still run end by their own deadline; nobody waits for them.
        pool.shutdown(wait=False, cancel_futures=True)
        facts = {asked[one].image: taken(one.result()) for one in done if one.exception() is None}
        answered = {question.reference.host for question in asked.values() if question.image in facts}
        for one, question in asked.items():
            if question.image not in facts:
                missing[question.image] = self._missing(question, None if one in late else one.exception(), answered)
        return Answers(facts, {image: missing[image] for image in images if image in missing})

    def _ask(self, question: _Question, deadline: Deadline) -> Told:
        if self._is_away(question.reference.host):
            raise TimeoutError  # another image has found that out meanwhile
        question.given_s = deadline.left_s()
        return self.ask(question.reference, timeout_s=question.given_s)

    def _missing(self, question: _Question, error: BaseException | None, answered: Container[str]) -> str:
        """Why there is nothing; and is its registry to be left alone?"""
        host = question.reference.host
        if isinstance(error, RegistryError) and error.code != "REGISTRY_TIMEOUT":
            if error.away:
                self._leave_alone(host)
            return error.message
        if error is not None and not isinstance(error, RegistryError | TimeoutError):
            log.error("image_facts_failed", exc_info=error)  # a fault of ours: no reason for an import to fail
            return f"{host} couldn't be asked"
        if host not in answered and question.given_s >= self.wait_s * _LONG_ENOUGH:
            self._leave_alone(host)
        return f"{host} gave no answer in time"

    def _is_away(self, host: str) -> bool:
        return self._away_until.get(host, 0.0) > self.clock.monotonic()

    def _leave_alone(self, host: str) -> None:
        now = self.clock.monotonic()
        for other in [name for name, until in list(self._away_until.items()) if until <= now]:
            self._away_until.pop(other, None)
        self._away_until[host] = now + AWAY_S
        log.info("registry_left_alone", host=host, seconds=AWAY_S)


def images_of(nodes: Iterable[Mapping[str, Any]]) -> list[str]:
    """Each image of these nodes once, without what has to be built."""
    images = (node["data"].get("image") for node in nodes if not is_unbuilt(node["data"]))
    return list(dict.fromkeys(one for one in images if isinstance(one, str)))


def taken(told: Told) -> ImageFacts:
    """What a conversion takes of it: TCP ports, a user that is a number, places that keep data."""
    ports = []
    for text in told.exposed_ports:
        number, _, protocol = text.partition("/")
        if number.isascii() and number.isdecimal() and len(number) <= 5 and protocol in ("", "tcp"):
            ports.append(int(number))
    user = told.user.partition(":")[0]
    is_number = user.isascii() and user.isdecimal() and len(user) <= 10
    return ImageFacts(
        ports=tuple(sorted({port for port in ports if 0 < port <= 65535})[:_MOST_ENTRIES]),
        user=int(user) if is_number and int(user) < 2**31 else None,
        volumes=told.volumes[:_MOST_ENTRIES],
    )


def _finding(missing: Mapping[str, str]) -> dict[str, Any]:
    """One for all: on a machine without network it would be one an image."""
    reasons = dict.fromkeys(missing.values())
    images = ", ".join(list(missing)[:_NAMED]) + (f" and {len(missing) - _NAMED} more" if len(missing) > _NAMED else "")
    message = (
        f"{images}: their registries told nothing about ports, user and volumes ({'; '.join(list(reasons)[:3])}); "
        "what the files say is used"
    )
    return {"level": "info", "code": "NO_IMAGE_FACTS", "message": message}
