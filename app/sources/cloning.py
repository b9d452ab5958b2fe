"""Get one commit of a repository onto the disk. Called by the tasks of imports and builds.

What is left is a folder of plain files: no `.git`, no link, nothing that was run, nothing that knows the credential.
"""

import errno
import shutil
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from app.clock import Clock
from app.errors import UnavailableError
from app.kube.deadline import Deadline
from app.sources.errors import source_error
from app.sources.failures import disk_full, fetch_failure, local_failure
from app.sources.git_options import ATTRIBUTES, LEAST_VERSION, environment, is_new_enough, network
from app.sources.git_process import GitProgram, Reader
from app.sources.limits import Limits
from app.sources.lookup import TIMEOUT_S, Found, look_up
from app.sources.models import GitCredential
from app.sources.outbound import Outbound
from app.sources.progress import Progress
from app.sources.refs import Refs, Wanted, settled
from app.sources.tree import Tree
from app.sources.urls import Repository

FILES: Final = "files"
_GIT: Final = "git"
_HOME: Final = "home"


@dataclass(frozen=True, slots=True)
class Clone:
    """A commit's files."""

    folder: Path
    commit_sha: str
    branch: str
    """What was taken: a branch, tag or commit; another than was asked for when `notes` says so."""
    notes: tuple[str, ...] = ()
    """For people: what was taken instead, what was left out."""
    path: str = ""
    """Inside the folder, as the address of a page shows it: now that the refs are known, told apart from the ref."""


@dataclass(frozen=True, slots=True)
class Git:
    """Repositories of other hosts.

    Args:
        outbound: which hosts may be spoken to.
        clock: for limits of time.
        limits: of one clone.
    """

    outbound: Outbound
    clock: Clock
    limits: Limits = field(default_factory=Limits)

    def check(self, repository: Repository) -> None:
        """Whether its address may be used at all, without I/O. `clone` and `refs` begin with it.

        Raises:
            SourceError: INVALID_URL, HOST_NOT_ALLOWED.
        """
        self.outbound.check(repository.url)

    def refs(self, repository: Repository, credential: GitCredential | None) -> Refs:
        """Its branches and tags. Raises SourceError like `clone`."""
        return look_up(self.outbound, repository, credential).refs

    def clone(
        self,
        repository: Repository,
        credential: GitCredential | None,
        into: Path,
        *,
        check: Callable[[], None],
        log: Callable[[str], None],
    ) -> Clone:
        """Fetch one commit, without its history.

        Args:
            repository: which, and what of it.
            credential: shown to the repository's own host, if that asks.
            into: an empty folder for this clone alone; it is removed when there is no clone.
            check: called at least twice a second; what it raises ends git and everything it started.
            log: gets sentences for people.

        Raises:
            SourceError: with the contract's code.
        """
        try:
            return _Cloning(self, repository=repository, credential=credential, into=into, check=check, log=log).run()
        except BaseException as error:
            shutil.rmtree(into, ignore_errors=True)
            if isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EDQUOT}:
                raise disk_full() from error
            raise


