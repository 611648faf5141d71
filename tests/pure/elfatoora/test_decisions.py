"""Each rule by itself: the class of an answer, what is ours, what is absent, what is accepted."""

import itertools
import json
import random
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elfatoora import decisions as d
from elfatoora import facts
from elfatoora.answers import (
    CONSULT,
    SAVE,
    AckError,
    ConsultAnswer,
    Deposit,
    FaultAnswer,
    Problem,
    SaveAnswer,
    read_save_text,
)
from elfatoora.attempts import TRIES
from elfatoora.client import Call
from elfatoora.consulted import sort_deposits
from elfatoora.decisions import History, Ruling, Seen, Sent
from elfatoora.rejections import classify_problem

SENT = Sent(
    "SIG",
    "DIGEST",
    "0736202XAM000",
    "FAC/7",
    "I-11",
    Decimal("119.000"),
    earlier_signatures=frozenset({"OLD"}),
    earlier_deposit_ids=frozenset({90}),
    later_signatures=frozenset({"NEXT"}),
    later_deposit_ids=frozenset({95}),
)
LEASE = 1000.0
HOUR, DAY = 3600.0, 86400.0
UNKNOWN = History(d.UNKNOWN, LEASE + 60, 1, LEASE)


def at(waited, state=d.UNKNOWN, **values):
    return replace(UNKNOWN, now=LEASE + waited, state=state, **values)


def seen(deposit_id=1, *, reference="", errors=(), **values):
    """A deposit of ours, unless told otherwise."""
    deposit = Deposit(deposit_id, "FAC/7", "I-11", values.pop("generated", reference), errors=tuple(errors))
    base = Seen(deposit, "S I\nG", "DIGEST", "0736202XAM000", "FAC/7", "I-11", Decimal("119"), reference,
                "valid" if reference else "absent", "DIGEST" if reference else None)  # fmt: skip
    return replace(base, **values)


def blank(deposit_id=None, number="FAC/7", **values):
    """A deposit whose document can't be read."""
    return Seen(Deposit(deposit_id, number, **values))


ERROR = AckError("CONTRL17", "wrong")
WARNING = AckError("", "Avertissement")
SAME = {"signature_value": "RESIGNED"}
OLD = {"signature_value": "OLD", "document_digest": "OLD="}
NEXT = {"signature_value": "NEXT", "document_digest": "NEXT="}
TAKEN = {"signature_value": "X", "document_digest": "X="}
FOREIGN = {**TAKEN, "sender": "1234567ZAM000"}


def call(answer=None, problem=None, *, reached=True, operation=SAVE):
    return Call(operation, reached, b"", b"", 200, 0.1, answer, Problem(problem, "x") if problem else None)


def fault(code, text, faultcode="S:Server", faultstring="exception"):
    return FaultAnswer(code, text, faultcode, faultstring)


# --- after a deposit ----------------------------------------------------------------------------------------------------

SAVED = [
    # (call, attempt, state, code)
    (call(read_save_text("Facture enregistree avec ID 7 est en cours")), 1, d.SUBMITTED, "send.submitted"),
    (call(read_save_text("Facture enregistree avec ID 7 est en cours")), 2, d.SUBMITTED, "send.submitted"),
    (call(SaveAnswer("ok")), 1, d.UNKNOWN, "send.no_id"),
    (call(read_save_text("ID 7 et ID 8")), 1, d.UNKNOWN, "send.several_ids"),
    (call(read_save_text("rejet de l'ID 7")), 1, d.UNKNOWN, "send.doubtful_text"),
    # refused in the text that takes a document otherwise
    (call(read_save_text("Document non valide ligne numéro : 1 colonne numéro: 10 message: cvc-elt.1: …")), 1, d.REJECTED,
     "send.refused"),
    (call(read_save_text("Votre matricule est invalide : Merci de vérifier votre matricule")), 1, d.REJECTED, "send.refused"),
    (call(read_save_text("Signataire non autorisé")), 1, d.SIGNED, "send.refused_account"),
    (call(read_save_text("Signataire non autorisé")), 2, d.UNKNOWN, "send.no_id"),
    (call(read_save_text("Document non conforme à la version 1.8.8 du xsd")), 1, d.REJECTED, "send.refused"),
    (call(read_save_text("Facture enregistree, conforme a la version 1.8.8 du xsd")), 1, d.UNKNOWN, "send.no_id"),
    (call(read_save_text("Facture enregistree, adresse manquante")), 1, d.UNKNOWN, "send.no_id"),
    (call(read_save_text("Ce document a déjà été envoyé")), 1, d.UNKNOWN, "send.no_id"),
    (call(fault("SERV09", "Signataire non autorisé")), 1, d.SIGNED, "send.refused_account"),
    (call(fault("SERV09", "Certificat révoqué")), 1, d.REJECTED, "send.refused"),
    (call(fault("SERV09", "Signataire non autorisé")), 2, d.UNKNOWN, "send.fault"),
    (call(fault("", "Votre matricule est invalide")), 1, d.REJECTED, "send.refused"),
    (call(fault("", "cvc-x", faultstring="cvc-x")), 1, d.UNKNOWN, "send.fault"),  # not raised by the service
    (call(fault("", "Couldn't create SOAP message", "S:Client", "Couldn't create SOAP message")), 1, d.REJECTED,
     "send.refused"),
    (call(fault("SERV07", "Erreur interne du serveur")), 1, d.UNKNOWN, "send.fault"),
    (call(fault("SERV99", "nouveau")), 1, d.UNKNOWN, "send.fault"),
    (call(fault("SERV09", "Document déjà envoyé")), 1, d.UNKNOWN, "send.fault"),
    (call(problem="answer.html"), 1, d.UNKNOWN, "send.answer_lost"),
    (call(problem="network.read_timeout"), 1, d.UNKNOWN, "send.answer_lost"),
    (call(problem="answer.redirect"), 1, d.UNKNOWN, "send.answer_lost"),
    (call(problem="network.connect_timeout", reached=False), 1, d.SIGNED, "send.not_sent"),
    (call(problem="network.dns", reached=False), 3, d.SIGNED, "send.not_sent"),
]  # fmt: skip


