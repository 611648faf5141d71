"""Making a signature: the document's bytes, the stored state, what is refused, and what it costs."""

import base64
import hashlib
import json
import time
from datetime import datetime, timedelta, timezone

import pytest
from lxml import etree

from signature import profile, verify, xades
from signature.problems import SignatureError
from teif.foreign import parse_foreign_xml
from tests.pure.signature import judges, pki


def refused(code, document, chain, when=pki.NOW):
    with pytest.raises(SignatureError) as caught:
        xades.prepare(document, chain, profile.V3, when)
    assert caught.value.code == code
    return caught.value


def test_the_document_keeps_its_bytes(signed, document):
    start = document.rindex(b"</TEIF>")
    assert signed.startswith(document[:start] + b"<ds:Signature ")
    assert signed.endswith(b"</ds:Signature>" + document[start:])


def test_the_signature_is_the_last_child_and_meets_every_point(signed, document):
    [report] = verify.verify(parse_foreign_xml(signed))
    assert report.intact
    assert report.findings == ()
    assert [point for point in report.points if not point.met] == []
    assert parse_foreign_xml(signed)[-1].get("Id") == "SigFrs"
    assert report.signing_time == pki.NOW
    assert report.role == "Fournisseur"
    assert json.dumps(report.as_dict())


@pytest.mark.parametrize("name", profile.PROFILES)
@pytest.mark.parametrize("digest", profile.CERTIFICATE_DIGESTS)
def test_every_profile_verifies(signer, document, name, digest):
    demanded = profile.Profile.from_dict({**profile.PROFILES[name].as_dict(), "certificate_digest": digest})
    [report] = verify.verify(parse_foreign_xml(signer.sign(document, demanded=demanded)), expected=demanded)
    assert report.intact
    assert all(point.met for point in report.points)


def test_texts_of_the_profile_are_escaped(signer, document, xmlsec):
    odd = profile.Profile(
        "odd",
        'urn:a&b<c>"d"',
        "q&\"<>\t'\r\n",
        "Été & <hiver>\r",
        "AAAA",
        "https://x?a=1&b=2",
        '"Rôle" & <b>',
    )
    signed = signer.sign(document, demanded=odd)
    [report] = verify.verify(parse_foreign_xml(signed))
    assert report.intact
    assert report.role == '"Rôle" & <b>'
    assert report.policy == 'urn:a&b<c>"d"'
    assert xmlsec.verify(signed, signer.root)


def test_what_is_hashed_is_the_canonical_form(signer, document):
    prepared = xades.prepare(document, signer.chain, profile.V3, pki.NOW)
    root = parse_foreign_xml(xades.complete(prepared, document, signer.value(prepared.to_sign)))
    [signed_info] = root.iter("{*}SignedInfo")
    [properties] = root.iter("{*}SignedProperties")
    assert etree.tostring(signed_info, method="c14n", exclusive=True) == prepared.to_sign
    digest = hashlib.sha256(etree.tostring(properties, method="c14n", exclusive=True)).digest()
    assert base64.b64encode(digest) in prepared.to_sign
    assert prepared.digest == hashlib.sha256(prepared.to_sign).digest()


def test_the_state_survives_json_and_holds_nothing_secret(signer, document):
    prepared = xades.prepare(document, signer.chain, profile.V3, pki.NOW)
    state = json.loads(json.dumps(prepared.state))
    value = signer.value(prepared.to_sign)
    assert xades.complete(state, document, value) == xades.complete(prepared, document, value)


def test_two_preparations_are_the_same(signer, document):
    first, second = (xades.prepare(document, signer.chain, profile.V3, pki.NOW) for _ in range(2))
    assert first == second


def test_an_already_parsed_document_gives_the_same(signer, document):
    root = parse_foreign_xml(document)
    assert xades.prepare(document, signer.chain, profile.V3, pki.NOW, root=root) == xades.prepare(
        document, signer.chain, profile.V3, pki.NOW
    )


def test_the_time_is_written_in_utc(signer, document):
    tunis = datetime(2026, 7, 15, 10, 30, 59, 999999, tzinfo=timezone(timedelta(hours=1)))
    prepared = xades.prepare(document, signer.chain, profile.V3, tunis)
    assert "<xades:SigningTime>2026-07-15T09:30:59Z<" in prepared.state["signed_properties"]
    with pytest.raises(ValueError, match="time zone"):
        xades.prepare(document, signer.chain, profile.V3, datetime(2026, 7, 15))


@pytest.mark.parametrize(
    "ending", ["</TEIF>", "</TEIF>\n", "</TEIF >", "</TEIF\n>\r\n ", "<RefTtnValue/></TEIF>", "text</TEIF>"]
)
def test_endings(signer, ending, xmlsec):
    document = b'<?xml version="1.0"?><!-- before --><TEIF><A>1</A>' + ending.encode()
    signed = signer.sign(document)
    assert signed.replace(signed[signed.index(b"<ds:S") : signed.rindex(b"</TEIF")], b"") == document
    assert verify.verify(parse_foreign_xml(signed))[0].intact
    assert xmlsec.verify(signed, signer.root)


