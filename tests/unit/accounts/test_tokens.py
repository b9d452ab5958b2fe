"""Access tokens: what is in one, and everything that makes one worthless."""

import base64
import hmac
import json
from datetime import timedelta
from typing import Any

import jwt
import pytest
from bson import ObjectId

from app.accounts.tokens import Claims, Tokens, key_id
from app.errors import UnauthorizedError
from tests.fake_clock import FakeClock

SECRET = "a secret of at least 32 characters"
OLD_SECRET = "an older one that still verifies it"
USER_ID = ObjectId()
DAY = timedelta(days=1).total_seconds()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def tokens(clock: FakeClock) -> Tokens:
    return Tokens(SECRET, [OLD_SECRET], clock)


def issued(tokens: Tokens, clock: FakeClock) -> str:
    return tokens.issue(
        user_id=USER_ID, email="ada@example.org", role="user", session_id="s", jti="j", auth_time=clock.now()
    )


def forged(clock: FakeClock, *, secret: str = SECRET, header: dict[str, Any] | None = None, **changes: Any) -> str:
    """Signed with our key, but for what is named."""
    now = int(clock.now().timestamp())
    claims = {
        "user_id": str(USER_ID),
        "sub": str(USER_ID),
        "iat": now,
        "nbf": now,
        "exp": now + 60,
        "iss": "kubeorch",
        "aud": "kubeorch",
        "jti": "j",
        "sid": "s",
        "auth_time": now,
        "type": "access",
    }
    claims = {name: value for name, value in (claims | changes).items() if value is not None}
    return sign({"alg": "HS256", "typ": "JWT", "kid": key_id(secret)} | (header or {}), claims, secret)


def sign(header: dict[str, Any], claims: dict[str, Any], secret: str) -> str:
    """By hand: the library refuses to make the worst ones."""
    parts = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in (header, claims)]
    signature = hmac.digest(secret.encode(), b".".join(parts), "sha256")
    return b".".join([*parts, base64.urlsafe_b64encode(signature).rstrip(b"=")]).decode()


def test_a_token_holds_the_claims_of_the_contract(tokens: Tokens, clock: FakeClock) -> None:
    token = issued(tokens, clock)

    now = int(clock.now().timestamp())
    assert jwt.get_unverified_header(token) == {"alg": "HS256", "typ": "JWT", "kid": key_id(SECRET)}
    assert jwt.decode(token, options={"verify_signature": False}) == {
        "user_id": str(USER_ID),
        "sub": str(USER_ID),
        "email": "ada@example.org",
        "role": "user",
        "iat": now,
        "nbf": now,
        "exp": now + DAY,
        "iss": "kubeorch",
        "aud": "kubeorch",
        "jti": "j",
        "sid": "s",
        "auth_time": now,
        "type": "access",
    }


def test_reading_gives_back_what_was_issued(tokens: Tokens, clock: FakeClock) -> None:
    begun = clock.now()
    token = issued(tokens, clock)

    clock.advance(DAY / 2)

    assert tokens.read(token) == Claims(
        user_id=USER_ID,
        session_id="s",
        jti="j",
        auth_time=begun,
        not_before=begun,
        expires_at=begun + timedelta(days=1),
    )


def test_a_token_lives_24_hours_and_a_minute_of_grace(tokens: Tokens, clock: FakeClock) -> None:
    token = issued(tokens, clock)

    clock.advance(DAY + 59)
    tokens.read(token)
    clock.advance(1)

    with pytest.raises(UnauthorizedError, match="Invalid or expired token"):
        tokens.read(token)
    assert tokens.read(token, expired_too=True).session_id == "s"


def test_a_host_whose_clock_is_a_minute_slow_still_takes_it(tokens: Tokens, clock: FakeClock) -> None:
    token = issued(tokens, clock)

    clock.jump_wall_time(-60)
    tokens.read(token)
    clock.jump_wall_time(-1)

    with pytest.raises(UnauthorizedError):
        tokens.read(token)


def test_a_replaced_key_still_verifies_while_it_is_listed(clock: FakeClock) -> None:
    token = issued(Tokens(OLD_SECRET, [], clock), clock)

    assert Tokens(SECRET, [OLD_SECRET], clock).read(token).session_id == "s"
    with pytest.raises(UnauthorizedError):
        Tokens(SECRET, [], clock).read(token)


def test_the_builder_of_forged_tokens_makes_a_good_one_when_nothing_is_changed(
    tokens: Tokens, clock: FakeClock
) -> None:
    assert tokens.read(forged(clock)).user_id == USER_ID


@pytest.mark.parametrize(
    "fault",
    [
        {"iss": "elsewhere"},
        {"aud": "elsewhere"},
        {"aud": None},
        {"sid": None},
        {"jti": None},
        {"exp": None},
        {"nbf": None},
        {"auth_time": None},
        {"type": "exec"},
        {"type": None},
        {"user_id": "65f1a2b3c4d5e6f708192a3b"},
        {"user_id": "x", "sub": "x"},
        {"sid": 7},
        {"exp": "soon"},
        {"exp": 10**30},
        {"secret": "a secret that nobody has listed here"},
        {"header": {"kid": "00000000"}},
        {"header": {"kid": 7}},
        {"header": {"kid": ["x"]}},
        {"header": {"alg": "none"}},
        {"header": {"alg": "HS512"}},
        {"header": {"alg": "RS256"}},
        {"header": {"jku": "https://example.org/keys"}},
        {"header": {"x5u": "https://example.org/cert"}},
        {"header": {"jwk": {"kty": "oct", "k": "AAAA"}}},
        {"header": {"crit": ["b64"], "b64": False}},
    ],
    ids=str,
)
def test_every_fault_of_a_token_reads_the_same(fault: dict[str, Any], tokens: Tokens, clock: FakeClock) -> None:
    token = forged(clock, **fault)

    with pytest.raises(UnauthorizedError) as refused:
        tokens.read(token)

    assert str(refused.value) == "Invalid or expired token"


@pytest.mark.parametrize("text", ["", "x", "a.b.c", "....", "é.é.é", "null", "e30.e30.e30", "\x00", "x" * 10_000])
def test_no_token_at_all_reads_the_same(text: str, tokens: Tokens) -> None:
    with pytest.raises(UnauthorizedError, match=r"^Invalid or expired token$"):
        tokens.read(text)
