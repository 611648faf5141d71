"""Every fault: what the client sees, what the ledger says, and that the matchers choose the calls."""

from __future__ import annotations

import gzip
import http.client
import socket
import time

import pytest
import sandbox_papers as papers
from lxml import etree
from sandbox_process import Sandbox

DS = f"{{{papers.DS}}}"
_RANK = iter(range(1, 10_000))


@pytest.fixture
def invoice(signer):
    """A maker of signed invoices with numbers of their own."""

    def make(number=None, **options):
        number = number or f"X-{next(_RANK)}"
        return number, papers.signed(papers.invoice(number, **options), signer)

    return make


def outcome(sandbox, number):
    """The ledger's outcomes for the deposits of a number."""
    return [row["outcome"] for row in sandbox.ledger(number=number, operation="saveEfact")]


# -- the network --------------------------------------------------------------------------------------------------
def test_timeout_before_leaves_no_deposit(sandbox, invoice):
    number, document = invoice()
    sandbox.fault("timeout_before", number=number, times=1)
    with pytest.raises(TimeoutError):
        sandbox.save(document, timeout=0.7)
    assert sandbox.consult(documentNumber=number).returns == []
    assert outcome(sandbox, number) == ["not_processed"]
    assert sandbox.save(document).status == 200


def test_timeout_after_leaves_a_deposit(sandbox, invoice):
    number, document = invoice()
    sandbox.fault("timeout_after", number=number, operation="saveEfact")
    with pytest.raises(TimeoutError):
        sandbox.save(document, timeout=0.7)
    (found,) = sandbox.consult(documentNumber=number).returns
    assert found["generatedRef"] and outcome(sandbox, number) == ["deposited"]


def test_the_wait_ends_with_its_seconds(sandbox, invoice):
    number, document = invoice()
    sandbox.fault("timeout_before", number=number, params={"seconds": 0.3})
    assert sandbox.save(document, timeout=5).status is None


def test_resets(sandbox, invoice):
    for kind, deposits in (("reset_before", 0), ("reset_after", 1)):
        number, document = invoice()
        sandbox.fault(kind, number=number, operation="saveEfact")
        with pytest.raises(ConnectionResetError):
            sandbox.save(document)
        assert len(sandbox.consult(documentNumber=number).returns) == deposits, kind
    sandbox.fault("reset_in_body", times=1)
    with pytest.raises(ConnectionError):
        # A second packet is needed to feel the reset.
        sandbox.save(document * 20)
    assert sandbox.ledger()[-1]["outcome"] == "broken"


def test_deposit_that_appears_after_the_connection_broke(sandbox, invoice):
    number, document = invoice()
    sandbox.fault("late_deposit", number=number, params={"delay": 600})
    with pytest.raises(ConnectionResetError):
        sandbox.save(document)
    assert sandbox.consult(documentNumber=number).returns == []
    sandbox.advance(601)
    assert len(sandbox.consult(documentNumber=number).returns) == 1


def test_slow_drip(sandbox, invoice):
    number, document = invoice()
    sandbox.fault("slow_drip", number=number, params={"interval": 0.01, "chunk": 40})
    start = time.monotonic()
    assert sandbox.save(document).deposit_id
    assert time.monotonic() - start > 0.05


def test_truncation(sandbox, invoice):
    number, document = invoice()
    sandbox.fault("truncate", number=number, nth=1, operation="saveEfact")
    sandbox.fault(
        "truncate", number=number, nth=2, operation="saveEfact", params={"keep": 0.3, "honest": True}
    )
    first, second = sandbox.save(document), sandbox.save(document)
    assert len(first.body) < int(first.headers["content-length"])
    assert len(second.body) == int(second.headers["content-length"])
    with pytest.raises(Exception, match="no element|unclosed"):
        assert second.root is not None
    assert len(sandbox.consult(documentNumber=number).returns) == 2


def test_gzip_bomb_is_small_on_the_wire(sandbox, invoice):
    number, document = invoice()
    sandbox.fault("gzip_bomb", number=number, params={"size": 64 << 20})
    answer = sandbox.save(document)
    assert answer.headers["content-encoding"] == "gzip" and len(answer.body) < 200_000
    assert len(gzip.decompress(answer.body)) > 64 << 20


def test_http_errors_html_and_redirects(sandbox, invoice):
    number, document = invoice()
    for status in (500, 502, 503, 504):
        fault = sandbox.fault("http_status", number=number, params={"status": status})
        answer = sandbox.save(document)
        assert answer.status == status and answer.headers["content-type"].startswith("text/html")
        sandbox.admin("DELETE", f"faults/{fault}")
    sandbox.fault("html", number=number, times=1)
    assert sandbox.save(document).body.startswith(b"<html>")
    sandbox.fault(
        "redirect", number=number, times=1, params={"location": "http://127.0.0.1:9/x", "status": 307}
    )
    answer = sandbox.save(document)
    assert (answer.status, answer.headers["location"]) == (307, "http://127.0.0.1:9/x")
    assert sandbox.consult(documentNumber=number).returns == []
    sandbox.fault("http_status", number=number, operation="saveEfact", params={"processed": True})
    assert sandbox.save(document).status == 503
    assert len(sandbox.consult(documentNumber=number).returns) == 1