@pytest.mark.parametrize(
    ("code", "document"),
    [
        ("document.malformed", b"<TEIF><A></TEIF>"),
        ("document.malformed", b""),
        ("document.malformed", b"not XML"),
        ("document.encoding", b"\xef\xbb\xbf<TEIF><A/></TEIF>"),
        (
            "document.encoding",
            '<?xml version="1.0" encoding="ISO-8859-1"?><TEIF><A>é</A></TEIF>'.encode("latin-1"),
        ),
        ("document.encoding", '<?xml version="1.0" encoding="UTF-16"?><TEIF><A/></TEIF>'.encode("utf-16")),
        ("document.doctype", b'<!DOCTYPE TEIF [<!ENTITY a "b">]><TEIF><A>&a;</A></TEIF>'),
        ("document.root", b"<Invoice><A/></Invoice>"),
        ("document.root", b'<TEIF xmlns="urn:x"><A/></TEIF>'),
        ("document.empty", b"<TEIF/>"),
        ("document.empty", b"<TEIF></TEIF>"),
        ("document.has_reference", b"<TEIF><A/><RefTtnVal/></TEIF>"),
        ("document.has_reference", b"<TEIF><A><RefTtnVal/></A></TEIF>"),
        (
            "document.already_signed",
            b'<TEIF><A/><Signature xmlns="http://www.w3.org/2000/09/xmldsig#"/></TEIF>',
        ),
        ("document.trailing", b"<TEIF><A/></TEIF><!-- </TEIF> -->"),
        ("document.trailing", b"<TEIF><A/></TEIF><?x </TEIF>?>"),
        ("document.trailing", b"<TEIF><A/></TEIF><!-- end -->"),
    ],
)
def test_documents_that_are_refused(signer, code, document):
    refused(code, document, signer.chain)


def test_a_second_signature_is_refused(signer, signed):
    refused("document.already_signed", signed, signer.chain)


def test_certificates_that_are_refused(document, authority):
    refused("signing.chain_empty", document, [])
    refused("certificate.unreadable", document, [b"no certificate"])
    refused("key.not_rsa", document, [authority.signer("EC", key=pki.ec_key("signer"))[1]])
    refused("key.too_small", document, [authority.signer("small", key=pki.rsa_key("small", 1024))[1]])


def completed(code, state, document, value):
    with pytest.raises(SignatureError) as caught:
        xades.complete(state, document, value)
    assert caught.value.code == code


def test_completing_with_another_document_or_value_is_refused(signer, document, long_document):
    prepared = xades.prepare(document, signer.chain, profile.V3, pki.NOW)
    value = signer.value(prepared.to_sign)
    completed("document.changed", prepared, long_document, value)
    completed("document.changed", prepared, document + b"\n", value)
    completed("signing.value", prepared, document, b"")
    completed("signing.value", prepared, document, value[:-1])
    completed("signing.value", prepared, document, value[:-1] + bytes([value[-1] ^ 1]))
    completed("signing.value", prepared, document, signer.value(prepared.digest))


def test_completing_from_a_damaged_state_is_refused(signer, document):
    prepared = xades.prepare(document, signer.chain, profile.V3, pki.NOW)
    value = signer.value(prepared.to_sign)
    for name in prepared.state:
        completed(
            "signing.state",
            {key: item for key, item in prepared.state.items() if key != name},
            document,
            value,
        )
    completed("signing.state", {**prepared.state, "format": 99}, document, value)
    completed("signing.state", {**prepared.state, "chain": []}, document, value)
    completed("signing.state", {**prepared.state, "to_sign": 12}, document, value)
    completed("signing.state", {}, document, value)
    completed("signing.state", None, document, value)


def test_other_judges_agree(signer, document, long_document, xmlsec, signxml, tmp_path):
    for unsigned in (document, long_document):
        signed = signer.sign(unsigned)
        assert xmlsec.verify(signed, signer.root)
        assert signxml.verify(signed, signer.root) == {"valid": True, "reason": ""}
        prepared = xades.prepare(unsigned, signer.chain, profile.V3, pki.NOW)
        [report] = verify.verify(parse_foreign_xml(signed))
        value = base64.b64decode(report.signature_value)
        assert judges.openssl_verifies(tmp_path, signer.chain[0], prepared.to_sign, value)
        assert not judges.openssl_verifies(tmp_path, signer.chain[1], prepared.to_sign, value)


def test_the_judges_see_a_foreign_authority(signed, xmlsec, signxml):
    stranger = pki.Authority("Stranger CA").der
    assert not xmlsec.verify(signed, stranger)
    assert not signxml.verify(signed, stranger)["valid"]


def best(call, rounds=12, times=40):
    """:return: seconds of one call, the best of several rounds: what else runs on the machine only adds."""
    durations = []
    for _ in range(rounds):
        start = time.perf_counter()
        for _ in range(times):
            call()
        durations.append((time.perf_counter() - start) / times)
    return min(durations)


def test_cost_beside_the_bare_libraries(signer, long_document):
    prepared = xades.prepare(long_document, signer.chain, profile.V3, pki.NOW)

    def bare():
        tree = etree.fromstring(long_document).getroottree()
        hashlib.sha256(etree.tostring(tree, method="c14n", exclusive=True)).digest()
        signer.value(prepared.to_sign)

    ratio = min(best(lambda: signer.sign(long_document)) / best(bare) for _ in range(3))
    assert ratio <= 1.5, f"a signature costs {ratio:.2f} times parsing, canonical form, SHA-256 and RSA"
