"""Who is calling, and may they? The guards of every route, over an `Authenticator` that the accounts domain implements.

A view without a guard is public; a test holds the list of those. The principal is looked up before the view's body
runs, so that a bad token reaches neither the store of a domain nor a cluster.
"""

from collections.abc import Callable
from functools import wraps
from typing import Final, Literal, ParamSpec, TypeVar, cast, overload

from flask import g, request

from app.errors import ForbiddenError, UnauthorizedError
from app.http.context import services
from app.http.principal import Authenticator, Principal, Role

__all__ = ["Authenticator", "Principal", "Role", "admin_only", "current_user", "guard_of", "signed_in"]

Guard = Literal["signed_in", "admin_only"]
MARK: Final = "_guard"

P = ParamSpec("P")
R = TypeVar("R")

TOKEN_REQUIRED: Final = "Authorization token is required (header or query param)"  # noqa: S105  a text, no token
READING: Final = ("GET", "HEAD", "OPTIONS")


@overload
def signed_in(view: Callable[P, R]) -> Callable[P, R]: ...


@overload
def signed_in(*, viewers: Literal["read", "all", "none"]) -> Callable[[Callable[P, R]], Callable[P, R]]: ...


def signed_in(
    view: Callable[P, R] | None = None, *, viewers: Literal["read", "all", "none"] = "read"
) -> Callable[P, R] | Callable[[Callable[P, R]], Callable[P, R]]:
    """Let only signed-in people in; `current_user()` says who.

    Args:
        viewers: what the role viewer may do here: `read` methods only; `all`, for what is their own (profile,
            notifications); `none`, for a GET that acts (the terminal).
    """

    def guard(guarded: Callable[P, R]) -> Callable[P, R]:
        @wraps(guarded)
        def checked(*args: P.args, **kwargs: P.kwargs) -> R:
            principal = _authenticate()
            if principal.role == "viewer" and not _viewer_may(viewers):
                raise ForbiddenError("Insufficient permissions")
            return guarded(*args, **kwargs)

        return _marked(checked, "signed_in")

    return guard(view) if view is not None else guard


def admin_only(view: Callable[P, R]) -> Callable[P, R]:
    """Let only administrators in: everything under `/admin/` and `/settings/`."""

    @wraps(view)
    def checked(*args: P.args, **kwargs: P.kwargs) -> R:
        if _authenticate().role != "admin":
            raise ForbiddenError("Admin access required")
        return view(*args, **kwargs)

    return _marked(checked, "admin_only")


def current_user() -> Principal:
    """Who is calling. Only in a view under a guard."""
    return cast("Principal", g.principal)


def guard_of(view: object) -> Guard | None:
    """The guard of a view function; None for a public one. For the OpenAPI document and the tests."""
    return getattr(view, MARK, None)


def bearer_token() -> str | None:
    """The token of the Authorization header; None without one or with another scheme."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None


def caller() -> Principal | None:
    """Who shows a good token, on guarded and public routes alike; asked once a request. Raises nothing of ours."""
    if "caller" not in g:
        token = bearer_token()
        try:
            g.caller = services().authenticator.authenticate(token) if token else None
        except UnauthorizedError as error:
            g.caller, g.refusal = None, error
    return cast("Principal | None", g.caller)


def _authenticate() -> Principal:
    principal = caller()
    if principal is None:
        raise g.get("refusal") or UnauthorizedError(TOKEN_REQUIRED)
    g.principal = principal
    return principal


def _viewer_may(viewers: Literal["read", "all", "none"]) -> bool:
    return viewers == "all" or (viewers == "read" and request.method in READING)


def _marked(view: Callable[P, R], guard: Guard) -> Callable[P, R]:
    setattr(view, MARK, guard)
    return view
