import math

from odoo import api, fields, models, tools
from odoo.exceptions import ValidationError
from odoo.tools import SQL

from .account_move_teif_findings import WARNING

KILOBYTE = 1024
# What the supplier's signature adds to a document; with the three certificates of TTN's own example it has 13 KB.
SIGNATURE_BYTES = 13 * KILOBYTE


class L10nTnEdiTariff(models.Model):
    """What TTN charges from a day on: data, since TTN's price list is not public and changes."""

    _name = "l10n_tn_edi.tariff"
    _inherit = ["l10n_tn_edi.cached"]
    _description = "TTN's Tariff"
    _order = "date_from desc"
    _rec_name = "date_from"

    date_from = fields.Date(string="From", required=True)
    step_kb = fields.Integer(string="Size Step (KB)", required=True, default=50)
    price = fields.Float(
        string="Price of a Document (TND)",
        digits=(16, 3),
        required=True,
        help="Without tax, up to the size step. Each further step that is begun is charged once more.",
    )
    monthly_fee = fields.Float(string="Monthly Fee (TND)", digits=(16, 3), help="Without tax.")
    note = fields.Char(translate=True, help="Where the price comes from.")

    _date_unique = models.Constraint("UNIQUE(date_from)", "There is a tariff from this day already.")

    @api.constrains("step_kb", "price", "monthly_fee")
    def _check_amounts(self):
        for tariff in self:
            if tariff.step_kb < 1 or tariff.price < 0 or tariff.monthly_fee < 0:
                raise ValidationError(
                    self.env._("A size step is at least 1 KB, and a price is not negative.")
                )

    @api.model
    @tools.ormcache("day")
    def _step_on(self, day):
        """:return: the size in KB that the price of that day is for; 0 where no tariff is known."""
        return self._on(day).step_kb

    @api.model
    def _on(self, day):
        """:param date day: a day.
        :return: the tariff of that day; empty when none is known.
        """
        return self.sudo().search([("date_from", "<=", day)], limit=1)

    def _cost(self, sizes):
        """:param sizes: sizes of documents in bytes.
        :return: float, what TTN charges for them without the monthly fee, in dinars without tax; 0 where no tariff is known.
        """
        if not self:
            return 0.0
        self.ensure_one()
        return self.price * sum(max(1, math.ceil(size / (self.step_kb * KILOBYTE))) for size in sizes)


class AccountMove(models.Model):
    _inherit = "account.move"

    def _l10n_tn_edi_own_findings(self, findings, size):
        # EXTENDS account_move_teif_findings.py
        return [*super()._l10n_tn_edi_own_findings(findings, size), *self._l10n_tn_edi_check_size(size)]

    def _l10n_tn_edi_check_size(self, size):
        """A document above the size that TTN's price is for costs more: said while it can still be made smaller."""
        step = self.env["l10n_tn_edi.tariff"]._step_on(fields.Date.context_today(self))
        kilobytes = (size + SIGNATURE_BYTES) / KILOBYTE
        if step and kilobytes > step:
            yield self._l10n_tn_edi_own_finding(
                "odoo.size", WARNING, self, "invoice_line_ids", size=round(kilobytes), step=step
            )


class L10nTnEdiDocument(models.Model):
    _inherit = "l10n_tn_edi.document"

    size_kb = fields.Float(string="Size (KB)", compute="_compute_size", digits=(16, 1))
    over_step = fields.Boolean(compute="_compute_size", help="Above the size that TTN's price is for.")

    @api.depends("signed_id", "submitted_at")
    def _compute_size(self):
        Tariff = self.env["l10n_tn_edi.tariff"]
        for document in self:
            document.size_kb = document.sudo().signed_id.file_size / KILOBYTE
            step = Tariff._step_on((document.submitted_at or fields.Datetime.now()).date())
            document.over_step = bool(step) and document.size_kb > step


class L10nTnEdiAccount(models.Model):
    _inherit = "l10n_tn_edi.account"

    month_count = fields.Integer(string="Deposits This Month", compute="_compute_month_cost")
    month_cost = fields.Float(
        string="Cost This Month (TND)",
        compute="_compute_month_cost",
        digits=(16, 3),
        help="By TTN's tariff in the settings, with the monthly fee, without tax. TTN's own bill is what counts.",
    )

    def _compute_month_cost(self):
        today = fields.Date.context_today(self)
        Tariff = self.env["l10n_tn_edi.tariff"]
        fee = Tariff._on(today).monthly_fee
        for account in self:
            sizes = account._sizes_deposited(today.replace(day=1))
            account.month_count = sum(map(len, sizes.values()))
            cost = fee + sum(Tariff._on(day)._cost(sizes[day]) for day in sizes)
            # The test platform costs nothing.
            account.month_cost = cost if account.mode == "production" else 0.0

    def _sizes_deposited(self, since):
        """:return: dict of each day since ``since`` to a list of the sizes in bytes of the documents that TTN took on it."""
        self.ensure_one()
        self.env["l10n_tn_edi.document"].flush_model(["submitted_at", "signed_id", "company_id", "mode"])
        rows = self.env.execute_query(
            SQL(
                "SELECT document.submitted_at::date, file.file_size FROM l10n_tn_edi_document document "
                "JOIN ir_attachment file ON file.id = document.signed_id "
                "WHERE document.company_id = %s AND document.mode = %s AND document.submitted_at >= %s",
                self.company_id.id,
                self.mode,
                since,
            )
        )
        sizes = {}
        for day, size in rows:
            sizes.setdefault(day, []).append(size or 0)
        return sizes
