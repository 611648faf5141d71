"""A stopped queue and what it costs: contingency report, paper, tariff."""

import base64
import io
from datetime import date
from unittest.mock import patch

from lxml import etree
from openpyxl import load_workbook

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command, Date, Datetime
from odoo.service.model import call_kw
from odoo.tests import Form, tagged

from .common_flow import TnEdiFlowCommon

PROOF = base64.b64encode(b"Avis de TTN : service interrompu")


@tagged("post_install_l10n", "post_install", "-at_install")
class TestContingency(TnEdiFlowCommon):
    def setUp(self):
        super().setUp()
        self.responsible = self.make_responsible(f"resp_{self.login}")
        self.account = self.env["l10n_tn_edi.account"]._of(self.company, "test").with_user(self.responsible)

    def stopped(self, count=2):
        """:return: documents of a queue that a responsible has stopped."""
        self.account.action_stop()
        documents = self.documents.union(*(self.post() for _number in range(count)))
        self.submit()
        self.assertEqual(set(documents.mapped("state")), {"signed"})
        return documents

    def report(self):
        values = self.account.action_contingency()["context"]
        return (
            self.env["l10n_tn_edi.contingency"].with_user(self.responsible).with_context(**values).create({})
        )

    def test_stopped_queue_is_shown(self):
        self.assertFalse(self.env["l10n_tn_edi.account"].get_stopped())
        self.stopped()
        [shown] = self.env["l10n_tn_edi.account"].with_user(self.make_accountant()).get_stopped()
        self.assertIn(self.company.name, shown["sentence"])
        self.assertIn("2 documents", shown["sentence"])
        self.assertFalse(shown["may_open"])

    def test_report_names_every_invoice_since_when_and_why(self):
        documents = self.stopped()
        report = self.report()
        self.assertEqual(report.document_ids.sudo(), documents.sorted("id"))
        rows = report._rows(report.document_ids)
        for document, row in zip(documents, rows, strict=True):
            self.assertEqual((row["number"], row["since"]), (document.number, document.create_date))
            self.assertEqual(row["fingerprint"], document.sha256)
            self.assertTrue(row["why"])
        report.action_export()
        sheet = load_workbook(io.BytesIO(base64.b64decode(report.file))).active
        cells = [[cell.value for cell in line] for line in sheet.iter_rows()]
        self.assertIn(self.company.name, cells[0][0])
        self.assertEqual([line[0] for line in cells[-2:]], documents.mapped("number"))
        self.assertEqual(cells[-1][4], documents[-1].amount_total)
        html, _kind = self.env["ir.actions.report"]._render_qweb_html(
            "l10n_tn_edi_ttn.report_contingency", report.ids
        )
        for document in documents:
            self.assertIn(document.number, html.decode())
        self.assertEqual(report.action_print()["report_name"], "l10n_tn_edi_ttn.report_contingency")

    def test_report_names_what_odoo_keeps_from_ttn(self):
        """TTN has something under the number, and nobody has looked yet: it is not known whether it is the invoice."""
        document = self.stopped(1)
        document._set_state("signed", hold=True, reason_code="sweep.quarantined")
        report = self.report()
        self.assertFalse(report.document_ids)
        self.assertEqual(report.uncertain_ids.sudo(), document)

    def test_report_of_another_company(self):
        self.stopped(1)
        other = self.env["res.company"].sudo().create({"name": "AUTRE ESSAI"})
        stranger = self.make_responsible(f"stranger_{self.login}")
        stranger.sudo().write({"company_id": other.id, "company_ids": [Command.set(other.ids)]})
        with self.assertRaises(AccessError):
            self.env["l10n_tn_edi.contingency"].with_user(stranger).create({"account_id": self.account.id})

    def test_account_is_changed_by_its_buttons_only(self):
        for values in (
            {"stopped": False},
            {"quarantine": False},
            {"hold_all": False},
            {"company_id": self.env.company.id},
            {"responsible_id": self.responsible.id, "swept_in": "this"},
        ):
            with self.subTest(**values), self.assertRaises(AccessError):
                self.account.write(values)
        self.account.responsible_id = self.responsible
        self.assertEqual(self.account.responsible_id, self.responsible)

    def test_paper_needs_a_responsible_a_reason_and_a_proof(self):
        document = self.stopped(1)
        report = self.report()
        for values in (
            {"reason": "Panne"},
            {"reason": " ", "proof": PROOF},
            {"reason": False, "proof": PROOF},
        ):
            report.write({"proof": False, **values})
            with self.assertRaises(UserError):
                report.action_paper()
        report.write({"reason": "Panne depuis deux jours", "proof": PROOF, "proof_name": "avis.txt"})
        with self.assertRaises(AccessError):
            report.with_user(self.make_accountant()).action_paper()
        report.action_paper()
        move = document.move_id
        self.assertEqual((document.state, document.live), ("withdrawn", False))
        self.assertEqual(move.l10n_tn_edi_exclusion, "paper")
        self.assertIn("Panne depuis deux jours", move.l10n_tn_edi_exclusion_reason)
        self.assert_chatter_has(move, self.responsible.name)
        proof = self.env["ir.attachment"].sudo().search([("res_id", "=", move.id), ("name", "=", "avis.txt")])
        self.assertEqual(proof.datas, PROOF)

        # Nothing brings it back by itself …
        self.account.action_resume()
        move.action_l10n_tn_edi_send()
        self.submit()
        self.assertFalse(self.saves(move.name))
        # … but a responsible does.
        with self.assertRaises(UserError):
            move.with_user(self.make_accountant("another")).action_l10n_tn_edi_queue_after_paper()
        move.with_user(self.responsible).action_l10n_tn_edi_queue_after_paper()
        self.submit()
        self.follow()
        self.assertEqual(self.document_of(move).state, "accepted", self.document_of(move).reason)

    def test_no_way_to_paper_past_the_responsible(self):
        """Neither a clerk nor a responsible, in draft or posted, by form, import, default or call from outside."""
        given = {"l10n_tn_edi_exclusion": "paper", "l10n_tn_edi_exclusion_reason": "Panne"}
        posted = self.stopped(1).move_id
        draft = self.make_invoice()
        copied = draft.copy_data()[0]
        for user in (self.make_accountant(), self.responsible):
            Move = self.env["account.move"].with_user(user).sudo(False)
            ways = {
                "write": lambda Move=Move: Move.browse(draft.id).write(given),
                "write to a posted one": lambda Move=Move: Move.browse(posted.id).write(given),
                "create": lambda Move=Move: Move.create({**copied, **given}),
                "default of the context": lambda Move=Move: Move.with_context(
                    default_l10n_tn_edi_exclusion="paper"
                ).create(copied),
                "through the customer": lambda Move=Move: Move.browse(draft.id).partner_id.write(
                    {"invoice_ids": [Command.update(draft.id, given)]}
                ),
                "call from outside": lambda Move=Move: call_kw(
                    Move, "write", [draft.ids, given], {"context": {"install_mode": True, "su": True}}
                ),
                "wizard's own way": lambda Move=Move: call_kw(
                    Move, "_l10n_tn_edi_set_paper", [draft.ids, "Panne"], {}
                ),
            }
            for way, take in ways.items():
                with self.subTest(way=way, user=user.login), self.assertRaises(AccessError):
                    take()
            Move.browse(draft.id).invalidate_recordset()
            self.assertFalse(draft.l10n_tn_edi_exclusion)
        imported = (
            self.env["account.move"]
            .with_user(user)
            .sudo(False)
            .load([".id", "l10n_tn_edi_exclusion"], [[str(draft.id), "paper"]])
        )
        self.assertFalse(imported["ids"])
        self.assertIn("Only an accounting administrator", str(imported["messages"]))
        self.assertFalse(draft.l10n_tn_edi_exclusion)
        # What a clerk may say stays his
        clerk = draft.with_user(self.make_accountant("clerk")).sudo(False)
        clerk.write({"l10n_tn_edi_exclusion": "other", "l10n_tn_edi_exclusion_reason": "Essai"})
        clerk.write({"l10n_tn_edi_exclusion": False})

    def test_no_way_back_from_paper_past_the_responsible(self):
        document = self.stopped(1)
        report = self.report()
        report.write({"reason": "Panne", "proof": PROOF})
        report.action_paper()
        self.account.action_resume()
        move = document.move_id.with_user(self.make_accountant()).sudo(False)
        move.button_draft()
        for values in (
            {"l10n_tn_edi_exclusion": False},
            {"l10n_tn_edi_exclusion": "other"},
            {"l10n_tn_edi_exclusion_reason": "Perdue"},
        ):
            with self.subTest(values=values), self.assertRaises(AccessError):
                move.write(values)
        move.write({"l10n_tn_edi_exclusion": "paper", "narration": "Copie"})
        move.action_post()
        self.submit()
        self.assertEqual((move.l10n_tn_edi_exclusion, self.saves(move.name)), ("paper", []))

    def test_paper_is_not_offered(self):
        arch = etree.fromstring(self.env["account.move"].get_view(view_type="form")["arch"])
        [field] = arch.xpath("//field[@name='l10n_tn_edi_exclusion'][@widget='filterable_selection']")
        self.assertIn("'paper'", field.get("options"))
        self.assertEqual(len(arch.xpath("//field[@name='l10n_tn_edi_exclusion'][not(@invisible='True')]")), 1)

    def test_what_ttn_may_hold_never_goes_on_paper(self):
        document = self.deposit()
        report = self.report()
        self.assertNotIn(document, (report.document_ids | report.uncertain_ids).sudo())
        # Nor when it was waiting still as the report was opened
        report.write({"reason": "Panne", "proof": PROOF, "document_ids": [Command.link(document.id)]})
        with self.assertRaises(UserError):
            report.action_paper()
        self.assertEqual(document.state, "submitted")

    def test_report_names_what_could_go_and_what_ttn_may_have(self):
        waiting, held, later, wrong, asked_first, doubtful, submitted = (self.post() for _number in range(7))
        due = Datetime.subtract(Datetime.now(), minutes=1)
        waiting.write({"state": "signed", "next_at": due})
        held.hold = True
        later.next_at = Datetime.add(due, hours=1)
        wrong.write({"state": "error", "next_at": False})
        asked_first.write({"state": "signed", "next_at": due, "ask_first": True})
        doubtful.write({"state": "unknown", "next_at": Datetime.add(due, hours=1)})
        submitted.write({"state": "submitted", "next_at": due})
        self.env.flush_all()
        form = Form(
            self.env["l10n_tn_edi.contingency"]
            .with_user(self.responsible)
            .with_context(**self.account.action_contingency()["context"])
        )
        report = form.save()
        self.assertEqual(report.document_ids.sudo(), waiting)
        self.assertEqual(report.uncertain_ids.sudo(), asked_first | doubtful)
        # What was put off because of TTN waits for it.
        later.reason_code = "breaker.hand"
        self.assertEqual(self.report().document_ids.sudo(), waiting | later)

        report.action_export()
        sheet = load_workbook(io.BytesIO(base64.b64decode(report.file))).active
        numbers = [row[0].value for row in sheet.iter_rows()]
        titles = [numbers.index(chapter["title"]) for chapter in report._chapters()]
        self.assertEqual(numbers[titles[0] + 2], waiting.number)
        self.assertEqual(numbers[titles[1] + 2 :], (asked_first | doubtful).mapped("number"))
        html, _kind = self.env["ir.actions.report"]._render_qweb_html(
            "l10n_tn_edi_ttn.report_contingency", report.ids
        )
        self.assertEqual(html.decode().count("<table"), 2)
        self.assertIn(doubtful.number, html.decode())

    def test_a_corrected_invoice_waits_since_its_first_document(self):
        document = self.post()
        document.write({"state": "rejected", "next_at": False})
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE l10n_tn_edi_document SET create_date = create_date - interval '2 days' WHERE id = %s",
            [document.id],
        )
        document.invalidate_recordset()
        document.move_id.action_l10n_tn_edi_correct()
        corrected = self.document_of(document.move_id)
        self.assertNotEqual(corrected, document)
        self.assertEqual(corrected.waiting_since, document.create_date)
        self.due(corrected)
        [row] = self.report()._rows(corrected)
        self.assertEqual(row["since"], document.create_date)

    def in_production(self):
        """The account and its documents as if TTN's real platform had taken them."""
        self.account.sudo().search(
            [("company_id", "=", self.company.id), ("mode", "=", "production")]
        ).unlink()
        self.account.sudo().mode = "production"
        self.documents.search([("company_id", "=", self.company.id)]).mode = "production"
        self.account.invalidate_recordset()

    def test_the_test_platform_costs_nothing(self):
        Tariff = self.env["l10n_tn_edi.tariff"].with_user(self.responsible)
        Tariff.search([]).unlink()
        Tariff.create({"date_from": "2020-01-01", "step_kb": 50, "price": 0.19, "monthly_fee": 10})
        self.deposit()
        self.assertEqual(self.account.month_cost, 0)
        arch = etree.fromstring(self.account.get_view(view_type="form")["arch"])
        for name in ("month_count", "month_cost"):
            [field] = arch.xpath(f"//field[@name='{name}']")
            self.assertEqual(field.get("invisible"), "mode != 'production'")

    def test_tariff_and_cost_of_the_month(self):
        Tariff = self.env["l10n_tn_edi.tariff"].with_user(self.responsible)
        Tariff.search([]).unlink()
        self.assertEqual(self.account.month_cost, 0)
        Tariff.create({"date_from": "2020-01-01", "step_kb": 50, "price": 0.19, "monthly_fee": 10})
        document = self.deposit()
        self.in_production()
        size = document.signed_id.file_size
        self.assertAlmostEqual(document.size_kb, size / 1024, 1)
        self.assertFalse(document.over_step)
        self.account.invalidate_recordset()
        self.assertEqual((self.account.month_count, round(self.account.month_cost, 3)), (1, 10.19))
        Tariff.create({"date_from": Date.today(), "step_kb": 1, "price": 0.2})
        self.account.invalidate_recordset()
        document.invalidate_recordset()
        self.assertTrue(document.over_step)
        self.assertAlmostEqual(self.account.month_cost, 0.2 * -(-size // 1024))
        for values in ({"step_kb": 0}, {"price": -1}):
            with self.assertRaises(ValidationError):
                Tariff.create({"date_from": "2021-01-01", "price": 1, **values})

    def test_size_is_told_before_it_is_deposited(self):
        tariff = self.env["l10n_tn_edi.tariff"].sudo()._on(Date.today())
        move = self.make_invoice(post=False)
        self.assertNotIn("odoo.size", [item["code"] for item in move._l10n_tn_edi_findings()])
        tariff.step_kb = 5
        [finding] = [item for item in move._l10n_tn_edi_findings() if item["code"] == "odoo.size"]
        self.assertEqual((finding["severity"], finding["params"]["step"]), ("warning", 5))
        move.action_post()
        document = move.l10n_tn_edi_document_id
        self.submit()
        self.assertEqual(document.state, "submitted", "it is a warning")
        self.assertIn("odoo.size", [item["code"] for item in document.findings])
        self.assertTrue(document.over_step)
        self.assertLess(abs(finding["params"]["size"] - document.size_kb), 12)

    def test_cost_by_the_tariff_of_each_day(self):
        """A price that changes within the month counts from its day on; the monthly fee is today's."""
        Tariff = self.env["l10n_tn_edi.tariff"].with_user(self.responsible)
        Tariff.search([]).unlink()
        early, late = self.deposit(), self.deposit()
        self.in_production()
        early.submitted_at, late.submitted_at = "2026-03-05 10:00:00", "2026-03-18 10:00:00"
        Tariff.create({"date_from": "2026-03-10", "price": 0.5, "monthly_fee": 20})
        with patch.object(Date, "context_today", lambda *_arguments: date(2026, 3, 20)):
            self.assertEqual((self.account.month_count, self.account.month_cost), (2, 20.5))
            Tariff.create({"date_from": "2026-01-01", "price": 0.2, "monthly_fee": 10})
            self.account.invalidate_recordset()
            self.assertAlmostEqual(self.account.month_cost, 20 + 0.2 + 0.5)