@pytest.mark.parametrize(("made", "attempt", "state", "code"), SAVED)
def test_class_of_an_answer(made, attempt, state, code):
    decision = d.after_save(made, attempt)
    assert (decision.state, decision.code) == (state, code)
    assert decision.retry_in > 0
    assert decision.deposit_id == (7 if state == d.SUBMITTED else None)


def test_flags_after_a_deposit():
    refused = d.after_save(call(fault("SERV09", "Signataire non autorisé")), 1)
    assert refused.flags == {facts.ACCOUNT, facts.SAME_BYTES, facts.ASK_FIRST}
    assert refused.causes[0].code == "ttn.signer_not_authorised"
    content = d.after_save(call(fault("", "cvc-maxLength-valid: Value 'x'")), 1)
    assert (content.state, content.flags) == (d.REJECTED, frozenset())
    again = d.after_save(call(problem="network.refused", reached=False), 2, failures=9)
    assert again.flags == {facts.ACCOUNT, facts.ASK_FIRST}
    last = d.after_save(call(problem="network.refused", reached=False), 1, failures=TRIES - 1)
    assert (last.state, last.code, last.retry_in) == (d.SIGNED, "send.given_up", None)
    assert not last.flags and not last.causes
    delays = [
        d.after_save(call(problem="network.refused", reached=False), 1, failures=n).retry_in
        for n in range(12)
    ]
    assert delays == sorted(delays)
    assert delays[-1] == 1800


def test_causes_of_a_text():
    """What a text without a number says is explained, except where it may have taken the document."""

    def causes(text, attempt=1):
        return [cause.code for cause in d.after_save(call(read_save_text(text)), attempt).causes]

    assert causes("Signataire non autorisé", 2) == ["ttn.signer_not_authorised"]
    assert causes("Ce document a déjà été envoyé") == ["ttn.duplicate"]
    assert causes("Facture déjà enregistrée") == ["ttn.duplicate"]
    assert causes("Revenez demain") == ["ttn.unknown"]
    assert causes("Facture enregistree, conforme a la version 1.8.8 du xsd") == []
    assert causes("Facture enregistree, en cours de validation") == []


@pytest.mark.parametrize(
    ("made", "attempt"), [(call(ConsultAnswer(), operation=CONSULT), 1), (call(SaveAnswer("")), 0)]
)
def test_wrong_use(made, attempt):
    with pytest.raises(ValueError):
        d.after_save(made, attempt)


def test_a_clock_that_is_wrong_is_believed_for_a_day():
    """What TTN's clock says was not waited is not waited; but nobody waits for a wrong clock for ever."""
    year = 365 * DAY
    early = d.after_consult(SENT, [], at(600 - year, d.UNKNOWN, clock_ahead=year))
    assert (early.state, early.code) == (d.UNKNOWN, "ask.not_visible")
    assert early.retry_in <= 1.2 * HOUR
    late = d.after_consult(SENT, [], at(DAY - year, d.UNKNOWN, clock_ahead=year))
    assert (late.state, late.code) == (d.TO_DECIDE, "ask.absent_unproved")
    still = d.after_consult(SENT, [], at(60, d.UNKNOWN, clock_ahead=DAY))
    assert (still.state, still.code) == (d.TO_DECIDE, "ask.absent_unproved")
    no_answer = d.after_consult(SENT, None, at(DAY - year, d.UNKNOWN, clock_ahead=year))
    assert (no_answer.state, no_answer.code) == (d.TO_DECIDE, "ask.no_answer")
    assert d.after_consult(SENT, [seen()], at(DAY - year, d.UNKNOWN, clock_ahead=year)).state == d.SUBMITTED


def test_lease_expired():
    assert (d.lease_expired().state, d.lease_expired().code) == (d.UNKNOWN, "send.lease_expired")


# --- after a question ---------------------------------------------------------------------------------------------------


def ruled(deposit_id, named, ours=True, waited=60, state=d.TO_DECIDE, **values):
    """Somebody has decided about a deposit."""
    return at(waited, state, rulings=(Ruling(deposit_id, ours, named),), **values)


def disowned(deposit_id, **values):
    return ruled(deposit_id, "", ours=False, **values)


