"""Documents of users, sessions and invites; bodies and answers of their routes. No I/O."""

import hashlib
from datetime import datetime
from typing import Annotated, Any, Final, Literal, Self

import email_validator
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StrictBool
from pydantic.alias_generators import to_camel

from app.storage.documents import Document, Id

# Sign-up takes reserved domains (`.local`, `.test`): many companies' inner mail has them. Only `invalid` stays refused:
# the e-mails of deleted users end in it. The library documents editing this list as the way to allow some.
email_validator.SPECIAL_USE_DOMAIN_NAMES[:] = ["invalid"]

EMAIL_LENGTH: Final = 254
NAME_LENGTH: Final = 100


def _user_for_member(value: object) -> object:
    return "user" if value == "member" else value


Role = Annotated[Literal["admin", "user", "viewer"], BeforeValidator(_user_for_member)]


# --- documents ---


class User(Document):
    """A person. `password` is a bcrypt hash, or `""` for an account without one."""

    id: Id = Field(alias="_id")
    email: str
    name: str = ""
    password: str = Field("", repr=False)
    role: Role = "user"
    auth_provider: str = ""
    provider_user_id: str = ""
    bootstrap: bool = False
    email_verified: bool = False
    created_at: datetime
    last_login_at: datetime | None = None
    password_changed_at: datetime | None = None
    deactivated_at: datetime | None = None
    signed_out_at: datetime | None = Field(None, description="Sessions begun before it are dead.")
    invite_id: Id | None = None
    deleted_at: datetime | None = None

    @property
    def active(self) -> bool:
        return self.deactivated_at is None and self.deleted_at is None


class Session(Document):
    """One sign-in on one device. Each refresh gives it a new `current_jti`."""

    id: str = Field(alias="_id", description="128 random bits, base64; the token's `sid`.")
    user_id: Id
    method: str = Field(description="`password` or `oauth:<provider>`.")
    created_at: datetime = Field(description="First issue; the token's `auth_time`.")
    last_seen_at: datetime
    expires_at: datetime
    current_jti: str
    place: str = Field("", description="HMAC of browser and network of the last refresh.")
    ip: str = ""
    user_agent: str = ""
    ended_at: datetime | None = None
    ended_reason: str = ""


class Invite(Document):
    """A code that lets people sign up. `uses_left` absent: no limit."""

    id: Id = Field(alias="_id")
    code_hash: str = Field(repr=False)
    code_sealed: bytes = Field(repr=False)
    role: Role = "user"
    created_by: Id | None = None
    created_at: datetime
    expires_at: datetime | None = None
    max_uses: int | None = None
    uses: int = 0
    uses_left: int | None = None
    revoked_at: datetime | None = None
    current: bool = False

    def state(self, now: datetime) -> Literal["active", "expired", "used", "revoked"]:
        if self.revoked_at is not None:
            return "revoked"
        if self.uses_left is not None and self.uses_left <= 0:
            return "used"
        return "expired" if self.expires_at is not None and self.expires_at <= now else "active"


# --- bodies ---


def _trimmed(value: str) -> str:
    return value.strip()


def _address(value: str) -> str:
    """Trimmed, checked for its form only (no DNS), in lower case."""
    text = value.strip()
    if len(text) > EMAIL_LENGTH:
        raise ValueError(f"must be at most {EMAIL_LENGTH} characters")
    try:
        checked = email_validator.validate_email(
            text, check_deliverability=False, globally_deliverable=False, test_environment=True
        )
    except email_validator.EmailNotValidError as error:
        raise ValueError(f"is no e-mail address: {error}") from None
    return checked.normalized.lower()


def _name(value: str) -> str:
    text = value.strip()
    if not 1 <= len(text) <= NAME_LENGTH:
        raise ValueError(f"must have 1 to {NAME_LENGTH} characters")
    return text


def _or_empty(value: object) -> object:
    return "" if value is None else value


EmailAddress = Annotated[str, AfterValidator(_address)]
PersonName = Annotated[str, AfterValidator(_name)]
Code = Annotated[str, BeforeValidator(_or_empty), AfterValidator(_trimmed)]


