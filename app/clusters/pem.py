"""Certificates and keys as people paste them → normalised PEM, or what is wrong with them. Pure.

The UI encodes what was typed in base64 once; a value taken from a kubeconfig was base64 already. So PEM, base64 of it
and base64 of that are taken alike. What is stored is written anew: nothing that merely stood beside a block is kept.
"""

import base64
import binascii
import re
from datetime import datetime
from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

MAX_CHARACTERS: Final = 128 * 1024
_LAYERS: Final = 3
_MARK: Final = "-----BEGIN "
# `openssl ecparam -genkey` writes this before the key; no loader wants it.
_EC_PARAMETERS: Final = re.compile(r"-----BEGIN EC PARAMETERS-----.*?-----END EC PARAMETERS-----\s*", re.DOTALL)
_NOT_PEM: Final = "is neither PEM (-----BEGIN ...) nor base64 of it"


class PemError(ValueError):
    """What is wrong, as the end of a sentence that begins with the field's name."""


def pem_text(value: str) -> str:
    """The PEM inside up to two layers of base64.

    Raises:
        PemError: there is none.
    """
    if len(value) > MAX_CHARACTERS:
        raise PemError(f"is longer than {MAX_CHARACTERS // 1024} KiB")
    text = value
    for _ in range(_LAYERS):
        if _MARK in text:
            return text
        try:
            text = base64.b64decode("".join(text.split()), validate=True).decode("ascii")
        except (binascii.Error, ValueError):
            break
    raise PemError(_NOT_PEM)


def certificates(value: str, now: datetime) -> tuple[str, datetime]:
    """One or several certificates, normalised, and when the last of them ends.

    Raises:
        PemError: they can't be read, or all have expired.
    """
    try:
        found = x509.load_pem_x509_certificates(pem_text(value).encode())
    except PemError:
        raise
    except ValueError:
        raise PemError("holds no certificate that can be read") from None
    until = max(certificate.not_valid_after_utc for certificate in found)
    if until <= now:
        raise PemError(f"expired on {_day(until)}: renew it")
    return "".join(certificate.public_bytes(Encoding.PEM).decode() for certificate in found), until


def client_certificate(value: str, now: datetime) -> tuple[str, datetime]:
    """A client's certificate with its chain, normalised, and when it, the first one, ends.

    Raises:
        PemError: it can't be read or has expired.
    """
    text, _ = certificates(value, now)
    until = x509.load_pem_x509_certificate(text.encode()).not_valid_after_utc
    if until <= now:
        raise PemError(f"expired on {_day(until)}: renew it")
    return text, until


def private_key(value: str) -> str:
    """A private key without passphrase, normalised.

    Raises:
        PemError: it can't be read, or has a passphrase.
    """
    text = _EC_PARAMETERS.sub("", pem_text(value))
    try:
        key = load_pem_private_key(text.encode(), password=None)
    except TypeError:
        raise PemError("has a passphrase: give the key without one (openssl pkey -in key.pem)") from None
    except (ValueError, UnsupportedAlgorithm):
        raise PemError("holds no private key that can be read") from None
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def belong_together(certificate: str, key: str) -> bool:
    """Whether the certificate is for this key. Both as given by the functions above."""
    of_certificate = x509.load_pem_x509_certificate(certificate.encode()).public_key()
    of_key = load_pem_private_key(key.encode(), password=None).public_key()
    form = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return of_certificate.public_bytes(*form) == of_key.public_bytes(*form)


def _day(instant: datetime) -> str:
    return instant.date().isoformat()
