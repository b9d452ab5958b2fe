"""No answer, log line or stored text of a cluster holds a credential (faults-and-checks 16; CVE-2025-55190)."""

import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
import yaml
from bson import ObjectId
from flask.testing import FlaskClient

from app.bootstrap import Services
from tests.clusters import CLUSTERS, add, encoded
from tests.integration.clusters.scripted import ScriptedApi, a_scripted_api, services
from tests.unit.clusters.certificates import a_pair
from tests.unit.clusters.test_kubeconfig import a_kubeconfig

__all__ = ["services"]  # fixtures

TOKEN = "canary-token-5e1f0c9d"
PAIR, AUTHORITY = a_pair(), a_pair("authority")


@pytest.fixture
def scripted() -> Iterator[ScriptedApi]:
    with a_scripted_api() as running:
        running.users = {TOKEN: "ada"}
        yield running


def key_body(pem: str) -> str:
    """The middle of a key: no part of it may be anywhere."""
    return pem.splitlines()[1][:40]


SECRETS = [TOKEN, TOKEN[:12], encoded(TOKEN)[:16], key_body(PAIR.key), "PRIVATE KEY"]


def assert_clean(text: str) -> None:
    for secret in SECRETS:
        assert secret not in text


def test_neither_answers_nor_logs_nor_the_store_show_one(
    api: FlaskClient,
    services: Services,
    scripted: ScriptedApi,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    both = {"clientCertData": encoded(PAIR.pem), "clientKeyData": encoded(PAIR.key), "caData": encoded(AUTHORITY.pem)}
    texts = []
    with structlog.testing.capture_logs() as lines:
        texts.append(add(api, "by-token", "token", {"token": TOKEN}, server=scripted.url).text)
        config = a_kubeconfig(user={"token": TOKEN}, cluster={"server": scripted.url})
        texts.append(add(api, "by-kubeconfig", "kubeconfig", {"kubeconfig": yaml.safe_dump(config)}).text)
        texts.append(add(api, "by-pair", "certificate", both, server=scripted.url, force=True).text)
        assert len(api.get(CLUSTERS).get_json()["clusters"]) == 3
        # A "cluster" that answers with what it was sent: it must not come back to everybody who sees the cluster.
        for status in (0, 500, 503, 401, 403, 409, 422, 429):
            scripted.failing_with = status
            for method, path in [
                ("POST", "/test"),
                ("POST", "/refresh"),
                ("GET", "/status"),
                ("GET", "/logs"),
                ("GET", ""),
            ]:
                texts.append(api.open(f"{CLUSTERS}/by-token{path}", method=method).text)
            texts.append(add(api, "mirrored", "token", {"token": TOKEN}, server=scripted.url).text)
            texts.append(api.put(f"{CLUSTERS}/by-token", json={"credentials": {"token": TOKEN + "x"}}).text)
        texts.append(api.get(CLUSTERS).text)

    for text in (*texts, str(lines), caplog.text, *capsys.readouterr()):
        assert_clean(text)
    for name in services.db.list_collection_names():
        assert_clean(str(list(services.db[name].find())))


def test_what_is_refused_is_not_repeated(api: FlaskClient, scripted: ScriptedApi) -> None:
    refused: list[tuple[str, dict[str, Any]]] = [
        ("token", {"token": [TOKEN]}),
        ("token", {"token": TOKEN + "\u00e9"}),
        ("token", {"token": TOKEN, "namespace": TOKEN + "_"}),
        ("certificate", {"clientCertData": PAIR.key, "clientKeyData": PAIR.key}),
        ("certificate", {"clientCertData": PAIR.pem, "clientKeyData": PAIR.key[:-80]}),
        ("certificate", {"clientCertData": AUTHORITY.pem, "clientKeyData": PAIR.key}),
        ("certificate", {"clientCertData": PAIR.pem, "clientKeyData": PAIR.locked_key}),
        ("kubeconfig", {"kubeconfig": f"users: [{{user: {{token: {TOKEN}"}),
        ("kubeconfig", {"kubeconfig": f"token: !!int {TOKEN}"}),
        ("kubeconfig", {"kubeconfig": yaml.safe_dump(a_kubeconfig(user={"token": {"a": TOKEN}}))}),
        ("kubeconfig", {"kubeconfig": yaml.safe_dump(a_kubeconfig(user={"password": TOKEN, "username": "u"}))}),
        ("kubeconfig", {"kubeconfig": yaml.safe_dump(a_kubeconfig(user={"client-key-data": TOKEN}))}),
    ]

    for auth_type, credentials in refused:
        answer = add(api, "refused", auth_type, credentials, server=scripted.url)

        assert answer.status_code == 400, answer.text
        if "namespace" not in credentials:
            assert_clean(answer.text)


def test_credentials_are_not_even_near_an_answer(services: Services, api: FlaskClient, scripted: ScriptedApi) -> None:
    cluster_id = ObjectId(add(api, "c", "token", {"token": TOKEN}, server=scripted.url).get_json()["cluster"]["id"])

    cluster = services.clusters.by_id(cluster_id)

    assert cluster is not None
    assert "credentials" not in cluster.model_dump()
    assert_clean(repr(cluster))
    assert_clean(repr(services.clusters.connection(cluster_id)))
