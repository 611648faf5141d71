"""What an invoice knows for TEIF beside Odoo's own fields, and whether it is concerned by El Fatoora at all."""

from odoo import api, fields, models
from odoo.tools.sql import column_exists, create_column

# Why an invoice is not deposited. The sentences are in l10n_tn_edi_messages.py.
SCOPE_REASONS = frozenset(
    {
        "scope.company_off",
        "scope.not_tunisian",
        "scope.journal_off",
        "scope.move_type",
        "scope.not_posted",
        "scope.before_go_live",
        "scope.no_go_live",
        "scope.excluded",
        "scope.deposited_elsewhere",
        "scope.consumer",
        "scope.foreign",
    }
)


class AccountMove(models.Model):
    _inherit = "account.move"

    l10n_tn_edi_type_code = fields.Selection(
        [
            ("I-11", "Invoice"),
            ("I-12", "Credit note"),
            ("I-13", "Fee note"),
            ("I-14", "Public contract statement"),
            ("I-15", "Export invoice"),
            ("I-16", "Purchase order"),
        ],
        string="TEIF Document Type",
        help="Taken from the fiscal position, the customer or the journal when one of them names it; an export by its customer.",
        compute="_compute_l10n_tn_edi_type_code",
        store=True,
        readonly=False,
        precompute=True,
        copy=False,
    )
    l10n_tn_edi_hold = fields.Boolean(
        string="Hold at TTN",
        copy=False,
        help="Once posted, the invoice is not deposited until the hold is released.",
    )
    l10n_tn_edi_exclusion = fields.Selection(
        [
            ("elsewhere", "Deposited elsewhere"),
            ("out_of_scope", "Not subject to electronic invoicing"),
            ("paper", "Given on paper while TTN was out of reach"),
            ("other", "Other reason"),
        ],
        string="Not Deposited",
        copy=False,
        tracking=True,
        help="The invoice is never deposited by Odoo.",
    )
    l10n_tn_edi_exclusion_reason = fields.Char(string="Reason for Not Depositing", copy=False, tracking=True)
    l10n_tn_edi_exclusion_reference = fields.Char(
        string="TTN Reference Elsewhere",
        copy=False,
        tracking=True,
        help="TTN's reference of an invoice that another system deposited.",
    )
    l10n_tn_edi_original_number = fields.Char(
        string="Original Invoice", copy=False, help="Number of the credited invoice, when it is not in Odoo."
    )
    l10n_tn_edi_original_date = fields.Date(string="Original Invoice Date", copy=False)
    l10n_tn_edi_order_reference = fields.Char(
        string="Purchase Order",
        copy=False,
        help="The customer's order number; the customer reference when empty.",
    )
    l10n_tn_edi_period_start = fields.Date(string="Billing Period From", copy=False)
    l10n_tn_edi_period_end = fields.Date(string="Billing Period To", copy=False)
    l10n_tn_edi_note = fields.Text(
        string="Note in the Electronic Invoice",
        copy=False,
        help="Observations that the TEIF document carries.",
    )

    def _auto_init(self):
        # The type of the invoices that are there already is set at once: computing millions of them would take hours. Those
        # of companies elsewhere stay as they are.
        if not column_exists(self.env.cr, "account_move", "l10n_tn_edi_type_code"):
            create_column(self.env.cr, "account_move", "l10n_tn_edi_type_code", "varchar")
            self.env.cr.execute(
                """
                UPDATE account_move
                   SET l10n_tn_edi_type_code = CASE move_type WHEN 'out_refund' THEN 'I-12' ELSE 'I-11' END
                  FROM res_company company
                  JOIN res_country country ON country.id = company.account_fiscal_country_id
                 WHERE move_type IN ('out_invoice', 'out_refund')
                   AND company.id = account_move.company_id AND country.code = 'TN'
                """
            )
        return super()._auto_init()

    @api.depends("move_type", "fiscal_position_id", "journal_id", "partner_id")
    def _compute_l10n_tn_edi_type_code(self):
        for move in self:
            if (move.company_id.account_fiscal_country_id or move.company_id.country_id).code != "TN":
                move.l10n_tn_edi_type_code = False
            elif move.move_type == "out_refund":
                move.l10n_tn_edi_type_code = "I-12"
            elif move.move_type == "out_invoice":
                move.l10n_tn_edi_type_code = move._l10n_tn_edi_usual_type()
            else:
                move.l10n_tn_edi_type_code = False

    def _l10n_tn_edi_usual_type(self):
        """The kind of a customer invoice as fiscal position, customer and journal say it, in that order; else I-11.

        They are asked again when one of them changes; what a person chose after that stays.
        """
        self.ensure_one()
        if self._l10n_tn_edi_is_export():
            return "I-15"
        return (
            self.fiscal_position_id.l10n_tn_edi_type_code
            or self.commercial_partner_id.l10n_tn_edi_type_code
            or self.journal_id.l10n_tn_edi_type_code
            or "I-11"
        )

    def _l10n_tn_edi_is_export(self):
        """Whether the fiscal position is one of export."""
        self.ensure_one()
        return self.fiscal_position_id._l10n_tn_edi_is_export(self.company_id)

    # === Scope === #

    def _l10n_tn_edi_concerned(self):
        """Whether this invoice is to be deposited at El Fatoora.

        :return: ``(True, None)``, or ``(False, reason)`` with one of :data:`SCOPE_REASONS`.
        """
        self.ensure_one()
        company = self.company_id
        reasons = (
            (not company.l10n_tn_edi_enabled, "scope.company_off"),
            ((company.account_fiscal_country_id or company.country_id).code != "TN", "scope.not_tunisian"),
            (self.move_type not in ("out_invoice", "out_refund"), "scope.move_type"),
            (not self.journal_id.l10n_tn_edi_enabled, "scope.journal_off"),
            (self.state != "posted", "scope.not_posted"),
            (not company.l10n_tn_edi_go_live_date, "scope.no_go_live"),
        )
        reason = next((code for applies, code in reasons if applies), None)
        return (False, reason) if reason else self._l10n_tn_edi_concerned_by_rules()

    def _l10n_tn_edi_concerned_by_rules(self):
        """The part of :meth:`_l10n_tn_edi_concerned` that depends on dates, company rules and the user's exclusion."""
        company = self.company_id
        if self.invoice_date and self.invoice_date < company.l10n_tn_edi_go_live_date:
            return False, "scope.before_go_live"
        if self.l10n_tn_edi_exclusion == "elsewhere":
            return False, "scope.deposited_elsewhere"
        if self.l10n_tn_edi_exclusion:
            return False, "scope.excluded"
        if (
            company.l10n_tn_edi_consumer_policy == "exclude"
            and self.commercial_partner_id._l10n_tn_edi_is_consumer()
        ):
            return False, "scope.consumer"
        if (
            company.l10n_tn_edi_foreign_policy == "exclude"
            and self.commercial_partner_id._l10n_tn_edi_is_foreign()
        ):
            return False, "scope.foreign"
        return True, None
