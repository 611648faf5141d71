import time
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import AccessError, ValidationError
from odoo.fields import Command
from odoo.tests import new_test_user, tagged

from ..models import l10n_tn_edi_document_lanes
from ..teif.foreign import parse_foreign_xml
from ..teif.identifiers import key_letter
from ..teif.reader import read
from .common import COMPANY_MATRICULE
from .common_flow import LOGGER, TnEdiFlowCommon

OTHER_MATRICULE = f"2345678{key_letter('2345678')}AM000"


class MultiCompanyCase(TnEdiFlowCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        root = cls.env(su=True)
        # A company is an administrator's work.
        administrator = cls.env.ref("base.group_system")
        cls.env.user.sudo().group_ids += administrator
        cls.other = cls.setup_other_company(name="AUTRE ESSAI SA")["company"].with_env(root)
        cls.env.user.sudo().group_ids -= administrator
        cls.other.partner_id.write(
            {
                "vat": OTHER_MATRICULE,
                "street": "5 rue de Carthage",
                "city": "Sousse",
                "zip": "4000",
            }
        )
        cls.other.write(
            {
                "l10n_tn_edi_enabled": True,
                "l10n_tn_edi_go_live_date": "2026-01-01",
                "l10n_tn_edi_delay_minutes": 0,
            }
        )
        cls.other_journal = root["account.journal"].search(
            [("type", "=", "sale"), ("company_id", "=", cls.other.id)], limit=1
        )
        cls.other_journal.l10n_tn_edi_enabled = True
        cls.other_vat = root["account.chart.template"].with_company(cls.other).ref("l10n_tn_tax_vat_sale_19")
        cls.other_passphrase = "Une autre phrase"
        cls.other_pkcs12, cls.other_serial = cls.sandbox.certificate(
            "AUTRE ESSAI", OTHER_MATRICULE, cls.other_passphrase
        )
        cls.other_provider = cls.make_provider(cls.other, cls.other_pkcs12, cls.other_passphrase)
        cls.other.l10n_tn_edi_provider_id = cls.other_provider

    def setUp(self):
        super().setUp()
        self.other_login, other_password = self.make_account(self.other_serial, OTHER_MATRICULE)
        self.connect(self.other, self.other_login, other_password)

    def post_in(self, company, journal, tax):
        """:return: the document of a new posted invoice of another company."""
        move = (
            self.env(su=True)["account.move"]
            .with_company(company)
            .create(
                {
                    "move_type": "out_invoice",
                    "partner_id": self.customer.id,
                    "invoice_date": "2026-03-15",
                    "company_id": company.id,
                    "journal_id": journal.id,
                    "invoice_line_ids": [self.line(taxes=tax, product_id=False)],
                }
            )
        )
        move.action_post()
        self.assertEqual(move.company_id, company)
        return self.document_of(move)

    def post_in_other(self):
        return self.post_in(self.other, self.other_journal, self.other_vat)

    def due(self, documents=None):
        return super().due(
            documents or self.documents.search([("live", "=", True), ("next_at", "!=", False)])
        )

    def make_user(self, login, companies):
        return new_test_user(
            self.env(su=True),
            login=login,
            groups="account.group_account_invoice",
            company_id=companies[0].id,
            company_ids=[Command.set(companies.ids)],
        )


@tagged("post_install_l10n", "post_install", "-at_install")
class TestMultiCompany(MultiCompanyCase):
    """Each company has its own account, certificate and mode; one run of the scheduled actions serves all."""

    def test_one_run_serves_all(self):
        first, second = self.post(), self.post_in_other()
        self.submit()
        self.assertEqual(
            (first.state, second.state), ("submitted", "submitted"), (first.reason, second.reason)
        )
        self.follow()
        self.assertEqual((first.state, second.state), ("accepted", "accepted"))
        for document, login, matricule, provider in (
            (first, self.login, COMPANY_MATRICULE, self.provider),
            (second, self.other_login, OTHER_MATRICULE, self.other_provider),
        ):
            [row] = self.sandbox.ledger(login, "saveEfact")
            self.assertEqual(str(row["deposit_id"]), document.deposit_id)
            self.assertEqual(document.sender, matricule)
            self.assertEqual(document.exchange_ids.mapped("account"), [login, login])
            self.assertEqual(document.certificate_id, provider.certificate_id)
            self.assertEqual(document.certificate_id.company_id, document.company_id)
        self.assertTrue(first.reference.startswith("1234567"))
        self.assertTrue(second.reference.startswith("2345678"))

    def test_trouble_of_one_company_is_not_the_other_s(self):
        first, second = self.post(), self.post_in_other()
        self.provider.pkcs12_passphrase = "wrong"
        self.submit()
        self.assertEqual((first.state, second.state), ("error", "submitted"))
        self.provider.pkcs12_passphrase = self.passphrase
        self.settings(password="wrong")
        third, fourth = self.post(), self.post_in_other()
        self.submit()
        self.assertEqual((first.state, third.state, fourth.state), ("signed", "signed", "submitted"))
        self.assertEqual(len(self.sandbox.ledger(self.login, "saveEfact")), 1, "one of the two was tried")

    def test_silence_of_one_account_delays_no_other(self):
        """An account that can't be reached is stopped; the other's documents go in the same runs."""
        self.company.sudo().l10n_tn_edi_test_url = "https://127.0.0.1:9/"
        mine = self.documents.union(*(self.post() for _number in range(8)))
        theirs = self.documents.union(*(self.post_in_other() for _number in range(8)))
        began = time.monotonic()
        for _time in range(6):
            self.submit()
        self.assertLess(time.monotonic() - began, 60)
        self.assertEqual(set(theirs.mapped("state")), {"submitted"})
        self.assertEqual(set(mine.mapped("state")), {"signed"})
        account, other = (
            self.env["l10n_tn_edi.account"]._of(company, "test") for company in (self.company, self.other)
        )
        self.assertEqual((account.stopped, account.stop_reason), (True, "silence"))
        self.assertFalse(other.stopped)

    def test_account_that_waits_takes_no_place(self):
        """Many documents of an account that waits for its first answer stand before others in the queue."""
        with patch.object(l10n_tn_edi_document_lanes, "CALLS_AT_ONCE", 2):
            mine = self.documents.union(*(self.post() for _number in range(12)))
            self.submit()
            mine[1:].write({"state": "signed"})
            theirs = self.post_in_other()
            theirs.next_at = fields.Datetime.now()
            self.documents._prepare_batch()
            # As another worker left it: one of ours is on its way, and has no answer
            (mine + theirs).write({"state": "signed", "next_at": fields.Datetime.now()})
            self.env.flush_all()
            self.env.cr.execute(
                "UPDATE l10n_tn_edi_exchange SET finished_at = finished_at - interval '1 day' WHERE document_id = ANY(%s)",
                [(mine + theirs).ids],
            )
            self.env.invalidate_all()
            mine[0].write(
                {"state": "sending", "lease_until": fields.Datetime.add(fields.Datetime.now(), minutes=2)}
            )
            claimed, jobs = self.documents._claim_deposits_due(2)
        self.assertEqual((claimed, [document for document, _exchange in jobs]), (1, theirs.ids))
        self.assertEqual(set(mine[1:].mapped("state")), {"signed"})

    def test_limits_of_one_account_are_its_own(self):
        """The rejections of one company stop its own queue only."""
        self.company.sudo().write({"l10n_tn_edi_breaker_last": 4, "l10n_tn_edi_breaker_least": 2})
        self.fault("reject", params={"errors": [["CONTRL01", "Montant total TTC incorrect"]]})
        mine = self.documents.union(*(self.post() for _number in range(4)))
        theirs = self.documents.union(*(self.post_in_other() for _number in range(4)))
        self.submit()
        self.follow()
        self.assertEqual(set(mine.mapped("state")), {"rejected"})
        self.assertEqual(set(theirs.mapped("state")), {"accepted"})
        more, further = self.post(), self.post_in_other()
        self.submit()
        self.assertEqual((more.state, further.state), ("signed", "submitted"))

    def test_sweep_of_one_account_that_fails(self):
        """Where the comparison with TTN fails, this company's documents wait, and no other's."""
        Account = self.env["l10n_tn_edi.account"]
        accounts = Account._of(self.company, "test") + Account._of(self.other, "test")
        accounts.sudo().swept_at = False
        self.company.sudo().l10n_tn_edi_test_url = "https://127.0.0.1:9/"
        first, second = self.post(), self.post_in_other()
        self.submit()
        self.assertEqual((first.state, second.state), ("signed", "submitted"))
        self.assertFalse(first.attempt_count)
        self.assertFalse(accounts[0].swept_at)
        self.assertTrue(accounts[1].swept_at)

    def test_sweep_of_one_account_that_breaks(self):
        """The same where our own code fails with an account."""
        Account = self.env["l10n_tn_edi.account"]
        mine, theirs = Account._of(self.company, "test"), Account._of(self.other, "test")
        (mine + theirs).sudo().swept_at = False
        first, second = self.post(), self.post_in_other()
        original = type(mine)._ask_period

        def ask(account, client, period):
            if account == mine:
                raise RuntimeError("something unforeseen")
            return original(account, client, period)

        with patch.object(type(mine), "_ask_period", ask), self.assertLogs(LOGGER, "ERROR"):
            self.submit()
        self.assertEqual(
            (first.state, first.reason_code, second.state), ("signed", "sweep.waiting", "submitted")
        )
        self.assertGreater(first.next_at, fields.Datetime.now())

    def test_modes_of_their_own(self):
        self.other.write(
            {
                "l10n_tn_edi_mode": "production",
                "l10n_tn_edi_production_url": self.sandbox.endpoint,
                "l10n_tn_edi_test_url": "https://127.0.0.1:9/",
            }
        )
        self.other_provider.state = "enabled"
        first, second = self.post(), self.post_in_other()
        self.submit()
        self.assertEqual((first.mode, first.state), ("test", "submitted"))
        self.assertEqual(
            (second.mode, second.state, second.reason_code), ("production", "signed", "latch.not_activated")
        )
        self.other.with_user(self.env.ref("base.user_admin")).action_l10n_tn_edi_activate_production()
        self.submit()
        self.assertEqual(second.state, "submitted", second.reason)

    def test_same_number_in_two_companies(self):
        first, second = self.post(), self.post_in_other()
        self.assertEqual(first.number, second.number)
        self.submit()
        self.follow()
        self.assertEqual((first.state, second.state), ("accepted", "accepted"))

    def test_company_rules(self):
        first, second = self.post(), self.post_in_other()
        self.submit()
        self.follow()
        stranger = self.make_user("tn_edi_other_only", self.other)
        for record in (
            first,
            first.exchange_ids,
            first.certificate_id,
            self.provider,
            first.signed_id,
            first.ttn_xml_id,
        ):
            with self.subTest(model=record._name):
                theirs = record.with_user(stranger).sudo(False)
                self.assertFalse(theirs.search([("id", "in", record.ids)]))
                with self.assertRaises(AccessError):
                    theirs.read(["display_name"])
        for record in (
            second,
            second.exchange_ids,
            second.certificate_id,
            self.other_provider,
            second.signed_id,
        ):
            self.assertTrue(record.with_user(stranger).sudo(False).read(["display_name"]))
        with self.assertRaises(AccessError):
            first.with_user(stranger).sudo(False).action_ask()
        with self.assertRaises(AccessError):
            first.move_id.with_user(stranger).sudo(False).action_l10n_tn_edi_send()

    def test_user_of_both_in_one_of_them(self):
        first, second = self.post(), self.post_in_other()
        both = self.make_user("tn_edi_both", self.company.with_env(self.other.env) + self.other)
        documents = self.env["l10n_tn_edi.document"].with_user(both)
        mine = [("id", "in", (first + second).ids)]
        self.assertEqual(
            documents.with_context(allowed_company_ids=self.other.ids).search(mine).ids, second.ids
        )
        self.assertEqual(
            set(documents.with_context(allowed_company_ids=(self.company + self.other).ids).search(mine).ids),
            {first.id, second.id},
        )

    def test_provider_of_another_company_is_refused(self):
        with self.assertRaises(ValidationError):
            self.other.l10n_tn_edi_provider_id = self.provider
        self.assertEqual(self.other.l10n_tn_edi_provider_id, self.other_provider)


@tagged("post_install_l10n", "post_install", "-at_install")
class TestBranch(MultiCompanyCase):
    """A branch invoices under its parent's matricule and signs with its parent's certificate."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.branch = cls.env(su=True)["res.company"].create(
            {
                "name": "FOURNISSEUR ESSAI Sfax",
                "parent_id": cls.company.id,
                "country_id": cls.env.ref("base.tn").id,
                "street": "8 avenue de la Liberté",
                "city": "Sfax",
                "zip": "3000",
            }
        )
        cls.env.cr.precommit.run()  # the branch gets its parent's chart of accounts
        cls.branch.write(
            {
                "l10n_tn_edi_enabled": True,
                "l10n_tn_edi_go_live_date": "2026-01-01",
                "l10n_tn_edi_delay_minutes": 0,
            }
        )

    def post_in_branch(self):
        return self.post_in(self.branch, self.invoice_journal, self.vat_19)

    def test_signs_with_its_parents_certificate(self):
        self.assertEqual(self.branch.l10n_tn_edi_matricule, COMPANY_MATRICULE)
        self.assertFalse(self.branch.l10n_tn_edi_provider_id)
        self.assertEqual(self.branch._l10n_tn_edi_signing_provider(), self.provider)
        self.connect(self.branch, self.login, self.password)
        document = self.post_in_branch()
        self.submit()
        self.follow()
        self.assertEqual(document.state, "accepted", document.reason)
        self.assertEqual((document.company_id, document.sender), (self.branch, COMPANY_MATRICULE))
        self.assertEqual(document.certificate_id, self.provider.certificate_id)
        supplier = read(parse_foreign_xml(document.signed_id.raw)).parties[0]
        self.assertEqual(supplier.name, self.branch.name)

    def test_user_of_the_branch_alone(self):
        self.connect(self.branch, self.login, self.password)
        document, parents = self.post_in_branch(), self.post()
        self.submit()
        user = self.make_user("tn_edi_branch_only", self.branch)
        self.assertEqual(document.with_user(user).sudo(False).read(["state"])[0]["state"], "submitted")
        self.assertTrue(document.certificate_id.with_user(user).sudo(False).read(["name"]))
        self.assertTrue(self.provider.with_user(user).sudo(False).read(["name"]))
        with self.assertRaises(AccessError):
            parents.with_user(user).sudo(False).read(["state"])

    def test_comparison_knows_what_its_parent_deposits(self):
        """Both have one account at TTN: what the other one has deposited there is no stranger's."""
        self.connect(self.branch, self.login, self.password)
        documents = self.post_in_branch() | self.post()
        self.submit()
        self.assertEqual(set(documents.mapped("state")), {"submitted"})
        Account = self.env["l10n_tn_edi.account"]
        accounts = Account._of(self.company, "test") | Account._of(self.branch, "test")
        accounts.swept_at = fields.Datetime.subtract(fields.Datetime.now(), hours=2)
        Account._cron_sweep()
        for account in accounts:
            self.assertGreater(account.swept_at, fields.Datetime.subtract(fields.Datetime.now(), hours=1))
            self.assertFalse(account.findings, account.findings_text)
            self.assertFalse(account.quarantine)

    def test_account_of_its_own_is_asked_for(self):
        document = self.post_in_branch()
        self.submit()
        self.assertEqual((document.state, document.reason_code), ("signed", "account.incomplete"))
        self.connect(self.branch, self.login, self.password)
        self.documents._cron_submit()
        self.assertEqual(document.state, "submitted")

    def test_better_certificate_of_the_parent_lets_the_branch_go_on(self):
        self.connect(self.branch, self.login, self.password)
        self.provider.pkcs12_passphrase = "wrong"
        document = self.post_in_branch()
        self.submit()
        self.assertEqual((document.state, document.reason_code), ("error", "pkcs12.wrong_passphrase"))
        self.provider.pkcs12_passphrase = self.passphrase
        self.documents._cron_submit()
        self.assertEqual(document.state, "submitted")


@tagged("post_install_l10n", "post_install", "-at_install")
class TestForeignCompany(TnEdiFlowCommon):
    """A company elsewhere never notices that the addon is there."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.abroad = cls.env(su=True)["res.company"].create(
            {
                "name": "Société ailleurs",
                "country_id": cls.env.ref("base.fr").id,
                "currency_id": cls.env.ref("base.EUR").id,
            }
        )
        cls.env(su=True)["account.chart.template"].try_loading(
            "generic_coa", company=cls.abroad, install_demo=False
        )
        cls.journal_abroad = cls.env(su=True)["account.journal"].search(
            [("type", "=", "sale"), ("company_id", "=", cls.abroad.id)], limit=1
        )

    def post_abroad(self):
        move = (
            self.env(su=True)["account.move"]
            .with_company(self.abroad)
            .create(
                {
                    "move_type": "out_invoice",
                    "partner_id": self.foreigner.id,
                    "invoice_date": "2026-03-15",
                    "journal_id": self.journal_abroad.id,
                    "invoice_line_ids": [self.line(product_id=False, tax_ids=[Command.clear()])],
                }
            )
        )
        move.action_post()
        return move

    def test_untouched(self):
        move = self.post_abroad()
        self.assertEqual(move.company_id, self.abroad)
        self.assertFalse(move.l10n_tn_edi_document_ids)
        self.assertFalse(move.need_cancel_request)
        self.assertTrue(move._is_ready_to_be_sent())
        self.assertFalse(move._l10n_tn_edi_awaits_ttn())
        self.assertNotIn("tn_ttn", self.env["account.move.send"]._get_default_extra_edis(move))
        move.button_draft()
        move.narration = "<p>Other</p>"
        move.action_post()
        move.button_draft()
        move.button_cancel()
        move.button_draft()
        move.with_context(force_delete=True).unlink()

    def test_switched_on_by_mistake(self):
        self.abroad.write({"l10n_tn_edi_enabled": True, "l10n_tn_edi_go_live_date": "2026-01-01"})
        self.journal_abroad.l10n_tn_edi_enabled = True
        self.assertFalse(self.post_abroad().l10n_tn_edi_document_ids)

    def test_other_kinds_of_entries_untouched(self):
        """Purchases, receipts and entries of the Tunisian company itself."""
        for move_type in ("in_invoice", "in_refund", "out_receipt", "entry"):
            journal = self.company_data[
                "default_journal_misc" if move_type == "entry" else "default_journal_purchase"
            ]
            if move_type == "out_receipt":
                journal = self.invoice_journal
            values = {
                "move_type": move_type,
                "journal_id": journal.id,
                "invoice_date": "2026-03-15",
                "date": "2026-03-15",
            }
            if move_type != "entry":
                values |= {
                    "partner_id": self.customer.id,
                    "invoice_line_ids": [self.line(taxes=self.vat_19.browse())],
                }
            move = self.env["account.move"].create(values)
            if move_type == "entry":
                account = self.company_data["default_account_revenue"]
                move.line_ids = [
                    Command.create({"account_id": account.id, side: 5}) for side in ("debit", "credit")
                ]
            move.action_post()
            self.assertEqual(move.state, "posted")
            self.assertFalse(move.l10n_tn_edi_document_ids, move_type)