class _Cloning:
    """One call of `clone`."""

    def __init__(
        self,
        git: Git,
        *,
        repository: Repository,
        credential: GitCredential | None,
        into: Path,
        check: Callable[[], None],
        log: Callable[[str], None],
    ) -> None:
        self._outbound, self._limits = git.outbound.pinned(), git.limits
        self._repository, self._credential, self._into = repository, credential, into
        self._check, self._log = check, log
        self._deadline = Deadline.within(git.clock, git.limits.timeout_s)
        for name in (FILES, _HOME):
            (into / name).mkdir()
        secrets = (credential.token, credential.username) if credential else ()
        self._progress = Progress(git.clock, log, secrets)
        self._git = GitProgram(
            into, environment(into / _HOME, allow_http=git.outbound.allow_http), git.clock, self._watch
        )

    def run(self) -> Clone:
        self._log(f"Cloning {self._repository.url}")
        seconds = min(TIMEOUT_S, self._limits.timeout_s)
        found = look_up(self._outbound, self._repository, self._credential, timeout_s=seconds)
        self._check()
        if found.url.removesuffix(".git") != self._repository.url:
            self._log(f"It has moved to {found.url}")
        wanted = settled(self._repository, found.refs)
        for note in wanted.notes:
            self._log(note)
        self._require_new_git()
        self._fetch(found, wanted)
        commit = self._commit(wanted)
        tree = self._tree()
        self._check_out()
        for name in (_GIT, _HOME):
            shutil.rmtree(self._into / name)
        notes = tree.notes(self._into / FILES)
        for note in notes:
            self._log(note)
        self._log(f"Took {wanted.name} at {commit[:12]}: {tree.files} files")
        return Clone(self._into / FILES, commit, wanted.name, (*wanted.notes, *notes), wanted.path)

    def _watch(self) -> None:
        """May it go on?"""
        self._check()
        try:
            self._deadline.left_s()
        except TimeoutError:
            seconds = self._limits.timeout_s
            text = f"The clone took longer than {seconds:g} s: an administrator can raise GIT_CLONE_TIMEOUT_SECONDS"
            raise source_error("GIT_TIMEOUT", text) from None
        # What it fetches, while it fetches; what will be checked out is judged before (`_tree`).
        self._limits.check_folder(self._into / _GIT)

    def _require_new_git(self) -> None:
        said = bytearray()
        self._git.run("version", on_output=said.extend)
        if not is_new_enough(said.decode("utf-8", "replace")):
            least = ".".join(map(str, LEAST_VERSION))
            raise UnavailableError(f"The program git on this worker is older than {least}: update it")

    def _fetch(self, found: Found, wanted: Wanted) -> None:
        sha256 = ["--object-format=sha256"] if found.refs.has_sha256 else []
        self._run("init", "--quiet", "--template=", *sha256, "--initial-branch=main")
        info = self._into / _GIT / "info"
        info.mkdir(exist_ok=True)
        (info / "attributes").write_text(ATTRIBUTES)
        addresses, silence_s = self._outbound.addresses(found.url), self._limits.timeout_s
        ended = self._git.run(
            *network(found.url, addresses, self._authorities(), silence_s=silence_s),
            *self._places,
            *("fetch", "--progress", "--depth=1", "--no-tags", "--no-recurse-submodules", "--no-auto-maintenance"),
            *("--", found.url, wanted.wanted),
            credential=found.credential,
            on_said=self._progress.hear,
        )
        if ended.status != 0:
            raise fetch_failure(self._progress.hidden(ended.said), found, wanted)

    def _commit(self, wanted: Wanted) -> str:
        output = bytearray()
        self._run(
            "rev-parse", "--verify", "--quiet", "--end-of-options", "FETCH_HEAD^{commit}", on_output=output.extend
        )
        return output.decode("ascii").strip()

    def _tree(self) -> Tree:
        """What the commit holds, judged before a byte of it is written: a small pack can hold a terabyte."""
        tree = Tree(self._limits)
        self._run("ls-tree", "-r", "-l", "-z", "FETCH_HEAD", on_output=tree.read)
        return tree

    def _check_out(self) -> None:
        self._run("checkout", "--quiet", "--detach", "--force", "FETCH_HEAD")

    def _run(self, *arguments: str, on_output: Reader | None = None) -> None:
        """git without the network."""
        ended = self._git.run(*self._places, *arguments, on_output=on_output)
        if ended.status != 0:
            raise local_failure(arguments[0], ended.said)

    def _authorities(self) -> Path | None:
        """A file with the system's authorities and the operator's own: git takes one in place of the system's."""
        if self._outbound.ca_file is None:
            return None
        system = Path(ssl.get_default_verify_paths().cafile or ssl.get_default_verify_paths().openssl_cafile)
        path = self._into / _HOME / "authorities.pem"
        parts = [source.read_bytes() for source in (system, self._outbound.ca_file) if source.is_file()]
        path.write_bytes(b"\n".join(parts))
        return path

    @property
    def _places(self) -> tuple[str, ...]:
        return f"--git-dir={self._into / _GIT}", f"--work-tree={self._into / FILES}"
