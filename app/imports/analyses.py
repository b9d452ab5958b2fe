"""POST /import/analyze: a file in the request at once, a URL by a worker that is waited for. Called by the route."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bson import ObjectId

from app.imports.asking import Asking
from app.imports.failures import error_from
from app.imports.models import Analyze
from app.imports.parts import checked, decoded_file
from app.imports.sessions import ImportSessions
from app.imports.views import analysis_of
from app.jobs.store import UNFINISHED
from app.storage.documents import object_id


@dataclass(frozen=True, slots=True)
class Analysis:
    """What came of a request. Without an analysis: it goes on."""

    session_id: ObjectId
    analysis: Mapping[str, Any] | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Analyses:
    """Analyse what a request names.

    Args:
        wait_s: how long a worker is waited for when the request doesn't say.
    """

    sessions: ImportSessions
    asking: Asking
    wait_s: float
    limit_kb: int

    def analyse(self, user_id: ObjectId, body: Analyze) -> Analysis:
        """The analysis, or the session that is still going on.

        Raises:
            KubeOrchError: it has failed meanwhile, or can't be asked for; of the class that says why.
        """
        if body.source == "file" and not body.url:
            return self._file(user_id, body)
        session = self.asking.ask(user_id, body)
        session = self.asking.wait(session, self.wait_s if body.wait is None else body.wait)
        if session["status"] in UNFINISHED:
            return Analysis(session["_id"])
        found = analysis_of(session)
        if session["status"] != "completed" or found is None:
            raise error_from(session)
        return Analysis(session["_id"], found)

    def _file(self, user_id: ObjectId, body: Analyze) -> Analysis:
        part = decoded_file(body.file_name, body.file_content) if body.file_content else None
        upload = checked(part, limit_kb=self.limit_kb)
        workflow_id = object_id(body.workflow_id, "workflow") if body.workflow_id else None
        session, analysis = self.sessions.upload(
            user_id, upload, namespace=body.namespace, options=body.options, workflow_id=workflow_id
        )
        return Analysis(session["_id"], analysis)
