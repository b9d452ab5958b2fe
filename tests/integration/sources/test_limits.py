"""What a clone may cost is held while it runs, and nothing is left when it costs more."""

import errno
import hashlib
import zlib
from collections.abc import Callable

import pytest

from app.errors import TooLargeError, UnavailableError, UpstreamTimeoutError
from app.sources.errors import SourceError
from app.sources.limits import Limits
from tests.git_clones import Cloner, processes_in
from tests.git_server import GitServer, Handler

KIBI = 1024
DEFLATE_STORED = b"\x78\x01"


def refused(cloner: Cloner, url: str) -> SourceError:
    """The error of a clone that leaves neither a file nor a process."""
    with pytest.raises(SourceError) as error:
        cloner.clone(url)
    assert not cloner.into.exists()
    assert processes_in(cloner.folder) == {}
    return error.value


@pytest.mark.parametrize(
    ("limits", "setting"),
    [
        (Limits(files=99), "GIT_MAX_FILES"),
        (Limits(file_bytes=199 * KIBI), "GIT_MAX_FILE_MB"),
        (Limits(repository_bytes=299 * KIBI), "GIT_MAX_REPO_MB"),
    ],
)
def test_what_a_commit_unpacks_to_is_judged_before_it_is_unpacked(
    server: GitServer, cloner: Cloner, limits: Limits, setting: str
) -> None:
    # Zeros: the pack is some hundred bytes.
    files = {f"{number}": "x" for number in range(98)} | {"large": b"\0" * 200 * KIBI, "more": b"\0" * 100 * KIBI}
    server.repository().commit(files)
    cloner.limits = limits

    error = refused(cloner, f"{server.url}/team/app")

    assert isinstance(error, TooLargeError)
    assert error.code == "REPO_TOO_LARGE"
    assert setting in error.message


def test_exactly_the_limits_are_allowed(server: GitServer, cloner: Cloner) -> None:
    server.repository().commit({"a": b"\0" * 100 * KIBI, "b": b"\0" * 100 * KIBI})
    cloner.limits = Limits(files=2, file_bytes=100 * KIBI, repository_bytes=200 * KIBI)

    assert len(list(cloner.clone(f"{server.url}/team/app").folder.iterdir())) == 2


def endless_pack(handler: Handler) -> object:
    """To git: a pack with one file in it that never ends. (A stored block of deflate carries its bytes as they are.)"""
    if not handler.is_git or handler.command != "POST" or b"command=fetch" not in handler.body():
        return False
    size = 1 << 40
    header = bytearray([0x80 | (3 << 4) | (size & 15)])
    size >>= 4
    while size:
        header.append((size & 0x7F) | (0x80 if size > 0x7F else 0))
        size >>= 7
    begin = b"PACK" + (2).to_bytes(4, "big") + (1).to_bytes(4, "big") + bytes(header) + DEFLATE_STORED
    block = b"\x00" + (32768).to_bytes(2, "little") + (0xFFFF ^ 32768).to_bytes(2, "little") + b"z" * 32768
    handler.begin(Content_Type="application/x-git-upload-pack-result")
    handler.chunk(b"000dpackfile\n" + side_band(begin))
    return handler.repeat(side_band(block))


def side_band(data: bytes) -> bytes:
    return f"{len(data) + 5:04x}".encode() + b"\x01" + data


def test_a_pack_without_end_is_cut_off(server: GitServer, cloner: Cloner) -> None:
    assert zlib.decompressobj().decompress(DEFLATE_STORED + b"\x00\x01\x00\xfe\xffz") == b"z"
    server.repository().commit({"a": "1"})
    server.answer = endless_pack
    cloner.limits = Limits(repository_bytes=5 * KIBI * KIBI)

    assert refused(cloner, f"{server.url}/team/app").code == "REPO_TOO_LARGE"


def to_git(answer: Callable[[Handler], object]) -> Callable[[Handler], object]:
    return lambda handler: handler.is_git and answer(handler)


@pytest.mark.parametrize("answer", [Handler.wait, Handler.drip], ids=["silent", "dripping"])
def test_a_host_that_takes_too_long_ends_the_clone(
    server: GitServer, cloner: Cloner, answer: Callable[[Handler], object]
) -> None:
    server.repository().commit({"a": "1"})
    server.answer = to_git(answer)
    cloner.limits = Limits(timeout_s=1)

    error = refused(cloner, f"{server.url}/team/app")

    assert isinstance(error, UpstreamTimeoutError)
    assert (error.code, error.message) == (
        "GIT_TIMEOUT",
        "The clone took longer than 1 s: an administrator can raise GIT_CLONE_TIMEOUT_SECONDS",
    )


def test_a_host_that_breaks_off_fails_the_clone_with_gits_reason(server: GitServer, cloner: Cloner) -> None:
    server.repository().commit({"a": "1"})
    server.answer = to_git(lambda handler: handler.command == "POST" and handler.send(200, b"000dpackfile\n"))

    error = refused(cloner, f"{server.url}/team/app")

    assert error.code == "GIT_CLONE_FAILED"
    assert error.message.startswith("127.0.0.1 didn't give out the repository: ")


def test_a_full_disk_is_named_as_such(server: GitServer, cloner: Cloner) -> None:
    server.repository().commit({"a": "1"})

    def check() -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(SourceError) as full:
        cloner.clone(f"{server.url}/team/app", check=check)

    assert isinstance(full.value, UnavailableError)
    assert full.value.code == "DISK_FULL"


def test_a_delta_that_asks_for_gigabytes_of_memory_gets_none(server: GitServer, cloner: Cloner) -> None:
    server.repository().commit({"a": "1"})
    server.answer = gigabytes_delta

    assert refused(cloner, f"{server.url}/team/app").code == "REPO_TOO_LARGE"


def gigabytes_delta(handler: Handler) -> object:
    """To git: a pack of a blob and a delta on it, whose result is said to be 4 GiB long."""
    if not handler.is_git or handler.command != "POST" or b"command=fetch" not in handler.body():
        return False
    base = zlib.compress(b"x" * 15)
    delta = bytes([15]) + varint(1 << 32) + bytes([0x90, 15])
    packed = zlib.compress(delta)
    blob = bytes([(3 << 4) | 15]) + base
    offset = len(blob)
    entry = bytes([(6 << 4) | len(delta)]) + bytes([offset]) + packed
    pack = b"PACK" + (2).to_bytes(4, "big") + (2).to_bytes(4, "big") + blob + entry
    pack += hashlib.sha1(pack).digest()
    return handler.send(
        200, b"000dpackfile\n" + side_band(pack) + b"0000", Content_Type="application/x-git-upload-pack-result"
    )


def varint(number: int) -> bytes:
    found = bytearray()
    while number > 0x7F:
        found.append(0x80 | (number & 0x7F))
        number >>= 7
    return bytes([*found, number])