def test_wrong_encoding(sandbox, invoice):
    number, document = invoice()
    sandbox.fault("wrong_encoding", number=number)
    answer = sandbox.save(document)
    assert "utf-8" in answer.headers["content-type"]
    with pytest.raises(UnicodeDecodeError):
        answer.body.decode()


def test_relay_that_doubles_a_post(sandbox, invoice):
    number, document = invoice()
    sandbox.fault("relay_double", number=number, operation="saveEfact")
    answered = sandbox.save(document).deposit_id
    found = [int(item["idSaveEfact"]) for item in sandbox.consult(documentNumber=number).returns]
    assert found == [answered - 1, answered]
    assert outcome(sandbox, number) == ["deposited", "deposited"]


def test_silence_at_connection(sandbox):
    sandbox.fault("silent_connect", times=1)
    with pytest.raises(TimeoutError):
        sandbox.consult(documentNumber="x", timeout=0.5)
    assert sandbox.consult(documentNumber="x").status == 200
    host, _, port = sandbox.ready["silent_endpoint"].split("/")[2].partition(":")
    with pytest.raises(TimeoutError):
        socket.create_connection((host, int(port)), timeout=1)


def test_address_that_is_not_declared(sandbox):
    sandbox.account("garde", addresses=["127.0.0.2"])
    assert sandbox.consult(documentNumber="x", login="garde", source="127.0.0.2").returns == []
    with pytest.raises(TimeoutError):
        sandbox.consult(documentNumber="x", login="garde", timeout=0.5)
    sandbox.account(addresses=["127.0.0.3"])
    sandbox.settings(address_filter=True)
    with pytest.raises(TimeoutError):
        sandbox.consult(documentNumber="x", timeout=0.5)
    assert sandbox.consult(documentNumber="x", source="127.0.0.3").status == 200
    sandbox.account(addresses=[])


# -- texts and refusals -------------------------------------------------------------------------------------------
def test_texts_of_a_deposit(sandbox, invoice):
    number, document = invoice()
    sandbox.fault("text_without_id", number=number, nth=1)
    sandbox.fault("text_several_numbers", number=number, nth=2)
    sandbox.fault("fault_after", number=number, nth=3)
    assert " ID " not in sandbox.save(document).text
    assert sandbox.save(document).text.count("ID ") == 3
    assert sandbox.save(document).fault[0] == "SERV07"
    assert len(sandbox.consult(documentNumber=number).returns) == 3


@pytest.mark.parametrize(
    ("kind", "params", "code", "text"),
    [
        ("refuse", {"code": "SERV42", "message": "Motif é < &"}, "SERV42", "Motif é < &"),
        ("fault_200", {}, "SERV07", "Erreur interne du serveur"),
        ("wrong_login", {}, "SERV01", "Document non valide: Compte inexistant"),
        ("undeclared_certificate", {}, "SERV09", "Signataire non autorisé"),
        ("expired_certificate", {}, "SERV09", "Certificat du signataire expiré"),
        ("revoked_certificate", {}, "SERV09", "Certificat du signataire révoqué"),
        ("two_signatures", {}, "SERV09", "Une seule signature electronique est exigee"),
        ("altered_file", {}, "SERV09", "Signature electronique non valide"),
    ],
)
def test_refusals_on_demand(sandbox, invoice, kind, params, code, text):
    number, document = invoice()
    sandbox.fault(kind, number=number, operation="saveEfact", params=params)
    answer = sandbox.save(document)
    assert answer.fault == (code, text)
    assert answer.status == (200 if kind == "fault_200" else 500)
    assert sandbox.consult(documentNumber=number).returns == []


def test_every_code_at_once(sandbox, invoice):
    """A refusal at once with each SERV code, an acknowledgment with each CONTRL code; the words are free."""
    number, document = invoice()
    for rank in range(1, 13):
        fault = sandbox.fault(
            "refuse", operation="saveEfact", params={"code": f"SERV{rank:02}", "message": f"Motif {rank}"}
        )
        assert sandbox.save(document).fault == (f"SERV{rank:02}", f"Motif {rank}")
        sandbox.admin("DELETE", f"faults/{fault}")
    assert sandbox.consult(documentNumber=number).returns == []
    errors = [[f"CONTRL{rank:02}", f"Contrôle {rank}"] for rank in range(1, 100)]
    _id, _number, (found,) = verdict(sandbox, invoice, "reject", errors=errors)
    assert [list(error) for error in found["errors"]] == errors


