"""Finding kinds: known ones ask nobody, others ask once, missing ones not without end."""

import pytest

from app.kube.discovery import Discovery
from app.kube.errors import KubeError, UnknownKindError
from app.kube.objects import KNOWN, Resource
from tests.fake_clock import FakeClock
from tests.unit.kube.scripted_server import Exchange, ScriptedServer

CERTIFICATES = {
    "metadata": {"name": "cert-manager.io"},
    "versions": [
        {
            "version": "v1",
            "resources": [
                {
                    "resource": "certificates",
                    "responseKind": {"group": "cert-manager.io", "version": "v1", "kind": "Certificate"},
                    "scope": "Namespaced",
                },
                {"resource": "broken", "responseKind": None},
            ],
        },
        {"version": "v1alpha1", "freshness": "Stale"},
    ],
}


def discovery_of(server: ScriptedServer, *groups: object) -> tuple[Discovery, FakeClock]:
    def answer(exchange: Exchange) -> None:
        exchange.answer({"kind": "APIGroupDiscoveryList", "items": list(groups) if exchange.path == "/apis" else []})

    server.other, clock = answer, FakeClock()
    return Discovery(server.connection(), clock), clock


def test_a_known_kind_asks_nobody(server: ScriptedServer) -> None:
    discovery, _ = discovery_of(server)

    assert discovery.find("apps/v1", "Deployment") == KNOWN["apps/v1", "Deployment"]
    assert server.requests == []


def test_another_kind_is_asked_for_once(server: ScriptedServer) -> None:
    discovery, _ = discovery_of(server, CERTIFICATES)

    found = [discovery.find("cert-manager.io/v1", "Certificate") for _ in range(3)]

    assert found == [Resource("cert-manager.io", "v1", "Certificate", "certificates", True)] * 3
    assert [request.path for request in server.requests] == ["/api", "/apis"]
    assert "as=APIGroupDiscoveryList" in server.requests[0].headers["accept"]


def test_a_missing_kind_is_looked_for_again_after_a_while_only(server: ScriptedServer) -> None:
    discovery, clock = discovery_of(server)

    def asked_for_it() -> int:
        before = len(server.requests)
        with pytest.raises(UnknownKindError):
            discovery.find("cert-manager.io/v1", "Certificate")
        return len(server.requests) - before

    assert [asked_for_it(), asked_for_it()] == [2, 0]
    clock.advance(10)
    assert asked_for_it() == 2


def test_a_server_without_aggregated_discovery_is_told_so(server: ScriptedServer) -> None:
    server.other = lambda exchange: exchange.answer({"kind": "APIGroupList", "groups": []})

    with pytest.raises(KubeError, match=r"needs Kubernetes 1\.27"):
        Discovery(server.connection()).find("cert-manager.io/v1", "Certificate")
