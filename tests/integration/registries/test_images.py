"""The facts of images, from a registry on the loopback."""

from collections.abc import Iterator

import pytest

from app.clock import SystemClock
from app.net.guard import AddressGuard
from app.registries.client import MOST_BYTES, Registries
from app.registries.errors import RegistryError
from app.registries.images import Images, Memory
from app.registries.models import ImageFacts
from app.registries.references import reference_of
from tests.fake_clock import FakeClock
from tests.registry_server import TOKEN, Handler, RegistryServer


@pytest.fixture
def registry() -> Iterator[RegistryServer]:
    with RegistryServer() as server:
        yield server


@pytest.fixture
def images(registry: RegistryServer) -> Images:
    return images_of(registry)


def images_of(registry: RegistryServer, *, timeout_s: float = 20, memory: Memory | None = None) -> Images:
    """As an operator sets it up who names this one registry."""
    guard = AddressGuard(False, False, (registry.host,), settings_prefix="")
    return Images(Registries(guard, SystemClock(), frozenset({registry.host})), timeout_s, memory or Memory())


def facts(images: Images, registry: RegistryServer, image: str, platform: str = "") -> ImageFacts:
    return images.facts(reference_of(f"{registry.host}/{image}"), platform)


def refused(images: Images, registry: RegistryServer, image: str = "acme/api:1", platform: str = "") -> RegistryError:
    with pytest.raises(RegistryError) as refused:
        facts(images, registry, image, platform)
    return refused.value


def test_an_image_is_described(images: Images, registry: RegistryServer) -> None:
    digest = registry.image(
        "acme/api",
        "1",
        ExposedPorts={"8080/tcp": {}, "53/udp": {}},
        User="1000:1000",
        Entrypoint=["/bin/api"],
        Cmd=["serve"],
        WorkingDir="/app",
        Volumes={"/data": {}},
        Env=["PASSWORD=s3cret-canary"],
    )

    found = facts(images, registry, "acme/api:1")

    assert found.model_dump(by_alias=True, exclude={"size"}) == {
        "image": f"{registry.host}/acme/api:1",
        "digest": digest,
        "created": "2026-01-02T03:04:05Z",
        "platforms": ("linux/amd64",),
        "exposedPorts": ("53/udp", "8080/tcp"),
        "user": "1000:1000",
        "entrypoint": ("/bin/api",),
        "cmd": ("serve",),
        "workingDir": "/app",
        "volumes": ("/data",),
        "envNames": ("PASSWORD",),
    }
    assert found.size > 1000


def test_one_platform_of_several_is_taken(images: Images, registry: RegistryServer) -> None:
    amd = registry.image("acme/api", User="1")
    arm = registry.image("acme/api", architecture="arm64", User="2")
    index = registry.index("acme/api", "1", {"linux/arm64/v8": arm, "linux/amd64": amd, "unknown/unknown": amd})

    usual, other = (facts(images, registry, "acme/api:1", wanted) for wanted in ("", "linux/arm64"))

    assert (usual.user, other.user) == ("1", "2")
    assert usual.digest == other.digest == index
    assert usual.platforms == ("linux/arm64/v8", "linux/amd64")
    assert refused(images, registry, platform="linux/s390x").code == "IMAGE_NOT_FOUND"


def test_a_public_image_behind_tokens_is_read_without_credentials(images: Images, registry: RegistryServer) -> None:
    registry.wants_token = True
    registry.image("acme/api", "1", User="1000")

    assert facts(images, registry, "acme/api:1").user == "1000"
    assert len([path for path in registry.asked() if path.startswith("/token")]) == 1


def test_a_digest_is_asked_for_once_and_a_tag_by_its_digest(images: Images, registry: RegistryServer) -> None:
    digest = registry.image("acme/api", "1", User="1")
    facts(images, registry, "acme/api:1")
    registry.seen.clear()

    assert facts(images, registry, f"acme/api@{digest}").user == "1"
    assert registry.seen == []
    assert facts(images, registry, "acme/api:1").user == "1"
    assert (registry.asked("HEAD"), registry.asked("GET")) == (["acme/api/manifests/1"], [])

    registry.image("acme/api", "1", User="2")
    assert facts(images, registry, "acme/api:1").user == "2"


def test_what_is_remembered_of_one_repository_is_not_there_for_another(
    images: Images, registry: RegistryServer
) -> None:
    digest = registry.image("acme/private", "1")
    facts(images, registry, "acme/private:1")

    assert refused(images, registry, f"acme/other@{digest}").code == "IMAGE_NOT_FOUND"


def test_the_memory_is_bounded(registry: RegistryServer) -> None:
    images = images_of(registry, memory=Memory(at_most=1))
    first = registry.image("acme/api", "1", User="1")
    registry.image("acme/api", "2", User="2")
    facts(images, registry, "acme/api:1")
    facts(images, registry, "acme/api:2")
    registry.seen.clear()

    facts(images, registry, f"acme/api@{first}")

    assert registry.seen, "it has been forgotten for the second one"


