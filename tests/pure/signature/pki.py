"""A small public key infrastructure for the tests: authorities, signers and revocation lists made on the spot."""

from datetime import UTC, datetime, timedelta
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from signature import der as asn1

NOW = datetime.now(UTC).replace(microsecond=0)
YEAR = timedelta(days=365)
RSA_SHA256 = bytes.fromhex("2a864886f70d01010b")
RSA_SHA1 = bytes.fromhex("2a864886f70d010105")
KEY_USAGES = [
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
    "encipher_only",
    "decipher_only",
]


@cache
def rsa_key(name, bits=2048):
    """:return: one RSA key per ``name``: making them is what takes time."""
    return rsa.generate_private_key(65537, bits)


@cache
def ec_key(name, curve=ec.SECP256R1):
    return ec.generate_private_key(curve())


def der(certificate):
    return certificate.public_bytes(serialization.Encoding.DER)


def key_usage(*names):
    return x509.KeyUsage(**{name: name in names for name in KEY_USAGES})


def subject(common_name, **more):
    oids = {
        "country": NameOID.COUNTRY_NAME,
        "organization": NameOID.ORGANIZATION_NAME,
        "unit": NameOID.ORGANIZATIONAL_UNIT_NAME,
    }
    parts = [x509.NameAttribute(oids[name], value) for name, value in more.items()]
    return x509.Name([*parts, x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


class Authority:
    """A certification authority; ``parent`` None makes a root."""

    def __init__(
        self, name, parent=None, path_length=None, before=NOW - 5 * YEAR, after=NOW + 10 * YEAR, **options
    ):
        self.name = subject(name, country="TN", organization="Test Certification Agency")
        self.key = options.pop("key", None) or rsa_key(name)
        self.parent = parent or self
        self.serials = 0x1000
        self.certificate = self.parent.issue(
            self.name,
            self.key.public_key(),
            authority=True,
            path_length=path_length,
            before=before,
            after=after,
            **options,
        )
        self.der = der(self.certificate)

    def issue(
        self,
        name,
        public_key,
        *,
        before=NOW - YEAR,
        after=NOW + YEAR,
        usage=("digital_signature", "content_commitment"),
        authority=False,
        constraints=True,
        path_length=None,
        serial=None,
        extensions=(),
    ):
        """:return: a certificate for ``public_key``, signed by this authority."""
        self.serials += 1
        builder = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(self.name)
            .public_key(public_key)
            .serial_number(serial or self.serials)
            .not_valid_before(before)
            .not_valid_after(after)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), False)
        )
        if constraints:
            builder = builder.add_extension(x509.BasicConstraints(authority, path_length), True)
        if authority and usage == ("digital_signature", "content_commitment"):
            usage = ("key_cert_sign", "crl_sign")
        if usage:
            builder = builder.add_extension(key_usage(*usage), True)
        for extension, critical in extensions:
            builder = builder.add_extension(extension, critical)
        return builder.sign(self.key, hashes.SHA256())

    def signer(self, name="Société Exemple", matricule="1557686R", key=None, **options):
        """:return: ``(key, DER certificate)`` of a company's signer."""
        key = key or rsa_key(f"signer {name}")
        more = {"unit": f"VATTN-{matricule}"} if matricule else {}
        certificate = self.issue(subject(name, country="TN", **more), key.public_key(), **options)
        return key, der(certificate)

    def responder(self, name="Responder", **options):
        """:return: ``(key, certificate)`` of an OCSP responder of this authority."""
        key = rsa_key(f"responder {name}")
        options.setdefault(
            "extensions", ((x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING]), False),)
        )
        return key, self.issue(subject(name, country="TN"), key.public_key(), **options)


def weakened(data, key):
    """:return: a certificate or list signed anew with SHA-1, which the library reads and does not make."""
    tbs, algorithm, _signature = asn1.children(data.replace(RSA_SHA256, RSA_SHA1))
    value = key.sign(tbs, padding.PKCS1v15(), hashes.SHA1())
    return asn1.encode(asn1.SEQUENCE, tbs + algorithm + asn1.encode(0x03, b"\0" + value))


def pkcs12_file(key, chain, passphrase, encryption=None):
    """:return: the bytes of a certificate file; ``chain`` in DER, signer first."""
    loaded = [x509.load_der_x509_certificate(one) for one in chain]
    encryption = encryption or serialization.BestAvailableEncryption(passphrase.encode())
    return pkcs12.serialize_key_and_certificates(
        b"signer", key, loaded[0] if loaded else None, loaded[1:] or None, encryption
    )
