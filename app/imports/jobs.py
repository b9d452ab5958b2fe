"""The analysis of a URL, carried out by a worker: fetch, look, convert, keep. The kind of job that an import is.

It begins anew with each owner: what it makes is written by the write that ends it, so nothing is half done.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import structlog
from bson import ObjectId

from app.clock import Clock
from app.compose.choices import RepositoryFacts
from app.compose.files import Folder
from app.errors import InvalidError, KubeOrchError, NotFoundError, StoppingError
from app.imports.analysis import Analyzer
from app.imports.asking import TASK, given_context
from app.imports.events import ImportEvents
from app.imports.existing import existing_graph
from app.imports.failures import failed
from app.imports.progress import ANALYZING, CLONING, CONVERTING, PARSING, ImportProgress
from app.imports.sessions import ImportSessions
from app.imports.store import ImportStore
from app.jobs.claimed import GIVEN_UP, MAX_ATTEMPTS
from app.jobs.job import Job
from app.jobs.store import JobStore, Outcome, Raw
from app.manifests.graph import Graph
from app.sources.cloning import Git
from app.sources.credentials import GitCredentials
from app.sources.fetching import fetch_file
from app.sources.models import GitCredential
from app.sources.urls import is_single_file, repository_of
from app.sources.workspaces import Workspaces
from app.storage.sealed import Sealer, UnreadableError

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Fetched:
    """What was got from a URL."""

    files: Mapping[str, bytes] = field(repr=False)
    facts: RepositoryFacts | None = None
    fields: Mapping[str, Any] = field(default_factory=dict)
    """Of the session: which commit it was."""
    path: str = ""
    """Where in it the URL points to."""


@dataclass(frozen=True, slots=True)
class ImportJobs:
    """The kind of job that the analysis of a URL is.

    Args:
        file_bytes: of one file by URL.
    """

    store: JobStore
    sessions: ImportSessions
    analyzer: Analyzer
    git: Git
    credentials: GitCredentials
    workspaces: Workspaces
    events: ImportEvents
    sealer: Sealer
    clock: Clock
    file_bytes: int

    name: str = TASK

    def run(self, job: Job) -> Outcome:
        """Raises what `JobKind.run` says."""
        # What progress there was doesn't count, it was in vain: each owner begins anew.
        if job.raw.get("tries", 0) >= MAX_ATTEMPTS:
            return Outcome("failed", GIVEN_UP.error, {"error_code": "WORKER_LOST"})
        job.progress({"$inc": {"tries": 1}})
        progress = ImportProgress(job, self.events, self.clock)
        try:
            return self._analyse(job, progress)
        except StoppingError:
            job.progress({"$inc": {"tries": -1}})
            raise
        except KubeOrchError as error:
            log.info("import_failed", stage=progress.step.stage, code=error.extra.get("code"))
            return failed(error, progress.step.stage)

    def _analyse(self, job: Job, progress: ImportProgress) -> Outcome:
        given = self._given(job)
        if progress.resumed:
            progress.log("Starting again: the worker that had this import is gone", "warn")
        progress.reach(CLONING)
        if is_single_file(given["url"]):
            content = fetch_file(given["url"], self.git.outbound, self.file_bytes)
            return self._converted(job, progress, given, Fetched({job.raw["file_name"]: content}))
        repository = repository_of(given["url"], given["branch"])
        of_request = GitCredential(given["username"], given["token"]) if given["token"] else None
        credential = self.credentials.for_repository(job.raw["user_id"], repository, of_request)
        with self.workspaces.folder("import") as folder:
            clone = self.git.clone(repository, credential, folder, check=job.check, log=progress.log)
            facts = RepositoryFacts(repository.url, clone.branch, repository.name)
            fields = {"branch": clone.branch, "commit_sha": clone.commit_sha}
            fetched = Fetched(Folder(clone.folder), facts, fields, clone.path)
            return self._converted(job, progress, given, fetched)

    def _converted(self, job: Job, progress: ImportProgress, given: Mapping[str, Any], fetched: Fetched) -> Outcome:
        progress.reach(ANALYZING)
        options = self.analyzer.options(given["options"], job.raw["namespace"], fetched.path)
        progress.reach(PARSING)
        existing = self._existing(job.raw)
        found = self.sessions.questions.analysed(
            lambda known: self.analyzer.analyse(job.id, fetched.files, known, fetched.facts, existing), options
        )
        progress.reach(CONVERTING)
        nodes = len(found.analysis["suggestedNodes"])
        progress.log(f"Found {found.analysis['detectedType']}: {nodes} nodes", stage="complete")
        job.check()
        results = self.sessions.results(job.id, found, options)
        self.sessions.keep_files(job.id, found.files_read, job.raw["expires_at"])
        return Outcome("completed", fields={**results, **fetched.fields, "progress": 100})

    def ended(self, raw: Raw, outcome: Outcome) -> None:
        """Tell the viewers."""
        del outcome  # read again: the write may have been somebody else's
        announce(self.sessions.store, self.events, raw["_id"])

    def _given(self, job: Job) -> dict[str, Any]:
        try:
            given: dict[str, Any] = self.sealer.open(bytes(job.raw["given"]), context=given_context(job.id))
        except UnreadableError:
            raise InvalidError("The request can't be decrypted any more: import it again") from None
        return given

    def _existing(self, session: Raw) -> Graph | None:
        try:
            return existing_graph(self.sessions.workflows, session["user_id"], session.get("workflow_id"))
        except NotFoundError:
            return None  # it was deleted meanwhile


def announce(store: ImportStore, events: ImportEvents, session_id: ObjectId) -> None:
    """Tell viewers that a session has ended. Idempotent: its owner does it, and the scheduler for one that died."""
    session = store.announce(session_id)
    if session is not None:
        events.ended(session)


def announce_forgotten(store: ImportStore, events: ImportEvents) -> None:
    """Those whose owner died between the end and the announcement."""
    for session_id in store.unannounced():
        announce(store, events, session_id)
