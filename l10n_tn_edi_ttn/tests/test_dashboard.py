"""What is counted: the analysis, the cards of the accounting dashboard, the board across companies."""

import json
from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError
from odoo.tests import new_test_user, tagged

from .common_flow import TnEdiFlowCommon


class DashboardCommon(TnEdiFlowCommon):
    def put(self, state, **values):
        """:return: the document of a new invoice, in a state as if TTN had answered."""
        document = self.post()
        document.write({"state": state, **values})
        self.env.flush_all()
        return document


@tagged("post_install", "post_install_l10n", "-at_install")
class TestDashboard(DashboardCommon):
    def test_analysis_by_status_and_delay(self):
        deposited = fields.Datetime.now() - timedelta(hours=5)
        for hours in (1, 3):
            self.put("accepted", submitted_at=deposited, decided_at=deposited + timedelta(hours=hours))
        self.put("rejected", submitted_at=deposited, decided_at=deposited)
        self.put("error")
        self.put("submitted", submitted_at=deposited)
        rows = self.env["l10n_tn_edi.report"]._read_group(
            [("company_id", "=", self.company.id)],
            ["outcome"],
            ["__count", "delay_hours:avg", "amount_total:sum"],
        )
        found = {
            outcome: (count, round(delay or 0, 2), round(total, 3)) for outcome, count, delay, total in rows
        }
        self.assertEqual(
            found,
            {
                "accepted": (2, 2.0, 240.0),
                "rejected": (1, 0, 120.0),
                "to_correct": (1, 0, 120.0),
                "waiting": (1, 0, 120.0),
            },
        )
        months = self.env["l10n_tn_edi.report"]._read_group([], ["invoice_date:month"], ["__count"])
        self.assertEqual([count for _month, count in months], [5])
        row = self.env["l10n_tn_edi.report"].search([("outcome", "=", "rejected")])
        self.assertEqual(row.action_open_move()["res_id"], row.move_id.id)

    def card(self, journal):
        journal.invalidate_recordset(["kanban_dashboard"])
        return json.loads(journal.kanban_dashboard).get("l10n_tn_edi")

    def test_card_of_the_journal(self):
        self.put("rejected")
        self.put("error")
        self.put("submitted")
        self.put("accepted")
        self.put("unknown")
        self.assertEqual(
            self.card(self.invoice_journal),
            {
                "to_correct": 2,
                "doubtful": 1,
                "to_send": 0,
                "waiting": 1,
                "cause": None,
                "delay": None,
                "certificate_days": None,
            },
        )
        self.provider.certificate_id.sudo().not_after = fields.Datetime.now() + timedelta(days=10, hours=1)
        self.assertEqual(self.card(self.invoice_journal)["certificate_days"], 10)
        self.invoice_journal.l10n_tn_edi_enabled = False
        self.assertIsNone(self.card(self.invoice_journal))

    def test_card_names_the_commonest_cause_and_the_delay(self):
        Rejection = self.env["l10n_tn_edi.rejection"].sudo()
        codes = ["ttn.signer_not_authorised", "ttn.signer_not_authorised", "ttn.certificate_expired"]
        documents = [self.put("rejected") for _code in codes]
        for document, code in zip(documents, codes, strict=True):
            Rejection._note(document, [{"text": code, "code": code}])
        self.env.flush_all()
        cause = self.card(self.invoice_journal)["cause"]
        self.assertEqual(cause["count"], 2)
        self.assertEqual(
            cause["text"], Rejection.search([("document_id", "=", documents[0].id)]).cause_id.display_name
        )
        counted = self.env["l10n_tn_edi.report"]._read_group([], ["cause_id"], ["__count"])
        self.assertEqual(sorted(count for _cause, count in counted), [1, 2])
        # What was put right is no longer a cause of anything.
        documents[0].state = documents[1].state = "accepted"
        deposited = fields.Datetime.now() - timedelta(days=2)
        for document, minutes in zip(documents, (4, 8), strict=False):
            document.write({"submitted_at": deposited, "decided_at": deposited + timedelta(minutes=minutes)})
        self.env.flush_all()
        card = self.card(self.invoice_journal)
        self.assertEqual(card["cause"]["count"], 1)
        self.assertEqual(card["delay"], "6 min")
        durations = [self.invoice_journal._l10n_tn_edi_duration(hours) for hours in (0.001, 1.5, 5, 100)]
        self.assertEqual(durations, ["1 min", "90 min", "5 h", "4 days"])

    def test_board_counts_each_company(self):
        self.put("rejected")
        self.put("unknown")
        self.put("submitted", submitted_at=fields.Datetime.now() - timedelta(hours=25))
        last = self.put("submitted", submitted_at=fields.Datetime.now())
        self.put("accepted")
        row = self.env["l10n_tn_edi.board"].search([("company_id", "=", self.company.id)])
        self.assertEqual([row.stuck, row.rejected, row.waiting, row.to_correct], [2, 1, 2, 0])
        self.assertEqual(row.last_deposit, last.submitted_at)
        self.assertEqual(row.certificate_state, "good")
        self.assertEqual(row.certificate_end, self.provider.certificate_id.not_after.date())
        self.assertFalse(row.stopped)
        self.env["l10n_tn_edi.account"]._of(self.company, "test").stopped = True
        self.provider.certificate_id.sudo().not_after = fields.Datetime.now() - timedelta(days=1)
        self.env.flush_all()
        self.env.invalidate_all()
        self.assertTrue(row.stopped)
        self.assertEqual(row.certificate_state, "over")
        opened = row.action_open_documents()
        self.assertEqual(self.documents.search_count(opened["domain"]), 4)

    def test_board_shows_allowed_companies_only(self):
        other = self.env(su=True)["res.company"].create({"name": "Autre", "l10n_tn_edi_enabled": True})
        stranger = self.env(su=True)["res.company"].create({"name": "Tierce", "l10n_tn_edi_enabled": True})
        user = new_test_user(
            self.env(su=True),
            login="tn_edi_firm",
            groups="account.group_account_invoice",
            company_id=self.company.id,
            company_ids=[fields.Command.set((self.company | other).ids)],
        )
        # Although one of them is ticked only.
        board = self.env["l10n_tn_edi.board"].with_user(user).with_company(self.company)
        self.assertEqual(board.search([]).company_id, self.company | other)
        self.assertNotIn(stranger, board.search([]).company_id)
        self.assertEqual(board.search([("company_id", "=", other.id)]).certificate_state, "none")
        with self.assertRaises(AccessError):
            board.browse(stranger.id).read(["stuck"])


