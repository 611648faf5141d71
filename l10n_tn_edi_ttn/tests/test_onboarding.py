"""The checklist: each step is read from what is there, and its button brings it about."""

import base64

from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged

from ..models.res_company_onboarding import STEPS
from .common_flow import TnEdiFlowCommon


@tagged("post_install_l10n", "post_install", "-at_install")
class TestOnboarding(TnEdiFlowCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.admin = new_test_user(
            cls.env(su=True),
            login="tn_edi_admin",
            groups="base.group_system,account.group_account_manager,base.group_partner_manager",
            company_id=cls.company.id,
            company_ids=[(6, 0, cls.company.ids)],
        )

    def setUp(self):
        super().setUp()
        company = self.company.sudo()
        company.write(
            {
                "l10n_tn_edi_enabled": False,
                "l10n_tn_edi_go_live_date": False,
                "l10n_tn_edi_provider_id": False,
                "l10n_tn_edi_login": False,
                "l10n_tn_edi_password_encrypted": False,
            }
        )
        company.partner_id.street = False
        self.invoice_journal.sudo().l10n_tn_edi_enabled = False
        self.provider.unlink()
        action = self.env["l10n_tn_edi.onboarding"].with_user(self.admin).with_company(company).action_open()
        self.checklist = self.env[action["res_model"]].with_user(self.admin).browse(action["res_id"])

    def done(self):
        self.env.invalidate_all()
        return [step for step in STEPS if self.checklist[f"{step}_done"]]

    def test_from_nothing_to_production(self):
        checklist, company = self.checklist, self.company
        self.assertEqual(self.done(), [])
        self.assertEqual(checklist.progress, 0)
        with self.assertRaisesRegex(UserError, "Not yet"):
            checklist.action_production()

        checklist.write({"street": "12 rue de Marseille"})
        self.assertEqual(self.done(), ["company"])

        checklist.action_journal()
        checklist.action_journal()  # a second time changes nothing
        journal = self.env["account.journal"].search([("company_id", "=", company.id), ("code", "=", "FE")])
        self.assertEqual(len(journal), 1)
        self.assertTrue(journal.l10n_tn_edi_enabled)
        self.assertFalse(self.invoice_journal.l10n_tn_edi_enabled, "paper has a journal of its own")
        self.assertEqual(self.done(), ["company", "journal"])
        invoice = self.make_invoice(journal_id=journal.id, invoice_date="2026-05-04", post=True)
        self.assertEqual(invoice.name, "FE-2026-00001")
        second = self.make_invoice(journal_id=journal.id, invoice_date="2026-05-04", post=True)
        self.assertEqual(second.name, "FE-2026-00002")
        self.assertEqual(
            self.make_invoice(
                journal_id=journal.id, invoice_date="2027-01-04", move_type="out_refund", post=True
            ).name,
            "RFE-2027-00001",
        )

        checklist.write({"login": self.login, "password": "wrong"})
        self.assertEqual(checklist.action_account()["params"]["type"], "danger")
        self.assertNotIn("account", self.done())
        checklist.write({"password": self.password})
        checklist.action_account()
        self.assertIn("account", self.done())
        checklist.write({"login": "another"})
        self.assertNotIn("account", self.done(), "what was tested is not what is there now")
        checklist.write({"login": self.login})
        self.assertIn("account", self.done())

        action = checklist.action_certificate()
        self.assertEqual(action["target"], "new")
        self.env[action["res_model"]].with_user(self.admin).with_context(**action["context"]).create(
            {"pkcs12_file": base64.b64encode(self.pkcs12), "pkcs12_passphrase": self.passphrase}
        )
        self.env.invalidate_all()
        self.assertTrue(checklist.provider_id)
        checklist.action_certificate()
        self.assertIn("certificate", self.done())
        self.assertEqual(company.l10n_tn_edi_provider_id, checklist.provider_id)

        self.assertNotIn("declared", self.done())
        checklist.action_declared()
        self.assertIn("declared", self.done())

        checklist.action_test_invoice()
        self.env.invalidate_all()
        self.assertFalse(checklist.test_done)
        self.assertTrue(checklist.test_told)
        self.submit()
        self.follow()
        document = self.documents.browse(checklist.test_document_id.id)
        self.assertEqual(document.state, "accepted", document.reason)
        self.assertEqual(document.mode, "test")
        self.assertNotIn("/", document.number)
        self.assertIn(document.reference, checklist.test_told)
        self.assertEqual(self.done(), list(STEPS[:-1]))

        company.sudo().l10n_tn_edi_production_url = self.sandbox.endpoint
        checklist.action_production()
        self.assertEqual(self.done(), list(STEPS))
        self.assertEqual(checklist.progress, 100)
        self.assertEqual(company.l10n_tn_edi_provider_id.state, "enabled")
        self.assertFalse(document.journal_id.l10n_tn_edi_enabled, "no test reaches production")
        with self.assertRaisesRegex(UserError, "test platform only"):
            checklist.action_test_invoice()

    def test_a_restored_copy_is_not_in_production(self):
        company = self.company.sudo()
        company.write(
            {"l10n_tn_edi_mode": "production", "l10n_tn_edi_production_binding": "another:database"}
        )
        self.assertNotIn("production", self.done())

    def test_what_is_missing_is_said(self):
        self.checklist.write({"street": "12 rue de Marseille", "company_registry": False})
        self.env.invalidate_all()
        self.assertIn("Still missing", self.checklist.company_told)
        self.checklist.write({"vat": "1234567AAM000"})
        self.env.invalidate_all()
        self.assertIn("typing error", self.checklist.company_told)

    def test_go_live_in_the_future(self):
        self.company.sudo().write({"l10n_tn_edi_enabled": True, "l10n_tn_edi_go_live_date": "2999-01-01"})
        with self.assertRaisesRegex(UserError, "lies ahead"):
            self.checklist.action_test_invoice()

    def test_dashboard(self):
        journals = self.env["account.journal"].with_user(self.admin)
        mine = journals.search([("company_id", "=", self.company.id), ("type", "=", "sale")])
        told = [row.get("l10n_tn_edi_steps") for row in mine._get_journal_dashboard_data_batched().values()]
        self.assertEqual([text for text in told if text], ["El Fatoora: 0 of 7 steps done"])
        accountant = self.make_accountant()
        seen = mine.with_user(accountant)._get_journal_dashboard_data_batched()
        self.assertFalse(any("l10n_tn_edi_steps" in row for row in seen.values()))
        with self.assertRaises(AccessError):
            mine[:1].with_user(accountant).action_l10n_tn_edi_onboarding()

    def test_dossier(self):
        self.checklist.write({"street": "12 rue de Marseille"})
        company = self.company.sudo()
        company.l10n_tn_edi_fixed_address = "196.203.90.1"
        company.l10n_tn_edi_provider_id = self.make_provider(company, self.pkcs12, self.passphrase)
        html = (
            self.env["ir.actions.report"]
            .sudo()
            ._render_qweb_html("l10n_tn_edi_ttn.report_enrolment", company.ids)[0]
            .decode()
        )
        certificate = company.l10n_tn_edi_provider_id.certificate_id
        for words in (
            "1234567R/A/M/000",
            "196.203.90.1",
            certificate.serial,
            certificate.name,
            "B0123452020",
        ):
            self.assertIn(words, html)
