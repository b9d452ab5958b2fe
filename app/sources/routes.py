"""HTTP of Git: one's credentials, and the branches of a repository. No logic."""

from http import HTTPStatus

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from app.errors import InvalidError
from app.http.auth import current_user, signed_in
from app.http.context import services
from app.http.openapi import Query, documented
from app.http.requests import parse_body
from app.sources.models import CredentialAddedAnswer, CredentialAnswer, CredentialInput, CredentialsAnswer, RefsAnswer
from app.sources.urls import repository_of
from app.storage.documents import object_id

bp = Blueprint("git", __name__)


@bp.get("/git/credentials")
@signed_in
@documented("My credentials for Git hosts", description="Without their tokens.", answers={200: CredentialsAnswer})
def list_credentials() -> ResponseReturnValue:
    stored = services().git_credentials.of_user(current_user().user_id)
    return CredentialsAnswer(credentials=[CredentialAnswer.of(one) for one in stored]).as_json()


@bp.post("/git/credentials")
@signed_in
@documented(
    "Store a credential for a Git host",
    description="Used for imports and builds of mine from exactly this host. It replaces the one for the same host "
    "and path.",
    body=CredentialInput,
    answers={HTTPStatus.CREATED: CredentialAddedAnswer},
    errors=(400, 403),
)
def add_credential() -> ResponseReturnValue:
    stored = services().git_credentials.add(current_user().user_id, parse_body(CredentialInput))
    return CredentialAddedAnswer(credential=CredentialAnswer.of(stored)).as_json(), HTTPStatus.CREATED


@bp.delete("/git/credentials/<credential_id>")
@signed_in
@documented("Remove a credential", answers={HTTPStatus.NO_CONTENT: None}, errors=(400, 404))
def remove_credential(credential_id: str) -> ResponseReturnValue:
    services().git_credentials.remove(current_user().user_id, object_id(credential_id, "Git credential"))
    return "", HTTPStatus.NO_CONTENT


@bp.get("/git/refs")
@signed_in
@documented(
    "Branches and tags of a repository",
    description="My stored credential for its host is used if the host asks for one.",
    query=[Query("url", "Clone URL or web page of the repository", required=True)],
    answers={200: RefsAnswer},
    errors=(400, 403, 404, 502, 504),
)
def list_refs() -> ResponseReturnValue:
    url = request.args.get("url", "")
    if not url:
        raise InvalidError("url is required", {"url": "is required"})
    repository = repository_of(url)
    services().git.check(repository)
    credential = services().git_credentials.for_repository(current_user().user_id, repository)
    refs = services().git.refs(repository, credential)
    return RefsAnswer(default_branch=refs.default_branch, branches=list(refs.branches), tags=list(refs.tags)).as_json()
