"""The documents that an invoice refers to (DocumentReferences of TEIF)."""

from odoo import models
from odoo.fields import Domain

from ..teif.document import DateText, Reference
from .l10n_tn_edi_text import clean, cut

REFERENCE = 200


class AccountMove(models.Model):
    _inherit = "account.move"

    def _l10n_tn_edi_references(self):
        """All of them, each once: invoices, the public contract, orders, delivery notes, what else was typed."""
        references = [
            *self._l10n_tn_edi_invoice_references(),
            *self._l10n_tn_edi_contract_references(),
            *self._l10n_tn_edi_order_references(),
            *self._l10n_tn_edi_delivery_references(),
            *self._l10n_tn_edi_other_references(),
        ]
        once = {}
        for reference in references:
            once.setdefault((reference.code, reference.value), reference)
        return tuple(once.values())

    def _l10n_tn_edi_reference(self, code, value, date=None):
        """One reference, with its date of issue when that is known."""
        return Reference(code, cut(value, REFERENCE), (DateText("I-31", date),) if date else ())

    # === Invoices === #

    def _l10n_tn_edi_invoice_references(self):
        """The credited invoices and the deducted down payments: number (I-89) with date, TTN's reference (I-88)."""
        references = []
        for origin in self._l10n_tn_edi_origins():
            ttn = origin.sudo().l10n_tn_edi_reference or origin.l10n_tn_edi_exclusion_reference
            references += self._l10n_tn_edi_invoice_reference(origin.name, origin.invoice_date, ttn)
        for typed in self.l10n_tn_edi_reference_ids:
            if typed.code == "I-89" and not typed.origin_id:
                references += self._l10n_tn_edi_invoice_reference(
                    typed.number, typed.date, typed.ttn_reference
                )
        if self.l10n_tn_edi_original_number and not self.reversed_entry_id:
            references += self._l10n_tn_edi_invoice_reference(
                self.l10n_tn_edi_original_number,
                self.l10n_tn_edi_original_date,
                self.l10n_tn_edi_original_ttn_reference,
            )
        return references

    def _l10n_tn_edi_invoice_reference(self, number, date, ttn):
        yield self._l10n_tn_edi_reference("I-89", number, date)
        if clean(ttn):
            yield self._l10n_tn_edi_reference("I-88", ttn)

    def _l10n_tn_edi_origins(self):
        """The invoices of Odoo that this one refers to: credited, chosen by a person, or down payments that it deducts."""
        self.ensure_one()
        chosen = self.l10n_tn_edi_reference_ids.filtered(lambda line: line.code == "I-89").origin_id
        return self.reversed_entry_id | chosen | self._l10n_tn_edi_deducted_down_payments()

    def _l10n_tn_edi_citing_domain(self):
        """:return: ``Domain`` of the invoices that may have one of these among their :meth:`_l10n_tn_edi_origins`."""
        domain = Domain("reversed_entry_id", "in", self.ids)
        domain |= Domain("l10n_tn_edi_reference_ids.origin_id", "in", self.ids)
        if "sale_line_ids" in self.invoice_line_ids._fields:
            domain |= Domain("invoice_line_ids.sale_line_ids.invoice_lines.move_id", "in", self.ids)
        return domain

    def _l10n_tn_edi_deducted_down_payments(self):
        """The posted down payments of the same orders, when this invoice deducts them."""
        if self._is_downpayment():
            return self.browse()
        moves = self.invoice_line_ids._get_downpayment_lines().move_id
        return moves.filtered(
            lambda move: move.state == "posted" and move.move_type == "out_invoice" and move != self._origin
        )

    # === Contract, orders, deliveries === #

    def _l10n_tn_edi_contract_references(self):
        """Statement (I-86) and public contract (I-87) of a statement, and of any invoice that names them."""
        references = []
        if number := clean(self.l10n_tn_edi_contract_number):
            references.append(self._l10n_tn_edi_reference("I-87", number, self.l10n_tn_edi_contract_date))
        if number := clean(self.l10n_tn_edi_statement_number):
            references.append(self._l10n_tn_edi_reference("I-86", number))
        return references

    def _l10n_tn_edi_order_references(self):
        """The customer's order (I-83): typed in, or the customer reference of the invoice."""
        # Odoo writes "Reversal of: …" into the reference of a credit note: that is no order.
        order = clean(
            self.l10n_tn_edi_order_reference or (self.ref if self.move_type == "out_invoice" else "")
        )
        if not order:
            return []
        return [self._l10n_tn_edi_reference("I-83", order, self._l10n_tn_edi_order_date(order))]

    def _l10n_tn_edi_order_date(self, number):
        """The date of the one sales order with that customer reference; None when Odoo knows of none."""
        if "sale_line_ids" not in self.invoice_line_ids._fields:
            return None
        orders = self.sudo().invoice_line_ids.sale_line_ids.order_id
        dates = {
            order.date_order.date()
            for order in orders
            if order.date_order and number in (clean(order.client_order_ref), clean(order.name))
        }
        return dates.pop() if len(dates) == 1 else None

    def _l10n_tn_edi_delivery_references(self):
        """The delivery notes (I-84) that left the warehouse for the invoiced order lines, with the day they were done."""
        lines = self.invoice_line_ids
        if "sale_line_ids" not in lines._fields or "move_ids" not in lines.sale_line_ids._fields:
            return []
        pickings = lines.sudo().sale_line_ids.move_ids.picking_id
        return [
            self._l10n_tn_edi_reference(
                "I-84", picking.name, picking.date_done.date() if picking.date_done else None
            )
            for picking in pickings.sorted("id")
            if picking.state == "done" and picking.picking_type_code == "outgoing"
        ]

    def _l10n_tn_edi_other_references(self):
        return [
            self._l10n_tn_edi_reference(typed.code, typed.number, typed.date)
            for typed in self.l10n_tn_edi_reference_ids
            if typed.code != "I-89" and clean(typed.number)
        ]
