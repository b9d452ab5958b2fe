"""The merge rules of POST, PUT and PUT .../credentials, line by line."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from bson import ObjectId

from app.clusters.candidate import Candidate, Rules, as_stored, changed_fields, of_change, of_new, touches_connection
from app.clusters.credentials import Credentials
from app.clusters.models import Cluster
from app.clusters.own_account import OwnAccount
from app.clusters.requests import ClusterChange, ClusterInput, CredentialsChange
from app.errors import ForbiddenError, InvalidError
from tests.unit.clusters.certificates import NOW, a_pair
from tests.unit.clusters.test_kubeconfig import a_kubeconfig

RULES = Rules(allow_http=False, allow_insecure_tls=True)
PAIR, AUTHORITY = a_pair(), a_pair("authority")
SERVER = "https://api.example:6443"


def new(auth_type: str, credentials: dict[str, Any], **fields: Any) -> Candidate:
    body = {"name": "c", "server": SERVER, "authType": auth_type, "credentials": credentials} | fields
    return of_new(ClusterInput.model_validate(body), RULES, NOW)


STORED = new("token", {"token": "old", "caData": AUTHORITY.pem, "namespace": "apps", "tlsServerName": "api"})


def a_cluster(candidate: Candidate = STORED) -> Cluster:
    fields = {"id": ObjectId(), "user_id": ObjectId(), "name": "c", "created_at": NOW, "updated_at": NOW}
    return Cluster(**fields | candidate.document())


def change(body: dict[str, Any], *, stored: Candidate = STORED, rules: Rules = RULES) -> Candidate:
    """PUT /clusters/:name."""
    request = ClusterChange.model_validate(body)
    return of_change(stored, request, rules, NOW, cluster=a_cluster(stored), is_form=True)


def new_credentials(body: dict[str, Any], *, stored: Candidate = STORED) -> Candidate:
    """PUT /clusters/:name/credentials."""
    request = CredentialsChange.model_validate(body)
    return of_change(stored, request, RULES, NOW, cluster=a_cluster(stored), is_form=False)


# --- new clusters ---


@pytest.mark.parametrize(
    ("auth_type", "missing"),
    [
        ("token", {"credentials.token"}),
        ("serviceaccount", {"credentials.token"}),
        ("certificate", {"credentials.clientCertData", "credentials.clientKeyData"}),
        ("kubeconfig", {"credentials.kubeconfig"}),
    ],
)
def test_required_fields_are_named(auth_type: str, missing: set[str]) -> None:
    with pytest.raises(InvalidError) as refusal:
        new(auth_type, {"namespace": "default"})

    assert set(refusal.value.details) == missing


def test_a_certificate_needs_its_own_key() -> None:
    with pytest.raises(InvalidError) as refusal:
        new("certificate", {"clientCertData": PAIR.pem, "clientKeyData": AUTHORITY.key})

    assert refusal.value.details == {
        "credentials.clientKeyData": "is not the key of the client certificate: give the pair"
    }


@pytest.mark.parametrize("spelling", ["bearer", "BEARER_TOKEN", " Token "])
def test_other_spellings_of_an_auth_type_are_understood(spelling: str) -> None:
    assert new(spelling, {"token": "t"}).auth_type == "token"


@pytest.mark.parametrize("name", ["default", "stream", "", "-a", "a-", "A", "a/b", "a b", "a" * 64])
def test_names_that_the_ui_could_not_put_into_a_path_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match="name"):
        ClusterInput.model_validate({"name": name, "authType": "token"})


def test_a_kubeconfigs_own_server_counts_and_another_one_is_noted() -> None:
    text = yaml.safe_dump(a_kubeconfig())

    assert new("kubeconfig", {"kubeconfig": text}, server="").notes == ()
    candidate = new("kubeconfig", {"kubeconfig": text})

    assert candidate.server == "https://one.example:6443"
    assert candidate.notes == ("The kubeconfig's own server is used: https://one.example:6443",)
    assert candidate.credentials.fields_set == ("kubeconfig",)


def test_a_kubeconfig_without_credentials_is_refused_and_never_means_ours() -> None:
    with pytest.raises(InvalidError, match="neither a token nor a client certificate"):
        new("kubeconfig", {"kubeconfig": yaml.safe_dump(a_kubeconfig(user={}))})


@pytest.mark.parametrize(
    ("own", "sent", "top", "insecure"),
    [
        (None, None, None, False),
        (None, True, None, True),
        (True, None, None, True),
        (False, True, None, False),
        (True, None, False, False),
        (None, None, True, True),
    ],
)
def test_a_kubeconfigs_own_flag_counts_more_than_the_box_and_the_top_level_most(
    own: bool | None, sent: bool | None, top: bool | None, insecure: bool
) -> None:
    cluster = {} if own is None else {"insecure-skip-tls-verify": own}
    credentials: dict[str, Any] = {"kubeconfig": yaml.safe_dump(a_kubeconfig(cluster=cluster))}
    if sent is not None:
        credentials["insecure"] = sent

    assert new("kubeconfig", credentials, insecure=top).insecure is insecure


def test_the_namespace_of_the_request_counts_more_than_the_kubeconfigs() -> None:
    config = a_kubeconfig()
    config["contexts"][0]["context"]["namespace"] = "theirs"
    text = yaml.safe_dump(config)

    assert new("kubeconfig", {"kubeconfig": text}).namespace == "theirs"
    assert new("kubeconfig", {"kubeconfig": text, "namespace": "ours"}).namespace == "ours"


def test_oidc_says_that_it_comes_later() -> None:
    with pytest.raises(InvalidError) as refusal:
        new("oidc", {})

    assert refusal.value.details == {"authType": "oidc credentials come later: use a token"}


def test_a_service_account_without_token_is_our_own_only_where_that_is_allowed(tmp_path: Path) -> None:
    request = ClusterInput.model_validate({"name": "c", "server": SERVER, "authType": "serviceaccount"})
    with pytest.raises(InvalidError, match="can't be used"):
        of_new(request, RULES, NOW)

    candidate = of_new(request, RULES, NOW, may_use_own_account=True)

    assert candidate.credentials.own_account
    assert candidate.credentials.fields_set == ()
    with pytest.raises(InvalidError, match="switched off"):
        candidate.access(None)
    with pytest.raises(InvalidError, match="doesn't run in a cluster"):
        candidate.access(OwnAccount(tmp_path))
    (tmp_path / "token").write_text("ours\n")
    (tmp_path / "ca.crt").write_text(AUTHORITY.pem)
    access = candidate.access(OwnAccount(tmp_path))
    assert (access.token, access.ca) == ("ours", AUTHORITY.pem)
    with pytest.raises(InvalidError, match="verified TLS only"):
        change({"insecure": True}, stored=candidate).access(OwnAccount(tmp_path))
    with_ca = change({"credentials": {"caData": PAIR.pem}}, stored=candidate)
    assert with_ca.access(OwnAccount(tmp_path)).ca == AUTHORITY.pem, "nobody else's authority vouches for it"
    # Once stored it stays so for whoever edits; a token ends it.
    kept = change({"credentials": {"namespace": "x"}}, stored=candidate)
    assert kept.connects_like(candidate)
    assert not change({"credentials": {"token": "theirs"}}, stored=candidate).credentials.own_account


# --- PUT: top level ---


def test_present_keys_are_taken_and_empty_ones_clear() -> None:
    request = ClusterChange.model_validate({"displayName": "", "description": None, "labels": None})

    assert changed_fields(request) == {"display_name": "", "description": "", "labels": {}}
    assert changed_fields(ClusterChange()) == {}


def test_an_empty_server_or_auth_type_is_as_absent() -> None:
    candidate = change({"server": "", "authType": ""})

    assert candidate.connects_like(STORED)
    assert not touches_connection(ClusterChange.model_validate({"server": "", "authType": "", "singleNode": False}))


def test_another_server_is_another_way_to_connect() -> None:
    candidate = change({"server": "https://other.example"})

    assert candidate.server == "https://other.example"
    assert not candidate.connects_like(STORED)


# --- PUT: credentials ---


@pytest.mark.parametrize("sent", [{}, {"token": ""}, {"token": "", "caData": ""}])
def test_absent_and_empty_secrets_are_kept(sent: dict[str, Any]) -> None:
    candidate = change({"credentials": {"namespace": "apps"} | sent})

    assert candidate.credentials == STORED.credentials
    assert candidate.connects_like(STORED)


def test_a_new_token_keeps_the_authority() -> None:
    candidate = change({"credentials": {"token": "new"}})

    assert (candidate.credentials.token, candidate.credentials.ca) == ("new", AUTHORITY.pem)
    assert not candidate.connects_like(STORED)


def test_null_erases_what_may_be_missing() -> None:
    assert change({"credentials": {"caData": None}}).credentials.ca == ""
    assert change({"credentials": {"namespace": None}}).namespace == "default"
    assert change({"credentials": {"tlsServerName": None}}).tls_server_name == ""


def test_null_for_what_is_required_is_refused() -> None:
    with pytest.raises(InvalidError) as refusal:
        change({"credentials": {"token": None}})

    assert refusal.value.details == {"credentials.token": "is required for authType token"}


def test_credentials_without_insecure_untick_the_box() -> None:
    insecure = change({"insecure": True})
    assert insecure.insecure

    assert not change({"credentials": {"namespace": "apps"}}, stored=insecure).insecure
    assert change({"credentials": {"namespace": "apps"}, "insecure": True}, stored=insecure).insecure
    assert change({"displayName": "x", "server": SERVER}, stored=insecure).insecure


def test_replacing_credentials_keeps_an_absent_insecure() -> None:
    insecure = change({"insecure": True})

    assert new_credentials({"credentials": {"token": "new"}}, stored=insecure).insecure
    assert not new_credentials({"credentials": {"token": "new", "insecure": False}}, stored=insecure).insecure


def test_another_auth_type_needs_all_its_fields_and_erases_the_others() -> None:
    with pytest.raises(InvalidError) as refusal:
        change({"authType": "certificate", "credentials": {"clientCertData": PAIR.pem}})
    assert set(refusal.value.details) == {"credentials.clientKeyData"}

    both = {"clientCertData": PAIR.pem, "clientKeyData": PAIR.key}
    candidate = change({"authType": "certificate", "credentials": both})

    assert candidate.credentials.fields_set == ("clientCertData", "clientKeyData")
    assert candidate.credentials.token == ""


def test_the_namespace_alone_is_no_other_way_to_connect() -> None:
    candidate = change({"credentials": {"namespace": "elsewhere"}})

    assert candidate.namespace == "elsewhere"
    assert candidate.connects_like(STORED)


def test_a_stored_kubeconfig_is_kept_with_its_server() -> None:
    stored = new("kubeconfig", {"kubeconfig": yaml.safe_dump(a_kubeconfig())}, server="")

    candidate = change({"server": SERVER, "authType": "kubeconfig", "credentials": {"namespace": "x"}}, stored=stored)

    assert candidate.server == "https://one.example:6443"
    assert candidate.connects_like(stored)
    assert candidate.notes


def test_another_context_needs_the_kubeconfig_again() -> None:
    stored = new("kubeconfig", {"kubeconfig": yaml.safe_dump(a_kubeconfig())}, server="")

    with pytest.raises(InvalidError) as refusal:
        change({"credentials": {"context": "two"}}, stored=stored)

    assert "only the chosen one was kept" in refusal.value.details["credentials.kubeconfig"]


def test_stored_credentials_that_have_expired_do_not_hinder_an_edit() -> None:
    expired = a_pair(until=NOW.replace(year=2020))
    credentials = Credentials(client_cert=expired.pem, client_key=expired.key)
    stored = Candidate(server=SERVER, auth_type="certificate", credentials=credentials)

    assert change({"credentials": {"namespace": "apps"}}, stored=stored).connects_like(stored)


def test_credentials_that_nothing_opens_must_be_entered_again() -> None:
    cluster = a_cluster()

    def put(body: dict[str, Any]) -> Candidate:
        request = ClusterChange.model_validate(body)
        return of_change(None, request, RULES, NOW, cluster=cluster, is_form=True)

    with pytest.raises(InvalidError, match="enter them again"):
        put({"credentials": {"namespace": "apps"}})
    assert put({"credentials": {"token": "new"}}).credentials.token == "new"


def test_insecure_is_refused_where_the_operator_says_so() -> None:
    strict = Rules(allow_http=False, allow_insecure_tls=False)

    with pytest.raises(ForbiddenError, match="TLS verification is required"):
        change({"insecure": True}, rules=strict)
    assert not change({"insecure": False}, rules=strict).insecure


def test_what_is_sealed_comes_back_the_same() -> None:
    config = a_kubeconfig(user={"token": "t", "as": "ada", "as-groups": ["a", "b"]})
    candidate = new("kubeconfig", {"kubeconfig": yaml.safe_dump(config)}, server="")

    again = Credentials.from_json(candidate.credentials.as_json() | {"of_a_later_version": 1})

    assert as_stored(a_cluster(candidate), again).connects_like(candidate)


def test_nothing_secret_is_in_a_repr() -> None:
    candidate = new("certificate", {"clientCertData": PAIR.pem, "clientKeyData": PAIR.key, "caData": AUTHORITY.pem})

    assert "BEGIN" not in repr(candidate)
    assert "BEGIN" not in repr(candidate.access())
    assert "hunter2" not in repr(ClusterInput.model_validate({"name": "c", "credentials": {"token": "hunter2"}}))
