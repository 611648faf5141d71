"""The test authority: chains, OCSP, revocation lists, time-stamps; judged by the openssl program."""

from __future__ import annotations

import subprocess
import time
import urllib.error
import urllib.request

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID


def fetch(address, data=None, content_type="application/octet-stream", timeout=10):
    """The body at an address."""
    request = urllib.request.Request(
        address, data=data, headers={"Content-Type": content_type} if data else {}
    )
    with urllib.request.urlopen(request, timeout=timeout) as answer:
        return answer.read()


def openssl(*arguments):
    """Run openssl; its output. Raises AssertionError."""
    run = subprocess.run(["openssl", *map(str, arguments)], capture_output=True, timeout=30, check=False)
    assert run.returncode == 0, run.stderr.decode()
    return run.stdout.decode() + run.stderr.decode()


def issuer(sandbox):
    """The intermediate's certificate, from where the signer's certificate says that it lies."""
    return x509.load_der_x509_certificate(fetch(f"{sandbox.ready['authority']}/pub/issuing.crt"))


def ask(sandbox, certificate, algorithm=None):
    """The OCSP answer for a certificate."""
    request = (
        ocsp.OCSPRequestBuilder()
        .add_certificate(certificate, issuer(sandbox), algorithm or hashes.SHA1())
        .add_extension(x509.OCSPNonce(b"0123456789abcdef"), critical=False)
        .build()
    )
    der = request.public_bytes(serialization.Encoding.DER)
    return ocsp.load_der_ocsp_response(
        fetch(f"{sandbox.ready['authority']}/ocsp", der, "application/ocsp-request")
    )


def test_certificates_name_their_company_and_their_services(sandbox, signer):
    subject = signer.certificate.subject.rfc4514_string()
    assert "OU=VATTN-1234567R" in subject and signer.key.key_size == 2048
    access = signer.certificate.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
    addresses = {item.access_method: item.access_location.value for item in access}
    assert addresses[AuthorityInformationAccessOID.OCSP] == f"{sandbox.ready['authority']}/ocsp"
    assert fetch(addresses[AuthorityInformationAccessOID.CA_ISSUERS])[:1] == b"\x30"
    personal = sandbox.signer(matricule=None)
    assert "VATTN" not in personal.certificate.subject.rfc4514_string()


def test_chain_and_revocation_by_openssl(sandbox, signer, tmp_path):
    anchors, leaf = sandbox.ready["anchors_file"], tmp_path / "leaf.pem"
    leaf.write_bytes(signer.certificate.public_bytes(serialization.Encoding.PEM))
    assert "OK" in openssl("verify", "-CAfile", anchors, leaf)
    issuing = tmp_path / "issuing.pem"
    issuing.write_bytes(issuer(sandbox).public_bytes(serialization.Encoding.PEM))
    said = openssl(
        "ocsp",
        "-issuer",
        issuing,
        "-cert",
        leaf,
        "-url",
        f"{sandbox.ready['authority']}/ocsp",
        "-CAfile",
        anchors,
    )
    assert "Response verify OK" in said and f"{leaf}: good" in said
    revoked = sandbox.signer(revoked=True)
    leaf.write_bytes(revoked.certificate.public_bytes(serialization.Encoding.PEM))
    said = openssl(
        "ocsp",
        "-issuer",
        issuing,
        "-cert",
        leaf,
        "-url",
        f"{sandbox.ready['authority']}/ocsp",
        "-CAfile",
        anchors,
    )
    assert f"{leaf}: revoked" in said


def test_ocsp_states(sandbox, signer):
    answer = ask(sandbox, signer.certificate)
    assert answer.certificate_status == ocsp.OCSPCertStatus.GOOD
    assert answer.extensions.get_extension_for_class(x509.OCSPNonce).value.nonce == b"0123456789abcdef"
    assert ask(sandbox, signer.certificate, hashes.SHA256()).certificate_status == ocsp.OCSPCertStatus.GOOD
    stranger = sandbox.signer()
    sandbox.admin("POST", f"certificates/{stranger.serial}/revoke")
    assert ask(sandbox, stranger.certificate).certificate_status == ocsp.OCSPCertStatus.REVOKED
    sandbox.settings(ocsp="stale")
    assert ask(sandbox, signer.certificate).next_update_utc < ask_now(sandbox)
    sandbox.settings(ocsp="down")
    with pytest.raises(urllib.error.HTTPError):
        ask(sandbox, signer.certificate)
    sandbox.settings(ocsp="silent")
    with pytest.raises(TimeoutError):
        fetch(f"{sandbox.ready['authority']}/ocsp", b"x", timeout=0.5)
    sandbox.settings(ocsp="ok")
    bad = ocsp.load_der_ocsp_response(fetch(f"{sandbox.ready['authority']}/ocsp", b"nonsense"))
    assert bad.response_status == ocsp.OCSPResponseStatus.MALFORMED_REQUEST


def ask_now(sandbox):
    """The sandbox's present moment."""
    import datetime

    return datetime.datetime.fromisoformat(sandbox.admin("GET", "clock")["now"])


def test_revocation_list(sandbox, signer):
    revoked = sandbox.signer(revoked=True)
    crl = x509.load_der_x509_crl(fetch(f"{sandbox.ready['authority']}/issuing.crl"))
    assert crl.is_signature_valid(issuer(sandbox).public_key())
    assert crl.get_revoked_certificate_by_serial_number(revoked.serial) is not None
    assert crl.get_revoked_certificate_by_serial_number(signer.serial) is None
    root = x509.load_der_x509_crl(fetch(f"{sandbox.ready['authority']}/root.crl"))
    assert len(list(root)) == 0
    with pytest.raises(urllib.error.HTTPError):
        fetch(f"{sandbox.ready['authority']}/other.crl")


def test_time_stamps_by_openssl(sandbox, tmp_path):
    data, query, reply = (tmp_path / name for name in ("data", "query", "reply"))
    data.write_bytes(b"something")
    for extra in ((), ("-no_nonce",)):
        openssl("ts", "-query", "-data", data, "-sha256", "-cert", *extra, "-out", query)
        reply.write_bytes(fetch(sandbox.ready["tsa"], query.read_bytes(), "application/timestamp-query"))
        assert "Verification: OK" in openssl(
            "ts", "-verify", "-queryfile", query, "-in", reply, "-CAfile", sandbox.ready["anchors_file"]
        )
    text = openssl("ts", "-reply", "-in", reply, "-text")
    assert "Status: Granted" in text and "Policy OID: 2.999.19.1" in text
    sandbox.settings(tsa="reject")
    reply.write_bytes(fetch(sandbox.ready["tsa"], query.read_bytes()))
    assert (
        "Rejected"
        in subprocess.run(
            ["openssl", "ts", "-reply", "-in", str(reply), "-text"],
            capture_output=True,
            text=True,
            check=False,
        ).stdout
    )
    sandbox.settings(tsa="ok")
    assert fetch(sandbox.ready["tsa"], b"nonsense")[:1] == b"\x30"


def test_virtual_time_reaches_the_authority(sandbox, signer):
    sandbox.advance(10 * 86400)
    crl = x509.load_der_x509_crl(fetch(f"{sandbox.ready['authority']}/issuing.crl"))
    assert crl.last_update_utc.timestamp() > time.time() + 9 * 86400
