"""What people do with import sessions: upload, look, choose other options, delete. Called by the routes.

`asking.py` has what needs a worker.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Protocol

from bson import ObjectId

from app.compose.choices import RepositoryFacts
from app.compose.detection import Analysed
from app.compose.options import Options
from app.errors import ConflictError, InvalidError, NotFoundError
from app.imports.analysis import Analyzer
from app.imports.existing import existing_graph
from app.imports.image_facts import ImageQuestions
from app.imports.kept_files import open_files, seal_files
from app.imports.parts import Upload
from app.imports.store import NOT_FOUND, FileStore, ImportStore, RawSession, packed
from app.imports.values import ImportValues
from app.storage.sealed import Sealer
from app.workflows.store import WorkflowStore

KEPT_SESSIONS: Final = 100
"""Of one user, with up to 5 MB of files each; older ones go before their time."""


class Offload(Protocol):
    """Runs a pure, slow function where it holds up nobody."""

    def __call__(self, function: Callable[..., Analysed], *args: Any) -> Analysed: ...


@dataclass(frozen=True, slots=True)
class ImportSessions:
    """Upload, read, list, change options, delete."""

    store: ImportStore
    files: FileStore
    workflows: WorkflowStore
    analyzer: Analyzer
    values: ImportValues
    sealer: Sealer
    offload: Offload
    questions: ImageQuestions

    def upload(
        self, user_id: ObjectId, upload: Upload, *, namespace: str, options: object, workflow_id: ObjectId | None = None
    ) -> tuple[RawSession, dict[str, Any]]:
        """Analyse an upload and keep it as a session; the analysis comes with it.

        Args:
            workflow_id: its names are avoided.

        Raises:
            InvalidError: nothing can be made of it; `code` says why.
            NotFoundError: no such workflow of one's own.
        """
        existing = existing_graph(self.workflows, user_id, workflow_id)
        chosen = self.analyzer.options(options, namespace)
        session_id = ObjectId()
        found = self.questions.analysed(
            lambda known: self.offload(self.analyzer.analyse, session_id, upload.files, known, None, existing), chosen
        )
        fields = {
            "source": "file",
            "file_name": upload.main,
            "namespace": namespace,
            "workflow_id": workflow_id,
        }
        session = self.store.insert_done(session_id, user_id, fields | self.results(session_id, found, chosen))
        self.keep_files(session_id, found.files_read, session["expires_at"])
        for surplus in self.store.surplus(user_id, keep=KEPT_SESSIONS):
            self._remove(user_id, surplus)
        return session, found.analysis

    def keep_files(self, session_id: ObjectId, files: Mapping[str, bytes], expires_at: datetime) -> None:
        """What an analysis with other options needs, as long as the session."""
        self.files.put(session_id, seal_files(files, session_id, self.sealer), expires_at)

    def results(
        self, session_id: ObjectId, found: Analysed, options: Options, before: bytes | None = None
    ) -> dict[str, Any]:
        """The fields of a session whose analysis is done."""
        secrets = self.values.sealed(session_id, found.secret_values, before)
        fields: dict[str, Any] = {"analysis": packed(found.analysis), "options": options.as_json()}
        return fields | ({"secrets": secrets} if secrets else {})

    def get(self, user_id: ObjectId, session_id: ObjectId) -> RawSession:
        """Raises NotFoundError."""
        return self.store.get(session_id, user_id=user_id)

    def list(self, user_id: ObjectId, *, limit: int, offset: int) -> tuple[Sequence[RawSession], int]:
        """Newest first, and how many there are in all."""
        return self.store.list(user_id, limit=limit, offset=offset)

    def change_options(self, user_id: ObjectId, session_id: ObjectId, options: object) -> Mapping[str, Any]:
        """Analyse the kept files again; the new analysis.

        Raises:
            NotFoundError: there is no such session.
            ConflictError: it isn't done, or somebody else is changing it.
            InvalidError: the options can't be taken, or the files aren't kept.
        """
        session = self.store.get(session_id, user_id=user_id)
        if session["status"] != "completed":
            raise ConflictError("The import isn't completed: options can be changed when it is")
        chosen = self.analyzer.options(options, session.get("namespace") or "")
        sealed = self.files.find(session_id)
        files = None if sealed is None else open_files(sealed, session_id, self.sealer)
        if files is None:
            raise InvalidError("The files of this import aren't kept any more: import them again with these options")
        try:
            existing = existing_graph(self.workflows, user_id, session.get("workflow_id"))
        except NotFoundError:
            existing = None  # it is gone, and its names with it
        repository = _repository(session)
        found = self.questions.analysed(
            lambda known: self.offload(self.analyzer.analyse, session_id, files, known, repository, existing), chosen
        )
        before = session.get("secrets")
        results = self.results(session_id, found, chosen, bytes(before) if before else None)
        if not self.store.replace_analysis(session, results):
            raise ConflictError("This import was changed at the same time: try again")
        return found.analysis

    def delete(self, user_id: ObjectId, session_id: ObjectId) -> None:
        """With its files and values. Raises NotFoundError."""
        self.store.get(session_id, user_id=user_id)
        if not self._remove(user_id, session_id):
            raise NotFoundError(NOT_FOUND)

    def _remove(self, user_id: ObjectId, session_id: ObjectId) -> bool:
        removed = self.store.delete(session_id, user_id=user_id)
        self.files.delete(session_id)
        return removed


def _repository(session: RawSession) -> RepositoryFacts | None:
    """Where the files came from; an upload or a single file has no repository."""
    if session["source"] == "file" or session.get("file_name"):
        return None
    url = session["url"]
    return RepositoryFacts(url, session.get("branch") or "", url.rpartition("/")[2])
