"""What operators type: `python -m app.cli create-admin ada@example.org`. Reads the settings; needs only MongoDB."""

import secrets
import sys
from typing import Annotated, Final

import typer
from pydantic import TypeAdapter, ValidationError
from pymongo.errors import PyMongoError

from app.accounts.models import EmailAddress
from app.bootstrap import Services
from app.errors import KubeOrchError
from app.settings import SettingsError, load_settings

cli = typer.Typer(help="KubeOrch for operators.", no_args_is_help=True, add_completion=False)

MADE_UP_BYTES: Final = 12  # 16 characters

FromStdin = Annotated[bool, typer.Option("--password-stdin", help="Read the password from standard input.")]
Promote = Annotated[bool, typer.Option(help="Make an existing account an active admin with the new password.")]


@cli.callback()
def main() -> None:
    """Keeps the commands' names, also while there is only one."""


@cli.command("create-admin")
def create_admin(
    email: Annotated[str, typer.Argument(help="E-mail to sign in with.")],
    name: Annotated[str, typer.Option(help="Name that others see.")] = "Administrator",
    password_stdin: FromStdin = False,
    promote: Promote = False,
) -> None:
    """Make an admin, also when sign-up is off or the last admin is gone.

    Without --password-stdin a password is made up and shown once.
    """
    given = sys.stdin.readline().rstrip("\n") if password_stdin else ""
    password = given if password_stdin else secrets.token_urlsafe(MADE_UP_BYTES)
    try:
        address = TypeAdapter[str](EmailAddress).validate_python(email)
        services = Services(load_settings(), application="kubeorch-cli")
        services.prepare_store()
        user = services.sign_up.create_admin(email=address, name=name, password=password, promote=promote)
    except ValidationError as error:
        raise _failure(f"{email} {error.errors()[0]['msg'].removeprefix('Value error, ')}") from None
    except (SettingsError, KubeOrchError) as error:
        raise _failure(str(error)) from None
    except PyMongoError as error:
        raise _failure(
            f"MongoDB can't be used ({type(error).__name__}): is MONGO_URI right and the server up?"
        ) from None
    typer.echo(f"{user.email} is an admin.")
    if not password_stdin:
        typer.echo(f"Password, shown only now: {password}")


def _failure(text: str) -> typer.Exit:
    typer.echo(f"create-admin: {text}", err=True)
    return typer.Exit(1)


if __name__ == "__main__":
    cli()
