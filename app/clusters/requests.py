"""What clients send. Absent, empty and null differ in PUT: `model_fields_set` tells (merge rules in `candidate.py`)."""

import re
from typing import Annotated, Any, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator
from pydantic.alias_generators import to_camel

from app.clusters.models import AUTH_TYPES, AuthType

NAME: Final = re.compile(r"[a-z0-9]([a-z0-9._-]{0,61}[a-z0-9])?")
RESERVED: Final = frozenset({"default", "stream"})  # paths under /clusters
NAMESPACE: Final = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_SPELLINGS: Final[dict[str, AuthType]] = {name: name for name in AUTH_TYPES} | {
    "bearer": "token",
    "bearer_token": "token",
    "clientcertificate": "certificate",
}


def _auth_type(value: object) -> object:
    """The other spellings that clients have, in any case; empty is as absent."""
    if not isinstance(value, str):
        return value
    return _SPELLINGS.get(value.strip().lower(), value.strip()) or None


def _namespace(value: str | None) -> str | None:
    if value and not NAMESPACE.fullmatch(value.strip()):
        raise ValueError("must be a Kubernetes namespace: lower-case letters, digits and -, at most 63 characters")
    return value.strip() if value else value


AnyAuthType = Annotated[AuthType | None, BeforeValidator(_auth_type)]
Secret = Annotated[str | None, Field(max_length=256 * 1024, repr=False)]
DisplayName = Annotated[str | None, Field(max_length=100)]
Description = Annotated[str | None, Field(max_length=1000)]
Labels = Annotated[dict[str, Annotated[str, Field(max_length=1000)]] | None, Field(max_length=64)]
WatchNamespaces = Annotated[list[str] | None, Field(max_length=100)]


class _Request(BaseModel):
    model_config = ConfigDict(
        frozen=True, extra="ignore", alias_generator=to_camel, populate_by_name=True, hide_input_in_errors=True
    )

    def given(self, name: str) -> bool:
        """Whether the client sent this field, null included."""
        return name in self.model_fields_set


class CredentialsInput(_Request):
    """`credentials`; which ones count depends on the authType."""

    token: Secret = Field(None, description="Bearer token, of authType token and serviceaccount.")
    ca_data: Secret = Field(None, description="Authority of the API server: PEM, or base64 of it.")
    client_cert_data: Secret = Field(None, description="Of authType certificate: PEM, or base64 of it.")
    client_key_data: Secret = Field(None, description="Its key, without passphrase.")
    kubeconfig: Secret = Field(None, description="The YAML, of authType kubeconfig.")
    context: str | None = Field(None, max_length=1000, description="Which context of the kubeconfig.")
    namespace: str | None = Field(None, description="Where objects go that name no namespace.")
    insecure: bool | None = Field(None, description="Don't verify TLS.")
    tls_server_name: str | None = Field(None, max_length=253, description="Name to verify instead of the host's.")

    _namespace = field_validator("namespace")(_namespace)


class ClusterInput(_Request):
    """Body of POST /clusters."""

    name: str = Field(description="Letters a-z, digits, `.`, `_`, `-`; at most 63; can't be changed.")
    display_name: DisplayName = None
    description: Description = None
    server: str | None = Field(None, description="URL of the API server; a kubeconfig brings its own.")
    auth_type: AnyAuthType = None
    credentials: CredentialsInput = CredentialsInput()
    single_node: bool | None = None
    labels: Labels = None
    insecure: bool | None = None
    tls_server_name: str | None = Field(None, max_length=253)
    watch_namespaces: WatchNamespaces = None
    force: bool | None = Field(None, description="Add it even if it can't be reached now.")

    @field_validator("credentials", mode="before")
    @classmethod
    def _null_is_none(cls, value: Any) -> Any:
        return {} if value is None else value

    @field_validator("name")
    @classmethod
    def _name(cls, value: str) -> str:
        name = value.strip()
        if not NAME.fullmatch(name):
            raise ValueError(
                "must be 1 to 63 lower-case letters, digits, '.', '_' or '-', and begin and end with a letter or digit"
            )
        if name in RESERVED:
            raise ValueError(f"{name!r} is reserved: choose another name")
        return name

    @field_validator("watch_namespaces")
    @classmethod
    def _namespaces(cls, value: list[str] | None) -> list[str] | None:
        return _checked_namespaces(value)


class ClusterChange(_Request):
    """Body of PUT /clusters/:name."""

    display_name: DisplayName = None
    description: Description = None
    server: str | None = None
    auth_type: AnyAuthType = None
    credentials: CredentialsInput | None = None
    single_node: bool | None = None
    labels: Labels = None
    insecure: bool | None = None
    tls_server_name: str | None = Field(None, max_length=253)
    watch_namespaces: WatchNamespaces = None
    force: bool | None = Field(None, description="Store it even if it can't be reached so.")

    @field_validator("watch_namespaces")
    @classmethod
    def _namespaces(cls, value: list[str] | None) -> list[str] | None:
        return _checked_namespaces(value)


class CredentialsChange(_Request):
    """Body of PUT /clusters/:name/credentials."""

    credentials: CredentialsInput
    auth_type: AnyAuthType = None


def _checked_namespaces(value: list[str] | None) -> list[str] | None:
    return value and [name for name in (_namespace(each) for each in value) if name]
