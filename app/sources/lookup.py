"""Ask a Git host for a repository's refs, over HTTP (gitprotocol-http). Redirects are followed here and nowhere else.

Done by ourselves rather than by `git ls-remote`: each redirect must be judged, and its errors must be told apart by
status instead of by the wording of a program.
"""

import base64
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from app.kube.deadline import Deadline
from app.outbound.exchange import REDIRECTS_AT_MOST, Answer, Request, same_host
from app.sources.errors import SourceError, source_error
from app.sources.models import GitCredential
from app.sources.outbound import Outbound, redirected
from app.sources.pkt_lines import NotGitError, ask_for_refs, capabilities_of, refs_of_version_0, refs_of_version_2
from app.sources.refs import Refs
from app.sources.urls import Repository

TIMEOUT_S: Final = 20.0  # for all of it: /git/refs answers within the 27 s that the UI waits
_MOST_BYTES: Final = 16 * 1024 * 1024  # 200,000 refs
_SERVICE: Final = "/info/refs?service=git-upload-pack"
_ADVERTISEMENT: Final = "application/x-git-upload-pack-advertisement"
_VERSION_2: Final = {"Git-Protocol": "version=2"}
_DENIED: Final = frozenset({401, 403, 404, 410})


@dataclass(frozen=True, slots=True)
class Found:
    """A repository, where it really is."""

    url: str
    """After redirects; git is given this one."""
    refs: Refs
    credential: GitCredential | None
    """The one that was needed; `None`: anybody may read it, so git gets none."""


class _DeniedError(Exception):
    """The list of refs is refused."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


def look_up(
    outbound: Outbound, repository: Repository, credential: GitCredential | None, *, timeout_s: float = TIMEOUT_S
) -> Found:
    """The refs of a repository, and where it is.

    Asks without the credential first: what is public needs none, and a stale token mustn't hide it.

    Args:
        outbound: which hosts may be asked.
        repository: where to look.
        credential: shown to the repository's own host only, if it asks.
        timeout_s: for all of it.

    Raises:
        SourceError: HOST_NOT_ALLOWED, GIT_NOT_FOUND, GIT_AUTH_FAILED, GIT_UNREACHABLE, GIT_TIMEOUT.
    """
    deadline = Deadline.within(outbound.clock, timeout_s)
    last: Answer | None = None
    for shown in (None, credential) if credential else (None,):
        for url, answer in _answers(outbound, repository, shown, deadline):
            last = answer
            if not _is_advertisement(answer):
                continue
            # After a redirect elsewhere neither we nor git show it there.
            bound = shown if same_host(repository.url, url) else None
            try:
                return Found(url, _refs(outbound, url, answer, bound, deadline), bound)
            except _DeniedError as denied:  # it shows its capabilities to everybody, its branches not
                last = denied.answer
    assert last is not None
    raise _refusal(last, repository, credential)


def _answers(
    outbound: Outbound, repository: Repository, credential: GitCredential | None, deadline: Deadline
) -> Iterator[tuple[str, Answer]]:
    """(where, what) for each address that the repository may have, until one isn't simply unknown."""
    for url in repository.addresses:
        where, answer = _followed(outbound, f"{url}{_SERVICE}", credential, deadline)
        yield where, answer
        if answer.status not in {404, 410} and not 200 <= answer.status < 300:
            return


def _followed(outbound: Outbound, url: str, credential: GitCredential | None, deadline: Deadline) -> tuple[str, Answer]:
    """(repository's URL, answer), redirects followed; a credential stays with the host it is for."""
    first = url
    for _ in range(REDIRECTS_AT_MOST + 1):
        proof = _headers(credential) if same_host(first, url) else {}
        request = Request("GET", url, {"Accept": "*/*", **_VERSION_2, **proof})
        answer = outbound.exchange(request, deadline, at_most_bytes=_MOST_BYTES)
        target = redirected(request, answer)
        if target is None:
            return url.removesuffix(_SERVICE), answer
        if not target.endswith(_SERVICE):  # to a sign-in page, as a rule
            return url.removesuffix(_SERVICE), Answer(404, {}, b"")
        url = target
    raise source_error("GIT_UNREACHABLE", f"{urlsplit(first).hostname} redirects more than {REDIRECTS_AT_MOST} times")


def _refs(outbound: Outbound, url: str, answer: Answer, credential: GitCredential | None, deadline: Deadline) -> Refs:
    try:
        capabilities = capabilities_of(answer.body)
        if capabilities is None:
            return refs_of_version_0(answer.body)
        headers = {
            "Content-Type": "application/x-git-upload-pack-request",
            "Accept": "application/x-git-upload-pack-result",
            **_VERSION_2,
            **_headers(credential),
        }
        request = Request("POST", f"{url}/git-upload-pack", headers, ask_for_refs(capabilities))
        listed = outbound.exchange(request, deadline, at_most_bytes=_MOST_BYTES)
        if listed.status == 200:
            return refs_of_version_2(listed.body)
        if listed.status in _DENIED:
            raise _DeniedError(listed)
    except NotGitError:
        pass
    host = urlsplit(url).hostname
    raise source_error("GIT_UNREACHABLE", f"{host} doesn't list the branches of this repository: try again later")


def _headers(credential: GitCredential | None) -> Mapping[str, str]:
    if credential is None:
        return {}
    proof = base64.b64encode(f"{credential.username}:{credential.token}".encode()).decode()
    return {"Authorization": f"Basic {proof}"}


def _is_advertisement(answer: Answer) -> bool:
    """The dumb protocol, a directory listing and pages for people have other types."""
    return answer.status == 200 and answer.headers.get("content-type", "").partition(";")[0].strip() == _ADVERTISEMENT


def _refusal(answer: Answer, repository: Repository, credential: GitCredential | None) -> SourceError:
    host = repository.host
    if credential is not None and answer.status in {401, 403}:
        text = f"{host} refuses the credentials: check user name and token, and that the token may read this repository"
        return source_error("GIT_AUTH_FAILED", text)
    if answer.status in _DENIED:
        if credential is not None:
            return source_error("GIT_NOT_FOUND", "Repository not found, or these credentials may not read it")
        # Hosts don't tell which: the existence of a private repository is private too.
        text = f"Repository not found, or it is private: store a Git credential for {host}"
        return source_error("GIT_NOT_FOUND", text)
    if answer.status == 429:
        return source_error("GIT_UNREACHABLE", f"{host} asks us to slow down: try again in some minutes")
    if 200 <= answer.status < 300:
        return source_error("GIT_NOT_FOUND", f"{host} has no Git repository at this address: check the URL")
    return source_error("GIT_UNREACHABLE", f"{host} answers with status {answer.status}: try again later")
