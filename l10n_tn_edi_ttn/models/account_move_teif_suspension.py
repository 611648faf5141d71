"""Sales under suspension of VAT: the customer's attestation, what it forbids, and what the documents say of it."""

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools.sql import column_exists, create_column

from ..teif.codes import TVA
from ..teif.document import Amount
from .account_move_teif_findings import BLOCKING
from .l10n_tn_edi_text import clean

SUSPENSION_MENTION = "Ventes en suspension de taxes et impôts"


class AccountMove(models.Model):
    _inherit = "account.move"

    l10n_tn_edi_suspension = fields.Boolean(
        string="Under Suspension of VAT", compute="_compute_l10n_tn_edi_suspension"
    )
    l10n_tn_edi_attestation_id = fields.Many2one(
        "l10n_tn_edi.vat.attestation",
        string="Suspension Attestation",
        compute="_compute_l10n_tn_edi_attestation_id",
        store=True,
        readonly=False,
        index="btree_not_null",
        check_company=True,
        tracking=True,
        domain="[('partner_id', '=', commercial_partner_id)]",
        help="The customer's right to buy without VAT. Without a valid one an invoice under suspension isn't posted.",
    )
    l10n_tn_edi_attestation_reason = fields.Char(
        string="Reason to Post without Attestation",
        copy=False,
        tracking=True,
        help="With a reason, an invoice under suspension is posted although its attestation is missing, expired or used "
        "up. The reason is logged.",
    )

    def _auto_init(self):
        if not column_exists(self.env.cr, "account_move", "l10n_tn_edi_attestation_id"):
            create_column(self.env.cr, "account_move", "l10n_tn_edi_attestation_id", "int4")
        return super()._auto_init()

    @api.depends("fiscal_position_id", "invoice_line_ids.tax_ids")
    def _compute_l10n_tn_edi_suspension(self):
        for move in self:
            move.l10n_tn_edi_suspension = move.is_sale_document() and bool(
                move.fiscal_position_id.l10n_tn_edi_suspension or move._l10n_tn_edi_suspended_lines()
            )

    @api.depends(
        "fiscal_position_id", "commercial_partner_id", "invoice_date", "reversed_entry_id", "company_id"
    )
    def _compute_l10n_tn_edi_attestation_id(self):
        for move in self:
            current = move.l10n_tn_edi_attestation_id
            draft = move.state == "draft"
            move.l10n_tn_edi_attestation_id = move._l10n_tn_edi_usual_attestation() if draft else current

    def _l10n_tn_edi_usual_attestation(self):
        """The attestation of a draft: the one it has while it fits, that of the invoice it reverses, or a valid one."""
        current = self.l10n_tn_edi_attestation_id
        suspended = self.fiscal_position_id.l10n_tn_edi_suspension
        if self.move_type not in ("out_invoice", "out_refund"):
            return current.browse()
        # Somebody may have chosen it, also where single lines alone are under suspension.
        fits = suspended or self._l10n_tn_edi_suspended_lines()
        if fits and current.partner_id == self.commercial_partner_id:
            return current
        if self.reversed_entry_id:
            return self.reversed_entry_id.l10n_tn_edi_attestation_id
        if not suspended:
            return current.browse()
        date = self.invoice_date or fields.Date.context_today(self)
        return current._of_customer(self.company_id, self.commercial_partner_id, date)

    # === What is suspended === #

    def _l10n_tn_edi_suspended_lines(self):
        """:return: the invoice lines on which a tax is suspended."""
        lines = self.invoice_line_ids
        if not lines.tax_ids.l10n_tn_edi_suspended_tax_id:  # nearly always, and asked for often
            return lines.browse()
        return lines.filtered(
            lambda line: line.display_type == "product" and line.tax_ids.l10n_tn_edi_suspended_tax_id
        )

    def _l10n_tn_edi_suspended(self):
        """The taxes that would be due without suspension, reckoned by Odoo's tax engine as if they were.

        :return: dict of (TEIF code, rate) to {base, tax, base_company, tax_company}: floats of the invoice's and of the
            company's currency, positive for a credit note too.
        """
        self.ensure_one()
        AccountTax = self.env["account.tax"]
        base_lines, notional = [], AccountTax
        for line in self._l10n_tn_edi_suspended_lines():
            base_line = self._prepare_product_base_line_for_taxes_computation(line)
            taxes = AccountTax.union(*(tax.l10n_tn_edi_suspended_tax_id or tax for tax in line.tax_ids))
            base_line["tax_ids"] = taxes._origin
            notional |= line.tax_ids.l10n_tn_edi_suspended_tax_id
            base_lines.append(base_line)
        AccountTax._add_tax_details_in_base_lines(base_lines, self.company_id)
        AccountTax._round_base_lines_tax_details(base_lines, self.company_id)

        def grouping(_base_line, tax_data):
            tax = tax_data["tax"] if tax_data else AccountTax
            return tax._l10n_tn_edi_code_and_rate() if tax in notional and tax else False

        per_line = AccountTax._aggregate_base_lines_tax_details(base_lines, grouping)
        return {
            key: {
                "base": values["base_amount_currency"],
                "tax": values["tax_amount_currency"],
                "base_company": values["base_amount"],
                "tax_company": values["tax_amount"],
            }
            for key, values in AccountTax._aggregate_base_lines_aggregated_values(per_line).items()
            if key
        }

    def _l10n_tn_edi_suspended_vat(self):
        """:return: Decimal, the VAT that is suspended, in the invoice's currency."""
        total = sum(
            values["tax"] for (code, _rate), values in self._l10n_tn_edi_suspended().items() if code == TVA
        )
        return self._l10n_tn_edi_decimal(total)

    # === What blocks posting === #

    def _l10n_tn_edi_attestation_problem(self, before=(0.0, 0.0)):
        """Why the invoice can't be posted under suspension, whatever reason somebody gave.

        :param before: (amount, quantity) that other invoices of the same posting take from the attestation.
        :return: (code, params) as ``l10n_tn_edi.vat.attestation._problem`` gives it, or None.
        """
        self.ensure_one()
        if self.move_type != "out_invoice" or not self._l10n_tn_edi_suspended_lines():
            return None
        codes = {code for code, _rate in self._l10n_tn_edi_suspended()}
        amount, quantity = self._l10n_tn_edi_attestation_use()
        return self.l10n_tn_edi_attestation_id._problem(
            self.commercial_partner_id,
            self.invoice_date or fields.Date.context_today(self),
            codes,
            amount + before[0],
            quantity + before[1],
        )

    def _l10n_tn_edi_attestation_use(self):
        """:return: (amount without tax in the company's currency, quantity) of the lines under suspension."""
        lines = self._l10n_tn_edi_suspended_lines()
        return -sum(lines.mapped("balance")), sum(lines.mapped("quantity"))

    def _post(self, soft=True):
        # EXTENDS 'account'
        self._l10n_tn_edi_check_attestations()
        return super()._post(soft)

    def _l10n_tn_edi_check_attestations(self):
        """Refuse invoices under suspension without a valid attestation, or log the reason that somebody gave.

        :raise UserError: when there is no reason.
        """
        moves = self.filtered(lambda move: move.l10n_tn_edi_suspension and move.move_type == "out_invoice")
        # Two who post at once must not use the same rest of it.
        moves.l10n_tn_edi_attestation_id.sudo().lock_for_update()
        taken = {}
        for move in moves:
            attestation = move.l10n_tn_edi_attestation_id
            problem = move._l10n_tn_edi_attestation_problem(taken.get(attestation, (0.0, 0.0)))
            if problem:
                sentence = self.env["l10n_tn_edi.messages"]._sentence(*problem)
                if not clean(move.l10n_tn_edi_attestation_reason):
                    raise UserError(sentence)
                move._message_log(
                    body=self.env._(
                        "Posted under suspension of VAT all the same: %(reason)s (%(problem)s)",
                        reason=clean(move.l10n_tn_edi_attestation_reason),
                        problem=sentence,
                    )
                )
            before, use = taken.get(attestation, (0.0, 0.0)), move._l10n_tn_edi_attestation_use()
            taken[attestation] = (before[0] + use[0], before[1] + use[1])

    def _l10n_tn_edi_own_findings(self, findings, size):
        # EXTENDS account_move_teif_findings.py
        return [*super()._l10n_tn_edi_own_findings(findings, size), *self._l10n_tn_edi_check_suspension()]

    def _l10n_tn_edi_check_suspension(self):
        """On the draft what posting would refuse; posted is posted, with its reason."""
        problem = self._l10n_tn_edi_attestation_problem() if self.state == "draft" else None
        if problem and not clean(self.l10n_tn_edi_attestation_reason):
            code, params = problem
            yield self._l10n_tn_edi_own_finding(code, BLOCKING, self, "l10n_tn_edi_attestation_id", **params)

    def write(self, vals):
        # EXTENDS 'account': the attestation stands in the electronic document
        if "l10n_tn_edi_attestation_id" in vals:
            self.filtered(
                lambda move: (
                    move.state == "posted"
                    and move.l10n_tn_edi_document_id
                    and move.l10n_tn_edi_attestation_id.id != vals["l10n_tn_edi_attestation_id"]
                )
            )._l10n_tn_edi_before_change()
        return super().write(vals)

    # === In TEIF and on the print === #

    def _l10n_tn_edi_other_references(self):
        # EXTENDS account_move_teif_references.py
        attestation = self.l10n_tn_edi_attestation_id
        references = list(super()._l10n_tn_edi_other_references())
        if attestation and self._l10n_tn_edi_suspended_lines():
            references.append(self._l10n_tn_edi_reference("I-85", attestation.number, attestation.date))
        return references

    def _l10n_tn_edi_special_conditions(self):
        # EXTENDS account_move_teif_document.py
        mentions = (SUSPENSION_MENTION,) if self._l10n_tn_edi_suspended_lines() else ()
        return (*super()._l10n_tn_edi_special_conditions(), *mentions)

    def _l10n_tn_edi_sums(self, amounts):
        # EXTENDS account_move_teif_amounts.py
        sums = super()._l10n_tn_edi_sums(amounts)
        if not self._l10n_tn_edi_suspended_lines():
            return sums
        return (*sums, Amount("I-187", self._l10n_tn_edi_suspended_vat(), self.currency_id.name))

    def _l10n_tn_edi_suspension_values(self):
        """What the print says of the suspension: empty when there is none.

        :return: dict ``{mention, vat (float), number, date, visa}``.
        """
        self.ensure_one()
        if not self.is_sale_document() or not self._l10n_tn_edi_suspended_lines():
            return {}
        attestation = self.sudo().l10n_tn_edi_attestation_id
        return {
            "mention": SUSPENSION_MENTION,
            "vat": float(self._l10n_tn_edi_suspended_vat()),
            "number": attestation.number or "",
            "date": attestation.date,
            "visa": " ".join(filter(None, (attestation.order_number, attestation.visa_number))),
        }
