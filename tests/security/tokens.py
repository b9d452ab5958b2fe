"""Tokens that somebody made by hand, each as near to a good one as the attack allows."""

import base64
import hmac
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import jwt

from app.accounts.tokens import key_id
from app.bootstrap import Services
from tests.api import Person

HASHES: Final = {"HS256": "sha256", "HS384": "sha384", "HS512": "sha512"}


@dataclass(frozen=True, slots=True)
class Forge:
    """Signs what it is given, starting from a person's own good token."""

    services: Services
    person: Person

    def token(
        self,
        *,
        header: dict[str, Any] | None = None,
        claims: dict[str, Any] | None = None,
        secret: bytes | None = None,
        sign: Callable[[bytes], bytes] | None = None,
    ) -> str:
        """The person's token but for what is named.

        Args:
            header, claims: changed entries; None as a value removes one.
            secret: signs by HMAC as `alg` says, else the server's own.
            sign: makes the signature instead.
        """
        own_header = jwt.get_unverified_header(self.person.token)
        own_claims = jwt.decode(self.person.token, options={"verify_signature": False})
        header, claims = _changed(own_header, header or {}), _changed(own_claims, claims or {})
        signed = f"{_part(header)}.{_part(claims)}".encode()
        key = self.services.settings.jwt_secret.encode() if secret is None else secret
        digest = HASHES.get(str(header.get("alg")), "sha256")
        signature = sign(signed) if sign else hmac.digest(key, signed, digest)
        return f"{signed.decode()}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"

    @property
    def kid(self) -> str:
        return key_id(self.services.settings.jwt_secret)


def _changed(values: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in (values | changes).items() if value is not None}


def _part(value: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()
