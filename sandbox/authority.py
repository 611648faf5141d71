"""The test authority: a root and an intermediate that issue signers' certificates, TTN's own, and TLS certificates.

All names say that they are fictitious. Keys lie unprotected in the state folder: they prove nothing outside the sandbox.
"""

from __future__ import annotations

import datetime
import ipaddress
from dataclasses import dataclass
from functools import lru_cache

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID

from sandbox.certificates import FolderLock, make_name, new_certificate, to_pem, write_file
from sandbox.store import Store, serial_text

ORGANISATION = "BAC A SABLE - certificats fictifs sans valeur"
ROOT_NAME = "Sandbox Test National Root CA"
ISSUING_NAME = "Sandbox Test Qualified CA - QSign0"
TLS_NAME = "Sandbox Test TLS CA"
_EPOCH = datetime.datetime(2019, 1, 1, tzinfo=datetime.UTC)
_END = datetime.datetime(2049, 1, 1, tzinfo=datetime.UTC)


@dataclass(frozen=True)
class Pair:
    """A private key, its certificate and the issuers up to the root (nearest first)."""

    key: rsa.RSAPrivateKey
    certificate: x509.Certificate
    issuers: tuple[x509.Certificate, ...] = ()

    @property
    def der(self) -> bytes:
        """The certificate's DER bytes."""
        return self.certificate.public_bytes(serialization.Encoding.DER)