@pytest.mark.parametrize(
    ("status", "code", "away"),
    [
        (404, "IMAGE_NOT_FOUND", False),
        (401, "IMAGE_DENIED", False),
        (403, "IMAGE_DENIED", False),
        (429, "REGISTRY_FAILED", True),
        (500, "REGISTRY_FAILED", False),
        (204, "REGISTRY_FAILED", False),
    ],
)
def test_an_answer_that_is_none_is_said(
    images: Images, registry: RegistryServer, status: int, code: str, away: bool
) -> None:
    registry.answer = lambda handler: handler.send(status, WWW_Authenticate='Basic realm="x"')

    error = refused(images, registry)

    assert (error.code, error.away) == (code, away)
    assert registry.host in error.message


def test_a_token_that_does_not_help_is_a_denial(images: Images, registry: RegistryServer) -> None:
    challenge = f'Bearer realm="http://{registry.host}/token"'
    registry.answer = lambda handler: "/token" not in handler.path and handler.send(401, WWW_Authenticate=challenge)

    error = refused(images, registry)

    assert error.code == "IMAGE_DENIED"
    assert TOKEN not in error.message


@pytest.mark.parametrize(
    "elsewhere",
    [
        "https://10.0.0.1/blob",
        "https://169.254.169.254/latest/meta-data",
        "http://127.0.0.1:1/blob",
        "https://127.0.0.1:1/blob",
        "https://[::1]:1/blob",
        "https://2130706433/blob",
        "file:///etc/passwd",
    ],
)
@pytest.mark.parametrize("where", ["redirect", "realm"])
def test_nobody_is_sent_to_addresses_that_are_not_public(
    images: Images, registry: RegistryServer, elsewhere: str, where: str
) -> None:
    registry.image("acme/api", "1")

    def send_away(handler: Handler) -> object:
        if where == "realm":
            return handler.send(401, WWW_Authenticate=f'Bearer realm="{elsewhere}"')
        return "/blobs/" in handler.path and handler.send(307, Location=elsewhere)

    registry.answer = send_away

    assert refused(images, registry).code in {"HOST_NOT_ALLOWED", "REGISTRY_FAILED"}
    assert all(one.path.startswith("/v2/") for one in registry.seen)


def test_a_redirected_blob_is_fetched_without_the_token(images: Images, registry: RegistryServer) -> None:
    with RegistryServer() as storage:
        registry.wants_token = True
        registry.image("acme/api", "1", User="7")
        storage.blobs = registry.blobs
        storage_host = storage.host
        registry.answer = lambda handler: (
            "/blobs/" in handler.path and handler.send(307, Location=f"http://{storage_host}{handler.path}")
        )
        guard = AddressGuard(False, False, ("127.0.0.1",), settings_prefix="")
        both = frozenset({registry.host, storage.host})
        images = Images(Registries(guard, SystemClock(), both), 20)

        assert facts(images, registry, "acme/api:1").user == "7"
        (asked,) = storage.seen
        assert "Authorization" not in asked.headers
        assert any(TOKEN in one.headers.get("Authorization", "") for one in registry.seen)


def test_redirects_end(images: Images, registry: RegistryServer) -> None:
    registry.answer = lambda handler: handler.send(307, Location=handler.path)

    assert "redirects more than" in refused(images, registry).message
    assert len(registry.seen) < 10


def test_a_body_without_end_is_cut(images: Images, registry: RegistryServer) -> None:
    registry.answer = Handler.send_without_end

    error = refused(images, registry)

    assert error.code == "REGISTRY_FAILED"
    assert f"{MOST_BYTES >> 20} MB" in error.message


def test_content_that_is_not_what_its_digest_says_is_refused(images: Images, registry: RegistryServer) -> None:
    registry.image("acme/api", "1")
    registry.answer = lambda handler: "/blobs/" in handler.path and handler.send(200, b'{"config": {"User": "0"}}')

    assert "something else" in refused(images, registry).message


def test_a_registry_that_hangs_is_given_up(registry: RegistryServer) -> None:
    registry.answer = Handler.hang

    error = refused(images_of(registry, timeout_s=0.2), registry)

    assert (error.code, error.away) == ("REGISTRY_TIMEOUT", True)


def test_a_registry_that_is_not_there_is_said(registry: RegistryServer) -> None:
    gone = "127.0.0.1:1"
    guard = AddressGuard(False, False, (gone,), settings_prefix="")
    images = Images(Registries(guard, SystemClock(), frozenset({gone})), 20)

    with pytest.raises(RegistryError, match="refuses the connection") as refused:
        images.facts(reference_of(f"{gone}/acme/api"))

    assert (refused.value.code, refused.value.away) == ("REGISTRY_FAILED", True)


@pytest.mark.parametrize("image", ["10.0.0.1/x", "127.0.0.1:1/x", "169.254.169.254/x", "[::1]:1/x", "localhost/x"])
def test_only_registries_that_an_operator_has_named_may_be_private(image: str) -> None:
    images = Images(Registries(AddressGuard(False, False, (), settings_prefix=""), FakeClock()), 20)

    with pytest.raises(RegistryError) as refused:
        images.facts(reference_of(image))

    assert refused.value.code == "HOST_NOT_ALLOWED"
