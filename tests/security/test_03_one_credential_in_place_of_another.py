"""3. Each kind of credential is refused in the place of another; `aud` is checked (CVE-2023-22482; ASVS 9.2.2).

API tokens, exec tickets and OAuth codes join when they exist.
"""

from typing import Any

from flask.testing import FlaskClient

from app.bootstrap import Services
from tests.api import Person
from tests.security.tokens import Forge

FORM = {"name": "Eve", "email": "eve@example.org", "password": "a fine long one"}


def test_a_token_for_another_audience_issuer_or_use_opens_nothing(
    anonymous: FlaskClient, services: Services, person: Person
) -> None:
    forge = Forge(services, person)
    changes: list[dict[str, Any]] = [
        {"aud": "another-service"},
        {"aud": None},
        {"aud": []},
        {"iss": "another-service"},
        {"iss": None},
        {"type": "exec"},
        {"type": "refresh"},
        {"type": None},
        {"sid": None},
        {"jti": None},
        {"sub": "0" * 24},
    ]

    for claims in changes:
        headers = {"Authorization": f"Bearer {forge.token(claims=claims)}"}
        assert anonymous.get("/v1/api/profile", headers=headers).status_code == 401, claims
        assert anonymous.post("/v1/api/auth/refresh", headers=headers).status_code == 401, claims


def test_an_invite_code_or_a_session_id_is_no_token(anonymous: FlaskClient, services: Services, person: Person) -> None:
    for text in (services.invites.current_code(), person.principal.session_id, str(person.user.id)):
        headers = {"Authorization": f"Bearer {text}"}
        assert anonymous.get("/v1/api/profile", headers=headers).status_code == 401
        assert anonymous.post("/v1/api/auth/refresh", headers=headers).status_code == 401


def test_a_token_or_a_session_id_is_no_invite_code(anonymous: FlaskClient, services: Services, admin: Person) -> None:
    services.db["users"].update_one({"_id": admin.user.id}, {"$set": {"bootstrap": True}})

    for code in (admin.token, admin.principal.session_id, str(admin.user.id)):
        answer = anonymous.post("/v1/api/auth/register", json=FORM | {"inviteCode": code})
        assert (answer.status_code, (answer.json or {})["error"]) == (403, "Valid invite code required")
