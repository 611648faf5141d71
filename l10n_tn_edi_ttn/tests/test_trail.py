"""The trail: reconciliation, export of exchanges, who asked, what TTN holds, QR codes."""

import base64
import hashlib
import io
import zipfile

from openpyxl import load_workbook

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import tagged

from .common_flow import TnEdiFlowCommon


@tagged("post_install_l10n", "post_install", "-at_install")
class TestTrail(TnEdiFlowCommon):
    def lines(self, move):
        self.env.flush_all()
        return self.env["l10n_tn_edi.reconciliation"].search([("move_id", "=", move.id)])

    def assert_found(self, move, kind):
        line = self.lines(move)
        self.assertEqual(line.mapped("kind"), [kind])
        self.assertTrue(line.reason)
        return line

    # === Reconciliation === #

    def test_what_agrees_is_not_shown(self):
        accepted, new = self.accept(), self.post()
        self.assertFalse(self.lines(accepted.move_id) + self.lines(new.move_id))

    def test_posted_but_not_deposited(self):
        self.settings(sending="on_demand")
        document = self.post()
        move = document.move_id
        self.assertFalse(self.lines(move))
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE l10n_tn_edi_document SET create_date = create_date - interval '5 days' WHERE id = %s",
            [document.id],
        )
        line = self.assert_found(move, "not_sent")
        self.assertEqual(line.days, 5)
        self.settings(late_days=10)
        self.assertFalse(self.lines(move))
        self.settings(late_days=0)
        line = self.lines(move)
        line.action_send()
        self.assertFalse(document.hold)
        self.assertEqual(line.action_open()["res_id"], move.id)

    def test_without_document(self):
        self.invoice_journal.l10n_tn_edi_enabled = False
        move = self.make_invoice(post=True)
        self.invoice_journal.l10n_tn_edi_enabled = True
        self.assert_found(move, "not_sent")
        move.l10n_tn_edi_exclusion = "out_of_scope"
        self.assertFalse(self.lines(move))

    def test_no_verdict(self):
        self.fault("no_verdict")
        document = self.deposit()
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE l10n_tn_edi_document SET create_date = create_date - interval '5 days' WHERE id = %s",
            [document.id],
        )
        self.assert_found(document.move_id, "no_verdict").action_ask()

    def test_accepted_and_undone_or_changed(self):
        document = self.accept()
        move = document.move_id
        document.write({"total": "1.000", "total_ttn": "1.000"})
        line = self.assert_found(move, "amount")
        self.assertEqual((line.amount, line.amount_ttn), (move.amount_total, 1))
        # As code that knows nothing of El Fatoora might do
        self.env.cr.execute("UPDATE account_move SET state = 'draft' WHERE id = %s", [move.id])
        move.invalidate_recordset(flush=False)
        self.assert_found(move, "undone")

    def test_gaps(self):
        first = self.make_invoice(post=True)
        prefix, number = first.sequence_prefix, first.sequence_number
        second = self.make_invoice(name=f"{prefix}{number + 3:05d}", post=True)
        self.assertEqual(self.lines(second).filtered(lambda line: line.kind == "gap").missing, 2)
        self.assertFalse(self.lines(first).filtered(lambda line: line.kind == "gap"))

    def test_companies_see_their_own(self):
        document = self.accept()
        document.total_ttn = "1.000"
        self.env.flush_all()
        other = self.env["res.company"].sudo().create({"name": "AUTRE ESSAI"})
        user = self.make_accountant("tn_edi_elsewhere")
        user.sudo().write({"company_id": other.id, "company_ids": [Command.set(other.ids)]})
        self.assertFalse(self.env["l10n_tn_edi.reconciliation"].with_user(user).search([]))

    # === Exchanges as a file === #

    def test_exchanges_are_exported_with_their_bodies(self):
        document = self.accept()
        accountant = self.make_accountant()
        exchanges = document.exchange_ids.with_user(accountant).sudo(False)
        action = exchanges.action_export_zip()
        self.assertIn("filename_field=filename", action["url"])
        export = self.env["l10n_tn_edi.exchange.export"].with_user(accountant).search([], limit=1)
        with zipfile.ZipFile(io.BytesIO(base64.b64decode(export.file))) as archive:
            names = set(archive.namelist())
            expected = {f"{one.id}_{body}.xml" for one in exchanges for body in ("request", "response")}
            deposit = exchanges.filtered(lambda one: one.operation == "save")
            sent = f"{deposit.id}_document.xml"
            self.assertEqual(names, {"index.xlsx", sent, *expected})
            self.assertEqual(archive.read(sent), document.signed_id.raw)
            texts = b"".join(archive.read(name) for name in expected)
            sheet = load_workbook(io.BytesIO(archive.read("index.xlsx"))).active
        self.assertIn(document.deposit_id.encode(), texts)
        self.assertNotIn(self.password.encode(), texts)
        self.assertEqual(sheet.max_row, len(exchanges) + 1)

    def test_what_was_sent_stays_when_it_is_signed_anew(self):
        """The bytes of each attempt are proof, also when other ones took their place."""
        document = self.post()
        self.settings(test_url="https://127.0.0.1:9/")
        self.submit()
        sent, attempt = document.signed_id, document.exchange_ids
        document._fail("document.unexpected")
        document.action_correct()
        self.settings(test_url=self.sandbox.endpoint)
        self.submit()
        self.follow()
        self.submit()
        self.assertNotEqual(document.signed_id, sent)
        self.assertEqual((attempt.sent_id, hashlib.sha256(sent.raw).hexdigest()), (sent, attempt.sha256))
        with self.assertRaises(UserError):
            sent.raw = b"changed"
        with self.assertRaises(UserError):
            sent.unlink()

    # === Who asked === #

    def made(self, document):
        """:return: list of (operation, who asked for it) of an invoice's exchanges, oldest first; OdooBot makes them all."""
        exchanges = document.move_id.sudo().l10n_tn_edi_document_ids.exchange_ids.sorted("id")
        self.assertEqual(exchanges.user_id, self.env.ref("base.user_root"))
        return [(one.operation, one.requested_by) for one in exchanges]

    def test_nobody_asks_for_what_is_due_by_itself(self):
        nobody = self.env["res.users"]
        self.assertEqual(self.made(self.accept()), [("save", nobody), ("consult", nobody)])

    def test_who_sends_is_written_down(self):
        self.settings(sending="on_demand")
        accountant, nobody = self.make_accountant(), self.env["res.users"]
        document = self.post()
        document.move_id.sudo(False).with_user(accountant).action_l10n_tn_edi_send_and_wait()
        # Nothing leaves at first: what was asked for is still to be done
        self.settings(test_url="https://127.0.0.1:9/")
        self.submit()
        self.assertEqual((document.state, document.requested_by), ("signed", accountant))
        self.settings(test_url=self.sandbox.endpoint)
        self.submit()
        self.follow()
        self.assertEqual(
            self.made(document), [("save", accountant), ("save", accountant), ("consult", nobody)]
        )

    def test_who_asks_is_written_down(self):
        accountant, nobody = self.make_accountant(), self.env["res.users"]
        self.fault("no_verdict")
        document = self.deposit()
        document.with_user(accountant).sudo(False).action_ask()
        self.follow()
        self.follow()
        self.assertEqual(
            self.made(document), [("save", nobody), ("consult", accountant), ("consult", nobody)]
        )

    def test_who_corrects_is_written_down(self):
        accountant, nobody = self.make_accountant(), self.env["res.users"]
        self.fault("reject", times=1, params={"errors": [["CONTRL17", "Montant incorrect"]]})
        document = self.deposit()
        self.follow()
        document.move_id.commercial_partner_id.sudo().street = "Rue mieux écrite"
        document.with_user(accountant).sudo(False).action_correct()
        for _time in range(2):
            self.submit()
            self.follow()
        corrected = self.document_of(document.move_id)
        self.assertEqual(corrected.state, "accepted")
        self.assertEqual(self.made(document)[:2], [("save", nobody), ("consult", nobody)])
        self.assertEqual(
            [(one.operation, one.requested_by) for one in corrected.exchange_ids.sorted("id")],
            [("consult", accountant), ("save", accountant), ("consult", nobody)],
        )

    def test_who_decides_is_written_down(self):
        responsible = self.make_responsible(f"asks_{self.login}")
        document = self.deposit()
        document._set_state("to_decide")
        document.with_user(responsible).sudo(False)._decide_deposited(document.deposit_id)
        self.follow()
        self.assertEqual(self.made(document)[-1], ("consult", responsible))

    def test_who_asked_is_exported_and_found(self):
        accountant = self.make_accountant()
        document = self.deposit()
        document.with_user(accountant).sudo(False).action_ask()
        self.follow()
        exchanges = document.exchange_ids.with_user(accountant).sudo(False)
        sheet = load_workbook(io.BytesIO(exchanges.sorted("id")._index())).active
        rows = list(sheet.iter_rows(values_only=True))
        column = rows[0].index("Requested By")
        self.assertEqual([row[column] or "" for row in rows[1:]], ["", accountant.name])
        view = self.env["l10n_tn_edi.exchange"].get_view(view_type="search")["arch"]
        for name in ("requested", "mine", "by_requester"):
            self.assertIn(f'name="{name}"', view)
        found = exchanges.search([("requested_by", "=", accountant.id), ("id", "in", exchanges.ids)])
        self.assertEqual(found.mapped("operation"), ["consult"])

    # === Send and wait === #

    def test_what_the_waiting_screen_sees(self):
        move = self.post().move_id.sudo(False).with_user(self.make_accountant())
        action = move.action_l10n_tn_edi_send_and_wait()
        self.assertEqual((action["tag"], action["params"]["move_id"]), ("l10n_tn_edi_wait", move.id))
        self.assertFalse(move.l10n_tn_edi_outcome()["settled"])
        self.submit()
        self.follow()
        outcome = move.l10n_tn_edi_outcome()
        self.assertEqual((outcome["settled"], outcome["type"]), (True, "success"))
        self.assertIn(move.l10n_tn_edi_reference, outcome["title"])

    # === What TTN holds beside what we sent === #

    def test_decision_shows_both_sides(self):
        document = self.accept()
        responsible = self.make_responsible(f"decide_{self.login}")

        def shown():
            wizard = (
                self.env["l10n_tn_edi.decide"].with_user(responsible).create({"document_id": document.id})
            )
            self.assertEqual(wizard.tried_at, document.exchange_ids.filtered("attempt").started_at)
            self.assertTrue(wizard.asked_at)
            [line] = wizard.line_ids
            return line

        document.state = "submitted"
        document.state = "to_decide"
        line = shown()
        self.assertEqual((line.deposit_id, line.same), (document.deposit_id, "ours"))
        self.assertEqual((line.total, line.reference), (document.total, document.reference))
        value = document.signature_value
        document.signature_value = "AAAA"
        self.assertEqual(shown().same, "content")
        document.document_digest = "AAAA"
        self.assertEqual(shown().same, "other")
        document.signature_value = value
        shown().action_choose()
        self.assertEqual(document.state, "submitted")

    # === verifyQrCode === #

    def test_qr_code_by_another_company_s_account(self):
        document = self.accept()
        other = self.env(su=True)["res.company"].create({"name": "AUTRE ESSAI"})
        wizard = self.verify(image=document.cev)
        wizard.company_id = other.id
        with self.assertRaises(AccessError):
            wizard.action_verify()
        self.assertFalse(
            self.env["l10n_tn_edi.exchange"].sudo().search([("operation", "=", "verify")]), "nobody was asked"
        )

    def verify(self, **values):
        wizard = self.env["l10n_tn_edi.verify.qr"].with_user(
            self.make_accountant(f"qr_{len(values)}_{self.login}")
        )
        return wizard.with_company(self.company).create({"company_id": self.company.id, **values})

    def test_qr_code_of_an_accepted_invoice(self):
        document = self.accept()
        wizard = self.verify(image=document.cev)
        wizard.action_verify()
        self.assertIn(document.number, wizard.told)
        self.assertEqual(wizard.answer, "QrCode valide")
        exchange = self.env["l10n_tn_edi.exchange"].search([("operation", "=", "verify")], limit=1)
        self.assertEqual((exchange.answer_class, exchange.company_id), ("answered", self.company))

        forged = self.verify(text=wizard.text.replace(document.number, "AUTRE"), image=False)
        forged.action_verify()
        self.assertEqual(forged.answer, "QrCode non valide")

    def test_qr_code_against_a_bill(self):
        document = self.accept()
        bill = self.env["account.move"].create(
            {
                "move_type": "in_invoice",
                "partner_id": self.customer.id,
                "ref": "AUTRE-1",
                "invoice_date": "2026-03-15",
                "invoice_line_ids": [Command.create({"name": "x", "price_unit": 5, "tax_ids": []})],
            }
        )
        wizard = self.verify(image=document.cev, move_id=bill.id, text=False)
        wizard.action_verify()
        for word in ("AUTRE-1", document.number, "5.0"):
            self.assertIn(word, wizard.differs)

    def test_no_code_no_question(self):
        for values in ({}, {"image": base64.b64encode(b"no picture")}, {"text": " "}):
            with self.subTest(**values), self.assertRaises(UserError):
                self.verify(**values).action_verify()
        self.assertFalse(self.sandbox.ledger(self.login, "verifyQrCode"))
