"""Small tools for making certificates and for writing their files."""

from __future__ import annotations

import fcntl
import os
import secrets
import threading
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization


def new_certificate(subject, issuer, key, not_before, not_after) -> x509.CertificateBuilder:
    """A builder with names, key, serial, validity (aware dates) and key identifier filled in."""
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(_serial())
        .not_valid_before(not_before)
        .not_valid_after(not_after)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _serial() -> int:
    # A letter in the hexadecimal form keeps it from being read as a decimal number by mistake.
    return int("1e" + secrets.token_hex(7), 16)


def make_name(parts) -> x509.Name:
    """A distinguished name from pairs (attribute, value)."""
    return x509.Name([x509.NameAttribute(oid, value) for oid, value in parts])


def to_pem(certificate: x509.Certificate) -> bytes:
    """The certificate in PEM."""
    return certificate.public_bytes(serialization.Encoding.PEM)


def write_file(path: Path, data: bytes):
    """Replace a file at once, readable by its owner only: a reader never sees half of it."""
    if path.exists() and path.read_bytes() == data:
        return
    temporary = path.with_name(f"{path.name}.{os.getpid()}.{threading.get_ident()}.part")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
    os.replace(temporary, path)


class FolderLock:
    """Two processes that meet a new state folder must not make two authorities."""

    def __init__(self, folder: Path):
        self._path = folder / ".lock"

    def __enter__(self):
        self._file = self._path.open("w")
        fcntl.flock(self._file, fcntl.LOCK_EX)

    def __exit__(self, *_):
        self._file.close()
