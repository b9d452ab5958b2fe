"""The practice cluster's certificate (its own authority), token and kubeconfig, made once and kept in its folder."""

import ipaddress
import os
import secrets
import ssl
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

NAME: Final = "practice"
_DAYS: Final = 3650
_USES: Final = ("digital_signature", "key_cert_sign", "crl_sign")
_NOT: Final = ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement")
_OTHER: Final = ("encipher_only", "decipher_only")


def make_identity(folder: Path) -> None:
    """At the first start: everything that says who this cluster is."""
    if (folder / "token").exists():
        return
    now, key = datetime.now(UTC), ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "practice-cluster")])
    names = ("localhost", "kubernetes", "kubernetes.default")
    places = [*map(x509.DNSName, names), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    usage = x509.KeyUsage(**dict.fromkeys(_USES, True), **dict.fromkeys((*_NOT, *_OTHER), False))
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(now - timedelta(hours=1)).not_valid_after(now + timedelta(days=_DAYS))
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    builder = builder.add_extension(usage, critical=True)
    certificate = builder.add_extension(x509.SubjectAlternativeName(places), critical=False).sign(key, hashes.SHA256())
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    _write(folder / "ca.pem", certificate.public_bytes(pem))
    _write(folder / "server.pem", certificate.public_bytes(pem) + private)
    _write(folder / "token", secrets.token_urlsafe(32).encode())


def tls_context(folder: Path) -> ssl.SSLContext:
    """What the server shows."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem")
    context.set_alpn_protocols(["http/1.1"])
    return context


def read_token(folder: Path) -> str:
    return (folder / "token").read_text(encoding="utf-8")


def write_kubeconfig(folder: Path, port: int) -> Path:
    """The file that clients need."""
    authority = b64encode((folder / "ca.pem").read_bytes()).decode()
    cluster = {"server": f"https://127.0.0.1:{port}", "certificate-authority-data": authority}
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": NAME,
        "contexts": [{"name": NAME, "context": {"cluster": NAME, "user": NAME, "namespace": "default"}}],
        "clusters": [{"name": NAME, "cluster": cluster}],
        "users": [{"name": NAME, "user": {"token": read_token(folder)}}],
    }
    _write(folder / "kubeconfig", yaml.safe_dump(content, sort_keys=False).encode())
    return folder / "kubeconfig"


def _write(file: Path, content: bytes) -> None:
    """Whole or not at all, readable by the owner alone."""
    temporary = file.with_name(f".{file.name}.new")
    with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as output:
        output.write(content)
    temporary.replace(file)
