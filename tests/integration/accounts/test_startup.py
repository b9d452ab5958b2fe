"""What start-up does to a database that the earlier backend, or nobody, has used."""

from datetime import UTC, datetime
from typing import Any

from bson import ObjectId
from pymongo.database import Database

from tests.api import close_services, make_services

OLD = datetime(2024, 1, 1, tzinfo=UTC)
NEWER = datetime(2025, 1, 1, tzinfo=UTC)


def an_old_user(db: Database[dict[str, Any]], email: str, **fields: Any) -> ObjectId:
    raw = {"email": email, "name": "Old", "password": "$2a$12$x", "role": "user", "created_at": OLD}
    return ObjectId(str(db["users"].insert_one(raw | fields).inserted_id))


def test_emails_become_lower_case_and_the_newer_of_two_that_collide_is_left(
    db: Database[dict[str, Any]], mongo_uri: str, redis_url: str
) -> None:
    newer = an_old_user(db, "ADA@example.org", created_at=NEWER)
    older = an_old_user(db, "Ada@Example.org")

    close_services(make_services(db, mongo_uri, redis_url))

    emails = {raw["_id"]: raw["email"] for raw in db["users"].find()}
    assert emails == {older: "ada@example.org", newer: "ADA@example.org"}


def test_the_oldest_admin_gets_the_mark_and_keeps_it(
    db: Database[dict[str, Any]], mongo_uri: str, redis_url: str
) -> None:
    an_old_user(db, "first@example.org")
    newer = an_old_user(db, "b@example.org", role="admin", created_at=NEWER)
    older = an_old_user(db, "a@example.org", role="admin")

    close_services(make_services(db, mongo_uri, redis_url))
    db["users"].update_one({"_id": newer}, {"$set": {"created_at": datetime(2020, 1, 1, tzinfo=UTC)}})
    close_services(make_services(db, mongo_uri, redis_url))

    assert [raw["_id"] for raw in db["users"].find({"bootstrap": True})] == [older]


def test_a_lone_provider_or_identity_goes(db: Database[dict[str, Any]], mongo_uri: str, redis_url: str) -> None:
    an_old_user(db, "a@example.org", auth_provider="github", provider_user_id="")
    an_old_user(db, "b@example.org", auth_provider="", provider_user_id="")
    an_old_user(db, "c@example.org", provider_user_id="7")
    an_old_user(db, "d@example.org", auth_provider="github", provider_user_id="7")

    close_services(make_services(db, mongo_uri, redis_url))

    kept = [
        raw["email"]
        for raw in db["users"].find(
            {"$or": [{"auth_provider": {"$exists": True}}, {"provider_user_id": {"$exists": True}}]}
        )
    ]
    assert kept == ["d@example.org"]


def test_configured_invite_values_count_at_the_first_start_only(
    db: Database[dict[str, Any]], mongo_uri: str, redis_url: str
) -> None:
    first = make_services(db, mongo_uri, redis_url, invite_code="our-own-code", regenerate_invite_after_signup=False)
    assert first.invites.current_code() == "our-own-code"
    assert first.invites.check("OUR-OWN-CODE").uses_left is None
    first.invites.set_regenerates(True)
    close_services(first)

    second = make_services(db, mongo_uri, redis_url, invite_code="another-code", regenerate_invite_after_signup=False)

    assert second.invites.current_code() == "our-own-code"
    assert second.invites.regenerates()
    close_services(second)