# -- the verdict --------------------------------------------------------------------------------------------------
def verdict(sandbox, invoice, kind, **params):
    """Deposit under a fault; (deposit id, what the consultation returns for the number)."""
    number, document = invoice()
    sandbox.fault(kind, number=number, params=params)
    deposit = sandbox.save(document).deposit_id
    return deposit, number, sandbox.consult(documentNumber=number).returns


def test_verdicts_late_or_never(sandbox, invoice):
    _id, number, (found,) = verdict(sandbox, invoice, "late_verdict", delay=900)
    assert "generatedRef" not in found and not found["acknowledged"]
    sandbox.advance(901)
    assert sandbox.consult(documentNumber=number).returns[0]["generatedRef"]
    _id, number, (found,) = verdict(sandbox, invoice, "no_verdict")
    sandbox.advance(90_000)
    assert "generatedRef" not in sandbox.consult(documentNumber=number).returns[0]


def test_rejections(sandbox, invoice):
    _id, _number, (found,) = verdict(sandbox, invoice, "reject", errors=[["CONTRL77", "Texte < é"]])
    assert found["errors"] == [("CONTRL77", "Texte < é")] and "generatedRef" not in found
    _id, _number, (found,) = verdict(sandbox, invoice, "several_errors")
    assert [code for code, _text in found["errors"]] == ["CONTRL01", "CONTRL02", "CONTRL05"]
    sandbox.fault("mass_rejection")
    for _ in range(3):
        number, document = invoice()
        sandbox.save(document)
        assert sandbox.consult(documentNumber=number).returns[0]["errors"] == [
            ("CONTRL99", "Rejet technique du noyau")
        ]


def test_rejected_then_accepted(sandbox, invoice):
    deposit, number, (found,) = verdict(sandbox, invoice, "rejected_then_accepted", after=100)
    assert found["errors"]
    sandbox.advance(101)
    (found,) = sandbox.consult(documentNumber=number).returns
    assert found["generatedRef"] and not found["errors"] and int(found["idSaveEfact"]) == deposit


def test_two_acceptances(sandbox, invoice):
    deposit, number, _found = verdict(sandbox, invoice, "two_acceptances")
    first, second = sandbox.consult(documentNumber=number).returns
    assert first["generatedRef"] != second["generatedRef"] and int(first["idSaveEfact"]) == deposit
    values = [
        etree.fromstring(item["xml"]).findtext(f"{DS}Signature[@Id='SigFrs']/{DS}SignatureValue")
        for item in (first, second)
    ]
    assert values[0] == values[1]


def test_reference_of_another_invoice(sandbox, invoice):
    number, document = invoice()
    sandbox.save(document)
    (other,) = sandbox.consult(documentNumber=number).returns
    _id, number, (found,) = verdict(sandbox, invoice, "foreign_reference")
    assert found["generatedRef"] == other["generatedRef"] and found["documentNumber"] == number


def test_returned_file_written_differently(sandbox, invoice, tmp_path):
    _id, _number, (found,) = verdict(sandbox, invoice, "reserialised", style="pretty")
    file = tmp_path / "pretty.xml"
    file.write_bytes(found["xml"])
    assert b">\n" in found["xml"]
    assert holds(file) == {"SigFrs": False, "SigTTN": False}
    assert holds(file, "--strip") == {"SigFrs": True, "SigTTN": True}
    _id, _number, (found,) = verdict(sandbox, invoice, "reserialised", style="quotes")
    file.write_bytes(found["xml"])
    assert holds(file) == {"SigFrs": True, "SigTTN": True}


def test_wrong_signature_of_ttn_and_broken_file(sandbox, invoice, tmp_path):
    _id, _number, (found,) = verdict(sandbox, invoice, "invalid_sigttn")
    file = tmp_path / "final.xml"
    file.write_bytes(found["xml"])
    assert holds(file) == {"SigFrs": True, "SigTTN": False}
    _id, _number, (found,) = verdict(sandbox, invoice, "broken_content")
    with pytest.raises(etree.XMLSyntaxError):
        etree.fromstring(found["xml"])


