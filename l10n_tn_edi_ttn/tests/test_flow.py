import base64
import hashlib
from unittest.mock import patch

from odoo.exceptions import UserError
from odoo.fields import Datetime
from odoo.tests import tagged

from ..models import l10n_tn_edi_document_lanes
from ..models.l10n_tn_edi_document_queue import LEASE_SECONDS
from ..signature import verify
from ..teif.foreign import parse_foreign_xml
from ..teif.reader import read
from .common_flow import TnEdiFlowCommon

REJECTION = ["CONTRL05", "Matricule de l'émetteur différent du matricule attendu"]


@tagged("post_install_l10n", "post_install", "-at_install")
class TestFlow(TnEdiFlowCommon):
    """From the posted invoice to TTN's verdict."""

    def seconds_to_next(self, document):
        return (document.next_at - Datetime.now()).total_seconds()

    # === The straight way === #

    def test_posting_calls_nobody(self):
        document = self.post()
        self.assertEqual((document.state, document.number), ("to_send", document.move_id.name))
        self.assertFalse(document.signed_id)
        self.assertFalse(self.sandbox.ledger(self.login))

    def test_submitted(self):
        document = self.deposit()
        move = document.move_id
        [row] = self.saves()
        self.assertEqual((row["number"], row["outcome"]), (move.name, "deposited"))
        self.assertEqual(document.deposit_id, str(row["deposit_id"]))
        self.assertTrue(document.submitted_at)
        self.assertEqual(move.l10n_tn_edi_state, "submitted")

        received, _final = self.sandbox.files(row["deposit_id"])
        self.assertEqual(document.signed_id.raw, received, "what was sent is kept byte for byte")
        self.assertEqual(document.sha256, hashlib.sha256(received).hexdigest())
        self.assertEqual(document.signed_id.mimetype, "application/xml")
        self.assertEqual((document.signed_id.res_model, document.signed_id.res_id), ("account.move", move.id))
        [report] = verify.verify(parse_foreign_xml(received))
        self.assertTrue(report.intact)
        self.assertEqual(report.signature_value, document.signature_value)
        self.assertEqual(document.certificate_id, self.provider.certificate_id)
        self.assert_chatter_has(move, document.deposit_id)
        self.assert_sentence(document, "TTN")

    def test_attempt(self):
        document = self.deposit()
        [attempt] = document.exchange_ids
        self.assertEqual((attempt.operation, attempt.attempt), ("save", 1))
        self.assertEqual(attempt.account, self.login)
        self.assertEqual(attempt.sha256, document.sha256)
        self.assertEqual(attempt.signature_value, document.signature_value)
        self.assertEqual(attempt.document_digest, document.document_digest)
        self.assertEqual((attempt.lease_until - attempt.started_at).total_seconds(), LEASE_SECONDS)
        self.assertEqual(document.lease_until, attempt.lease_until)
        self.assertLessEqual(attempt.started_at, attempt.finished_at)
        self.assertEqual((attempt.answer_class, attempt.http_status), ("submitted", 200))
        self.assertEqual(attempt.deposit_id, document.deposit_id)
        self.assertIn(document.deposit_id, attempt.response_text)
        self.assertIn(
            f"sha256:{document.sha256}", attempt.request_text, "the document itself is kept once, elsewhere"
        )
        self.assertNotIn(self.password, attempt.request_text)
        with self.assertRaises(UserError):
            attempt.answer_class = "refused"
        with self.assertRaises(UserError):
            attempt.unlink()

    def test_the_attempt_is_there_before_the_call(self):
        document = self.post()
        seen = []

        def look(model, *arguments):
            model.env.flush_all()
            [attempt] = document.exchange_ids
            seen.append(
                (document.state, document.attempt_count, bool(attempt.finished_at), bool(attempt.lease_until))
            )
            yield from original(model, *arguments)

        original = type(self.documents)._call_together
        self.patch(type(self.documents), "_call_together", look)
        self.submit()
        self.assertEqual(seen[0], ("sending", 1, False, True))
        self.assertEqual(document.state, "submitted")

    def test_accepted(self):
        document = self.accept()
        move = document.move_id
        [deposit] = self.sandbox.deposits(self.login)
        self.assertEqual(document.reference, deposit["reference"])
        self.assertEqual(move.l10n_tn_edi_reference, deposit["reference"])
        _received, final = self.sandbox.files(deposit["id"])
        self.assertEqual(document.ttn_xml_id.raw, final, "TTN's file is kept byte for byte")
        self.assertEqual(
            (document.ttn_xml_id.res_model, document.ttn_xml_id.res_id), ("account.move", move.id)
        )
        self.assertNotEqual(document.ttn_xml_id, document.signed_id)

        reports = {report.id: report for report in verify.verify(parse_foreign_xml(final))}
        self.assertEqual(
            {name: report.intact for name, report in reports.items()}, {"SigFrs": True, "SigTTN": True}
        )
        self.assertFalse(document.unproved)
        given = read(parse_foreign_xml(final)).ttn_reference
        self.assertEqual(given.reference, document.reference)
        self.assertEqual(base64.b64decode(document.cev), base64.b64decode("".join(given.cev.split())))
        self.assertTrue(base64.b64decode(document.cev).startswith(b"\x89PNG"))
        self.assertLess(
            abs((document.reference_date - Datetime.now()).total_seconds()), 120, "in UTC, not in Tunis time"
        )
        self.assertFalse(document.next_at, "nothing remains to be asked")
        self.assertTrue(document.decided_at)

    def test_chatter_says_what_people_want_to_know(self):
        document = self.post()
        self.assertFalse(self.chatter(document.move_id))
        self.submit()
        self.follow()
        deposited, accepted = self.chatter(document.move_id)
        self.assertIn(document.deposit_id, deposited)
        self.assertIn(document.reference, accepted)

    def test_nothing_more_happens_after_acceptance(self):
        self.accept()
        calls = len(self.sandbox.ledger(self.login))
        for _time in range(3):
            self.submit()
            self.follow()
        self.assertEqual(len(self.sandbox.ledger(self.login)), calls)

    def test_files_are_kept_as_proof(self):
        document = self.accept()
        for attachment in (document.signed_id, document.ttn_xml_id):
            with self.assertRaises(UserError):
                attachment.raw = b"<other/>"
            with self.assertRaises(UserError):
                attachment.unlink()

    def test_a_batch(self):
        documents = self.documents.union(*(self.post() for _number in range(11)))
        self.submit()
        self.assertEqual(set(documents.mapped("state")), {"submitted"})
        self.follow()
        self.assertEqual(set(documents.mapped("state")), {"accepted"})
        self.assertEqual(len(self.saves()), 11)
        self.assertEqual(len(set(documents.mapped("reference"))), 11)

    def test_what_somebody_waits_for_goes_first(self):
        documents = self.documents.union(*(self.post() for _number in range(6))).sorted("id")
        documents.next_at = Datetime.subtract(Datetime.now(), hours=2)
        documents[4].move_id.with_user(self.make_accountant()).sudo(False).action_l10n_tn_edi_send()
        with patch.object(l10n_tn_edi_document_lanes, "CALLS_AT_ONCE", 1):
            self.documents._cron_submit()
        numbers = [row["number"] for row in self.saves()]
        self.assertEqual(numbers[0], documents[4].number)

    def test_a_selection_goes_in_its_turn(self):
        documents = self.documents.union(*(self.post() for _number in range(3)))
        documents.action_send()
        self.assertGreater(min(documents.mapped("next_at")), Datetime.subtract(documents._now(), minutes=1))

    # === Kinds of invoices === #

    def test_what_a_company_usually_invoices(self):
        """Judged by the sandbox, which has another schema engine and another verifier than ours."""
        euro = self.env.ref("base.EUR").sudo()
        euro.active = True
        cases = {
            "several rates and a discount": [
                self.line(120.5, self.vat_19, quantity=3, discount=10),
                self.line(80, self.vat_7),
                self.line(15.125, self.vat_0),
                self.stamp_line(),
            ],
            "consumer": {"partner": self.consumer},
            "foreign customer": {"partner": self.foreigner},
            "euro": {"currency_id": euro.id, "invoice_line_ids": [self.line(1000)]},
            "note and due date": {"narration": "<p>Merci</p>", "invoice_date_due": "2026-05-01"},
        }
        for version in ("1.8.9", "1.8.8"):
            self.settings(version=version)
            for name, case in cases.items():
                with self.subTest(case=name, version=version):
                    if isinstance(case, list):
                        document = self.accept(*case)
                    else:
                        values = dict(case)
                        lines = values.pop("invoice_line_ids", [])
                        document = self.accept(*lines, **values)
                    self.assertEqual(document.version, version)

    # === The print === #

    def test_the_print_is_made_anew(self):
        document = self.deposit()
        move = document.move_id
        early = (
            self.env["ir.attachment"]
            .sudo()
            .create(
                {
                    "name": "INV.pdf",
                    "raw": b"%PDF-1.4 without reference",
                    "mimetype": "application/pdf",
                    "res_model": "account.move",
                    "res_id": move.id,
                    "res_field": "invoice_pdf_report_file",
                }
            )
        )
        move.invalidate_recordset()
        self.assertEqual(move.invoice_pdf_report_id, early)
        self.follow()
        self.assertEqual(document.state, "accepted")
        self.assertFalse(move.invoice_pdf_report_id)
        self.assertTrue(early.exists(), "the early print stays among the files")

    # === Verdicts === #

    def test_late_verdict(self):
        self.fault("late_verdict", params={"delay": 3600})
        document = self.deposit()
        delays = []
        for _time in range(8):
            self.follow()
            self.assertEqual((document.state, document.reason_code), ("submitted", "ask.pending"))
            delays.append(self.seconds_to_next(document))
        self.assertLess(delays[0], 30)
        self.assertGreater(delays[-1], 100, "asked less and less often")
        self.assertEqual(document.poll_count, 8)
        self.assertTrue(document.first_seen_at)
        self.assertEqual(len(self.chatter(document.move_id)), 1, "waiting is no news")
        self.addCleanup(self.sandbox.advance_clock, 0)
        self.sandbox.advance_clock(4000)
        self.follow()
        self.assertEqual(document.state, "accepted", document.reason)
        self.assertEqual(len(self.saves()), 1)

    def test_not_due_is_not_asked(self):
        self.fault("late_verdict", params={"delay": 3600})
        document = self.deposit()
        self.follow()
        asked = len(self.questions())
        self.documents._cron_follow()
        self.assertEqual(len(self.questions()), asked)
        document.move_id.action_l10n_tn_edi_ask()
        self.documents._cron_follow()
        self.assertEqual(len(self.questions()), asked + 1)

    def test_rejected_then_corrected_under_the_same_number(self):
        fault = self.fault("reject", params={"errors": [REJECTION]})
        rejected = self.deposit()
        move = rejected.move_id
        self.follow()
        self.assertEqual(rejected.state, "rejected")
        [rejection] = rejected.rejections
        self.assertEqual((rejection["ttn_code"], rejection["text"]), tuple(REJECTION))
        self.assertTrue(rejection["code"].startswith("ttn."))
        self.assert_chatter_has(move, "Rejected by TTN")
        self.assert_sentence(rejected, "matricule")
        self.assertTrue(rejected.decided_at)
        self.sandbox.remove_fault(fault)

        move.l10n_tn_edi_note = "Corrigé"
        move.with_user(self.make_accountant()).action_l10n_tn_edi_correct()
        document = self.document_of(move)
        self.assertNotEqual(document, rejected)
        self.assertEqual((rejected.state, rejected.live, document.live), ("rejected", False, True))
        self.assertEqual(move.state, "posted")
        self.submit()
        self.assertEqual((document.state, document.ask_first), ("signed", True))
        self.assertEqual(len(self.saves()), 1, "TTN is asked before the number is deposited again")
        self.follow()
        self.submit()
        self.follow()
        self.assertEqual(document.state, "accepted", document.reason)
        self.assertEqual(document.number, rejected.number)
        self.assertEqual(
            [row["operation"] for row in self.sandbox.ledger(self.login)],
            ["saveEfact", "consultEfact", "consultEfact", "saveEfact", "consultEfact"],
        )
        self.assertEqual(rejected.exchange_ids.mapped("operation"), ["consult", "save"], "the proof stays")

    def test_rejected_then_reset_to_draft(self):
        fault = self.fault("reject", params={"errors": [["CONTRL01", "Montant total TTC incorrect"]]})
        rejected = self.deposit()
        self.follow()
        self.sandbox.remove_fault(fault)
        move, number = rejected.move_id, rejected.number
        move.button_draft()
        move.invoice_line_ids[0].price_unit = 250
        move.action_post()
        document = self.document_of(move)
        for _time in range(2):
            self.submit()
            self.follow()
        self.assertEqual((document.state, document.number), ("accepted", number))
        self.assertEqual(len(self.saves()), 2)

    def test_renumbered_after_a_deposit(self):
        """Whatever is corrected or edited: under another number nothing is deposited again."""
        self.fault("reject", times=1)
        rejected = self.deposit()
        self.follow()
        move, number = rejected.move_id, rejected.number
        move.button_draft()
        move.name = number[:-1] + "9"
        move.action_post()
        document = self.document_of(move)
        stopped = ("error", "document.renumbered")
        self.assertEqual((document.state, document.reason_code), stopped)
        for mend in (
            lambda: move.action_l10n_tn_edi_correct(),
            lambda: move.write({"narration": "<p>Corrigé</p>"}),
            lambda: move.invoice_line_ids[0].write({"name": "Prestation corrigée"}),
            lambda: move.action_l10n_tn_edi_correct(),
        ):
            mend()
            self.assertEqual(document.state, "to_send")
            self.submit()
            self.assertEqual((document.state, document.reason_code), stopped)
            self.assertEqual(document.reason_params["earlier"], number)
        self.assertEqual(len(self.saves()), 1)
        # With its number back it goes on.
        move.name = number
        for _time in range(2):
            self.submit()
            self.follow()
        self.assertEqual((document.state, document.number), ("accepted", number), document.reason)

    def test_renumbered_while_in_doubt(self):
        """A deposit that was confirmed as absent may still appear under its number."""
        fault = self.fault("reset_before", operation="saveEfact")
        document = self.post()
        self.submit()
        self.sandbox.remove_fault(fault)
        document.state = "to_decide"
        document.with_user(self.make_responsible()).action_decide_absent()
        document.move_id.name = document.number[:-1] + "9"
        for _time in range(2):
            self.submit()
            self.follow()
        self.assertEqual((document.state, document.reason_code), ("error", "document.renumbered"))
        self.assertEqual(len(self.saves()), 1)

    def test_several_errors(self):
        self.fault("several_errors")
        document = self.deposit()
        self.follow()
        self.assertEqual(document.state, "rejected")
        self.assertEqual(
            [rejection["ttn_code"] for rejection in document.rejections], ["CONTRL01", "CONTRL02", "CONTRL05"]
        )

    def test_ttn_changes_its_mind(self):
        """A reference beats errors: a rejected document is asked about once a day."""
        self.fault("rejected_then_accepted", params={"after": 3600.0, "errors": [REJECTION]})
        document = self.deposit()
        self.follow()
        self.assertEqual(document.state, "rejected")
        self.assertAlmostEqual(self.seconds_to_next(document), 86400, delta=86400 / 4)
        self.addCleanup(self.sandbox.advance_clock, 0)
        self.sandbox.advance_clock(4000)
        self.follow()
        self.assertEqual(document.state, "accepted", document.reason)
        self.assertTrue(document.ttn_xml_id)
        self.assertEqual(len(self.saves()), 1)

    def test_refused_at_once(self):
        """A catalogued refusal of the service: nothing was deposited, and it is said what to mend."""
        self.sandbox.account(self.login, undeclare=[self.serial])
        refused = self.post()
        self.submit()
        self.assertEqual((refused.state, refused.reason_code), ("signed", "ttn.signer_not_authorised"))
        signed = refused.sha256
        self.assert_sentence(refused, "declared")
        self.assertFalse(refused.deposit_id)
        self.assertEqual(refused.exchange_ids.answer_class, "refused")
        self.sandbox.account(self.login, declare=[self.serial])
        refused.move_id.action_l10n_tn_edi_send()
        for _time in range(2):
            self.follow()
            self.submit()
        self.follow()
        self.assertEqual((refused.state, refused.sha256), ("accepted", signed), "the same bytes were good")
        self.assertEqual([row["outcome"] for row in self.saves()], ["refused", "deposited"])

    # === What TTN returns is looked at === #

    def test_ttn_signature_that_fails(self):
        self.fault("invalid_sigttn")
        document = self.accept()
        self.assertTrue(document.unproved)
        self.assertTrue(document.reference)
        self.assertTrue(document.ttn_xml_id)
        self.assertEqual(document.reason_code, "accept.unproved")
        self.assert_sentence(document)

    def test_proof_that_comes_later(self):
        """TTN's final document without its signature first, whole an hour later."""
        document = self.deposit()
        original = verify.verify_tolerant

        def without_ttn(root):
            return [report for report in original(root) if report.id != "SigTTN"]

        with patch.object(verify, "verify_tolerant", without_ttn):
            self.follow()
        self.assertEqual((document.state, document.unproved), ("accepted", True))
        self.assertTrue(document.next_at)
        decided = document.decided_at
        fault = self.fault("empty_answer")
        self.follow()
        self.assertEqual((document.state, document.unproved), ("accepted", True), "no news is no proof")
        self.sandbox.remove_fault(fault)
        self.follow()
        self.assertEqual((document.state, document.unproved), ("accepted", False))
        self.assertTrue(document.ttn_xml_id)
        self.assertEqual(document.decided_at, decided)
        self.assertFalse(document.next_at)

    def test_rewritten_by_ttn(self):
        for style in ("quotes", "latin1", "pretty"):
            with self.subTest(style=style):
                fault = self.fault("reserialised", params={"style": style})
                document = self.accept()
                self.sandbox.remove_fault(fault)
                reports = verify.verify(parse_foreign_xml(document.ttn_xml_id.raw))
                self.assertFalse(document.unproved, reports)

    def test_reference_of_another_invoice(self):
        self.accept()
        self.fault("foreign_reference")
        document = self.deposit()
        self.follow()
        self.assertEqual((document.state, document.reason_code), ("to_decide", "accept.mismatch"))
        self.assertFalse(document.reference)
        self.assert_sentence(document)

    def test_deposits_of_others_are_left_alone(self):
        self.accept()
        self.fault("prefix_numbers")
        self.fault("foreign_deposit")
        document = self.accept()
        self.assertEqual(document.deposit_id, str(self.saves()[-1]["deposit_id"]))

    def test_document_that_cannot_be_read(self):
        self.fault("broken_content")
        document = self.deposit()
        self.follow()
        self.assertEqual(document.state, "submitted")
        self.assertFalse(document.reference)
        self.assertTrue(document.next_at)
        # Long after the attempt a human looks at it.
        document.lease_until = Datetime.subtract(Datetime.now(), hours=1)
        self.follow()
        self.assertEqual((document.state, document.reason_code), ("to_decide", "accept.unreadable"))
        self.assertEqual(len(self.saves()), 1)
