"""What forms say while they are filled in, and what the invoice list costs and offers."""

from odoo.fields import Command
from odoo.tests import Form, tagged

from ..models import account_move
from .common import RIB, TnEdiCommon


@tagged("post_install", "post_install_l10n", "-at_install")
class TestLiveChecks(TnEdiCommon):
    def test_rib(self):
        account = self.env["res.partner.bank"].new({"acc_number": RIB, "partner_id": self.customer.id})
        self.assertFalse(account.l10n_tn_edi_rib_warning)
        for typed, words in (
            (RIB[:-1] + str((int(RIB[-1]) + 1) % 10), "typing error"),
            ("0800601", "20 digits"),
        ):
            account.acc_number = typed
            self.assertIn(words, account.with_context(lang="en_US").l10n_tn_edi_rib_warning)
        account.partner_id = self.foreigner
        self.assertFalse(account.l10n_tn_edi_rib_warning, "an account abroad has no RIB")

    def test_tax(self):
        self.assertFalse(self.vat_19.l10n_tn_edi_warning)
        self.assertFalse(self.stamp.l10n_tn_edi_warning)
        tax = self.vat_19.with_context(lang="en_US").copy({"name": "TVA essai"})
        tax.amount = 21.0
        self.assertIn("no VAT of this rate", tax.l10n_tn_edi_warning)
        tax.l10n_tn_edi_code = False
        self.assertIn("Without a TEIF code", tax.l10n_tn_edi_warning)
        tax.type_tax_use = "purchase"
        self.assertFalse(tax.l10n_tn_edi_warning)

    def test_product(self):
        product = self.service.product_tmpl_id.sudo().with_context(lang="en_US")
        self.assertFalse(product.l10n_tn_edi_warning)
        with Form(product) as form:
            form.taxes_id.add(self.vat_7)
            self.assertIn("more than one VAT", form.l10n_tn_edi_warning)
            form.taxes_id.remove(self.vat_7.id)
            form.taxes_id.remove(self.vat_19.id)
            self.assertIn("no VAT", form.l10n_tn_edi_warning)
            form.taxes_id.add(self.vat_0)
        self.assertFalse(product.l10n_tn_edi_warning)
        coded = self.vat_0.sudo().copy({"amount_type": "division", "amount": 1.0, "l10n_tn_edi_code": False})
        coded.l10n_tn_edi_code = False
        product.taxes_id = [Command.set(coded.ids)]
        self.assertIn("no TEIF code", product.l10n_tn_edi_warning)

    def test_searching_a_state_in_both_ways(self):
        moves = [self.make_invoice(post=True) for _ in range(3)]
        for move, state in zip(moves, ("accepted", "rejected", "rejected"), strict=True):
            move.l10n_tn_edi_document_id.sudo().state = state
        draft = self.make_invoice()
        all_of_them = self.env["account.move"].concat(draft, *moves)

        def found(operator, value):
            return self.env["account.move"].search(
                [("id", "in", all_of_them.ids), ("l10n_tn_edi_state", operator, value)], order="id"
            )

        def expect():
            self.assertEqual(found("=", "rejected"), moves[1] | moves[2])
            self.assertEqual(found("in", ["accepted", "rejected"]), moves[0] | moves[1] | moves[2])
            self.assertEqual(found("!=", "rejected"), draft | moves[0])
            self.assertEqual(found("=", False), draft)
            self.assertEqual(found("=", "signed"), self.env["account.move"])

        expect()
        self.patch(account_move, "NAMED_DOCUMENTS", 0)
        expect()

    def test_list_reads_documents_once(self):
        """The columns of the invoice list cost one query more, however many invoices there are."""
        counts = {}
        for size in (2, 6):
            moves = self.env["account.move"].concat(*(self.make_invoice(post=True) for _ in range(size)))
            self.env.flush_all()
            for kind, spec in (
                ("odoo", {"name": {}, "amount_total_signed": {}}),
                (
                    "ours",
                    {
                        "name": {},
                        "amount_total_signed": {},
                        "l10n_tn_edi_state": {},
                        "l10n_tn_edi_reference": {},
                    },
                ),
            ):
                self.env.invalidate_all()
                before = self.env.cr.sql_log_count
                moves.web_read(spec)
                counts[kind, size] = self.env.cr.sql_log_count - before
        self.assertEqual(counts["odoo", 2], counts["odoo", 6])
        self.assertEqual(counts["ours", 2], counts["ours", 6])
        self.assertLessEqual(counts["ours", 6] - counts["odoo", 6], 1)

    def test_favourites_are_for_tunisian_companies(self):
        action = self.env.ref("account.action_move_out_invoice_type").id

        def favourites(company):
            model = self.env["ir.filters"].sudo().with_context(allowed_company_ids=company.ids)
            return [one["name"] for one in model.get_filters("account.move", action)]

        self.assertTrue([name for name in favourites(self.company) if name.startswith("El Fatoora")])
        elsewhere = self.env(su=True)["res.company"].create(
            {"name": "Ailleurs", "country_id": self.env.ref("base.fr").id}
        )
        self.assertFalse([name for name in favourites(elsewhere) if name.startswith("El Fatoora")])
        for one in self.env["ir.filters"].sudo().search([("name", "like", "El Fatoora")]):
            self.env["account.move"].search(one._get_eval_domain(), limit=1)
