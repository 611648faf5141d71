"""The web service: deposits, refusals in TTN's words, verdicts, consultation."""

from __future__ import annotations

import base64
import re
import struct
import zlib
from pathlib import Path
from xml.etree import ElementTree

import pytest
import sandbox_papers as papers
from lxml import etree
from sandbox_process import NS, SOAP

DS = f"{{{papers.DS}}}"


def accepted(sandbox, number, signer, **options):
    """Deposit an invoice and return what the consultation shows of it."""
    deposit = sandbox.save(papers.signed(papers.invoice(number, **options), signer))
    assert deposit.status == 200, deposit.body
    (found,) = sandbox.consult(idSaveEfact=deposit.deposit_id).returns
    return found


def test_deposit_and_acceptance(sandbox, signer):
    document = papers.signed(papers.invoice("F-1"), signer)
    answer = sandbox.save(document)
    assert re.fullmatch(r"Facture enregistree avec ID \d+ est en cours de validation", answer.text)
    assert answer.deposit_id >= 2026232
    assert answer.body.startswith(b"<?xml version='1.0' encoding='UTF-8'?><S:Envelope ")
    assert b"<ns2:saveEfactResponse " in answer.body
    (found,) = sandbox.consult(idSaveEfact=answer.deposit_id).returns
    assert found["documentNumber"] == "F-1"
    assert found["documentType"] == "I-11"
    assert (found["amount"], found["amountTax"]) == ("200.000", "238.000")
    assert found["generatedRef"].startswith("1234567") and len(found["generatedRef"]) == 27
    assert found["acknowledged"] and not found["errors"]
    # The supplier's bytes are there, unchanged, and TTN's additions behind them.
    head = document.rpartition(b"</TEIF>")[0]
    assert found["xml"].startswith(head)
    root = ElementTree.fromstring(found["xml"])
    assert [(child.tag, child.get("Id")) for child in root] == [
        ("InvoiceHeader", None),
        ("InvoiceBody", None),
        (f"{DS}Signature", "SigFrs"),
        ("RefTtnVal", None),
        (f"{DS}Signature", "SigTTN"),
    ]
    assert [child.tag for child in root.find("RefTtnVal")] == [
        "ReferenceTTN",
        "ReferenceDate",
        "ReferenceCEV",
    ]
    assert root.findtext("RefTtnVal/ReferenceTTN") == found["generatedRef"]
    assert re.fullmatch(r"\d{10}", root.findtext("RefTtnVal/ReferenceDate/DateText"))


def test_both_signatures_hold_and_break(sandbox, signer, tmp_path):
    found = accepted(sandbox, "F-2", signer)
    file = tmp_path / "final.xml"
    file.write_bytes(found["xml"])
    assert check(sandbox, file) == {"SigFrs": True, "SigTTN": True}
    file.write_bytes(found["xml"].replace(b">I-11<", b">I-12<").replace(b"Article 1", b"Article 2"))
    assert check(sandbox, file) == {"SigFrs": False, "SigTTN": False}
    # RefTtnVal is covered by SigTTN alone.
    file.write_bytes(found["xml"].replace(b'refID="I-88">1', b'refID="I-88">2'))
    assert check(sandbox, file) == {"SigFrs": True, "SigTTN": False}


