"""Runs the program git: no environment of ours, output read as it comes, its process group ended on any exception.

GitPython starts it, with a list of arguments and none of the keywords that it would turn into options. It hands our
whole environment on, secrets included, so what it starts is `env -i`.
"""

import os
import resource
import selectors
import signal
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from app.clock import Clock
from app.errors import UnavailableError
from app.sources.git_options import LOCAL, credential_helper
from app.sources.models import GitCredential

_LOOK_EVERY_S: Final = 0.25
_READ_BYTES: Final = 65536
_KEPT_BYTES: Final = 8192  # of what git says: enough for why it failed
_END_S: Final = 10.0

# A pack of some kilobytes can ask for a terabyte: each delta says how long its result is.
_MEMORY_BYTES: Final = 2 * 1024 * 1024 * 1024

Reader = Callable[[bytes], None]


@dataclass(frozen=True, slots=True)
class Ended:
    """How git ended: its status, and the end of what it said."""

    status: int
    said: str


@dataclass(frozen=True, slots=True)
class GitProgram:
    """git in one folder.

    Args:
        folder: where it runs; a worker that dies is found out by it (`workspaces.py`).
        environment: all that it sees of one.
        clock: paces `watch`.
        watch: called at least twice a second while git runs; what it raises ends git and goes on to the caller.
    """

    folder: Path
    environment: Mapping[str, str]
    clock: Clock
    watch: Callable[[], None]

    def run(
        self,
        *arguments: str,
        credential: GitCredential | None = None,
        on_output: Reader | None = None,
        on_said: Reader | None = None,
    ) -> Ended:
        """Run `git <arguments>` to its end.

        Args:
            arguments: ours, or checked; they come after the options of every call (`git_options.LOCAL`).
            credential: reaches git over a pipe when its host asks.
            on_output: gets what git writes to its standard output.
            on_said: gets what it writes for people, progress included.
        """
        self.watch()
        with _pipe_of(credential) as descriptor:
            helper = [] if descriptor is None else credential_helper(descriptor)
            process = self._start([*LOCAL, *helper, *arguments], descriptor)
        said = bytearray()

        def hear(part: bytes) -> None:
            said.extend(part)
            del said[:-_KEPT_BYTES]
            if on_said is not None:
                on_said(part)

        assert process.stdout is not None and process.stderr is not None
        readers = {process.stdout: on_output or (lambda part: None), process.stderr: hear}
        try:
            self._read(readers)
            with suppress(subprocess.TimeoutExpired):  # it has closed its outputs and doesn't end
                process.wait(_END_S)
        finally:
            _end(process)
        return Ended(process.returncode, said.decode("utf-8", "replace"))

    def _start(self, arguments: Sequence[str], descriptor: int | None) -> "subprocess.Popen[bytes]":
        """In a session of its own, so that its helpers can be ended with it."""
        try:
            from git.cmd import Git  # looks for git when it is imported: a web process has no use for that
        except ImportError as error:
            raise UnavailableError("The program git isn't installed on this worker: install it") from error
        variables = [f"{name}={value}" for name, value in self.environment.items()]
        started = Git(self.folder).execute(
            ["env", "-i", *variables, "git", *arguments],
            as_process=True,
            shell=False,
            start_new_session=True,
            pass_fds=() if descriptor is None else (descriptor,),
        )
        assert started.proc is not None
        process: subprocess.Popen[bytes] = started.proc
        started.proc = None  # ours now: GitPython would end it when its own object goes
        if hasattr(resource, "prlimit"):  # Linux; its helpers inherit it
            with suppress(ProcessLookupError):
                resource.prlimit(process.pid, resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
        return process

    def _read(self, readers: Mapping[IO[bytes], Reader]) -> None:
        """Until nobody holds the other ends any more, helpers of git included."""
        looked_at = self.clock.monotonic()
        with selectors.DefaultSelector() as selector:
            for stream, reader in readers.items():
                selector.register(stream, selectors.EVENT_READ, reader)
            while selector.get_map():
                for key, _ in selector.select(_LOOK_EVERY_S):
                    if part := os.read(key.fd, _READ_BYTES):
                        key.data(part)
                    else:
                        selector.unregister(key.fileobj)
                if self.clock.monotonic() - looked_at >= _LOOK_EVERY_S:
                    self.watch()
                    looked_at = self.clock.monotonic()


@contextmanager
def _pipe_of(credential: GitCredential | None) -> Iterator[int | None]:
    """The reading end of a pipe that holds the credential, in the words of git's helpers (git-credential(1))."""
    if credential is None:
        yield None
        return
    reading, writing = os.pipe()
    try:
        # Less than a pipe takes without a reader: the input's limits see to that.
        os.write(writing, f"username={credential.username}\npassword={credential.token}\n".encode())
        os.close(writing)
        yield reading
    finally:
        os.close(reading)


def _end(process: "subprocess.Popen[bytes]") -> None:
    """Nobody of its group outlives it. Its number can't be another's yet, unless `wait` has seen it end by itself."""
    if process.returncode is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(_END_S)
    for stream in (process.stdout, process.stderr):
        if stream is not None:
            stream.close()
