"""Imports that ask a registry: an upload, the same with other options, and a repository."""

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from pymongo.database import Database

from app.bootstrap import Services
from tests.api import API, close_services, make_services
from tests.git_server import GitServer
from tests.imports import upload
from tests.integration.imports.test_repositories import worked
from tests.registry_server import Handler, RegistryServer


@pytest.fixture
def registry() -> Iterator[RegistryServer]:
    with RegistryServer() as server:
        server.image("api", "1", ExposedPorts={"9000/tcp": {}}, User="1001")
        yield server


@pytest.fixture
def host(tmp_path: Path, registry: RegistryServer) -> Iterator[GitServer]:
    with GitServer(tmp_path / "repositories") as server:
        server.repository("team/app").commit({"compose.yaml": project(registry)})
        yield server


@pytest.fixture
def services(
    db: Database[dict[str, Any]],
    mongo_uri: str,
    redis_url: str,
    registry: RegistryServer,
    host: GitServer,
    tmp_path: Path,
) -> Iterator[Services]:
    """As operators have it who change nothing but which hosts may be private."""
    made = make_services(
        db,
        mongo_uri,
        redis_url,
        import_image_facts=True,
        registry_insecure_hosts=(registry.host,),
        outbound_allowlist=(host.host,),
        git_allow_http=True,
        work_dir=tmp_path / "work",
    )
    yield made
    close_services(made)


def project(registry: RegistryServer) -> str:
    return f"services: {{api: {{image: '{registry.host}/api:1', volumes: ['data:/data']}}}}\nvolumes: {{data: }}\n"


def of_api(analysis: dict[str, Any]) -> dict[str, Any]:
    (data,) = [one["data"] for one in analysis["suggestedNodes"] if one["type"] == "statefulset"]
    return dict(data)


def missing(analysis: dict[str, Any]) -> list[str]:
    return [one["message"] for one in analysis["findings"] if one["code"] == "NO_IMAGE_FACTS"]


def test_an_upload_knows_its_images(api: FlaskClient, registry: RegistryServer) -> None:
    answer = upload(api, project(registry))

    assert answer.status_code == 200, answer.text
    assert of_api(answer.json["analysis"])["port"] == 9000
    assert of_api(answer.json["analysis"])["securityContext"] == {"fsGroup": 1001}
    assert missing(answer.json["analysis"]) == []


def test_a_person_may_say_that_nobody_is_asked(api: FlaskClient, registry: RegistryServer) -> None:
    first = upload(api, project(registry), options=json.dumps({"imageFacts": False}))

    assert "port" not in of_api(first.json["analysis"])
    assert registry.seen == []

    again = api.put(f"{API}/import/{first.json['sessionId']}/options", json={"options": {"imageFacts": True}})
    assert again.status_code == 200, again.text
    assert of_api(again.get_json()["analysis"])["port"] == 9000


def test_a_file_in_the_request_knows_its_images(api: FlaskClient, registry: RegistryServer) -> None:
    content = base64.b64encode(project(registry).encode()).decode()
    body = {"source": "file", "fileName": "c.yaml", "fileContent": content}

    answer = api.post(f"{API}/import/analyze", json=body)

    assert of_api(answer.get_json()["analysis"])["port"] == 9000


def test_a_repository_knows_its_images(
    api: FlaskClient, services: Services, host: GitServer, registry: RegistryServer
) -> None:
    body = {"source": "git_url", "url": f"{host.url}/team/app", "branch": "main"}

    answer = worked(services, lambda: api.post(f"{API}/import/analyze", json=body))

    assert answer.status_code == 200, answer.text
    assert of_api(answer.get_json()["analysis"])["port"] == 9000


@pytest.mark.parametrize("answer", [lambda handler: handler.send(500), Handler.send_without_end])
def test_a_registry_that_answers_badly_stops_no_import(api: FlaskClient, registry: RegistryServer, answer: Any) -> None:
    registry.answer = answer

    imported = upload(api, project(registry))

    assert imported.status_code == 200, imported.text
    assert "port" not in of_api(imported.json["analysis"])
    assert f"{registry.host}/api:1" in missing(imported.json["analysis"])[0]


def test_an_image_on_a_private_address_is_not_asked_for(api: FlaskClient) -> None:
    answer = upload(api, "services: {api: {image: '127.0.0.1:1/api:1'}}")

    assert answer.status_code == 200, answer.text
    assert "not allowed here" in missing(answer.json["analysis"])[0]
