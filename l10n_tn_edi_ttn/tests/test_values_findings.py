import json
from string import Formatter
from unittest.mock import patch

from odoo.tests import tagged

from ..api import problems as api_problems
from ..archive import codes as archive_codes
from ..archive import findings as archive_findings
from ..elfatoora import answers, facts, rejections, rejections_data, wire
from ..models.account_move_tax_findings import TAX_CODES
from ..models.account_move_teif import SCOPE_REASONS
from ..models.account_move_teif_findings import ODOO_CODES
from ..models.account_move_teif_kind_findings import KIND_CODES, OFFICIAL_CODES
from ..models.l10n_tn_edi_import_finding import ALL_CODES as IMPORT_CODES
from ..models.l10n_tn_edi_messages import Params
from ..signature import codes as signature_codes
from ..teif import findings as teif_findings
from ..webhooks.answers import CODES as WEBHOOK_CODES
from .common import TnEdiCommon


class Recorder(Params):
    """Params that remember which of them a sentence asks for."""

    def __init__(self):
        super().__init__()
        self.asked = set()

    def __missing__(self, name):
        self.asked.add(name)
        return "?"


@tagged("post_install_l10n", "post_install", "-at_install")
class TestFindings(TnEdiCommon):
    """What is wrong is said with the record and the field where it is mended."""

    def assert_finding(self, move, code, record, field, severity="blocking"):
        """``move`` has exactly one finding, this one; returns its sentence."""
        findings = move._l10n_tn_edi_findings()
        self.assertEqual([item["code"] for item in findings], [code])
        [item] = move._l10n_tn_edi_explain(json.loads(json.dumps(findings)))
        self.assertEqual(
            (item["severity"], item["model"], item["res_id"], item["field"]),
            (severity, record._name, record.id, field),
        )
        return item["sentence"]

    def test_customer_without_matricule(self):
        self.customer.vat = False
        sentence = self.assert_finding(
            self.make_invoice(post=True), "odoo.customer_identifier", self.customer, "vat"
        )
        self.assertIn("CLIENT ESSAI SA", sentence)

    def test_consumer_without_card(self):
        self.consumer.l10n_tn_edi_identifier = False
        self.assert_finding(
            self.make_invoice(partner=self.consumer, post=True),
            "odoo.consumer_identifier",
            self.consumer,
            "l10n_tn_edi_identifier",
        )

    def test_company_without_matricule(self):
        self.company.sudo().l10n_tn_edi_matricule = False
        self.assert_finding(
            self.make_invoice(post=True), "odoo.company_matricule", self.company.partner_id, "vat"
        )

    def test_street_of_36_characters(self):
        self.customer.street = "A" * 35
        self.assertEqual(self.make_invoice(post=True)._l10n_tn_edi_findings(), [])
        self.customer.street = "A" * 36
        sentence = self.assert_finding(
            self.make_invoice(post=True), "schema.too_long", self.customer, "street"
        )
        self.assertIn("36", sentence)
        self.assertIn("35", sentence)
        self.assertIn("CLIENT ESSAI SA", sentence)

    def test_city_of_the_company(self):
        self.company.sudo().partner_id.city = "T" * 36
        self.assert_finding(self.make_invoice(post=True), "schema.too_long", self.company.partner_id, "city")

    def test_street_of_the_invoice_address(self):
        contact = self.env["res.partner"].create(
            {
                "name": "Facturation",
                "parent_id": self.customer.id,
                "type": "invoice",
                "street": "R" * 40,
                "city": "Sousse",
                "country_id": self.customer.country_id.id,
            }
        )
        self.assert_finding(
            self.make_invoice(partner=contact, post=True), "schema.too_long", contact, "street"
        )

    def test_cin_of_seven_digits(self):
        self.consumer.l10n_tn_edi_identifier = "1234567"
        findings = self.make_invoice(partner=self.consumer, post=True)._l10n_tn_edi_findings()
        self.assertEqual({item["code"] for item in findings}, {"identifier.cin"})
        self.assertEqual(
            {(item["model"], item["field"]) for item in findings}, {("res.partner", "l10n_tn_edi_identifier")}
        )

    def test_wrong_key_letter_is_a_warning(self):
        self.customer.with_context(no_vat_validation=True).vat = "7654321AAM000"
        findings = self.make_invoice(post=True)._l10n_tn_edi_findings()
        self.assertEqual(
            {(item["code"], item["severity"], item["field"]) for item in findings},
            {("identifier.key_letter", "warning", "vat")},
        )

    def test_item_code_too_long(self):
        product = self.make_product("Service", "C" * 36)
        self.assert_finding(
            self.make_invoice(self.line(product_id=product.id), post=True),
            "schema.too_long",
            product,
            "default_code",
        )

    def test_number_too_long(self):
        move = self.make_invoice(name="F" * 36, post=True)
        findings = move._l10n_tn_edi_findings()
        self.assertEqual(
            {(item["model"], item["res_id"], item["field"]) for item in findings},
            {("account.move", move.id, "name")},
        )

    def test_tax_without_code(self):
        tax = self.vat_7.sudo()
        tax.l10n_tn_edi_code = False
        self.assert_finding(
            self.make_invoice(self.line(taxes=tax), post=True), "odoo.tax_code", tax, "l10n_tn_edi_code"
        )

    def test_only_a_stamp(self):
        move = self.make_invoice(self.stamp_line(), post=True)
        self.assertIn("odoo.no_line", [item["code"] for item in move._l10n_tn_edi_findings()])

    def test_rib_with_a_wrong_key(self):
        bank = self.env["res.partner.bank"].create(
            {
                "acc_number": "08006011000123456799",
                "partner_id": self.company.partner_id.id,
            }
        )
        move = self.make_invoice(partner_bank_id=bank.id, post=True)
        self.assert_finding(move, "bank.rib_key", move, "partner_bank_id", severity="warning")

    def test_amounts_are_reckoned_once_for_the_document_and_once_for_all_findings(self):
        moves = self.env.registry["account.move"]
        reckon = moves._l10n_tn_edi_amounts
        for code, count, expected in (("SRV", 0, 1), ("C" * 36, 1, 2)):
            self.service.sudo().default_code = code
            move = self.make_invoice(self.line(), self.line(), self.line(), post=True)
            with patch.object(moves, "_l10n_tn_edi_amounts", autospec=True, side_effect=reckon) as spy:
                findings = move._l10n_tn_edi_findings()
            self.assertEqual(len(findings), count)
            self.assertEqual(spy.call_count, expected)

    def test_every_finding_at_once(self):
        self.customer.write({"street": "A" * 36, "city": "B" * 36, "vat": False})
        codes = [item["code"] for item in self.make_invoice(post=True)._l10n_tn_edi_findings()]
        self.assertEqual(sorted(codes), ["odoo.customer_identifier", "schema.too_long", "schema.too_long"])