ABSENT = {"absences": (LEASE + 1, LEASE + 60), "later_seen": LEASE + DAY}
ASKED = [
    # (deposits, history, state, code)
    # ours, by signature or by id
    ([seen()], UNKNOWN, d.SUBMITTED, "ask.pending"),
    ([seen(errors=[ERROR])], UNKNOWN, d.REJECTED, "ask.rejected"),
    ([seen(errors=[WARNING])], UNKNOWN, d.SUBMITTED, "ask.pending"),
    ([seen(errors=[ERROR])], at(60, d.REJECTED), d.REJECTED, "ask.still_rejected"),
    ([seen(errors=[ERROR]), seen(2)], UNKNOWN, d.SUBMITTED, "ask.pending"),
    ([seen()], at(60, d.REJECTED), d.SUBMITTED, "ask.pending"),
    ([seen()], at(60, d.SIGNED), d.SUBMITTED, "ask.pending"),
    ([blank(5)], at(60, d.SUBMITTED), d.SUBMITTED, "ask.pending"),
    ([blank(5, errors=(ERROR,))], at(60, d.SUBMITTED), d.REJECTED, "ask.rejected"),
    ([blank(5, reference="R")], at(60, d.SUBMITTED), d.SUBMITTED, "accept.waiting_document"),
    ([blank(5, reference="R")], at(700, d.SUBMITTED), d.TO_DECIDE, "accept.unreadable"),
    ([seen(5, **TAKEN)], at(60, d.SUBMITTED), d.TO_DECIDE, "ask.id_of_other"),
    # accepted
    ([seen(reference="R")], UNKNOWN, d.ACCEPTED, "accept.accepted"),
    ([seen(reference="R", errors=[ERROR])], at(60, d.REJECTED), d.ACCEPTED, "accept.accepted"),
    ([seen(reference="R")], at(9 * DAY, d.TO_DECIDE), d.ACCEPTED, "accept.accepted"),
    ([seen(reference="R", fingerprint=None)], UNKNOWN, d.ACCEPTED, "accept.accepted"),
    ([seen(reference="R", generated="")], UNKNOWN, d.ACCEPTED, "accept.accepted"),
    ([seen(reference="R", ttn_signature="invalid")], UNKNOWN, d.ACCEPTED, "accept.unproved"),
    ([seen(reference="R", ttn_signature="absent")], UNKNOWN, d.ACCEPTED, "accept.unproved"),
    ([seen(generated="R")], UNKNOWN, d.SUBMITTED, "accept.waiting_document"),
    ([seen(generated="R")], at(700), d.ACCEPTED, "accept.without_document"),
    ([seen(reference="R", errors=[ERROR]), seen(2, errors=[ERROR])], UNKNOWN, d.ACCEPTED, "accept.accepted"),
    ([seen(reference="R"), seen(2, reference="R")], UNKNOWN, d.ACCEPTED, "accept.accepted"),
    ([seen(reference="R"), seen(2, reference="Q")], UNKNOWN, d.CONFLICT, "accept.two_acceptances"),
    ([seen(reference="Q")], at(60, d.ACCEPTED, reference="R"), d.CONFLICT, "accept.two_acceptances"),
    ([seen(reference="R"), seen(2, reference="Q", **SAME)], UNKNOWN, d.CONFLICT, "accept.two_acceptances"),
    ([seen(reference="R"), seen(2, reference="Q", **OLD)], UNKNOWN, d.CONFLICT, "accept.two_acceptances"),
    ([seen(reference="R"), seen(2, reference="Q", **TAKEN)], UNKNOWN, d.CONFLICT, "accept.two_acceptances"),
    ([seen(reference="R"), seen(2, reference="Q", **FOREIGN)], UNKNOWN, d.ACCEPTED, "accept.accepted"),
    ([seen(reference="R"), seen(2, reference="Q", type_code="I-12", **TAKEN)], UNKNOWN, d.ACCEPTED, "accept.accepted"),
    ([], at(60, d.CONFLICT), d.CONFLICT, "accept.two_acceptances"),
    ([seen(reference="R")], at(60, d.CONFLICT, reference="R"), d.CONFLICT, "accept.two_acceptances"),
    ([], at(60, d.ACCEPTED, reference="R"), d.ACCEPTED, "accept.kept"),
    ([blank(8)], at(60, d.ACCEPTED, reference="R"), d.ACCEPTED, "accept.kept"),
    ([seen(errors=[ERROR])], at(60, d.ACCEPTED, reference="R"), d.ACCEPTED, "accept.kept"),
    ([seen(reference="Q", total=Decimal(1))], at(60, d.ACCEPTED, reference="R"), d.ACCEPTED, "accept.changed"),
    # accepted, but not what we sent
    ([seen(reference="R", total=Decimal("119.001"))], UNKNOWN, d.TO_DECIDE, "accept.mismatch"),
    ([seen(reference="R", fingerprint="OTHER")], UNKNOWN, d.TO_DECIDE, "accept.mismatch"),
    ([seen(reference="R", generated="Q")], UNKNOWN, d.TO_DECIDE, "accept.mismatch"),
    # the same document, earlier versions, the same number
    ([seen(**SAME)], UNKNOWN, d.TO_DECIDE, "ask.same_document"),
    ([seen(), seen(2, **SAME)], UNKNOWN, d.SUBMITTED, "ask.pending"),
    ([seen(), seen(2, reference="Q", **SAME)], UNKNOWN, d.TO_DECIDE, "ask.same_document"),
    ([seen(errors=[ERROR]), seen(2, **SAME)], UNKNOWN, d.TO_DECIDE, "ask.same_document"),
    ([seen(reference="Q", **OLD)], UNKNOWN, d.TO_DECIDE, "ask.earlier_accepted"),
    ([seen(), seen(2, reference="Q", **OLD)], UNKNOWN, d.TO_DECIDE, "ask.earlier_accepted"),
    ([blank(90, reference="Q")], UNKNOWN, d.TO_DECIDE, "ask.earlier_accepted"),
    ([blank(90, errors=(ERROR,))], UNKNOWN, d.UNKNOWN, "ask.not_visible"),
    ([seen(errors=[ERROR]), seen(2, **OLD)], UNKNOWN, d.TO_DECIDE, "ask.earlier_pending"),
    ([seen(2, **OLD)], at(60, d.REJECTED), d.TO_DECIDE, "ask.earlier_pending"),
    # what took its place, perhaps with the same content, has questions of its own; two acceptances are two all the same
    ([seen(errors=[ERROR]), seen(2, **NEXT)], at(60, d.REJECTED), d.REJECTED, "ask.still_rejected"),
    ([seen(errors=[ERROR]), seen(2, reference="Q", **NEXT)], at(60, d.REJECTED), d.REJECTED, "ask.still_rejected"),
    ([seen(2, reference="Q", signature_value="NEXT")], at(60, d.REJECTED), d.REJECTED, "ask.still_rejected"),
    ([blank(95, reference="Q")], at(60, d.REJECTED), d.REJECTED, "ask.still_rejected"),
    ([seen(reference="R"), seen(2, **NEXT)], at(60, d.REJECTED), d.ACCEPTED, "accept.accepted"),
    ([seen(reference="R"), seen(2, reference="Q", **NEXT)], at(60, d.REJECTED), d.CONFLICT, "accept.two_acceptances"),
    ([seen(2, **OLD)], at(60, d.SIGNED), d.TO_DECIDE, "ask.earlier_pending"),
    ([seen(2, **TAKEN)], at(60, d.SIGNED), d.TO_DECIDE, "ask.number_taken"),
    ([seen(2, **TAKEN)], UNKNOWN, d.UNKNOWN, "ask.not_visible"),
    ([seen(2, **TAKEN)], at(1801, **ABSENT), d.TO_DECIDE, "ask.number_taken"),
    ([seen(2, errors=[ERROR], **TAKEN)], at(1801, **ABSENT), d.TO_DECIDE, "ask.absent"),
    ([seen(), seen(2, reference="Q", **TAKEN)], UNKNOWN, d.SUBMITTED, "ask.pending"),
    # not readable: nothing may be concluded
    ([blank(8)], UNKNOWN, d.UNKNOWN, "ask.unreadable"),
    ([blank(8)], at(1800), d.TO_DECIDE, "ask.unreadable"),
    ([blank(8)], at(60, d.SUBMITTED), d.SUBMITTED, "ask.unreadable"),
    ([blank(8)], at(60, d.REJECTED), d.UNKNOWN, "ask.unreadable"),
    ([blank(8)], at(60, d.SIGNED), d.UNKNOWN, "ask.unreadable"),
    ([blank(8)], at(60, d.TO_DECIDE), d.TO_DECIDE, "ask.unreadable"),
    ([blank(8), seen(errors=[ERROR])], UNKNOWN, d.SUBMITTED, "ask.unreadable"),
    ([blank(8), seen()], UNKNOWN, d.SUBMITTED, "ask.pending"),
    ([blank(8, "fac 007")], UNKNOWN, d.UNKNOWN, "ask.unreadable"),
    ([blank(8, "2026/FAC-7")], UNKNOWN, d.UNKNOWN, "ask.unreadable"),
    ([blank(8, "FAC")], UNKNOWN, d.UNKNOWN, "ask.unreadable"),
    ([blank(8, "")], UNKNOWN, d.UNKNOWN, "ask.unreadable"),
    ([blank(8, "FAC/70")], UNKNOWN, d.UNKNOWN, "ask.not_visible"),
    ([blank(8, "FAC/6")], UNKNOWN, d.UNKNOWN, "ask.not_visible"),
    ([replace(blank(8), other=True)], UNKNOWN, d.UNKNOWN, "ask.not_visible"),
    # nothing of ours
    ([], UNKNOWN, d.UNKNOWN, "ask.not_visible"),
    ([seen(2, **FOREIGN)], UNKNOWN, d.UNKNOWN, "ask.not_visible"),
    ([seen(2, number="FAC/70", errors=[ERROR], **TAKEN)], UNKNOWN, d.UNKNOWN, "ask.not_visible"),
    ([], at(-10), d.UNKNOWN, "ask.not_visible"),
    ([], at(1799, **ABSENT), d.UNKNOWN, "ask.not_visible"),
    ([], at(1800, **ABSENT), d.TO_DECIDE, "ask.absent"),
    ([], at(1800, auto_resend=True, **ABSENT), d.SIGNED, "ask.resend"),
    ([], at(1800, auto_resend=True, resent=True, **ABSENT), d.TO_DECIDE, "ask.absent"),
    ([], at(1800, attempts=2, auto_resend=True, **ABSENT), d.TO_DECIDE, "ask.absent"),
    ([], at(1800, d.TO_DECIDE, auto_resend=True, **ABSENT), d.TO_DECIDE, "ask.absent"),
    ([blank(8)], at(1800, auto_resend=True, **ABSENT), d.TO_DECIDE, "ask.unreadable"),
    ([], at(1800, absences=(LEASE + 1,), later_seen=LEASE + DAY), d.UNKNOWN, "ask.not_visible"),
    ([], at(1800, absences=(LEASE - 1, LEASE - 2, LEASE + 5), later_seen=LEASE + DAY), d.UNKNOWN, "ask.not_visible"),
    ([], at(1800, absences=(LEASE + 5, LEASE + 5), later_seen=LEASE + DAY), d.UNKNOWN, "ask.not_visible"),
    ([], at(1800, absences=(LEASE + 1800, LEASE + 1801), later_seen=LEASE + DAY), d.UNKNOWN, "ask.not_visible"),
    ([], at(1800, absences=(LEASE + 1, LEASE + 60)), d.UNKNOWN, "ask.not_visible"),
    ([], at(DAY, absences=(LEASE + 1, LEASE + 60)), d.TO_DECIDE, "ask.absent_unproved"),
    # a later deposit proves something only when it was shown at the answer that settles, or after it
    ([], at(1900, absences=(LEASE + 1, LEASE + 60, LEASE + 1800), later_seen=LEASE + 1799), d.UNKNOWN, "ask.not_visible"),
    ([], at(1900, absences=(LEASE + 1, LEASE + 60, LEASE + 1800), later_seen=LEASE + 1800), d.TO_DECIDE, "ask.absent"),
    ([], at(1900, absences=(LEASE + 1, LEASE + 1800), later_seen=LEASE + 1850), d.UNKNOWN, "ask.not_visible"),
    ([], at(2999, longest_delay=1000, **ABSENT), d.UNKNOWN, "ask.not_visible"),
    ([], at(3000, longest_delay=1000, **ABSENT), d.TO_DECIDE, "ask.absent"),
    ([], at(1800, ever_seen=True, auto_resend=True, **ABSENT), d.UNKNOWN, "ask.not_visible"),
    ([], at(DAY, ever_seen=True, **ABSENT), d.TO_DECIDE, "ask.vanished"),
    ([], at(1800, d.SUBMITTED, **ABSENT), d.SUBMITTED, "ask.not_visible"),
    ([], at(60, d.TO_DECIDE), d.TO_DECIDE, "ask.not_visible"),
    ([], at(60, d.TO_DECIDE, ever_seen=True), d.TO_DECIDE, "ask.vanished"),
    ([], at(60, d.SIGNED), d.SIGNED, "ask.absent_confirmed"),
    ([], at(60, d.REJECTED), d.REJECTED, "ask.still_rejected"),
    # no complete answer
    (None, UNKNOWN, d.UNKNOWN, "ask.no_answer"),
    (None, at(DAY), d.TO_DECIDE, "ask.no_answer"),
    (None, at(9 * DAY, d.SUBMITTED), d.SUBMITTED, "ask.no_answer"),
    (None, at(60, d.SIGNED), d.SIGNED, "ask.no_answer"),
    (None, at(60, d.ACCEPTED, reference="R"), d.ACCEPTED, "ask.no_answer"),
    (None, at(60, d.REJECTED), d.REJECTED, "ask.no_answer"),
    # somebody decided: it is ours
    ([seen(2, reference="R", **SAME)], ruled(2, "R"), d.ACCEPTED, "accept.decided"),
    ([seen(2, reference="R", **OLD)], ruled(2, "R"), d.ACCEPTED, "accept.decided"),
    ([seen(2, reference="R", total=Decimal(1))], ruled(2, "R"), d.ACCEPTED, "accept.decided"),
    ([blank(5, reference="R")], ruled(5, "R"), d.ACCEPTED, "accept.decided"),
    ([blank(8, reference="R")], ruled(8, "R"), d.ACCEPTED, "accept.decided"),
    ([seen(2, reference="R", **SAME)], ruled(2, "R", state=d.ACCEPTED, reference="R"), d.ACCEPTED, "accept.decided"),
    ([seen(2, reference="R", total=Decimal(1))], ruled(2, "R", state=d.ACCEPTED, reference="R"), d.ACCEPTED, "accept.decided"),
    ([seen(2, generated="R", **SAME)], ruled(2, "R", state=d.SUBMITTED), d.SUBMITTED, "accept.waiting_document"),
    ([seen(3), seen(2, reference="R", **SAME)], ruled(2, "R"), d.ACCEPTED, "accept.decided"),
    ([seen(3, reference="Q"), seen(2, reference="R", **SAME)], ruled(2, "R"), d.CONFLICT, "accept.two_acceptances"),
    # but not another one, nor under another reference than it had
    ([seen(2, reference="Q", **SAME)], ruled(2, "R"), d.TO_DECIDE, "ask.same_document"),
    ([seen(3, reference="R", **SAME)], ruled(2, "R"), d.TO_DECIDE, "ask.same_document"),
    ([seen(2, **SAME)], ruled(2, ""), d.TO_DECIDE, "ask.same_document"),
    ([seen(2, reference="R", **TAKEN)], ruled(2, "R", state=d.SIGNED), d.TO_DECIDE, "ask.number_taken"),
    # somebody decided: it is another document's
    ([seen(2, **TAKEN)], disowned(2, tried=False), facts.RELEASED, "ask.released"),
    ([seen(2, **TAKEN)], disowned(2, tried=False, state=d.SIGNED), facts.RELEASED, "ask.released"),
    ([seen(2, **TAKEN), seen(3, **TAKEN)], disowned(2, tried=False, state=d.SIGNED), d.TO_DECIDE, "ask.number_taken"),
    ([seen(2, **TAKEN), seen(3, **OLD)], disowned(2, tried=False, state=d.SIGNED), d.TO_DECIDE, "ask.number_taken"),
    ([seen(2, **TAKEN), seen(3)], disowned(2, tried=False), d.SUBMITTED, "ask.pending"),
    ([seen(2, **TAKEN), seen(3, reference="R")], disowned(2, tried=False), d.ACCEPTED, "accept.accepted"),
    ([seen(2, **TAKEN)], disowned(2), d.TO_DECIDE, "ask.release_waits"),
    ([seen(2, **TAKEN)], disowned(2, waited=1800, **ABSENT), facts.RELEASED, "ask.released"),
    ([seen(2, **TAKEN)], disowned(2, waited=1800, state=d.SIGNED, **ABSENT), facts.RELEASED, "ask.released"),
    ([seen(2, **TAKEN)], disowned(2, waited=1800, **{**ABSENT, "later_seen": None}), d.TO_DECIDE, "ask.release_waits"),
    ([seen(2, **TAKEN)], disowned(2, waited=1800, ever_seen=True, **ABSENT), d.TO_DECIDE, "ask.release_waits"),
    ([seen(2, **TAKEN)], disowned(2, waited=DAY, ever_seen=True, **ABSENT), facts.RELEASED, "ask.released"),
    ([seen(5, **TAKEN)], disowned(5, waited=1800, **ABSENT), facts.RELEASED, "ask.released"),
    ([seen(5, number="FAC/70", **TAKEN)], disowned(5, waited=1800, **ABSENT), d.TO_DECIDE, "ask.absent"),
    ([seen(2, reference="R", total=Decimal(1))], disowned(2, waited=DAY, ever_seen=True, **ABSENT), facts.RELEASED,
     "ask.released"),
    ([blank(8, "FAC")], disowned(8, waited=1800, **ABSENT), d.TO_DECIDE, "ask.absent"),
    ([blank(8)], disowned(8, waited=1800, **ABSENT), facts.RELEASED, "ask.released"),
    # nobody disowns what is ours beyond doubt, nor the same document
    ([seen(2, reference="R")], disowned(2), d.ACCEPTED, "accept.accepted"),
    ([seen(2)], disowned(2), d.SUBMITTED, "ask.pending"),
    ([seen(2, reference="R", **SAME)], disowned(2), d.TO_DECIDE, "ask.same_document"),
]  # fmt: skip
WITH_ID = replace(SENT, deposit_ids=frozenset({5}))


