"""The probe ends the pauses of lost watches when their cluster is back."""

import threading

from app.kube.probe import ClusterProbe, Probe
from tests.fake_clock import FakeClock
from tests.unit.kube.following import RecordingSink, following
from tests.unit.kube.scripted_server import ScriptedServer, listing, refuse


class Patient:
    """A cluster that comes back after some probes; the stop is set when it has been asked often enough."""

    def __init__(self, clock: FakeClock, *, back_after: int, stop_after: int) -> None:
        self.clock, self.back_after, self.stop_after, self.stop = clock, back_after, stop_after, threading.Event()
        self.asked_at: list[float] = []

    def alive(self) -> bool:
        self.asked_at.append(self.clock.monotonic())
        if len(self.asked_at) >= self.stop_after:
            self.stop.set()
        return len(self.asked_at) > self.back_after


def test_it_asks_every_five_seconds_while_a_watch_is_lost_and_wakes_it_when_answered() -> None:
    clock = FakeClock()
    cluster = Patient(clock, back_after=3, stop_after=4)
    probe, lost, fine = ClusterProbe(cluster.alive, clock, cluster.stop), threading.Event(), threading.Event()
    probe.report(lost, "lost")
    probe.report(fine, "synced")

    probe.run()

    assert cluster.asked_at == [0, 5, 10, 15]
    assert lost.is_set()
    assert not fine.is_set()


def test_it_asks_nothing_while_all_is_well_or_refused() -> None:
    clock = FakeClock()
    cluster = Patient(clock, back_after=0, stop_after=1)
    probe = ClusterProbe(cluster.alive, clock, cluster.stop)
    for state in ("synced", "unauthorized", "forbidden"):
        wake = threading.Event()
        probe.report(wake, "lost")
        probe.report(wake, state)
    gone = threading.Event()
    probe.report(gone, "lost")
    probe.forget(gone)
    runner = threading.Thread(target=probe.run, daemon=True)
    runner.start()

    while clock.monotonic() < 60:
        clock.advance(1)
    cluster.stop.set()
    runner.join(1)

    assert cluster.asked_at == []


def test_alive_means_that_it_answers_whatever_it_thinks_of_us(server: ScriptedServer) -> None:
    probe = Probe(server.connection)
    for answer, expected in (
        (lambda exchange: exchange.answer(b"ok"), True),
        (refuse(401, "Unauthorized"), True),
        (refuse(403, "Forbidden"), True),
        (lambda exchange: exchange.answer(b"[-]etcd failed", 500), False),
        (refuse(503, "ServiceUnavailable"), False),
    ):
        server.other = answer
        assert probe.alive() is expected


def test_alive_is_false_where_nobody_listens() -> None:
    with ScriptedServer() as server:
        connection = server.connection()

    assert Probe(lambda: connection).alive() is False


def test_a_lost_watch_that_is_woken_tries_at_once(server: ScriptedServer) -> None:
    clock, wake, sink = FakeClock(), threading.Event(), RecordingSink()
    sink.on_state = lambda state: wake.set() if state == "lost" else None
    server.lists += [refuse(503, "ServiceUnavailable"), listing(version=1)]

    with following(server, clock=clock, wake=wake, sink=sink):
        sink.wait_for(lambda told: told.state_names == ["lost", "synced"])

    assert clock.monotonic() < 1


def test_waking_it_once_ends_one_pause_and_not_those_to_come(server: ScriptedServer) -> None:
    clock, wake, sink = FakeClock(), threading.Event(), RecordingSink()
    sink.on_state = lambda state: wake.set() if state == "lost" else None
    server.lists += [refuse(503, "ServiceUnavailable")] * 2 + [listing(version=1)]

    with following(server, clock=clock, wake=wake, sink=sink):
        sink.wait_for(lambda told: told.state_names == ["lost", "synced"])

    assert 10 <= clock.monotonic() < 13, "the first pause was cut short, the second wasn't"
