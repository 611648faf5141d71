from odoo import api, fields, models, tools


class L10nTnEdiStampAmount(models.Model):
    """How much the stamp duty of an invoice is, and since when: the law changes it every few years."""

    _name = "l10n_tn_edi.stamp.amount"
    _inherit = ["l10n_tn_edi.cached"]
    _description = "Stamp Duty of an Invoice"
    _order = "date_from desc, id desc"
    _rec_name = "amount"
    _check_company_auto = True

    company_id = fields.Many2one("res.company", index=True, help="Empty: for all the companies.")
    date_from = fields.Date(string="From", required=True)
    amount = fields.Float(string="Amount (TND)", digits=(16, 3), required=True)

    _not_negative = models.Constraint("CHECK(amount >= 0)", "The stamp duty can't be negative.")
    _once_a_day = models.UniqueIndex(
        "(date_from, COALESCE(company_id, 0))", "There is an amount from this day on already."
    )

    @api.depends("amount", "date_from")
    def _compute_display_name(self):
        for rate in self:
            rate.display_name = f"{rate.amount:.3f} TND ({fields.Date.to_string(rate.date_from) or ''})"

    @api.model
    def _amount_at(self, company, date):
        """The stamp duty of an invoice of ``company`` dated ``date``.

        :return: float in TND; 0.0 before the first known amount. An amount of the company's own goes before a shared one.
        """
        return self._amount_at_ids((company + company.parent_ids)._ids, date)

    @api.model
    @tools.ormcache("company_ids", "date")
    def _amount_at_ids(self, company_ids, date):
        known = self.sudo().search([("date_from", "<=", date), ("company_id", "in", [False, *company_ids])])
        return (known.filtered("company_id") or known)[:1].amount