@pytest.mark.parametrize(("deposits", "history", "state", "code"), ASKED)
def test_what_an_answer_means(deposits, history, state, code):
    known = any(s.deposit.deposit_id == 5 for s in deposits or ())
    for order in itertools.permutations(deposits) if deposits else [deposits]:
        decision = d.after_consult(WITH_ID if known else SENT, order, history)
        assert (decision.state, decision.code) == (state, code)


def test_every_code_and_flag_is_reached():
    made = [d.after_save(c, n, failures=9) for c, n, *_ in SAVED] + [d.lease_expired()]
    made.append(d.after_save(call(problem="network.refused", reached=False), 1, failures=TRIES - 1))
    for deposits, history, *_ in ASKED:
        known = any(s.deposit.deposit_id == 5 for s in deposits or ())
        made.append(d.after_consult(WITH_ID if known else SENT, deposits, history))
    assert {decision.code for decision in made} == d.CODES
    assert {decision.state for decision in made} == d.STATES | {facts.RELEASED}
    assert frozenset().union(*(decision.flags for decision in made)) == d.FLAGS


def test_what_is_handed_over():
    one, two = seen(1, reference="R"), seen(2)
    decision = d.after_consult(SENT, [two, one], UNKNOWN)
    assert (decision.deposit_id, decision.reference, decision.seen) == (1, "R", one)
    assert decision.flags == {facts.VISIBLE}
    assert [(one.code, one.seen) for one in decision.told] == [("sweep.duplicate", two)]
    assert decision.retry_in == DAY  # the second deposit may be accepted too
    assert d.after_consult(SENT, [one], UNKNOWN).retry_in is None
    rejected = d.after_consult(SENT, [seen(errors=[ERROR, AckError("", "Certificat expiré")])], UNKNOWN)
    assert [cause.code for cause in rejected.causes] == ["ttn.business_control", "ttn.certificate_expired"]
    assert rejected.flags == {facts.VISIBLE, facts.ACCOUNT}
    warned = d.after_consult(SENT, [seen(errors=[WARNING])], UNKNOWN)
    assert [cause.code for cause in warned.causes] == ["ttn.secondary_reference"]
    conflict = d.after_consult(SENT, [one, seen(2, reference="Q")], UNKNOWN)
    assert conflict.params == {"references": ["Q", "R"], "deposits": [1, 2]}
    mismatch = d.after_consult(
        SENT, [seen(reference="R", number="X", sender=None, total=None, document_digest=None)], UNKNOWN
    )
    assert mismatch.params == {"reference": "R", "fields": ["document_digest", "number", "sender", "total"]}


