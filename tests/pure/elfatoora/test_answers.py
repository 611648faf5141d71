"""Reading what El Fatoora answers: strict where a mistake is dangerous, tolerant where it isn't."""

import base64
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elfatoora.answers import (
    PROBLEM_CODES,
    AckError,
    Attachment,
    ConsultAnswer,
    FaultAnswer,
    Problem,
    SaveAnswer,
    VerifyAnswer,
    read_answer,
    read_save_text,
)
from teif.foreign import parse_foreign_xml
from tests.pure.elfatoora.conftest import consulted, fault, saved, soap

TEIF = b'<?xml version="1.0"?><TEIF/>'


def read(operation, body, status=200):
    return read_answer(operation, status, body, parse_foreign_xml)


def b64(data):
    return base64.b64encode(data).decode()


# --- the text of saveEfact ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "deposit_id"),
    [
        ("Facture enregistree avec ID 1805137 est en cours de validation", 1805137),
        ("Facture enregistree avec ID: 2026232 … conforme a la version 1.8.8 du xsd", 2026232),
        ("Facture enregistrée avec ID : 2026232", 2026232),
        ("Facture enregistree avec id=2026232.", 2026232),
        ("Facture enregistree avec Id n° 2026232, conforme a la version 1.8.9 du xsd", 2026232),
        ("idSaveEfact 2026232", 2026232),
        ("ID:\n  2026232", 2026232),
        ("ID 12 (ID: 12)", 12),
    ],
)
def test_exactly_one_id(text, deposit_id):
    answer = read_save_text(text)
    assert (answer.deposit_id, answer.doubtful, answer.text) == (deposit_id, False, text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Facture enregistree",
        "Facture enregistree avec ID: XXXXXXX",
        "Facture enregistree avec ID 0",
        "Facture enregistree avec ID -5",
        "Facture enregistree avec ID 1805137 et ID 1805138",
        "Factures enregistrees avec ID 1805137, 1805138",
        "Facture enregistree avec IDs 1805137 et 1805138",
        "Facture enregistree avec ID 1805137/1805138",
        "Facture enregistree avec ID 180 5137",
        "Facture enregistree avec ID 12345678901234567890",
        "Facture enregistree avec ID 12ab",
        "valide 1805137",
        "Document deja enregistre avec ID 1805137",
        "Facture rejetée, voir ID 1805137",
        "Facture non enregistree, ID 1805137",
        "Erreur interne ID 1805137",
        "Facture avec ID 1805137 non conforme",
        "ID 1805137" + " " * 20_000,
        "ID 1805137 " + "x" * 20_000,
    ],
)
def test_no_id_or_not_one(text):
    assert read_save_text(text).deposit_id is None


@given(st.text(max_size=200))
def test_any_text_is_read(text):
    answer = read_save_text(text)
    assert answer.text == text
    assert all(0 < i < 10**18 for i in answer.deposit_ids)


@given(st.integers(1, 10**18 - 1), st.sampled_from(["ID {} est", "ID: {} …", "id n° {}.", "(ID={})"]))
def test_every_id_is_read(number, form):
    assert read_save_text("Facture enregistree avec " + form.format(number)).deposit_id == number


def test_save_answer():
    assert read("saveEfact", saved("avec ID 7 est en cours")) == SaveAnswer("avec ID 7 est en cours", (7,))
    assert read("saveEfact", saved("")).deposit_id is None


@pytest.mark.parametrize(
    "inner",
    [
        "",
        "<return>ID 7</return><return>ID 8</return>",
        "<result>ID 7</result>",
        "<return>ID 7</return><other/>",
        "<return><b>ID 7</b></return>",
    ],
)
def test_save_answer_of_another_shape(inner):
    body = soap(
        f'<n:saveEfactResponse xmlns:n="http://services.elfatoura.tradenet.com.tn/">{inner}</n:saveEfactResponse>'
    )
    assert read("saveEfact", body).code == "answer.unexpected"


# --- consultEfact -------------------------------------------------------------------------------------------------


