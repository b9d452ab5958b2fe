"""How a cluster would be connected to after a request: the merge rules of POST, PUT and PUT .../credentials. Pure.

A candidate is tested before anything is stored; `changes.py` does both.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from app.clusters.credentials import Credentials, merged
from app.clusters.kubeconfig import ChosenContext
from app.clusters.models import AuthType, Cluster
from app.clusters.own_account import OwnAccount, filled
from app.clusters.requests import NAMESPACE, ClusterChange, ClusterInput, CredentialsChange, CredentialsInput
from app.clusters.server_url import ServerUrlError, normal_server_url
from app.errors import ForbiddenError, InvalidError
from app.kube.access import Access

INSECURE_REFUSED: Final = (
    "Insecure mode cannot be enabled here: TLS verification is required"  # CLUSTER_ALLOW_INSECURE_TLS
)


@dataclass(frozen=True, slots=True)
class Rules:
    """What the operator allows: CLUSTER_ALLOW_HTTP, CLUSTER_ALLOW_INSECURE_TLS."""

    allow_http: bool
    allow_insecure_tls: bool


@dataclass(frozen=True, slots=True)
class Candidate:
    """Everything that decides how we connect, and the namespace that came with it."""

    server: str
    auth_type: AuthType
    credentials: Credentials
    namespace: str = "default"
    context: str = ""
    insecure: bool = False
    tls_server_name: str = ""
    notes: tuple[str, ...] = ()
    """What the person who sent it should know."""

    def connects_like(self, other: "Candidate") -> bool:
        """Whether nothing has changed that a connection test could notice."""
        return self._way() == other._way()

    def _way(self) -> tuple[object, ...]:
        secret = replace(self.credentials, expires_at=None)
        return (self.server, self.auth_type, secret, self.insecure, self.tls_server_name)

    def access(self, own_account: OwnAccount | None = None) -> Access:
        """What a connection needs.

        Raises:
            InvalidError: it means our own service account, which isn't allowed or isn't there.
        """
        credentials = filled(self.credentials, own_account)
        # Whoever may edit the address could otherwise have our own token sent to a server of theirs.
        if self.credentials.own_account and (self.insecure or not self.server.startswith("https://")):
            raise InvalidError("This server's own service account is used with verified TLS only")
        return credentials.access(server=self.server, insecure=self.insecure, tls_server_name=self.tls_server_name)

    def document(self) -> dict[str, Any]:
        """The plain fields of the cluster's document that follow from it."""
        return {
            "server": self.server,
            "auth_type": self.auth_type,
            "namespace": self.namespace,
            "context": self.context,
            "insecure": self.insecure,
            "tls_server_name": self.tls_server_name,
            "credential_fields": list(self.credentials.fields_set),
            "credential_expires_at": self.credentials.expires_at,
        }


def as_stored(cluster: Cluster, credentials: Credentials) -> Candidate:
    """How a cluster is connected to now."""
    return Candidate(
        server=cluster.server,
        auth_type=cluster.auth_type,
        credentials=replace(credentials, expires_at=cluster.credential_expires_at),
        namespace=cluster.namespace,
        context=cluster.context,
        insecure=cluster.insecure,
        tls_server_name=cluster.tls_server_name,
    )


def of_new(request: ClusterInput, rules: Rules, now: datetime, *, may_use_own_account: bool = False) -> Candidate:
    """What POST asks for.

    Raises:
        InvalidError: `details` says what is missing or can't be used.
        ForbiddenError: TLS verification may not be switched off here.
    """
    if request.auth_type is None:
        raise InvalidError("Invalid request data", {"authType": "is required"})
    credentials, chosen = merged(
        None, request.auth_type, request.credentials, now, may_use_own_account=may_use_own_account
    )
    start = Candidate(server="", auth_type=request.auth_type, credentials=credentials)
    return _settled(start, request, request.credentials, chosen, rules)