@tagged("post_install", "post_install_l10n", "-at_install")
class TestAlerts(DashboardCommon):
    def setUp(self):
        super().setUp()
        self.account = self.env(su=True)["l10n_tn_edi.account"]._of(self.company, "test")
        self.env["res.lang"].sudo()._activate_lang("fr_FR")
        self.english = self.make_responsible("tn_edi_alert_en")
        self.french = self.make_responsible("tn_edi_alert_fr")
        self.french.lang = "fr_FR"
        self.french.notification_type = self.english.notification_type = "inbox"
        self.account.alert_user_ids = self.english | self.french

    def told(self, user):
        """:return: the messages that a user got about the account, newest first; not those about his activity."""
        found = (
            self.env["mail.message"]
            .sudo()
            .search([("model", "=", self.account._name), ("res_id", "=", self.account.id)])
        )
        return found.filtered(
            lambda message: user.partner_id in message.notified_partner_ids and "<li>" in message.body
        )

    def activities(self, user):
        return self.account.activity_ids.filtered(lambda activity: activity.user_id == user)

    def test_each_is_told_in_his_language(self):
        rejected = self.put("rejected")
        self.account._alert_daily()
        for user in (self.english, self.french):
            [message] = self.told(user)
            self.assertIn(rejected.number, str(message.body))
            self.assertIn(rejected.number, str(self.activities(user).note))
        self.assertIn("Rejected by TTN", str(self.told(self.english).body))

        # The next day the activity is the same one, and it goes with its reason.
        self.account._alert_daily()
        self.assertEqual(len(self.activities(self.english)), 1)
        self.assertEqual(len(self.told(self.english)), 2)
        rejected.state = "accepted"
        self.env.flush_all()
        self.account._alert_daily()
        self.assertFalse(self.activities(self.english))
        self.assertEqual(len(self.told(self.english)), 2, "nothing to tell, nothing told")

    def test_what_is_told(self):
        self.account.write({"stopped": True, "stop_code": "breaker.by_hand", "stop_params": {"company": "X"}})
        self.put("error")
        self.put("unknown")
        self.put("signing")
        self.put("accepted", unproved=True, decided_at=fields.Datetime.now())
        yesterday = fields.Datetime.now() - timedelta(hours=25)
        self.put("signed", reason_code="sweep.waiting", signed_at=yesterday)
        found = {"code": "sweep.unidentified", "params": {}, "deposit": 7}
        self.account._note_findings([found, found])
        self.provider.certificate_id.sudo().not_after = fields.Datetime.now() + timedelta(days=5)
        texts = " | ".join(self.account.with_context(lang="en_US")._attention())
        for words in (
            *("To correct", "Unknown, to decide", "Waiting for a person", "ends on"),
            *("does not prove it", "1 deposits at TTN", "kept from TTN for 24 hours: 1"),
        ):
            self.assertIn(words, texts)
        self.assertEqual(len(self.account._attention()), 8)

    def test_off_switch(self):
        self.put("rejected")
        self.account._alert_daily()
        self.account.alerts = False
        self.account._alert_daily()
        self.assertFalse(self.activities(self.english))
        self.assertEqual(len(self.told(self.english)), 1)

    def test_scheduled_action_serves_the_company(self):
        self.put("rejected")
        self.env(su=True)["l10n_tn_edi.account"]._cron_alert()
        self.assertTrue(self.told(self.french))

    def test_end_of_the_month(self):
        today = fields.Date.today()
        document = self.put("submitted", submitted_at=fields.Datetime.now())
        document.invoice_date = today
        self.env.flush_all()
        self.account.month_end_days = 0
        self.assertFalse(self.account._attention())
        self.account.month_end_days = 31
        [item] = self.account.with_context(lang="en_US")._attention()
        self.assertIn("The month ends", item)
        self.assertIn(document.number, item)

    def test_lock_date_tells_what_is_not_accepted(self):
        document = self.put("submitted")
        accepted = self.put("accepted")
        self.company.sudo().sale_lock_date = "2026-03-31"
        body = str(self.account.message_ids[0].body)
        self.assertIn(document.number, body)
        self.assertNotIn(accepted.number, body)
        known = self.account.message_ids
        self.company.sudo().write({"sale_lock_date": "2026-03-31"})
        self.company.sudo().write({"sale_lock_date": False})
        self.assertEqual(self.account.message_ids, known, "told once")
