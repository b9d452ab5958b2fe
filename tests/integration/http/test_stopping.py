"""How the API stops: streams are kept for the drain, then told to reload; idle connections hold nothing up."""

import http.client
import time
from pathlib import Path
from typing import Any

from pymongo.database import Database

from app.events.bus import EventBus
from launcher.processes import has_ended
from tests.api_process import api_process
from tests.mortal_redis import mortal_redis
from tests.sse_client import Viewers
from tests.stream_app import Counter, environment_for
from tests.waiting import eventually

DRAIN_S = 2


def test_streams_go_on_for_the_drain_and_are_then_told_to_reload(
    db: Database[dict[str, Any]], mongo_uri: str, tmp_path: Path, viewers: Viewers
) -> None:
    with mortal_redis(tmp_path) as redis, redis.client() as client:
        counter = Counter(db, EventBus(client))
        counter.bump()
        environment = environment_for(mongo_uri, redis.uri, db, STREAM_DRAIN_SECONDS=str(DRAIN_S))
        with api_process(tmp_path, "tests.stream_app:app", environment) as api:
            viewer = viewers.open(api.port, f"/v1/api/counters/{counter.name}/stream")
            eventually(lambda: viewer.frames)

            process, told = api.terminate(), time.monotonic()
            eventually(lambda: not accepts(api.port))
            counter.bump()
            eventually(lambda: viewer.position() == "2")

            eventually(lambda: viewer.ended_at)
            assert viewer.ended_at is not None
            assert DRAIN_S - 0.5 < viewer.ended_at - told < DRAIN_S + 2
            assert viewer.frames[-1].name == "error"
            assert "Reload" in viewer.frames[-1].data["message"]
            eventually(lambda: has_ended(process))


def test_an_idle_connection_does_not_hold_the_end_up(
    db: Database[dict[str, Any]], mongo_uri: str, redis_url: str, tmp_path: Path
) -> None:
    environment = environment_for(mongo_uri, redis_url, db, STREAM_DRAIN_SECONDS="60")
    with api_process(tmp_path, "tests.stream_app:app", environment) as api:
        idle = http.client.HTTPConnection("127.0.0.1", api.port, timeout=5)
        idle.request("GET", "/healthz")
        idle.getresponse().read()

        process = api.terminate()

        eventually(lambda: has_ended(process))
        idle.close()


def test_a_bad_setting_stops_the_start_with_one_line(tmp_path: Path) -> None:
    import subprocess
    import sys

    command = [sys.executable, "-m", "gunicorn", "-c", "gunicorn.conf.py", "wsgi:app"]
    environment = {"PORT": "70000", "MONGO_URI": "mongodb://m/k", "REDIS_URL": "redis://r", "ENCRYPTION_KEY": "k"}
    done = subprocess.run(
        command, capture_output=True, text=True, env=environment, timeout=30, check=False, cwd=Path(__file__).parents[3]
    )

    assert done.returncode == 1
    (line,) = done.stderr.strip().splitlines()
    assert "PORT: Input should be less than or equal to 65535" in line
    assert "JWT_SECRET: Field required" in line


def accepts(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=1)
    try:
        connection.request("GET", "/healthz")
        connection.getresponse().read()
    except OSError:
        return False
    finally:
        connection.close()
    return True
