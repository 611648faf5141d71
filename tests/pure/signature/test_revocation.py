"""Revocation: answers of OCSP responders and lists, read strictly; each way to be misled is refused."""

import random
import subprocess
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID

from signature import revocation
from signature.revocation import RevocationError
from tests.pure.signature import judges, pki

HOUR = timedelta(hours=1)
OCSP_URL, CRL_URL, CA_URL = (
    "http://va.example.tn",
    "http://crl.example.tn/ca.crl",
    "https://www.example.tn/ca.crt",
)
AUTHORITY = pki.Authority("Revocation CA")
KEY, SIGNER = AUTHORITY.signer(
    "Revocable",
    extensions=(
        (
            x509.AuthorityInformationAccess(
                [
                    x509.AccessDescription(
                        AuthorityInformationAccessOID.OCSP, x509.UniformResourceIdentifier(OCSP_URL)
                    ),
                    x509.AccessDescription(
                        AuthorityInformationAccessOID.OCSP, x509.UniformResourceIdentifier("ldap://x")
                    ),
                    x509.AccessDescription(
                        AuthorityInformationAccessOID.CA_ISSUERS, x509.UniformResourceIdentifier(CA_URL)
                    ),
                ]
            ),
            False,
        ),
        (
            x509.CRLDistributionPoints(
                [x509.DistributionPoint([x509.UniformResourceIdentifier(CRL_URL)], None, None, None)]
            ),
            False,
        ),
    ),
)
OTHER_AUTHORITY = pki.Authority("Other CA")


def load(certificate):
    return x509.load_der_x509_certificate(certificate)


