"""A stranger's kubeconfig: what is used, what is refused, which context counts."""

from typing import Any

import pytest
import yaml

from app.clusters.kubeconfig import MAX_BYTES, KubeconfigError, choose_context


def a_kubeconfig(
    *, user: dict[str, Any] | None = None, cluster: dict[str, Any] | None = None, **top: Any
) -> dict[str, Any]:
    """One context with a token."""
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "c", "cluster": {"server": "https://one.example:6443"} | (cluster or {})}],
        "users": [{"name": "u", "user": {"token": "t"} if user is None else user}],
        "contexts": [{"name": "one", "context": {"cluster": "c", "user": "u"}}],
        "current-context": "one",
    } | top


def test_everything_that_counts_is_taken_from_the_chosen_context() -> None:
    config = a_kubeconfig(
        user={"token": "t", "as": "ada", "as-groups": ["readers"], "client-certificate-data": "Y2VydA=="},
        cluster={"certificate-authority-data": "Y2E=", "insecure-skip-tls-verify": True, "tls-server-name": "api"},
    )
    config["contexts"][0]["context"]["namespace"] = "apps"

    chosen = choose_context(yaml.safe_dump(config))

    assert (chosen.server, chosen.context, chosen.namespace) == ("https://one.example:6443", "one", "apps")
    assert (chosen.token, chosen.client_cert, chosen.ca) == ("t", "Y2VydA==", "Y2E=")
    assert (chosen.insecure, chosen.tls_server_name) == (True, "api")
    assert (chosen.impersonate_user, chosen.impersonate_groups) == ("ada", ("readers",))


def test_a_flag_that_is_not_there_is_unknown_and_not_false() -> None:
    assert choose_context(yaml.safe_dump(a_kubeconfig())).insecure is None


@pytest.mark.parametrize(
    ("part", "field", "value"),
    [
        ("users[0].user", "exec", {"command": "touch"}),
        ("users[0].user", "auth-provider", {"name": "gcp"}),
        ("users[0].user", "tokenFile", "/etc/passwd"),
        ("users[0].user", "client-certificate", "/etc/passwd"),
        ("users[0].user", "client-key", "/etc/passwd"),
        ("users[0].user", "username", "admin"),
        ("users[0].user", "password", "hunter2hunter2"),
        ("users[0].user", "as-uid", "1"),
        ("users[0].user", "as-user-extra", {"scopes": ["view"]}),
        ("clusters[0].cluster", "certificate-authority", "/etc/passwd"),
        ("clusters[0].cluster", "proxy-url", "http://proxy:3128"),
    ],
)
def test_a_refused_field_is_named_with_the_way_out(part: str, field: str, value: Any) -> None:
    extra = {field: value}
    is_user = part.startswith("users")
    config = a_kubeconfig(user={"token": "t"} | extra) if is_user else a_kubeconfig(cluster=extra)

    with pytest.raises(KubeconfigError, match="not") as refusal:
        choose_context(yaml.safe_dump(config))

    assert f"{part}.{field}" in str(refusal.value)
    assert "hunter2" not in str(refusal.value)
    if field not in {"as-uid", "as-user-extra"}:
        assert "kubectl config view --flatten --minify" in str(refusal.value)


def test_a_refused_field_is_refused_in_entries_that_nobody_chose_too() -> None:
    config = a_kubeconfig()
    config["users"].append({"name": "other", "user": {"exec": {"command": "touch"}}})

    with pytest.raises(KubeconfigError, match=r"users\[1\]\.user\.exec"):
        choose_context(yaml.safe_dump(config))


def with_two_contexts(current: str | None) -> str:
    config = a_kubeconfig()
    config["clusters"].append({"name": "d", "cluster": {"server": "https://two.example"}})
    config["contexts"].append({"name": "two", "context": {"cluster": "d", "user": "u"}})
    config["current-context"] = current
    return yaml.safe_dump(config)


def test_the_asked_for_context_wins_over_the_current_one() -> None:
    assert choose_context(with_two_contexts("one"), "two").server == "https://two.example"
    assert choose_context(with_two_contexts("one")).server == "https://one.example:6443"


def test_the_only_context_is_taken_without_being_named() -> None:
    assert choose_context(yaml.safe_dump(a_kubeconfig() | {"current-context": ""})).context == "one"


@pytest.mark.parametrize(("current", "wanted"), [(None, ""), ("three", ""), ("one", "three")])
def test_without_a_context_to_take_the_choices_are_listed(current: str | None, wanted: str) -> None:
    with pytest.raises(KubeconfigError, match="it has: one, two"):
        choose_context(with_two_contexts(current), wanted)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("a: &x [1]\nb: *x\n", "aliases"),
        ("a: 1\n---\nb: 2\n", "several YAML documents"),
        ("[" * 100 + "]" * 100, "nested too deep"),
        ("a: [unclosed", "no readable YAML"),
        ("!!python/object/apply:os.system [id]", "no readable YAML"),
        ("just words", "no kubeconfig"),
        ("", "no kubeconfig"),
        ("users: 5", "bad value at users"),
        ("clusters: [{name: c, cluster: nonsense}]", "bad value at clusters.0.cluster"),
        ("x: " + "y" * MAX_BYTES, "larger than 256 KiB"),
        ("a: 2026-99-99", "put dates in quotes"),
    ],
)
def test_what_is_no_kubeconfig_says_so(text: str, complaint: str) -> None:
    with pytest.raises(KubeconfigError, match=complaint):
        choose_context(text)


def test_a_laughing_alias_bomb_is_refused_before_it_grows() -> None:
    lines = ["a: &a [x, x, x, x, x, x, x, x, x]"]
    lines += [f"{n}: &{n} [{', '.join(['*' + p] * 9)}]" for p, n in zip("abcdefgh", "bcdefghi", strict=True)]

    with pytest.raises(KubeconfigError, match="aliases"):
        choose_context("\n".join(lines))


def test_the_parser_never_quotes_the_line_it_fails_at() -> None:
    with pytest.raises(KubeconfigError) as refusal:
        choose_context('users:\n- user: {token: "very-secret-token\n')

    assert "very-secret" not in str(refusal.value)
    assert "line" in str(refusal.value)


def test_a_context_that_points_nowhere_says_what_is_missing() -> None:
    config = a_kubeconfig(users=None)

    with pytest.raises(KubeconfigError, match="user of the context 'one' is 'u', which isn't in it"):
        choose_context(yaml.safe_dump(config))


def test_a_token_of_digits_is_text() -> None:
    assert choose_context(yaml.safe_dump(a_kubeconfig(user={"token": 123456}))).token == "123456"
