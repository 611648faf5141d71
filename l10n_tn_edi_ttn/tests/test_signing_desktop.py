import base64
import http.server
import secrets
import threading

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import new_test_user, tagged

from ..signature import verify
from ..teif.foreign import parse_foreign_xml
from .common_desktop import DesktopCase

# What somebody does in Odoo: select all, Sign, connect with the code that a human reads elsewhere, look at the result.
IN_THE_BROWSER = """
    const wait = async (selector) => {
        for (let tries = 0; tries < 400; tries++) {
            const found = document.querySelector(selector);
            if (found) return found;
            await new Promise((resolve) => setTimeout(resolve, 100));
        }
        throw new Error(`${selector} never came: ${document.body.innerText}`);
    };
    (async () => {
        (await wait("thead .o_list_record_selector input")).click();
        (await wait("button[name=action_sign]")).click();
        (await wait("button[name=ask_code]")).click();
        const input = await wait("#l10n_tn_edi_code");
        input.value = await (await fetch("HUMAN")).text();
        input.dispatchEvent(new Event("input"));
        await new Promise((resolve) => setTimeout(resolve, 100));
        (await wait("button[name=send_code]")).click();
        const count = await wait(".o_form_view .o_field_widget[name=signed_count]");
        const lines = [...document.querySelectorAll("tr.o_data_row td[name=state]")].map((line) => line.innerText.trim());
        if (count.innerText.trim() !== "3" || lines.join() !== "Signed,Signed,Signed") {
            throw new Error(document.body.innerText);
        }
        console.log("test successful");
    })();
"""


class Human(http.server.BaseHTTPRequestHandler):
    """The eyes that carry the code from the agent's page to Odoo's; ``server.test`` knows where the agent's page is."""

    def do_GET(self):
        body = self.server.test.code().encode()
        self.send_response(200)
        self.send_header("Access-Control-Allow-Origin", "*")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments):
        return


