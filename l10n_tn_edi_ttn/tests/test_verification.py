import base64
import hashlib
from datetime import date
from pathlib import Path

from odoo.exceptions import AccessError, ValidationError
from odoo.tests import tagged

from ..signature import profile, verify
from ..teif.foreign import parse_foreign_xml
from .common_flow import TnEdiFlowCommon


@tagged("post_install_l10n", "post_install", "-at_install")
class TestVerification(TnEdiFlowCommon):
    """Who signed a file, when, and every point that speaks for or against it; the profile that is demanded is data."""

    def load_anchors(self):
        content = Path(self.sandbox.info["anchors_file"]).read_bytes()
        self.env["l10n_tn_edi.trust.anchor"].sudo().create(
            {"name": "Sandbox", "certificate": base64.b64encode(content)}
        )

    def check(self, data, **values):
        wizard = self.env["l10n_tn_edi.check.file"].create({"file": base64.b64encode(data), **values})
        wizard.action_check()
        return wizard

    def results(self, wizard, signature="SigFrs"):
        """:return: dict of the points' labels in English to met, missed, unknown."""
        return {
            point.label: point.result
            for point in wizard.point_ids.filtered(lambda point: point.signature == signature)
        }

    def test_an_accepted_document(self):
        document = self.accept()
        action = document.with_user(self.env.user).sudo(False).action_verify()
        wizard = self.env[action["res_model"]].browse(action["res_id"])
        self.assertEqual(
            [(one.name, one.state) for one in wizard.signature_ids],
            [("SigFrs", "intact"), ("SigTTN", "intact")],
        )
        # TTN adds its reference in an order that its own schema refuses: that is no fault of the document.
        self.assertNotEqual(wizard.verdict, "bad", wizard.line_ids.mapped("sentence"))
        self.assertEqual(wizard.signature_ids[0].signer, "FOURNISSEUR ESSAI")
        found = self.results(wizard)
        self.assertNotIn("missed", found.values())
        self.assertEqual(found["The certificate leads to a trusted authority"], "unknown")

    def test_with_authorities(self):
        document = self.accept()
        self.load_anchors()
        found = self.results(self.check(document.signed_id.raw))
        self.assertEqual(set(found.values()), {"met"})
        found = self.results(self.check(document.signed_id.raw, ask_revocation=False))
        self.assertEqual(found["The certificate was not revoked when it signed"], "unknown")
        self.sandbox.call("POST", f"certificates/{self.serial}/revoke")
        self.addCleanup(self.sandbox.call, "POST", f"certificates/{self.serial}/restore")
        found = self.results(self.check(document.signed_id.raw))
        self.assertIn(found["The certificate was not revoked when it signed"], ("met", "missed"))

    def test_altered(self):
        data = self.accept().signed_id.raw
        wizard = self.check(data.replace(b">120.000<", b">920.000<"))
        self.assertEqual((wizard.verdict, wizard.signature_ids.state), ("bad", "altered"))
        self.assertEqual(self.results(wizard)["The document is as it was signed"], "missed")
        self.assertIn("The document was changed after it was signed.", wizard.line_ids.mapped("sentence"))

    def test_the_demanded_profile_is_data(self):
        data = self.accept().signed_id.raw
        v3 = self.env.ref("l10n_tn_edi_ttn.signature_profile_v3").sudo()
        digest = base64.b64encode(hashlib.sha256(b"Politique 4").digest()).decode()
        v4 = v3.copy({"name": "V4", "date_from": "2026-09-01", "policy_hash_b64": digest, "role": "Vendeur"})
        found = self.results(self.check(data))
        self.assertEqual(
            {label for label, result in found.items() if result == "missed"},
            {"Role of the signer", "Digest of the policy"},
        )
        signed = self.post()
        self.documents._cron_submit()
        self.submit()
        [report] = verify.verify(parse_foreign_xml(signed.signed_id.raw))
        self.assertEqual(report.role, "Vendeur")
        v4.active = False
        self.assertNotIn("missed", self.results(self.check(data)).values())
        # One provider may be told to use another one
        self.provider.profile_id = v4
        [report] = verify.verify(
            parse_foreign_xml(self.provider._sign_documents({1: self.unsigned()})[1]["signed"])
        )
        self.assertEqual(report.role, "Vendeur")

    def unsigned(self):
        return self.post()._build()

    def test_the_profile_of_a_day(self):
        profiles = self.env["l10n_tn_edi.signature.profile"]
        self.assertEqual(profiles._in_force("SigFrs", date(2026, 6, 29)), profile.V2_2020)
        self.assertEqual(profiles._in_force("SigFrs", date(2026, 6, 30)), profile.V3)
        self.assertEqual(profiles._in_force("SigTTN", date(2026, 6, 30)), profile.TTN_2020)
        profiles.sudo().search([]).unlink()
        self.assertEqual(profiles._in_force("SigFrs", date(2026, 6, 30)), profile.V3)

    def test_only_an_administrator_writes_profiles(self):
        v3 = self.env.ref("l10n_tn_edi_ttn.signature_profile_v3").with_user(self.env.user).sudo(False)
        self.assertEqual(v3.role, "Fournisseur")
        with self.assertRaises(AccessError):
            v3.role = "Vendeur"
        with self.assertRaises(ValidationError):
            v3.sudo().policy_hash_b64 = "ZKLu"