def test_what_contradicts_an_acceptance_is_told():
    odd = seen(7, reference="Q", total=Decimal(1))
    changed = d.after_consult(SENT, [odd], at(60, d.ACCEPTED, reference="R"))
    assert changed.code == "accept.changed"
    assert [(one.code, one.seen) for one in changed.told] == [("sweep.contradiction", odd)]


@pytest.mark.parametrize("state", [d.TO_DECIDE, d.ACCEPTED, d.CONFLICT])
def test_no_answer_says_nothing_new(state):
    assert facts.SAME_REASON in d.after_consult(SENT, None, at(9 * DAY, state)).flags
    assert facts.SAME_REASON not in d.after_consult(SENT, None, at(DAY)).flags


def test_both_acceptances_stay_known():
    """Whichever of them TTN hides, and whatever order it shows them in."""
    one, two = seen(1, reference="R"), seen(2, reference="Q")
    first = d.after_consult(SENT, [one, two], UNKNOWN)
    assert set(first.acceptances) == {one, two}
    for deposits in ([one], [two], [], [two, one], [blank(8)]):
        known = at(DAY, d.CONFLICT, reference="R", conflict=first.params)
        again = d.after_consult(SENT, deposits, known)
        assert (again.state, again.reference, again.params) == (d.CONFLICT, "R", first.params)
    third = d.after_consult(SENT, [seen(3, reference="S")], known)
    assert third.params == {"references": ["Q", "R", "S"], "deposits": [1, 2, 3]}


