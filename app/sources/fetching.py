"""One file by URL, through the guard. Called by imports for addresses that `is_single_file` accepts."""

from typing import Final
from urllib.parse import urlsplit

from app.kube.deadline import Deadline
from app.outbound.exchange import REDIRECTS_AT_MOST, Answer, Request
from app.sources.errors import SourceError, source_error
from app.sources.outbound import Outbound, redirected
from app.sources.urls import file_url

TIMEOUT_S: Final = 20.0


def fetch_file(url: str, guard: Outbound, limit: int) -> bytes:
    """The file's bytes. Nothing of ours is sent along: no credential, no cookie.

    Args:
        url: as somebody pasted it; its query is sent too.
        guard: judges this address and that of each redirect.
        limit: in bytes.

    Raises:
        SourceError: INVALID_URL, HOST_NOT_ALLOWED, FILE_NOT_FOUND, LIMIT_EXCEEDED, GIT_UNREACHABLE, GIT_TIMEOUT.
    """
    url = file_url(url)
    deadline = Deadline.within(guard.clock, TIMEOUT_S)
    for _ in range(REDIRECTS_AT_MOST + 1):
        request = Request("GET", url, {"Accept": "*/*"})
        answer = guard.exchange(request, deadline, at_most_bytes=limit)
        target = redirected(request, answer)
        if target is None:
            return _content(url, answer)
        url = target
    raise source_error("GIT_UNREACHABLE", f"{urlsplit(url).hostname} redirects more than {REDIRECTS_AT_MOST} times")


def _content(url: str, answer: Answer) -> bytes:
    if answer.status == 200:
        return answer.body
    raise _refusal(urlsplit(url).hostname or "", answer.status)


def _refusal(host: str, status: int) -> SourceError:
    if status in {401, 403, 404, 410}:
        return source_error("FILE_NOT_FOUND", f"{host} has no such file, or not for everybody (status {status})")
    return source_error("GIT_UNREACHABLE", f"{host} answers with status {status}: try again later")
