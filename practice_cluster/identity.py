"""The practice cluster's authority, certificate, token and kubeconfig, made once and kept in its folder."""

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
_YEARS: Final = timedelta(days=3650)


def make_identity(folder: Path) -> None:
    """At the first start: everything that says who this cluster is."""
    if (folder / "token").exists():
        return
    now = datetime.now(UTC)
    ca_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "practice-cluster-ca")])
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "practice-cluster")])
    usage = x509.KeyUsage(
        digital_signature=True, key_cert_sign=True, crl_sign=True, content_commitment=False, key_encipherment=False,
        data_encipherment=False, key_agreement=False, encipher_only=False, decipher_only=False,
    )  # fmt: skip
    common = x509.CertificateBuilder().issuer_name(issuer).not_valid_before(now - timedelta(hours=1))
    common = common.not_valid_after(now + _YEARS)
    ca_id = x509.SubjectKeyIdentifier.from_public_key(ca_key.public_key())
    ca = (
        common.subject_name(issuer).public_key(ca_key.public_key()).serial_number(x509.random_serial_number())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True).add_extension(ca_id, critical=False)
        .sign(ca_key, hashes.SHA256())
    )  # fmt: skip
    names = x509.SubjectAlternativeName(
        [x509.DNSName("localhost"), x509.DNSName("kubernetes"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    )
    certificate = (
        common.subject_name(subject).public_key(key.public_key()).serial_number(x509.random_serial_number())
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(ca_id), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.ExtendedKeyUsage([x509.oid.ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(names, critical=False).sign(ca_key, hashes.SHA256())
    )  # fmt: skip
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    write_private(folder / "ca.pem", ca.public_bytes(pem))
    write_private(folder / "server.pem", certificate.public_bytes(pem) + private)
    write_private(folder / "token", secrets.token_urlsafe(32).encode())


def tls_context(folder: Path) -> ssl.SSLContext:
    """What the server shows."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(folder / "server.pem")
    context.set_alpn_protocols(["http/1.1"])
    return context


def read_token(folder: Path) -> str:
    return (folder / "token").read_text(encoding="utf-8")


def write_kubeconfig(folder: Path, port: int) -> Path:
    """The file that clients need."""
    cluster = {
        "server": f"https://127.0.0.1:{port}",
        "certificate-authority-data": b64encode((folder / "ca.pem").read_bytes()).decode(),
    }
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": NAME,
        "contexts": [{"name": NAME, "context": {"cluster": NAME, "user": NAME, "namespace": "default"}}],
        "clusters": [{"name": NAME, "cluster": cluster}],
        "users": [{"name": NAME, "user": {"token": read_token(folder)}}],
    }
    file = folder / "kubeconfig"
    write_private(file, yaml.safe_dump(content, sort_keys=False).encode())
    return file


def write_private(file: Path, content: bytes) -> None:
    """Whole or not at all, readable by the owner alone."""
    temporary = file.with_name(f".{file.name}.new")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as output:
        output.write(content)
    temporary.replace(file)
