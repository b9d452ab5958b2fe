"""2. `jwk`, `jku`, `x5u` or an unknown `kid` in the header is refused and nothing is fetched (CVE-2026-27962)."""

import base64
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient

from app.bootstrap import Services
from tests.api import Person
from tests.security.tokens import Forge

OWN = b"a key of the attacker's own, long enough"


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """Would hear of it, if anybody fetched a key."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        yield server


def test_a_key_that_the_token_brings_along_is_not_used(
    anonymous: FlaskClient, services: Services, person: Person, listener: socket.socket
) -> None:
    forge = Forge(services, person)
    url = f"http://127.0.0.1:{listener.getsockname()[1]}/keys.json"
    own_jwk = {"kty": "oct", "alg": "HS256", "k": base64.urlsafe_b64encode(OWN).decode()}
    headers: list[dict[str, Any]] = [
        {"jwk": own_jwk},
        {"jku": url},
        {"x5u": url},
        {"x5c": [base64.b64encode(OWN).decode()]},
        {"kid": "00000000"},
        {"kid": ""},
        {"kid": None},
        {"kid": "../../dev/null"},
        {"kid": url},
        {"kid": {"$ne": None}},
        {"kid": [forge.kid]},
    ]

    for header in headers:
        for secret in (OWN, b"", None):  # None: even signed with our key
            token = forge.token(header=header, secret=secret)
            for method, path in (("GET", "/v1/api/profile"), ("POST", "/v1/api/auth/refresh")):
                answer = anonymous.open(path, method=method, headers={"Authorization": f"Bearer {token}"})
                assert answer.status_code == 401, f"{header} on {path}"

    with pytest.raises(BlockingIOError):  # nobody has knocked
        listener.accept()
