"""The API on a fresh database, and clients that are signed in. Fixtures for `tests/integration` and `tests/security`.

Nobody pays for bcrypt here but those who test it: people are put into the store with a known hash.
"""

import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import bcrypt
import pytest
from bson import ObjectId
from flask import Flask
from flask.testing import FlaskClient
from pymongo.database import Database
from pymongo.uri_parser import parse_uri

from app import create_app
from app.accounts.callers import Caller
from app.accounts.models import User
from app.accounts.store import UserStore
from app.bootstrap import Services
from app.clock import Clock
from app.http.principal import Principal
from app.http.principal import Role as RoleName
from app.settings import Settings

API: Final = "/v1/api"
PASSWORD: Final = "correct horse battery"
PASSWORD_HASH: Final = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode()
BROWSER: Final = Caller(ip="192.0.2.7", user_agent="Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko Firefox/140.0")


@dataclass(frozen=True)
class Person:
    """Somebody with an account, who is signed in: `client` sends their token with each request."""

    user: User
    token: str
    client: FlaskClient
    principal: Principal

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}


def test_settings(mongo_uri: str, redis_url: str, **changes: Any) -> Settings:
    """Valid settings for these servers; name only what the test is about."""
    values: dict[str, Any] = {
        "mongo_uri": mongo_uri,
        "redis_url": redis_url,
        "jwt_secret": "jwt-" + "0123456789abcdef" * 3,
        "encryption_key": "encryption-" + "0123456789abcdef" * 2,
        "import_image_facts": False,  # no registry on the internet
        "rate_limit_enabled": False,  # a test sends more in a second than a person
    }
    return Settings(**(values | changes))


test_settings.__test__ = False  # type: ignore[attr-defined]  # a builder, no test


def make_services(
    db: Database[dict[str, Any]], mongo_uri: str, redis_url: str, *, clock: Clock | None = None, **changes: Any
) -> Services:
    """Services over this very database, with its indexes. Call `close_services` when done."""
    uri = mongo_uri.replace(f"/{parse_uri(mongo_uri)['database'] or ''}?", f"/{db.name}?", 1)
    services = Services(test_settings(uri, redis_url, **changes), application="test", clock=clock)
    assert services.db.name == db.name, "MONGO_URI must have a path and a query, such as mongodb://host/kubeorch?x=y"
    services.prepare_store()
    return services


def close_services(services: Services) -> None:
    services.db.client.close()


def a_user(services: Services, *, role: RoleName = "user", email: str = "", name: str = "Ada", **fields: Any) -> User:
    """A user in the store, with `PASSWORD`."""
    user_id = ObjectId()
    values = {"email": email or f"{user_id}@example.org", "name": name, "role": role, "password": PASSWORD_HASH}
    user = User(id=user_id, created_at=services.clock.now(), **(values | fields))
    UserStore(services.db).insert(user)
    return user


def sign_in(app: Flask, services: Services, user: User, *, caller: Caller = BROWSER) -> Person:
    """A session for them, and a client that uses it."""
    token = services.sessions.begin(user, caller, method="password").token
    client = app.test_client()
    client.environ_base |= {
        "HTTP_AUTHORIZATION": f"Bearer {token}",
        "HTTP_USER_AGENT": caller.user_agent,
        "REMOTE_ADDR": caller.ip,
    }
    return Person(user, token, client, services.authenticator.authenticate(token))


def a_person(app: Flask, services: Services, *, role: RoleName = "user", **fields: Any) -> Person:
    """A signed-in person of this role."""
    return sign_in(app, services, a_user(services, role=role, **fields))


@pytest.fixture
def services(db: Database[dict[str, Any]], mongo_uri: str, redis_url: str) -> Iterator[Services]:
    """All services, on a fresh database, with the real clock."""
    made = make_services(db, mongo_uri, redis_url)
    yield made
    close_services(made)


@pytest.fixture
def app(services: Services) -> Flask:
    return create_app(services)


@pytest.fixture
def person(app: Flask, services: Services) -> Person:
    """A signed-in user (role `user`)."""
    return a_person(app, services)


@pytest.fixture
def admin(app: Flask, services: Services) -> Person:
    """A signed-in admin."""
    return a_person(app, services, role="admin", email=f"admin-{secrets.token_hex(3)}@example.org")


@pytest.fixture
def api(person: Person) -> FlaskClient:
    """A client that sends the token of `person` with each request. Paths begin with `/v1/api`."""
    return person.client


@pytest.fixture
def anonymous(app: Flask) -> FlaskClient:
    """A client without a token."""
    return app.test_client()
