from unittest.mock import patch

from odoo.tests import tagged

from ..api.problems import BODY_CODES, INVOICE_CODES, PROBLEMS
from ..api.schemas import STATES as SCHEMA_STATES
from ..models.l10n_tn_edi_document import STATES
from .common_api import TnEdiApiCommon


@tagged("post_install_l10n", "post_install", "-at_install")
class TestApi(TnEdiApiCommon):
    # === Open === #

    def test_open_pages_say_nothing_of_the_data(self):
        response = self.call("GET", "/health", key="", status=200)
        self.assertEqual(response.json(), {"status": "ok", "api": "v1"})
        self.assertNotIn("Set-Cookie", response.headers)
        value = self.call("GET", "/openapi.json", key="", status=200).json()
        self.assertEqual(value["openapi"], "3.1.0")
        self.assertEqual(set(value["x-problems"]), set(PROBLEMS))
        page = self.call("GET", "/docs", key="", status=200)
        self.assertIn("default-src 'none'", page.headers["Content-Security-Policy"])
        self.assertNotIn("http://", page.text)
        self.assertNotIn("https://", page.text)

    def test_document_in_the_callers_language(self):
        for language, word in (("fr", "Lister les factures"), ("en", "List invoices")):
            value = self.call("GET", "/openapi.json", key="", headers={"Accept-Language": language}).json()
            self.assertEqual(value["paths"]["/invoices"]["get"]["summary"], word)

    def test_nothing_is_there_while_nobody_uses_it(self):
        self.env["res.company"].sudo().search([]).l10n_tn_edi_api_enabled = False
        before = self.env["l10n_tn_edi.api.call"].sudo().search_count([])
        for path in ("/health", "/docs", "/openapi.json", "/invoices", "/nothing"):
            self.assert_problem(self.call("GET", path), "api.route", 404)
        self.assertEqual(self.env["l10n_tn_edi.api.call"].sudo().search_count([]), before)

    # === In and out === #

    def test_invoice_comes_in_and_is_read_back(self):
        value = self.call("POST", "/invoices", self.body("A-1"), status=201).json()
        move = self.record("A-1").move_id
        self.assertEqual(move.state, "posted")
        self.assertEqual(move.create_uid, self.api_user)
        self.assertEqual(move.partner_id, self.customer)
        self.assertEqual(value["id"], f"inv_{move.id}")
        self.assertEqual(value["number"], move.name)
        self.assertEqual(value["totals"]["untaxed"], "201.000")
        self.assertEqual(value["electronic"]["state"], "to_send")
        self.assertFalse(self.record("A-1").payload)
        for name in ("A-1", value["id"]):
            self.assertEqual(self.call("GET", f"/invoices/{name}", status=200).json(), value)
        call = self.last_call()
        self.assertEqual((call.status, call.user_id, call.method), (200, self.api_user, "GET"))

    def test_all_that_an_invoice_can_say(self):
        bank = (
            self.env["res.partner.bank"]
            .sudo()
            .create({"acc_number": "08006011000123456770", "partner_id": self.company.partner_id.id})
        )
        body = self.body(
            "A-2",
            number="F-77",
            due_date="2026-04-15",
            currency="TND",
            stamp=True,
            order="BC-77",
            contract="M-3",
            delivery_note="BL-9",
            rib=bank.acc_number,
            lines=[
                {
                    "description": "Un",
                    "code": "SRV",
                    "unit": "Heures",
                    "price": 100.5,
                    "vat": 19,
                    "fodec": True,
                },
                {"description": "Deux", "quantity": "3", "price": "10", "discount": "10.5", "vat": 7},
            ],
        )
        self.call("POST", "/invoices", body, status=201)
        move = self.record("A-2").move_id
        self.assertEqual(move.l10n_tn_edi_import_number, "F-77")
        self.assertEqual(str(move.invoice_date_due), "2026-04-15")
        self.assertEqual(move.partner_bank_id, bank)
        self.assertEqual(move.l10n_tn_edi_order_reference, "BC-77")
        lines = move.invoice_line_ids.filtered(lambda line: line.display_type == "product")
        self.assertIn((100.5, 1.0, 0.0), [(line.price_unit, line.quantity, line.discount) for line in lines])
        self.assertIn((10.0, 3.0, 10.5), [(line.price_unit, line.quantity, line.discount) for line in lines])
        self.assertEqual(lines.filtered(lambda line: line.name == "Un").product_id, self.service)

    def test_number_from_outside_is_kept(self):
        self.invoice_journal.l10n_tn_edi_external_numbering = True
        problem = self.assert_problem(self.call("POST", "/invoices", self.body("A-1")), "api.refused", 422)
        self.assertEqual([item["code"] for item in problem["findings"]], ["api.number"])
        move = self.push("A-1", number="FAC/2026/0001")
        self.assertEqual(move.name, "FAC/2026/0001")
        problem = self.assert_problem(
            self.call("POST", "/invoices", self.body("A-2", number="FAC/2026/0001")), "api.refused", 422
        )
        self.assertEqual(problem["findings"][0]["code"], "import.number_taken")
        self.assertEqual(problem["findings"][0]["pointer"], "/number")

    def test_credit_note_names_its_original(self):
        original = self.push("A-1")
        note = self.push("A-2", type="credit_note", original={"external_id": "A-1"})
        self.assertEqual((note.move_type, note.reversed_entry_id), ("out_refund", original))
        problem = self.assert_problem(
            self.call(
                "POST", "/invoices", self.body("A-3", type="credit_note", original={"external_id": "A-9"})
            ),
            "api.refused",
            422,
        )
        finding = problem["findings"][0]
        self.assertEqual((finding["code"], finding["pointer"]), ("api.original", "/original/external_id"))

    def test_dry_run_makes_nothing(self):
        before = self.env["account.move"].search_count([])
        value = self.call("POST", "/invoices?dry_run=true", self.body("A-1"), status=200).json()
        self.assertEqual(value, {"external_id": "A-1", "dry_run": True})
        wrong = self.body("A-1", totals={"total": "1.000"})
        problem = self.assert_problem(self.call("POST", "/invoices?dry_run=true", wrong), "api.refused", 422)
        self.assertEqual(problem["findings"][0]["pointer"], "/totals/total")
        self.assertEqual(self.env["account.move"].search_count([]), before)
        self.assertFalse(self.record("A-1"))
        self.push("A-1")

    def test_external_id_is_used_once_for_ever(self):
        move = self.push("A-1")
        problem = self.assert_problem(
            self.call("POST", "/invoices", self.body("A-1")), "api.external_id_taken", 409
        )
        self.assertIn(move.name, problem["detail"])
        move.button_draft()
        move.name = "/"
        move.with_context(force_delete=True).unlink()
        self.assertFalse(self.record("A-1").move_id)
        self.assert_problem(self.call("POST", "/invoices", self.body("A-1")), "api.external_id_taken", 409)
        self.assert_problem(self.call("GET", "/invoices/A-1"), "api.not_found", 404)

    def test_pages_of_the_list(self):
        for number in range(5):
            self.push(f"A-{number}", date=f"2026-03-1{number}")
        first = self.call("GET", "/invoices?limit=2", status=200).json()
        self.assertEqual([item["external_id"] for item in first["invoices"]], ["A-0", "A-1"])
        names, cursor = [], ""
        while cursor is not None:
            page = self.call("GET", f"/invoices?limit=2{cursor and '&cursor='}{cursor}", status=200).json()
            names += [item["external_id"] for item in page["invoices"]]
            cursor = page["next"]
        self.assertEqual(names, [f"A-{number}" for number in range(5)])
        some = self.call("GET", "/invoices?date_from=2026-03-12&date_to=2026-03-13&state=to_send").json()
        self.assertEqual([item["external_id"] for item in some["invoices"]], ["A-2", "A-3"])
        self.assert_problem(
            self.call("GET", f"/invoices?state=accepted&cursor={first['next']}"), "api.cursor", 400
        )
        for query in (
            "limit=0",
            "limit=x",
            "state=nothing",
            "date_from=2026-02-30",
            "unknown=1",
            "limit=1&limit=2",
        ):
            self.assert_problem(self.call("GET", f"/invoices?{query}"), "api.parameter", 400)

    # === What is refused === #

    def test_findings_name_code_place_and_remedy(self):
        body = self.body("A-1", lines=[{"description": "Un", "price": "1.5", "vat": 19, "unit": "Xyz"}])
        body["customer"]["identifier"] = "7654321AAM000"
        for language, word in (("en", "unit"), ("fr", "unité")):
            response = self.call("POST", "/invoices", body, headers={"Accept-Language": language})
            problem = self.assert_problem(response, "api.refused", 422)
            found = {item["pointer"]: item for item in problem["findings"]}
            self.assertEqual(set(found), {"/customer/identifier", "/lines/0/unit"})
            self.assertEqual(found["/customer/identifier"]["code"], "import.key_letter")
            self.assertIn(word, found["/lines/0/unit"]["remedy"].lower())
        self.assertFalse(self.record("A-1"))

    def test_findings_of_the_checker(self):
        body = self.body("A-1", type="credit_note")
        problem = self.assert_problem(self.call("POST", "/invoices", body), "api.refused", 422)
        finding = problem["findings"][0]
        self.assertTrue(finding["code"].startswith("odoo."), finding)
        self.assertEqual(finding["severity"], "blocking")
        self.assertTrue(finding["remedy"])

    def test_body_that_is_not_as_the_schema_wants_it(self):
        good = self.body("A-1")
        for change, code, pointer in (
            ({"colour": "red"}, "body.unknown", "/colour"),
            ({"date": None}, "body.type", "/date"),
            ({"date": "15/03/2026"}, "body.form", "/date"),
            ({"type": "x"}, "body.value", "/type"),
            ({"lines": []}, "body.length", "/lines"),
            ({"external_id": "inv_7"}, "body.form", "/external_id"),
            ({"external_id": "a\n"}, "body.form", "/external_id"),
            ({"customer": {}}, "body.required", "/customer/name"),
        ):
            with self.subTest(change=change):
                problem = self.assert_problem(self.call("POST", "/invoices", good | change), "api.body", 422)
                self.assertIn(
                    (code, pointer), [(item["code"], item["pointer"]) for item in problem["findings"]]
                )
        self.assert_problem(self.call("POST", "/invoices", ["x"]), "api.body", 422)

    def test_body_that_is_no_json(self):
        for data in (b"", b"{", b'{"a": NaN}', b'{"a": 1, "a": 2}', b"\xff", b"[" * 100, b'{"a": 1e999}'):
            with self.subTest(data=data):
                self.assert_problem(self.call("POST", "/invoices", data=data), "api.json", 400)
        self.assert_problem(
            self.call("POST", "/invoices", data=b"a=1", headers={"Content-Type": "text/plain"}),
            "api.media_type",
            415,
        )
        self.assert_problem(self.call("POST", "/invoices", data=b" " * 1_100_000), "api.too_large", 413)

    def test_unknown_address_and_method(self):
        self.assert_problem(self.call("GET", "/nothing"), "api.route", 404)
        for method in ("DELETE", "PUT", "PATCH", "OPTIONS"):
            response = self.call(method, "/invoices")
            self.assert_problem(response, "api.method", 405)
            self.assertIn("GET", response.headers["Allow"])
            self.assertEqual(self.last_call().status, 405)

    def test_fault_tells_nothing_but_its_number(self):
        path = "odoo.addons.l10n_tn_edi_ttn.models.account_move_api.AccountMove._l10n_tn_edi_api_values"
        self.push("A-1")
        with patch(path, side_effect=RuntimeError("secret inside")), self.assertLogs("odoo.http", "ERROR"):
            response = self.call("GET", "/invoices/A-1")
        problem = self.assert_problem(response, "api.internal", 500)
        self.assertNotIn("secret inside", response.text)
        self.assertIn(self.last_call().request_id, problem["instance"].replace("-", ""))

    def test_every_code_has_its_sentence(self):
        messages = self.env["l10n_tn_edi.messages"]
        catalogues = (
            messages._api_catalogue() | messages._api_conflict_catalogue() | messages._api_body_catalogue()
        )
        self.assertEqual(set(catalogues), set(PROBLEMS) | BODY_CODES | INVOICE_CODES)

    def test_states_are_those_of_documents(self):
        self.assertEqual(list(SCHEMA_STATES), [state for state, _label in STATES])

    # === Files, exchanges, sending === #

    def test_way_of_an_invoice_through_the_api(self):
        for path in ("/teif", "/teif/validated"):
            move = self.record("A-1").move_id or self.push("A-1")
            self.assert_problem(self.call("GET", f"/invoices/A-1{path}"), "api.no_file", 404)
        self.submit()
        self.follow()
        value = self.call("GET", "/invoices/A-1", status=200).json()["electronic"]
        self.assertEqual((value["state"], value["settled"]), ("accepted", True), value)
        self.assertEqual(value["reference"], move.l10n_tn_edi_reference)
        signed = self.call("GET", "/invoices/A-1/teif", status=200)
        self.assertEqual(signed.headers["Content-Type"], "application/xml")
        self.assertIn(b"SigFrs", signed.content)
        self.assertIn(b"SigTTN", self.call("GET", "/invoices/A-1/teif/validated", status=200).content)
        printed = self.call("GET", "/invoices/A-1/pdf", status=200)
        self.assertEqual(printed.headers["Content-Type"], "application/pdf")
        self.assertTrue(printed.content)
        exchanges = self.call("GET", "/invoices/A-1/exchanges", status=200).json()["exchanges"]
        self.assertEqual([item["operation"] for item in exchanges][0], "save")
        self.assertEqual(exchanges[0]["deposit_id"], value["deposit_id"])

    def test_send_and_wait(self):
        self.settings(sending="on_demand")
        move = self.push("A-1")
        self.assertTrue(move.l10n_tn_edi_document_id.hold)
        value = self.call("POST", "/invoices/A-1/send?wait=1", status=202).json()
        self.assertEqual((value["electronic"]["on_hold"], value["electronic"]["settled"]), (False, False))
        self.submit()
        self.follow()
        value = self.call("POST", "/invoices/A-1/send", status=200).json()
        self.assertEqual(value["electronic"]["state"], "accepted")
        move = self.push("A-2")
        move.l10n_tn_edi_document_id.sudo()._fail("document.unexpected")
        self.assert_problem(self.call("POST", "/invoices/A-2/send"), "api.not_sendable", 409)
        self.assert_problem(self.call("POST", "/invoices/A-2/send?wait=99"), "api.parameter", 400)

    def test_create_and_wait(self):
        value = self.call("POST", "/invoices?wait=0", self.body("A-1"), status=202).json()
        self.assertEqual(value["electronic"]["state"], "to_send")
        # El Fatoora is not concerned with what is dated before the company goes live: it is made all the same
        value = self.call("POST", "/invoices?wait=0", self.body("A-2", date="2025-12-31"), status=201).json()
        self.assertIsNone(value["electronic"])
