"""/git/credentials and /git/refs over HTTP."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from pymongo.database import Database

from app.bootstrap import Services
from tests.api import API, Person, a_person, admin, anonymous, api, app, close_services, make_services, person
from tests.git_clones import ADA
from tests.git_server import GitServer

__all__ = ["admin", "anonymous", "api", "app", "person"]  # fixtures


@pytest.fixture
def services(db: Database[dict[str, Any]], mongo_uri: str, redis_url: str, tmp_path: Path) -> Iterator[Services]:
    """As an operator would set it up for a Git host of their own without TLS."""
    made = make_services(
        db, mongo_uri, redis_url, git_allow_http=True, outbound_allowlist=("127.0.0.1",), work_dir=tmp_path / "work"
    )
    yield made
    close_services(made)


def test_credentials_are_stored_listed_and_removed_and_never_shown(person: Person) -> None:
    body = {"host": "GitHub.com", "pathPrefix": "Acme", "username": "ada", "token": "s3cret-canary"}
    added = person.client.post(f"{API}/git/credentials", json=body)
    listed = person.client.get(f"{API}/git/credentials")

    assert added.status_code == 201
    (credential,) = listed.get_json()["credentials"]
    assert credential == added.get_json()["credential"]
    assert credential.keys() == {"id", "host", "pathPrefix", "username", "createdAt"}
    assert (credential["host"], credential["pathPrefix"]) == ("github.com", "acme")
    assert "s3cret-canary" not in added.text + listed.text

    removed = person.client.delete(f"{API}/git/credentials/{credential['id']}")
    assert (removed.status_code, removed.text) == (204, "")
    assert person.client.get(f"{API}/git/credentials").json == {"credentials": []}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"token": "t"}, "host"),
        ({"host": "github.com"}, "token"),
        ({"host": "github.com", "token": ""}, "token"),
        ({"host": "https://github.com", "token": "t"}, "host"),
        ({"host": "github.com", "token": "s3cret\nhost=evil"}, "token"),
        ({"host": "github.com", "token": ["s3cret"]}, "token"),
    ],
)
def test_what_can_not_be_stored_names_its_field(person: Person, body: dict[str, Any], field: str) -> None:
    answer = person.client.post(f"{API}/git/credentials", json=body)

    assert answer.status_code == 400
    assert field in answer.get_json()["details"]
    assert "s3cret" not in answer.text


def test_an_id_that_is_none_is_a_400_and_an_unknown_one_a_404(person: Person) -> None:
    bad = person.client.delete(f"{API}/git/credentials/x")
    unknown = person.client.delete(f"{API}/git/credentials/{'0' * 24}")

    assert (bad.status_code, bad.get_json()["error"]) == (400, "Invalid Git credential ID")
    assert (unknown.status_code, unknown.get_json()["error"]) == (404, "Git credential not found")


def test_a_viewer_may_not_store_any(app: Flask, services: Services) -> None:
    viewer = a_person(app, services, role="viewer").client

    assert viewer.post(f"{API}/git/credentials", json={"host": "github.com", "token": "t"}).status_code == 403
    assert viewer.get(f"{API}/git/credentials").status_code == 200


def test_refs_are_listed_with_the_callers_stored_credential(
    app: Flask, services: Services, person: Person, server: GitServer
) -> None:
    author = server.repository()
    author.commit({"a": "1"}, branch="dev")
    author.tag("v1", author.commit({"a": "1"}))
    server.passwords = {ADA.username: ADA.token}
    url = f"{server.url}/team/app"

    without = person.client.get(f"{API}/git/refs", query_string={"url": url})
    stored = {"host": server.host, "username": ADA.username, "token": ADA.token}
    assert person.client.post(f"{API}/git/credentials", json=stored).status_code == 201
    within = person.client.get(f"{API}/git/refs", query_string={"url": url})
    others = a_person(app, services).client.get(f"{API}/git/refs", query_string={"url": url})

    assert (without.status_code, without.get_json()["code"]) == (404, "GIT_NOT_FOUND")
    assert within.get_json() == {"defaultBranch": "main", "branches": ["main", "dev"], "tags": ["v1"]}
    assert others.status_code == 404
    assert "lastUsedAt" in person.client.get(f"{API}/git/credentials").get_json()["credentials"][0]


@pytest.mark.parametrize(
    ("url", "status", "code"),
    [
        ("", 400, None),
        ("ext::sh -c id", 400, "INVALID_URL"),
        ("https://127.0.0.2/a/b", 403, "HOST_NOT_ALLOWED"),
        ("https://169.254.169.254/a/b", 403, "HOST_NOT_ALLOWED"),
        ("https://nowhere.invalid/a/b", 502, "GIT_UNREACHABLE"),
    ],
)
def test_what_can_not_be_asked_has_its_status(person: Person, url: str, status: int, code: str | None) -> None:
    answer = person.client.get(f"{API}/git/refs", query_string={"url": url})

    assert (answer.status_code, answer.get_json().get("code")) == (status, code)


def test_a_hosts_refusal_signs_nobody_out(person: Person, server: GitServer) -> None:
    server.repository()
    server.passwords = {ADA.username: ADA.token}

    answer = person.client.get(f"{API}/git/refs", query_string={"url": f"http://ada:old-token@{server.host}/team/app"})

    assert (answer.status_code, answer.get_json()["code"]) == (400, "GIT_AUTH_FAILED")
    assert "old-token" not in answer.text
