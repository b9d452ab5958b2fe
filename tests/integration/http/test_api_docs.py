"""The API's description: complete, valid, and readable without anything from elsewhere."""

import re

from flask import Flask
from flask.testing import FlaskClient
from openapi_spec_validator import OpenAPIV31SpecValidator

from app.http.openapi_document import build_document, undocumented


def test_every_route_is_described(app: Flask) -> None:
    assert undocumented(app) == [], "put @documented(...) on these views (app/http/openapi.py)"


def test_the_document_is_openapi_3_1(app: Flask) -> None:
    document = build_document(app, server="http://localhost:3000", version="1")

    assert document["openapi"] == "3.1.0"
    assert [error.message for error in OpenAPIV31SpecValidator(document).iter_errors()] == []


def test_guarded_routes_ask_for_the_token(app: Flask) -> None:
    paths = build_document(app, server="http://localhost:3000", version="1")["paths"]

    assert paths["/v1/api/workflows"]["get"]["security"] == [{"bearer": []}]
    assert {"401", "403", "429", "500"} <= set(paths["/v1/api/workflows"]["get"]["responses"])
    assert "security" not in paths["/v1/api/auth/login"]["post"]


def test_a_stream_names_its_events(app: Flask) -> None:
    paths = build_document(app, server="http://localhost:3000", version="1")["paths"]

    answer = paths["/v1/api/workflows/{workflow_id}/status/stream"]["get"]["responses"]["200"]

    assert "text/event-stream" in answer["content"]
    assert {"metadata", "node_update", "workflow_sync", "complete", "error"} <= set(answer["x-events"])


def test_the_page_takes_everything_from_here(anonymous: FlaskClient) -> None:
    for address, prefix in (("/v1/api-docs", "/v1/"), ("/v1/api-docs/", "/v1/api-docs/")):
        page = anonymous.get(address)
        links = re.findall(r'(?:src|href|data-document)="([^"]+)"', page.get_data(as_text=True))

        assert page.status_code == 200
        assert len(links) == 5
        for link in links:
            assert link.startswith("./")
            answer = anonymous.get(prefix + link.removeprefix("./"))
            assert answer.status_code == 200
            assert len(answer.data) > 100
        assert "default-src 'none'" in page.headers["Content-Security-Policy"]


def test_no_other_file_can_be_had(anonymous: FlaskClient) -> None:
    for name in ("plugins.py", "..%2f__init__.py", "%2e%2e/plugins.py", "swagger-ui.css.map"):
        assert anonymous.get(f"/v1/api-docs/files/{name}").status_code == 404
