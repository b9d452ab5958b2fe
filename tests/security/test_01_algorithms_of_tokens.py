"""1. `alg: none`, RS/ES tokens and HMAC with a public key answer 401 on every route (CVE-2022-29217; ASVS 9.1.2)."""

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from flask import Flask
from flask.testing import FlaskClient

from app.bootstrap import Services
from tests.api import Person
from tests.security.every_route import guarded_routes
from tests.security.tokens import Forge


def forgeries(forge: Forge) -> dict[str, str]:
    rsa_key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    ec_key = ec.generate_private_key(ec.SECP256R1())
    public = rsa_key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )

    def by_rsa(signed: bytes) -> bytes:
        return rsa_key.sign(signed, padding.PKCS1v15(), hashes.SHA256())

    def by_ec(signed: bytes) -> bytes:
        return ec_key.sign(signed, ec.ECDSA(hashes.SHA256()))

    unsigned = {f"{alg} without a signature": {"alg": alg} for alg in ("none", "None", "NONE", "nOnE", "")}
    return {name: forge.token(header=header, sign=lambda _: b"") for name, header in unsigned.items()} | {
        "RS256": forge.token(header={"alg": "RS256"}, sign=by_rsa),
        "ES256": forge.token(header={"alg": "ES256"}, sign=by_ec),
        "HMAC with a public key": forge.token(secret=public),
        "HS384 with our key": forge.token(header={"alg": "HS384"}),
        "HS512 with our key": forge.token(header={"alg": "HS512"}),
        "HS256 with no key": forge.token(secret=b""),
        "HS256 without a signature": forge.token(sign=lambda _: b""),
        "no alg": forge.token(header={"alg": None}),
    }


def test_the_forge_makes_a_good_token_when_nothing_is_changed(
    anonymous: FlaskClient, services: Services, person: Person
) -> None:
    token = Forge(services, person).token()

    assert anonymous.get("/v1/api/profile", headers={"Authorization": f"Bearer {token}"}).status_code == 200


def test_other_algorithms_are_refused_on_every_route(
    app: Flask, anonymous: FlaskClient, services: Services, admin: Person
) -> None:
    tokens = forgeries(Forge(services, admin))

    for name, token in tokens.items():
        for route in guarded_routes(app):
            answer = route.call(anonymous, token)
            assert answer.status_code == 401, f"{name}: {route.method} {route.path} gave {answer.status_code}"
            assert (answer.json or {})["error"] == "Invalid or expired token"


def test_nor_do_they_refresh(anonymous: FlaskClient, services: Services, admin: Person) -> None:
    for name, token in forgeries(Forge(services, admin)).items():
        answer = anonymous.post("/v1/api/auth/refresh", headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == 401, name
