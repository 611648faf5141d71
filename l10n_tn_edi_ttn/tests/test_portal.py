"""The customer's portal and e-mails: nothing before TTN accepted, then PDF, TEIF and proof; of one's own only."""

import secrets

from odoo.tests import HttpCase, new_test_user, tagged

from .common_flow import TnEdiFlowCommon


@tagged("post_install_l10n", "post_install", "-at_install")
class TestPortal(TnEdiFlowCommon, HttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.portal_password = secrets.token_urlsafe(12)
        cls.portal_user = new_test_user(
            cls.env(su=True), login="tn_edi_portal", groups="base.group_portal", password=cls.portal_password
        )
        cls.portal_user.partner_id.parent_id = cls.customer
        cls.portal_user.partner_id.company_id = False

    def visit(self, path):
        return self.url_open(path, allow_redirects=False)

    def as_customer(self):
        self.authenticate("tn_edi_portal", self.portal_password)

    def test_before_and_after_acceptance(self):
        document = self.post()
        move = document.move_id
        token = f"?access_token={move.sudo()._portal_ensure_token()}"
        self.as_customer()
        invoices = self.env["account.move"].with_user(self.portal_user)
        self.assertNotIn(move, invoices.search([]))
        for login in (True, False):
            if not login:
                self.logout()
            for path in ("", "/teif", "/signatures"):
                answer = self.visit(f"/my/invoices/{move.id}{path}{token}")
                self.assertEqual(answer.status_code, 303, f"login {login}, {path}")
                self.assertNotIn(move.name, answer.text)
        self.assertFalse(move._has_to_be_paid())
        self.assertIn("TTN", move._get_online_payment_error())

        self.submit()
        self.follow()
        self.assertEqual(document.state, "accepted", document.reason)
        self.env.invalidate_all()
        self.assertIn(move, invoices.search([]))
        self.as_customer()
        self.assertIn("TTN", self.visit("/my/invoices").text)
        page = self.visit(f"/my/invoices/{move.id}").text
        self.assertIn(document.reference, page)
        self.assertEqual(self.visit(f"/my/invoices/{move.id}/teif").content, document.ttn_xml_id.raw)
        proof = self.visit(f"/my/invoices/{move.id}/signatures").text
        self.assertIn('data-signature="SigFrs"', proof)
        self.assertIn('data-signature="SigTTN"', proof)
        self.assertEqual(proof.count("Intact"), 2)
        self.assertNotIn("Broken", proof)

        # The link of the e-mail, without a login
        self.logout()
        self.assertIn(document.reference, self.visit(f"/my/invoices/{move.id}{token}").text)
        self.assertEqual(self.visit(f"/my/invoices/{move.id}/teif{token}").content, document.ttn_xml_id.raw)

    def test_a_changed_file_shows_as_broken(self):
        document = self.accept()
        attachment = document.ttn_xml_id.sudo()
        changed = attachment.raw.replace(b"Prestation", b"Prestations")
        self.assertNotEqual(changed, attachment.raw)
        self.env.cr.execute(
            "UPDATE ir_attachment SET store_fname = NULL, db_datas = %s WHERE id = %s",
            (changed, attachment.id),
        )
        self.env.invalidate_all()
        broken = [one for one in document.move_id._l10n_tn_edi_signature_check() if not one["intact"]]
        self.assertEqual([one["name"] for one in broken], ["SigFrs", "SigTTN"])
        self.assertTrue(all(one["problems"] for one in broken))

    def test_own_documents_only(self):
        move = self.accept(partner=self.foreigner).move_id
        self.as_customer()
        self.assertNotIn(move, self.env["account.move"].with_user(self.portal_user).search([]))
        for path in ("", "/teif", "/signatures", "/teif?access_token=guessed"):
            self.assertEqual(self.visit(f"/my/invoices/{move.id}{path}").status_code, 303)
        # The documents themselves are not for customers at all
        self.assertFalse(self.env["l10n_tn_edi.document"].with_user(self.portal_user).has_access("read"))

    def test_others_invoices_are_seen_as_before(self):
        self.company.sudo().l10n_tn_edi_enabled = False
        move = self.make_invoice(post=True)
        self.assertIn(move, self.env["account.move"].with_user(self.portal_user).search([]))
        self.as_customer()
        page = self.visit(f"/my/invoices/{move.id}")
        self.assertEqual(page.status_code, 200)
        self.assertNotIn("l10n_tn_edi", page.text)

    def test_mail_templates(self):
        invoice = self.accept()
        self.assertEqual(
            invoice.move_id._get_mail_template(), self.env.ref("l10n_tn_edi_ttn.mail_template_invoice")
        )
        template = invoice.move_id._get_mail_template().sudo()
        values = template._generate_template(invoice.move_id.ids, ("subject", "body_html"))[
            invoice.move_id.id
        ]
        self.assertIn(invoice.number, values["subject"])
        self.assertIn(invoice.reference, values["body_html"])
        refund = invoice.move_id._reverse_moves([{"invoice_date": "2026-03-16"}])
        refund.action_post()
        self.assertEqual(
            refund._get_mail_template(), self.env.ref("l10n_tn_edi_ttn.mail_template_credit_note")
        )
        self.company.sudo().l10n_tn_edi_enabled = False
        self.assertEqual(
            self.make_invoice(post=True)._get_mail_template(),
            self.env.ref("account.email_template_edi_invoice"),
        )

    def test_the_teif_goes_with_the_mail(self):
        self.customer.write({"invoice_edi_format": "tn_teif", "email": "client@example.com"})
        move = self.accept().move_id
        wizard = self.env["account.move.send.wizard"].with_context(
            active_model="account.move", active_ids=move.ids
        )
        wizard.create({"sending_methods": ["email"]}).action_send_and_print()
        mail = move.message_ids.filtered(lambda message: message.attachment_ids and message.partner_ids)[:1]
        self.assertIn(move.l10n_tn_edi_document_id.ttn_xml_id.raw, mail.attachment_ids.mapped("raw"))
