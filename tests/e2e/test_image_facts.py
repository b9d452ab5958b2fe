"""What a real registry tells, by the route and in an import, through the API's own server."""

import base64
import json
from typing import Any

import pytest

from launcher.api import ApiError
from tests.stand_ins import REGISTRY
from tests.system import System

PROJECT = f"""\
services:
  web: {{image: "{REGISTRY}/web:1"}}
  other: {{image: "127.0.0.1:1/other:1"}}
"""


def test_a_real_registry_tells_about_its_images(system: System) -> None:
    found = system.api.call("GET", f"/registries/image-facts?image={REGISTRY}/web:1")

    assert found["digest"].startswith("sha256:")
    assert (found["platforms"], found["workingDir"], found["envNames"]) == (["linux/amd64"], "/", ["PATH"])
    assert found["cmd"][0] == "/bin/httpd"
    with pytest.raises(ApiError, match="has no image"):
        system.api.call("GET", f"/registries/image-facts?image={REGISTRY}/web:nope")


def test_an_import_asks_it(system: System) -> None:
    content = base64.b64encode(PROJECT.encode()).decode()
    body: dict[str, Any] = {"source": "file", "fileName": "compose.yaml", "fileContent": content}

    analyzed = system.api.call("POST", "/import/analyze", body | {"options": {"imageFacts": True}})

    (finding,) = [one for one in analyzed["analysis"]["findings"] if one["code"] == "NO_IMAGE_FACTS"]
    assert "other:1" in finding["message"], json.dumps(finding)
    assert f"{REGISTRY}/web" not in finding["message"]