def test_what_somebody_named_is_proved_by_ttn_alone():
    def flags(deposit):
        return d.after_consult(SENT, [deposit], ruled(2, "R")).flags

    assert facts.UNPROVED not in flags(seen(2, reference="R", **SAME))
    assert facts.UNPROVED in flags(seen(2, reference="R", ttn_signature="invalid", **SAME))
    assert facts.UNPROVED in flags(seen(2, reference="R", total=Decimal(1)))
    assert facts.UNPROVED in flags(blank(2, reference="R"))
    named = d.after_consult(SENT, [seen(2, reference="R", **SAME)], ruled(2, "R"))
    assert (named.reference, named.deposit_id) == ("R", 2)


def test_a_later_deposit_is_asked_for_when_it_alone_is_missing():
    absent = {"absences": (LEASE + 1, LEASE + 60)}
    assert facts.WITNESS in d.after_consult(SENT, [], at(1800, **absent)).flags
    assert facts.WITNESS in d.after_consult(SENT, [], at(DAY, **absent)).flags
    assert facts.WITNESS not in d.after_consult(SENT, [], at(1799, **absent)).flags
    assert facts.WITNESS not in d.after_consult(SENT, [], at(1800, **ABSENT)).flags
    taken = [seen(2, **TAKEN)]
    assert facts.WITNESS in d.after_consult(SENT, taken, disowned(2, waited=1800, **absent)).flags