def of_change(
    current: Candidate | None,
    request: ClusterChange | CredentialsChange,
    rules: Rules,
    now: datetime,
    *,
    cluster: Cluster,
    is_form: bool,
) -> Candidate:
    """What PUT makes of a stored cluster.

    Args:
        current: as stored; None when its credentials can't be opened any more.
        request: what was sent.
        rules: what is allowed here.
        now: to refuse what has expired.
        cluster: the stored one.
        is_form: credentials without `insecure` mean `insecure: false`, as the form means it.

    Raises:
        InvalidError: `details` says what is missing or can't be used.
        ForbiddenError: TLS verification may not be switched off here.
    """
    auth_type = request.auth_type or cluster.auth_type
    given = request.credentials or CredentialsInput()
    stored = current.credentials if current and auth_type == cluster.auth_type else None
    if current is None and not given.model_fields_set & _SECRETS:
        raise InvalidError("The stored credentials can't be decrypted: enter them again")
    credentials, chosen = merged(stored, auth_type, given, now)
    start = replace(as_stored(cluster, credentials), auth_type=auth_type, credentials=credentials)
    if request.credentials is not None and is_form:
        start = replace(start, insecure=False)
    return _settled(start, request, given, chosen, rules)


_SECRETS: Final = frozenset({"token", "client_cert_data", "client_key_data", "kubeconfig"})


def touches_connection(request: ClusterChange) -> bool:
    """Whether PUT can change how we connect, so that the stored credentials must be looked at."""
    return (
        request.credentials is not None
        or bool(request.server)
        or request.auth_type is not None
        or request.insecure is not None
        or request.given("tls_server_name")
    )


def _settled(
    start: Candidate,
    request: ClusterInput | ClusterChange | CredentialsChange,
    given: CredentialsInput,
    chosen: ChosenContext | None,
    rules: Rules,
) -> Candidate:
    """`start` with all that request and kubeconfig say about the plain fields."""
    top = request if isinstance(request, ClusterInput | ClusterChange) else None
    server, notes = _server(start, (top.server if top else None) or "", chosen, rules)
    insecure = _first(
        top.insecure if top else None, chosen.insecure if chosen else None, given.insecure, start.insecure
    )
    if insecure and not rules.allow_insecure_tls:
        raise ForbiddenError(INSECURE_REFUSED)
    return replace(
        start,
        server=server,
        namespace=_namespace(start, given, chosen),
        context=chosen.context if chosen else ("" if start.auth_type != "kubeconfig" else start.context),
        insecure=insecure,
        tls_server_name=_tls_server_name(start, top, given, chosen),
        notes=notes,
    )


def _server(start: Candidate, asked: str, chosen: ChosenContext | None, rules: Rules) -> tuple[str, tuple[str, ...]]:
    """The server, and a note where the request's isn't the one that counts."""
    field = "credentials.kubeconfig" if chosen else "server"
    text = chosen.server if chosen else asked.strip() or start.server
    is_theirs = start.auth_type == "kubeconfig"
    if is_theirs and not chosen:
        text = start.server
    try:
        server = normal_server_url(text, allow_http=rules.allow_http)
    except ServerUrlError as error:
        prefix = "its server " if chosen else ""
        raise InvalidError("Invalid request data", {field: f"{prefix}{error}"}) from None
    if is_theirs and asked.strip() and asked.strip().rstrip("/").lower() != server:
        return server, (f"The kubeconfig's own server is used: {server}",)
    return server, ()


def _namespace(start: Candidate, given: CredentialsInput, chosen: ChosenContext | None) -> str:
    if given.namespace:
        return given.namespace
    if given.given("namespace") and given.namespace is None:
        return "default"
    if chosen and chosen.namespace:
        if not NAMESPACE.fullmatch(chosen.namespace):
            raise InvalidError("Invalid request data", {"credentials.kubeconfig": "its namespace isn't a valid one"})
        return chosen.namespace
    return start.namespace


def _tls_server_name(
    start: Candidate,
    top: ClusterInput | ClusterChange | None,
    given: CredentialsInput,
    chosen: ChosenContext | None,
) -> str:
    if top is not None and top.given("tls_server_name"):
        return (top.tls_server_name or "").strip()
    if given.given("tls_server_name") and given.tls_server_name != "":
        return (given.tls_server_name or "").strip()
    return chosen.tls_server_name if chosen else start.tls_server_name


def _first(*values: bool | None) -> bool:
    return next((value for value in values if value is not None), False)


def changed_fields(request: ClusterChange) -> Mapping[str, Any]:
    """The fields of the document that a PUT sets beside how we connect: a key that is present is taken."""
    changes: dict[str, Any] = {}
    if request.given("display_name"):
        changes["display_name"] = request.display_name or ""
    if request.given("description"):
        changes["description"] = request.description or ""
    if request.given("labels"):
        changes["labels"] = request.labels or {}
    if request.given("watch_namespaces"):
        changes["watch_namespaces"] = request.watch_namespaces or []
    return changes
