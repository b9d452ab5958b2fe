"""The secret part of a cluster: which fields an authType needs, how a change is merged, what is sealed. Pure.

A `Credentials` holds plain values in memory for as long as a test or a connection needs them. Its repr shows nothing.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import datetime
from typing import Any, Final, Self

from bson import ObjectId

from app.clusters.kubeconfig import ChosenContext, KubeconfigError, choose_context
from app.clusters.models import AuthType
from app.clusters.pem import PemError, belong_together, certificates, client_certificate, private_key
from app.clusters.requests import CredentialsInput
from app.clusters.tokens import TokenError, clean_token, token_end
from app.errors import InvalidError
from app.kube.access import Access

# Request field → attribute here.
_BY_TYPE: Final[Mapping[AuthType, Mapping[str, str]]] = {
    "token": {"token": "token", "caData": "ca"},
    "serviceaccount": {"token": "token", "caData": "ca"},
    "certificate": {"clientCertData": "client_cert", "clientKeyData": "client_key", "caData": "ca"},
}
_OPTIONAL: Final = frozenset({"caData"})
_INPUT: Final = {
    "token": "token",
    "caData": "ca_data",
    "clientCertData": "client_cert_data",
    "clientKeyData": "client_key_data",
}


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who we are to a cluster and whom we trust there. PEM texts, normalised."""

    token: str = field(default="", repr=False)
    ca: str = field(default="", repr=False)
    client_cert: str = field(default="", repr=False)
    client_key: str = field(default="", repr=False)
    impersonate_user: str = field(default="", repr=False)
    impersonate_groups: tuple[str, ...] = field(default=(), repr=False)
    has_kubeconfig: bool = False
    """They came from one: that is what is shown as set."""
    own_account: bool = False
    """The token is that of the service account this server runs as; see `own_account.py`."""
    expires_at: datetime | None = None
    """Of the token or the client certificate, whichever ends first; stored beside, not inside."""

    @property
    def fields_set(self) -> tuple[str, ...]:
        """What is set, by the request's names."""
        if self.has_kubeconfig:
            return ("kubeconfig",)
        names = {"token": self.token, "caData": self.ca, "clientCertData": self.client_cert}
        return tuple(name for name, value in (names | {"clientKeyData": self.client_key}).items() if value)

    def access(self, *, server: str, insecure: bool, tls_server_name: str) -> Access:
        """With where to connect, all that a connection needs."""
        return Access(
            server=server,
            token=self.token or None,
            client_cert=self.client_cert or None,
            client_key=self.client_key or None,
            ca=self.ca or None,
            insecure=insecure,
            tls_server_name=tls_server_name or None,
            impersonate_user=self.impersonate_user or None,
            impersonate_groups=self.impersonate_groups,
        )

    def as_json(self) -> dict[str, Any]:
        """To be sealed."""
        return {name: value for name, value in asdict(self).items() if value and name != "expires_at"}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """What `as_json` gave; fields that this version doesn't know are left out."""
        known = {each.name for each in fields(cls)} - {"expires_at"}
        values = {name: given for name, given in value.items() if name in known}
        return cls(**values | {"impersonate_groups": tuple(values.get("impersonate_groups", ()))})


def seal_context(cluster_id: ObjectId) -> str:
    """The identity that a cluster's sealed credentials are bound to."""
    return f"cluster:{cluster_id}:credentials"


def merged(
    stored: Credentials | None,
    auth_type: AuthType,
    given: CredentialsInput,
    now: datetime,
    *,
    may_use_own_account: bool = False,
) -> tuple[Credentials, ChosenContext | None]:
    """The credentials after a request: absent or "" keeps what is stored, null erases it.

    Args:
        stored: those of the same authType; None for a new cluster or another authType.
        auth_type: of the result.
        given: the request's `credentials`.
        now: to refuse what has expired.
        may_use_own_account: a service account without a token then means the one this server runs as.

    Returns:
        The credentials and, when a kubeconfig was given, what else it says.

    Raises:
        InvalidError: `details` names each field that is missing or can't be used.
    """
    if auth_type == "oidc":
        raise InvalidError("Invalid request data", {"authType": "oidc credentials come later: use a token"})
    if auth_type == "kubeconfig":
        return _from_kubeconfig(stored, given, now)
    base = stored or Credentials()
    problems: dict[str, str] = {}
    changes: dict[str, Any] = {}
    for name, attribute in _BY_TYPE[auth_type].items():
        value: str | None = getattr(given, _INPUT[name])
        if value is None and given.given(_INPUT[name]):
            changes[attribute] = ""
        elif value and value.strip():
            _read(problems, f"credentials.{name}", changes, attribute=attribute, value=value, now=now)
        is_own = name == "token" and auth_type == "serviceaccount" and (may_use_own_account or base.own_account)
        if not changes.get(attribute, getattr(base, attribute)) and not is_own and name not in _OPTIONAL:
            problems.setdefault(f"credentials.{name}", f"is required for authType {auth_type}")
    result = replace(base, **changes)
    result = replace(result, own_account=auth_type == "serviceaccount" and not result.token)
    # What is stored may have expired meanwhile: no reason to refuse another name for the cluster.
    if changes and not problems:
        result = _checked(result, problems, now, prefix="credentials.")
    if problems:
        raise InvalidError("The credentials can't be used", problems)
    return result, None


