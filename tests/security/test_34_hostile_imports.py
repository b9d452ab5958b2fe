"""24, 30 to 35 by the routes of imports: what strangers upload or name is refused in time and memory, reads nothing
outside, and holds up nobody. The parts themselves are tested beside this, by their numbers."""

import base64
import json

import pytest

from tests.api import API
from tests.import_system import ImportSystem, system
from tests.imports import SHOP
from tests.security.test_34_compose_bombs import BOMBS, FINE

__all__ = ["system"]  # a fixture

MEBI = 1024 * 1024
FILES_NAMED = {"a variable that doubles", "an env file that doubles", "includes that multiply"}
"""They need more files or values than one upload has."""
INSIDE = [
    "http://127.0.0.1:1/a/b", "https://127.0.0.1/a/b", "https://localhost/a/b", "https://[::1]/a/b",
    "https://169.254.169.254/latest/meta-data", "https://[::ffff:10.0.0.1]/a/b", "https://10.0.0.1/a/c.yaml",
    "https://[64:ff9b::a00:1]/a/b", "https://100.64.0.1/a/b",
]  # fmt: skip
NO_ADDRESS = ["https://2130706433/a/b", "https://0x7f.1/a/b", "https://127.1/a/b", "https://user@/a/b"]


@pytest.fixture(scope="module", autouse=True)
def warm(system: ImportSystem) -> None:
    """What the first upload of a process loads is no part of a hostile one's time."""
    assert system.upload(SHOP.encode())[0] == 200


def content_of(bomb: str) -> bytes:
    content: str | bytes = eval(BOMBS[bomb])
    return content if isinstance(content, bytes) else content.encode()


def test_34_a_bomb_is_refused_in_processor_time_and_memory(system: ImportSystem) -> None:
    before = system.api.resident_bytes()

    for bomb in BOMBS.keys() - FILES_NAMED:
        used = system.api.cpu_s()
        status, answer = system.upload(content_of(bomb))
        assert status in ((200,) if bomb in FINE else (400, 413)), (bomb, answer)
        assert bomb in FINE or len(answer["error"]) > 10, bomb
        assert system.api.cpu_s() - used <= 3, bomb  # 2 for the file; the process has others to see to as well

    assert system.api.resident_bytes() - before <= 100 * MEBI, "all of them together, one after the other"
    assert system.upload(SHOP.encode())[0] == 200


def test_34_a_bomb_in_json_is_refused_too(system: ImportSystem) -> None:
    for bomb in ("aliases", "sequences", "double keys", "half a character"):
        content = base64.b64encode(content_of(bomb)).decode()
        body = {"source": "file", "fileName": "c.yaml", "fileContent": content}
        status, answer = system.api.call("POST", f"{API}/import/analyze", body, system.headers)
        assert status == 400, (bomb, answer)


def test_34_a_bomb_in_a_repository_fails_that_import_alone(system: ImportSystem) -> None:
    system.host.repository("team/bomb").commit({"compose.yaml": content_of("aliases")})
    body = {"source": "git_url", "url": f"{system.host.url}/team/bomb"}

    status, answer = system.api.call("POST", f"{API}/import/analyze", body, system.headers)

    assert (status, answer["code"]) == (400, "LIMIT_EXCEEDED"), answer
    assert system.analyze()["async"] is False, "the worker goes on"


def test_35_deep_and_large_bodies_are_refused(system: ImportSystem) -> None:
    deep = b'{"name": "w", "clusterId": "c", "analysis": ' + b'{"a":' * 70 + b"1" + b"}" * 71
    large = b'{"nodes": ["' + b"x" * (8 * MEBI) + b'"]}'

    for path, body, wanted in (("create-workflow", deep, 400), ("apply", deep, 400), ("apply", large, 413)):
        status, answer = system.api.call("POST", f"{API}/import/{path}", body, system.headers)
        assert status == wanted, (path, answer)


def test_24_addresses_inside_are_refused(system: ImportSystem) -> None:
    for url in INSIDE + NO_ADDRESS:
        body = {"source": "git_url", "url": url}
        status, answer = system.api.call("POST", f"{API}/import/analyze", body, system.headers)
        assert status in (400, 403), (url, answer)
        assert answer["code"] in ("INVALID_URL", "HOST_NOT_ALLOWED"), (url, answer)
        assert "10.0.0.1" not in answer["error"] or "10.0.0.1" in url, "the guard tells no address"


def test_30_an_upload_reads_nothing_of_this_machine(system: ImportSystem) -> None:
    project = """
services:
  web:
    image: web
    env_file: [../../../../../etc/passwd, /etc/passwd, {path: /proc/self/environ, required: false}]
    volumes: ["/etc/passwd:/x:ro", "../../../etc/shadow:/y:ro", "/var/run/docker.sock:/var/run/docker.sock"]
secrets: {s: {file: /etc/passwd}}
configs: {c: {file: ../../../../etc/hostname}}
"""

    status, answer = system.upload(project.encode())

    assert status == 200, answer
    text = json.dumps(answer["analysis"])
    assert "root:" not in text
    assert "JWT_SECRET" not in text
    assert not [node for node in answer["analysis"]["suggestedNodes"] if "docker.sock" in json.dumps(node)]
    assert "Docker's socket is never mounted" in json.dumps(answer["analysis"]["findings"]), "31: it is said"


def test_32_hostile_names_end_valid_or_refused(system: ImportSystem) -> None:
    names = ["$(id)", "a;b", "-rf", "../x", "a\nb", "UPPER_case", "x" * 300, "<script>", "a b", "'; drop", "${HOME}"]
    project = {"services": {name: {"image": "web", "environment": {"A": name}} for name in names}}

    status, answer = system.upload(json.dumps(project).replace("$", "$$").encode())

    assert status in (200, 400), answer
    nodes = answer["analysis"]["suggestedNodes"] if status == 200 else []
    for node in nodes:
        name = node["data"]["name"]
        assert name == name.lower(), name
        assert name.replace("-", "").isalnum(), name
        assert len(name) <= 63, name


def test_33_a_value_stays_that_very_text(system: ImportSystem) -> None:
    value = 'a"b\n---\nkind: Pod\n{{ x }} & * !!str |\u2028'
    project = {"services": {"web": {"image": "web", "environment": {"TEXT": value}}}}

    status, answer = system.upload(json.dumps(project).encode())

    assert status == 200, answer
    [config] = [node for node in answer["analysis"]["suggestedNodes"] if node["type"] == "configmap"]
    assert config["data"]["data"] == {"TEXT": value}