class Body(BaseModel):
    """What a client sends: camelCase; unknown fields are ignored."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, hide_input_in_errors=True)


class RegisterBody(Body):
    name: PersonName
    email: EmailAddress
    password: str = Field(repr=False)
    invite_code: Code = Field("", repr=False)


class LoginBody(Body):
    """No syntax is asked of the e-mail: what isn't known is just wrong."""

    email: Annotated[str, Field(min_length=1, max_length=EMAIL_LENGTH), AfterValidator(_trimmed)]
    password: str = Field(min_length=1, repr=False)


class NameBody(Body):
    name: Annotated[str, AfterValidator(_trimmed), Field(min_length=1)]


class PasswordBody(Body):
    current_password: str = Field(repr=False)
    new_password: str = Field(min_length=1, repr=False)


class RegenerateBody(Body):
    regenerate_after_signup: StrictBool


class InviteBody(Body):
    role: Role = "user"
    max_uses: Annotated[int, BeforeValidator(lambda value: 1 if value is None else value), Field(ge=1, le=1000)] = 1
    expires_in_hours: Annotated[
        float, BeforeValidator(lambda value: 168 if value is None else value), Field(gt=0, le=8760)
    ] = 168


# --- answers ---


class Answer(BaseModel):
    """What we send: camelCase; what isn't set is left out."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True)

    def as_json(self) -> dict[str, Any]:
        return self.model_dump(by_alias=True, exclude_none=True)


class UserAnswer(Answer):
    """The same seven keys everywhere. It lands in the browser's localStorage: nothing sensitive."""

    id: Id
    email: str
    name: str
    role: Role
    avatar_url: str
    created_at: datetime
    auth_provider: str = Field(description="Empty for an account with a password: the UI shows its password button.")

    @classmethod
    def of(cls, user: User) -> Self:
        digest = hashlib.sha256(user.email.lower().encode()).hexdigest()
        return cls(
            id=user.id,
            email=user.email,
            name=user.name,
            role=user.role,
            avatar_url=f"https://www.gravatar.com/avatar/{digest}?s=200&d=identicon",
            created_at=user.created_at,
            auth_provider="" if user.password else user.auth_provider,
        )


class SignedInAnswer(Answer):
    token: str = Field(repr=False)
    user: UserAnswer


class ProfileAnswer(Answer):
    user: UserAnswer


class BuiltinMethod(Answer):
    enabled: bool
    signup_enabled: bool


class ProviderMethod(Answer):
    name: str
    display_name: str
    icon: str


class MethodsAnswer(Answer):
    builtin: BuiltinMethod
    providers: list[ProviderMethod]


class SessionAnswer(Answer):
    id: str
    current: bool
    method: str
    device: str = Field(examples=["Firefox on Linux"])
    ip: str
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime


class SessionsAnswer(Answer):
    sessions: list[SessionAnswer]


class MessageAnswer(Answer):
    message: str


class EndedAnswer(Answer):
    message: str
    ended: int


class InviteCodeAnswer(Answer):
    invite_code: str = Field(repr=False)


class RegenerateAnswer(Answer):
    regenerate_after_signup: bool


class RegenerateSettingAnswer(Answer):
    regenerate_after_signup: bool
    invite_code: str = Field(repr=False)


class InviteAnswer(Answer):
    """An invite without its code."""

    id: Id
    current: bool
    role: Role
    uses: int
    max_uses: int | None
    expires_at: datetime | None
    created_at: datetime
    created_by: Id | None
    state: Literal["active", "expired", "used", "revoked"]

    @classmethod
    def of(cls, invite: Invite, now: datetime) -> Self:
        fields = ("id", "current", "role", "uses", "max_uses", "expires_at", "created_at", "created_by")
        return cls(state=invite.state(now), **{field: getattr(invite, field) for field in fields})


class InvitesAnswer(Answer):
    invites: list[InviteAnswer]


class InviteCreatedAnswer(Answer):
    invite: InviteAnswer
    invite_code: str = Field(repr=False)
