import { PosOrder } from "@point_of_sale/app/models/pos_order";
import { patch } from "@web/core/utils/patch";

/**
 * The stamp duty (droit de timbre) of an order for which an invoice is asked: one line, there before the payment, gone when no
 * invoice is wanted any more. The server makes it the stamp of the invoice.
 */
patch(PosOrder.prototype, {
    setToInvoice(toInvoice) {
        super.setToInvoice(...arguments);
        this.l10nTnEdiUpdateStamp();
    },

    setPartner(partner) {
        super.setPartner(...arguments);
        this.l10nTnEdiUpdateStamp();
    },

    get l10nTnEdiStampLines() {
        return this.lines.filter((line) => line.l10nTnEdiIsStamp);
    },

    /** Whether the law wants a stamp on an invoice to this customer. */
    get l10nTnEdiOwesStamp() {
        return !this.partner_id?.l10n_tn_edi_public_body && !this.fiscal_position_id?._l10n_tn_edi_is_export;
    },

    /**
     * @returns {Object|undefined} the stamp line of the refunded order, when this refund gives back all that is left of it: a
     * sale that is undone in part keeps its stamp.
     */
    get l10nTnEdiStampGivenBack() {
        const returned = this.lines.find((line) => line.refunded_orderline_id && !line.l10nTnEdiIsStamp);
        const original = returned?.refunded_orderline_id.order_id;
        const stamp = original?.lines.find((line) => line.l10nTnEdiIsStamp);
        if (!stamp || stamp.refund_orderline_ids.some((line) => isOfAnother(line, this))) {
            return undefined;
        }
        const isOpen = (line) => line !== stamp && !line.product_id.uom_id.isZero(line.qty - line.refundedQty);
        return original.lines.some(isOpen) ? undefined : stamp;
    },

    /**
     * @returns {Object[]} what the stamp lines of this order are to be: values of `pos.order.line`.
     */
    l10nTnEdiDueStamps() {
        const stamp = this.config._l10n_tn_edi_stamp;
        const sold = this.lines.filter((line) => !line.l10nTnEdiIsStamp);
        const isStamped = (line) => line.tax_ids.some((tax) => tax.id === stamp.tax_id);
        if (!stamp || !sold.length || !this.isToInvoice() || sold.some(isStamped)) {
            return [];
        }
        const due = [];
        if (this.isRefund) {
            const original = this.l10nTnEdiStampGivenBack;
            if (original) {
                due.push({ qty: -1, price_unit: original.price_unit, refunded_orderline_id: original });
            }
        }
        if (this.l10nTnEdiOwesStamp && (!this.isRefund || stamp.refund_charged)) {
            due.push({ qty: 1, price_unit: stamp.amount });
        }
        return due;
    },

    /**
     * Bring the stamp of the order in line with who buys and whether an invoice is asked for. One payment that covered the order
     * still does.
     */
    l10nTnEdiUpdateStamp() {
        const lines = this.l10nTnEdiStampLines;
        const due = this.l10nTnEdiDueStamps();
        const isAsDue = (line, values) =>
            line.qty === values.qty &&
            line.price_unit === values.price_unit &&
            line.discount === 0 &&
            line.refunded_orderline_id?.uuid === values.refunded_orderline_id?.uuid;
        if (lines.length === due.length && lines.every((line, index) => isAsDue(line, due[index]))) {
            return;
        }
        const [payment, ...others] = this.payment_ids;
        const isCovered =
            payment && !others.length && !payment.isElectronic() && payment.getAmount() === this.totalDue;
        const selected = this.getSelectedOrderline();
        lines.forEach((line) => line.delete());
        for (const values of due) {
            this.models["pos.order.line"].create({
                ...values,
                order_id: this,
                product_id: this.models["product.product"].get(this.config._l10n_tn_edi_stamp.product_id),
                tax_ids: [],
                price_type: "automatic",
            });
        }
        this.triggerRecomputeAllPrices();
        this.selectOrderline(this.lines.includes(selected) ? selected : this.getLastOrderline());
        if (isCovered) {
            payment.setAmount(this.totalDue);
        }
    },
});

function isOfAnother(line, order) {
    return line.order_id !== order && line.order_id.state !== "cancel";
}
