"""People's credentials for Git hosts: stored sealed, shown never, handed to exactly the host they are for.

Called by the routes, and by whoever clones (imports, builds) for the credential to use.
"""

from dataclasses import dataclass
from typing import Final

import structlog
from bson import ObjectId

from app.clock import Clock
from app.errors import ForbiddenError, NotFoundError
from app.sources.models import CredentialInput, GitCredential, StoredCredential
from app.sources.store import GitCredentialStore
from app.sources.urls import TOKEN_USER, Repository
from app.storage.sealed import Sealer, UnreadableError

log = structlog.get_logger(__name__)

MOST: Final = 100  # of one user


@dataclass(frozen=True, slots=True)
class GitCredentials:
    """Keep, list, remove, and choose the one for a repository."""

    store: GitCredentialStore
    sealer: Sealer
    clock: Clock

    def add(self, user_id: ObjectId, given: CredentialInput) -> StoredCredential:
        """Store one; another for the same host and path is replaced.

        Raises:
            ForbiddenError: this user has too many.
        """
        if self.store.count(user_id) >= MOST:
            raise ForbiddenError(f"You have {MOST} Git credentials, which is the limit: remove one first")
        credential = StoredCredential(
            id=ObjectId(),
            user_id=user_id,
            host=given.host,
            path_prefix=given.path_prefix,
            username=given.username or TOKEN_USER,
            created_at=self.clock.now(),
        )
        stored = self.store.put(credential, self.sealer.seal(given.token, context=_context(credential)))
        log.info("git_credential_added", credential_id=str(stored.id), host=stored.host)
        return stored

    def of_user(self, user_id: ObjectId) -> list[StoredCredential]:
        """Newest first."""
        return self.store.of_user(user_id)

    def remove(self, user_id: ObjectId, credential_id: ObjectId) -> None:
        """Erase one.

        Raises:
            NotFoundError: there is none of this id, or it is somebody else's.
        """
        if not self.store.delete(user_id, credential_id):
            raise NotFoundError("Git credential not found")
        log.info("git_credential_removed", credential_id=str(credential_id))

    def for_repository(
        self, user_id: ObjectId, repository: Repository, given: GitCredential | None = None
    ) -> GitCredential | None:
        """What to show to the repository's host if it asks.

        The first there is of: user info of the URL, what the request has (`given`), the user's stored one for exactly
        this host with the longest matching path.
        """
        if repository.token:
            return GitCredential(repository.user or TOKEN_USER, repository.token)
        if given is not None and given.token:
            return GitCredential(given.username or repository.user or TOKEN_USER, given.token)
        kept = self.store.of_host(user_id, repository.credential_host)
        matching = [found for found in kept if _covers(found[0], repository)]
        if not matching:
            return None
        stored, sealed = max(matching, key=lambda found: len(found[0].path_prefix))
        try:
            token = str(self.sealer.open(sealed, context=_context(stored)))
        except UnreadableError:
            log.warning("git_credential_unreadable", credential_id=str(stored.id), host=stored.host)
            return None
        self.store.used(stored, self.clock.now())
        return GitCredential(stored.username, token)


def _covers(stored: StoredCredential, repository: Repository) -> bool:
    """By whole parts: `team` covers team/app, not teamwork/app. The host was compared already."""
    return not stored.path_prefix or f"{repository.project.lower()}/".startswith(f"{stored.path_prefix}/")


def _context(credential: StoredCredential) -> str:
    return f"git_credential:{credential.user_id}:{credential.host}:{credential.path_prefix}"
