"""HTTP of clusters. No logic: reads the request, makes one call, shapes the answer."""

from datetime import timedelta
from http import HTTPStatus

from flask import Blueprint
from flask.typing import ResponseReturnValue

from app.clusters.answers import (
    AddedAnswer,
    ClusterAnswer,
    ClustersAnswer,
    LogEntryAnswer,
    LogsAnswer,
    MetadataAnswer,
    NamedAnswer,
    RefreshedAnswer,
    RemovedAnswer,
    StatusAnswer,
    TestedAnswer,
    UpdatedAnswer,
    cluster_answer,
    warnings_of,
)
from app.clusters.models import Cluster, Entry
from app.clusters.requests import ClusterChange, ClusterInput, CredentialsChange
from app.errors import NotFoundError, UnavailableError
from app.http.auth import current_user, signed_in
from app.http.context import services
from app.http.openapi import Query, documented
from app.http.requests import parse_body, query_int

bp = Blueprint("clusters", __name__)


@bp.post("/clusters")
@signed_in
@documented(
    "Add a cluster",
    description="The connection is tested before anything is stored. `force` adds it even if the test fails.",
    body=ClusterInput,
    answers={HTTPStatus.CREATED: AddedAnswer},
    errors=(400, 409),
)
def add_cluster() -> ResponseReturnValue:
    user = current_user()
    request = parse_body(ClusterInput)
    added = services().cluster_additions.add(user.user_id, request, is_admin=user.role == "admin")
    answer = _answer(added.cluster, extra=added.notes)
    body = AddedAnswer(status=added.cluster.status, cluster=answer, warnings=answer.warnings)
    return body.as_json(), HTTPStatus.CREATED


@bp.get("/clusters")
@signed_in
@documented("List clusters", description="Own and shared ones, newest first.", answers={200: ClustersAnswer})
def list_clusters() -> ResponseReturnValue:
    user_id = current_user().user_id
    seen = services().clusters.visible(user_id)
    default = services().cluster_changes.default_id(user_id)
    listed = [_shown(cluster, entry, is_default=cluster.id == default) for cluster, entry in seen]
    return ClustersAnswer(clusters=listed, default=str(default or "")).as_json()


@bp.get("/clusters/default")
@signed_in
@documented("The caller's default cluster", answers={200: ClusterAnswer}, errors=(404,))
def default_cluster() -> ResponseReturnValue:
    user_id = current_user().user_id
    default = services().cluster_changes.default_id(user_id)
    for cluster, entry in services().clusters.visible(user_id):
        if cluster.id == default:
            return _shown(cluster, entry, is_default=True).as_json()
    raise NotFoundError("No default cluster set")


@bp.get("/clusters/<name>")
@signed_in
@documented("A cluster", answers={200: ClusterAnswer}, errors=(404,))
def get_cluster(name: str) -> ResponseReturnValue:
    return _answer(services().clusters.find(current_user().user_id, name)).as_json()


@bp.put("/clusters/<name>")
@signed_in
@documented(
    "Change a cluster",
    description="What is absent stays. A change of how we connect is tested before it is stored.",
    body=ClusterChange,
    body_required=False,
    answers={200: UpdatedAnswer},
    errors=(400, 404, 409),
)
def update_cluster(name: str) -> ResponseReturnValue:
    changed = services().cluster_changes.update(current_user().user_id, name, parse_body(ClusterChange))
    return UpdatedAnswer(cluster=_answer(changed.cluster, extra=changed.notes)).as_json()


@bp.put("/clusters/<name>/credentials")
@signed_in
@documented(
    "Replace credentials",
    description="Tested before they are stored; in use everywhere within a second.",
    body=CredentialsChange,
    answers={200: NamedAnswer},
    errors=(400, 404, 409),
)
def replace_credentials(name: str) -> ResponseReturnValue:
    request = parse_body(CredentialsChange)
    services().cluster_changes.replace_credentials(current_user().user_id, name, request)
    return NamedAnswer(message="Credentials updated successfully", cluster=name).as_json()


