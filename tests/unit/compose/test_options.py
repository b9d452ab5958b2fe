"""Options as JSON: every field of the contract, and a clear refusal for what is none."""

from typing import Any

import pytest

from app.compose.choices import ServiceChoice, VolumeChoice
from app.compose.options import Options, options_of
from app.errors import InvalidError

WHOLE: dict[str, Any] = {
    "services": {
        "web": {
            "include": False, "kind": "cronjob", "schedule": "*/5 * * * *", "expose": "ingress",
            "host": "web.example.com", "replicas": 3, "image": "ghcr.io/owner/web:1", "use": "build",
            "secretKeys": ["SEED"], "plainKeys": ["PASSWORD_HINT"],
        }
    },
    "volumes": {
        "data": {"size": "20Gi", "storageClassName": "fast", "accessModes": ["ReadWriteMany"], "hostPath": True}
    },
    "files": ["compose.yaml", "deploy/compose.prod.yaml"],
    "path": "deploy",
    "profiles": ["debug"],
    "env": {"TAG": "1.4"},
    "expose": "loadbalancer",
    "domain": "example.com",
    "ingressClassName": "nginx",
    "networkPolicies": True,
    "imageFacts": False,
}  # fmt: skip


def test_every_field_is_read_and_given_back() -> None:
    options = options_of(WHOLE)

    assert options.of_service("web") == ServiceChoice(
        include=False, kind="cronjob", schedule="*/5 * * * *", expose="ingress", host="web.example.com", replicas=3,
        image="ghcr.io/owner/web:1", use="build", secret_keys=frozenset({"SEED"}),
        plain_keys=frozenset({"PASSWORD_HINT"}),
    )  # fmt: skip
    assert options.of_volume("data") == VolumeChoice("20Gi", "fast", ("ReadWriteMany",), host_path=True)
    assert (list(options.files), options.path, list(options.profiles)) == (WHOLE["files"], "deploy", ["debug"])
    assert options.as_json() == WHOLE


def test_nothing_chosen_is_nothing_said() -> None:
    assert options_of(None) == options_of({}) == Options()
    assert Options().as_json() == {}


def test_blank_fields_of_a_form_choose_nothing() -> None:
    given = {"domain": "", "path": " ", "services": {"web": {"kind": "", "host": None, "replicas": ""}}}

    options = options_of(given)

    assert options == Options(services={"web": ServiceChoice()})


def test_what_only_the_installation_knows_is_kept() -> None:
    options = options_of({"domain": "example.com"}, Options(storage="1Gi", published="clusterip", namespace="shop"))

    assert (options.storage, options.published, options.namespace) == ("1Gi", "clusterip", "shop")


def test_secret_values_of_variables_are_in_no_answer() -> None:
    options = options_of({"env": {"DB_PASSWORD": "example-only", "TAG": "1"}})

    assert options.as_json() == {"env": {"DB_PASSWORD": "", "TAG": "1"}}
    assert options_of(options.as_json(masked=False)) == options
    assert "example-only" not in repr(options)


REFUSED = [
    ("text", "options", "must be a mapping"),
    ([], "options", "must be a mapping"),
    ({"profile": []}, "options.profile", "did you mean profiles?"),
    ({"services": {"web": {"kinds": "job"}}}, "options.services.web.kinds", "did you mean kind?"),
    ({"services": ["web"]}, "options.services", "must be a mapping"),
    ({"services": {"web": None}}, "options.services.web", "must be a mapping"),
    ({"services": {"web": {"kind": "pod"}}}, "options.services.web.kind", "use one of deployment"),
    ({"services": {"web": {"replicas": 101}}}, "options.services.web.replicas", "use 0 to 100"),
    ({"services": {"web": {"schedule": "hourly"}}}, "options.services.web.schedule", "five fields"),
    ({"services": {"web": {"host": "a b"}}}, "options.services.web.host", "is not a host name"),
    ({"services": {"web": {"image": "No Image"}}}, "options.services.web.image", "is not an image"),
    ({"services": {"web": {"use": "both"}}}, "options.services.web.use", "use one of image, build"),
    ({"services": {"web": {"include": "maybe"}}}, "options.services.web.include", "neither true nor false"),
    ({"services": {"web": {"secretKeys": "A"}}}, "options.services.web.secretKeys", "must be a list"),
    ({"services": {"web": {"secretKeys": [1]}}}, "options.services.web.secretKeys[0]", "must be text"),
    (
        {"services": {"web": {"secretKeys": ["A"], "plainKeys": ["A"]}}},
        "options.services.web.plainKeys",
        "can't be both",
    ),
    ({"volumes": {"d": {"size": "big"}}}, "options.volumes.d.size", "is not a quantity"),
    ({"volumes": {"d": {"size": "0"}}}, "options.volumes.d.size", "must be above 0"),
    ({"volumes": {"d": {"accessModes": ["RW"]}}}, "options.volumes.d.accessModes[0]", "use one of ReadWriteOnce"),
    ({"files": ["../compose.yaml"]}, "options.files[0]", "leads out of the files"),
    ({"files": ["/etc/passwd"]}, "options.files[0]", "leads out of the files"),
    ({"files": [""]}, "options.files[0]", "must be the name of a file"),
    ({"path": "a/../../b"}, "options.path", "leads out of the files"),
    ({"env": {"A=B": "1"}}, "options.env", "is not a name"),
    ({"env": {"A": {}}}, "options.env.A", "must be text"),
    ({"env": {"A": "x" * 40000}}, "options.env.A", "at most 32768"),
    ({"expose": "public"}, "options.expose", "use one of none"),
    ({"domain": "https://example.com"}, "options.domain", "is not a host name"),
    ({"networkPolicies": 7}, "options.networkPolicies", "neither true nor false"),
    ({"profiles": ["a"] * 1001}, "options.profiles", "at most 1000"),
]


@pytest.mark.parametrize(("given", "field", "message"), REFUSED, ids=lambda value: str(value)[:40])
def test_what_is_no_option_is_refused_by_its_field(given: Any, field: str, message: str) -> None:
    with pytest.raises(InvalidError) as refusal:
        options_of(given)

    assert list(refusal.value.details) == [field]
    assert message in refusal.value.details[field]
    assert refusal.value.message.startswith(f"{field}: ")


def test_all_that_is_wrong_is_said_at_once() -> None:
    with pytest.raises(InvalidError) as refusal:
        options_of({"expose": "x", "services": {"a": {"kind": "x"}, "b": {"replicas": -1}}})

    assert set(refusal.value.details) == {
        "options.expose", "options.services.a.kind", "options.services.b.replicas",
    }  # fmt: skip
