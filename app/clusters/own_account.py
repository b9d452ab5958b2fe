"""The service account that this server itself runs as, in a pod, where CLUSTER_ALLOW_IN_CLUSTER lets admins use it.

Its token isn't stored: the kubelet replaces the file about once an hour, so it is read again for each connection.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from app.clusters.credentials import Credentials
from app.clusters.tokens import clean_token
from app.errors import InvalidError

FOLDER: Final = Path("/var/run/secrets/kubernetes.io/serviceaccount")
RENEW_S: Final = 60.0
"""A connection with this account is made anew after this time: the old token is good for minutes longer."""


@dataclass(frozen=True, slots=True)
class OwnAccount:
    """Reads the mounted token and authority."""

    folder: Path = FOLDER

    def fill(self, credentials: Credentials) -> Credentials:
        """The credentials with the token of this moment, for a server that our own cluster's authority vouches for.

        Raises:
            InvalidError: this server doesn't run in a pod with a service account.
        """
        try:
            token = (self.folder / "token").read_text()
            ca = (self.folder / "ca.crt").read_text()
        except OSError:
            text = "This server doesn't run in a cluster with a service account: enter a token"
            raise InvalidError(text) from None
        return replace(credentials, token=clean_token(token), ca=ca)


def filled(credentials: Credentials, own_account: OwnAccount | None) -> Credentials:
    """Credentials that can be connected with.

    Raises:
        InvalidError: they mean our own account, and that isn't allowed or isn't there.
    """
    if not credentials.own_account:
        return credentials
    if own_account is None:
        raise InvalidError("Using this server's own service account is switched off here: enter a token")
    return own_account.fill(credentials)
