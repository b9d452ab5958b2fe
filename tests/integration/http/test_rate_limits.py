"""Rate limits over a real Redis, and as a client meets them."""

import contextlib
import socket
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
import redis as redis_client
from flask.testing import FlaskClient
from pymongo.database import Database

from app.clock import SystemClock
from app.http.rate_limits import AWAY_S, RateLimits
from tests.api import make_services
from tests.fake_clock import FakeClock
from tests.stream_app import TestServices, make_app
from tests.waiting import eventually


def test_two_processes_share_what_one_user_may_do(redis: redis_client.Redis, redis_url: str) -> None:
    processes = [RateLimits(redis_url, SystemClock(), rps=20, burst=80) for _ in range(2)]

    allowed = sum(processes[number % 2].wait_s("user:ada") == 0 for number in range(200))

    # Each may hold up to a lump (a 20th) that it has bought and not used.
    assert 80 - 8 <= allowed <= 80 + 20


def test_who_is_refused_is_told_for_how_long(redis: redis_client.Redis, redis_url: str) -> None:
    limits = RateLimits(redis_url, SystemClock(), rps=20, burst=20)
    while not (wait_s := limits.wait_s("user:ada")):
        pass

    assert wait_s == 1
    eventually(lambda: limits.wait_s("user:ada") == 0, within_s=3, every_s=0.05)  # after the window there is room again


def test_a_request_costs_a_fifth_of_a_millisecond_at_most(redis: redis_client.Redis, redis_url: str) -> None:
    limits = RateLimits(redis_url, SystemClock(), rps=100_000, burst=400_000)
    limits.wait_s("user:ada")

    began = time.process_time()
    for _ in range(5000):
        limits.wait_s("user:ada")

    assert (time.process_time() - began) / 5000 < 0.0002


def test_a_redis_that_is_away_is_left_alone_for_a_while() -> None:
    clock = FakeClock()
    with socket.create_server(("127.0.0.1", 0)) as closing:
        closing.settimeout(0.2)
        limits = RateLimits(f"redis://127.0.0.1:{closing.getsockname()[1]}/0", clock, rps=10, burst=20)

        first = connections_during(closing, lambda: [limits.wait_s(f"user:{number}") for number in range(10)])
        clock.advance(AWAY_S)
        second = connections_during(closing, lambda: [limits.wait_s("user:late")])

    assert first[0] == [0] * 10, "nobody is refused because Redis is away"
    assert first[1] == second[1] <= 2, "one try, and one more in case a pooled connection was dead"


def connections_during(listener: socket.socket, act: Callable[[], list[int]]) -> tuple[list[int], int]:
    """What it gives, and how many connections were made meanwhile; each is closed at once."""
    stop, accepted = threading.Event(), list[int]()

    def accept() -> None:
        while not stop.is_set():
            with contextlib.suppress(TimeoutError):
                listener.accept()[0].close()
                accepted.append(1)

    thread = threading.Thread(target=accept)
    thread.start()
    answer = act()
    stop.set()
    thread.join()
    return answer, len(accepted)


def a_client(db: Database[dict[str, Any]], mongo_uri: str, redis_url: str) -> FlaskClient:
    made = make_services(db, mongo_uri, redis_url, rate_limit_enabled=True, rate_limit_rps=10, rate_limit_burst=20)
    return make_app(TestServices(made.settings)).test_client()


def test_the_answer_is_the_contracts(
    db: Database[dict[str, Any]], mongo_uri: str, redis: redis_client.Redis, redis_url: str
) -> None:
    client = a_client(db, mongo_uri, redis_url)

    answers = [client.post("/v1/api/echo", headers={"Origin": "http://localhost:3001"}) for _ in range(30)]

    refused = [answer for answer in answers if answer.status_code == 429]
    assert 9 <= len(refused) <= 11
    assert refused[0].get_json() == {"error": "rate limit exceeded, please try again later"}
    assert int(refused[0].headers["Retry-After"]) >= 1
    assert refused[0].headers["Access-Control-Allow-Origin"] == "http://localhost:3001"


def test_a_preflight_and_a_probe_have_no_limit(
    db: Database[dict[str, Any]], mongo_uri: str, redis: redis_client.Redis, redis_url: str
) -> None:
    client = a_client(db, mongo_uri, redis_url)
    preflight = {"Origin": "http://localhost:3001", "Access-Control-Request-Method": "POST"}

    assert {client.options("/v1/api/echo", headers=preflight).status_code for _ in range(40)} == {204}
    assert {client.get("/healthz").status_code for _ in range(40)} == {200}


@pytest.mark.parametrize("made_up", [True, False], ids=["made-up tokens", "good tokens"])
def test_made_up_tokens_count_against_their_network(
    db: Database[dict[str, Any]], mongo_uri: str, redis: redis_client.Redis, redis_url: str, made_up: bool
) -> None:
    client = a_client(db, mongo_uri, redis_url)
    if made_up:
        db["ended"].insert_many([{"_id": f"token-{number}"} for number in range(40)])

    statuses = [
        client.post("/v1/api/echo", headers={"Authorization": f"Bearer token-{number}"}).status_code
        for number in range(40)
    ]

    # The made-up sessions of this application all belong to one user.
    assert statuses.count(429) >= 15