def holds(file, *options):
    """`python -m sandbox check` as a dictionary."""
    import json
    import subprocess

    from sandbox_process import ROOT, python

    run = subprocess.run(
        [python(), "-m", "sandbox", "check", str(file), *options],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return json.loads(run.stdout)


# -- visibility and consultation ----------------------------------------------------------------------------------
def test_visibility_comes_late_goes_and_comes_back(sandbox, invoice):
    _id, number, found = verdict(sandbox, invoice, "hidden", until=100, gone_from=200, back_at=300)
    seen = [len(found)]
    for step in (101, 100, 100):
        sandbox.advance(step)
        seen.append(len(sandbox.consult(documentNumber=number).returns))
    assert seen == [0, 1, 0, 1]


def test_visibility_a_second_before_and_after_a_wait(sandbox, invoice):
    """Who waits W seconds before a deposit counts as absent sees one that comes at W - 1 in time, one at W + 1 too late."""
    wait = 1800
    for until, seen in ((wait - 1, 1), (wait + 1, 0)):
        _id, number, found = verdict(sandbox, invoice, "hidden", until=until)
        assert found == []
        # Deposit and question are less than a second apart by the real clock.
        sandbox.advance(wait - 0.5)
        assert len(sandbox.consult(documentNumber=number).returns) == seen
        sandbox.advance(2)
        assert len(sandbox.consult(documentNumber=number).returns) == 1


def test_corrected_file_with_the_same_number(sandbox, invoice):
    number, document = invoice()
    sandbox.fault("reject", number=number, nth=1)
    sandbox.save(document)
    assert sandbox.consult(documentNumber=number).returns[0]["errors"]
    sandbox.save(invoice(number, street="Rue corrigée")[1])
    rejected, accepted = sandbox.consult(documentNumber=number).returns
    assert rejected["errors"] and accepted["generatedRef"] and not accepted["errors"]


def test_consultations_that_say_too_much_or_too_little(sandbox, invoice):
    for number in ("PRE-1", "PRE-10", "PRE-100", "PRE-2"):
        sandbox.save(invoice(number)[1])
    assert len(sandbox.consult(documentNumber="PRE-10").returns) == 1
    sandbox.fault("prefix_numbers")
    assert [item["documentNumber"] for item in sandbox.consult(documentNumber="PRE-10").returns] == [
        "PRE-1",
        "PRE-10",
        "PRE-100",
    ]
    sandbox.admin("DELETE", "faults")
    sandbox.fault("foreign_deposit")
    made, own = sandbox.consult(documentNumber="PRE-2").returns
    assert b"1234567RAM000" in own["xml"] and b"1234567RAM000" not in made["xml"]
    assert made["generatedRef"].startswith("9999999")
    sandbox.account("voisin", matricule="7654321CAM000")
    theirs = sandbox.signer(declare="voisin", matricule="7654321CAM000")
    other = sandbox.save(
        papers.signed(papers.invoice("PRE-2", sender="7654321CAM000"), theirs),
        login="voisin",
        matricule="7654321CAM000",
    ).deposit_id
    assert [int(item["idSaveEfact"]) for item in sandbox.consult(documentNumber="PRE-2").returns][0] == other
    sandbox.admin("DELETE", "faults")
    sandbox.fault("empty_answer")
    assert sandbox.consult(documentNumber="PRE-2").returns == []


# -- matchers -----------------------------------------------------------------------------------------------------
def test_matchers(sandbox, invoice):
    number, document = invoice()
    sandbox.fault("refuse", operation="saveEfact", nth=2, number=number)
    assert [sandbox.save(document).status for _ in range(3)] == [200, 500, 200]
    assert sandbox.consult(documentNumber=number).status == 200
    assert sandbox.save(invoice()[1]).status == 200
    sandbox.fault("refuse", login="personne")
    assert sandbox.save(document).status == 200


def test_probability_is_repeatable(sandbox):
    def run():
        fault = sandbox.fault("html", operation="consultEfact", probability=0.5, seed="7")
        pattern = [sandbox.consult(documentNumber="x").body[:5] == b"<html" for _ in range(40)]
        sandbox.admin("DELETE", f"faults/{fault}")
        return pattern

    first = run()
    assert first == run() and 8 < sum(first) < 32


def test_latency_and_bounds(sandbox, tmp_path):
    sandbox.settings(latency=0.4)
    start = time.monotonic()
    sandbox.consult(documentNumber="x")
    assert time.monotonic() - start >= 0.4
    sandbox.settings(latency=0)
    connection = http.client.HTTPConnection(sandbox.ready["url"].partition("://")[2], timeout=10)
    connection.putrequest("POST", "/ElfatouraServices/EfactService")
    connection.putheader("Content-Length", str(10**12))
    connection.endheaders()
    assert connection.getresponse().status == 400
    connection.close()
    depth = b"<a>" * 5000 + b"</a>" * 5000
    assert b"S:Client" in sandbox.post(depth).body


def test_a_broken_off_request_does_not_stop_the_server(sandbox):
    for _ in range(5):
        with sandbox.connect() as connection:
            connection.sendall(b"POST /Elfatou")
    with sandbox.connect() as connection:
        connection.sendall(b"\x16\x03\x01 nonsense\r\n\r\n")
        assert b"400" in connection.recv(65536)
    assert isinstance(sandbox, Sandbox) and sandbox.consult(documentNumber="x").status == 200