def answer(
    state=ocsp.OCSPCertStatus.GOOD,
    *,
    certificate=SIGNER,
    issuer=AUTHORITY.der,
    this_update=pki.NOW - HOUR,
    next_update=pki.NOW + HOUR,
    responder=None,
    key=None,
    with_certificate=True,
    nonce=None,
    algorithm=hashes.SHA1,
):
    """:return: the DER of an OCSP response; ``responder`` defaults to the authority itself."""
    revoked = state is ocsp.OCSPCertStatus.REVOKED
    builder = ocsp.OCSPResponseBuilder().add_response(
        cert=load(certificate),
        issuer=load(issuer),
        algorithm=algorithm(),
        cert_status=state,
        this_update=this_update,
        next_update=next_update,
        revocation_time=pki.NOW - 2 * HOUR if revoked else None,
        revocation_reason=x509.ReasonFlags.key_compromise if revoked else None,
    )
    responder = responder or AUTHORITY.certificate
    builder = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, responder)
    if with_certificate and responder is not AUTHORITY.certificate:
        builder = builder.certificates([responder])
    if nonce:
        builder = builder.add_extension(x509.OCSPNonce(nonce), False)
    return builder.sign(key or AUTHORITY.key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


def refused(code, call, *arguments, **options):
    with pytest.raises(RevocationError) as caught:
        call(*arguments, **options)
    assert caught.value.code == code


def read(data, **options):
    return revocation.read_ocsp(data, SIGNER, AUTHORITY.der, pki.NOW, **options)


def ocsp_refused(code, data, **options):
    refused(code, read, data, **options)


def test_addresses():
    assert revocation.ocsp_urls(SIGNER) == [OCSP_URL]
    assert revocation.issuer_urls(SIGNER) == [CA_URL]
    assert revocation.crl_urls(SIGNER) == [CRL_URL]
    assert revocation.ocsp_urls(AUTHORITY.der) == revocation.crl_urls(AUTHORITY.der) == []


def test_the_request_asks_for_this_certificate():
    request = ocsp.load_der_ocsp_request(
        revocation.ocsp_request(SIGNER, AUTHORITY.der, nonce=b"1234567890123456")
    )
    assert request.serial_number == load(SIGNER).serial_number
    assert request.extensions.get_extension_for_class(x509.OCSPNonce).value.nonce == b"1234567890123456"


def test_good_revoked_unknown():
    status = read(answer())
    assert (status.source, status.state, status.until) == ("ocsp", "good", pki.NOW + HOUR)
    status = read(answer(ocsp.OCSPCertStatus.REVOKED))
    assert (status.state, status.revoked_at, status.reason) == (
        "revoked",
        pki.NOW - 2 * HOUR,
        "keyCompromise",
    )
    assert status.revoked_before(pki.NOW)
    assert not status.revoked_before(pki.NOW - 3 * HOUR)
    assert read(answer(ocsp.OCSPCertStatus.UNKNOWN)).state == "unknown"
    assert not read(answer(ocsp.OCSPCertStatus.UNKNOWN)).revoked_before(pki.NOW)


@pytest.mark.parametrize("algorithm", [hashes.SHA1, hashes.SHA256])
def test_however_it_names_the_certificate(algorithm):
    assert read(answer(algorithm=algorithm)).state == "good"


def test_openssl_as_responder(tmp_path):
    """A second implementation answers our request."""
    openssl = judges.program("openssl")
    (tmp_path / "ca.pem").write_bytes(AUTHORITY.certificate.public_bytes(serialization.Encoding.PEM))
    (tmp_path / "ca.key").write_bytes(
        AUTHORITY.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    serial = f"{load(SIGNER).serial_number:X}"
    (tmp_path / "request").write_bytes(
        revocation.ocsp_request(SIGNER, AUTHORITY.der, nonce=b"abcdefghijklmnop")
    )
    for line, state in ((f"V\t{pki.NOW + pki.YEAR:%y%m%d%H%M%SZ}\t\t{serial}\tunknown\t/CN=x\n", "good"),
                        (f"R\t{pki.NOW + pki.YEAR:%y%m%d%H%M%SZ}\t{pki.NOW - HOUR:%y%m%d%H%M%SZ}\t{serial}\tunknown\t/CN=x\n",
                         "revoked"),
                        ("", "unknown")):  # fmt: skip
        (tmp_path / "index").write_text(line)
        subprocess.run(
            [
                openssl,
                "ocsp",
                "-index",
                "index",
                "-rsigner",
                "ca.pem",
                "-rkey",
                "ca.key",
                "-CA",
                "ca.pem",
                "-reqin",
            ]
            + ["request", "-respout", "response", "-nmin", "60"],
            cwd=tmp_path,
            check=True,
            capture_output=True,
            timeout=60,
        )
        assert read((tmp_path / "response").read_bytes(), nonce=b"abcdefghijklmnop").state == state


def test_a_delegated_responder():
    key, responder = AUTHORITY.responder()
    assert read(answer(responder=responder, key=key)).state == "good"


def test_responders_without_the_right():
    key, plain = AUTHORITY.responder("Plain", extensions=())
    ocsp_refused("ocsp.signature", answer(responder=plain, key=key))
    key, tls = AUTHORITY.responder(
        "TLS", extensions=((x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False),)
    )
    ocsp_refused("ocsp.signature", answer(responder=tls, key=key))
    key, foreign = OTHER_AUTHORITY.responder("Foreign")
    ocsp_refused("ocsp.signature", answer(responder=foreign, key=key))
    key, expired = AUTHORITY.responder("Expired", before=pki.NOW - 2 * pki.YEAR, after=pki.NOW - pki.YEAR)
    ocsp_refused("ocsp.signature", answer(responder=expired, key=key))
    key, good = AUTHORITY.responder("Absent")
    ocsp_refused("ocsp.signature", answer(responder=good, key=key, with_certificate=False))
    # The certificate itself may not say of itself that it is good
    ocsp_refused("ocsp.signature", answer(responder=load(SIGNER), key=KEY))


def test_signatures_that_do_not_hold():
    impostor = pki.Authority("Revocation CA", key=pki.rsa_key("impostor"))
    ocsp_refused("ocsp.signature", answer(responder=impostor.certificate, key=impostor.key))
    ocsp_refused("ocsp.signature", answer().replace(pki.RSA_SHA256, pki.RSA_SHA1))
    good = answer()
    ocsp_refused("ocsp.signature", good[:-1] + bytes([good[-1] ^ 1]))


def test_answers_about_others():
    _key, other = AUTHORITY.signer("Other")
    ocsp_refused("ocsp.other_certificate", answer(certificate=other))
    # The same serial number under another authority
    _key, same = OTHER_AUTHORITY.signer("Same serial", serial=load(SIGNER).serial_number)
    ocsp_refused("ocsp.other_certificate", answer(certificate=same, issuer=OTHER_AUTHORITY.der))


def test_time():
    ocsp_refused("ocsp.stale", answer(this_update=pki.NOW - 3 * HOUR, next_update=pki.NOW - HOUR))
    ocsp_refused("ocsp.stale", answer(this_update=pki.NOW - 48 * HOUR, next_update=None))
    ocsp_refused("ocsp.future", answer(this_update=pki.NOW + HOUR, next_update=pki.NOW + 2 * HOUR))
    assert read(answer(this_update=pki.NOW + timedelta(minutes=5))).state == "good"
    assert read(answer(next_update=None)).until == pki.NOW - HOUR + revocation.DEFAULT_LIFE


def test_nonces():
    assert read(answer(nonce=b"mine"), nonce=b"mine").state == "good"
    assert read(answer(), nonce=b"mine").state == "good"
    ocsp_refused("ocsp.nonce", answer(nonce=b"yours"), nonce=b"mine")


def test_refusals_of_the_service():
    for status in (ocsp.OCSPResponseStatus.TRY_LATER, ocsp.OCSPResponseStatus.UNAUTHORIZED):
        data = ocsp.OCSPResponseBuilder.build_unsuccessful(status).public_bytes(serialization.Encoding.DER)
        ocsp_refused("ocsp.refused", data)


def test_damaged_answers_raise_a_named_error():
    good = answer()
    for data in (b"", b"<html>", b"\x30\x00", good[:50], b"\0" * (revocation.MAX_OCSP_BYTES + 1)):
        ocsp_refused("ocsp.unreadable", data)
    chance = random.Random(5)
    for position in range(len(good)):
        data = good[:position] + bytes([chance.randrange(256)]) + good[position + 1 :]
        try:
            assert read(data).state == "good"
        except RevocationError:
            continue
        # Only a byte that the signature does not cover can change without notice: here, none but the drawn equal ones
        assert data == good or read(data) == read(good)


# --- Lists ------------------------------------------------------------------------------------------------------------


def crl(
    revoked=(),
    *,
    issuer=AUTHORITY,
    key=None,
    this_update=pki.NOW - HOUR,
    next_update=pki.NOW + HOUR,
    extensions=(),
):
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuer.name)
        .last_update(this_update)
        .next_update(next_update)
        .add_extension(x509.CRLNumber(7), False)
    )
    for serial in revoked:
        builder = builder.add_revoked_certificate(
            x509.RevokedCertificateBuilder()
            .serial_number(serial)
            .revocation_date(pki.NOW - 2 * HOUR)
            .add_extension(x509.CRLReason(x509.ReasonFlags.superseded), False)
            .build()
        )
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical)
    return builder.sign(key or issuer.key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


def read_crl(data, certificate=SIGNER, issuer=AUTHORITY.der):
    return revocation.read_crl(data, certificate, issuer, pki.NOW)


def scope(**options):
    names = ("full_name", "relative_name", "only_some_reasons")
    flags = (
        "only_contains_user_certs",
        "only_contains_ca_certs",
        "indirect_crl",
        "only_contains_attribute_certs",
    )
    values = {**dict.fromkeys(names), **dict.fromkeys(flags, False), **options}
    return ((x509.IssuingDistributionPoint(**values), True),)


def test_lists():
    serial = load(SIGNER).serial_number
    assert read_crl(crl()).state == "good"
    assert read_crl(crl([serial + 1])).state == "good"
    status = read_crl(crl([1, serial, 3]))
    assert (status.source, status.state, status.reason) == ("crl", "revoked", "superseded")
    assert status.revoked_at == pki.NOW - 2 * HOUR
    assert status.until == pki.NOW + HOUR


def test_a_list_in_pem():
    loaded = x509.load_der_x509_crl(crl())
    assert read_crl(loaded.public_bytes(serialization.Encoding.PEM)).state == "good"


def test_lists_that_are_refused():
    refused("crl.signature", read_crl, crl(key=pki.rsa_key("impostor")))
    refused("crl.signature", read_crl, pki.weakened(crl(), AUTHORITY.key))
    refused("crl.other_issuer", read_crl, crl(issuer=OTHER_AUTHORITY))
    refused("crl.other_issuer", read_crl, crl(issuer=OTHER_AUTHORITY), issuer=OTHER_AUTHORITY.der)
    refused("crl.stale", read_crl, crl(this_update=pki.NOW - 3 * HOUR, next_update=pki.NOW - HOUR))
    refused("crl.future", read_crl, crl(this_update=pki.NOW + HOUR, next_update=pki.NOW + 2 * HOUR))
    for data in (b"", b"<html>", b"-----BEGIN X509 CRL-----\n", crl()[:-3]):
        refused("crl.unreadable", read_crl, data)


def test_an_authority_that_may_not_sign_lists():
    silent = pki.Authority("Signs no lists", usage=("key_cert_sign",))
    _key, certificate = silent.signer("Under it")
    refused("crl.signature", read_crl, crl(issuer=silent), certificate, silent.der)


def test_lists_of_other_certificates():
    refused("crl.scope", read_crl, crl(extensions=scope(only_contains_ca_certs=True)))
    refused("crl.scope", read_crl, crl(extensions=scope(indirect_crl=True)))
    refused("crl.scope", read_crl, crl(extensions=scope(only_contains_attribute_certs=True)))
    refused(
        "crl.scope",
        read_crl,
        crl(extensions=scope(only_some_reasons=frozenset({x509.ReasonFlags.key_compromise}))),
    )
    refused("crl.scope", read_crl, crl(extensions=((x509.DeltaCRLIndicator(3), True),)))
    elsewhere = [x509.UniformResourceIdentifier("http://crl.example.tn/other.crl")]
    refused("crl.scope", read_crl, crl(extensions=scope(full_name=elsewhere)))
    own = [x509.UniformResourceIdentifier(CRL_URL)]
    assert read_crl(crl(extensions=scope(full_name=own))).state == "good"
    assert read_crl(crl(extensions=scope(only_contains_user_certs=True))).state == "good"
    unknown = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00")
    refused("crl.scope", read_crl, crl(extensions=((unknown, True),)))
