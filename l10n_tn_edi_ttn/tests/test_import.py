import base64
import datetime

from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..models.l10n_tn_edi_import_finding import ALL_CODES
from ..spreadsheet.codes import CODES as WORKBOOK_CODES
from .common_import import TnEdiImportCommon, fill_template, read_journal


@tagged("post_install_l10n", "post_install", "-at_install")
class TestImport(TnEdiImportCommon):
    def assert_refused(self, record, code, column):
        self.assertEqual(record.state, "refused", record.finding_ids.mapped("sentence"))
        self.assertFalse(record.invoice_ids.move_id)
        finding = record.finding_ids
        self.assertEqual(
            [(item.code, item.column) for item in finding], [(code, column)], finding.mapped("sentence")
        )
        return finding

    # === What comes in === #

    def test_invoice_with_all_that_a_row_can_say(self):
        bank = (
            self.env["res.partner.bank"]
            .sudo()
            .create({"acc_number": "08006011000123456770", "partner_id": self.company.partner_id.id})
        )
        self.customer.ref = "C-7"
        record = self.import_rows(
            [
                self.row(
                    type="Facture",
                    due_date=datetime.date(2026, 4, 15),
                    customer_code="C-7",
                    product_code="SRV",
                    unit="Heures",
                    discount="10,5",
                    fodec="oui",
                    stamp="oui",
                    currency="TND",
                    order="BC-77",
                    delivery_note="BL-9",
                    contract="M-3",
                    rib=bank.acc_number,
                ),
                {"number": "F-1", "description": "Seconde ligne", "price": "1 250,500", "vat": 7},
            ]
        )
        self.assertEqual(record.state, "done", record.finding_ids.mapped("sentence"))
        move = record.invoice_ids.move_id
        self.assertEqual(move.state, "posted")
        self.assertEqual(move.partner_id, self.customer)
        self.assertEqual(str(move.invoice_date), "2026-03-15")
        self.assertEqual(str(move.invoice_date_due), "2026-04-15")
        self.assertEqual(move.partner_bank_id, bank)
        self.assertEqual(move.l10n_tn_edi_order_reference, "BC-77")
        self.assertEqual(move.l10n_tn_edi_contract_number, "M-3")
        self.assertEqual(move.l10n_tn_edi_import_number, "F-1")
        first, second = move.invoice_line_ids
        self.assertEqual((first.product_id, first.quantity, first.discount), (self.service, 2.0, 10.5))
        self.assertEqual(first.product_uom_id, self.env.ref("uom.product_uom_hour"))
        self.assertEqual(sorted(first.tax_ids.mapped("l10n_tn_edi_code")), ["I-1602", "I-162"])
        self.assertEqual((second.quantity, second.price_unit), (1.0, 1250.5))
        document = self.assert_clean(move)
        self.assertIn(("I-84", "BL-9"), [(item.code, item.value) for item in document.references])

    def test_number_of_the_file_is_the_number_where_the_journal_says_so(self):
        self.invoice_journal.sudo().l10n_tn_edi_external_numbering = True
        record = self.import_rows([self.row("FA-2026-00017"), self.row("FA-2026-00018")])
        self.assertEqual(record.state, "done", record.finding_ids.mapped("sentence"))
        self.assertEqual(
            sorted(record.invoice_ids.move_id.mapped("name")), ["FA-2026-00017", "FA-2026-00018"]
        )
        self.assertEqual(self.teif(record.invoice_ids[0].move_id).number, "FA-2026-00017")

    def test_credit_note_finds_its_original_by_the_number_of_the_file(self):
        self.import_rows([self.row("F-1")])
        record = self.import_rows([self.row("A-1", type="Avoir", original_number="F-1")])
        self.assertEqual(record.state, "done", record.finding_ids.mapped("sentence"))
        move = record.invoice_ids.move_id
        self.assertEqual(move.move_type, "out_refund")
        self.assertEqual(move.reversed_entry_id.l10n_tn_edi_import_number, "F-1")

    def test_credit_note_of_an_invoice_that_is_not_in_odoo(self):
        record = self.import_rows(
            [self.row("A-2", type="Avoir", original_number="X-9", original_date="01/02/2026")]
        )
        self.assertEqual(record.state, "done", record.finding_ids.mapped("sentence"))
        references = {item.code: item.value for item in self.teif(record.invoice_ids.move_id).references}
        self.assertEqual(references["I-89"], "X-9")

    def test_unknown_customer_is_created_once_with_the_address(self):
        new = {
            "identifier": "0001234/X/A/M/000",
            "customer_name": "NOUVEAU CLIENT",
            "street": "1 rue Neuve",
            "city": "Sousse",
            "zip": "4000",
        }
        record = self.import_rows([self.row("F-1", **new), self.row("F-2", **new)])
        self.assertEqual(record.state, "done", record.finding_ids.mapped("sentence"))
        partner = record.invoice_ids.move_id.partner_id
        self.assertEqual(len(partner), 1)
        self.assertEqual(
            (partner.name, partner.city, partner.country_id.code), ("NOUVEAU CLIENT", "Sousse", "TN")
        )
        self.assertEqual(partner._l10n_tn_edi_identifier_value("1.8.9"), ("I-01", "0001234XAM000"))

    def test_identity_card_that_lost_its_zero(self):
        record = self.import_rows(
            [self.row(identifier_type="CIN", identifier=1234567, customer_name="Amel Essai", stamp="non")]
        )
        self.assertEqual(record.state, "done", record.finding_ids.mapped("sentence"))
        self.assertEqual(record.invoice_ids.move_id.partner_id, self.consumer)

    def test_currency_and_rate(self):
        self.env.ref("base.EUR").sudo().active = True
        record = self.import_rows(
            [
                self.row(
                    currency="EUR",
                    rate="3,35",
                    identifier="FR23334175221",
                    country="FR",
                    vat=0,
                    type="Facture export",
                )
            ]
        )
        self.assertEqual(record.state, "done", record.finding_ids.mapped("sentence"))
        move = record.invoice_ids.move_id
        self.assertEqual((move.currency_id.name, move.partner_id), ("EUR", self.foreigner))
        self.assertAlmostEqual(1 / move.invoice_currency_rate, 3.35)
        self.assertAlmostEqual(-sum(move.invoice_line_ids.mapped("balance")), 201 * 3.35)

    def test_attestation_makes_the_invoice_under_suspension(self):
        attestation = self.env["l10n_tn_edi.vat.attestation"].create(
            {
                "partner_id": self.customer.id,
                "number": "AUT-1",
                "date": "2026-01-05",
                "date_start": "2026-01-05",
                "date_end": "2026-12-31",
            }
        )
        record = self.import_rows([self.row(attestation_number="AUT-1", attestation_date="05/01/2026")])
        self.assertEqual(record.state, "done", record.finding_ids.mapped("sentence"))
        move = record.invoice_ids.move_id
        self.assertEqual(move.l10n_tn_edi_attestation_id, attestation)
        self.assertTrue(move.invoice_line_ids.tax_ids.l10n_tn_edi_suspended_tax_id)
        self.assertFalse(move.amount_tax - move.l10n_tn_edi_stamp)

    def test_drafts_when_they_are_not_to_be_posted(self):
        record = self.import_rows([self.row()], post=False)
        self.assertEqual(record.invoice_ids.move_id.state, "draft")

    # === What does not === #

    def test_each_fault_names_its_cell(self):
        faults = {
            ("cell.missing", "date"): {"date": None},
            ("cell.date", "date"): {"date": "15 mars"},
            ("cell.number", "price"): {"price": "1,23,4"},
            ("cell.negative", "price"): {"price": -5},
            ("cell.choice", "vat"): {"vat": 20},
            ("cell.choice", "type"): {"type": "Devis"},
            ("cell.range", "discount"): {"discount": 120},
            ("cell.too_long", "city"): {"city": "x" * 36},
            ("cell.error_value", "quantity"): {"quantity": "#REF!"},
            ("import.matricule", "identifier"): {"identifier": "12AB"},
            ("import.key_letter", "identifier"): {"identifier": "7654321AAM000"},
            ("import.country", "country"): {"country": "Atlantide"},
            ("import.unit", "unit"): {"unit": "coudée"},
            ("import.currency", "currency"): {"currency": "XXX"},
            ("import.rib", "rib"): {"rib": "123"},
            ("import.rib_unknown", "rib"): {"rib": "08006011000123456770"},
            ("import.product_unknown", "product_code"): {"product_code": "NIX"},
            ("import.attestation", "attestation_number"): {"attestation_number": "A-0"},
            ("import.due_date", "due_date"): {"due_date": "01/03/2026"},
            ("import.total", "total"): {"total": 999},
        }
        rows = [self.row(f"F-{index}", **fault) for index, fault in enumerate(faults.values())]
        record = self.import_rows([*rows, self.row("GOOD")])
        self.assertEqual(record.state, "partial")
        self.assertEqual(record.invoice_ids.filtered("move_id").mapped("number"), ["GOOD"])
        found = {invoice.number: invoice.finding_ids for invoice in record.invoice_ids}
        for index, (code, column) in enumerate(faults):
            with self.subTest(code=code):
                finding = found[f"F-{index}"]
                self.assertEqual([(item.code, item.column) for item in finding], [(code, column)])
                self.assertEqual(finding.row, index + 2)
                self.assertNotEqual(finding.sentence, code)

    def test_new_customer_without_identifier_is_asked_for_it(self):
        record = self.import_rows([self.row(identifier=None, customer_name="INCONNU")])
        self.assert_refused(record, "import.customer_identifier", "identifier")

    def test_customers_are_not_created_unless_allowed(self):
        record = self.import_rows(
            [self.row(identifier="0001234XAM000", customer_name="INCONNU")], create_partners=False
        )
        self.assert_refused(record, "import.customer_unknown", "customer_name")
        self.assertFalse(self.env["res.partner"].search([("name", "=", "INCONNU")]))

    def test_refused_invoice_leaves_no_customer_behind(self):
        record = self.import_rows([self.row(identifier="0001234XAM000", customer_name="INCONNU", total=1)])
        self.assert_refused(record, "import.total", "total")
        self.assertFalse(self.env["res.partner"].search([("name", "=", "INCONNU")]))

    def test_what_el_fatoora_would_refuse_is_told_before(self):
        record = self.import_rows([self.row("A-1", type="Avoir")])
        finding = self.assert_refused(record, "import.checker", False)
        self.assertIn("undoes", finding.sentence)

    def test_locked_period_is_odoos_own_answer(self):
        self.company.sudo().fiscalyear_lock_date = "2026-03-31"
        record = self.import_rows([self.row()], post=True)
        # Odoo moves the entry's date out of the locked period or refuses: whichever, nothing is half done
        self.assertIn(record.state, ("done", "refused"))
        self.assertEqual(bool(record.invoice_ids.move_id), record.state == "done")

    @mute_logger("odoo.addons.l10n_tn_edi_ttn.models.l10n_tn_edi_invoice_maker")
    def test_unexpected_error_stops_one_invoice_only(self):
        Move = type(self.env["account.move"])
        create = Move.create

        def stumble(moves, vals_list):
            values = vals_list if isinstance(vals_list, list) else [vals_list]
            if any(vals.get("l10n_tn_edi_import_number") == "F-1" for vals in values):
                raise ZeroDivisionError
            return create(moves, vals_list)

        self.patch(Move, "create", stumble)
        record = self.import_rows([self.row("F-1"), self.row("F-2")])
        self.assertEqual(record.state, "partial")
        self.assertEqual(record.finding_ids.code, "import.unexpected")
        self.assertEqual(record.invoice_ids.filtered("move_id").number, "F-2")

    # === All or nothing, again, checked only === #

    def test_all_or_nothing_leaves_nothing(self):
        before = self.env["account.move"].search_count([])
        record = self.import_rows([self.row("F-1"), self.row("F-2", total=1), self.row("F-3")], only_all=True)
        self.assertEqual(record.state, "refused")
        self.assertEqual(self.env["account.move"].search_count([]), before)
        self.assertEqual(record.invoice_ids.mapped("state"), ["fine", "refused", "fine"])
        again = self.import_rows([self.row("F-1"), self.row("F-2"), self.row("F-3")], only_all=True)
        self.assertEqual((again.state, again.imported_count), ("done", 3))

    def test_corrected_journal_touches_only_what_was_refused(self):
        record = self.import_rows([self.row("F-1"), self.row("F-2", price="abc"), self.row("F-3", total=7)])
        self.assertEqual((record.imported_count, record.refused_count), (1, 2))
        rows = read_journal(base64.b64decode(record.error_journal))
        self.assertEqual([values["number"][0] for _reason, values in rows], ["F-2", "F-3"])
        self.assertEqual([key for key, cell in rows[0][1].items() if cell[1]], ["price"])
        self.assertIn("abc", rows[0][0])
        self.assertEqual([key for key, cell in rows[1][1].items() if cell[1]], ["total"])
        # The same sheet, corrected: only what is in it, and what it says
        corrected = [{key: text for key, (text, _red) in values.items() if text} for _reason, values in rows]
        corrected[0]["price"] = "100,500"
        corrected[1].pop("total")
        again = self.import_file(fill_template(corrected, language="en"))
        self.assertEqual(
            (again.state, again.imported_count), ("done", 2), again.finding_ids.mapped("sentence")
        )
        # And the whole file once more: nothing doubled
        whole = self.import_rows([self.row("F-1"), self.row("F-2"), self.row("F-3")])
        self.assertEqual((whole.known_count, whole.imported_count), (3, 0))
        numbers = self.env["account.move"].search([("l10n_tn_edi_import_number", "!=", False)])
        self.assertEqual(len(numbers), 3)

    def test_same_number_with_other_contents(self):
        self.import_rows([self.row("F-1")])
        record = self.import_rows([self.row("F-1", price=7)])
        self.assert_refused(record, "import.number_taken", "number")

    def test_check_only_makes_nothing(self):
        before = self.env["account.move"].search_count([])
        record = self.import_rows([self.row("F-1"), self.row("F-2", total=1)], run=False)
        record.action_check()
        self.assertEqual(record.state, "checked")
        self.assertEqual(record.invoice_ids.mapped("state"), ["fine", "refused"])
        self.assertEqual(self.env["account.move"].search_count([]), before)
        record.action_import()
        self.assertEqual(record.state, "partial")

    def test_unreadable_files_are_told_and_nothing_is_kept(self):
        for data, filename, words in (
            (b"a;b;c\n1;2;3", "f.csv", "CSV"),
            (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(512), "f.xls", "old Excel"),
            (b"PK\x03\x04 cut", "f.xlsx", "damaged"),
            (fill_template([]), "f.xlsx", "no rows"),
        ):
            with self.subTest(filename=filename), self.assertRaisesRegex(UserError, words):
                self.import_file(data, filename=filename)
        self.assertFalse(self.env["l10n_tn_edi.import.invoice"].search([]))

    def test_large_file_is_left_to_the_scheduled_action(self):
        record = self.import_rows([self.row(f"F-{index}") for index in range(25)], run=False)
        record.action_import()
        self.assertEqual((record.state, record.progress), ("running", 0.0))
        record.sudo().env["l10n_tn_edi.import"]._cron_import()
        self.assertEqual((record.state, record.imported_count), ("done", 25))

    @mute_logger("odoo.addons.l10n_tn_edi_ttn.models.l10n_tn_edi_import")
    def test_import_that_cannot_go_on_stops_no_other(self):
        broken, good = (
            self.import_rows([self.row(f"{name}-{index}") for index in range(21)], run=False)
            for name in ("X", "F")
        )
        for record in (broken, good):
            record.action_import()
        Import = type(self.env["l10n_tn_edi.import"])
        batches = Import._run_batches

        def stumble(record, commit):
            if record.id == broken.id:
                raise ZeroDivisionError
            return batches(record, commit)

        self.patch(Import, "_run_batches", stumble)
        self.env["l10n_tn_edi.import"].sudo()._cron_import()
        self.assertEqual((broken.state, good.state), ("draft", "done"))
        self.assertEqual(good.imported_count, 21)
        self.assertIn("could not go on", broken.message_ids[0].body)

    # === Who === #

    def test_accountant_imports_with_own_rights(self):
        accountant = self.make_accountant()
        record = (
            self.env["l10n_tn_edi.import"]
            .with_user(accountant)
            .create(
                {
                    "file": base64.b64encode(fill_template([self.row()])),
                    "filename": "f.xlsx",
                    "journal_id": self.invoice_journal.id,
                }
            )
        )
        record.action_import()
        self.assertEqual(record.state, "done", record.finding_ids.mapped("sentence"))
        self.assertEqual((record.user_id, record.invoice_ids.move_id.create_uid), (accountant, accountant))
        for values in ({"user_id": self.env.ref("base.user_admin").id}, {"state": "running"}):
            with self.assertRaises(AccessError):
                record.write(values)
        with self.assertRaises(AccessError):
            record.invoice_ids.write({"payload": {}})
        with self.assertRaises(UserError):
            record.unlink()

    def test_another_company_sees_nothing(self):
        record = self.import_rows([self.row()])
        other = self.env["res.company"].sudo().create({"name": "AUTRE SARL"})
        stranger = self.make_accountant("tn_edi_stranger")
        stranger.sudo().write({"company_ids": [Command.set(other.ids)], "company_id": other.id})
        for model in ("l10n_tn_edi.import", "l10n_tn_edi.import.invoice", "l10n_tn_edi.import.finding"):
            self.assertFalse(self.env[model].with_user(stranger).search([]))
        with self.assertRaises(AccessError):
            record.with_user(stranger).read(["name"])

    # === Ways in === #

    def test_workbook_dropped_on_the_journal(self):
        attachment = self.env["ir.attachment"].create(
            {"name": "mars.xlsx", "raw": fill_template([self.row()])}
        )
        action = self.invoice_journal.create_document_from_attachment(attachment.ids)
        record = self.env["l10n_tn_edi.import"].browse(action["res_id"])
        self.assertEqual((record.state, record.filename), ("draft", "mars.xlsx"))
        self.assertFalse(self.env["account.move"].search([("l10n_tn_edi_import_number", "!=", False)]))
        record.action_import()
        self.assertEqual(record.state, "done")

    def test_template_stands_on_odoos_import_screen(self):
        templates = (
            self.env["account.move"].with_context(default_move_type="out_invoice").get_import_templates()
        )
        self.assertIn("/l10n_tn_edi_ttn/import/template.xlsx", [item["template"] for item in templates])

    def test_workbook_on_odoos_import_screen(self):
        options = {
            "has_headers": True,
            "quoting": '"',
            "separator": ",",
            "date_format": "",
            "datetime_format": "",
        }

        def screen(*rows):
            return self.env["base_import.import"].create(
                {
                    "res_model": "account.move",
                    "file": fill_template(rows),
                    "file_name": "mars.xlsx",
                    "file_type": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
                }
            )

        wrong = screen(self.row("F-1"), self.row("F-2", price="abc"))
        preview = wrong.parse_preview(dict(options))
        self.assertEqual(preview["matches"], {0: ["name"]})
        self.assertEqual(preview["headers"][0], "Numéro")
        answer = wrong.execute_import(["name"], preview["headers"], dict(options))
        self.assertFalse(answer["ids"])
        [message] = answer["messages"]
        self.assertEqual((message["type"], message["record"]), ("error", 3))
        self.assertIn("abc", message["message"])

        good = screen(self.row("F-1"), self.row("F-2"))
        tested = good.execute_import(["name"], preview["headers"], dict(options), dryrun=True)
        self.assertEqual((tested["ids"], tested["messages"]), ([], []))
        answer = good.execute_import(["name"], preview["headers"], dict(options))
        moves = self.env["account.move"].browse(answer["ids"])
        self.assertEqual(moves.mapped("l10n_tn_edi_import_number"), ["F-1", "F-2"])
        self.assertEqual(self.env["l10n_tn_edi.import"].search_count([]), 1)

    def test_every_code_has_a_sentence(self):
        catalogue = self.env["l10n_tn_edi.messages"]._catalogue()
        self.assertLessEqual(WORKBOOK_CODES, ALL_CODES)
        self.assertFalse(ALL_CODES - set(catalogue))