def test_nothing_goes_by_itself_where_somebody_has_decided():
    history = at(1800, auto_resend=True, rulings=(Ruling(9, False),), **ABSENT)
    assert d.after_consult(SENT, [], history).state == d.TO_DECIDE


def test_what_is_of_concern():
    """Everything that could be, or become, an acceptance; not what was rejected before, nor other documents."""
    rejected = [seen(90, errors=[ERROR], **OLD), seen(91, errors=[ERROR], **TAKEN), seen(92, **FOREIGN)]
    assert sort_deposits(SENT, rejected).of_concern == ()
    for one in (
        seen(),
        seen(errors=[ERROR]),
        seen(90, **OLD),
        seen(90, reference="R", **OLD),
        seen(**SAME),
        seen(**TAKEN),
        blank(5),
    ):
        assert sort_deposits(SENT, [one, *rejected]).of_concern == (one,)
    assert sort_deposits(WITH_ID, [seen(5, **FOREIGN)]).of_concern == (seen(5, **FOREIGN),)


def test_errors_of_others_do_not_count():
    for other in (FOREIGN, TAKEN, OLD):
        decision = d.after_consult(SENT, [seen(3, errors=[ERROR], **other)], UNKNOWN)
        assert (decision.state, decision.causes) == (d.UNKNOWN, ())


def test_absences_are_counted_and_cleared():
    assert d.after_consult(SENT, [], UNKNOWN).absent is True
    assert d.after_consult(SENT, [], at(-1)).absent is None
    assert d.after_consult(SENT, [blank(8)], UNKNOWN).absent is False
    assert d.after_consult(SENT, None, UNKNOWN).absent is None
    assert d.after_consult(SENT, [seen()], UNKNOWN).absent is False


def test_times():
    rng = random.Random(1)
    assert [d.next_poll_delay(n) for n in (-1, 0, 1, 5, 99)] == [5, 5, 10, 80, 900]
    assert all(4 <= d.next_poll_delay(0, rng) <= 6 for _ in range(50))
    assert d.after_consult(SENT, [], at(1790, polls=9)).retry_in == 11  # not long past W
    assert d.after_consult(SENT, [], at(-30)).retry_in == 31  # not before the end of the lease
    assert d.after_consult(SENT, [seen()], at(2 * DAY, polls=50)).retry_in == HOUR
    assert d.after_consult(SENT, [], at(31 * DAY, d.REJECTED)).retry_in is None
    assert d.after_consult(SENT, [], at(DAY, d.REJECTED)).retry_in == DAY


def test_the_cause_of_no_answer_is_told():
    cause = classify_problem(Problem("network.connect_timeout", "x"))
    decision = d.after_consult(SENT, None, UNKNOWN, cause=cause)
    assert (decision.causes, decision.flags) == ((cause,), {facts.ACCOUNT})
    assert d.after_consult(SENT, None, at(60, d.SIGNED)).flags == {facts.ASK_FIRST}


def test_states_in_which_nobody_asks():
    with pytest.raises(ValueError):
        d.after_consult(SENT, [], at(60, "to_sign"))


# --- anything -------------------------------------------------------------------------------------------------------------

signatures = st.sampled_from([None, "SIG", "S\nIG ", "OLD", "RESIGNED", "X"])
any_seen = st.builds(
    Seen,
    deposit=st.builds(
        Deposit,
        deposit_id=st.sampled_from([None, 5, 6, 90]),
        number=st.sampled_from(["FAC/7", "FAC/70", ""]),
        reference=st.sampled_from(["", "R", "Q"]),
        errors=st.lists(st.sampled_from([ERROR, WARNING, AckError("SERV09", "")]), max_size=2).map(tuple),
    ),
    signature_value=signatures,
    document_digest=st.sampled_from([None, "DIGEST", "X="]),
    sender=st.sampled_from([None, "0736202XAM000", "Z"]),
    number=st.sampled_from([None, "FAC/7", " FAC/7 ", "FAC/70"]),
    type_code=st.sampled_from([None, "I-11", "I-12"]),
    total=st.sampled_from([None, Decimal("119"), Decimal("1")]),
    reference=st.sampled_from(["", "R", "Q"]),
    ttn_signature=st.sampled_from(["valid", "invalid", "absent"]),
    fingerprint=st.sampled_from([None, "DIGEST", "X="]),
    other=st.booleans(),
)
any_history = st.builds(
    History,
    state=st.sampled_from(sorted(d.STATES)),
    now=st.floats(0, 40 * DAY),
    attempts=st.integers(0, 3),
    lease_until=st.floats(0, 10 * DAY),
    absences=st.lists(st.floats(0, 40 * DAY), max_size=5).map(tuple),
    polls=st.integers(0, 100),
    ever_seen=st.booleans(),
    later_seen=st.none() | st.floats(0, 40 * DAY),
    longest_delay=st.floats(0, 10_000),
    auto_resend=st.booleans(),
    resent=st.booleans(),
    reference=st.sampled_from(["", "R"]),
    tried=st.booleans(),
    rulings=st.lists(
        st.builds(
            Ruling, st.sampled_from([5, 6, 90]), st.booleans(), reference=st.sampled_from(["", "R", "Q"])
        ),
        max_size=2,
        unique_by=lambda ruling: ruling.deposit_id,
    ).map(tuple),
)


