"""What TTN rejects most: each cause that a document can show is one finding, with its field, in three languages."""

from unittest.mock import patch

from odoo.tests import tagged

from ..teif import check, write
from ..teif.document import Identifier
from ..teif.foreign import parse_foreign_xml
from .common_documents import DocumentsCase

LANGUAGES = ("en_US", "fr_FR", "ar_001")


@tagged("post_install_l10n", "post_install", "-at_install")
class TestRejectionCauses(DocumentsCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for lang in LANGUAGES:
            cls.env["res.lang"].sudo()._activate_lang(lang)

    def findings(self, move, version="1.8.9", deposit=False):
        """The findings of ``move`` beyond advice, placed in Odoo; ``deposit``: as of the file that is deposited unsigned."""
        move = move.with_context(l10n_tn_edi_version=version)
        document = move._l10n_tn_edi_teif_document()
        unsigned = write.write(document)
        findings = check.check(parse_foreign_xml(unsigned), deposit=deposit, document=document)
        found = move._l10n_tn_edi_place(findings, len(unsigned))
        return [item for item in found if item["severity"] != "advice"]

    def assert_said(self, findings, record, field, severity="blocking", text=None):
        """One finding, which names ``field`` of ``record``, in a sentence of its own in each language."""
        self.assertEqual(len(findings), 1, findings)
        [item] = findings
        self.assertEqual(
            (item["severity"], item["model"], item["res_id"], item["field"]),
            (severity, record._name, record.id, field),
            item,
        )
        sentences = []
        for lang in LANGUAGES:
            explain = self.env["account.move"].with_context(lang=lang)._l10n_tn_edi_explain
            sentences.append(explain([item])[0]["sentence"])
        self.assertEqual(len(set(sentences)), len(LANGUAGES), sentences)
        for sentence in sentences:
            self.assertNotIn("%(", sentence)
            self.assertNotEqual(sentence, item["code"])
            if text:
                self.assertIn(text, sentence)
        self.assertRegex(sentences[-1], "[\u0600-\u06ff]")

    def patched(self, move, method, value):
        return patch.object(type(move), method, lambda _move: value)

    # === Against the schema === #

    def test_no_lines(self):
        move = self.make(self.stamp_line())
        self.assert_said(self.findings(move), move, "invoice_line_ids")

    def test_no_number(self):
        move = self.make()
        with self.patched(move, "_l10n_tn_edi_number", ""):
            self.assert_said(self.findings(move), move, "name")

    def test_no_address(self):
        nothing = {"street": False, "street2": False, "city": False, "zip": False}
        self.customer.write(nothing)
        self.assert_said(self.findings(self.make()), self.customer, "street")
        self.customer.write({"street": "Rue", "city": "Sfax", "zip": "3000"})
        company = self.company.partner_id.sudo()
        company.write(nothing)
        self.assert_said(self.findings(self.make()), company, "street")

    def test_too_long(self):
        for field in ("street", "city"):
            with self.subTest(field=field):
                self.customer[field] = "x" * 80
                self.assert_said(self.findings(self.make()), self.customer, field, text="35")
                self.customer[field] = "Sfax"
        self.service.sudo().default_code = "x" * 36
        self.assert_said(self.findings(self.make()), self.service, "default_code", text="35")

    def test_number_of_more_than_35_characters(self):
        move = self.make(name="FAC-2026-" + "0" * 27)
        self.assert_said(self.findings(move), move, "name", text="35")

    def test_unknown_tax(self):
        tax = self.vat_19.sudo().copy({"name": "Divers", "l10n_tn_edi_code": False, "amount": 3.5})
        move = self.make(self.line(100.0, tax), self.line(), self.stamp_line())
        self.assert_said(self.findings(move), tax, "l10n_tn_edi_code", text="Divers")

    def test_unknown_unit(self):
        unit = self.env["uom.uom"].sudo().create({"name": "Benne", "l10n_tn_edi_code": "BENNE"})
        move = self.make(self.line(product_uom_id=unit.id), self.stamp_line())
        self.assert_said(self.findings(move, "1.9.0"), unit, "l10n_tn_edi_code", text="BENNE")

    def test_unsigned(self):
        move = self.make()
        self.assert_said(self.findings(move, deposit=True), self.company, "l10n_tn_edi_provider_id")

    # === Against what TTN knows of the sender === #

    def test_sender_is_not_the_account(self):
        move = self.make()
        header = {**move._l10n_tn_edi_header(), "sender": Identifier("0736202XAM000", "I-01")}
        with self.patched(move, "_l10n_tn_edi_header", header):
            self.assert_said(self.findings(move), self.company.partner_id, "vat", text="0736202XAM000")

    def test_bad_matricule(self):
        customer = self.customer.with_context(no_vat_validation=True)
        for vat, version in (("7654321/I/A/M/000", "1.8.9"), ("765432", "1.9.0")):
            with self.subTest(vat=vat):
                customer.vat = vat
                self.assert_said(self.findings(self.make(), version), self.customer, "vat")

    def test_wrong_key_letter(self):
        self.customer.with_context(no_vat_validation=True).vat = "7654321DAM000"
        move = self.make()
        for version, severity in (("1.8.8", "warning"), ("1.8.9", "warning"), ("1.9.0", "blocking")):
            with self.subTest(version=version):
                self.assert_said(self.findings(move, version), self.customer, "vat", severity)

    def test_bad_account(self):
        move = self.make(partner_bank_id=self.bank.id)
        self.bank.sudo().acc_number = "08006011000123456771"
        self.assert_said(self.findings(move), move, "partner_bank_id", "warning", text="08006011000123456771")

    def test_no_tax_number(self):
        self.customer.vat = False
        self.assert_said(self.findings(self.make()), self.customer, "vat", text="CLIENT ESSAI SA")
        self.consumer.l10n_tn_edi_identifier = "0123456"
        self.assert_said(
            self.findings(self.make(partner=self.consumer)), self.consumer, "l10n_tn_edi_identifier"
        )
