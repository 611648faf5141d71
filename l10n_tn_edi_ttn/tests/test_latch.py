from odoo import SUPERUSER_ID, fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged
from odoo.tools import file_open

from .common_flow import TnEdiFlowCommon


@tagged("post_install_l10n", "post_install", "-at_install")
class TestLatch(TnEdiFlowCommon):
    """A copy of a database never deposits; production asks for an activation."""

    def setUp(self):
        super().setUp()
        self.provider.state = "enabled"
        self.settings(production_url=self.sandbox.endpoint)
        self.parameters = self.env["ir.config_parameter"].sudo()

    def go_live(self, activated=True):
        self.settings(mode="production", test_url="https://127.0.0.1:9/")
        if activated:
            self.company.with_user(SUPERUSER_ID).action_l10n_tn_edi_activate_production()

    def assert_stopped(self, document, code):
        """Signed and kept; nobody is called; the reason is told."""
        self.submit()
        self.follow()
        self.assertEqual((document.state, document.reason_code), ("signed", code))
        self.assertFalse(self.sandbox.ledger(self.login))
        self.assertFalse(document.exchange_ids)
        self.assert_sentence(document)

    # === Production === #

    def test_production_needs_an_activation(self):
        self.go_live(activated=False)
        self.assertFalse(self.company.l10n_tn_edi_production_active)
        document = self.post()
        self.assert_stopped(document, "latch.not_activated")
        self.company.with_user(SUPERUSER_ID).action_l10n_tn_edi_activate_production()
        self.assertTrue(self.company.l10n_tn_edi_production_active)
        self.documents._cron_submit()
        self.follow()
        self.assertEqual((document.state, document.mode), ("accepted", "production"))

    def test_only_an_administrator_activates(self):
        self.go_live(activated=False)
        for user in (self.make_accountant(), self.make_responsible()):
            with self.assertRaises(AccessError):
                self.company.with_user(user).action_l10n_tn_edi_activate_production()
        self.assertFalse(self.company.sudo().l10n_tn_edi_production_binding)

    def test_through_the_settings(self):
        self.go_live(activated=False)
        settings = (
            self.env["res.config.settings"].with_user(SUPERUSER_ID).with_company(self.company).create({})
        )
        self.assertFalse(settings.l10n_tn_edi_production_active)
        settings.action_l10n_tn_edi_activate_production()
        self.assertTrue(self.company.l10n_tn_edi_production_active)

    def test_test_provider_signs_nothing_for_production(self):
        self.go_live()
        self.provider.state = "test"
        document = self.post()
        self.submit()
        self.assertEqual((document.state, document.reason_code), ("error", "provider.test_only"))
        self.assert_sentence(document, self.provider.name)
        self.assertFalse(self.saves())

    def test_switched_off(self):
        document = self.post()
        self.documents._prepare_batch()
        self.settings(enabled=False)
        self.assert_stopped(document, "latch.not_enabled")

    # === Copies === #

    def test_another_database(self):
        self.go_live()
        document = self.post()
        self.parameters.set_param("database.uuid", "00000000-copy")
        self.assertFalse(self.company.l10n_tn_edi_production_active)
        self.assert_stopped(document, "latch.other_database")
        self.company.with_user(SUPERUSER_ID).action_l10n_tn_edi_activate_production()
        self.submit()
        self.assertEqual(document.state, "submitted")

    def test_another_cluster(self):
        self.go_live()
        uuid = self.parameters.get_param("database.uuid")
        self.assertEqual(self.company.sudo().l10n_tn_edi_production_binding.partition(":")[0], uuid)
        self.company.sudo().l10n_tn_edi_production_binding = f"{uuid}:1234567890"
        self.assert_stopped(self.post(), "latch.other_database")

    def test_questions_stop_as_well(self):
        self.go_live()
        document = self.deposit()
        calls = len(self.sandbox.ledger(self.login))
        self.parameters.set_param("database.uuid", "00000000-copy")
        self.follow()
        self.assertEqual((document.state, document.reason_code), ("submitted", "latch.other_database"))
        self.assertEqual(len(self.sandbox.ledger(self.login)), calls)

    def test_neutralized(self):
        """In test mode too: a neutralised copy calls nobody."""
        self.parameters.set_param("database.is_neutralized", "True")
        self.assert_stopped(self.post(), "latch.neutralized")
        with self.assertRaises(UserError):
            self.company.with_user(SUPERUSER_ID).action_l10n_tn_edi_activate_production()
        told = self.company.with_user(SUPERUSER_ID).action_l10n_tn_edi_test_account()["params"]
        self.assertEqual(told["type"], "danger")
        self.assertIn("neutralised", told["message"])

    def test_neutralize_sql_leaves_nothing_usable(self):
        self.go_live()
        waiting, held = self.post(), self.post()
        self.documents._prepare_batch()
        self.assertEqual((waiting.state, held.state), ("signed", "signed"))
        self.env.flush_all()
        with file_open("l10n_tn_edi_ttn/data/neutralize.sql") as script:
            self.env.cr.execute(script.read())
        self.env.invalidate_all()
        company = self.company.sudo()
        for name in ("login", "password_encrypted", "production_binding"):
            self.assertFalse(company[f"l10n_tn_edi_{name}"], name)
        self.assertEqual(company.l10n_tn_edi_mode, "test")
        self.assertFalse(company.l10n_tn_edi_production_active)
        self.assertEqual(self.provider.state, "disabled")
        self.assertFalse(self.provider.pkcs12_passphrase_encrypted)
        self.assertEqual(self.env["l10n_tn_edi.gateway"]._problem(self.company), "account.incomplete")
        fresh = self.post()
        self.submit()
        self.follow()
        self.assertEqual(fresh.reason_code, "provider.disabled")
        self.assertEqual(set((waiting + held).mapped("state")), {"signed"})
        self.assertFalse(self.sandbox.ledger(self.login))

    # === From one platform to the other === #

    def test_document_of_the_test_platform_after_going_live(self):
        """An invoice that was to be a test is sent to neither platform before a human says so."""
        document = self.post()
        self.documents._prepare_batch()
        self.go_live()
        self.assert_stopped(document, "latch.mode_changed")
        document.move_id.action_l10n_tn_edi_send()
        self.assertEqual((document.state, document.mode), ("to_send", "production"))
        self.submit()
        self.assertEqual(document.state, "submitted")

    def tried(self):
        """:return: a document of which one deposit was tried on the test platform, in vain; the company is in production now."""
        document = self.post()
        self.settings(test_url="https://127.0.0.1:9/")
        self.submit()
        self.assertEqual((document.state, document.exchange_ids.answer_class), ("signed", "not_sent"))
        self.go_live()
        return document

    def assert_sent_for_real(self, move, document):
        """The invoice has another document; that of the test keeps its story."""
        self.assertEqual((document.live, document.mode), (False, "test"))
        self.assertEqual(document.exchange_ids.mapped("mode"), ["test"])
        real = move.l10n_tn_edi_document_id
        self.assertEqual((real.mode, real == document), ("production", False))
        for _time in range(2):
            self.submit()
            self.follow()
        self.assertEqual(real.state, "accepted", real.reason)

    def test_document_that_was_tried_on_the_test_platform(self):
        """An accounting administrator sends it for real."""
        document = self.tried()
        move = document.move_id
        self.submit()
        self.follow()
        self.assertEqual((document.state, document.reason_code), ("signed", "latch.mode_changed"))
        self.assert_sentence(document, "accounting administrator")
        with self.assertRaises(UserError):
            move.with_user(self.make_accountant()).sudo(False).action_l10n_tn_edi_send()
        move.with_user(self.make_accountant("tn_edi_other")).sudo(False).action_l10n_tn_edi_send_selected()
        self.assertTrue(document.live, "of a selection it is left alone")
        move.with_user(self.make_responsible()).sudo(False).action_l10n_tn_edi_send()
        self.assert_sent_for_real(move, document)

    def test_what_was_tried_is_corrected_for_real(self):
        document = self.tried()
        document._fail("document.unexpected")
        document.with_user(self.make_responsible()).sudo(False).action_correct()
        self.assert_sent_for_real(document.move_id, document)

    def test_document_of_production_after_going_back(self):
        self.go_live()
        document = self.post()
        self.documents._prepare_batch()
        self.settings(mode="test", test_url=self.sandbox.endpoint)
        self.assert_stopped(document, "latch.mode_changed")

    def test_what_ttn_may_still_change_is_looked_at_again(self):
        """A rejection is watched: when the company comes back to its platform, it still is, with its reason."""
        document = self.reject(("CONTRL77", "Adresse du client incomplète"))
        reason = document.reason_code
        calls = len(self.sandbox.ledger(self.login))
        self.go_live()
        self.follow()
        self.assertEqual(len(self.sandbox.ledger(self.login)), calls)
        self.assertEqual((document.state, document.reason_code), ("rejected", reason))
        self.assertGreater(document.next_at, fields.Datetime.add(fields.Datetime.now(), hours=23))
        # … but no longer than any other rejection
        self.age(document, days=31)
        self.follow()
        self.assertEqual((document.state, document.next_at), ("rejected", False))

    def test_what_was_deposited_stays_with_its_platform(self):
        document = self.deposit()
        self.go_live()
        calls = len(self.sandbox.ledger(self.login))
        self.follow()
        self.assertEqual((document.state, document.mode), ("submitted", "test"))
        self.assertEqual(
            len(self.sandbox.ledger(self.login)),
            calls,
            "the test platform is not asked with other credentials",
        )