class Authority:
    """Issues and remembers certificates.

    In: the store; makes root, intermediate, TTN's kernel, OCSP, time-stamp and TLS certificates at first use.
    """

    def __init__(self, store: Store):
        self.store = store
        self.folder = store.folder / "authority"
        self.folder.mkdir(exist_ok=True, mode=0o700)
        self.base_url = f"http://127.0.0.1:{store.meta('authority_port')}"
        with FolderLock(self.folder):
            self.root = self._pair("root", lambda key: self._ca(ROOT_NAME, key, None, None, path_length=1))
            self.issuing = self._pair(
                "issuing",
                lambda key: self._ca(ISSUING_NAME, key, self.root, "root", path_length=0),
                (self.root,),
            )
            self.tls_root = self._pair(
                "tls-root", lambda key: self._ca(TLS_NAME, key, None, None, path_length=0)
            )
            self.tls_server = self._pair("tls-server", self._tls_server, (self.tls_root,))
            self.kernel = self._pair("kernel", self._kernel, (self.issuing, self.root))
            self.ocsp = self._pair(
                "ocsp",
                lambda key: self._service("Sandbox Test OCSP", key, ExtendedKeyUsageOID.OCSP_SIGNING),
                (self.issuing, self.root),
            )
            self.time_stamp = self._pair(
                "time-stamp",
                lambda key: self._service("Sandbox Test TSA", key, ExtendedKeyUsageOID.TIME_STAMPING),
                (self.issuing, self.root),
            )
            self.ca_file = store.folder / "tls-authority.pem"
            self.anchors_file = store.folder / "signature-authority.pem"
            write_file(self.ca_file, to_pem(self.tls_root.certificate))
            write_file(self.anchors_file, to_pem(self.root.certificate) + to_pem(self.issuing.certificate))

    # -- issuing -------------------------------------------------------------------------------------------------
    def issue(
        self,
        *,
        subject: str,
        matricule: str | None,
        not_before: datetime.datetime | None = None,
        not_after: datetime.datetime | None = None,
        revoked: bool = False,
        key: rsa.RSAPrivateKey | None = None,
    ) -> Pair:
        """A signer's certificate (RSA-2048) with its chain, remembered with its serial.

        In: the common name; the matricule whose first eight characters go to OU=VATTN-… (None: a personal certificate,
        which names no company); validity (default: yesterday to two years ahead).
        """
        now = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
        not_before = not_before or now - datetime.timedelta(days=1)
        not_after = not_after or now + datetime.timedelta(days=730)
        if not_after <= not_before:
            raise ValueError("the certificate would end before it begins")
        key = key or rsa.generate_private_key(public_exponent=65537, key_size=2048)
        parts = [(NameOID.COUNTRY_NAME, "TN"), (NameOID.ORGANIZATION_NAME, subject[:64])]
        if matricule:
            parts.append((NameOID.ORGANIZATIONAL_UNIT_NAME, f"VATTN-{matricule[:8]}"))
        parts.append((NameOID.COMMON_NAME, subject[:64]))
        builder = new_certificate(
            make_name(parts), self.issuing.certificate.subject, key, not_before, not_after
        )
        builder = (
            builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(
                x509.KeyUsage(True, True, False, False, False, False, False, False, False), critical=True
            )
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), critical=False)
        )
        certificate = self._sign(self._addresses(builder, "issuing"), self.issuing)
        pair = Pair(key, certificate, (self.issuing.certificate, self.root.certificate))
        with self.store.write() as db:
            db.execute(
                "INSERT INTO certificate VALUES (?, ?, ?, ?, ?, ?, ?)",
                (
                    str(certificate.serial_number),
                    subject,
                    matricule,
                    not_before.isoformat(),
                    not_after.isoformat(),
                    now.timestamp() if revoked else None,
                    pair.der,
                ),
            )
        return pair

    def issue_tls_client(self, name: str) -> bytes:
        """A PEM file with key and certificate for a client that must show who it is (mutual TLS)."""
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        now = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
        subject = make_name([(NameOID.ORGANIZATION_NAME, ORGANISATION), (NameOID.COMMON_NAME, name[:64])])
        builder = new_certificate(
            subject,
            self.tls_root.certificate.subject,
            key,
            now - datetime.timedelta(days=1),
            now + datetime.timedelta(days=397),
        )
        builder = builder.add_extension(
            x509.BasicConstraints(ca=False, path_length=None), critical=True
        ).add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
        pem = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return pem + to_pem(self._sign(builder, self.tls_root))

    def revoke(self, serial: int | str, at: float) -> bool:
        """Mark a certificate as revoked since `at` (Unix seconds). False when the serial is not of this authority."""
        with self.store.write() as db:
            return bool(
                db.execute(
                    "UPDATE certificate SET revoked_at = ? WHERE serial = ?", (at, serial_text(serial))
                ).rowcount
            )

    def restore(self, serial: int | str) -> bool:
        """Take a revocation back (a suspended certificate). False when unknown."""
        with self.store.write() as db:
            return bool(
                db.execute(
                    "UPDATE certificate SET revoked_at = NULL WHERE serial = ?", (serial_text(serial),)
                ).rowcount
            )

    def revoked_at(self, serial: int) -> float | None:
        """Unix seconds of the revocation, or None."""
        row = self.store.db.execute(
            "SELECT revoked_at FROM certificate WHERE serial = ?", (str(serial),)
        ).fetchone()
        return row["revoked_at"] if row else None

    def certificates(self) -> list[dict]:
        """All issued signers' certificates, described."""
        return [
            {
                "serial": row["serial"],
                "serial_hex": f"{int(row['serial']):x}",
                "subject": row["subject"],
                "matricule": row["matricule"],
                "not_before": row["not_before"],
                "not_after": row["not_after"],
                "revoked": row["revoked_at"] is not None,
            }
            for row in self.store.db.execute("SELECT * FROM certificate ORDER BY rowid")
        ]

    def chain_problem(self, certificate: x509.Certificate) -> str | None:
        """Why this authority did not issue the certificate: None when it did."""
        if certificate.issuer != self.issuing.certificate.subject:
            return f"unknown issuer {certificate.issuer.rfc4514_string()}"
        if not _issued_by(certificate.public_bytes(serialization.Encoding.DER), self.issuing.der):
            return "the issuer's signature on the certificate is wrong"
        return None

    # -- making of the authority ---------------------------------------------------------------------------------
    def _pair(self, name: str, make, issuers: tuple[Pair, ...] = ()) -> Pair:
        key_file, certificate_file = self.folder / f"{name}.key", self.folder / f"{name}.pem"
        if not certificate_file.exists():
            key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
            write_file(
                key_file,
                key.private_bytes(
                    serialization.Encoding.PEM,
                    serialization.PrivateFormat.PKCS8,
                    serialization.NoEncryption(),
                ),
            )
            write_file(certificate_file, to_pem(make(key)))
        key = serialization.load_pem_private_key(key_file.read_bytes(), None)
        certificate = x509.load_pem_x509_certificate(certificate_file.read_bytes())
        return Pair(key, certificate, tuple(issuer.certificate for issuer in issuers))

    def _ca(self, name, key, issuer, issuer_name, path_length):
        subject = make_name(
            [
                (NameOID.COUNTRY_NAME, "TN"),
                (NameOID.ORGANIZATION_NAME, ORGANISATION),
                (NameOID.COMMON_NAME, name),
            ]
        )
        builder = new_certificate(
            subject, issuer.certificate.subject if issuer else subject, key, _EPOCH, _END
        )
        builder = builder.add_extension(
            x509.BasicConstraints(ca=True, path_length=path_length), critical=True
        ).add_extension(
            x509.KeyUsage(False, False, False, False, False, True, True, False, False), critical=True
        )
        if issuer_name:
            builder = self._addresses(builder, issuer_name)
        signer = issuer.key if issuer else key
        authority = issuer.certificate.public_key() if issuer else key.public_key()
        return builder.add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(authority), False
        ).sign(signer, hashes.SHA256())

    def _kernel(self, key):
        builder = new_certificate(
            make_name(
                [
                    (NameOID.COUNTRY_NAME, "TN"),
                    (NameOID.ORGANIZATION_NAME, ORGANISATION),
                    (NameOID.ORGANIZATIONAL_UNIT_NAME, "VATTN-0000000X"),
                    (NameOID.COMMON_NAME, "NOYAU EL FATOORA FICTIF"),
                ]
            ),
            self.issuing.certificate.subject,
            key,
            _EPOCH,
            _END,
        )
        builder = builder.add_extension(
            x509.BasicConstraints(ca=False, path_length=None), critical=True
        ).add_extension(
            x509.KeyUsage(True, True, False, False, False, False, False, False, False), critical=True
        )
        return self._sign(self._addresses(builder, "issuing"), self.issuing)

    def _service(self, name, key, usage):
        subject = make_name(
            [
                (NameOID.COUNTRY_NAME, "TN"),
                (NameOID.ORGANIZATION_NAME, ORGANISATION),
                (NameOID.COMMON_NAME, name),
            ]
        )
        builder = new_certificate(subject, self.issuing.certificate.subject, key, _EPOCH, _END)
        builder = (
            builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(
                x509.KeyUsage(True, False, False, False, False, False, False, False, False), critical=True
            )
            .add_extension(x509.ExtendedKeyUsage([usage]), critical=True)
        )
        if usage == ExtendedKeyUsageOID.OCSP_SIGNING:
            builder = builder.add_extension(x509.OCSPNoCheck(), critical=False)
        return self._sign(builder, self.issuing)

    def _tls_server(self, key):
        subject = make_name([(NameOID.ORGANIZATION_NAME, ORGANISATION), (NameOID.COMMON_NAME, "localhost")])
        # Clients limit a server certificate's life, so this one is short and begins now.
        now = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
        builder = new_certificate(
            subject,
            self.tls_root.certificate.subject,
            key,
            now - datetime.timedelta(days=1),
            now + datetime.timedelta(days=397),
        )
        names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
        builder = (
            builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(
                x509.KeyUsage(True, False, True, False, False, False, False, False, False), critical=True
            )
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(x509.SubjectAlternativeName(names), critical=False)
        )
        return self._sign(builder, self.tls_root)

    def _addresses(self, builder, issuer_name):
        """Where the revocation of a certificate of this issuer can be asked, and where its certificate lies."""
        access = [
            x509.AccessDescription(
                AuthorityInformationAccessOID.OCSP, x509.UniformResourceIdentifier(f"{self.base_url}/ocsp")
            ),
            x509.AccessDescription(
                AuthorityInformationAccessOID.CA_ISSUERS,
                x509.UniformResourceIdentifier(f"{self.base_url}/pub/{issuer_name}.crt"),
            ),
        ]
        point = x509.DistributionPoint(
            [x509.UniformResourceIdentifier(f"{self.base_url}/{issuer_name}.crl")], None, None, None
        )
        return builder.add_extension(x509.AuthorityInformationAccess(access), critical=False).add_extension(
            x509.CRLDistributionPoints([point]), critical=False
        )

    @staticmethod
    def _sign(builder, issuer):
        return builder.add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.certificate.public_key()),
            critical=False,
        ).sign(issuer.key, hashes.SHA256())


def to_pkcs12(pair: Pair, name: str, passphrase: str) -> bytes:
    """The pair and its chain as a password-protected PKCS#12 file."""
    return pkcs12.serialize_key_and_certificates(
        name.encode(),
        pair.key,
        pair.certificate,
        list(pair.issuers),
        serialization.BestAvailableEncryption(passphrase.encode()),
    )


@lru_cache(maxsize=1024)
def _issued_by(der: bytes, issuer_der: bytes) -> bool:
    try:
        x509.load_der_x509_certificate(der).verify_directly_issued_by(
            x509.load_der_x509_certificate(issuer_der)
        )
    except (InvalidSignature, ValueError, TypeError):
        return False
    return True
