"""What an import takes of what registries tell, and how it goes on without."""

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from app.compose.choices import ImageFacts
from app.compose.detection import Analysed, analysed
from app.compose.options import Options
from app.errors import TooManyRequestsError
from app.imports.image_facts import AWAY_S, ImageQuestions, taken
from app.registries.errors import RegistryError, registry_error
from app.registries.models import ImageFacts as Told
from app.registries.references import Reference
from tests.fake_clock import FakeClock

SHOP = b"""
services:
  web: {image: example.org/web:1, environment: {API: "http://api/"}}
  api: {image: example.org/api:1, volumes: ["data:/data"]}
  built: {build: .}
volumes: {data: }
"""


def told(**fields: Any) -> Told:
    values: dict[str, Any] = {"image": "x", "digest": "sha256:0", "size": 1, "platforms": ("linux/amd64",)}
    return Told(**(values | fields))


def away() -> RegistryError:
    return registry_error("REGISTRY_FAILED", "it refuses the connection", away=True)


class Registry:
    """Answers as told; notes what it was asked for."""

    def __init__(self, answer: Callable[[Reference], Told]) -> None:
        self.answer, self.asked = answer, list[str]()

    def __call__(self, reference: Reference, platform: str = "", *, timeout_s: float | None = None) -> Told:
        assert timeout_s is not None
        self.asked.append(str(reference))
        return self.answer(reference)


def refuse(reference: Reference) -> Told:
    raise away()


def imported(questions: ImageQuestions, options: Options | None = None, content: bytes = SHOP) -> Analysed:
    return questions.analysed(lambda known: analysed({"compose.yaml": content}, known), options or Options())


def workload(found: Analysed, name: str) -> dict[str, Any]:
    kinds = ("deployment", "statefulset")
    (data,) = [n["data"] for n in found.analysis["suggestedNodes"] if n["type"] in kinds and n["data"]["name"] == name]
    return dict(data)


def facts_findings(found: Analysed) -> list[dict[str, Any]]:
    return [one for one in found.analysis["findings"] if one["code"] == "NO_IMAGE_FACTS"]


def test_ports_and_user_of_an_image_are_used() -> None:
    registry = Registry(lambda reference: told(exposed_ports=("9000/tcp",), user="1001:0", volumes=("/data", "/logs")))

    found = imported(ImageQuestions(registry, FakeClock()))

    assert sorted(registry.asked) == ["example.org/api:1", "example.org/web:1"]
    api = workload(found, "api")
    assert (api["port"], api["securityContext"]) == (9000, {"fsGroup": 1001})
    (service,) = [one["data"] for one in found.analysis["suggestedNodes"] if one["type"] == "service"]
    assert (service["serviceType"], service["port"]) == ("ClusterIP", 9000)
    said = [str(one["message"]) for one in found.analysis["findings"] if one.get("service") == "api"]
    assert any("/logs" in message and "/data" not in message for message in said), "what is mounted needs no remark"
    assert facts_findings(found) == []


def test_without_answers_it_goes_on_and_names_what_is_missing() -> None:
    def answer(reference: Reference) -> Told:
        if reference.path == "web":
            raise registry_error("IMAGE_DENIED", "it is private")
        return told(exposed_ports=("9000/tcp",))

    found = imported(ImageQuestions(Registry(answer), FakeClock()))

    assert workload(found, "api")["port"] == 9000
    (finding,) = facts_findings(found)
    assert finding["level"] == "info"
    assert "example.org/web:1" in finding["message"]
    assert "example.org/api:1" not in finding["message"]


