"""A refresh outlives a store that is away for a moment: any failure of it would sign the person out."""

import threading
import time
from pathlib import Path

import pytest
from flask import Flask

from app import create_app
from app.bootstrap import Services
from launcher.processes import end, spawn
from tests.api import API, Person, a_person, close_services, test_settings
from tests.servers import running_mongo


def refresh(app: Flask, person: Person, answers: list[tuple[int, float]]) -> None:
    begun = time.monotonic()
    answer = app.test_client().post(f"{API}/auth/refresh", headers=person.headers)
    answers.append((answer.status_code, time.monotonic() - begun))


@pytest.mark.parametrize("comes_back", [True, False])
def test_a_refresh_waits_for_the_store_but_not_past_ten_seconds(
    tmp_path: Path, redis_url: str, comes_back: bool
) -> None:
    with running_mongo(tmp_path) as server:
        services = Services(test_settings(server.uri, redis_url), application="test")
        services.prepare_store()
        app = create_app(services)
        person = a_person(app, services)
    answers: list[tuple[int, float]] = []

    asking = threading.Thread(target=refresh, args=(app, person, answers))
    asking.start()
    process = spawn(server.command(), log=tmp_path / "again.log") if comes_back else None
    asking.join(20)

    close_services(services)
    if process is not None:
        end(process)
    status, took_s = answers[0]
    assert status == (200 if comes_back else 503)
    assert took_s < 10