def test_accepted_deposit():
    final = b"<TEIF><RefTtnVal/></TEIF>"
    body = consulted(
        "<amount>2.0</amount><amountTax>2,540</amountTax><dateDocument>2012-06-07</dateDocument>"
        "<dateProcess>2020-09-16T12:39:00</dateProcess><documentNumber>12016_2012</documentNumber>"
        "<documentType>I-11</documentType><generatedRef>073620200053562920196810312</generatedRef>"
        "<idSaveEfact>1805137</idSaveEfact><listAcknowlegments><dateAck>2020-09-16</dateAck></listAcknowlegments>"
        f"<listAttachement><nameAttach>a.pdf</nameAttach><fileoutContent>{b64(b'%PDF')}</fileoutContent></listAttachement>"
        f"<listAttachement><fileoutContent>{b64(final)}</fileoutContent><nameAttach>a.xml</nameAttach></listAttachement>"
        f"<xmlContent>{b64(TEIF)}</xmlContent><unknownField>new</unknownField>"
    )
    (deposit,) = read("consultEfact", body).deposits
    assert deposit.deposit_id == 1805137
    assert (deposit.number, deposit.document_type) == ("12016_2012", "I-11")
    assert deposit.reference == "073620200053562920196810312"
    assert (deposit.amount, deposit.amount_tax) == (Decimal("2.0"), Decimal("2.540"))
    assert (deposit.date_document, deposit.date_process) == ("2012-06-07", "2020-09-16T12:39:00")
    assert (deposit.errors, deposit.acknowledged) == ((), True)
    assert deposit.content == final
    assert deposit.attachments == (Attachment("a.pdf", b"%PDF"), Attachment("a.xml", final))
    assert ("unknownField", "new") in deposit.raw


def test_rejected_and_other_order_and_prefixes():
    body = consulted(
        "<idSaveEfact>1</idSaveEfact><listAcknowlegments><errors><errorId>CONTRL05</errorId>"
        "<errorDescription>émetteur</errorDescription></errors><errors><errorDescription>two</errorDescription></errors>"
        "<dateAck/></listAcknowlegments><listAcknowlegments><errors/></listAcknowlegments>",
        '<x:xmlContent xmlns:x="urn:x">' + b64(TEIF)[:10] + "\n " + b64(TEIF)[10:] + "</x:xmlContent>",
    )
    one, two = read("consultEfact", body).deposits
    assert one.errors == (AckError("CONTRL05", "émetteur"), AckError("", "two"))
    assert (two.content, two.deposit_id, two.acknowledged) == (TEIF, None, False)


@pytest.mark.parametrize("content", ["not base64 !", "", "PFRFSUYvPg"])
def test_content_that_can_not_be_decoded(content):
    body = consulted(
        f"<idSaveEfact>x1</idSaveEfact><xmlContent>{content}</xmlContent><amount>1 234,5 TND</amount>"
    )
    (deposit,) = read("consultEfact", body).deposits
    assert (deposit.content, deposit.deposit_id, deposit.amount) == (b"", None, None)


def test_no_deposit_is_only_what_says_so():
    empty = (
        b'<S:Envelope xmlns:S="http://schemas.xmlsoap.org/soap/envelope/"><S:Header/><S:Body>'
        b'<n:consultEfactResponse xmlns:n="http://services.elfatoura.tradenet.com.tn/"> <!-- none --> '
        b"</n:consultEfactResponse></S:Body></S:Envelope>"
    )
    assert read("consultEfact", empty) == ConsultAnswer(())


@pytest.mark.parametrize(
    "inner",
    [
        "<return/>",
        '<return xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:nil="true"/>',
        "<return>text</return>",
        "<item><idSaveEfact>1</idSaveEfact></item>",
        "service en maintenance",
        "<return><idSaveEfact>1</idSaveEfact></return>and more",
    ],
)
def test_what_looks_like_no_deposit(inner):
    body = soap(
        f'<n:consultEfactResponse xmlns:n="http://services.elfatoura.tradenet.com.tn/">{inner}</n:consultEfactResponse>'
    )
    assert read("consultEfact", body).code == "answer.unexpected"


# --- envelopes, faults, problems -----------------------------------------------------------------------------------


def test_faults():
    real = fault("SERV09", "Une seule signature electronique est exigee")
    expected = FaultAnswer(
        "SERV09",
        "Une seule signature electronique est exigee",
        "S:Server",
        "tn.com.tradenet.elfatoura.services.exception.EfactServiceException",
    )
    for operation in ("saveEfact", "consultEfact", "verifyQrCode"):
        for status in (200, 500):
            assert read(operation, real, status) == expected
    plain = soap(
        "<S:Fault><faultcode>S:Client</faultcode><faultstring>Couldn't create SOAP message</faultstring></S:Fault>"
    )
    assert read("saveEfact", plain, 500) == FaultAnswer(
        "", "Couldn't create SOAP message", "S:Client", "Couldn't create SOAP message"
    )


