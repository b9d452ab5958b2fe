"""Asking for an analysis of a URL and waiting for it a while. Called by the routes; a worker does it (`jobs.py`)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import unquote, urlsplit

import orjson
from bson import ObjectId

from app.clock import Clock
from app.errors import InvalidError, TooManyRequestsError
from app.imports.analysis import Analyzer
from app.imports.existing import existing_graph
from app.imports.models import SOURCES, Analyze, Source
from app.imports.store import ImportStore, RawSession
from app.jobs.doorbell import Doorbell
from app.sources.cloning import Git
from app.sources.urls import file_url, is_single_file, repository_of
from app.storage.documents import object_id
from app.storage.sealed import Sealer
from app.workflows.store import WorkflowStore

TASK: Final = "imports.analyze"
FIRST_POLL_S: Final = 0.05
LONGEST_POLL_S: Final = 0.5
AGAIN_AFTER_S: Final = 10
_KNOWN: Final[Mapping[str, Source]] = {"github.com": "github", "gitlab.com": "gitlab"}


@dataclass(frozen=True, slots=True)
class Asking:
    """Queue an analysis, or join the same one; wait; cancel.

    Args:
        end_job: asks for the end of the unfinished session that matches: at once if it waits, else within seconds.
        timeout_s: longer ones fail.
        max_active: of one user at the same time.
    """

    store: ImportStore
    workflows: WorkflowStore
    analyzer: Analyzer
    git: Git
    end_job: Callable[[Mapping[str, Any]], ObjectId | None]
    sealer: Sealer
    ring: Doorbell
    clock: Clock
    timeout_s: float
    max_active: int

    def ask(self, user_id: ObjectId, body: Analyze) -> RawSession:
        """A session that waits for a worker, or the one that is going on for the same request.

        Raises:
            InvalidError: the source, the URL or the options can't be taken.
            NotFoundError: no such workflow of one's own.
            TooManyRequestsError: too many of this user's are going on.
        """
        about = self._about(body)
        workflow_id = object_id(body.workflow_id, "workflow") if body.workflow_id else None
        existing_graph(self.workflows, user_id, workflow_id)
        options = self.analyzer.options(body.options, body.namespace, body.path)
        given = {
            "url": body.url,
            "branch": body.branch,
            "username": body.username,
            "token": body.token,
            "options": options.as_json(masked=False),
        }
        same = orjson.dumps([str(user_id), body.namespace, str(workflow_id), given], option=orjson.OPT_SORT_KEYS)
        active_for = self.sealer.mac(same, purpose="import request")
        session_id = ObjectId()
        fields = {
            **about,
            "namespace": body.namespace,
            "workflow_id": workflow_id,
            "options": options.as_json(),
            "given": self.sealer.seal(given, context=given_context(session_id)),
            "active_for": active_for,
        }
        return self._queued(user_id, session_id, fields)

    def _about(self, body: Analyze) -> dict[str, Any]:
        """What an answer may show of the request: no credentials, no query."""
        if body.source not in SOURCES:
            shown = body.source[:40] if body.source.isprintable() else "?"
            raise InvalidError(f"unsupported import source: {shown}", {"source": f"use one of {', '.join(SOURCES)}"})
        if not body.url:
            raise InvalidError("url is required", {"url": "is required"})
        if is_single_file(body.url):
            address = file_url(body.url)
            self.git.outbound.check(address)
            parts = urlsplit(address)._replace(query="", fragment="")
            return {"source": "git_url", "url": parts.geturl(), "file_name": unquote(parts.path.rpartition("/")[2])}
        repository = repository_of(body.url, body.branch)
        self.git.check(repository)
        source = _KNOWN.get(repository.host, "git_url")
        return {"source": source, "url": repository.url, "branch": repository.ref or body.branch}

    def _queued(self, user_id: ObjectId, session_id: ObjectId, fields: Mapping[str, Any]) -> RawSession:
        while True:
            if (running := self.store.active(fields["active_for"])) is not None:
                return running
            if self.store.count_active(user_id) >= self.max_active:
                text = f"{self.max_active} imports of yours are going on, which is the limit: wait for one or cancel it"
                raise TooManyRequestsError(text, AGAIN_AFTER_S)
            queued = self.store.queue(session_id, user_id, fields, timeout_s=self.timeout_s)
            if queued is not None:
                self.ring(TASK, str(session_id))
                return queued

    def wait(self, session: RawSession, seconds: float) -> RawSession:
        """The session as it is once it has ended, or when the time is over."""
        until, pause_s = self.clock.monotonic() + seconds, FIRST_POLL_S
        while not self.store.has_ended(session["_id"]):
            left = until - self.clock.monotonic()
            if left <= 0:
                break
            self.clock.sleep(min(pause_s, left))
            pause_s = min(pause_s * 1.5, LONGEST_POLL_S)
        return self.store.get(session["_id"], user_id=session["user_id"])

    def cancel(self, user_id: ObjectId, session_id: ObjectId) -> None:
        """Ask it to stop; one that has ended stays as it is. Raises NotFoundError."""
        self.store.get(session_id, user_id=user_id)
        self.end_job({"_id": session_id, "user_id": user_id})


def given_context(session_id: ObjectId) -> str:
    """What a request's sealed part is bound to."""
    return f"import:{session_id}:given"
