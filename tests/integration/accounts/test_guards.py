"""Who gets in where: tokens, roles, and how fast a change counts."""

from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.bootstrap import Services
from tests.api import API, Person, a_person
from tests.fake_clock import FakeClock


@pytest.mark.parametrize("header", [None, "Basic YTpi", "Bearer", "Bearer ", "token x"])
def test_no_token_or_another_scheme(anonymous: FlaskClient, header: str | None) -> None:
    answer = anonymous.get(f"{API}/profile", headers={"Authorization": header} if header else {})

    assert answer.status_code == 401
    assert answer.json == {"error": "Authorization token is required (header or query param)"}
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_token_in_the_query_counts_as_absent(anonymous: FlaskClient, person: Person) -> None:
    answer = anonymous.get(f"{API}/profile?token={person.token}")

    assert (answer.status_code, (answer.json or {})["error"]) == (
        401,
        "Authorization token is required (header or query param)",
    )


def test_a_bad_token(anonymous: FlaskClient, person: Person) -> None:
    answer = anonymous.get(f"{API}/profile", headers={"Authorization": f"Bearer {person.token}x"})

    assert (answer.status_code, answer.json) == (401, {"error": "Invalid or expired token"})


def test_the_scheme_may_be_written_in_lower_case(anonymous: FlaskClient, person: Person) -> None:
    assert anonymous.get(f"{API}/profile", headers={"Authorization": f"bearer {person.token}"}).status_code == 200


def test_settings_are_for_admins(app: Flask, services: Services, person: Person, admin: Person) -> None:
    viewer = a_person(app, services, role="viewer")

    for somebody in (person, viewer):
        answer = somebody.client.post(f"{API}/settings/generate-invite-code")
        assert (answer.status_code, answer.json) == (403, {"error": "Admin access required"})
    assert admin.client.post(f"{API}/settings/generate-invite-code").status_code == 200


def test_viewers_read_and_change_only_what_is_their_own(app: Flask, services: Services) -> None:
    from app.http.auth import signed_in

    @app.route(f"{API}/things", methods=["GET", "POST", "PATCH", "DELETE"])
    @signed_in
    def things() -> dict[str, str]:
        return {"did": "it"}

    @app.get(f"{API}/terminal")
    @signed_in(viewers="none")
    def terminal() -> dict[str, str]:
        return {"did": "it"}

    viewer = a_person(app, services, role="viewer").client

    assert viewer.get(f"{API}/things").status_code == 200
    for method in ("POST", "PATCH", "DELETE"):
        answer = viewer.open(f"{API}/things", method=method)
        assert (answer.status_code, answer.json) == (403, {"error": "Insufficient permissions"})
    assert viewer.get(f"{API}/terminal").status_code == 403
    assert viewer.put(f"{API}/profile", json={"name": "Viv"}).status_code == 200


def test_a_changed_role_counts_within_a_second(services: Services, clock: FakeClock, person: Person) -> None:
    assert person.client.get(f"{API}/settings/invite-code").status_code == 403

    services.db["users"].update_one({"_id": person.user.id}, {"$set": {"role": "admin"}})
    clock.advance(1)

    assert person.client.get(f"{API}/settings/invite-code").status_code == 200


@pytest.mark.parametrize("field", ["deactivated_at", "deleted_at", "signed_out_at"])
def test_who_may_not_act_any_more_is_out_within_a_second(
    services: Services, clock: FakeClock, person: Person, field: str
) -> None:
    clock.advance(5)
    assert person.client.get(f"{API}/profile").status_code == 200

    services.db["users"].update_one({"_id": person.user.id}, {"$set": {field: clock.now()}})
    clock.advance(1)

    answer = person.client.get(f"{API}/profile")
    assert (answer.status_code, answer.json) == (401, {"error": "Invalid or expired token"})


def test_a_token_of_a_session_that_the_store_has_deleted_is_worthless(
    services: Services, clock: FakeClock, person: Person
) -> None:
    services.db["sessions"].delete_one({"_id": person.principal.session_id})
    clock.advance(1)

    assert person.client.get(f"{API}/profile").status_code == 401


def test_a_session_does_not_open_another_users_account(
    anonymous: FlaskClient, services: Services, clock: FakeClock, person: Person, admin: Person
) -> None:
    mixed = services.tokens.issue(
        user_id=person.user.id,
        email="",
        role="admin",
        session_id=admin.principal.session_id,
        jti="x",
        auth_time=clock.now(),
    )

    assert anonymous.get(f"{API}/profile", headers={"Authorization": f"Bearer {mixed}"}).status_code == 401


def test_when_it_was_last_seen_is_written_at_most_once_a_minute(
    services: Services, clock: FakeClock, person: Person
) -> None:
    def last_seen() -> object:
        return (services.db["sessions"].find_one({"_id": person.principal.session_id}) or {})["last_seen_at"]

    begun = clock.now()
    clock.advance(59)
    person.client.get(f"{API}/profile")
    assert last_seen() == begun

    clock.advance(1)
    person.client.get(f"{API}/profile")
    assert last_seen() == begun + timedelta(minutes=1)


def test_streams_ask_whether_their_principal_is_still_alive(
    services: Services, clock: FakeClock, person: Person
) -> None:
    authenticator = services.authenticator
    assert authenticator.alive(person.principal)

    services.db["sessions"].update_one({"_id": person.principal.session_id}, {"$set": {"ended_at": clock.now()}})
    clock.advance(1)

    assert not authenticator.alive(person.principal)


def test_a_stream_ends_a_minute_after_its_token(services: Services, clock: FakeClock, person: Person) -> None:
    clock.advance(24 * 3600 + 59)
    assert services.authenticator.alive(person.principal)

    clock.advance(1)
    assert not services.authenticator.alive(person.principal)


def test_a_process_with_many_streams_looks_them_all_up_in_two_queries(
    app: Flask, services: Services, clock: FakeClock
) -> None:
    people = [a_person(app, services) for _ in range(5)]
    services.db["users"].update_one({"_id": people[0].user.id}, {"$set": {"role": "viewer"}})
    services.db["sessions"].delete_one({"_id": people[1].principal.session_id})
    clock.advance(1)

    services.authenticator.prefetch(person.principal for person in people)
    services.db["sessions"].delete_many({})  # from here on nothing but the cache can know them

    assert [services.authenticator.alive(person.principal) for person in people] == [False, False, True, True, True]
