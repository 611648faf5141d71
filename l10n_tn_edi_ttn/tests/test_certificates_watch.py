import base64
from datetime import timedelta
from pathlib import Path

from odoo.fields import Datetime
from odoo.tests import tagged

from .common import COMPANY_MATRICULE
from .common_flow import TnEdiFlowCommon


@tagged("post_install_l10n", "post_install", "-at_install")
class TestCertificates(TnEdiFlowCommon):
    """Revocation, trust, expiry and declaration of certificates; and whether a company can send today."""

    def setUp(self):
        super().setUp()
        self.certificate = self.provider.certificate_id

    def load_anchors(self):
        content = Path(self.sandbox.info["anchors_file"]).read_bytes()
        self.env["l10n_tn_edi.trust.anchor"].sudo().create(
            {"name": "Sandbox", "certificate": base64.b64encode(content)}
        )

    def services(self, **values):
        before = self.sandbox.call("GET", "settings")
        self.sandbox.settings(**values)
        self.addCleanup(self.sandbox.settings, **{name: before[name] for name in values})

    def forget(self):
        self.certificate.sudo().write(
            {"revocation_until": False, "revocation": "unknown", "revocation_source": False}
        )

    def test_not_revoked(self):
        self.load_anchors()
        self.certificate._examine()
        self.assertEqual((self.certificate.revocation, self.certificate.revocation_source), ("good", "ocsp"))
        self.assertEqual(self.certificate.trust, "trusted")
        asked = self.certificate.revocation_checked_at
        self.certificate._examine()
        self.assertEqual(self.certificate.revocation_checked_at, asked, "the answer is kept")

    def test_the_list_when_ocsp_is_down(self):
        self.services(ocsp="down")
        self.certificate._examine()
        self.assertEqual((self.certificate.revocation, self.certificate.revocation_source), ("good", "crl"))

    def test_nobody_answers(self):
        self.services(ocsp="down", crl="down")
        self.certificate._examine()
        self.assertEqual(self.certificate.revocation, "unknown")
        self.assertTrue(self.certificate.revocation_problem)
        self.accept()

    def test_revoked(self):
        for down in ("none", "ocsp"):
            with self.subTest(down=down):
                self.sandbox.call("POST", f"certificates/{self.serial}/revoke")
                if down == "ocsp":
                    self.services(ocsp="down")
                self.forget()
                self.certificate._examine()
                self.sandbox.call("POST", f"certificates/{self.serial}/restore")
                self.assertEqual(self.certificate.revocation, "revoked")
        document = self.post()
        self.submit()
        self.assertEqual((document.state, document.reason_code), ("error", "certificate.revoked"))
        self.assertFalse(self.saves())

    def test_expiry(self):
        watched = self.env["l10n_tn_edi.certificate"].sudo()
        told = []
        for days in (90, 60, 45, 30, 15, 7, 3, 1):
            self.certificate.sudo().not_after = Datetime.now() + timedelta(days=days, minutes=5)
            watched._cron_watch()
            activity = self.certificate.activity_ids.filtered(lambda one: "Renew" in one.summary)
            self.assertLessEqual(len(activity), 1)
            told.append(activity.id)
        self.assertFalse(told[0])
        self.assertEqual(told[1], told[2], "told once a threshold")
        self.assertEqual(told[5], told[6])
        self.assertEqual(len(set(told[1:])), 5)

    def test_a_renewed_certificate_is_to_be_declared(self):
        self.certificate.sudo().declared = True
        renewed, _serial = self.sandbox.certificate("FOURNISSEUR ESSAI", COMPANY_MATRICULE, self.passphrase)
        self.provider.pkcs12_file = base64.b64encode(renewed)
        self.assertNotEqual(self.provider.certificate_id, self.certificate)
        self.assertFalse(self.provider.certificate_id.declared)
        self.assertIn("Declare", self.provider.certificate_id.activity_ids.summary)

    def test_another_matricule(self):
        self.assertFalse(self.certificate.other_matricule)
        other, _serial = self.sandbox.certificate("AUTRE", "7654321CAM000", self.passphrase)
        self.provider.pkcs12_file = base64.b64encode(other)
        self.assertTrue(self.provider.certificate_id.other_matricule)

    # === Can I send today? === #

    def check(self):
        action = self.env["l10n_tn_edi.preflight"].with_company(self.company).action_open()
        return self.env["l10n_tn_edi.preflight"].browse(action["res_id"])

    def found(self, check, state):
        return set(check.line_ids.filtered(lambda line: line.state == state).mapped("code"))

    def test_everything_is_well(self):
        self.load_anchors()
        self.certificate.sudo().declared = True
        check = self.check()
        self.assertEqual(check.state, "green", check.line_ids.mapped("sentence"))
        self.assertEqual(len(self.check()), 1)
        self.assertTrue(all(check.line_ids.mapped("sentence")))

    def test_what_is_to_be_looked_at(self):
        check = self.check()
        self.assertEqual(check.state, "amber")
        self.assertEqual(self.found(check, "amber"), {"preflight.no_authority", "preflight.not_declared"})

    def test_what_is_wrong(self):
        self.settings(password="inexact")
        self.provider.pkcs12_passphrase = "inexact"
        self.env.ref("l10n_tn_edi_ttn.ir_cron_submit").sudo().active = False
        check = self.check()
        self.assertEqual(check.state, "red")
        red = self.found(check, "red")
        self.assertLessEqual({"preflight.said", "preflight.actions_off"}, red)
        self.assertGreaterEqual(len(red), 3)
        self.assertNotIn("inexact", str(check.line_ids.mapped("params")))

    def test_without_provider(self):
        self.company.sudo().l10n_tn_edi_provider_id = False
        self.assertIn("provider.missing", self.found(self.check(), "red"))

    def test_daily(self):
        self.env["l10n_tn_edi.preflight"].sudo()._cron_check()
        self.assertTrue(
            self.env["l10n_tn_edi.preflight"].search([("company_id", "=", self.company.id)]).checked_at
        )
