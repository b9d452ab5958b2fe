"""The URL of a cluster's API server: checked and in one spelling. Pure; the guard judges its address."""

from typing import Final
from urllib.parse import urlsplit

from app.errors import InvalidError
from app.kube.target import Target

MAX_CHARACTERS: Final = 2048


class ServerUrlError(ValueError):
    """What is wrong with it, to be shown at the field."""


def normal_server_url(text: str, *, allow_http: bool) -> str:
    """`https://host[:port][/prefix]`, host in lower case, no slash at the end.

    Raises:
        ServerUrlError: it is something else.
    """
    text = text.strip()
    if not text:
        raise ServerUrlError("is required")
    if len(text) > MAX_CHARACTERS:
        raise ServerUrlError(f"is longer than {MAX_CHARACTERS} characters")
    if "://" not in text:
        raise ServerUrlError("must begin with https://, such as https://host:6443")
    try:
        target = Target.parse(text)
        explicit_port = urlsplit(text).port
    except (InvalidError, ValueError):
        raise ServerUrlError("must be a URL such as https://host:6443, without user name, query or fragment") from None
    if not target.is_tls and not allow_http:
        raise ServerUrlError("must begin with https:// (plain http needs the setting CLUSTER_ALLOW_HTTP)")
    host = f"[{target.host}]" if ":" in target.host else target.host
    port = f":{explicit_port}" if explicit_port else ""
    return f"{'https' if target.is_tls else 'http'}://{host}{port}{target.prefix}"
