"""`/settings`: invite codes."""

import re
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.bootstrap import Services
from tests.api import API, Person, test_settings
from tests.fake_clock import FakeClock

CODE = re.compile(r"[23456789ABCDEFGHJKMNPQRSTUVWXYZ]{12}")


def get(client: FlaskClient, path: str) -> dict[str, Any]:
    answer = client.get(f"{API}/settings/{path}")
    assert answer.status_code == 200, answer.text
    return dict(answer.json or {})


def invites(client: FlaskClient) -> list[dict[str, Any]]:
    return list(get(client, "invites")["invites"])


def register(app: Flask, code: str, email: str = "ada@example.org") -> int:
    form = {"name": "Ada", "email": email, "password": "a fine long one", "inviteCode": code}
    return app.test_client().post(f"{API}/auth/register", json=form).status_code


@pytest.fixture
def closed(services: Services, admin: Person) -> None:
    """There is a first admin, so a code is needed."""
    services.db["users"].update_one({"_id": admin.user.id}, {"$set": {"bootstrap": True}})


def test_there_is_always_a_current_code(admin: Person) -> None:
    code = get(admin.client, "invite-code")["inviteCode"]

    assert CODE.fullmatch(code)
    assert get(admin.client, "invite-code") == {"inviteCode": code}
    assert get(admin.client, "regenerate-setting") == {"regenerateAfterSignup": True, "inviteCode": code}


def test_a_generated_code_replaces_the_old_one(app: Flask, admin: Person, closed: None) -> None:
    old = get(admin.client, "invite-code")["inviteCode"]

    answer = admin.client.post(f"{API}/settings/generate-invite-code")

    new = (answer.json or {})["inviteCode"]
    assert (answer.status_code, new != old) == (200, True)
    assert get(admin.client, "invite-code") == {"inviteCode": new}
    assert register(app, old) == 403
    assert register(app, new) == 201


def test_the_current_code_is_good_for_one_sign_up(app: Flask, admin: Person, closed: None) -> None:
    code = get(admin.client, "invite-code")["inviteCode"]

    assert register(app, code) == 201
    assert register(app, code, "bob@example.org") == 403

    new = get(admin.client, "invite-code")["inviteCode"]
    assert new != code
    assert register(app, new, "bob@example.org") == 201


def test_without_regeneration_it_is_good_for_many_and_switching_on_limits_it(
    app: Flask, admin: Person, closed: None
) -> None:
    code = get(admin.client, "invite-code")["inviteCode"]

    off = admin.client.put(f"{API}/settings/regenerate-setting", json={"regenerateAfterSignup": False})
    assert (off.status_code, off.json) == (200, {"regenerateAfterSignup": False})
    assert [register(app, code, f"p{n}@example.org") for n in range(3)] == [201] * 3
    assert get(admin.client, "regenerate-setting") == {"regenerateAfterSignup": False, "inviteCode": code}

    admin.client.put(f"{API}/settings/regenerate-setting", json={"regenerateAfterSignup": True})
    assert [register(app, code, f"q{n}@example.org") for n in range(2)] == [201, 403]


@pytest.mark.parametrize("body", [{}, {"regenerateAfterSignup": None}, {"regenerateAfterSignup": "false"}])
def test_the_setting_is_a_boolean(admin: Person, body: dict[str, Any]) -> None:
    answer = admin.client.put(f"{API}/settings/regenerate-setting", json=body)

    assert (answer.status_code, (answer.json or {})["error"]) == (400, "Invalid request data")


def test_a_current_code_lives_seven_days(app: Flask, clock: FakeClock, services: Services, closed: None) -> None:
    code = services.invites.current_code()

    clock.advance(timedelta(days=7).total_seconds())

    assert register(app, code) == 403
    assert services.invites.current_code() != code


def test_an_invite_is_shown_with_its_code_once(app: Flask, clock: FakeClock, admin: Person, closed: None) -> None:
    answer = admin.client.post(f"{API}/settings/invites", json={"role": "member", "maxUses": 2, "expiresInHours": 1})

    assert answer.status_code == 201
    made = answer.json or {}
    assert CODE.fullmatch(made["inviteCode"])
    invite = made["invite"]
    assert invite == {
        "id": invite["id"],
        "current": False,
        "role": "user",
        "uses": 0,
        "maxUses": 2,
        "expiresAt": invite["expiresAt"],
        "createdAt": invite["createdAt"],
        "createdBy": str(admin.user.id),
        "state": "active",
    }
    assert invites(admin.client) == [invite]
    assert [register(app, made["inviteCode"], f"p{n}@example.org") for n in range(3)] == [201, 201, 403]
    assert [(found["uses"], found["state"]) for found in invites(admin.client)] == [(2, "used")]


@pytest.mark.parametrize("body", [None, {}, {"role": "user", "maxUses": None, "expiresInHours": None}])
def test_an_invite_has_defaults(admin: Person, clock: FakeClock, services: Services, body: Any) -> None:
    made = admin.client.post(f"{API}/settings/invites", json=body).json or {}

    invite = services.invites.list_newest()[0]
    assert (invite.role, invite.max_uses, invite.expires_at) == ("user", 1, clock.now() + timedelta(hours=168))
    assert made["invite"]["maxUses"] == 1


@pytest.mark.parametrize(
    ("body", "field"),
    [({"role": "god"}, "role"), ({"maxUses": 0}, "maxUses"), ({"expiresInHours": -1}, "expiresInHours")],
)
def test_a_bad_invite_names_the_field(admin: Person, body: dict[str, Any], field: str) -> None:
    answer = admin.client.post(f"{API}/settings/invites", json=body)

    assert (answer.status_code, list((answer.json or {})["details"])) == (400, [field])


def test_an_invite_can_be_revoked(app: Flask, admin: Person, closed: None) -> None:
    made = admin.client.post(f"{API}/settings/invites", json={}).json or {}

    answer = admin.client.delete(f"{API}/settings/invites/{made['invite']['id']}")

    assert (answer.status_code, answer.json) == (200, {"message": "Invite revoked"})
    assert register(app, made["inviteCode"]) == 403
    assert [invite["state"] for invite in invites(admin.client)] == ["revoked"]


def test_a_revoked_current_code_has_a_successor(admin: Person) -> None:
    code = get(admin.client, "invite-code")["inviteCode"]

    admin.client.delete(f"{API}/settings/invites/{invites(admin.client)[0]['id']}")

    assert get(admin.client, "invite-code")["inviteCode"] != code


@pytest.mark.parametrize(
    ("invite_id", "status", "error"), [("x", 400, "Invalid invite ID"), ("0" * 24, 404, "Invite not found")]
)
def test_an_invite_that_is_none(admin: Person, invite_id: str, status: int, error: str) -> None:
    answer = admin.client.delete(f"{API}/settings/invites/{invite_id}")

    assert (answer.status_code, (answer.json or {})["error"]) == (status, error)


def test_codes_are_not_kept_readable(services: Services) -> None:
    code = services.invites.current_code()

    stored = str(services.db["invites"].find_one())

    assert code not in stored
    assert services.invites.check(code.lower()).current


def test_codes_outlive_a_rotation_of_the_encryption_key(services: Services, mongo_uri: str, redis_url: str) -> None:
    from app.bootstrap import Services as Again

    code = services.invites.current_code()

    old = services.settings.encryption_key
    rotated = Again(
        test_settings(
            services.settings.mongo_uri, redis_url, encryption_key="a new key for everything", encryption_keys_old=old
        ),
        clock=services.clock,
    )

    assert rotated.invites.current_code() == code
    assert rotated.invites.check(code).current
    rotated.db.client.close()
