"""15. `role`, `owner_id`, `status` and unknown fields in a body change nothing (API3; ASVS 15.3.3). Accounts."""

from typing import Any, Final

from flask.testing import FlaskClient

from app.accounts.passwords import Passwords
from app.bootstrap import Services
from tests.api import API, PASSWORD, Person

EXTRA: Final[dict[str, Any]] = {
    "_id": "0" * 24,
    "id": "0" * 24,
    "role": "admin",
    "bootstrap": True,
    "email_verified": True,
    "emailVerified": True,
    "auth_provider": "github",
    "provider_user_id": "1",
    "created_at": "2001-01-01T00:00:00Z",
    "createdAt": "2001-01-01T00:00:00Z",
    "deactivated_at": "2001-01-01T00:00:00Z",
    "owner_id": "0" * 24,
    "user_id": "0" * 24,
    "$set": {"role": "admin"},
    "__proto__": {"role": "admin"},
}


def test_sign_up_takes_name_email_and_password_only(anonymous: FlaskClient, services: Services, admin: Person) -> None:
    services.passwords = Passwords(cost=4)
    services.db["users"].update_one({"_id": admin.user.id}, {"$set": {"bootstrap": True}})
    form = {"name": "Eve", "email": "eve@example.org", "password": "a fine long one"}

    answer = anonymous.post(f"{API}/auth/register", json=EXTRA | form | {"inviteCode": services.invites.current_code()})

    assert answer.status_code == 201
    stored = services.db["users"].find_one({"email": "eve@example.org"}) or {}
    fields = {"_id", "email", "name", "password", "role", "email_verified", "invite_id", "created_at", "updated_at"}
    assert set(stored) == fields
    assert (stored["role"], stored["email_verified"], str(stored["_id"])) != ("admin", True, "0" * 24)
    assert stored["created_at"].year > 2001


def test_a_profile_has_one_field_to_change(services: Services, person: Person) -> None:
    before = services.db["users"].find_one({"_id": person.user.id}) or {}

    answer = person.client.put(f"{API}/profile", json=EXTRA | {"name": "Eve", "email": "x@y.zz", "password": "new"})

    after = services.db["users"].find_one({"_id": person.user.id}) or {}
    assert answer.status_code == 200
    assert {name for name in before | after if before.get(name) != after.get(name)} == {"name", "updated_at"}


def test_a_password_change_changes_the_password_only(services: Services, person: Person) -> None:
    services.passwords = Passwords(cost=4)
    before = services.db["users"].find_one({"_id": person.user.id}) or {}

    answer = person.client.put(
        f"{API}/profile/password", json=EXTRA | {"currentPassword": PASSWORD, "newPassword": "another fine one"}
    )

    after = services.db["users"].find_one({"_id": person.user.id}) or {}
    changed = {name for name in before | after if before.get(name) != after.get(name)}
    assert answer.status_code == 200
    assert changed == {"password", "password_changed_at", "updated_at"}


def test_an_invite_has_three_fields(services: Services, admin: Person) -> None:
    extra = EXTRA | {"uses": -5, "uses_left": 99, "current": True, "code_hash": "x", "inviteCode": "MINE"}

    answer = admin.client.post(f"{API}/settings/invites", json=extra | {"role": "viewer"})

    invite = services.invites.list_newest()[0]
    assert answer.status_code == 201
    assert (invite.uses, invite.uses_left, invite.current, invite.role) == (0, 1, False, "viewer")
    assert invite.created_by == admin.user.id
    assert (answer.json or {})["inviteCode"] != "MINE"
