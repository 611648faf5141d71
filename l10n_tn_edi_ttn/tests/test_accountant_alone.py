from odoo.fields import Command
from odoo.tests import tagged

from .common_flow import TnEdiFlowCommon


@tagged("post_install_l10n", "post_install", "-at_install")
class TestAccountantAlone(TnEdiFlowCommon):
    """Without administrator rights, an accountant does everything."""

    def test_whole_way(self):
        accountant = self.make_accountant()
        invoices = self.env["account.move"].with_user(accountant)
        move = invoices.create(
            {
                "move_type": "out_invoice",
                "partner_id": self.customer.id,
                "invoice_date": "2026-03-15",
                "journal_id": self.invoice_journal.id,
                "invoice_line_ids": [self.line(), self.stamp_line()],
                "l10n_tn_edi_hold": True,
            }
        )
        move.action_l10n_tn_edi_check()
        move.action_post()
        document = move.l10n_tn_edi_document_id
        self.assertTrue(document.hold)
        move.action_l10n_tn_edi_send()
        move.action_l10n_tn_edi_hold()
        self.assertTrue(document.hold)
        move.action_l10n_tn_edi_send()
        self.fault("reject", times=1)
        self.submit()
        move.action_l10n_tn_edi_ask()
        self.follow()
        self.assertEqual(move.l10n_tn_edi_state, "rejected")
        self.assertTrue(move.l10n_tn_edi_reason)
        move.l10n_tn_edi_note = "Corrigé"
        move.action_l10n_tn_edi_correct()
        for _time in range(2):
            self.submit()
            self.follow()
        self.assertEqual(move.l10n_tn_edi_state, "accepted")
        document = move.l10n_tn_edi_document_id
        self.assertTrue(document.read())
        self.assertTrue(document.exchange_ids.read())
        self.assertTrue(document.certificate_id.read())
        self.assertTrue(document.signed_id.raw)
        self.assertTrue(document.ttn_xml_id.raw)
        credit = move._reverse_moves([{"invoice_date": "2026-03-20"}])
        credit.action_post()
        self.submit()
        self.follow()
        self.assertEqual(credit.l10n_tn_edi_state, "accepted")

    def test_files_of_other_companies_stay_closed(self):
        document = self.accept()
        stranger = self.make_responsible("tn_edi_stranger")
        stranger.sudo().write(
            {
                "company_ids": [Command.set(self.env.ref("base.main_company").ids)],
                "company_id": self.env.ref("base.main_company").id,
            }
        )
        self.assertFalse(
            self.env["l10n_tn_edi.document"].with_user(stranger).search([("id", "=", document.id)])
        )
        self.assertFalse(
            self.env["ir.attachment"]
            .with_user(stranger)
            .search([("id", "in", (document.signed_id + document.ttn_xml_id).ids)])
        )