def _from_kubeconfig(
    stored: Credentials | None, given: CredentialsInput, now: datetime
) -> tuple[Credentials, ChosenContext | None]:
    where = "credentials.kubeconfig"
    if not (given.kubeconfig and given.kubeconfig.strip()):
        if stored is None or (given.given("kubeconfig") and given.kubeconfig is None):
            raise InvalidError("The credentials can't be used", {where: "is required for authType kubeconfig"})
        if given.context:
            text = "is required to choose a context: only the chosen one was kept"
            raise InvalidError("The credentials can't be used", {where: text})
        return stored, None
    try:
        chosen = choose_context(given.kubeconfig, given.context or "")
    except KubeconfigError as error:
        raise InvalidError(f"The kubeconfig can't be used: it {error}", {where: str(error)}) from None
    problems: dict[str, str] = {}
    values: dict[str, Any] = {}
    for attribute in ("token", "ca", "client_cert", "client_key"):
        if value := getattr(chosen, attribute):
            _read(
                problems, f"{where}.{_KUBECONFIG_NAMES[attribute]}", values, attribute=attribute, value=value, now=now
            )
    result = Credentials(
        **values,
        impersonate_user=chosen.impersonate_user,
        impersonate_groups=chosen.impersonate_groups,
        has_kubeconfig=True,
    )
    if not problems:
        if not (result.token or result.client_cert):
            problems[where] = "the chosen user has neither a token nor a client certificate"
        elif bool(result.client_cert) != bool(result.client_key):
            problems[where] = "client-certificate-data and client-key-data belong together: one is missing"
        else:
            result = _checked(result, problems, now, prefix=f"{where}.")
    if problems:
        raise InvalidError(f"The kubeconfig can't be used: {next(iter(problems.values()))}", problems)
    return result, chosen


_KUBECONFIG_NAMES: Final = {
    "token": "token",
    "ca": "certificate-authority-data",
    "client_cert": "client-certificate-data",
    "client_key": "client-key-data",
}


def _read(
    problems: dict[str, str], where: str, values: dict[str, Any], *, attribute: str, value: str, now: datetime
) -> None:
    """One field, cleaned and normalised into `values`; else why not into `problems`."""
    readers: Mapping[str, Callable[[str], str]] = {
        "token": clean_token,
        "ca": lambda text: certificates(text, now)[0],
        "client_cert": lambda text: client_certificate(text, now)[0],
        "client_key": private_key,
    }
    try:
        values[attribute] = readers[attribute](value)
    except (PemError, TokenError) as error:
        problems[where] = str(error)


def _checked(credentials: Credentials, problems: dict[str, str], now: datetime, *, prefix: str) -> Credentials:
    """Whether the parts fit together and still hold; with the end of the one that ends first."""
    ends: list[datetime] = []
    try:
        if credentials.token and (end := token_end(credentials.token, now)):
            ends.append(end)
    except TokenError as error:
        problems[f"{prefix}token"] = str(error)
    try:
        if credentials.client_cert:
            ends.append(client_certificate(credentials.client_cert, now)[1])
            if not belong_together(credentials.client_cert, credentials.client_key):
                key_name = "client-key-data" if credentials.has_kubeconfig else "clientKeyData"
                problems[f"{prefix}{key_name}"] = "is not the key of the client certificate: give the pair"
    except PemError as error:
        name = "client-certificate-data" if credentials.has_kubeconfig else "clientCertData"
        problems[f"{prefix}{name}"] = str(error)
    return replace(credentials, expires_at=min(ends, default=None))
