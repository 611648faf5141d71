import * as Chrome from "@point_of_sale/../tests/pos/tours/utils/chrome_util";
import * as Dialog from "@point_of_sale/../tests/generic_helpers/dialog_util";
import * as Order from "@point_of_sale/../tests/generic_helpers/order_widget_util";
import * as PaymentScreen from "@point_of_sale/../tests/pos/tours/utils/payment_screen_util";
import * as ProductScreen from "@point_of_sale/../tests/pos/tours/utils/product_screen_util";
import * as ReceiptScreen from "@point_of_sale/../tests/pos/tours/utils/receipt_screen_util";
import * as TicketScreen from "@point_of_sale/../tests/pos/tours/utils/ticket_screen_util";
import { registry } from "@web/core/registry";

const openTill = () => [Chrome.startPoS(), Dialog.confirm("Open Register")];

const toTheCompany = () => [PaymentScreen.clickPartnerButton(), PaymentScreen.clickCustomer("CLIENT ESSAI SA")];

const sell = (...steps) => [
    ProductScreen.addOrderline("Table en chêne", "1"),
    ProductScreen.clickPayButton(),
    PaymentScreen.totalIs("119.000"),
    ...steps,
    PaymentScreen.clickValidate(),
    ReceiptScreen.isShown(),
];

// All that was sold comes back; the ticket of the sale is found by its amount.
const giveBack = (sold, total) => [
    ...ProductScreen.clickRefund(),
    TicketScreen.selectOrderByPrice(sold),
    Order.hasLine({ productName: "Table en chêne", withClass: ".selected" }),
    ProductScreen.clickNumpad("1"),
    TicketScreen.toRefundTextContains("To Refund: 1"),
    TicketScreen.confirmRefund(),
    PaymentScreen.isShown(),
    PaymentScreen.isInvoiceButtonChecked(),
    PaymentScreen.totalIs(total),
    PaymentScreen.remainingIs("0.000"),
    PaymentScreen.clickValidate(),
    ReceiptScreen.isShown(),
];

// The till starts, and invoices are made meanwhile: on a busy machine in more than ten seconds. A minute is the most allowed.
const patient = (steps) => steps.flat(Infinity).map((step) => ({ timeout: 60000, ...step }));

registry.category("web_tour.tours").add("l10n_tn_edi_ttn_pos_stamp", {
    steps: () =>
        patient([
            openTill(),
            // Without invoice there is no stamp, with a customer or not.
            sell(PaymentScreen.clickInvoiceButton(), PaymentScreen.totalIs("120.000"), [
                PaymentScreen.clickInvoiceButton(),
                PaymentScreen.totalIs("119.000"),
                PaymentScreen.remainingIs("0.000"),
            ]),
            ReceiptScreen.clickNextOrder(),
            // A company wants an invoice: the stamp is there before the payment, once, and what was paid follows it.
            sell(
                toTheCompany(),
                PaymentScreen.isInvoiceButtonChecked(),
                PaymentScreen.totalIs("120.000"),
                PaymentScreen.clickBack(),
                Order.hasLine({ productName: "Stamp duty", quantity: "1" }),
                ProductScreen.totalAmountIs("120.000"),
                ProductScreen.clickPayButton(),
                PaymentScreen.totalIs("120.000"),
                PaymentScreen.remainingIs("0.000")
            ),
            ReceiptScreen.containsOrderLine("Stamp duty", "1", "1.000", "1.000"),
            ReceiptScreen.clickNextOrder(),
            // A public body owes none.
            sell(
                PaymentScreen.clickPartnerButton(),
                PaymentScreen.clickCustomer("Commune d'Essai"),
                PaymentScreen.isInvoiceButtonChecked(),
                PaymentScreen.totalIs("119.000")
            ),
            ReceiptScreen.clickNextOrder(),
            // The stamp comes back with everything else.
            giveBack("120.000", "-120.000"),
        ]),
});

// Where the customer pays the stamp of the credit note
registry.category("web_tour.tours").add("l10n_tn_edi_ttn_pos_charged", {
    steps: () =>
        patient([
            openTill(),
            sell(toTheCompany(), PaymentScreen.totalIs("120.000")),
            ReceiptScreen.clickNextOrder(),
            giveBack("120.000", "-119.000"),
            ReceiptScreen.containsOrderLine("Stamp duty", "1", "1.000", "1.000"),
        ]),
});

// With Odoo's addon of global discounts
registry.category("web_tour.tours").add("l10n_tn_edi_ttn_pos_discount", {
    steps: () =>
        patient([
            openTill(),
            sell(
                toTheCompany(),
                PaymentScreen.totalIs("120.000"),
                PaymentScreen.clickBack(),
                ProductScreen.clickControlButton("Discount"),
                // Ten per cent, as the till proposes: of the table, not of the stamp.
                Dialog.confirm(),
                Order.hasLine({ productName: "Remise", quantity: "1" }),
                Order.hasLine({ productName: "Stamp duty", quantity: "1", price: "1.000" }),
                ProductScreen.totalAmountIs("108.100"),
                ProductScreen.clickPayButton(),
                PaymentScreen.totalIs("108.100"),
                PaymentScreen.clickPaymentMethod("Banque")
            ),
        ]),
});
