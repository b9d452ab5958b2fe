"""Exec over a WebSocket (v5 and v4.channel.k8s.io): frames, channels, interactive toy shell. Used by `containers`."""

import base64
import hashlib
from collections.abc import Iterator
from socket import socket
from typing import Final

import orjson

from practice_cluster.errors import bad_request
from practice_cluster.server import Request, Upgraded
from practice_cluster.shell import Ended, Surroundings, run, run_script

_GUID: Final = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_PROTOCOLS: Final = ("v5.channel.k8s.io", "v4.channel.k8s.io")
_STDIN, _STDOUT, _STATUS, _CLOSE_STREAM = 0, 1, 3, 255
_FRAME_MOST: Final = 1024 * 1024
_IDLE_S: Final = 3600.0


def conversation(request: Request, around: Surroundings) -> Upgraded:
    """What to do with the connection.

    Raises:
        ApiError: 400, the client wants another protocol (SPDY).
    """
    offered = [each.strip() for each in request.headers.get("sec-websocket-protocol", "").split(",")]
    chosen = next((each for each in _PROTOCOLS if each in offered), None)
    if request.headers.get("upgrade", "").lower() != "websocket" or chosen is None:
        raise bad_request("Upgrade request required: a WebSocket with v5.channel.k8s.io or v4.channel.k8s.io")
    key = request.headers.get("sec-websocket-key", "")
    accept = base64.b64encode(hashlib.sha1((key + _GUID).encode()).digest()).decode()  # noqa: S324  RFC 6455 wants it
    head = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    head += f"Sec-WebSocket-Accept: {accept}\r\nSec-WebSocket-Protocol: {chosen}\r\n\r\n"

    def talk(connection: socket) -> None:
        connection.settimeout(_IDLE_S)
        connection.sendall(head.encode())
        session = _Session(connection, around, is_tty=request.flag("tty"))
        session.end(session.execute(list(request.commands), has_input=request.flag("stdin")))

    return talk


class _Session:
    def __init__(self, connection: socket, around: Surroundings, *, is_tty: bool) -> None:
        self._connection, self._around, self._is_tty = connection, around, is_tty

    def execute(self, argv: list[str], *, has_input: bool) -> int:
        """The exit code."""
        is_shell = argv[0].rpartition("/")[2] in ("sh", "bash", "ash") and not any("c" in e for e in argv[1:2])
        if has_input and is_shell:
            return self._shell()
        if has_input and argv == ["cat"]:
            for part in self._input():
                self._say(part.decode(errors="replace"))
            return 0
        ended = run(argv, self._around)
        self._say(ended.output)
        return ended.code

    def _shell(self) -> int:
        """Line by line, until `exit` or the end of the input."""
        variables, line, code = dict(self._around.environment), "", 0
        self._prompt()
        for part in self._input():
            for letter in part.decode(errors="replace"):
                if letter in ("\x04", "\x03"):
                    if letter == "\x04" and not line:
                        return code
                    line = ""
                    self._say("^C\n" if letter == "\x03" else "")
                    self._prompt()
                elif letter in ("\r", "\n"):
                    self._say("\n" if self._is_tty else "")
                    ended = Ended(code=code)
                    run_script(line, self._around, variables, ended)
                    self._say(ended.output)
                    line, code = "", ended.code
                    if ended.has_exited:
                        return code
                    self._prompt()
                elif letter in ("\x7f", "\b"):
                    self._say("\b \b" if line and self._is_tty else "")
                    line = line[:-1]
                else:
                    line += letter
                    self._say(letter if self._is_tty else "")
        return code

    def _prompt(self) -> None:
        if self._is_tty:
            self._say("/ # ")

    def _say(self, text: str) -> None:
        if text:
            self._send(_STDOUT, (text.replace("\n", "\r\n") if self._is_tty else text).encode())

    def end(self, code: int) -> None:
        """Tell the exit code and close."""
        status: dict[str, object] = {"metadata": {}, "status": "Success"}
        if code:
            causes = [{"reason": "ExitCode", "message": str(code)}]
            text = f"command terminated with non-zero exit code: exit status {code}"
            status = {"metadata": {}, "status": "Failure", "message": text, "reason": "NonZeroExitCode"}
            status["details"] = {"causes": causes}
        self._send(_STATUS, orjson.dumps(status))
        self._frame(8, (1000).to_bytes(2, "big"))

    def _input(self) -> Iterator[bytes]:
        """What comes on stdin, until it is closed."""
        while True:
            opcode, data = self._receive()
            if opcode == 8:
                return
            if opcode == 9:
                self._frame(10, data)
            elif opcode in (1, 2) and data[:1] == bytes([_STDIN]):
                yield data[1:]
            elif opcode in (1, 2) and data[:2] == bytes([_CLOSE_STREAM, _STDIN]):  # v5
                return

    def _send(self, channel: int, data: bytes) -> None:
        for begin in range(0, len(data), 32 * 1024):
            self._frame(2, bytes([channel]) + data[begin : begin + 32 * 1024])

    def _frame(self, opcode: int, data: bytes) -> None:
        size = len(data)
        length = bytes([size]) if size < 126 else bytes([126]) + size.to_bytes(2, "big")
        self._connection.sendall(bytes([0x80 | opcode]) + length + data)

    def _receive(self) -> tuple[int, bytes]:
        first, second = self._exactly(2)
        size = second & 0x7F
        if size >= 126:
            size = int.from_bytes(self._exactly(2 if size == 126 else 8), "big")
        if size > _FRAME_MOST:
            return 8, b""
        mask = self._exactly(4) if second & 0x80 else bytes(4)
        data = self._exactly(size)
        return first & 0x0F, bytes(byte ^ mask[index % 4] for index, byte in enumerate(data))

    def _exactly(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            part = self._connection.recv(size - len(data))
            if not part:
                raise ConnectionError("the client has gone")
            data += part
        return data
