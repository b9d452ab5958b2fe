"""TLS to a cluster: which certificates count, and in plain words why one doesn't. Called by `transport.py`."""

import os
import socket
import ssl
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Final

from cryptography import x509

from app.errors import InvalidError
from app.kube.access import Access
from app.kube.errors import UnreachableError

# Of OpenSSL's x509_vfy.h.
_NOT_YET_VALID, _EXPIRED, _WRONG_HOST, _WRONG_ADDRESS = 9, 10, 62, 64
_NAMES_SHOWN: Final = 8


def make_context(access: Access) -> ssl.SSLContext:
    """What verifies the cluster and, with a client certificate, proves who we are.

    Raises:
        InvalidError: the CA, or the client certificate with its key, can't be used.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    if access.insecure:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    elif access.ca is None:
        context.load_default_certs()
    else:
        try:
            context.load_verify_locations(cadata=access.ca)
        except (ssl.SSLError, ValueError) as error:
            raise InvalidError("The CA certificate isn't valid PEM") from error
    if access.client_cert is not None and access.client_key is not None:
        _load_client_certificate(context, access.client_cert, access.client_key)
    return context


def _load_client_certificate(context: ssl.SSLContext, cert: str, key: str) -> None:
    with _as_file(f"{cert}\n{key}".encode()) as path:
        try:
            # Without a password OpenSSL would ask on the terminal for that of an encrypted key.
            context.load_cert_chain(path, password=_no_password)
        except (ssl.SSLError, ValueError) as error:
            text = "The client certificate and key can't be used: both must be PEM, belong together, no passphrase"
            raise InvalidError(text) from error


def _no_password() -> str:
    raise ValueError("the key has a passphrase")


@contextmanager
def _as_file(content: bytes) -> Iterator[str]:
    """A path with this content, for the one call that takes no bytes; in memory where the system can."""
    if hasattr(os, "memfd_create") and os.path.isdir("/proc/self/fd"):  # noqa: PTH112  a magic link, no path of ours
        descriptor = os.memfd_create("client-certificate", os.MFD_CLOEXEC)
        with os.fdopen(descriptor, "wb", buffering=0) as file:
            file.write(content)
            yield f"/proc/self/fd/{descriptor}"
        return
    with tempfile.TemporaryDirectory(prefix="kubeorch-") as private:  # 0700
        with tempfile.NamedTemporaryFile(dir=private, delete=False) as on_disk:  # 0600
            on_disk.write(content)
        yield on_disk.name


def explain(error: ssl.SSLError, host: str, expected: str, shown: bytes | None, now: datetime) -> UnreachableError:
    """Why the handshake failed and what to do.

    Args:
        error: what the handshake raised.
        host: who we talked to.
        expected: the name that the certificate should be for.
        shown: the certificate (DER) that the host shows, if it could be had.
        now: to tell whether it is the host's own certificate that has expired.
    """
    if not isinstance(error, ssl.SSLCertVerificationError):
        if error.reason in {"WRONG_VERSION_NUMBER", "HTTP_REQUEST", "UNEXPECTED_MESSAGE"}:
            return UnreachableError("not_kubernetes", f"{host} answers, but doesn't speak TLS there: check the port")
        # `TLSV1_ALERT_UNKNOWN_CA` and the like: words of the standard, no data.
        reason = (error.reason or "no reason given").replace("_", " ").lower()
        return UnreachableError("tls_untrusted", f"the TLS handshake with {host} failed: {reason}")
    certificate = x509.load_der_x509_certificate(shown) if shown else None
    match error.verify_code:
        case code if code in {_WRONG_HOST, _WRONG_ADDRESS}:
            names = f" is for {_names(certificate)}," if certificate else " is"
            text = f"the certificate of {host}{names} not for {expected}: set tlsServerName to one of its names"
            return UnreachableError("tls_name", text)
        case code if code == _EXPIRED:
            if certificate is None or certificate.not_valid_after_utc > now:
                return UnreachableError("tls_expired", f"a certificate of {host}, or of who signed it, has expired")
            day = certificate.not_valid_after_utc.date().isoformat()
            return UnreachableError("tls_expired", f"the certificate of {host} expired on {day}: it must be renewed")
        case code if code == _NOT_YET_VALID:
            return UnreachableError("tls_expired", f"the certificate of {host} isn't valid yet: are the clocks right?")
    text = f"the certificate of {host} is signed by an unknown authority: give its CA certificate"
    return UnreachableError("tls_untrusted", text)


def shown_certificate(sock: socket.socket, server_name: str) -> bytes | None:
    """The certificate a host shows, unverified, to say what is wrong with it. Sends no credentials, closes `sock`."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with sock:
        try:
            with context.wrap_socket(sock, server_hostname=server_name) as wrapped:
                return wrapped.getpeercert(binary_form=True)
        except OSError:
            return None


def _names(certificate: x509.Certificate) -> str:
    """What a certificate says it is for, shortened."""
    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        names = found.get_values_for_type(x509.DNSName) + [str(ip) for ip in found.get_values_for_type(x509.IPAddress)]
    except (x509.ExtensionNotFound, ValueError):
        names = [certificate.subject.rfc4514_string()]
    shown = ", ".join(name for name in names[:_NAMES_SHOWN] if name.isprintable())
    return (shown or "nobody") + (", ..." if len(names) > _NAMES_SHOWN else "")
