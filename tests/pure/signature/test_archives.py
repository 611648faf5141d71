"""CAdES of any bytes and PAdES of PDFs: judged by openssl, by poppler and by pyHanko's validation."""

import hashlib
import io
import json
import subprocess
from datetime import UTC, datetime

import pytest
from asn1crypto import cms, x509
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko_certvalidator import ValidationContext
from reportlab.pdfgen import canvas

from signature import cades, certificates, pades
from signature.problems import SignatureError, SignerError
from tests.pure.signature import judges, pki
from tests.pure.signature.softhsm import PIN, Running

DATA = b"2026-11-22 deposit FAC/2026/00042\n" * 100
NOW = datetime(2026, 11, 22, 8, 30, 15, 999, tzinfo=UTC)


def prepare(signer, data=DATA, when=NOW):
    return cades.prepare(hashlib.sha256(data).digest(), signer.chain, when)


def sign(signer, data=DATA):
    prepared = prepare(signer, data)
    return cades.complete(json.loads(json.dumps(prepared.state)), signer.value(prepared.to_sign))


@pytest.fixture(scope="module")
def pdf():
    output = io.BytesIO()
    page = canvas.Canvas(output)
    page.drawString(100, 700, "Facture FAC/2026/00042")
    page.save()
    return output.getvalue()


def openssl_says(folder, container, data, anchor):
    """:return: whether ``openssl cms -verify -cades`` takes the container for ``data`` with the DER ``anchor``."""
    for name, content in (
        ("data", data),
        ("signed", container),
        ("anchor.pem", certificates.to_pem([anchor])),
    ):
        (folder / name).write_bytes(content)
    command = [
        *(judges.program("openssl"), "cms", "-verify", "-binary", "-cades", "-inform", "DER"),
        *("-in", folder / "signed", "-content", folder / "data", "-CAfile", folder / "anchor.pem"),
        *("-purpose", "any", "-out", "/dev/null"),
    ]
    done = subprocess.run(command, capture_output=True, timeout=judges.SECONDS, check=False)
    return done.returncode == 0


def test_openssl_agrees(signer, tmp_path):
    signed = sign(signer)
    assert openssl_says(tmp_path, signed, DATA, signer.root)
    assert not openssl_says(tmp_path, signed, DATA.replace(b"42", b"43", 1), signer.root)
    assert not openssl_says(tmp_path, signed, DATA, pki.Authority("Other").der)
    assert DATA not in signed


def test_the_attributes_of_cades(signer):
    content = cms.ContentInfo.load(sign(signer))["content"]
    [info] = content["signer_infos"]
    found = {one["type"].native: one["values"][0] for one in info["signed_attrs"]}
    assert set(found) == {"content_type", "message_digest", "signing_certificate_v2", "signing_time"}
    assert found["signing_time"].native == NOW.replace(microsecond=0)
    [named] = found["signing_certificate_v2"]["certs"]
    assert named["cert_hash"].native == hashlib.sha256(signer.chain[0]).digest()
    assert {one.chosen.dump() for one in content["certificates"]} == set(signer.chain)


def test_what_is_signed_is_canonical(signer):
    """DER has one form: whatever the order in which the attributes are written."""
    prepared = prepare(signer)
    values = [one.dump() for one in cms.CMSAttributes.load(prepared.to_sign)]
    assert values == sorted(values)
    assert prepared.digest == hashlib.sha256(prepared.to_sign).digest()


def test_what_does_not_fit_is_refused(signer):
    prepared = prepare(signer)
    value = signer.value(prepared.to_sign)
    for bad in (b"", value[:-1], bytes(256), signer.value(b"other")):
        with pytest.raises(SignatureError) as raised:
            cades.complete(prepared.state, bad)
        assert raised.value.code == "signing.value"
    for state in ({}, {**prepared.state, "format": 2}, {**prepared.state, "chain": []}):
        with pytest.raises(SignatureError) as raised:
            cades.complete(state, value)
        assert raised.value.code == "signing.state"
    with pytest.raises(ValueError, match="SHA-256"):
        cades.prepare(b"short", signer.chain, NOW)
    with pytest.raises(ValueError, match="zone"):
        cades.prepare(bytes(32), signer.chain, NOW.replace(tzinfo=None))
    with pytest.raises(SignatureError):
        cades.prepare(bytes(32), [], NOW)


def signed_pdf(signer, pdf, **values):
    waiting = pades.prepare(pdf, signer.chain, **values)
    return waiting.complete(signer.value(waiting.prepared.to_sign))


def pdfsig(folder, data):
    """What poppler says of a PDF's signatures."""
    (folder / "signed.pdf").write_bytes(data)
    command = [judges.program("pdfsig"), "-nocert", folder / "signed.pdf"]
    return subprocess.run(command, capture_output=True, text=True, timeout=judges.SECONDS, check=False).stdout


def test_poppler_agrees(signer, pdf, tmp_path):
    signed = signed_pdf(signer, pdf, reason="FAC/2026/00042")
    assert signed.startswith(pdf), "what was there stays as it was"
    said = pdfsig(tmp_path, signed)
    assert "Signature Validation: Signature is Valid." in said
    assert "ETSI.CAdES.detached" in said
    assert "Total document signed" in said
    assert "Société Exemple" in said
    altered = signed.replace(b"/Type /Catalog", b"/Type /CatAlog", 1)
    assert altered != signed
    assert "Signature is Valid" not in pdfsig(tmp_path, altered)


def test_pyhanko_agrees(signer, pdf):
    reader = PdfFileReader(io.BytesIO(signed_pdf(signer, pdf, reason="FAC/2026/00042")))
    [signature] = reader.embedded_signatures
    context = ValidationContext(trust_roots=[x509.Certificate.load(signer.root)], allow_fetching=False)
    status = validate_pdf_signature(signature, context)
    assert status.bottom_line, status.pretty_print_details()
    assert signature.sig_object["/Reason"] == "FAC/2026/00042"


def test_no_pdf(signer, pdf, monkeypatch):
    for bad in (b"", b"%PDF-1.4\nrubbish", b"<TEIF/>", pdf[: len(pdf) // 2]):
        with pytest.raises(SignatureError) as raised:
            pades.prepare(bad, signer.chain)
        assert raised.value.code == "pdf.unreadable"
    monkeypatch.setattr(pades, "PdfSigner", None)
    with pytest.raises(SignatureError) as raised:
        pades.prepare(pdf, signer.chain)
    assert raised.value.code == "pdf.library"


@pytest.mark.parametrize("archives", [True, False])
def test_a_token_signs_archives_where_it_is_allowed_to(tmp_path, archives):
    running = Running(tmp_path)
    running.extra = ["archives = true"] if archives else []
    running.start()
    try:
        agent = running.agent(running.agent().open(PIN, 10, 5))
        prepared = cades.prepare(hashlib.sha256(DATA).digest(), running.chain, NOW)
        oracle = cades.Prepared(prepared.digest, prepared.digest, {})
        value, refused = agent.sign_all([prepared, oracle])
        assert isinstance(refused, SignerError)
        assert refused.code == "agent.not_a_document"
        if archives:
            assert openssl_says(tmp_path, cades.complete(prepared.state, value), DATA, running.chain[1])
        else:
            assert value.code == "agent.archives"
    finally:
        running.stop()
