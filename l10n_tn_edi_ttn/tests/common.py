"""A Tunisian company that is ready to invoice electronically: fictitious, with numbers whose key letters fit."""

from decimal import Decimal

from odoo.addons.account.tests.common import AccountTestInvoicingCommon
from odoo.fields import Command
from odoo.tests import new_test_user

from ..teif import check, write
from ..teif.foreign import parse_foreign_xml
from ..teif.reader import read

COMPANY_MATRICULE = "1234567RAM000"
CUSTOMER_MATRICULE = "7654321CAM000"
RIB = "08006011000123456770"
INVOICE_DATE = "2026-03-15"


class TnEdiCommon(AccountTestInvoicingCommon):
    """``company`` switched on since 2026, its ``invoice_journal``, customers of each kind, VAT and stamp.

    Tests run as an invoicing user without administrator rights; :meth:`make_accountant` gives one with fewer still.
    """

    @classmethod
    @AccountTestInvoicingCommon.setup_country("tn")
    def setUpClass(cls):
        super().setUpClass()
        cls.company = cls.company_data["company"]
        cls._set_up_company()
        cls._set_up_partners()
        cls._set_up_taxes()
        cls.service = cls.make_product("Service", "SRV")
        # Everything below must work without administrator rights.
        cls.env.user.group_ids += cls.env.ref("base.group_partner_manager")
        cls.env.user.group_ids -= cls.env.ref("base.group_system")

    @classmethod
    def _set_up_company(cls):
        cls.company.partner_id.write(
            {
                "vat": "1234567/R/A/M/000",
                "street": "12 rue de Marseille",
                "city": "Tunis",
                "zip": "1000",
                "phone": "71 000 000",
                "email": "contact@fournisseur.example",
                "website": "www.fournisseur.example",
                "company_registry": "B0123452020",
            }
        )
        cls.company.write(
            {
                "name": "FOURNISSEUR ESSAI SARL",
                "l10n_tn_edi_enabled": True,
                "l10n_tn_edi_go_live_date": "2026-01-01",
                "l10n_tn_edi_login": "essai",
                "l10n_tn_edi_legal_form": "SARL",
                "l10n_tn_edi_delay_minutes": 0,
            }
        )
        cls.invoice_journal = cls.company_data["default_journal_sale"]
        cls.invoice_journal.l10n_tn_edi_enabled = True

    @classmethod
    def _set_up_partners(cls):
        tunisia = cls.env.ref("base.tn")
        cls.customer = cls.env["res.partner"].create(
            {
                "name": "CLIENT ESSAI SA",
                "is_company": True,
                "vat": "7654321CAM000",
                "street": "Avenue Habib Bourguiba",
                "city": "Sfax",
                "zip": "3000",
                "country_id": tunisia.id,
                "lang": "en_US",
            }
        )
        cls.consumer = cls.env["res.partner"].create(
            {
                "name": "Amel Essai",
                "is_company": False,
                "street": "3 rue du Lac",
                "city": "Ariana",
                "zip": "2080",
                "country_id": tunisia.id,
                "l10n_tn_edi_identifier": "01234567",
            }
        )
        cls.foreigner = cls.env["res.partner"].create(
            {
                "name": "CLIENT ETRANGER SAS",
                "is_company": True,
                "vat": "FR23334175221",
                "street": "1 rue de Rivoli",
                "city": "Paris",
                "zip": "75001",
                "country_id": cls.env.ref("base.fr").id,
            }
        )

    @classmethod
    def _set_up_taxes(cls):
        ref = cls.env["account.chart.template"].with_company(cls.company).ref
        cls.vat_19 = ref("l10n_tn_tax_vat_sale_19")
        cls.vat_13 = ref("l10n_tn_tax_vat_sale_13")
        cls.vat_7 = ref("l10n_tn_tax_vat_sale_7")
        cls.vat_0 = ref("l10n_tn_tax_vat_sale_0")
        cls.vat_0.invoice_legal_notes = "<p>Exonéré : article 13 du code de la TVA</p>"
        cls.stamp = ref("l10n_tn_tax_vat_sale_tax_stamp")

    # === Records === #

    @classmethod
    def make_accountant(cls, login="tn_edi_accountant"):
        """A user who makes invoices and is no accounting manager."""
        return new_test_user(
            cls.env(su=True),
            login=login,
            groups="account.group_account_invoice",
            company_id=cls.company.id,
            company_ids=[Command.set(cls.company.ids)],
        )

    @classmethod
    def make_product(cls, name, code):
        """A service with the internal reference ``code``."""
        return (
            cls.env["product.product"]
            .sudo()
            .create(
                {
                    "name": name,
                    "default_code": code,
                    "type": "service",
                    "taxes_id": [Command.set(cls.vat_19.ids)],
                }
            )
            .sudo(False)
        )

    @classmethod
    def line(cls, price=100.0, taxes=None, quantity=1.0, discount=0.0, **values):
        """The command that makes an invoice line of ``service``; ``taxes`` are records, VAT at 19 % when not given."""
        return Command.create(
            {
                "product_id": cls.service.id,
                "name": "Prestation",
                "price_unit": price,
                "quantity": quantity,
                "discount": discount,
                "tax_ids": [Command.set((cls.vat_19 if taxes is None else taxes).ids)],
                **values,
            }
        )

    @classmethod
    def stamp_line(cls):
        """The line that carries the stamp duty only."""
        return cls.line(0.0, cls.stamp, product_id=False, name="Timbre fiscal")

    @classmethod
    def make_invoice(cls, *lines, post=False, move_type="out_invoice", partner=None, **values):
        """An invoice of 15 March 2026; one line of 100 TND at 19 % and the stamp when no ``lines`` are given."""
        move = cls.env["account.move"].create(
            {
                "move_type": move_type,
                "partner_id": (partner or cls.customer).id,
                "invoice_date": values.pop("invoice_date", INVOICE_DATE),
                "journal_id": cls.invoice_journal.id,
                "invoice_line_ids": list(lines) or [cls.line(), cls.stamp_line()],
                **values,
            }
        )
        if post:
            move.action_post()
        return move

    # === TEIF === #

    def teif(self, move):
        """The document of ``move`` as the reader finds it in the written bytes."""
        return read(parse_foreign_xml(write.write(move._l10n_tn_edi_teif_document())))

    def findings(self, move):
        """What the checker finds in the written bytes of ``move``, advice included."""
        return check.check(parse_foreign_xml(write.write(move._l10n_tn_edi_teif_document())))

    def amounts(self, document):
        """``{code: amount}`` of the invoice as texts."""
        return {amount.code: str(amount.value) for amount in document.amounts}

    def taxes(self, document):
        """``{(code, rate): (base or None, tax)}`` of the invoice as texts."""
        result = {}
        for total in document.taxes:
            sums = {amount.code: str(amount.value) for amount in total.amounts}
            result[total.tax.code, str(total.tax.rate)] = (sums.get("I-177"), sums.get("I-178"))
        return result

    def assert_equals_journal_entry(self, move):
        """Each total of the TEIF document is that of the journal entry, to the last decimal of the currency."""
        document = self.teif(move)
        amounts = {amount.code: amount.value for amount in document.amounts}

        def exactly(value):
            return Decimal(repr(value)).quantize(Decimal(1).scaleb(-move.currency_id.decimal_places))

        due = move.line_ids.filtered(lambda line: line.display_type == "payment_term")
        self.assertEqual(amounts["I-180"], exactly(move.amount_total))
        self.assertEqual(amounts["I-180"], exactly(abs(sum(due.mapped("amount_currency")))))
        self.assertEqual(amounts["I-176"], exactly(move.amount_untaxed))
        by_code = {}
        for line in move.line_ids.filtered("tax_line_id"):
            key = line.tax_line_id._l10n_tn_edi_code_and_rate()
            by_code[key] = by_code.get(key, Decimal(0)) + exactly(move.direction_sign * line.amount_currency)
        for total in document.taxes:
            key = (total.tax.code, total.tax.rate)
            self.assertEqual(total.amounts[-1].value, by_code.pop(key, Decimal(0)), key)
        self.assertFalse(by_code, "each tax of the entry is in the document")
        stamp = sum(
            (total.amounts[-1].value for total in document.taxes if total.tax.code == "I-1601"), Decimal(0)
        )
        self.assertEqual(amounts["I-181"], exactly(move.amount_tax) - stamp)
        return document

    def assert_clean(self, move):
        """The checker finds nothing in the document of ``move``, not even advice; returns the document."""
        self.assertEqual(self.findings(move), [])
        self.assertEqual(move._l10n_tn_edi_findings(), [])
        return self.assert_equals_journal_entry(move)
