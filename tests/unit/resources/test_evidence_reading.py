"""Reading evidence never raises, whatever the API server does, and asks for no more than it needs.

Opens sockets, as the tests of the watch loop do: silence and broken answers happen on sockets.
"""

from collections.abc import Callable, Iterator

import pytest

from app.resources.evidence import object_evidence, pod_evidence
from app.resources.status.pods import PodFacts, pod_facts
from app.resources.status.related import EventFact, Evidence
from tests.fake_clock import FakeClock
from tests.unit.kube.scripted_server import Exchange, ScriptedServer, refuse
from tests.unit.resources.building import a_container, a_pod, ended, waiting

EVENTS = {"items": [{"reason": "BackOff", "message": "Back-off restarting failed container", "count": 4}]}
BACK_OFF = EventFact("BackOff", "Back-off restarting failed container", 4)


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer() as running:
        yield running


def a_crashing_pod() -> PodFacts:
    return pod_facts(a_pod(a_container(waiting("CrashLoopBackOff"), ended(1), restartCount=2)))


def answers(log: Callable[[Exchange], None]) -> Callable[[Exchange], None]:
    """Events as they should be, and logs as given."""
    return lambda exchange: log(exchange) if exchange.path.endswith("/log") else exchange.answer(EVENTS)


def test_events_and_the_log_before_the_crash_are_read(server: ScriptedServer) -> None:
    server.other = answers(lambda exchange: exchange.answer(b"starting\n\x1b[31mboom\x1b[0m\n"))

    clock = FakeClock()

    evidence = pod_evidence(server.connection(), a_crashing_pod(), clock)

    assert evidence == Evidence((BACK_OFF,), ("starting", "boom"), read_at=clock.now(), restarts=2)
    events, log = server.requests
    assert events.path == "/api/v1/namespaces/shop/events"
    assert events.query == {"fieldSelector": "involvedObject.uid=pod-1", "limit": "50"}
    assert log.path == "/api/v1/namespaces/shop/pods/web-7d4b-x/log"
    assert {"container": "app", "previous": "true", "tailLines": "10"}.items() <= log.query.items()


def test_without_a_log_of_the_instance_before_the_present_one_is_read(server: ScriptedServer) -> None:
    def only_present(exchange: Exchange) -> None:
        if exchange.query["previous"] == "true":
            refuse(400, "BadRequest")(exchange)
        else:
            exchange.answer(b"boom\n")

    server.other = answers(only_present)

    assert pod_evidence(server.connection(), a_crashing_pod()).last_lines == ("boom",)


def test_no_log_is_read_of_a_pod_that_never_started(server: ScriptedServer) -> None:
    server.other = answers(lambda exchange: exchange.answer(b"never asked for\n"))
    pod = pod_facts(a_pod(a_container(waiting("ErrImagePull"))))

    evidence = pod_evidence(server.connection(), pod)

    assert (evidence.events, evidence.last_lines) == ((BACK_OFF,), ())
    assert len(server.requests) == 1


def test_a_log_without_end_is_read_for_three_seconds(server: ScriptedServer) -> None:
    clock = FakeClock()

    def endless(exchange: Exchange) -> None:
        exchange.begin()
        for number in range(10):
            clock.advance(1)
            exchange.chunk(f"line {number}\n".encode())
        exchange.stay_open()

    server.other = answers(endless)

    lines = pod_evidence(server.connection(), a_crashing_pod(), clock).last_lines

    assert lines[0] == "line 0"


BROKEN: list[Callable[[Exchange], None]] = [
    refuse(403, "Forbidden"),
    refuse(404, "NotFound"),
    refuse(500, "InternalError"),
    lambda exchange: exchange.answer(b"not JSON, not a log \xff"),
    lambda exchange: exchange.answer({"items": [None, 1, {"reason": 5}]}),
    lambda exchange: exchange.cut(),
    lambda exchange: exchange.begin().chunk(b"{").cut(),
    lambda exchange: exchange.reset(),
]


@pytest.mark.parametrize("step", BROKEN)
def test_a_broken_answer_is_no_evidence(server: ScriptedServer, step: Callable[[Exchange], None]) -> None:
    server.other = step

    assert object_evidence(server.connection(), "shop", "pod-1").events in {(), (EventFact("", "", 1),)}
    assert pod_evidence(server.connection(), a_crashing_pod()).events in {(), (EventFact("", "", 1),)}


def test_a_server_that_is_gone_is_no_evidence(server: ScriptedServer) -> None:
    connection = server.connection()
    server.__exit__()

    evidence = pod_evidence(connection, a_crashing_pod())

    assert (evidence.events, evidence.last_lines) == ((), ())
    assert evidence.read_at, "it counts as a look: the next one waits"


def test_a_uid_that_isnt_one_is_not_asked_about(server: ScriptedServer) -> None:
    assert object_evidence(server.connection(), "shop", "a,involvedObject.uid=b").events == ()
    assert server.requests == []


def test_a_name_that_isnt_one_is_not_asked_about(server: ScriptedServer) -> None:
    pod = a_crashing_pod()._replace(uid="", name="..")

    assert pod_evidence(server.connection(), pod).events == ()
    assert server.requests == []
