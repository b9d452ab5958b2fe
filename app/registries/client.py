"""Manifests and blobs of one repository, over the distribution API (opencontainers/distribution-spec). Guarded.

Each address is judged, redirects (of blobs, to storage) and the place that gives tokens too. A token goes to the
registry's own host only. Plain http only where an operator has named the host. Called by `images.py`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

import orjson

from app.clock import Clock
from app.errors import InvalidError
from app.kube.deadline import Deadline
from app.kube.errors import UnreachableError, UnreachableReason
from app.net.guard import AddressGuard
from app.outbound.exchange import (
    REDIRECTS_AT_MOST,
    Answer,
    BadRedirectError,
    Request,
    TooMuchError,
    exchange,
    redirected,
    same_host,
)
from app.registries.challenges import Challenge
from app.registries.errors import RegistryError, registry_error
from app.registries.references import Reference

MOST_BYTES: Final = 4 * 1024 * 1024
"""Of a manifest, a configuration or a token's answer; registries take no larger manifests either."""
MANIFESTS: Final = ", ".join(
    (
        "application/vnd.oci.image.index.v1+json",
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
        "application/vnd.docker.distribution.manifest.v2+json",
    )
)
_TEXTS: Final[Mapping[UnreachableReason, str]] = {
    "dns": "The registry {host} can't be found: check the image's name",
    "refused": "{host} refuses the connection: check the registry's host and port",
    "server_error": "{host} closed the connection without an answer: try again later",
    "tls_untrusted": "The certificate of {host} is signed by an unknown authority",
    "tls_name": "The certificate of {host} is for another host",
    "tls_expired": "The certificate of {host} has expired or isn't valid yet",
    "not_kubernetes": "{host} answers with something that can't be read. If it speaks plain http, an administrator "
    "can name it in REGISTRY_INSECURE_HOSTS",
}

Proof = Callable[[Reference, str], Mapping[str, str]]
"""(image, URL that gives tokens) → headers that show who asks. Whoever gives some decides whether that URL may see
them."""


def anonymous(reference: Reference, url: str) -> Mapping[str, str]:
    """Nobody in particular: no registry has credentials here yet."""
    del reference, url
    return {}


@dataclass(frozen=True, slots=True)
class Registries:
    """How registries may be spoken to.

    Args:
        guard: judges addresses.
        clock: for deadlines.
        insecure_hosts: `host:port` of those that speak plain http.
        proof: who asks.
    """

    guard: AddressGuard
    clock: Clock
    insecure_hosts: frozenset[str] = frozenset()
    proof: Proof = anonymous

    def repository(self, reference: Reference, timeout_s: float) -> "Repository":
        """The repository of an image; all that is asked of it together may take so long."""
        return Repository(self, reference, Deadline.within(self.clock, timeout_s))

    def url(self, reference: Reference) -> str:
        """Of the repository."""
        scheme = "http" if reference.host in self.insecure_hosts else "https"
        return f"{scheme}://{reference.api_host}/v2/{reference.path}"

    def send(self, request: Request, deadline: Deadline) -> Answer:
        """One request, judged. Raises RegistryError."""
        scheme, _, rest = request.url.partition("://")
        place = rest.partition("/")[0].partition("?")[0]
        host = place.rpartition(":")[0] if place.rpartition(":")[2].isdigit() else place
        if scheme != "https" and not (scheme == "http" and place in self.insecure_hosts):
            text = f"{host} isn't asked without TLS: an administrator can name it in REGISTRY_INSECURE_HOSTS"
            raise registry_error("HOST_NOT_ALLOWED", text)
        try:
            return exchange(request, deadline, guard=self.guard, clock=self.clock, at_most_bytes=MOST_BYTES)
        except UnreachableError as error:
            raise _unreachable(error, host) from error
        except TimeoutError as error:
            raise _too_slow(host) from error
        except TooMuchError:
            text = f"{host} sends more than {MOST_BYTES >> 20} MB, which is the limit here"
            raise registry_error("REGISTRY_FAILED", text) from None
        except (InvalidError, ValueError):
            raise registry_error("REGISTRY_FAILED", f"{host} sends us to what is no plain URL") from None


