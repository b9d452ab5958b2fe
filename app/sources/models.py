"""Credentials for Git hosts: the document, what is handed out to use, request and answer. No I/O."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any, Final, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.alias_generators import to_camel

from app.net.host_names import host_name
from app.sources.urls import TOKEN_USER
from app.storage.documents import Document, Id

_TEXT: Final = 1024


@dataclass(frozen=True, slots=True)
class GitCredential:
    """What proves to a Git host who asks. Lives in memory only."""

    username: str
    token: str = field(repr=False)


class StoredCredential(Document):
    """One that somebody keeps here. The sealed token is read apart, by the store alone."""

    id: Id = Field(alias="_id")
    user_id: Id
    host: str = Field(description="Exactly this host, with its port if it isn't 443.")
    path_prefix: str = Field("", description="Only for repositories below; whole parts, lower case.")
    username: str
    created_at: datetime
    last_used_at: datetime | None = None


def _host(value: object) -> object:
    """In the spelling that a repository's address has."""
    if not isinstance(value, str):
        return value
    name, separator, port = value.strip().rpartition(":")
    if not separator or value.strip().endswith("]"):
        name, port = value.strip(), ""
    if "/" in value or "@" in value:
        raise ValueError("must be a host such as github.com, without https:// and path")
    if port and not (port.isascii() and port.isdecimal() and 0 < int(port[:6]) < 65536):
        raise ValueError("has a port that isn't one")
    try:
        return host_name(name) + (f":{int(port)}" if port and int(port) != 443 else "")
    except ValueError:
        raise ValueError("must be a host such as github.com or git.example.com:8443") from None


def _prefix(value: object) -> object:
    return value.strip().strip("/").removesuffix(".git").lower() if isinstance(value, str) else value


def _sendable(value: object) -> object:
    """Git's own protocol for credentials is lines of text."""
    if isinstance(value, str) and not value.strip().isprintable():
        raise ValueError("must be one line of text")
    return value.strip() if isinstance(value, str) else value


class CredentialInput(BaseModel):
    """`POST /git/credentials`."""

    model_config = ConfigDict(
        frozen=True, extra="ignore", alias_generator=to_camel, populate_by_name=True, hide_input_in_errors=True
    )

    host: Annotated[str, BeforeValidator(_host)] = Field(
        max_length=_TEXT,
        description="Exactly this host. With its port when it isn't 443; without TLS always (`git.example.com:80`).",
        examples=["github.com"],
    )
    path_prefix: Annotated[str, BeforeValidator(_prefix)] = Field(
        "", max_length=_TEXT, description="Only for repositories below this path.", examples=["my-group"]
    )
    username: Annotated[str, BeforeValidator(_sendable)] = Field(
        "", max_length=_TEXT, description=f"Without one: `{TOKEN_USER}`, which suits most hosts' tokens."
    )
    token: Annotated[str, BeforeValidator(_sendable)] = Field(
        min_length=1, max_length=8 * _TEXT, repr=False, description="Token or password. Never shown again."
    )


class _Answer(BaseModel):
    model_config = ConfigDict(
        frozen=True, alias_generator=to_camel, populate_by_name=True, arbitrary_types_allowed=True
    )

    def as_json(self) -> dict[str, Any]:
        """For Flask; ids and times are written by our JSON provider."""
        return self.model_dump(by_alias=True, exclude_none=True)


class CredentialAnswer(_Answer):
    id: Id
    host: str
    path_prefix: str | None = None
    username: str
    created_at: datetime
    last_used_at: datetime | None = None

    @classmethod
    def of(cls, stored: StoredCredential) -> Self:
        return cls(**stored.model_dump(exclude={"user_id", "path_prefix"}), path_prefix=stored.path_prefix or None)


class CredentialAddedAnswer(_Answer):
    credential: CredentialAnswer
    message: str = "Git credential stored"


class CredentialsAnswer(_Answer):
    credentials: list[CredentialAnswer] = Field(description="One's own, newest first; never a token.")


class RefsAnswer(_Answer):
    default_branch: str
    branches: list[str] = Field(description="The default one first, then by name.")
    tags: list[str]
