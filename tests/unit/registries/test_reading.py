"""What manifests and configurations say."""

from typing import Any

import pytest

from app.registries.errors import RegistryError
from app.registries.reading import (
    Manifest,
    checked_platform,
    chosen,
    digest_of,
    facts_of,
    json_of,
    manifest_of,
    platforms_of,
)
from app.registries.references import reference_of

IMAGE = reference_of("ghcr.io/acme/api:1")
SHA = "sha256:" + "0" * 64
CONFIG = "application/vnd.oci.image.config.v1+json"


@pytest.mark.parametrize(
    ("wanted", "taken"),
    [
        ("", "linux/amd64"),
        ("linux/amd64", "linux/amd64"),
        ("linux/arm64", "linux/arm64/v8"),
        ("linux/arm64/v8", "linux/arm64/v8"),
        ("linux/arm/v7", "linux/arm/v7"),
        ("linux/s390x/z13", "linux/s390x"),
    ],
)
def test_the_platform_that_is_wanted_is_taken(wanted: str, taken: str) -> None:
    there = ["linux/arm64/v8", "linux/arm/v6", "linux/arm/v7", "linux/amd64", "linux/s390x"]

    assert chosen(there, wanted, IMAGE) == taken


def test_nothing_wanted_takes_what_there_is() -> None:
    assert chosen(["linux/arm64"], "", IMAGE) == "linux/arm64"


@pytest.mark.parametrize(
    ("there", "wanted"), [([], ""), (["linux/arm64"], "linux/amd64"), (["linux/arm"], "linux/arm64")]
)
def test_a_platform_that_is_not_there_is_said(there: list[str], wanted: str) -> None:
    with pytest.raises(RegistryError, match="its platforms are") as refused:
        chosen(there, wanted, IMAGE)

    assert refused.value.code == "IMAGE_NOT_FOUND"


@pytest.mark.parametrize("text", ["linux", "linux/", "linux/amd64/v1/x", "linux/am d64", "../x"])
def test_what_is_no_platform_is_refused(text: str) -> None:
    with pytest.raises(RegistryError, match="platform"):
        checked_platform(text)


def test_attestations_and_nonsense_are_no_platforms() -> None:
    entries: list[Any] = [
        {"digest": SHA, "platform": {"os": "linux", "architecture": "amd64"}},
        {"digest": SHA, "platform": {"os": "unknown", "architecture": "unknown"}},
        {"digest": "../../x", "platform": {"os": "linux", "architecture": "arm64"}},
        {"digest": SHA, "platform": {"os": 1, "architecture": ["arm64"]}},
        {"digest": SHA},
        "x",
    ]

    assert platforms_of({"manifests": entries}) == {"linux/amd64": SHA}


def test_a_chart_is_no_image() -> None:
    chart = {"config": {"digest": SHA, "mediaType": "application/vnd.cncf.helm.config.v1+json"}}

    with pytest.raises(RegistryError, match=r"no container image but application/vnd\.cncf\.helm"):
        manifest_of(chart, IMAGE)


@pytest.mark.parametrize("document", [{}, {"config": SHA}, {"config": {"digest": "../x", "mediaType": CONFIG}}])
def test_what_is_no_manifest_is_the_registrys_fault(document: dict[str, Any]) -> None:
    with pytest.raises(RegistryError) as refused:
        manifest_of(document, IMAGE)

    assert refused.value.code == "REGISTRY_FAILED"


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b"[" * 100_000, b'{"a": ' * 100_000])
def test_what_is_no_json_object_is_the_registrys_fault(content: bytes) -> None:
    with pytest.raises(RegistryError):
        json_of(content, IMAGE)


def test_content_must_be_what_was_asked_for() -> None:
    assert digest_of(b"x", digest_of(b"x")) == digest_of(b"x")
    with pytest.raises(RegistryError, match="something else"):
        digest_of(b"y", digest_of(b"x"))


def test_sizes_are_added_up_and_nonsense_left_out() -> None:
    layers: list[Any] = [{"size": 10}, {"size": "20"}, {"size": -5}, None]

    found = manifest_of({"config": {"digest": SHA, "mediaType": CONFIG, "size": 1}, "layers": layers}, IMAGE)

    assert found == Manifest(SHA, 11)


def test_a_configuration_with_wrong_types_gives_what_is_right_in_it() -> None:
    own: dict[str, Any] = {
        "ExposedPorts": {"80/tcp": {}},
        "User": 1000,
        "Entrypoint": "sh",
        "Cmd": ["a", 1],
        "Volumes": None,
        "Env": ["PASSWORD=s3cret-canary", "PLAIN"],
    }

    facts = facts_of(IMAGE, SHA, Manifest(SHA, 1), {"config": own}, ["linux/amd64"])

    assert (facts.exposed_ports, facts.user, facts.entrypoint, facts.cmd) == (("80/tcp",), "", (), ("a",))
    assert facts.env_names == ("PASSWORD", "PLAIN")
    assert "s3cret-canary" not in facts.model_dump_json()