@dataclass(slots=True)
class Repository:
    """One repository, while one image of it is asked for."""

    registries: Registries
    reference: Reference
    deadline: Deadline
    _token: str = field(default="", repr=False)

    def head(self, wanted: str) -> str:
        """The digest of a manifest, as far as the registry tells. Docker Hub counts this as no pull."""
        answer = self._ask("HEAD", f"manifests/{wanted}", MANIFESTS)
        return answer.headers.get("docker-content-digest", "")

    def manifest(self, wanted: str) -> Answer:
        """A manifest or an index of several, by tag or digest."""
        return self._ask("GET", f"manifests/{wanted}", MANIFESTS)

    def blob(self, digest: str) -> bytes:
        """A blob by its digest."""
        return self._ask("GET", f"blobs/{digest}", "*/*").body

    def _ask(self, method: str, what: str, accept: str) -> Answer:
        """Raises RegistryError unless it is there."""
        answer = self._followed(method, what, accept)
        if answer.status == 401 and not self._token:
            challenge = Challenge.of(answer.headers.get("www-authenticate", ""))
            if challenge is not None:
                self._token = self._new_token(challenge)
                answer = self._followed(method, what, accept)
        if answer.status == 200:
            return answer
        raise _refusal(answer, self.reference)

    def _followed(self, method: str, what: str, accept: str) -> Answer:
        """The answer, redirects followed."""
        url = first = f"{self.registries.url(self.reference)}/{what}"
        for _ in range(REDIRECTS_AT_MOST + 1):
            proof = {"Authorization": f"Bearer {self._token}"} if self._token and same_host(first, url) else {}
            request = Request(method, url, {"User-Agent": "KubeOrch", "Accept": accept, **proof})
            answer = self.registries.send(request, self.deadline)
            try:
                target = redirected(request, answer)
            except BadRedirectError:
                text = f"{self.reference.host} redirects to an address that isn't followed"
                raise registry_error("REGISTRY_FAILED", text) from None
            if target is None:
                return answer
            url = target
        text = f"{self.reference.host} redirects more than {REDIRECTS_AT_MOST} times"
        raise registry_error("REGISTRY_FAILED", text)

    def _new_token(self, challenge: Challenge) -> str:
        url = challenge.token_url(self.reference.path)
        proof = self.registries.proof(self.reference, url)
        request = Request("GET", url, {"User-Agent": "KubeOrch", "Accept": "application/json", **proof})
        answer = self.registries.send(request, self.deadline)
        if answer.status != 200:
            raise _refusal(answer, self.reference)
        try:
            given = orjson.loads(answer.body)
        except orjson.JSONDecodeError:
            given = None
        token = (given.get("token") or given.get("access_token")) if isinstance(given, dict) else None
        if not isinstance(token, str) or not token.isascii() or not token.isprintable() or " " in token:
            raise registry_error("REGISTRY_FAILED", f"{self.reference.host} gives no token to read the image with")
        return token


def _refusal(answer: Answer, reference: Reference) -> RegistryError:
    host = reference.host
    match answer.status:
        case 401 | 403:
            # Registries don't tell which: whether a private image exists is private too.
            text = f"{host} denies access to {reference.path}: there is no such image, or it is private"
            return registry_error("IMAGE_DENIED", text)
        case 404:
            text = f"{host} has no image {reference.path} with {reference.wanted}: check name and tag"
            return registry_error("IMAGE_NOT_FOUND", text)
        case 429:
            text = f"{host} asks us to slow down: try again in some minutes"
            return registry_error("REGISTRY_FAILED", text, away=True)
        case status:
            return registry_error("REGISTRY_FAILED", f"{host} answers with status {status}: try again later")


def _unreachable(error: UnreachableError, host: str) -> RegistryError:
    if error.reason == "timeout":
        return _too_slow(host)
    if error.reason == "blocked":
        return registry_error("HOST_NOT_ALLOWED", error.message)
    return registry_error("REGISTRY_FAILED", _TEXTS[error.reason].format(host=host), away=True)


def _too_slow(host: str) -> RegistryError:
    return registry_error("REGISTRY_TIMEOUT", f"{host} gave no answer in time: try again later", away=True)