@tagged("post_install_l10n", "post_install", "-at_install")
class TestDesktop(DesktopCase):
    """A token on a user's own computer: the browser carries documents to the agent there, and signatures back."""

    def test_a_batch(self):
        self.pair()
        documents = self.wait_for_signature(3)
        signing, requested = self.begin(documents)
        self.assertEqual(set(documents.mapped("state")), {"signing"})
        results = self.signed_by_agent(requested)
        action = signing.desktop_finish(results)
        self.assertEqual((action["res_model"], action["res_id"]), ("l10n_tn_edi.signing", signing.id))
        self.assertEqual(set(documents.mapped("state")), {"signed"}, documents.mapped("reason"))
        self.assertEqual(documents.signer_id, self.holder)
        self.assertEqual(self.desk.signatory_ids.certificate_id, documents.certificate_id)
        for document in documents:
            [report] = verify.verify(parse_foreign_xml(document.signed_id.raw))
            self.assertTrue(report.intact)
        with self.assertRaises(UserError):
            signing.desktop_finish(results)
        self.submit()
        self.follow()
        self.assertEqual(set(documents.mapped("state")), {"accepted"}, documents.mapped("reason"))

    def test_the_browser_is_not_believed(self):
        """Values that do not belong to the document are refused one by one, and nothing is stored of them."""
        self.pair()
        documents = self.wait_for_signature(4)
        signing, requested = self.begin(documents)
        good = self.signed_by_agent(requested)
        bad = [good[0], good[2], {"value": base64.b64encode(b"x" * 256).decode()}, {"value": "no base64!"}]
        signing.desktop_finish(bad)
        self.assertEqual(documents.mapped("state"), ["signed", "to_sign", "to_sign", "to_sign"])
        self.assertEqual(
            documents.mapped("reason_code")[1:], ["signing.value", "signing.value", "remote.answer"]
        )
        self.assertEqual(signing.sudo().signed_count, 1)
        self.assertFalse(any(documents[1:].mapped("signed_id")))
        signing, requested = self.begin(documents[1:])
        for results in (None, [], [{}] * 4, "x"):
            with self.subTest(results=results), self.env.cr.savepoint(flush=True) as savepoint:
                signing.desktop_finish(results)
                self.assertEqual(set(documents[1:].mapped("reason_code")), {"remote.count"})
                savepoint.rollback()
            self.env.invalidate_all()
        signing.desktop_finish(
            [None, {"error": "latch.bound"}, {"error": "agent.pin_locked", "params": {"key": "K"}}]
        )
        self.assertEqual(
            documents[1:].mapped("reason_code"), ["agent.request", "agent.request", "agent.pin_locked"]
        )

    def test_another_certificate(self):
        """A certificate that is not on the token can be told to Odoo; the agent refuses, and so would the verification."""
        self.pair()
        document = self.wait_for_signature()
        made = self.sandbox.call(
            "POST",
            "remote",
            kind="seal",
            name=secrets.token_hex(8),
            pin="1",
            subject="UN AUTRE",
            matricule="1234567RAM000",
        )
        provider = self.desk.with_user(self.holder).sudo(False)
        begun = provider.desktop_begin(document.ids, made["chain"])
        refused = self.ask("/sign", key="company", documents=begun["requests"])
        self.assertEqual(refused["error"], "agent.other_certificate")
        signing = self.env["l10n_tn_edi.signing"].with_user(self.holder).browse(begun["signing"])
        signing.desktop_cancel(refused["error"], refused["params"])
        self.assertEqual((document.state, document.reason_code), ("to_sign", "agent.other_certificate"))
        for found in (None, [], ["x!"], [base64.b64encode(b"rubbish").decode()], ["QUJD"] * 21):
            with self.subTest(found=found), self.assertRaises(UserError):
                provider.desktop_begin(document.ids, found)

    def test_a_wrong_pin(self):
        self.pair()
        documents = self.wait_for_signature(2)
        signing, requested = self.begin(documents)
        batch = self.ask("/sign", key="company", documents=requested)["batch"]
        self.type_pin(2, pin="00000000")
        signing.desktop_finish(self.results(batch))
        self.assertEqual(set(documents.mapped("state")), {"to_sign"})
        self.assertEqual(set(documents.mapped("reason_code")), {"agent.pin_wrong"})
        self.assertIn("not tried again", documents[0].with_context(lang="en_US").reason)
        signing, requested = self.begin(documents)
        signing.desktop_finish(self.signed_by_agent(requested, 3))
        self.assertEqual(set(documents.mapped("state")), {"signed"})

    def test_only_a_signatory_signs(self):
        self.pair()
        document = self.wait_for_signature()
        other = new_test_user(
            self.env(su=True),
            login=f"other-{secrets.token_hex(4)}",
            groups="account.group_account_invoice",
            company_id=self.company.id,
            company_ids=[Command.set(self.company.ids)],
        )
        with self.assertRaises(UserError):
            self.begin(document, other)
        found = self.ask("/chain", key="company")["certificates"]
        with self.assertRaises(UserError):
            self.desk.with_user(other).sudo(False).desktop_begin(document.ids, found)
        with self.assertRaises(AccessError):
            self.desk.with_user(self.holder).sudo(False).desktop_register(found)
        signing, requested = self.begin(document)
        results = self.signed_by_agent(requested)
        with self.assertRaises(UserError):
            signing.with_user(other).sudo(False).desktop_finish(results)
        self.assertEqual(document.state, "signing")

    def test_what_changed_meanwhile(self):
        self.pair()
        documents = self.wait_for_signature(2)
        signing, requested = self.begin(documents)
        results = self.signed_by_agent(requested)
        documents[0].move_id.sudo().button_draft()
        signing.desktop_finish(results)
        self.assertEqual(documents.mapped("state"), ["withdrawn", "signed"])

    # --- In Chromium ---

    def test_in_the_browser(self):
        """Chromium, Odoo's page and the agent: connect once, sign a batch, see a line for each document."""
        documents = self.wait_for_signature(3)
        human = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Human)
        human.test, shown = self, []
        self.addCleanup(human.server_close)
        self.addCleanup(human.shutdown)
        threading.Thread(target=human.serve_forever, daemon=True).start()
        threading.Thread(target=lambda: shown.append(self.type_pin(2)), daemon=True).start()
        action = self.env.ref("l10n_tn_edi_ttn.l10n_tn_edi_document_action")
        self.browser_js(
            f"/odoo/action-{action.id}",
            IN_THE_BROWSER.replace("HUMAN", f"http://127.0.0.1:{human.server_port}/"),
            login=self.holder.login,
            timeout=120,
        )
        documents.invalidate_recordset()
        self.assertEqual(set(documents.mapped("state")), {"signed"}, documents.mapped("reason"))
        self.assertEqual(documents.signer_id, self.holder)
        for document in documents:
            self.assertIn(document.number, shown[0])
