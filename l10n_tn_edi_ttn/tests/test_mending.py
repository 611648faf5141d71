"""Data that is written as TTN reads it: what is proposed, what is left alone, and what writing does."""

from odoo.exceptions import AccessError, ValidationError
from odoo.tests import tagged

from ..models.l10n_tn_edi_proposals import split_street
from .common_documents import DocumentsCase


@tagged("post_install_l10n", "post_install", "-at_install")
class TestMending(DocumentsCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # As it comes from another program, past the checks of Odoo's form
        cls.partners = (
            cls.env["res.partner"]
            .sudo()
            .with_context(no_vat_validation=True)
            .create(
                [{"name": f"Client {number}", "is_company": True, "customer_rank": 1} for number in range(6)]
            )
            .sudo(False)
        )

    def open(self, record_ids=None, env=None):
        action = (env or self.env)["l10n_tn_edi.mending"]._open(record_ids)
        return (env or self.env)["l10n_tn_edi.mending"].browse(action["res_id"])

    def proposed(self, records):
        """``{id: (now, proposed)}`` of the lines about ``records``."""
        lines = self.open({records._name: records.ids}).line_ids
        return {line.res_id: (line.old, line.new) for line in lines}

    def test_matricules(self):
        typed = (
            "1234567 r/a/m/000",
            "TN7654321-C-A-M-000",
            "12345n",  # 0012345 has the key letter N
            "12345A",  # and not A: nobody knows which digit is missing
            "7654321CAM000",
            "sans matricule",
        )
        for partner, vat in zip(self.partners, typed, strict=True):
            partner.with_context(no_vat_validation=True).vat = vat
        self.partners.l10n_tn_edi_identifier_type = "I-01"
        first, second, third, *_others = self.partners
        self.assertEqual(
            self.proposed(self.partners),
            {
                first.id: (typed[0], "1234567RAM000"),
                second.id: (typed[1], "7654321CAM000"),
                third.id: (typed[2], "0012345N"),
            },
        )

    def test_cards(self):
        first, second, third = self.partners[:3]
        first.write({"l10n_tn_edi_identifier_type": "I-02", "l10n_tn_edi_identifier": "0123 4567"})
        second.write({"l10n_tn_edi_identifier_type": "I-03", "l10n_tn_edi_identifier": "123-456-789"})
        third.write({"l10n_tn_edi_identifier_type": "I-04", "l10n_tn_edi_identifier": "FR 33"})
        self.assertEqual(
            {record: new for record, (_old, new) in self.proposed(self.partners[:3]).items()},
            {first.id: "01234567", second.id: "123456789"},
        )

    def test_streets(self):
        self.assertIsNone(split_street("12 rue de Marseille"))
        self.assertIsNone(split_street("x" * 40))
        self.assertEqual(
            split_street("Immeuble Le Palmier, 12 rue de Marseille"),
            ("Immeuble Le Palmier, 12 rue de", "Marseille"),
        )
        partner = self.partners[0]
        partner.street = "Immeuble Le Palmier, 12 rue de Marseille"
        wizard = self.open({"res.partner": partner.ids})
        self.assertEqual(wizard.line_ids.new, "Immeuble Le Palmier, 12 rue de | Marseille")
        wizard.action_apply()
        self.assertEqual((partner.street, partner.street2), ("Immeuble Le Palmier, 12 rue de", "Marseille"))
        partner.write({"street": "Immeuble Le Palmier, 12 rue de Marseille", "street2": "Bloc B"})
        self.assertFalse(self.open({"res.partner": partner.ids}).line_ids, "there is no room")

    def test_taxes_units_products(self):
        env = self.env(su=True)
        self.vat_19.sudo().l10n_tn_edi_code = False
        other = self.vat_19.sudo().copy({"name": "Divers", "amount": 3.5, "l10n_tn_edi_code": False})
        units = env["uom.uom"].create(
            [
                {"name": "Palette de douze"},
                {"name": "Benne", "l10n_tn_edi_code": "kgm"},
                {"name": "Caisse 20"},
                {"name": "Mois"},
            ]
        )
        self.service.sudo().default_code = "SRV  01\u200b"
        wizard = self.env["l10n_tn_edi.mending"].sudo()
        wizard = wizard.browse(
            wizard._open(
                {
                    "account.tax": (self.vat_19 | other).ids,
                    "uom.uom": units.ids,
                    "product.product": self.service.ids,
                    "account.move": [1],
                }
            )["res_id"]
        )
        self.assertEqual(
            [(line.model, line.res_id, line.new) for line in wizard.line_ids],
            [
                ("product.product", self.service.id, "SRV 01\u200b"),
                ("account.tax", self.vat_19.id, "I-1602 VAT (TVA)"),
                ("uom.uom", units[0].id, "PF"),
                ("uom.uom", units[1].id, "KGM"),
            ],
        )
        wizard.action_apply()
        self.assertFalse(wizard.line_ids)
        self.assertEqual(wizard.written, 4)
        self.assertEqual(units.mapped("l10n_tn_edi_code"), ["PF", "KGM", False, False])

    def test_writing(self):
        """Only what is chosen, only what is still as it was shown, and what Odoo refuses is said."""
        for partner in self.partners[:4]:
            partner.vat = "1234567/R/A/M/000"
        wizard = self.open({"res.partner": self.partners[:4].ids})
        left_out, changed, refused, written = wizard.line_ids
        left_out.chosen = False
        self.partners[1].vat = "7654321/C/A/M/000"
        write, refusal = type(self.partners).write, ValidationError("No")

        def refusing(partners, vals):
            if "vat" in vals and partners == self.partners[2]:
                raise refusal
            return write(partners, vals)

        self.patch(type(self.partners), "write", refusing)
        action = wizard.action_apply()
        self.assertEqual((action["res_id"], wizard.written), (wizard.id, 1))
        self.assertFalse(written.exists())
        self.assertEqual(wizard.line_ids, left_out | changed | refused)
        self.assertFalse(left_out.problem)
        self.assertTrue(changed.problem)
        self.assertEqual(refused.problem, "No")
        self.assertEqual(
            self.partners[:4].mapped("vat"),
            ["1234567/R/A/M/000", "7654321/C/A/M/000", "1234567/R/A/M/000", "1234567RAM000"],
        )
        self.assertIn("1234567RAM000", self.partners[3].message_ids[0].body)

    def test_for_everything_and_from_the_readiness_report(self):
        self.customer.write(
            {"vat": "7654321/C/A/M/000", "street": "Immeuble Le Palmier, 12 rue de Marseille"}
        )
        self.make(name="FAC-1")
        self.assertIn(self.customer.id, self.open().line_ids.mapped("res_id"))
        report = self.env["l10n_tn_edi.readiness"].create(
            {"date_from": "2026-01-01", "date_to": "2026-12-31", "version": "1.8.9"}
        )
        report.action_check()
        self.assertEqual(report.failing, 1)
        wizard = self.env["l10n_tn_edi.mending"].browse(report.action_propose()["res_id"])
        self.assertEqual(wizard.line_ids.mapped("field"), ["street"])
        wizard.action_apply()
        report.action_check()
        self.assertEqual(report.failing, 0)

    def test_nobody_writes_more_than_he_may(self):
        accountant = self.make_accountant()
        self.vat_19.sudo().l10n_tn_edi_code = False
        env = self.env(user=accountant)
        wizard = self.open({"account.tax": self.vat_19.ids}, env)
        self.assertFalse(wizard.line_ids, "only an accounting manager writes taxes")
        line = env["l10n_tn_edi.mending.line"].create(
            {
                "mending_id": wizard.id,
                "model": "account.tax",
                "res_id": self.vat_19.id,
                "field": "l10n_tn_edi_code",
                "before": {"l10n_tn_edi_code": False},
                "after": {"l10n_tn_edi_code": "I-162"},
            }
        )
        wizard.action_apply()
        self.assertTrue(line.problem)
        self.assertFalse(self.vat_19.l10n_tn_edi_code)
        with self.assertRaises(AccessError):
            self.env(user=self.env.ref("base.public_user"))["l10n_tn_edi.mending"]._open()
