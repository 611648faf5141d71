import { PosOrderline } from "@point_of_sale/app/models/pos_order_line";
import { patch } from "@web/core/utils/patch";

patch(PosOrderline.prototype, {
    get l10nTnEdiIsStamp() {
        const productId = this.config._l10n_tn_edi_stamp?.product_id;
        return Boolean(productId) && this.product_id?.id === productId;
    },

    /** Asked by Odoo's addon of global discounts, where it is installed: the stamp is the State's and is never discounted. */
    isGlobalDiscountApplicable() {
        return !this.l10nTnEdiIsStamp && (super.isGlobalDiscountApplicable?.(...arguments) ?? true);
    },
});