@bp.delete("/clusters/<name>")
@signed_in
@documented(
    "Remove a cluster",
    description="Its credentials are erased at once. Nothing inside the Kubernetes cluster is touched.",
    answers={200: RemovedAnswer},
    errors=(404,),
)
def remove_cluster(name: str) -> ResponseReturnValue:
    workflows = services().cluster_changes.remove(current_user().user_id, name)
    return RemovedAnswer(message="Cluster removed successfully", cluster=name, workflows=workflows).as_json()


@bp.put("/clusters/<name>/default")
@signed_in
@documented("Make it the caller's default", answers={200: NamedAnswer}, errors=(404,))
def set_default_cluster(name: str) -> ResponseReturnValue:
    services().cluster_changes.set_default(current_user().user_id, name)
    return NamedAnswer(message="Default cluster set successfully", cluster=name).as_json()


@bp.post("/clusters/<name>/test")
@signed_in
@documented("Test the connection now", answers={200: TestedAnswer}, errors=(404, 503))
def test_cluster(name: str) -> ResponseReturnValue:
    user_id = current_user().user_id
    cluster = services().clusters.find(user_id, name)
    outcome = services().clusters.health.test(cluster, user_id)
    if outcome.is_connected:
        return TestedAnswer(message="Connection test successful", cluster=name, status="connected").as_json()
    extra = {"cluster": name, "status": "failed", "reason": outcome.reason}
    raise UnavailableError(f"Connection test failed: {outcome.message}", extra=extra)


@bp.post("/clusters/<name>/refresh")
@signed_in
@documented("Read version, nodes, namespaces and rights now", answers={200: RefreshedAnswer}, errors=(404, 503))
def refresh_cluster(name: str) -> ResponseReturnValue:
    user_id = current_user().user_id
    metadata = services().clusters.health.refresh(services().clusters.find(user_id, name), user_id)
    return RefreshedAnswer(metadata=MetadataAnswer.of(metadata)).as_json()


@bp.get("/clusters/<name>/status")
@signed_in
@documented("Its status, as last found", answers={200: StatusAnswer}, errors=(404,))
def cluster_status(name: str) -> ResponseReturnValue:
    cluster = services().clusters.find(current_user().user_id, name)
    return StatusAnswer(
        cluster=cluster.name,
        status=cluster.status,
        last_check=cluster.last_check,
        is_stale=services().clusters.health.is_stale(cluster),
        is_online=cluster.status == "connected",
        reason=cluster.status_reason,
        message=cluster.status_message,
        next_check=cluster.next_check_at,
        credential_expires_at=cluster.credential_expires_at,
    ).as_json()


@bp.get("/clusters/<name>/logs")
@signed_in
@documented(
    "Its connection log, newest first",
    query=[Query("limit", schema={"type": "integer", "minimum": 1, "maximum": 1000, "default": 100})],
    answers={200: LogsAnswer},
    errors=(404,),
)
def cluster_logs(name: str) -> ResponseReturnValue:
    cluster = services().clusters.find(current_user().user_id, name)
    entries = services().clusters.health.log.newest(cluster.id, query_int("limit", 100, least=1, most=1000))
    return LogsAnswer(cluster=name, logs=[LogEntryAnswer.of(entry) for entry in entries]).as_json()


def _answer(cluster: Cluster, extra: tuple[str, ...] = ()) -> ClusterAnswer:
    """The cluster object for the caller, who may see it."""
    user_id = current_user().user_id
    entry = services().clusters.seen(user_id, cluster.name)[1]
    is_default = services().cluster_changes.default_id(user_id) == cluster.id
    return _shown(cluster, entry, is_default=is_default, extra=extra)


def _shown(cluster: Cluster, entry: Entry, *, is_default: bool, extra: tuple[str, ...] = ()) -> ClusterAnswer:
    days = services().settings.credential_expiry_warning_days
    warnings = warnings_of(cluster, services().clock.now(), expiry_warning=timedelta(days=days))
    user = current_user()
    # Others' clusters come with sharing, and their owners' names with it.
    owner_name = user.name if cluster.user_id == user.user_id else ""
    return cluster_answer(cluster, entry, is_default=is_default, owner_name=owner_name, warnings=(*extra, *warnings))
