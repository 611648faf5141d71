from datetime import date

from odoo.tests import tagged

from ..teif.document import Period
from .common import TnEdiCommon


@tagged("post_install_l10n", "post_install", "-at_install")
class TestOfficialExample(TnEdiCommon):
    def test_official_example(self):
        """The invoice of TTN's signed example, made again from Odoo's records."""
        self.company.sudo().write(
            {
                "name": "Tunisie TradeNet",
                "vat": "0736202X/A/M/000",
                "company_registry": "B154702000",
                "l10n_tn_edi_legal_form": "SA",
                "l10n_tn_edi_capital": 2000000,
                "email": False,
                "phone": "71 861 712",
                "website": "www.tradenet.com.tn",
            }
        )
        self.company.sudo().partner_id.write(
            {
                "street": "Rue du Lac Malaren",
                "street2": "Lotissement El Khalij Les Berges du Lac",
                "zip": "1053",
                "ref": "TTN",
            }
        )
        self.env["res.lang"].sudo()._activate_lang("fr_FR")
        self.customer.write(
            {
                "name": "STE FRERE ET MOSAIQUE",
                "lang": "fr_FR",
                "vat": "914089J/A/M/000",
                "street": False,
                "ref": "41115530",
                "city": "Salle publique Tunis",
                "zip": "1000",
            }
        )
        vat = self.vat_19.sudo().copy({"name": "12%", "amount": 12.0})
        stamp = self.stamp.sudo().copy({"amount": 0.3})
        product = self.make_product("Dossier DDM", "DDM")
        self.company.sudo().l10n_tn_edi_go_live_date = "2012-01-01"
        move = self.make_invoice(
            self.line(2.0, vat, product_id=product.id, name="Dossier DDM"),
            self.line(0.0, stamp, product_id=False, name="Timbre"),
            invoice_date="2012-06-07",
            invoice_date_due="2012-07-07",
            name="12016_2012",
            invoice_payment_term_id=False,
            l10n_tn_edi_period_start="2012-05-01",
            l10n_tn_edi_period_end="2012-05-31",
            post=True,
        )
        document = self.assert_clean(move)
        self.assertEqual(document.number, "12016_2012")
        self.assertEqual((document.sender.value, document.receiver.value), ("0736202XAM000", "0914089JAM000"))
        self.assertEqual(
            [d.value for d in document.dates],
            [date(2012, 6, 7), Period(date(2012, 5, 1), date(2012, 5, 31)), date(2012, 7, 7)],
        )
        supplier, customer = document.parties
        self.assertEqual(
            (supplier.name, supplier.addresses[0].description, supplier.addresses[0].street),
            ("Tunisie TradeNet", "Lotissement El Khalij Les Berges du Lac", "Rue du Lac Malaren"),
        )
        self.assertEqual(
            [(c.identifier, c.name, c.means, c.address) for c in supplier.contacts],
            [
                ("TTN", "Tunisie TradeNet", "I-101", "71 861 712"),
                ("TTN", "Tunisie TradeNet", "I-104", "www.tradenet.com.tn"),
            ],
        )
        self.assertEqual(
            (customer.name, customer.addresses[0].city, customer.addresses[0].description),
            ("STE FRERE ET MOSAIQUE", "Salle publique Tunis", ""),
        )
        self.assertEqual(
            self.amounts(document),
            {"I-179": "2000000", "I-180": "2.540", "I-176": "2.000", "I-182": "2.000", "I-181": "0.240"},
        )
        self.assertEqual(document.amount("I-180").description, "DEUX DINARS ET CINQ CENT QUARANTE MILLIMES")
        self.assertEqual(
            self.taxes(document), {("I-1601", "0"): (None, "0.300"), ("I-1602", "12"): ("2.000", "0.240")}
        )
        [line] = document.lines
        self.assertEqual((line.code, line.description, str(line.taxes[0].rate)), ("DDM", "Dossier DDM", "12"))
        self.assertEqual(
            [(a.code, str(a.value)) for a in line.amounts], [("I-183", "2.000"), ("I-171", "2.000")]
        )
