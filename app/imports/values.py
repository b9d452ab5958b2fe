"""Values of imported secrets in their session: sealed, opened for nobody but the workflows of the session's owner."""

from collections.abc import Mapping
from dataclasses import dataclass

import structlog
from bson import ObjectId

from app.errors import NotFoundError
from app.imports.store import ImportStore
from app.storage.sealed import Sealer, UnreadableError
from app.workflows.imported import SecretValues

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class ImportValues:
    """Seals and opens.

    Args:
        keep: False: values are forgotten (IMPORT_KEEP_SECRET_VALUES), people type them at the first run.
    """

    store: ImportStore
    sealer: Sealer
    keep: bool

    def sealed(self, session_id: ObjectId, values: SecretValues, before: bytes | None = None) -> bytes | None:
        """For the session's document; `None`: nothing to keep.

        Args:
            before: what the session has: nodes of an earlier analysis may be on a canvas already.
        """
        if not self.keep:
            return None
        known = self._opened(session_id, before) if before else {}
        found = {**known, **{node_id: dict(entries) for node_id, entries in values.items()}}
        return self.sealer.seal(found, context=_context(session_id)) if found else None

    def __call__(self, user_id: ObjectId, session_id: ObjectId) -> SecretValues | None:
        """A `SessionValues`: those of one's own session."""
        try:
            session = self.store.get(session_id, user_id=user_id)
        except NotFoundError:
            return None
        stored = session.get("secrets")
        return self._opened(session_id, bytes(stored)) if stored else {}

    def _opened(self, session_id: ObjectId, stored: bytes) -> Mapping[str, Mapping[str, str]]:
        try:
            found: dict[str, dict[str, str]] = self.sealer.open(stored, context=_context(session_id))
        except UnreadableError:
            log.warning("import_secrets_unreadable", session_id=str(session_id))
            return {}
        return found


def _context(session_id: ObjectId) -> str:
    return f"import:{session_id}:secrets"
