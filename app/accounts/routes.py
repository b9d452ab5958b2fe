"""HTTP of accounts: /auth, /profile, /settings. No logic."""

from datetime import timedelta
from http import HTTPStatus

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue

from app.accounts.callers import Caller
from app.accounts.models import (
    BuiltinMethod,
    EndedAnswer,
    InviteAnswer,
    InviteBody,
    InviteCodeAnswer,
    InviteCreatedAnswer,
    InvitesAnswer,
    LoginBody,
    MessageAnswer,
    MethodsAnswer,
    NameBody,
    PasswordBody,
    ProfileAnswer,
    RegenerateAnswer,
    RegenerateBody,
    RegenerateSettingAnswer,
    RegisterBody,
    SessionsAnswer,
    SignedInAnswer,
    UserAnswer,
)
from app.errors import UnauthorizedError
from app.http.auth import admin_only, current_user, signed_in
from app.http.context import services
from app.http.openapi import Query, documented
from app.http.requests import parse_body
from app.storage.documents import object_id

bp = Blueprint("accounts", __name__)

KEEP = Query("keep", "`current`: all but the one that asks", {"type": "string", "enum": ["current"]})


@bp.after_request
def keep_out_of_caches(response: Response) -> Response:
    """Tokens, codes and personal data: no cache may keep any answer of this file."""
    response.headers["Cache-Control"] = "no-store"
    return response


# --- /auth: no token ---


@bp.post("/auth/register")
@documented("Sign up", body=RegisterBody, answers={201: SignedInAnswer}, errors=(400, 403, 409))
def register() -> ResponseReturnValue:
    services().sign_up.check_open()
    form = parse_body(RegisterBody)
    return services().sign_up.register(form, caller()).as_json(), HTTPStatus.CREATED


@bp.post("/auth/login")
@documented("Sign in", body=LoginBody, answers={200: SignedInAnswer}, errors=(400, 401, 403))
def login() -> ResponseReturnValue:
    services().sign_in.check_open()
    form = parse_body(LoginBody)
    return services().sign_in.sign_in(form, caller()).as_json()


@bp.post("/auth/refresh")
@documented("Get a new token for one that may have expired", answers={200: SignedInAnswer}, errors=(401,))
def refresh() -> ResponseReturnValue:
    header = request.headers.get("Authorization", "")
    if not header:
        raise UnauthorizedError("Authorization header is required")
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer":
        raise UnauthorizedError("Authorization header must start with 'Bearer '")
    return services().sessions.refresh(token.strip(), caller()).as_json()


@bp.get("/auth/methods")
@documented("Ways to sign in", answers={200: MethodsAnswer})
def methods() -> ResponseReturnValue:
    builtin = BuiltinMethod(enabled=services().sign_in.enabled, signup_enabled=services().sign_up.enabled)
    return MethodsAnswer(builtin=builtin, providers=[]).as_json()


# --- /profile ---


@bp.get("/profile")
@documented("Read my profile", answers={200: ProfileAnswer})
@signed_in
def profile() -> ResponseReturnValue:
    return ProfileAnswer(user=UserAnswer.of(services().profiles.get(current_user()))).as_json()


@bp.put("/profile")
@documented("Change my name", body=NameBody, answers={200: ProfileAnswer}, errors=(400,))
@signed_in(viewers="all")
def update_profile() -> ResponseReturnValue:
    body = parse_body(NameBody, message="Name is required")
    return ProfileAnswer(user=UserAnswer.of(services().profiles.rename(current_user(), body.name))).as_json()


@bp.put("/profile/password")
@documented("Change my password; my other sessions end", body=PasswordBody, answers={200: MessageAnswer}, errors=(400,))
@signed_in(viewers="all")
def change_password() -> ResponseReturnValue:
    body = parse_body(PasswordBody, message="Current password and new password are required")
    services().profiles.change_password(current_user(), current=body.current_password, new=body.new_password)
    return MessageAnswer(message="Password updated successfully").as_json()


@bp.get("/profile/sessions")
@documented("List my sessions", answers={200: SessionsAnswer})
@signed_in
def list_sessions() -> ResponseReturnValue:
    return services().sessions.list(current_user()).as_json()


