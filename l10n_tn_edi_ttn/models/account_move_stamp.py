"""The stamp duty (droit de timbre): one tax of the whole document, put on it and taken off it by itself.

Odoo multiplies a fixed tax by the quantity of its line and takes no notice of the currency. So the stamp is no line of the
invoice: it is one more base line (price 0, quantity 1) that only the tax engine sees, with the amount of the day in the
currency of the invoice. The engine makes the journal item, the totals and the payment terms of it, as of any other tax, and
``Lin`` has nothing to leave out. Where the stamp tax stands on a line (typed in, or sold at the till), the line's counts.
"""

from contextlib import contextmanager

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tools.sql import column_exists, create_column

from .res_company_stamp import STAMPED_TYPES

# After the taxes of the lines (50), before everything that shares out the total (rounding 30, payment terms 10): what is
# entered last is left first.
SYNC_SEQUENCE = 45
# No invoice in the sense of the stamp duty, or exempt from it
UNSTAMPED_DOCUMENTS = ("I-15", "I-16")


class AccountMove(models.Model):
    _inherit = "account.move"

    l10n_tn_edi_stamp_choice = fields.Selection(
        [("automatic", "As the law wants"), ("with", "With stamp duty"), ("without", "Without stamp duty")],
        string="Stamp Duty",
        default="automatic",
        help="The stamp duty is added and removed by itself. Here it is decided by hand for this document.",
    )
    l10n_tn_edi_stamp = fields.Monetary(
        string="Stamp Duty Amount",
        compute="_compute_l10n_tn_edi_stamp",
        store=True,
        currency_field="company_currency_id",
        help="In the company's currency, as part of the total of the document. A credit note gives back the stamp of the "
        "invoice that it reverses; it is negative where the credit note's own stamp is charged to the customer.",
    )

    def _auto_init(self):
        # The invoices that are there keep what they have: there is nothing to compute for millions of them.
        for name, kind in (("l10n_tn_edi_stamp", "numeric"), ("l10n_tn_edi_stamp_choice", "varchar")):
            if not column_exists(self.env.cr, "account_move", name):
                create_column(self.env.cr, "account_move", name, kind)
        return super()._auto_init()

    # === How much === #

    @api.depends(lambda self: self._l10n_tn_edi_stamp_triggers())
    def _compute_l10n_tn_edi_stamp(self):
        for move in self:
            if move.state == "draft":
                move.l10n_tn_edi_stamp = move._l10n_tn_edi_due_stamp()
            else:  # what is posted is posted
                move.l10n_tn_edi_stamp = move.l10n_tn_edi_stamp

    def _l10n_tn_edi_stamp_triggers(self):
        """What the stamp depends on; orders and online payments as far as their addons are installed."""
        triggers = [
            "move_type",
            "company_id",
            "commercial_partner_id",
            "fiscal_position_id",
            "invoice_date",
            "reversed_entry_id",
            "l10n_tn_edi_type_code",
            "l10n_tn_edi_stamp_choice",
            "invoice_line_ids.display_type",
            "invoice_line_ids.tax_ids",
        ]
        if "transaction_ids" in self._fields:
            triggers += ["transaction_ids", "invoice_line_ids.price_total"]
        if "pos_order_ids" in self._fields:
            triggers.append("pos_order_ids")
        return triggers

    def _l10n_tn_edi_due_stamp(self):
        """:return: float, what :attr:`l10n_tn_edi_stamp` is to be."""
        self.ensure_one()
        lines = self.invoice_line_ids.filtered(lambda line: line.display_type == "product")
        if (
            self.move_type not in STAMPED_TYPES
            or not lines
            or self.l10n_tn_edi_stamp_choice == "without"
            or lines.tax_ids._l10n_tn_edi_stamps()
        ):
            return 0.0
        given_back = self.reversed_entry_id.l10n_tn_edi_stamp
        by_hand = self.l10n_tn_edi_stamp_choice == "with"
        if self.move_type == "out_refund":
            charged = self.company_id.l10n_tn_edi_refund_stamp == "charged" and self._l10n_tn_edi_owes_stamp()
            own = self._l10n_tn_edi_stamp_of_the_day() if by_hand or charged else 0.0
            return self.company_currency_id.round(given_back - own)
        if self.reversed_entry_id:
            return given_back
        return self._l10n_tn_edi_stamp_of_the_day() if by_hand or self._l10n_tn_edi_owes_stamp() else 0.0

    def _l10n_tn_edi_stamp_of_the_day(self):
        """:return: float, the stamp duty on the date of the document, in the company's currency."""
        return self.company_id._l10n_tn_edi_stamp_on(self.invoice_date or self.date)

    def _l10n_tn_edi_owes_stamp(self):
        """Whether the company adds stamps by itself and the law wants one on this document."""
        return (
            self.company_id._l10n_tn_edi_stamps(self.commercial_partner_id, self.fiscal_position_id)
            and self.l10n_tn_edi_type_code not in UNSTAMPED_DOCUMENTS
            and not self._l10n_tn_edi_paid_before()
        )

    def _l10n_tn_edi_paid_before(self):
        """Whether the customer paid the lines and no stamp before there was an invoice: the total can't change any more.

        At the till the stamp is sold with the order (``l10n_tn_edi_ttn_pos``); an order that is paid online has it in its
        total, and there the payment covers it.
        """
        if "pos_order_ids" in self._fields and self.pos_order_ids:
            return True
        if "transaction_ids" not in self._fields or "sale_order_ids" not in self.transaction_ids._fields:
            return False
        # A payment that is pending has been told its amount already.
        paid = self.sudo().transaction_ids.filtered(
            lambda payment: payment.sale_order_ids and payment.state in ("pending", "authorized", "done")
        )
        if not paid:
            return False
        others = paid.sale_order_ids.invoice_ids.filtered(
            lambda move: move.state != "cancel" and move.move_type == "out_invoice" and move != self._origin
        )
        left = sum(paid.mapped("amount")) - sum(others.mapped("amount_total"))
        due = sum(self.invoice_line_ids.mapped("price_total"))
        stamp = self.currency_id.round(
            self._l10n_tn_edi_stamp_of_the_day() * (self.invoice_currency_rate or 1.0)
        )
        compare = self.currency_id.compare_amounts
        return compare(left, due) >= 0 and compare(left, due + stamp) < 0

    def _l10n_tn_edi_refresh_stamp(self):
        """Compute the stamp of the drafts of ``self`` again: something it depends on changed outside of the invoices."""
        drafts = self.filtered(lambda move: move.state == "draft" and move.move_type in STAMPED_TYPES)
        self.env.add_to_compute(self._fields["l10n_tn_edi_stamp"], drafts)
        container = {"records": drafts}
        with self._check_balanced(container), drafts._sync_dynamic_lines(container):
            drafts.mapped("l10n_tn_edi_stamp")

    # === In the tax engine === #

    def _get_rounded_base_and_tax_lines(self, round_from_tax_lines=True):
        # EXTENDS 'account'
        base_lines, tax_lines = super()._get_rounded_base_and_tax_lines(round_from_tax_lines)
        stamp = self._l10n_tn_edi_stamp_base_line()
        # The stamp comes rounded: it takes no part in the rounding of the lines.
        return base_lines + stamp, tax_lines

    def _l10n_tn_edi_stamp_base_line(self):
        """:return: list with the base line of the document's stamp for the tax engine; empty when there is none."""
        self.ensure_one()
        tax = self.company_id._l10n_tn_edi_stamp_tax() if self.l10n_tn_edi_stamp else None
        if not tax or self.move_type not in STAMPED_TYPES:
            return []
        AccountTax = self.env["account.tax"]
        base_line = self.company_id._l10n_tn_edi_stamp_base_line(
            self.env["account.move.line"],
            self._l10n_tn_edi_stamp_amounts(tax),
            currency_id=self.currency_id,
            partner_id=self.commercial_partner_id,
            sign=self.direction_sign,
            is_refund=self.move_type == "out_refund",
            rate=self.invoice_currency_rate or 1.0,
        )
        AccountTax._add_tax_details_in_base_lines([base_line], self.company_id)
        AccountTax._round_base_lines_tax_details([base_line], self.company_id)
        return [base_line]

    def _l10n_tn_edi_stamp_amounts(self, tax):
        """The stamp in both currencies: of a draft as it is due, afterwards as it was posted."""
        if self.state != "draft":
            items = self.line_ids.filtered(lambda line: line.tax_line_id == tax)
            return {
                "tax_amount_currency": self.direction_sign * sum(items.mapped("amount_currency")),
                "tax_amount": self.direction_sign * sum(items.mapped("balance")),
            }
        return {
            "tax_amount_currency": self.currency_id.round(
                self.l10n_tn_edi_stamp * (self.invoice_currency_rate or 1.0)
            ),
            "tax_amount": self.l10n_tn_edi_stamp,
        }

    @api.depends("l10n_tn_edi_stamp")
    def _compute_tax_totals(self):
        # EXTENDS 'account'
        return super()._compute_tax_totals()

    def _get_sync_stack(self, container):
        # EXTENDS 'account'
        stack, update_containers = super()._get_sync_stack(container)
        return [*stack, (SYNC_SEQUENCE, self._l10n_tn_edi_sync_stamp(container))], update_containers

    @contextmanager
    def _l10n_tn_edi_sync_stamp(self, container):
        """Bring the journal item of the stamp in line, whatever changed it: Odoo looks after taxes only when lines change."""
        yield
        for move in container["records"]:
            if move.state == "draft" and move.move_type in STAMPED_TYPES:
                move._l10n_tn_edi_update_stamp_item()

    def _l10n_tn_edi_update_stamp_item(self):
        base_lines = self._l10n_tn_edi_stamp_base_line()
        items = self.line_ids.filtered(lambda line: line.tax_line_id._l10n_tn_edi_stamps())
        if not base_lines and (not items or self.invoice_line_ids.tax_ids._l10n_tn_edi_stamps()):
            return
        AccountTax = self.env["account.tax"]
        AccountTax._add_accounting_data_in_base_lines_tax_details(base_lines, self.company_id)
        changes = AccountTax._prepare_tax_lines(
            base_lines,
            self.company_id,
            tax_lines=[self._prepare_tax_line_for_taxes_computation(item) for item in items],
        )
        for tax_line, _key, values in changes["tax_lines_to_update"]:
            item = tax_line["record"]
            if any(item[name] != value for name, value in values.items() if name != "name"):
                item.write(values)
        doomed = items.browse([tax_line["record"].id for tax_line in changes["tax_lines_to_delete"]])
        doomed.with_context(dynamic_unlink=True).unlink()
        self.env["account.move.line"].create(
            [{**values, "display_type": "tax", "move_id": self.id} for values in changes["tax_lines_to_add"]]
        )

    # === The stamp of a credit note that the company bears itself === #

    def _post(self, soft=True):
        # EXTENDS 'account'
        self._l10n_tn_edi_drop_stamp_cost()
        self.env["account.move.line"].create(
            [values for move in self for values in move._l10n_tn_edi_stamp_cost()]
        )
        return super()._post(soft)

    def button_draft(self):
        # EXTENDS 'account'
        result = super().button_draft()
        self._l10n_tn_edi_drop_stamp_cost()
        return result

    def copy_data(self, default=None):
        # EXTENDS 'account'
        vals_list = super().copy_data(default)
        for vals in vals_list:
            vals["line_ids"] = [
                command
                for command in vals.get("line_ids", ())
                if command[0] != Command.CREATE or not command[2].get("l10n_tn_edi_stamp_cost")
            ]
        return vals_list

    def _l10n_tn_edi_drop_stamp_cost(self):
        drafts = self.filtered(lambda move: move.state == "draft")
        drafts.line_ids.filtered("l10n_tn_edi_stamp_cost").unlink()

    def _l10n_tn_edi_stamp_cost(self):
        """:return: list of values, the two journal items of a credit note's own stamp that the customer doesn't pay.

        :raise UserError: when there is no account to charge it to.
        """
        if (
            self.move_type != "out_refund"
            or self.company_id.l10n_tn_edi_refund_stamp != "borne"
            or self.l10n_tn_edi_stamp_choice in ("with", "without")
            or not self._l10n_tn_edi_owes_stamp()
        ):
            return []
        amount = self._l10n_tn_edi_stamp_of_the_day()
        tax = self.company_id._l10n_tn_edi_stamp_tax()
        due = tax.invoice_repartition_line_ids.filtered(
            lambda line: line.repartition_type == "tax"
        ).account_id
        cost = self.company_id._l10n_tn_edi_stamp_expense_account()
        if not cost or not due:
            raise UserError(
                self.env._(
                    "%(company)s bears the stamp duty of its credit notes, but there is no account for it. Choose one "
                    "in the settings, and the account of stamp duty collected on the tax “%(tax)s”.",
                    company=self.company_id.name,
                    tax=tax.name,
                )
            )
        shared = {
            "move_id": self.id,
            "display_type": "cogs",
            "name": self.env._("Stamp duty of the credit note"),
            "l10n_tn_edi_stamp_cost": True,
            "tax_ids": [Command.clear()],
        }
        return [
            {**shared, "account_id": cost.id, "balance": amount},
            {**shared, "account_id": due[:1].id, "balance": -amount},
        ]


class AccountMoveLine(models.Model):
    _inherit = "account.move.line"

    l10n_tn_edi_stamp_cost = fields.Boolean(
        string="Stamp Duty Borne",
        help="Journal item of the stamp duty of a credit note that the company bears itself.",
    )
