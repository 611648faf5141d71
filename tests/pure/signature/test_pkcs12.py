"""The certificate file: opened, refused for a reason that has a name, and never telling its passphrase."""

import pickle
import traceback
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.serialization import pkcs12

from signature import certificates, profile, verify, xades
from signature.signers.pkcs12 import MAX_BYTES, Pkcs12Signer, SignerError
from teif.foreign import parse_foreign_xml
from tests.pure.signature import pki

PASSPHRASE = "Très-secret ٣ #1"


@pytest.fixture(scope="module")
def file(signer):
    leaf, middle, root = signer.chain
    return pki.pkcs12_file(signer.key, [leaf, root, middle], PASSPHRASE)


def refused(code, data, passphrase=PASSPHRASE, **options):
    """The error, after looking for the passphrase in everything that may reach a log."""
    with pytest.raises(SignerError) as caught:
        Pkcs12Signer.open(data, passphrase, **options)
    error = caught.value
    assert error.code == code
    shown = "".join([*traceback.format_exception(error), repr(error), str(error.params), error.message])
    if passphrase:
        assert passphrase not in shown
    assert error.__cause__ is None
    assert error.__suppress_context__ or error.__context__ is None
    return error


def test_it_signs(file, signer, document):
    opened = Pkcs12Signer.open(file, PASSPHRASE)
    assert opened.chain == signer.chain
    assert opened.info == certificates.describe(signer.chain[0])
    prepared = xades.prepare(document, opened.chain, profile.V3, pki.NOW)
    signed = xades.complete(prepared, document, opened.sign(prepared.to_sign))
    assert verify.verify(parse_foreign_xml(signed))[0].intact
    signer.key.public_key().verify(opened.sign(b"x"), b"x", padding.PKCS1v15(), hashes.SHA256())


def test_it_tells_nothing(file):
    opened = Pkcs12Signer.open(file, PASSPHRASE)
    assert PASSPHRASE not in repr(opened)
    assert "Société Exemple" in repr(opened)
    with pytest.raises(TypeError, match="never stored"):
        pickle.dumps(opened)


def test_files_that_are_none(file):
    for data in (b"", b"not a certificate file", b"\x30", file[:-1], file[:100], b"\x30\x80\x02\x01\x03"):
        refused("pkcs12.unreadable", data)
    refused("pkcs12.unreadable", b"\x30" * (MAX_BYTES + 1))
    refused("pkcs12.unreadable", serialized_pem())


def serialized_pem():
    return pki.rsa_key("Test Root CA").private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


@pytest.mark.parametrize(
    "passphrase", ["", "Wr0ng!", PASSPHRASE + " ", PASSPHRASE.lower(), "\0", "a\0b", "\ud800", "x" * 10_000]
)
def test_a_wrong_passphrase(file, passphrase):
    refused("pkcs12.wrong_passphrase", file, passphrase)


def test_without_key_or_certificate(signer):
    refused("pkcs12.no_key", pki.pkcs12_file(None, signer.chain, PASSPHRASE))
    refused("pkcs12.no_certificate", pki.pkcs12_file(signer.key, [], PASSPHRASE))


def test_the_certificate_of_another_key(signer):
    """Such a file is made by hand: the library itself puts key and certificate together only when they fit."""
    strangers = [certificates.load(one) for one in signer.chain]
    encryption = serialization.BestAvailableEncryption(PASSPHRASE.encode())
    made = pkcs12.serialize_key_and_certificates(None, pki.rsa_key("other"), None, strangers, encryption)
    refused("pkcs12.no_certificate", made)
    unnamed = pkcs12.serialize_key_and_certificates(None, signer.key, None, strangers[::-1], encryption)
    assert Pkcs12Signer.open(unnamed, PASSPHRASE).chain == signer.chain


def test_dates(authority):
    def file(**options):
        key, certificate = authority.signer("Dated", **options)
        return pki.pkcs12_file(key, [certificate], PASSPHRASE)

    day = timedelta(days=1)
    expired = file(before=pki.NOW - pki.YEAR, after=pki.NOW - day)
    assert refused("certificate.expired", expired).params["holder"] == "Dated"
    assert Pkcs12Signer.open(expired, PASSPHRASE, now=pki.NOW - 2 * day)
    assert Pkcs12Signer.open(expired, PASSPHRASE, check_validity=False)
    early = file(before=pki.NOW + day, after=pki.NOW + pki.YEAR)
    refused("certificate.not_yet_valid", early)
    assert Pkcs12Signer.open(early, PASSPHRASE, now=pki.NOW + 2 * day)


def test_what_the_key_is_for(authority):
    key, certificate = authority.signer("Encrypts", usage=("key_encipherment",))
    refused("certificate.key_usage", pki.pkcs12_file(key, [certificate], PASSPHRASE))


def test_the_kind_of_key(authority):
    key, certificate = authority.signer("EC", key=pki.ec_key("signer"))
    refused("key.not_rsa", pki.pkcs12_file(key, [certificate], PASSPHRASE))
    key, certificate = authority.signer("small", key=pki.rsa_key("small", 1024))
    assert refused("key.too_small", pki.pkcs12_file(key, [certificate], PASSPHRASE)).params == {"bits": 1024}


def test_old_encryptions(signer):
    """Files that Windows exports: triple DES with SHA-1."""
    old = (
        serialization.PrivateFormat.PKCS12.encryption_builder()
        .kdf_rounds(2000)
        .key_cert_algorithm(pkcs12.PBES.PBESv1SHA1And3KeyTripleDESCBC)
        .hmac_hash(hashes.SHA1())
        .build(PASSPHRASE.encode())
    )
    data = pki.pkcs12_file(signer.key, signer.chain, PASSPHRASE, encryption=old)
    assert Pkcs12Signer.open(data, PASSPHRASE).chain == signer.chain
    refused("pkcs12.wrong_passphrase", data, "Wr0ng!")


def test_a_file_without_encryption(signer):
    data = pki.pkcs12_file(signer.key, signer.chain, "", encryption=serialization.NoEncryption())
    assert Pkcs12Signer.open(data, "").chain == signer.chain


@pytest.mark.filterwarnings("ignore:PKCS#12 bundle could not be parsed as DER")
def test_a_file_written_as_ber(file, signer):
    """As some browsers export it: the outer length is left open."""
    content = file[2 + (file[1] & 0x7F) :]
    assert Pkcs12Signer.open(b"\x30\x80" + content + b"\0\0", PASSPHRASE).chain == signer.chain
    assert Pkcs12Signer.open(file + b"\n", PASSPHRASE).chain == signer.chain


def test_damaged_files_end_in_a_named_error(file):
    """Bytes changed here and there: a SignerError of the catalogue each time, or a file that still opens."""
    for position in range(0, len(file), 29):
        data = file[:position] + bytes([file[position] ^ 0x15]) + file[position + 1 :]
        try:
            Pkcs12Signer.open(data, PASSPHRASE)
        except SignerError as error:
            assert error.code in {
                "pkcs12.unreadable",
                "pkcs12.wrong_passphrase",
                "pkcs12.unsupported",
                "pkcs12.no_key",
            }
