"""TLS to clusters is verified; switching it off needs a setting and shows (faults-and-checks 23)."""

from typing import Any

from flask.testing import FlaskClient
from pymongo.database import Database

from app import create_app
from app.bootstrap import Services
from tests.api import a_person, api, app, close_services, make_services, person
from tests.clusters import CLUSTERS, RealCluster, add, encoded, real_cluster, services
from tests.unit.clusters.certificates import a_pair

__all__ = ["api", "app", "person", "real_cluster", "services"]  # fixtures


def test_an_unknown_authority_and_a_wrong_name_are_refused(api: FlaskClient, real_cluster: RealCluster) -> None:
    token = real_cluster.admin_token()
    cases: list[tuple[str, dict[str, Any]]] = [
        ("tls_untrusted", {"token": token}),
        ("tls_untrusted", {"token": token, "caData": encoded(a_pair("another authority").pem)}),
        ("tls_name", {"token": token, "caData": encoded(real_cluster.ca), "tlsServerName": "elsewhere.example"}),
    ]

    for reason, credentials in cases:
        answer = add(api, "c", "token", credentials, server=real_cluster.server)

        assert (answer.status_code, answer.get_json()["reason"]) == (400, reason), answer.text


def test_plain_http_is_refused(api: FlaskClient) -> None:
    answer = add(api, "c", "token", {"token": "t"}, server="http://127.0.0.1:6443", force=True)

    assert answer.status_code == 400
    assert "https" in answer.get_json()["details"]["server"]


def test_an_unverified_cluster_shows_it_everywhere(api: FlaskClient, real_cluster: RealCluster) -> None:
    credentials = {"token": real_cluster.admin_token(), "insecure": True}

    added = add(api, "c", "token", credentials, server=real_cluster.server).get_json()

    assert "TLS verification is off" in added["warnings"][0]
    for shown in (added["cluster"], api.get(f"{CLUSTERS}/c").get_json(), api.get(CLUSTERS).get_json()["clusters"][0]):
        assert shown["insecure"] is True
        assert any("TLS verification is off" in warning for warning in shown["warnings"])
    logged = api.get(f"{CLUSTERS}/c/logs").get_json()["logs"][0]
    assert (logged["level"], "TLS verification is off" in logged["message"]) == ("warning", True)


def test_where_the_operator_forbids_it_nothing_switches_it_off(
    db: Database[dict[str, Any]],
    mongo_uri: str,
    redis_url: str,
    services: Services,
    api: FlaskClient,
    real_cluster: RealCluster,
) -> None:
    credentials = {"token": real_cluster.admin_token(), "insecure": True}
    assert add(api, "before", "token", credentials, server=real_cluster.server).status_code == 201
    strict = make_services(db, mongo_uri, redis_url, cluster_allow_loopback=True, cluster_allow_insecure_tls=False)
    strict_app = create_app(strict)
    client = a_person(strict_app, strict).client

    refused = add(client, "c", "token", credentials, server=real_cluster.server, force=True)
    assert (refused.status_code, refused.get_json()["error"]) == (
        403,
        "Insecure mode cannot be enabled here: TLS verification is required",
    )

    # Clusters from before the setting was changed aren't connected to either.
    old = strict_app.test_client().post(
        f"{CLUSTERS}/before/test", headers={"Authorization": api.environ_base["HTTP_AUTHORIZATION"]}
    )
    assert (old.status_code, old.get_json()["reason"]) == (503, "blocked")
    close_services(strict)
