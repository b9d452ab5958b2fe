"""Answers as API servers and what stands before them frame them, however the network cuts them."""

import socket
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.kube.response import NotHttpError, Response


class Wire:
    """A socket that has bytes, given out in pieces of a size, then the end."""

    def __init__(self, data: bytes, piece: int = 65536) -> None:
        self.data, self.piece = data, piece

    def recv(self, at_most: int) -> bytes:
        taken = min(at_most, self.piece)
        part, self.data = self.data[:taken], self.data[taken:]
        return part


def answer(data: bytes, piece: int = 65536) -> Response:
    return Response(cast(socket.socket, Wire(data, piece)), before_read=lambda: None)


def body_of(response: Response) -> bytes:
    return b"".join(iter(response.read_some, b""))


COUNTED = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-Name:  a value \r\n\r\nhello"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;ext=1\r\nhello\r\n00A\r\n, it's me.\r\n0\r\n\r\n"
TRAILER = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX-Sum: 1\r\nX-More: 2\r\n\r\n"
UNTIL_CLOSE = b"HTTP/1.1 200 OK\r\n\r\nhello"
CLOSING = b"HTTP/1.1 200 OK\r\nConnection: Close\r\nContent-Length: 5\r\n\r\nhello"
OLD = b"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello"
INTERIM = b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + COUNTED
NOTHING = b"HTTP/1.1 204 No Content\r\n\r\n"
EMPTY = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


@pytest.mark.parametrize("piece", [1, 2, 7, 65536])
@pytest.mark.parametrize(
    ("wire", "body", "is_kept"),
    [
        (COUNTED, b"hello", True),
        (CHUNKED, b"hello, it's me.", True),
        (TRAILER, b"hello", True),
        (UNTIL_CLOSE, b"hello", False),
        (CLOSING, b"hello", False),
        (OLD, b"hello", False),
        (INTERIM, b"hello", True),
        (NOTHING, b"", True),
        (EMPTY, b"", True),
    ],
)
def test_each_framing_is_read_to_its_end(wire: bytes, body: bytes, is_kept: bool, piece: int) -> None:
    response = answer(wire, piece)

    assert body_of(response) == body
    assert response.may_be_followed is is_kept


def test_names_of_headers_are_in_lower_case() -> None:
    response = answer(COUNTED)

    assert (response.status, response.headers) == (200, {"content-length": "5", "x-name": "a value"})


@given(st.lists(st.binary(min_size=1, max_size=300), max_size=8), st.integers(1, 400))
def test_chunks_come_out_whole_however_they_are_cut(chunks: list[bytes], piece: int) -> None:
    framed = b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks)
    wire = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + framed + b"0\r\n\r\n"

    response = answer(wire, piece)

    assert body_of(response) == b"".join(chunks)
    assert response.may_be_followed


def test_a_burst_of_chunks_is_one_part() -> None:
    response = answer(CHUNKED)

    assert response.read_some() == b"hello, it's me."


def test_bytes_after_an_answer_spoil_the_connection() -> None:
    response = answer(COUNTED + b"HTTP/1.1 200 OK\r\n")

    assert body_of(response) == b"hello"
    assert not response.may_be_followed


@pytest.mark.parametrize("wire", [COUNTED[:-1], CHUNKED[:-8], CHUNKED[:-2], COUNTED[:20], b""])
def test_an_answer_that_breaks_off_is_an_error_of_the_connection(wire: bytes) -> None:
    with pytest.raises(ConnectionError):
        body_of(answer(wire))


@pytest.mark.parametrize(
    "wire",
    [
        b"SSH-2.0-OpenSSH_9.9\r\n",
        b"HTTP/2.0 200 OK\r\n\r\n",
        b"HTTP/1.1 2000 OK\r\n\r\n",
        b"HTTP/1.1 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 20_000,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\nhello\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhelloXX5\r\nhello\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1" * 70_000,
    ],
)
def test_anything_else_is_not_http(wire: bytes) -> None:
    with pytest.raises(NotHttpError):
        body_of(answer(wire))
