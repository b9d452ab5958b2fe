"""Security check 18: an API-server error that repeats a Secret's value is scrubbed before anybody can see it."""

import base64
import traceback
from collections.abc import Iterator
from typing import Any

import pytest

from app.kube.client import KubeClient
from app.kube.discovery import Discovery
from app.kube.errors import ApiStatusError
from app.kube.objects import ObjectRef
from tests.unit.kube.scripted_server import Exchange, ScriptedServer, a_status

PASSWORD = 'hunter2-"quoted"'
PEM = "-----BEGIN KEY-----\nMIIEvgIBADANBg\n-----END KEY-----\n"
ENCODED = base64.b64encode(PASSWORD.encode()).decode()
ENCODED_PEM = base64.b64encode(PEM.encode()).decode()
SECRET = {
    "apiVersion": "v1",
    "kind": "Secret",
    "metadata": {"name": "s", "namespace": "ns"},
    "data": {"password": ENCODED, "key": ENCODED_PEM, "short": base64.b64encode(b"ab").decode(), "bad": "%%%"},
    "stringData": {"token": "plain-token"},
}
TELLTALE = (
    f'Secret "s" is invalid: data[password]: {ENCODED}; token plain-token; decoded {PASSWORD}; '
    'escaped hunter2-\\"quoted\\"; a line MIIEvgIBADANBg'
)
HIDDEN = [PASSWORD, 'hunter2-\\"quoted\\"', ENCODED, ENCODED_PEM, "plain-token", "MIIEvgIBADANBg"]


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    """An API server, or a webhook behind it, that repeats what it was sent."""

    def repeat(exchange: Exchange) -> None:
        causes = [{"reason": "FieldValueInvalid", "message": f"got {ENCODED}", "field": "data[plain-token]"}]
        exchange.answer(a_status(422, "Invalid", TELLTALE, causes=causes), 422)

    with ScriptedServer() as running:
        running.other = repeat
        yield running


def a_client(server: ScriptedServer) -> KubeClient:
    connection = server.connection()
    return KubeClient(connection, Discovery(connection))


def everything_said(client: KubeClient, write: str) -> str:
    """Text, causes, repr and the traceback that a log would have."""
    ref = ObjectRef.of(SECRET)
    calls: dict[str, Any] = {
        "apply": lambda: client.apply(SECRET),
        "create": lambda: client.create(SECRET),
        "patch": lambda: client.patch(ref, {"data": SECRET["data"], "stringData": SECRET["stringData"]}),
    }
    with pytest.raises(ApiStatusError) as refused:
        calls[write]()
    error = refused.value
    assert error.reason == "Invalid", "what is no secret stays"
    return " ".join([str(error), error.message, repr(error), repr(error.causes), *traceback.format_exception(error)])


@pytest.mark.parametrize("write", ["apply", "create", "patch"])
def test_18_no_spelling_of_a_value_is_repeated(server: ScriptedServer, write: str) -> None:
    said = everything_said(a_client(server), write)

    assert "***" in said
    assert [value for value in HIDDEN if value in said] == []


def test_18_what_isnt_a_secret_is_told_as_it_is(server: ScriptedServer) -> None:
    config_map = {**SECRET, "kind": "ConfigMap"}

    with pytest.raises(ApiStatusError) as refused:
        a_client(server).apply(config_map)

    assert str(refused.value) == TELLTALE