@bp.delete("/profile/sessions")
@documented("End my sessions", query=(KEEP,), answers={200: EndedAnswer})
@signed_in(viewers="all")
def end_sessions() -> ResponseReturnValue:
    user = current_user()
    but = user.session_id if request.args.get("keep") == "current" else None
    ended = services().sessions.end_all(user.user_id, but=but, reason="ended by user")
    return EndedAnswer(message="Sessions ended", ended=ended).as_json()


@bp.delete("/profile/sessions/current")
@documented("Sign out", answers={200: MessageAnswer})
@signed_in(viewers="all")
def sign_out() -> ResponseReturnValue:
    services().sessions.end(current_user(), current_user().session_id, reason="signed out")
    return MessageAnswer(message="Signed out").as_json()


@bp.delete("/profile/sessions/<session_id>")
@documented("End one of my sessions", answers={200: MessageAnswer}, errors=(404,))
@signed_in(viewers="all")
def end_session(session_id: str) -> ResponseReturnValue:
    services().sessions.end(current_user(), session_id)
    return MessageAnswer(message="Session ended").as_json()


# --- /settings: invite codes ---


@bp.get("/settings/invite-code")
@documented("Read the current invite code", answers={200: InviteCodeAnswer})
@admin_only
def invite_code() -> ResponseReturnValue:
    return InviteCodeAnswer(invite_code=services().invites.current_code()).as_json()


@bp.post("/settings/generate-invite-code")
@documented("Make a new current invite code; the old one is revoked", answers={200: InviteCodeAnswer})
@admin_only
def generate_invite_code() -> ResponseReturnValue:
    return InviteCodeAnswer(invite_code=services().invites.generate(current_user().user_id)).as_json()


@bp.get("/settings/regenerate-setting")
@documented("Read whether each sign-up renews the invite code", answers={200: RegenerateSettingAnswer})
@admin_only
def regenerate_setting() -> ResponseReturnValue:
    code = services().invites.current_code()
    return RegenerateSettingAnswer(regenerate_after_signup=services().invites.regenerates(), invite_code=code).as_json()


@bp.put("/settings/regenerate-setting")
@documented(
    "Set whether each sign-up renews the invite code",
    body=RegenerateBody,
    answers={200: RegenerateAnswer},
    errors=(400,),
)
@admin_only
def change_regenerate_setting() -> ResponseReturnValue:
    value = parse_body(RegenerateBody).regenerate_after_signup
    services().invites.set_regenerates(value)
    return RegenerateAnswer(regenerate_after_signup=value).as_json()


@bp.get("/settings/invites")
@documented("List invites, without their codes", answers={200: InvitesAnswer})
@admin_only
def list_invites() -> ResponseReturnValue:
    now = services().clock.now()
    return InvitesAnswer(
        invites=[InviteAnswer.of(invite, now) for invite in services().invites.list_newest()]
    ).as_json()


@bp.post("/settings/invites")
@documented(
    "Make an invite; its code is shown once",
    body=InviteBody,
    body_required=False,
    answers={201: InviteCreatedAnswer},
    errors=(400,),
)
@admin_only
def create_invite() -> ResponseReturnValue:
    body = parse_body(InviteBody)
    invite, code = services().invites.create(
        role=body.role,
        max_uses=body.max_uses,
        life=timedelta(hours=body.expires_in_hours),
        created_by=current_user().user_id,
    )
    shown = InviteAnswer.of(invite, services().clock.now())
    return InviteCreatedAnswer(invite=shown, invite_code=code).as_json(), HTTPStatus.CREATED


@bp.delete("/settings/invites/<invite_id>")
@documented("Revoke an invite", answers={200: MessageAnswer}, errors=(400, 404))
@admin_only
def revoke_invite(invite_id: str) -> ResponseReturnValue:
    services().invites.revoke(object_id(invite_id, "invite"))
    return MessageAnswer(message="Invite revoked").as_json()


def caller() -> Caller:
    return Caller(ip=request.remote_addr or "", user_agent=request.headers.get("User-Agent", ""))
