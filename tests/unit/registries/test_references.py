"""An image's name, as container runtimes read it."""

import pytest

from app.registries.errors import RegistryError
from app.registries.references import reference_of

SHA = "sha256:" + "0123456789abcdef" * 4


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("nginx", "docker.io/library/nginx:latest"),
        (" nginx:1.29 ", "docker.io/library/nginx:1.29"),
        ("bitnami/redis", "docker.io/bitnami/redis:latest"),
        ("docker.io/nginx", "docker.io/library/nginx:latest"),
        ("index.docker.io/library/nginx", "docker.io/library/nginx:latest"),
        ("registry-1.docker.io/a/b:1", "docker.io/a/b:1"),
        ("ghcr.io/acme/api/web:1.0", "ghcr.io/acme/api/web:1.0"),
        ("www.example.com/x", "www.example.com/x:latest"),
        ("localhost/x", "localhost/x:latest"),
        ("localhost:5000/web:1", "localhost:5000/web:1"),
        ("GHCR.io/acme/api", "ghcr.io/acme/api:latest"),
        ("[::1]:5000/x", "[::1]:5000/x:latest"),
        (f"nginx@{SHA}", f"docker.io/library/nginx@{SHA}"),
        (f"nginx:1.29@{SHA}", f"docker.io/library/nginx:1.29@{SHA}"),
    ],
)
def test_a_name_is_written_out(text: str, whole: str) -> None:
    assert str(reference_of(text)) == whole


def test_a_digest_decides() -> None:
    assert reference_of("nginx:1.29").wanted == "1.29"
    assert reference_of(f"nginx:1.29@{SHA}").wanted == SHA


def test_docker_hub_answers_elsewhere_than_at_its_name() -> None:
    assert reference_of("nginx").api_host == "registry-1.docker.io"
    assert reference_of("quay.io/x/y").api_host == "quay.io"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Nginx",
        "a//b",
        "/a",
        "a b",
        "a:b:c",
        "nginx:",
        "nginx:-x",
        "nginx@sha256:12",
        "nginx@md5:" + "0" * 32,
        "https://ghcr.io/acme/api",
        "ghcr.io/acme/../api",
        "ghcr.io/acme/%2e%2e/api",
        "0x7f.1/x",
        "localhost:99999/x",
        "localhost:0/x",
        "user@ghcr.io/x",
        "a\nb",
        "ghcr.io/x?y=1",
        "a" * 2000,
    ],
)
def test_what_is_no_image_is_refused_in_words(text: str) -> None:
    with pytest.raises(RegistryError) as refused:
        reference_of(text)

    assert refused.value.code == "INVALID_IMAGE"
    assert refused.value.details["image"]