def is_longer(one):
    """Listed under a number that only begins like ours."""
    return not one.signature_value and one.deposit.number == "FAC/70"


@settings(max_examples=800, deadline=None)
@given(
    st.sampled_from([SENT, WITH_ID]), st.none() | st.lists(any_seen, max_size=4), any_history, st.randoms()
)
def test_whatever_ttn_shows(sent, deposits, history, rng):
    decision = d.after_consult(sent, deposits, history)
    assert decision.state in d.STATES | {facts.RELEASED}
    assert decision.code in d.CODES
    assert decision.flags <= d.FLAGS
    assert decision.retry_in is None or decision.retry_in >= 0
    json.dumps(decision.params)
    # the order in which TTN lists deposits decides nothing
    if deposits:
        other_order = list(deposits)
        rng.shuffle(other_order)
        again = d.after_consult(sent, other_order, history)
        assert (again.state, again.code) == (decision.state, decision.code)
    disowned_ids = {ruling.deposit_id for ruling in history.rulings if not ruling.ours}

    def is_disowned(one):
        return one.deposit.deposit_id in disowned_ids

    # released only where somebody said so, and nothing that may be ours is in view
    if decision.state == facts.RELEASED:
        assert history.state in (d.SIGNED, d.TO_DECIDE)
        assert is_disowned(decision.seen)
        assert not any(
            s.signature_value and "".join(s.signature_value.split()) == "SIG" and not is_disowned(s)
            for s in deposits
        )
        assert not history.tried or history.now >= history.lease_until + 1800
    # an acceptance, once known, is never given up
    if history.reference and history.state in (d.ACCEPTED, d.CONFLICT):
        assert decision.reference
    if history.state in (d.ACCEPTED, d.CONFLICT):
        assert decision.state in (d.ACCEPTED, d.CONFLICT)
    if history.state == d.CONFLICT:
        assert decision.state == d.CONFLICT
    # nothing is sent again unless everything that TTN showed could be read and is not ours
    if decision.state == d.SIGNED and history.state != d.SIGNED:
        assert history.state == d.UNKNOWN
        assert history.auto_resend and not history.resent and history.attempts == 1
        assert not history.rulings
        assert history.now >= history.lease_until + 1800
        assert history.later_seen >= history.lease_until + 1800
        assert all(s.other or s.signature_value in ("X", "OLD") or is_longer(s) for s in deposits)
    if decision.code == "ask.absent_confirmed":
        assert all(s.other or s.signature_value or is_longer(s) or is_disowned(s) for s in deposits)
    # accepted only with a reference of a document that is ours, or that somebody named with it
    if decision.code == "accept.decided":
        named = Ruling(decision.seen.deposit.deposit_id, True, decision.reference)
        assert named in history.rulings and decision.reference == decision.seen.any_reference
    elif decision.state == d.ACCEPTED and history.state != d.ACCEPTED and not history.reference:
        shown = decision.seen
        assert "".join(shown.signature_value.split()) == "SIG"
        assert (shown.document_digest, shown.number.strip(), shown.sender) == (
            "DIGEST",
            "FAC/7",
            "0736202XAM000",
        )
        assert shown.total == Decimal("119")
        assert decision.reference == shown.any_reference
        assert facts.UNPROVED in decision.flags or (shown.ttn_signature == "valid" and shown.reference)
    # rejected only by our own deposit, and only while nothing else of ours is open
    if decision.state == d.REJECTED and history.state != d.REJECTED and deposits is not None:
        assert decision.causes and decision.seen in deposits
        assert not any(
            not s.signature_value
            and not s.other
            and s.deposit.deposit_id not in (5, 90)
            and not is_disowned(s)
            for s in deposits
        )


def test_what_was_left_behind_is_asked_about_once_a_day():
    shown = [seen(reference="R", total=Decimal(1))]
    decision = d.after_consult(SENT, shown, at(60, d.REJECTED, left_behind=True))
    assert (decision.state, decision.retry_in) == (d.TO_DECIDE, DAY)
    assert d.after_consult(SENT, shown, at(60, d.REJECTED)).retry_in == HOUR


@pytest.mark.parametrize("shown", [[seen(reference="R", total=Decimal(1))], [], None])
def test_what_nobody_decides_about_is_asked_about_once_a_day(shown):
    for waited, delay in ((3 * DAY - 1, HOUR), (3 * DAY, DAY), (90 * DAY, DAY)):
        decision = d.after_consult(SENT, shown, at(waited, d.TO_DECIDE))
        assert (decision.state, decision.retry_in) == (d.TO_DECIDE, delay), waited
