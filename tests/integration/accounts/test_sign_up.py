"""`POST /auth/register`: the table of the contract, row by row, in its order."""

from flask.testing import FlaskClient

from tests.api import API

FORM = {"name": "Ada", "email": "ada@example.org", "password": "a fine long one"}


def test_the_first_person_becomes_admin_and_is_signed_in(anonymous: FlaskClient) -> None:
    answer = anonymous.post(f"{API}/auth/register", json=FORM)

    assert answer.status_code == 201, answer.text
    assert answer.json is not None
    assert answer.json["user"]["role"] == "admin"
    token = answer.json["token"]
    profile = anonymous.get(f"{API}/profile", headers={"Authorization": f"Bearer {token}"})
    assert profile.json == {"user": answer.json["user"]}
