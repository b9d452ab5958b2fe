"""The doorbell on a real Redis: only ids are sent, and who rings never waits."""

import base64
import json
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis as redis_client

from app.jobs.doorbell import KEPT_AT_MOST, CeleryDoorbell
from app.jobs.queues import FULL_AT, BrokerQueues
from tests.mortal_redis import MortalRedis, mortal_redis
from tests.waiting import eventually

JOB_ID = "65f1a2b3c4d5e6f708192a3b"


@pytest.fixture
def doorbell(redis: redis_client.Redis, redis_url: str) -> Iterator[CeleryDoorbell]:
    ringing = CeleryDoorbell(redis_url)
    yield ringing
    ringing.close()


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[MortalRedis]:
    with mortal_redis(tmp_path) as server:
        yield server


def test_a_message_has_a_task_s_name_and_an_id_and_lies_in_the_queue_of_its_name(
    doorbell: CeleryDoorbell, redis: redis_client.Redis
) -> None:
    doorbell("deploys.run", JOB_ID)
    eventually(lambda: redis.llen("deploys") == 1)

    raw = redis.rpop("deploys")
    assert isinstance(raw, bytes)
    message = json.loads(raw)
    arguments, keywords, _ = json.loads(base64.b64decode(message["body"]))
    assert (message["headers"]["task"], arguments, keywords) == ("deploys.run", [JOB_ID], {})
    assert message["content-type"] == "application/json"


def test_rings_are_sent_when_the_broker_is_back(broker: MortalRedis) -> None:
    doorbell = CeleryDoorbell(broker.uri)
    broker.kill()
    started = time.monotonic()
    for number in range(5):
        doorbell("deploys.run", f"{number:024x}")
        doorbell("deploys.run", f"{number:024x}")
    assert time.monotonic() - started < 0.5

    broker.start()

    with broker.client() as redis:
        eventually(lambda: redis.llen("deploys") == 5, within_s=10)
    doorbell.close()


def test_who_rings_never_waits_even_if_the_broker_hangs_and_the_memory_is_bounded(broker: MortalRedis) -> None:
    doorbell = CeleryDoorbell(broker.uri)
    broker.send(signal.SIGSTOP)
    longest_s = 0.0
    for number in range(KEPT_AT_MOST + 100):
        started = time.monotonic()
        doorbell("deploys.run", f"{number:024x}")
        longest_s = max(longest_s, time.monotonic() - started)
    broker.send(signal.SIGCONT)

    assert longest_s < 0.2
    with broker.client() as redis:
        eventually(lambda: KEPT_AT_MOST <= redis.llen("deploys") <= KEPT_AT_MOST + 1, within_s=20)
    doorbell.close()


def test_closing_gives_up_soon_when_the_broker_is_away(broker: MortalRedis) -> None:
    doorbell = CeleryDoorbell(broker.uri)
    broker.kill()
    doorbell("deploys.run", JOB_ID)
    started = time.monotonic()

    doorbell.close(within_s=1)

    assert time.monotonic() - started < 1.5


def test_a_queue_without_workers_is_full_some_time(redis: redis_client.Redis, redis_url: str) -> None:
    queues = BrokerQueues(redis_url)
    assert not queues.is_full("maintenance.check_clusters")

    redis.lpush("maintenance", *["message"] * FULL_AT)

    assert queues.messages("maintenance") == FULL_AT
    assert queues.is_full("maintenance.check_clusters")
    assert not queues.is_full("deploys.run")
