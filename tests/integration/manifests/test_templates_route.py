"""GET /templates, as the canvas calls it."""

from flask.testing import FlaskClient

from app.manifests.catalogue import catalogue
from tests.api import API, anonymous, api, app, person, services

__all__ = ["anonymous", "api", "app", "person", "services"]  # fixtures


def test_the_canvas_gets_every_node_type(api: FlaskClient) -> None:
    answer = api.get(f"{API}/templates")

    assert answer.status_code == 200
    assert answer.json == {"templates": catalogue().listed()}
    assert len(answer.json["templates"]) == 12


def test_it_takes_a_sign_in(anonymous: FlaskClient) -> None:
    assert anonymous.get(f"{API}/templates").status_code == 401
