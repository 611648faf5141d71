from odoo.tests import tagged

from .common_api import TnEdiApiCommon


@tagged("post_install_l10n", "post_install", "-at_install")
class TestApiBatch(TnEdiApiCommon):
    def send(self, *bodies, status=200, **more):
        path = "/invoices/batch" + more.pop("query", "")
        return self.call("POST", path, {"invoices": list(bodies)}, status=status, **more).json()

    def test_bad_ones_never_stop_the_others(self):
        self.push("A-0")
        good = self.body("A-1")
        value = self.send(
            self.body("A-0"),
            good,
            self.body("A-2", lines=[]),
            self.body("A-1"),
            self.body("A-3", totals={"untaxed": "9"}),
            self.body("A-4", type="credit_note", original={"external_id": "A-1"}),
        )
        self.assertEqual([item["status"] for item in value["items"]], [409, 201, 422, 422, 422, 201])
        codes = [item["problem"]["code"] if "problem" in item else None for item in value["items"]]
        self.assertEqual(
            codes,
            ["api.external_id_taken", None, "api.body", "api.body", "api.refused", None],
        )
        self.assertEqual((value["created"], value["refused"]), (2, 4))
        self.assertEqual(self.record("A-4").move_id.reversed_entry_id, self.record("A-1").move_id)
        self.assertFalse(self.record("A-3"))
        # What was refused comes again when it is corrected
        self.assertEqual(self.send(self.body("A-3"))["created"], 1)

    def test_dry_run(self):
        value = self.send(self.body("A-1"), self.body("A-2", date="2026-13-45"), query="?dry_run=true")
        self.assertEqual([item["status"] for item in value["items"]], [200, 422])
        self.assertTrue(value["dry_run"])
        self.assertFalse(self.record("A-1"))

    def test_many_in_chunks(self):
        bodies = [self.body(f"A-{number}") for number in range(45)]
        bodies[30]["customer"] = {"name": "Nobody knows him"}
        value = self.send(*bodies)
        self.assertEqual((value["created"], value["refused"]), (44, 1))
        self.assertEqual(value["items"][30]["problem"]["findings"][0]["pointer"], "/customer/identifier")

    def test_too_many(self):
        response = self.call("POST", "/invoices/batch", {"invoices": [{}] * 501})
        problem = self.assert_problem(response, "api.body", 422)
        self.assertEqual(problem["findings"][0]["pointer"], "/invoices")

    # === Once === #

    def test_same_key_gives_the_same_answer_and_one_invoice(self):
        headers = {"Idempotency-Key": "once-1"}
        first = self.call("POST", "/invoices", self.body("A-1"), headers=headers, status=201)
        self.assertNotIn("Idempotency-Replayed", first.headers)
        # The same contents, written in another order
        body = dict(reversed(self.body("A-1").items()))
        second = self.call("POST", "/invoices", body, headers=headers, status=201)
        self.assertEqual(second.headers["Idempotency-Replayed"], "true")
        self.assertEqual(second.json(), first.json())
        self.assertEqual(
            self.env["account.move"].search_count([("create_uid", "=", self.api_user.id)]),
            1,
        )
        response = self.call("POST", "/invoices", self.body("A-2"), headers=headers)
        self.assert_problem(response, "api.idempotency_other_body", 422)
        # Another route, another user: another call
        self.send(self.body("A-2"), headers=headers)
        self.call("POST", "/invoices", self.body("A-2"), headers=headers, key=self.other_key, status=201)
        self.assertEqual(self.last_call().idempotency_key, "once-1")

    def test_answer_that_names_what_was_sent_is_kept_whatever_that_was(self):
        headers = {"Idempotency-Key": "once-nul"}
        bodies = [{"external_id": "\0", "\0\u0097": [None], "\N{PILE OF POO}": "\0"}, self.body("A-1")]
        first = self.send(*bodies, headers=headers)
        self.assertEqual([item["status"] for item in first["items"]], [422, 201])
        self.assertIn("/\0\u0097", [f["pointer"] for f in first["items"][0]["problem"]["findings"]])
        again = self.call("POST", "/invoices/batch", {"invoices": bodies}, headers=headers, status=200)
        self.assertEqual(again.headers["Idempotency-Replayed"], "true")
        self.assertEqual(again.json(), first)

    def test_nul_in_every_text(self):
        """PostgreSQL keeps none: in what people read it is a blank, what identifies is refused."""
        texts = {"name": "CLIENT\0 ESSAI SA", "identifier": "7654321CAM000", "street": "1\0 rue"}
        body = self.body("A-1", customer=texts)
        body["lines"][0]["description"] = "Pres\0tation"
        self.call("POST", "/invoices", body, status=201)
        self.assertEqual(self.record("A-1").move_id.invoice_line_ids[0].name, "Pres tation")
        self.assert_problem(self.call("POST", "/invoices", self.body("A\0-2")), "api.body", 422)

    def test_address_of_the_batch_is_no_invoice(self):
        response = self.call("GET", "/invoices/batch")
        self.assert_problem(response, "api.method", 405)
        self.assertEqual(response.headers["Allow"], "POST")
        response = self.call("OPTIONS", "/invoices/batch")
        self.assertEqual(response.headers["Allow"], "POST")

    def test_refused_call_takes_no_key(self):
        headers = {"Idempotency-Key": "once-2"}
        wrong = self.body("A-1", totals={"total": "1"})
        self.assert_problem(self.call("POST", "/invoices", wrong, headers=headers), "api.refused", 422)
        self.call("POST", "/invoices", self.body("A-1"), headers=headers, status=201)

    def test_key_of_another_form(self):
        for key in ("", "x" * 129, "with space"):
            response = self.call("POST", "/invoices", self.body("A-1"), headers={"Idempotency-Key": key})
            self.assert_problem(response, "api.idempotency_key", 400)
        self.assertFalse(self.record("A-1"))