def check(sandbox, file: Path) -> dict:
    """`python -m sandbox check` as a dictionary."""
    import json
    import subprocess

    from sandbox_process import ROOT, python

    run = subprocess.run(
        [python(), "-m", "sandbox", "check", str(file)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return json.loads(run.stdout)


def test_the_stamp_is_a_png_within_the_limits(sandbox, signer):
    found = accepted(sandbox, "F-3", signer)
    encoded = ElementTree.fromstring(found["xml"]).findtext("RefTtnVal/ReferenceCEV")
    assert len(encoded) <= 4000
    png = base64.b64decode(encoded)
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    assert struct.unpack(">IIBB", png[16:26]) == (300, 300, 1, 0)
    size = struct.unpack(">I", png[33:37])[0]
    assert len(zlib.decompress(png[41 : 41 + size])) == 300 * (1 + 38)


def test_qr_code_is_verified(sandbox, signer):
    found = accepted(sandbox, "F-4", signer)
    root = etree.fromstring(found["xml"])
    imprint = root.findtext(f"{DS}Signature/{DS}SignedInfo/{DS}Reference/{DS}DigestValue")
    text = sandbox_qr(sandbox, found["idSaveEfact"])
    assert text.startswith('<?xml version="1.0" encoding="UTF-8"?>\r\n<QRDATA>\r\n<FACTNUM>F-4</FACTNUM>\r\n')
    assert f"<EMPRUNT>{imprint}</EMPRUNT>" in text and "<MHT>200.0</MHT>" in text
    assert "<FACTDATE>15/03/2026</FACTDATE>" in text
    assert re.search(r"<KEY>1000:[0-9a-f]+:[0-9a-f]+</KEY>", text)
    assert sandbox.verify(text).text == "QrCode valide"
    assert sandbox.verify(text.replace("200.0", "300.0")).text == "QrCode non valide"
    assert sandbox.verify("nonsense").text == "QrCode non valide"
    assert sandbox.verify(text, password="x").fault[0] == "SERV01"


def sandbox_qr(sandbox, deposit_id) -> str:
    """The text of a deposit's QR code, from the administration."""
    return sandbox.admin("GET", f"deposits/{deposit_id}")["qr"]


def test_identical_bytes_make_a_new_deposit_or_are_refused(sandbox, signer):
    document = papers.signed(papers.invoice("F-5"), signer)
    first, second = sandbox.save(document).deposit_id, sandbox.save(document).deposit_id
    assert second > first
    found = sandbox.consult(documentNumber="F-5").returns
    assert [int(item["idSaveEfact"]) for item in found] == [first, second]
    assert len({item["generatedRef"] for item in found}) == 2
    sandbox.settings(identical="refuse")
    assert str(first) in sandbox.save(document).fault[1]


def test_pending_until_the_virtual_time_has_come(sandbox, signer):
    sandbox.settings(verdict_delay=3600)
    deposit = sandbox.save(papers.signed(papers.invoice("F-6"), signer)).deposit_id
    (found,) = sandbox.consult(idSaveEfact=deposit).returns
    assert "generatedRef" not in found and not found["acknowledged"] and found["xml"]
    sandbox.settings(pending_visible=False)
    assert sandbox.consult(idSaveEfact=deposit).returns == []
    sandbox.advance(3601)
    (found,) = sandbox.consult(idSaveEfact=deposit).returns
    assert found["generatedRef"]


def test_consultation_by_each_criterion(sandbox, signer):
    one = accepted(sandbox, "F-7", signer, lines=3)
    accepted(sandbox, "F-70", signer)
    day = one["dateProcess"][:10]
    for criteria in (
        {"documentNumber": "F-7"},
        {"generatedRef": one["generatedRef"]},
        {"documentNumber": "F-7", "documentType": "I-11", "amount": "600", "amountTax": "714.000"},
        {
            "documentNumber": "F-7",
            "dateDebutProcess": f"{day}T00:00:00+01:00",
            "dateFinProcess": f"{day}T23:59:59",
        },
        {"documentNumber": "F-7", "dateDebutDocument": "2026-03-15", "dateFinDocument": "2026-03-15"},
    ):
        assert [item["idSaveEfact"] for item in sandbox.consult(**criteria).returns] == [
            one["idSaveEfact"]
        ], criteria
    for criteria in (
        {"documentNumber": "f-7"},
        {"generatedRef": "1"},
        {"documentNumber": "F-7", "amount": "601"},
        {"documentNumber": "F-7", "dateDebutDocument": "2026-03-16"},
        {"documentNumber": "F-7", "dateFinProcess": "2020-01-01"},
    ):
        answer = sandbox.consult(**criteria)
        assert answer.returns == [] and b"<ns2:consultEfactResponse " in answer.body, criteria
    assert sandbox.consult().fault == ("SERV01", "Document et les critères sont vides")


def test_an_account_sees_only_its_own(sandbox, signer):
    accepted(sandbox, "F-8", signer)
    sandbox.account("autre", matricule="7654321CAM000")
    assert sandbox.consult(documentNumber="F-8", login="autre", matricule="7654321CAM000").returns == []


def test_final_xml_may_be_an_attachment(sandbox, signer):
    sandbox.settings(final_xml="listAttachement")
    found = accepted(sandbox, "F-9", signer)
    assert "xmlContent" not in found and b"SigTTN" in found["xml"]


@pytest.mark.parametrize("who", [{"login": "?"}, {"password": "?"}, {"matricule": "0000000XAM000"}])
def test_unknown_account(sandbox, signer, who):
    answer = sandbox.save(papers.signed(papers.invoice("F-10"), signer), **who)
    assert answer.status == 500
    assert answer.fault == ("SERV01", "Document non valide: Compte inexistant")
    fault = answer.root.find(f"{SOAP}Body/{SOAP}Fault")
    assert fault.findtext("faultcode") == "S:Server"
    assert (
        fault.findtext("faultstring") == "tn.com.tradenet.elfatoura.services.exception.EfactServiceException"
    )


def test_refusal_with_http_200(sandbox):
    sandbox.settings(business_fault_status=200)
    answer = sandbox.save(b"<x/>", login="?")
    assert (answer.status, answer.fault[0]) == (200, "SERV01")


def test_schema_errors_in_the_words_of_xerces(sandbox, signer):
    def message(document):
        code, text = sandbox.save(document).fault
        assert code == "SERV02"
        return text

    text = message(papers.signed(papers.invoice("F-11", street="x" * 36), signer))
    assert re.match(
        r"Document non valide ligne numéro : 1 colonne numéro: \d+ message: cvc-maxLength-valid: Value 'x{36}' "
        r"with length = '36' is not facet-valid with respect to maxLength '35' for type '\w+'\.",
        text,
    )
    text = message(papers.signed(papers.invoice("F-11").replace(b">238.000<", b">-  34.954<"), signer))
    assert "cvc-pattern-valid: Value '-  34.954' is not facet-valid with respect to pattern" in text
    text = message(papers.signed(papers.invoice("F-11").replace(b"<CityName>", b"<Rue/><CityName>"), signer))
    assert "cvc-complex-type.2.4.a: Invalid content was found starting with element 'Rue'. One of '{" in text
    assert "SigFrs" not in text
    text = message(b"not xml")
    assert (
        text
        == "Document non valide ligne numéro : 1 colonne numéro: 1 message: Content is not allowed in prolog."
    )
    text = message(b"<!DOCTYPE TEIF [<!ENTITY a 'b'>]><TEIF>&a;</TEIF>")
    assert "DOCTYPE is disallowed" in text
    sandbox.settings(schema_refusal="return_text")
    assert "cvc-" in sandbox.save(papers.invoice("F-11", street="x" * 36)).text


def test_line_and_column_are_those_of_the_bad_value(sandbox, signer):
    document = papers.invoice("F-12", street="x" * 36).replace(b"><", b">\n<")
    line = document[: document.index(b"x" * 36)].count(b"\n") + 1
    text = sandbox.save(papers.signed(document, signer)).fault[1]
    assert f"ligne numéro : {line} colonne numéro: {len('<Street></Street>') + 37} " in text


def test_signatures_are_judged(sandbox, signer):
    good = papers.signed(papers.invoice("F-13"), signer)
    one = ("SERV09", "Une seule signature electronique est exigee")
    assert sandbox.save(papers.invoice("F-13")).fault == one
    signature = good[good.index(b"<ds:Signature ") : good.index(b"</TEIF>")]
    assert sandbox.save(good.replace(b"</TEIF>", signature + b"</TEIF>")).fault == one
    altered = ("SERV09", "Signature electronique non valide")
    assert sandbox.save(good.replace(b"Article 1", b"Article 2")).fault == altered
    assert sandbox.save(good.replace(b">Fournisseur<", b">Acheteur...<")).fault == altered
    assert (
        sandbox.save(
            good.replace(b"not(ancestor-or-self::RefTtnVal)", b"not(ancestor-or-self::Article )")
        ).fault
        == altered
    )
    value = re.search(rb'value-SigFrs">([^<]{20})', good)[1]
    assert sandbox.save(good.replace(value, value[::-1])).fault == altered


def test_the_program_xmlsec1_may_have_to_agree(sandbox, signer):
    sandbox.settings(strict_signatures=True)
    good = papers.signed(papers.invoice("F-18"), signer)
    assert sandbox.save(good).status == 200
    assert sandbox.save(good.replace(b"Article 1", b"Article 2")).fault[0] == "SERV09"


def test_signer_must_be_declared_valid_and_of_the_authority(sandbox, signer):
    def fault(**values):
        return sandbox.save(papers.signed(papers.invoice("F-14"), sandbox.signer(**values))).fault

    assert fault(declare=None) == ("SERV09", "Signataire non autorisé")
    assert fault(not_before="2020-01-01", not_after="2021-01-01") == (
        "SERV09",
        "Certificat du signataire expiré",
    )
    assert fault(not_before="2040-01-01", not_after="2041-01-01") == (
        "SERV09",
        "Certificat du signataire non encore valide",
    )
    assert fault(revoked=True) == ("SERV09", "Certificat du signataire révoqué")
    late = sandbox.signer()
    document = papers.signed(papers.invoice("F-14"), late)
    assert sandbox.save(document).status == 200
    sandbox.admin("POST", f"certificates/{late.serial}/revoke")
    assert sandbox.save(document).fault == ("SERV09", "Certificat du signataire révoqué")
    sandbox.admin("POST", f"certificates/{late.serial}/restore")
    sandbox.admin("POST", "accounts/essai", {"undeclare": [str(late.serial)]})
    assert sandbox.save(document).fault == ("SERV09", "Signataire non autorisé")


def test_policy_is_demanded_unless_any(sandbox, signer):
    old = papers.signed(
        papers.invoice("F-15"),
        signer,
        policy=("urn:2.16.788.1.2.1", "3J1oMkha+OAlm9hBNCcAS+/nbKokG8Gf9N3XPipP7yg="),
    )
    assert "L'objet OID" in sandbox.save(old).fault[1]
    sandbox.settings(profile="v2")
    assert sandbox.save(old).status == 200
    sandbox.settings(profile="any")
    assert sandbox.save(papers.signed(papers.invoice("F-15"), signer, policy=None)).status == 200


def test_sender_must_be_the_account(sandbox, signer):
    document = papers.signed(papers.invoice("F-16", sender="7654321CAM000"), signer)
    assert sandbox.save(document).fault == (
        "SERV03",
        "Votre matricule est invalide : Merci de vérifier votre matricule dans la facture xml, la balise "
        "'MessageSenderIdentifier'",
    )


def test_seller_other_than_the_sender_is_rejected_later(sandbox, signer):
    found = accepted(sandbox, "F-17", signer, seller="7654321CAM000")
    assert [code for code, _text in found["errors"]] == ["CONTRL05"]
    assert "generatedRef" not in found


def test_longest_number_still_fits_the_stamp(sandbox, signer):
    number = "N" * 68 + "é/"
    found = accepted(sandbox, number, signer)
    assert len(ElementTree.fromstring(found["xml"]).findtext("RefTtnVal/ReferenceCEV")) <= 4000
    assert found["documentNumber"] == number


def test_soap_layer(sandbox, signer):
    body = b'<?xml version="1.0" encoding="UTF-8"?><a>r\xe9f</a>'
    answer = sandbox.post(body)
    assert answer.status == 500 and b"<faultcode>S:Client</faultcode>" in answer.body
    assert b"WstxIOException: Invalid UTF-8 middle byte 0x66" in answer.body
    assert b"Couldn't create SOAP message" in sandbox.post(b"<a>").body
    assert sandbox.post(b"<a/>", content_type="application/json").status == 415
    assert b"Cannot find dispatch method" in sandbox.call("deleteEfact", "x").body
    # Parameters in the service's namespace are not read, as JAXB would not.
    assert (
        sandbox.post(
            f'<s:Envelope xmlns:s="{SOAP[1:-1]}"><s:Body><n:saveEfact xmlns:n="{NS}"><n:arg0>essai</n:arg0></n:saveEfact>'
            "</s:Body></s:Envelope>".encode()
        ).fault[0]
        == "SERV01"
    )


def test_wsdl_and_its_schema(sandbox):
    import urllib.request

    with urllib.request.urlopen(f"{sandbox.ready['endpoint']}?wsdl", timeout=10) as answer:
        wsdl = ElementTree.fromstring(answer.read())
    address = wsdl.find(".//{http://schemas.xmlsoap.org/wsdl/soap/}address").get("location")
    assert address.startswith("http://") and ":80/" in address
    with urllib.request.urlopen(f"{sandbox.ready['endpoint']}?xsd=1", timeout=10) as answer:
        assert etree.XMLSchema(etree.fromstring(answer.read())) is not None
