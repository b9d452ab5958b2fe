"""Bodies and answers of accounts."""

from datetime import UTC, datetime

import pytest
from bson import ObjectId
from pydantic import ValidationError

from app.accounts.models import Invite, RegisterBody, User, UserAnswer

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def a_user(**fields: object) -> User:
    return User.of({"_id": ObjectId(), "email": "ada@example.org", "name": "Ada", "created_at": NOW} | fields)


def test_a_user_has_the_same_seven_keys_everywhere() -> None:
    answer = UserAnswer.of(a_user(password="$2b$12$x")).as_json()

    assert set(answer) == {"id", "email", "name", "role", "avatarUrl", "createdAt", "authProvider"}
    digest = "cfe00dde46ef942601ffafb9e2825e802858b460e586b8305b344c1eb826357d"  # printf ada@example.org | sha256sum
    assert answer["avatarUrl"] == f"https://www.gravatar.com/avatar/{digest}?s=200&d=identicon"


@pytest.mark.parametrize(
    ("fields", "shown"),
    [
        ({"password": "$2b$12$x"}, ""),
        ({"password": "$2b$12$x", "auth_provider": "github"}, ""),
        ({"password": "", "auth_provider": "github"}, "github"),
        ({"password": ""}, ""),
    ],
)
def test_the_provider_is_named_only_for_accounts_without_password(fields: dict[str, str], shown: str) -> None:
    assert UserAnswer.of(a_user(**fields)).auth_provider == shown


def test_member_is_stored_and_sent_as_user() -> None:
    assert a_user(role="member").role == "user"


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        (" Ada@Example.ORG ", "ada@example.org"),
        ("ada@office.local", "ada@office.local"),
        ("root@localhost", "root@localhost"),
        ("ada@dev.test", "ada@dev.test"),
        ("änne@bücher.example", "änne@bücher.example"),
    ],
)
def test_e_mails_are_kept_in_lower_case(typed: str, kept: str) -> None:
    assert RegisterBody(name="Ada", email=typed, password="x").email == kept


@pytest.mark.parametrize(
    "typed", ["", "ada", "@example.org", "a b@example.org", "a@b@c", "a" * 250 + "@b.cd", "x@deleted.invalid"]
)
def test_what_is_no_e_mail_is_refused(typed: str) -> None:
    with pytest.raises(ValidationError):
        RegisterBody(name="Ada", email=typed, password="x")


@pytest.mark.parametrize(
    ("fields", "state"),
    [
        ({}, "active"),
        ({"uses_left": 1, "expires_at": datetime(2026, 1, 3, tzinfo=UTC)}, "active"),
        ({"expires_at": NOW}, "expired"),
        ({"uses_left": 0}, "used"),
        ({"uses_left": 0, "revoked_at": NOW}, "revoked"),
    ],
)
def test_state_of_an_invite(fields: dict[str, object], state: str) -> None:
    raw = {"_id": ObjectId(), "code_hash": "", "code_sealed": b"", "created_at": NOW}
    assert Invite.of(raw | fields).state(NOW) == state


def test_secrets_stay_out_of_reprs() -> None:
    form = RegisterBody(name="Ada", email="ada@example.org", password="canary", invite_code="canary")

    assert "canary" not in repr(form)
    assert "canary" not in repr(a_user(password="canary"))
