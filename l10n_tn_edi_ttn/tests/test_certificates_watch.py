import base64
from datetime import timedelta
from pathlib import Path
from unittest.mock import patch

from odoo import SUPERUSER_ID
from odoo.fields import Datetime
from odoo.tests import tagged

from ..models import l10n_tn_edi_preflight
from .common import COMPANY_MATRICULE
from .common_flow import LOGGER, TnEdiFlowCommon


@tagged("post_install_l10n", "post_install", "-at_install")
class TestCertificates(TnEdiFlowCommon):
    """Revocation, trust, expiry and declaration of certificates; and whether a company can send today."""

    def setUp(self):
        super().setUp()
        self.certificate = self.provider.certificate_id
        self.accountant = self.make_accountant()

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
        renew = self.env.ref("l10n_tn_edi_ttn.activity_renew_certificate")
        told = []
        for days in (90, 60, 45, 30, 15, 7, 3, 1):
            self.certificate.sudo().not_after = Datetime.now() + timedelta(days=days, minutes=5)
            watched._cron_watch()
            activity = self.certificate.activity_ids.filtered(lambda one: one.activity_type_id == renew)
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
        declare = self.env.ref("l10n_tn_edi_ttn.activity_declare_certificate")
        self.assertEqual(self.provider.certificate_id.activity_ids.activity_type_id, declare)
        self.provider.certificate_id.sudo().declared = True
        self.assertFalse(self.provider.certificate_id.activity_ids, "done with the tick")

    def test_a_certificate_that_nobody_uses_asks_for_nothing(self):
        self.certificate.sudo().not_after = Datetime.now() + timedelta(days=6)
        self.certificate.sudo()._cron_watch()
        self.assertTrue(self.certificate.activity_ids)
        renewed, _serial = self.sandbox.certificate("FOURNISSEUR ESSAI", COMPANY_MATRICULE, self.passphrase)
        self.provider.pkcs12_file = base64.b64encode(renewed)
        self.assertFalse(self.certificate.activity_ids)

    def test_the_responsible_is_told_in_his_language(self):
        self.provider.responsible_id = self.make_responsible()
        self.provider.responsible_id.sudo().lang = "fr_FR"
        self.certificate.sudo().not_after = Datetime.now() + timedelta(days=6)
        self.certificate.sudo()._cron_watch()
        [activity] = self.certificate.activity_ids
        self.assertEqual(activity.user_id, self.provider.responsible_id)
        self.assertIn("certificat", activity.note)
        self.assertNotIn("certificate", activity.note)

    def test_a_responsible_who_has_left_is_not_told(self):
        self.provider.responsible_id = self.make_responsible()
        self.assertEqual(self.certificate._responsible(), self.provider.responsible_id)
        self.provider.responsible_id.sudo().active = False
        self.assertEqual(self.certificate._responsible(), self.env.ref("base.user_admin"))

    # === What everybody sees === #

    def dashboard(self):
        journals = self.invoice_journal.with_user(self.accountant).sudo(False)
        return journals._get_journal_dashboard_data_batched()[self.invoice_journal.id].get(
            "l10n_tn_edi_alert"
        )

    def alert(self):
        return self.company._l10n_tn_edi_signing_alert()

    def test_the_end_is_shown_on_the_dashboard_and_in_the_settings(self):
        self.assertIsNone(self.dashboard())
        settings = self.env["res.config.settings"].with_user(SUPERUSER_ID).with_company(self.company)
        self.assertFalse(settings.create({}).l10n_tn_edi_alert)
        for days, level, code in (
            (29, "warning", "preflight.ends_soon"),
            (-1, "danger", "certificate.expired"),
        ):
            self.certificate.sudo().not_after = Datetime.now() + timedelta(days=days)
            self.assertEqual(self.alert()[:2], (level, code))
            self.assertEqual(settings.create({}).l10n_tn_edi_alert_level, level)
        shown = self.dashboard()
        self.assertEqual(shown["level"], "danger")
        self.assertIn("FOURNISSEUR ESSAI", shown["sentence"])
        self.invoice_journal.l10n_tn_edi_enabled = False
        self.assertNotIn(
            "l10n_tn_edi_alert",
            self.invoice_journal._get_journal_dashboard_data_batched()[self.invoice_journal.id],
        )

    def test_what_stops_the_invoices_is_shown_on_the_dashboard(self):
        self.certificate.sudo().revocation = "revoked"
        self.assertEqual(self.alert()[:2], ("danger", "certificate.revoked"))
        self.certificate.sudo().revocation = "good"
        self.settings(password="inexact")
        self.env["l10n_tn_edi.preflight"].sudo()._cron_check()
        self.assertEqual(self.alert()[:2], ("danger", "preflight.red"))
        action = self.invoice_journal.action_l10n_tn_edi_preflight()
        self.assertEqual(action["res_model"], "l10n_tn_edi.preflight")

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

    def test_the_clock_of_ttn(self):
        self.assertNotIn("preflight.clock_ttn", self.check().line_ids.mapped("code"))
        self.addCleanup(self.sandbox.advance_clock, 0)
        self.sandbox.advance_clock(300)
        line = self.check().line_ids.filtered(lambda line: line.code == "preflight.clock_ttn")
        self.assertEqual(line.state, "amber")
        self.assertIn(str(line.params["seconds"]), line.sentence)
        self.assertAlmostEqual(line.params["seconds"], 300, delta=20)

    def test_what_is_wrong(self):
        self.settings(password="inexact")
        self.provider.pkcs12_passphrase = "inexact"
        self.env.ref("l10n_tn_edi_ttn.ir_cron_submit").sudo().active = False
        check = self.check()
        self.assertEqual(check.state, "red")
        red = self.found(check, "red")
        self.assertLessEqual({"pkcs12.wrong_passphrase", "preflight.actions_off"}, red)
        self.assertGreaterEqual(len(red), 3)
        self.assertNotIn("inexact", str(check.line_ids.mapped("params")))

    def test_without_provider(self):
        self.company.sudo().l10n_tn_edi_provider_id = False
        self.assertIn("provider.missing", self.found(self.check(), "red"))

    def checks(self):
        """:return: the company's check, and a count that grows when it is made."""
        return self.env["l10n_tn_edi.preflight"].sudo()._of(self.company)

    def run_cron(self):
        self.env["l10n_tn_edi.preflight"].sudo()._cron_check()

    def test_daily(self):
        self.run_cron()
        check = self.checks()
        asked = len(self.questions())
        self.assertTrue(check.checked_at)
        self.run_cron()
        self.assertEqual(len(self.questions()), asked, "once a day")
        check.checked_at = Datetime.subtract(Datetime.now(), days=1)
        self.run_cron()
        self.assertEqual(len(self.questions()), asked + 1)

    def test_after_each_change_of_settings(self):
        """Not while the administrator waits: the scheduled action is woken."""
        cron = self.env.ref("l10n_tn_edi_ttn.ir_cron_preflight")
        triggers = self.env["ir.cron.trigger"].sudo()
        for change in (
            lambda: self.settings(login="autre"),
            lambda: self.settings(version="1.8.8"),
            lambda: self.settings(provider_id=False),
            lambda: self.settings(provider_id=self.provider.id),
            lambda: self.provider.sudo().write({"pkcs12_passphrase": self.passphrase}),
            lambda: self.certificate.sudo().write({"declared": True}),
        ):
            self.run_cron()
            self.assertFalse(self.checks().due)
            asked, woken = len(self.questions()), triggers.search_count([("cron_id", "=", cron.id)])
            change()
            self.assertTrue(self.checks().due)
            self.assertEqual(triggers.search_count([("cron_id", "=", cron.id)]), woken + 1)
            self.assertEqual(len(self.questions()), asked, "nobody was called meanwhile")
            self.company.sudo().l10n_tn_edi_login = self.login
            self.run_cron()
            self.assertGreater(len(self.questions()), asked)

    def test_one_company_that_fails_does_not_stop_the_others(self):
        self.env["l10n_tn_edi.preflight"].sudo()._cron_check()
        checks = self.env["l10n_tn_edi.preflight"]
        other = (
            self.env["res.company"].sudo().create({"name": "Autre", "country_id": self.env.ref("base.tn").id})
        )
        other.l10n_tn_edi_enabled = True
        self.checks().due = True
        real = type(checks)._found

        def fail(check, unattended=False):
            if check.company_id == self.company:
                raise ValueError("broken")
            return real(check, unattended)

        with (
            patch.object(type(checks), "_found", fail),
            self.assertLogs(f"{LOGGER}.l10n_tn_edi_preflight", "ERROR"),
        ):
            self.run_cron()
        self.assertTrue(checks.sudo()._of(other).checked_at)

    def test_silence_asks_about_the_address(self):
        self.settings(test_url=self.sandbox.info["silent_endpoint"])
        with patch.object(l10n_tn_edi_preflight, "TEST_SECONDS", 1):
            check = self.check()
        self.assertIn("preflight.address", self.found(check, "red"))
        line = check.line_ids.filtered(lambda line: line.code == "preflight.address")
        self.assertIn("declared at TTN?", line.with_context(lang="en_US").sentence)

    def test_the_version_of_today(self):
        self.settings(version="1.9.0")
        self.assertIn("preflight.version", self.found(self.check(), "green"))
        self.settings(mode="production")
        self.assertIn("preflight.beta", self.found(self.check(), "amber"))
        self.settings(next_version="1.8.9", next_version_date="2026-01-01")
        self.assertNotIn("preflight.beta", self.found(self.check(), "amber"))

    def test_what_was_found_is_told_in_the_reader_s_language(self):
        check = self.check()
        for line in check.line_ids:
            with self.subTest(line.code):
                english, french = (line.with_context(lang=lang).sentence for lang in ("en_US", "fr_FR"))
                self.assertTrue(french)
                self.assertNotEqual(english, french)
