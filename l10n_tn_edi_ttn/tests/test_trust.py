import base64
from pathlib import Path

from odoo.exceptions import AccessError, ValidationError
from odoo.tests import tagged

from .common_flow import TnEdiFlowCommon

SANDBOX_TTN = "0000000X"


@tagged("post_install_l10n", "post_install", "-at_install")
class TestTrust(TnEdiFlowCommon):
    """TTN's acceptance is proved by a signature of TTN itself, under an authority that the company trusts."""

    def setUp(self):
        super().setUp()
        self.env["ir.config_parameter"].sudo().set_param(
            "l10n_tn_edi_ttn.ttn_matricules", f"0736202X, {SANDBOX_TTN}"
        )

    def load_anchors(self, **values):
        content = Path(self.sandbox.info["anchors_file"]).read_bytes()
        return (
            self.env["l10n_tn_edi.trust.anchor"]
            .sudo()
            .create({"name": "Sandbox", "certificate": base64.b64encode(content), **values})
        )

    def test_nothing_is_trusted_out_of_the_box(self):
        anchors = self.env["l10n_tn_edi.trust.anchor"].search([])
        self.assertIn("Tunisia National Root CA", anchors.mapped("name"))
        self.assertFalse(any(anchors.mapped("fingerprint")))
        self.assertFalse(self.accept().unproved, "the test platform proves nothing, nor does it alarm")

    def test_proved_by_the_authority(self):
        anchor = self.load_anchors()
        self.assertTrue(anchor.fingerprint)
        self.assertTrue(anchor.not_after)
        self.assertFalse(self.accept().unproved)

    def test_somebody_else_s_signature_proves_nothing(self):
        self.load_anchors()
        self.env["ir.config_parameter"].sudo().set_param("l10n_tn_edi_ttn.ttn_matricules", "0736202X")
        document = self.accept()
        self.assertTrue(document.unproved)
        self.assertTrue(document.reference)
        self.assertEqual(document.reason_code, "accept.unproved")

    def test_production_needs_an_authority(self):
        document = self.accept()
        document.sudo().write({"mode": "production", "unproved": True, "reason_code": "accept.unproved"})
        document._prove_again()
        self.assertTrue(document.unproved, "without an authority nothing is proved")
        self.load_anchors(trusted=False)
        self.assertTrue(document.unproved, "an authority that only helps proves nothing")
        self.load_anchors()
        self.assertFalse(document.unproved)
        self.assertFalse(document.reason_code)

    def test_a_file_that_is_no_certificate(self):
        with self.assertRaises(ValidationError):
            self.env["l10n_tn_edi.trust.anchor"].sudo().create(
                {"name": "Bad", "certificate": base64.b64encode(b"no certificate")}
            )

    def test_only_an_administrator_trusts(self):
        accountant = self.make_accountant()
        anchors = self.env["l10n_tn_edi.trust.anchor"].with_user(accountant).sudo(False)
        self.assertTrue(anchors.search([]))
        with self.assertRaises(AccessError):
            anchors.create({"name": "Mine"})
        with self.assertRaises(AccessError):
            anchors.search([], limit=1).trusted = True