@pytest.mark.parametrize("content", [SHOP, b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {a: b}\n"])
def test_nobody_is_asked_who_need_not_be(content: bytes) -> None:
    registry = Registry(refuse)
    questions = ImageQuestions(registry, FakeClock())

    found = imported(questions, Options(wants_image_facts=content != SHOP), content)

    assert registry.asked == []
    assert facts_findings(found) == []


def test_a_registry_that_is_away_is_left_alone_for_a_while() -> None:
    clock, registry = FakeClock(), Registry(refuse)
    questions = ImageQuestions(registry, clock)
    imported(questions)
    registry.asked.clear()

    found = imported(questions)
    assert registry.asked == []
    assert "example.org" in facts_findings(found)[0]["message"]

    clock.advance(AWAY_S + 1)
    imported(questions)
    assert registry.asked


@pytest.fixture
def over() -> Iterator[threading.Event]:
    """Set at the end of the test: threads that hang let go."""
    event = threading.Event()
    yield event
    event.set()


def test_nobody_waits_for_a_registry_that_hangs(over: threading.Event) -> None:
    def hang(reference: Reference) -> Told:
        over.wait(60)
        return told()

    questions = ImageQuestions(Registry(hang), FakeClock(), wait_s=0.05)

    (finding,) = facts_findings(imported(questions))

    assert not over.is_set()
    assert "no answer in time" in finding["message"]
    assert "a moment ago" in facts_findings(imported(questions))[0]["message"]


def test_one_that_hangs_takes_nothing_from_another(over: threading.Event) -> None:
    def answer(reference: Reference) -> Told:
        if reference.host == "example.org":
            over.wait(60)
        return told(user="7")

    questions = ImageQuestions(Registry(answer), FakeClock(), wait_s=1)

    answers = questions.of_images(["example.org/a", "other.example/b"])

    assert answers.facts == {"other.example/b": ImageFacts(user=7)}
    assert answers.missing.keys() == {"example.org/a"}


def test_a_registry_whose_turn_never_came_is_not_taken_to_be_away(over: threading.Event) -> None:
    def answer(reference: Reference) -> Told:
        if reference.host == "example.org":
            over.wait(60)
        return told(user="7")

    questions = ImageQuestions(Registry(answer), FakeClock(), wait_s=0.1)
    many = [f"example.org/{n}" for n in range(50)]

    crowded, later = questions.of_images([*many, "other.example/b"]), questions.of_images(["other.example/b"])

    assert "other.example/b" in crowded.missing
    assert not later.missing or "a moment ago" not in later.missing["other.example/b"]


def test_a_fault_of_ours_is_no_fault_of_the_import() -> None:
    def fail(reference: Reference) -> Told:
        raise ZeroDivisionError

    assert facts_findings(imported(ImageQuestions(Registry(fail), FakeClock())))


def test_there_is_a_limit_of_images() -> None:
    registry = Registry(lambda reference: told())

    answers = ImageQuestions(registry, FakeClock()).of_images([f"example.org/{n}" for n in range(150)])

    assert len(registry.asked) == len(answers.facts) == 100
    assert list(answers.missing) == [f"example.org/{n}" for n in range(100, 150)]


@pytest.mark.parametrize(
    ("user", "number"), [("1000", 1000), ("1000:1000", 1000), ("0", 0), ("", None), ("app", None), ("9" * 12, None)]
)
def test_only_a_user_that_is_a_number_is_taken(user: str, number: int | None) -> None:
    assert taken(told(user=user)).user == number


def test_only_tcp_ports_that_there_are_are_taken() -> None:
    ports = ("8080/tcp", "53/udp", "80", "0/tcp", "70000/tcp", "x/tcp", "99999999999/tcp", "8000-8010/tcp")

    assert taken(told(exposed_ports=ports)).ports == (80, 8080)


def test_the_port_that_a_known_image_is_known_for_comes_first() -> None:
    registry = Registry(lambda reference: told(exposed_ports=("4369/tcp", "5672/tcp", "25672/tcp")))
    content = b"services: {queue: {image: rabbitmq:4}, app: {image: app, depends_on: [queue]}}"

    found = imported(ImageQuestions(registry, FakeClock()), content=content)

    assert workload(found, "queue")["port"] == 5672
    assert len(workload(found, "queue")["ports"]) == 3


def test_whoever_may_not_look_again_gets_what_the_files_say() -> None:
    looks = []

    def analyse(options: Options) -> Analysed:
        looks.append(options)
        if len(looks) > 1:
            raise TooManyRequestsError("Too many analyses are going on", 5)
        return analysed({"compose.yaml": SHOP}, options)

    registry = Registry(lambda _: told(exposed_ports=("8080/tcp",)))

    found = ImageQuestions(registry, FakeClock()).analysed(analyse, Options())

    assert len(looks) == 2
    assert workload(found, "web")["image"] == "example.org/web:1"
