"""What a route reaches for: the services of this process. Set once by `create_app`."""

from typing import TYPE_CHECKING, Final, cast

from flask import current_app

if TYPE_CHECKING:  # bootstrap imports the domains, and their routes import this
    from app.bootstrap import Services

KEY: Final = "kubeorch"


def services() -> "Services":
    """The services that `create_app` was given."""
    return cast("Services", current_app.extensions[KEY])
