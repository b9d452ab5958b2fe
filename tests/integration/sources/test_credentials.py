"""People's credentials for Git hosts: sealed, one's own only, for exactly the host and path they are for."""

from typing import Any

import pytest
from bson import ObjectId
from pymongo.database import Database

from app.errors import ForbiddenError, NotFoundError
from app.sources.credentials import MOST, GitCredentials
from app.sources.models import CredentialInput, GitCredential, StoredCredential
from app.sources.store import INDEXES, GitCredentialStore
from app.sources.urls import TOKEN_USER, repository_of
from app.storage.mongo import ensure_indexes
from app.storage.sealed import Sealer
from tests.fake_clock import FakeClock

ADA, BOB = ObjectId(), ObjectId()
URL = "https://git.example.org/Acme/shop"


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def kept(db: Database[dict[str, Any]], clock: FakeClock) -> GitCredentials:
    ensure_indexes(db, INDEXES)
    return GitCredentials(GitCredentialStore(db), Sealer("a key for this test"), clock)


def add(
    kept: GitCredentials, token: str, host: str = "git.example.org", path: str = "", *, user: ObjectId = ADA
) -> ObjectId:
    given = CredentialInput(host=host, token=token, username="ada", path_prefix=path)
    return kept.add(user, given).id


def shown_to(kept: GitCredentials, url: str, *, user: ObjectId = ADA) -> str | None:
    """The token that this URL's host would get."""
    found = kept.for_repository(user, repository_of(url))
    return found.token if found else None


def test_a_stored_one_is_used_for_its_host(kept: GitCredentials) -> None:
    add(kept, "t")

    assert kept.for_repository(ADA, repository_of(URL)) == GitCredential("ada", "t")


@pytest.mark.parametrize(
    "url",
    [
        "https://git.example.org.evil.example/Acme/shop",
        "https://evil-git.example.org/Acme/shop",
        "https://example.org/Acme/shop",
        "https://sub.git.example.org/Acme/shop",
        "https://git.example.org:8443/Acme/shop",
        "http://git.example.org/Acme/shop",
        "https://evil.example/git.example.org/shop",
    ],
)
def test_no_other_host_port_or_scheme_gets_it(kept: GitCredentials, url: str) -> None:
    add(kept, "t")

    assert shown_to(kept, url) is None


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("git.example.org:3000", "https://git.example.org:3000/a/b"),
        ("git.example.org:3000", "http://git.example.org:3000/a/b"),
        ("git.example.org:80", "http://git.example.org/a/b"),
        ("[2001:db8::1]", "https://[2001:db8::1]/a/b"),
        ("[2001:db8::1]:80", "http://[2001:db8::1]/a/b"),
    ],
)
def test_a_host_without_tls_is_named_with_its_port(kept: GitCredentials, host: str, url: str) -> None:
    add(kept, "t", host)

    assert shown_to(kept, url) == "t"


def test_nobody_else_gets_it(kept: GitCredentials) -> None:
    add(kept, "t")

    assert shown_to(kept, URL, user=BOB) is None
    assert kept.of_user(BOB) == []


def test_the_longest_path_wins_by_whole_parts_whatever_its_case(kept: GitCredentials) -> None:
    add(kept, "host")
    add(kept, "group", path="ACME")
    add(kept, "repository", path="acme/shop")
    add(kept, "other", path="acme/shopping")

    assert shown_to(kept, URL) == "repository"
    assert shown_to(kept, f"{URL}.git") == "repository"
    assert shown_to(kept, "https://git.example.org/acme/shopfront") == "group"
    assert shown_to(kept, "https://git.example.org/acmecorp/shop") == "host"


def test_the_url_wins_over_the_request_and_that_over_what_is_kept(kept: GitCredentials) -> None:
    add(kept, "kept")
    asked = GitCredential("", "request")

    in_url = kept.for_repository(ADA, repository_of("https://eve:url@git.example.org/a/b"), asked)
    in_request = kept.for_repository(ADA, repository_of(URL), asked)
    empty = kept.for_repository(ADA, repository_of(URL), GitCredential("ada", ""))

    assert in_url == GitCredential("eve", "url")
    assert in_request == GitCredential(TOKEN_USER, "request")
    assert empty == GitCredential("ada", "kept")


def test_another_for_the_same_host_and_path_takes_its_place(kept: GitCredentials) -> None:
    first, second = add(kept, "old"), add(kept, "new")

    assert first == second
    assert shown_to(kept, URL) == "new"


def test_use_is_noted(kept: GitCredentials, clock: FakeClock) -> None:
    add(kept, "t")
    assert kept.of_user(ADA)[0].last_used_at is None

    shown_to(kept, URL)

    assert kept.of_user(ADA)[0].last_used_at == clock.now()


def test_a_removed_one_is_gone_and_others_can_not_remove_it(kept: GitCredentials) -> None:
    credential = add(kept, "t")

    with pytest.raises(NotFoundError):
        kept.remove(BOB, credential)
    kept.remove(ADA, credential)

    assert kept.of_user(ADA) == []
    with pytest.raises(NotFoundError):
        kept.remove(ADA, credential)


def test_there_is_a_limit(kept: GitCredentials) -> None:
    for number in range(MOST):
        kept.store.put(
            StoredCredential(id=ObjectId(), user_id=ADA, host=f"h{number}", username="u", created_at=kept.clock.now()),
            b"",
        )

    with pytest.raises(ForbiddenError, match="100"):
        add(kept, "t")
    add(kept, "t", user=BOB)


def test_it_is_sealed_and_opens_in_its_own_document_only(kept: GitCredentials, db: Database[dict[str, Any]]) -> None:
    add(kept, "t0ken-of-ada")
    add(kept, "t0ken-of-bob", user=BOB)
    of_ada = db["git_credentials"].find_one({"user_id": ADA}) or {}
    assert b"t0ken" not in bytes(of_ada["token"])

    db["git_credentials"].update_one({"user_id": BOB}, {"$set": {"token": of_ada["token"]}})

    assert shown_to(kept, URL, user=BOB) is None, "copied from another's document"
    assert shown_to(kept, URL) == "t0ken-of-ada"


def test_without_its_key_it_is_as_absent(kept: GitCredentials, db: Database[dict[str, Any]], clock: FakeClock) -> None:
    add(kept, "t")
    rotated = GitCredentials(GitCredentialStore(db), Sealer("another key"), clock)

    assert shown_to(rotated, URL) is None
