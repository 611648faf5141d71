"""Who is told each day what waits for somebody: one activity and one message for each responsible, in his language."""

import logging

from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.tools import format_date

from .l10n_tn_edi_account import GIVEN_UP
from .l10n_tn_edi_board import STUCK_HOURS
from .l10n_tn_edi_document_prepare import ORIGINAL_REFUSED
from .l10n_tn_edi_document_replaced import REPLACED_ACCEPTED

_logger = logging.getLogger(__name__)

ACTIVITY = "l10n_tn_edi_ttn.activity_type_attention"
# Why Odoo itself holds a document back: nobody pressed a button, so somebody is told.
HELD_BY_ODOO = ("sweep.quarantined", "ask.earlier_accepted", ORIGINAL_REFUSED, REPLACED_ACCEPTED)
# Invoices that are named in a message; the screens have them all.
NAMED = 10
# So long an acceptance without proof is told each day; the document says it for ever.
UNPROVED_DAYS = 7


class L10nTnEdiAccount(models.Model):
    _inherit = "l10n_tn_edi.account"

    alerts = fields.Boolean(
        string="Daily Alerts",
        default=True,
        help="Each day the responsible get one message and one activity, when something waits for them.",
    )
    alert_user_ids = fields.Many2many(
        "res.users",
        string="Who Is Alerted",
        domain="[('share', '=', False), ('company_ids', 'in', company_id)]",
        help="The responsible of the account when nobody is chosen.",
    )
    month_end_days = fields.Integer(
        string="Days before the End of the Month",
        default=3,
        help="From this many days before the end of the month on, invoices of the month that are not accepted are told. "
        "0: never.",
    )

    def _told(self):
        """:return: ``res.users`` who are alerted: those chosen who still work for the company, else the responsible."""
        self.ensure_one()
        chosen = self.alert_user_ids.filtered(
            lambda user: user.active and self.company_id in user.company_ids
        )
        return chosen or self._responsible()

    # --- What waits for somebody -----------------------------------------------------------------------------------

    def _attention(self):
        """What somebody has to look at today.

        :return: list of str, sentences in the language of the environment.
        """
        self.ensure_one()
        found = []
        if self.stopped:
            found.append(self.stop_sentence)
        if self.findings:
            params = {"company": self.company_id.name, "count": len(self.findings)}
            found.append(self.env["l10n_tn_edi.messages"]._sentence("sweep.found", params))
        for text, domain in (
            (self.env._("Rejected by TTN"), [("live", "=", True), ("state", "=", "rejected")]),
            (
                self.env._("To correct before they can go to TTN"),
                [("live", "=", True), ("state", "=", "error")],
            ),
            (
                self.env._("Unknown, to decide, or without a verdict for %(hours)s hours", hours=STUCK_HOURS),
                self.env["l10n_tn_edi.document"]._stuck_domain(),
            ),
            (
                self.env._("Waiting for a person to sign them"),
                [("live", "=", True), ("state", "=", "signing")],
            ),
            (
                self.env._("Could not be sent, too many times"),
                [("live", "=", True), ("state", "=", "signed"), ("reason_code", "=", GIVEN_UP)],
            ),
            (
                self.env._("Held back by Odoo, not by a person"),
                [("live", "=", True), ("hold", "=", True), ("reason_code", "in", HELD_BY_ODOO)],
            ),
            (
                self.env._("Signed, and kept from TTN for %(hours)s hours", hours=STUCK_HOURS),
                [
                    *(("live", "=", True), ("hold", "=", False), ("state", "=", "signed")),
                    *(("reason_code", "!=", False), ("reason_code", "!=", GIVEN_UP)),
                    ("signed_at", "<", fields.Datetime.subtract(fields.Datetime.now(), hours=STUCK_HOURS)),
                ],
            ),
            (
                self.env._("Accepted, but TTN's signature does not prove it yet"),
                [("live", "=", True), ("unproved", "=", True), ("decided_at", ">", self._lately())],
            ),
        ):
            found += self._counted(text, domain)
        return found + self._attention_to_certificates() + self._attention_to_month()

    @api.model
    def _lately(self):
        return fields.Datetime.subtract(fields.Datetime.now(), days=UNPROVED_DAYS)

    def _counted(self, text, domain):
        """:return: list with the sentence of ``_attention`` about the documents of ``domain``, empty when there are none."""
        domain = self._has(*domain)
        Document = self.env["l10n_tn_edi.document"]
        count = Document.search_count(domain)
        if not count:
            return []
        names = ", ".join(
            document.number or document.move_id.name
            for document in Document.search(domain, order="invoice_date, id", limit=NAMED)
        )
        more = " …" if count > NAMED else ""
        return [self.env._("%(what)s: %(count)s (%(names)s)", what=text, count=count, names=f"{names}{more}")]

    def _attention_to_certificates(self):
        certificates = self.env["l10n_tn_edi.certificate"]._used_by(self.company_id)
        texts = {
            "soon": lambda one: self.env._(
                "The certificate of %(holder)s ends on %(date)s.",
                holder=one.name,
                date=format_date(self.env, one.not_after),
            ),
            "over": lambda one: self.env._("The certificate of %(holder)s has ended.", holder=one.name),
            "revoked": lambda one: self.env._("The certificate of %(holder)s is revoked.", holder=one.name),
        }
        return [texts[state](one) for one in certificates if (state := one._worst_state()) in texts]

    def _attention_to_month(self):
        """Before the end of a month: its invoices that are not accepted yet, with those of the month before."""
        today = fields.Date.context_today(self)
        last = today.replace(day=1) + relativedelta(months=1, days=-1)
        if not self.month_end_days or (last - today).days >= self.month_end_days:
            return []
        return self._counted(
            self.env._("The month ends; not accepted by TTN yet"),
            [
                *self._not_accepted_domain(last),
                ("invoice_date", ">=", last.replace(day=1) - relativedelta(months=1)),
            ],
        )

    @api.model
    def _not_accepted_domain(self, until):
        """:return: domain of the documents dated up to a day that TTN has not accepted."""
        return [
            ("live", "=", True),
            ("invoice_date", "<=", until),
            ("state", "not in", ("accepted", "conflict", "withdrawn")),
        ]

    # --- Telling ---------------------------------------------------------------------------------------------------

    @api.model
    def _cron_alert(self):
        """Daily: tell the responsible of each company that invoices electronically."""
        companies = self.env["res.company"].search([("l10n_tn_edi_enabled", "=", True)])
        for number, company in enumerate(companies, start=1):
            try:
                with self.env.cr.savepoint():
                    self._of(company, company.l10n_tn_edi_mode)._alert_daily()
            except Exception:
                _logger.exception("The daily alert of %s could not be made", company.name)
            if self.env["account.move"]._can_commit():
                self.env["ir.cron"]._commit_progress(1, remaining=len(companies) - number)

    def _alert_daily(self):
        """One message and one activity for each responsible; the activity goes when nothing is left to tell."""
        self.ensure_one()
        account = self.sudo()
        kept = self.env["mail.activity"]
        for user in account._told() if account.alerts else ():
            told = account.with_context(lang=user.lang, tz=user.tz)
            items = told._attention()
            if not items:
                continue
            kept |= told._note_activity(user, items)
            told.message_notify(
                partner_ids=user.partner_id.ids,
                subject=told.env._("El Fatoora today: %(company)s", company=account.company_id.name),
                body=told.env["ir.qweb"]._render(
                    "l10n_tn_edi_ttn.daily_alert", {"account": told, "items": items}
                ),
                email_layout_xmlid="mail.mail_notification_light",
            )
        (account._attention_activities() - kept).unlink()

    def _attention_activities(self):
        return self.activity_ids.filtered(
            lambda activity: activity.activity_type_id == self.env.ref(ACTIVITY)
        )

    def _note_activity(self, user, items):
        """:return: the activity of ``user``, which says what waits today."""
        note = self.env["ir.qweb"]._render("l10n_tn_edi_ttn.daily_alert_items", {"items": items})
        activity = self._attention_activities().filtered(lambda one: one.user_id == user)
        if activity:
            activity[0].note = note
            return activity[0]
        # The message of the day says it already: no second one about the activity.
        return self.with_context(mail_activity_quick_update=True).activity_schedule(
            ACTIVITY, user_id=user.id, note=note, summary=self.env._("El Fatoora waits for you")
        )


class ResCompany(models.Model):
    _inherit = "res.company"

    def write(self, vals):
        # EXTENDS 'base'
        locks = {
            name
            for name in ("fiscalyear_lock_date", "tax_lock_date", "sale_lock_date", "hard_lock_date")
            if vals.get(name)
        }
        before = {company: [company[name] for name in locks] for company in self} if locks else {}
        result = super().write(vals)
        for company, dates in before.items():
            after = [company[name] for name in locks]
            if company.l10n_tn_edi_enabled and after != dates:
                company._l10n_tn_edi_warn_of_lock(max(after))
        return result

    def _l10n_tn_edi_warn_of_lock(self, date):
        """A period is locked: say which of its invoices TTN has not accepted. It hinders nobody.

        :param date: the day up to which entries are locked.
        """
        self.ensure_one()
        account = self.env["l10n_tn_edi.account"]._of(self, self.l10n_tn_edi_mode)
        text = self.env._("Locked up to %(date)s, but not accepted by TTN", date=fields.Date.to_string(date))
        for sentence in account._counted(text, account._not_accepted_domain(date)):
            account._message_log_batch(bodies={account.id: sentence})
            self.env.user._bus_send(
                "simple_notification", {"type": "warning", "message": sentence, "sticky": True}
            )