GOOD = saved("ID 7")


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 200, "answer.empty"),
        (b" \n", 200, "answer.empty"),
        (b"", 500, "answer.http_error"),
        (b"<html>", 200, "answer.html"),
        (b"\xef\xbb\xbf <!DOCTYPE HTML PUBLIC>", 200, "answer.html"),
        (b'<?xml version="1.0"?><!-- x --><html xmlns="http://www.w3.org/1999/xhtml"/>', 200, "answer.html"),
        (b'<?xml version="1.0"?><x:html xmlns:x="http://www.w3.org/1999/xhtml"/>', 200, "answer.html"),
        (b"plain text", 200, "answer.not_xml"),
        (GOOD[:-1], 200, "answer.not_xml"),
        (GOOD + b"trailing", 200, "answer.not_xml"),
        (b'<!DOCTYPE x [<!ENTITY a "b">]>' + GOOD.split(b"?>", 1)[1], 200, "answer.not_xml"),
        (b"<a/>", 200, "answer.not_soap"),
        (
            GOOD.replace(b"schemas.xmlsoap.org/soap/envelope/", b"www.w3.org/2003/05/soap-envelope"),
            200,
            "answer.not_soap",
        ),
        (GOOD.replace(b"<S:Body>", b"<S:Body/><S:Body>"), 200, "answer.not_soap"),
        (GOOD.replace(b"<S:Body>", b"<S:Body><extra/>"), 200, "answer.not_soap"),
        (soap(""), 200, "answer.not_soap"),
        (GOOD.replace(b"saveEfact", b"saveefact"), 200, "answer.wrong_operation"),
        (GOOD.replace(b"services.elfatoura", b"services.other"), 200, "answer.wrong_operation"),
        (consulted(), 200, "answer.wrong_operation"),
        (GOOD, 500, "answer.http_error"),
        (GOOD, 302, "answer.redirect"),
        (b"<html>", 503, "answer.http_error"),
    ],
)
def test_problems(body, status, code):
    problem = read("saveEfact", body, status)
    assert isinstance(problem, Problem)
    assert problem.code == code
    assert code in PROBLEM_CODES


@given(st.data())
def test_a_truncated_answer_never_says_anything(data):
    whole = consulted("<idSaveEfact>7</idSaveEfact>", "<idSaveEfact>8</idSaveEfact>")
    cut = data.draw(st.integers(0, len(whole) - 1))
    assert isinstance(read("consultEfact", whole[:cut]), Problem)


@given(
    st.binary(max_size=300),
    st.integers(100, 599),
    st.sampled_from(["saveEfact", "consultEfact", "verifyQrCode"]),
)
def test_any_bytes_end_in_a_problem(body, status, operation):
    assert isinstance(read(operation, body, status), Problem)


def test_verify_answer_and_unknown_operation():
    body = soap(
        '<n:verifyQrCodeResponse xmlns:n="http://services.elfatoura.tradenet.com.tn/">'
        "<return> ok </return></n:verifyQrCodeResponse>"
    )
    assert read("verifyQrCode", body) == VerifyAnswer("ok")
    with pytest.raises(ValueError):
        read("deleteEfact", body)


def test_stored_messages_of_the_service(shared):
    """The samples beside the project: real faults, and answers put together from reports."""
    folder = shared / "ttn" / "soap"

    def sample(name):
        return (folder / name).read_bytes()

    assert read("saveEfact", sample("saveEfact.response.2025.xml")).deposit_id == 1805137
    assert read("saveEfact", sample("saveEfact.response.2026.xml")).deposit_id == 2026232
    assert read("saveEfact", sample("fault.SERV09.two-signatures.xml")).code == "SERV09"
    assert read("saveEfact", sample("fault.S-Client.bad-utf8.xml"), 500).faultcode == "S:Client"
    assert read("consultEfact", sample("consultEfact.response.pending.xml")) == ConsultAnswer(())
    (accepted,) = read("consultEfact", sample("consultEfact.response.accepted.xml")).deposits
    assert (accepted.reference, accepted.content) == ("073620200053562920196810312", b"<TEIF/>")
    (rejected,) = read("consultEfact", sample("consultEfact.response.rejected.xml")).deposits
    assert [error.code for error in rejected.errors] == ["CONTRL05"]
