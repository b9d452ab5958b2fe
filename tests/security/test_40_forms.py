"""40. Form-encoded writes answer 415 (ASVS 3.5.2); hostile names are only data.

Unknown and non-JSON task messages: `tests/unit/jobs/test_messages.py` and `tests/integration/jobs/test_worker.py`.
"""

from flask.testing import FlaskClient

from app.bootstrap import Services
from tests.api import API, Person
from tests.workflows import a_cluster

HOSTILE = "javascript:alert(1)\x1b[2J\x1b]0;owned\x07<script>"


def test_40_forms_are_refused_and_do_nothing(api: FlaskClient, services: Services, person: Person) -> None:
    a_cluster(services, person.user.id)

    for form_type in ("application/x-www-form-urlencoded", "multipart/form-data"):
        answer = api.post(f"{API}/workflows", data={"name": "w", "cluster_id": "prod"}, content_type=form_type)
        assert answer.status_code == 415
        assert api.post(f"{API}/clusters", data={"name": "w"}, content_type=form_type).status_code == 415
        assert api.put(f"{API}/profile", data={"name": "w"}, content_type=form_type).status_code == 415

    assert services.db["workflows"].count_documents({}) == 0


def test_40_a_hostile_name_comes_out_as_json_and_escaped(api: FlaskClient, services: Services, person: Person) -> None:
    a_cluster(services, person.user.id)

    answer = api.post(f"{API}/workflows", json={"name": HOSTILE, "cluster_id": "prod"})

    for said in (answer, api.get(f"{API}/workflows"), api.get(f"{API}/workflows/{HOSTILE}")):
        assert said.mimetype == "application/json"
        assert said.headers["X-Content-Type-Options"] == "nosniff"
        assert "\x1b" not in said.text
        assert "\x07" not in said.text
