"""`POST /auth/refresh`: sessions that survive many tabs, and end when a copy of a token shows up elsewhere."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask
from pymongo.database import Database
from werkzeug.test import TestResponse

from app import create_app
from app.accounts.callers import Caller
from app.bootstrap import Services
from tests.api import API, BROWSER, Person, a_person, a_user, close_services, make_services, sign_in
from tests.fake_clock import FakeClock

HOUR = 3600.0
DAY = 24 * HOUR
ELSEWHERE = Caller(ip="203.0.113.9", user_agent=BROWSER.user_agent)
SAME_NETWORK = Caller(ip="192.0.2.250", user_agent=BROWSER.user_agent)


def refresh(app: Flask, token: str, caller: Caller = BROWSER) -> TestResponse:
    return app.test_client().post(
        f"{API}/auth/refresh",
        json={},
        headers={"Authorization": f"Bearer {token}", "User-Agent": caller.user_agent},
        environ_overrides={"REMOTE_ADDR": caller.ip},
    )


def refreshed(app: Flask, token: str, caller: Caller = BROWSER) -> str:
    answer = refresh(app, token, caller)
    assert answer.status_code == 200, answer.text
    assert answer.json is not None
    assert set(answer.json) == {"token", "user"}
    return str(answer.json["token"])


def works(app: Flask, token: str) -> bool:
    return app.test_client().get(f"{API}/profile", headers={"Authorization": f"Bearer {token}"}).status_code == 200


def test_an_expired_token_gives_a_full_24_hours_more(app: Flask, clock: FakeClock, person: Person) -> None:
    clock.advance(DAY + 2 * 60)
    assert not works(app, person.token)

    new = refreshed(app, person.token)

    clock.advance(DAY)
    assert works(app, new)


def test_other_tabs_go_on_with_the_superseded_token(app: Flask, person: Person) -> None:
    new = refreshed(app, person.token)

    assert works(app, person.token)
    assert works(app, new)


def test_an_older_token_from_the_same_place_is_another_tab(app: Flask, person: Person) -> None:
    first = refreshed(app, person.token)

    second = refreshed(app, person.token, SAME_NETWORK)

    assert len({person.token, first, second}) == 3
    assert all(works(app, token) for token in (person.token, first, second))
    assert refresh(app, first).status_code == 200


def test_the_current_token_may_move_to_another_place(app: Flask, person: Person) -> None:
    at_work = refreshed(app, person.token, ELSEWHERE)

    assert refresh(app, at_work, ELSEWHERE).status_code == 200, "an older one, from the place of the last refresh"


def test_an_older_token_from_elsewhere_ends_the_session(app: Flask, services: Services, person: Person) -> None:
    current = refreshed(app, person.token)

    stolen = refresh(app, person.token, ELSEWHERE)

    assert (stolen.status_code, (stolen.json or {})["error"]) == (401, "Invalid token")
    assert not works(app, current)
    assert refresh(app, current).status_code == 401
    ended = services.db["sessions"].find_one({"_id": person.principal.session_id}) or {}
    assert ended["ended_reason"] == "reuse"


def test_ten_tabs_at_the_same_moment_all_get_a_token(app: Flask, person: Person) -> None:
    with ThreadPoolExecutor(10) as tabs:
        answers = list(tabs.map(lambda _: refresh(app, person.token), range(10)))

    assert [answer.status_code for answer in answers] == [200] * 10
    tokens = {(answer.json or {})["token"] for answer in answers}
    assert len(tokens) == 10
    assert all(works(app, token) for token in tokens)


def test_a_session_can_be_refreshed_for_seven_days(app: Flask, clock: FakeClock, person: Person) -> None:
    token = person.token
    for _ in range(6):
        clock.advance(DAY)
        token = refreshed(app, token)
    clock.advance(DAY - 1)
    last = refreshed(app, token)

    clock.advance(1)

    assert refresh(app, last).status_code == 401
    clock.advance(DAY - 2)
    assert works(app, last), "the last token dies on day 8"
    clock.advance(2 * 60)
    assert not works(app, last)


def test_a_token_can_be_refreshed_before_it_expires(app: Flask, clock: FakeClock, person: Person) -> None:
    clock.advance(HOUR)

    assert refreshed(app, person.token) != person.token


@pytest.mark.parametrize(
    ("header", "text"),
    [
        (None, "Authorization header is required"),
        ("Basic YTpi", "Authorization header must start with 'Bearer '"),
        ("Bearer ", "Invalid token"),
        ("Bearer x.y.z", "Invalid token"),
    ],
)
def test_bad_headers_have_their_texts(app: Flask, header: str | None, text: str) -> None:
    answer = app.test_client().post(f"{API}/auth/refresh", headers={"Authorization": header} if header else {})

    assert answer.status_code == 401
    assert answer.json == {"error": text, "message": text}


@pytest.mark.parametrize("change", [{"deactivated_at": True}, {"deleted_at": True}, {"signed_out_at": True}])
def test_a_user_who_may_not_act_gets_none(
    app: Flask, services: Services, clock: FakeClock, person: Person, change: dict[str, bool]
) -> None:
    clock.advance(1)
    services.db["users"].update_one({"_id": person.user.id}, {"$set": dict.fromkeys(change, clock.now())})

    answer = refresh(app, person.token)

    assert (answer.status_code, (answer.json or {})["error"]) == (401, "Invalid token")


def test_a_user_who_is_gone_gets_none(app: Flask, services: Services, person: Person) -> None:
    services.db["users"].delete_one({"_id": person.user.id})

    assert refresh(app, person.token).status_code == 401


def test_the_answer_shows_a_role_that_has_changed(app: Flask, services: Services, person: Person) -> None:
    services.db["users"].update_one({"_id": person.user.id}, {"$set": {"role": "admin"}})

    assert (refresh(app, person.token).json or {})["user"]["role"] == "admin"


def test_sessions_of_one_user_do_not_know_each_other(app: Flask, services: Services) -> None:
    user = a_user(services)
    here, there = sign_in(app, services, user), sign_in(app, services, user, caller=ELSEWHERE)

    refreshed(app, here.token)
    refresh(app, here.token, ELSEWHERE)  # reuse: ends `here`

    assert works(app, there.token)


def test_a_network_over_its_limit_can_still_refresh(
    db: Database[dict[str, Any]], mongo_uri: str, redis_url: str, clock: FakeClock
) -> None:
    services = make_services(
        db, mongo_uri, redis_url, clock=clock, rate_limit_enabled=True, rate_limit_rps=1, rate_limit_burst=1
    )
    app = create_app(services)
    person = a_person(app, services)
    clock.advance(2 * DAY)
    assert 429 in {app.test_client().get(f"{API}/auth/methods").status_code for _ in range(3)}

    assert [refresh(app, person.token).status_code for _ in range(3)] == [200] * 3
    close_services(services)