@tagged("post_install_l10n", "post_install", "-at_install")
class TestMessages(TnEdiCommon):
    """Every code has its sentence, in the user's language."""

    def room_codes(self):
        """The codes that the rooms may say, without those that a number completes."""
        network = {code for code in rejections_data.NETWORK if code.count(".") == 1} | wire.PROBLEM_CODES
        return (
            teif_findings.CODES
            | signature_codes.CODES
            | archive_codes.CATALOGUE.keys()
            | rejections.CODES
            | facts.CODES
            | answers.PROBLEM_CODES
            | network
            | SCOPE_REASONS
            | ODOO_CODES
            | KIND_CODES
            | OFFICIAL_CODES
            | TAX_CODES
            | IMPORT_CODES
            | WEBHOOK_CODES
            | api_problems.PROBLEMS.keys()
            | api_problems.BODY_CODES
            | api_problems.INVOICE_CODES
        )

    def test_every_code_has_a_sentence(self):
        messages = self.env["l10n_tn_edi.messages"]
        self.assertFalse(self.room_codes() - messages._catalogue().keys(), "codes without a sentence")

    def test_no_sentence_without_a_code(self):
        messages = self.env["l10n_tn_edi.messages"]
        own = messages._way_catalogue().keys() | {"signature.self_check_failed"}
        self.assertFalse(messages._catalogue().keys() - self.room_codes() - own, "sentences nobody says")

    def test_every_sentence_can_be_made(self):
        messages = self.env["l10n_tn_edi.messages"]
        for code, sentence in messages._catalogue().items():
            with self.subTest(code=code):
                self.assertTrue(sentence(Params()))
                self.assertNotIn("%(", sentence(Params()))

    def test_sentences_name_only_what_the_rooms_give(self):
        """A sentence asks for the params that the room's own English sentence names, and for the place."""
        messages = self.env["l10n_tn_edi.messages"]
        catalogue = messages._catalogue()
        severe = {**teif_findings.CATALOGUE, **archive_codes.CATALOGUE}
        templates = {code: template for code, (_severity, template) in severe.items()}
        for code, template in {**signature_codes.CATALOGUE, **templates}.items():
            params = Recorder()
            catalogue[code](params)
            given = {name for _text, name, _spec, _conversion in Formatter().parse(template)} | {"what"}
            with self.subTest(code=code):
                self.assertLessEqual(params.asked, given)

    def test_unknown_code(self):
        messages = self.env["l10n_tn_edi.messages"]
        self.assertEqual(messages._sentence("room.newer"), "room.newer")
        self.assertEqual(messages._sentence("room.newer", {"message": "Said\x00 newly"}), "Said newly")

    def test_a_reason_with_a_code_is_said_in_the_users_language(self):
        found = archive_findings.finding(
            "record.evidence", record=3, number=3, reason=archive_findings.ArchiveError("evidence.group")
        )
        messages = self.env["l10n_tn_edi.messages"]
        reason = messages._sentence("evidence.group")
        self.assertEqual(
            messages._sentence(found.code, found.params), f"Record 3 is not what was sealed. {reason}"
        )

    def test_foreign_text_is_cleaned_and_cut(self):
        sentence = self.env["l10n_tn_edi.messages"]._sentence("send.refused", {"text": "a\x07b" + "c" * 500})
        self.assertNotIn("\x07", sentence)
        self.assertLess(len(sentence), 200)
