import OrderPaymentValidation from "@point_of_sale/app/utils/order_payment_validation";
import { patch } from "@web/core/utils/patch";

patch(OrderPaymentValidation.prototype, {
    async askBeforeValidation() {
        // Lines may have changed since the invoice was asked for: what is due now is what has to be paid.
        this.order.l10nTnEdiUpdateStamp();
        return super.askBeforeValidation(...arguments);
    },
});
