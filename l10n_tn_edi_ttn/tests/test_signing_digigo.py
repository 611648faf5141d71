import re
import secrets
import urllib.parse

import requests

from odoo.exceptions import UserError
from odoo.fields import Command, Datetime
from odoo.tests import HttpCase, new_test_user, tagged

from ..signature import verify
from ..teif.foreign import parse_foreign_xml
from .common_flow import TnEdiFlowCommon


@tagged("post_install_l10n", "post_install", "-at_install")
class TestDigiGo(TnEdiFlowCommon, HttpCase):
    """DigiGo, played by the sandbox: the holder's browser goes there with hashes and comes back with a code."""

    def setUp(self):
        super().setUp()
        self.holder = new_test_user(
            self.env(su=True),
            login=f"holder-{secrets.token_hex(4)}",
            groups="account.group_account_invoice",
            company_id=self.company.id,
            company_ids=[Command.set(self.company.ids)],
        )
        self.credential = f"{self.holder.login}@exemple.tn"
        self.pin = f"Pin-{secrets.token_hex(4)}"
        self.client_secret = f"client/secret-{secrets.token_hex(8)}"
        client = f"app-{secrets.token_hex(4)}"
        self.sandbox.call(
            "POST",
            "remote",
            kind="digigo",
            name=self.credential,
            pin=self.pin,
            subject="TITULAIRE ESSAI",
            declare=self.login,
        )
        self.sandbox.call("POST", "remote/clients", client=client, secret=self.client_secret)
        self.digigo = (
            self.env["l10n_tn_edi.signature.provider"]
            .sudo()
            .create(
                {
                    "name": "DigiGo",
                    "code": "digigo",
                    "company_id": self.company.id,
                    "digigo_url": self.sandbox.info["digigo"],
                    "digigo_client": client,
                    "digigo_secret": self.client_secret,
                    "signatory_ids": [
                        Command.create({"user_id": self.holder.id, "credential": self.credential})
                    ],
                    "state": "test",
                }
            )
        )
        self.company.sudo().l10n_tn_edi_provider_id = self.digigo

    def wait_for_signature(self, count=1):
        documents = self.documents.union(*(self.post() for _number in range(count)))
        self.submit()
        self.assertEqual(set(documents.mapped("state")), {"to_sign"})
        self.assertEqual(set(documents.mapped("reason_code")), {"provider.waits_for_holder"})
        return documents

    def begin(self, documents, user=None):
        action = documents.with_user(user or self.holder).sudo(False).action_sign()
        self.assertEqual(action["type"], "ir.actions.act_url")
        return action["url"]

    def at_digigo(self, url, decision="sign", pin=None, otp=None):
        """Play the holder on DigiGo's page. Gives the address that the browser is sent back to."""
        session = requests.Session()
        session.verify, session.trust_env = self.sandbox.ca_file, False
        page = session.get(url, timeout=20)
        self.assertEqual(page.status_code, 200, page.text)
        handle = re.search(r'name="handle" value="([^"]+)"', page.text)[1]
        sent = next(
            one["otp"] for one in self.sandbox.call("GET", "remote")["outbox"] if one["handle"] == handle
        )
        answer = session.post(
            url.partition("?")[0],
            {"handle": handle, "pin": pin or self.pin, "otp": otp or sent, "decision": decision},
            allow_redirects=False,
            timeout=20,
        )
        return answer.headers.get("Location")

    def come_back(self, location, user=None):
        self.authenticate((user or self.holder).login, (user or self.holder).login)
        parts = urllib.parse.urlsplit(location)
        return self.url_open(f"{parts.path}?{parts.query}", allow_redirects=False)

    def test_a_batch_with_one_authorisation(self):
        documents = self.wait_for_signature(3)
        [signatory] = self.digigo.signatory_ids
        self.assertEqual(signatory.activity_ids.user_id, self.holder, "one activity for all")
        url = self.begin(documents)
        self.assertEqual(set(documents.mapped("state")), {"signing"})
        self.assertNotIn(self.client_secret, url)
        self.come_back(self.at_digigo(url))
        self.assertEqual(set(documents.mapped("state")), {"signed"}, documents.mapped("reason"))
        self.assertEqual(documents.signer_id, self.holder)
        self.assertFalse(signatory.activity_ids)
        for document in documents:
            [report] = verify.verify(parse_foreign_xml(document.signed_id.raw))
            self.assertTrue(report.intact)
        signing = self.env["l10n_tn_edi.signing"].sudo().search([], limit=1)
        self.assertEqual((signing.state, signing.signed_count), ("done", 3))
        self.assertFalse(any(signing.line_ids.mapped("unsigned")))
        self.submit()
        self.follow()
        self.assertEqual(set(documents.mapped("state")), {"accepted"}, documents.mapped("reason"))

    def test_more_than_a_batch(self):
        self.digigo.batch_size = 2
        documents = self.wait_for_signature(3)
        self.come_back(self.at_digigo(self.begin(documents)))
        self.assertEqual(sorted(documents.mapped("state")), ["signed", "signed", "to_sign"])
        self.assertEqual(self.env["l10n_tn_edi.signing"].sudo().search([], limit=1).left_count, 1)

    def test_declined(self):
        document = self.wait_for_signature()
        self.come_back(self.at_digigo(self.begin(document), decision="refuse"))
        self.assertEqual((document.state, document.reason_code), ("to_sign", "digigo.declined"))
        self.assertFalse(document.next_at, "it waits for the holder, not for time")
        self.come_back(self.at_digigo(self.begin(document)))
        self.assertEqual(document.state, "signed")

    def test_the_return_is_used_once(self):
        document = self.wait_for_signature()
        location = self.at_digigo(self.begin(document))
        self.come_back(location)
        signed = document.signed_id.raw
        self.come_back(location)
        self.assertEqual((document.state, document.signed_id.raw), ("signed", signed))

    def test_the_return_is_the_user_s(self):
        document = self.wait_for_signature()
        location = self.at_digigo(self.begin(document))
        other = new_test_user(
            self.env(su=True),
            login=f"other-{secrets.token_hex(4)}",
            groups="account.group_account_invoice",
            company_id=self.company.id,
            company_ids=[Command.set(self.company.ids)],
        )
        self.come_back(location, other)
        self.assertEqual(document.state, "signing")
        for state in ("", "x", "x" * 43):
            self.come_back(f"/l10n_tn_edi/digigo/return?state={state}&code=a.b.c")
        self.assertEqual(document.state, "signing")
        self.come_back(location)
        self.assertEqual(document.state, "signed")

    def test_only_a_signatory_signs(self):
        document = self.wait_for_signature()
        accountant = self.make_accountant()
        with self.assertRaises(UserError):
            self.begin(document, accountant)
        self.digigo.signatory_ids.substitute_id = accountant
        self.begin(document, accountant)

    def test_too_late(self):
        document = self.wait_for_signature()
        location = self.at_digigo(self.begin(document))
        document.next_at = Datetime.subtract(Datetime.now(), minutes=1)
        self.documents._expire_signing()
        self.assertEqual((document.state, document.reason_code), ("to_sign", "signing.expired"))
        self.come_back(location)
        self.assertEqual(document.state, "to_sign", "what comes after the session's end does not count")

    def test_an_invoice_that_changed_meanwhile(self):
        documents = self.wait_for_signature(2)
        location = self.at_digigo(self.begin(documents))
        documents[0].move_id.sudo().button_draft()
        self.come_back(location)
        self.assertEqual(documents.mapped("state"), ["withdrawn", "signed"])

    def test_down_in_the_middle(self):
        document = self.wait_for_signature()
        location = self.at_digigo(self.begin(document))
        fault = self.fault("sign_refused", for_all=True, operation="digigo.signHash")
        self.come_back(location)
        self.sandbox.remove_fault(fault)
        self.assertEqual(document.state, "to_sign")
        self.assertTrue(document.reason)
        for kind in ("sign_partly", "sign_shuffled", "sign_wrong"):
            with self.subTest(kind):
                documents = document | self.post()
                location = self.at_digigo(self.begin(documents))
                fault = self.fault(kind, for_all=True, operation="digigo.signHash")
                self.come_back(location)
                self.sandbox.remove_fault(fault)
                self.assertEqual(set(documents.mapped("state")), {"to_sign"})

    def test_nobody_there(self):
        document = self.wait_for_signature()
        self.digigo.digigo_url = "https://127.0.0.1:1/tunsign-proxy-webapp"
        with self.assertRaises(UserError) as raised:
            self.begin(document)
        self.assertNotIn(self.client_secret, str(raised.exception))
        self.assertEqual(document.state, "to_sign")

    def test_the_button(self):
        self.assertEqual(self.digigo.action_test()["params"]["type"], "success")
        self.assertTrue(self.digigo.signatory_ids.certificate_id)
        self.digigo.digigo_client = "unknown"
        with self.assertRaises(UserError):
            self.digigo.action_test()

    def test_no_secret_in_logs_or_tables(self):
        with self.assertLogs(level="DEBUG") as logs:
            document = self.wait_for_signature()
            self.come_back(self.at_digigo(self.begin(document)))
        said = "\n".join(line for line in logs.output if not line.startswith("DEBUG:urllib3"))
        for secret in (self.client_secret, urllib.parse.quote(self.client_secret, safe=""), self.pin):
            self.assertNotIn(secret, said)
        for table in ("l10n_tn_edi_signing", "l10n_tn_edi_signing_line", "l10n_tn_edi_signature_provider"):
            self.env.cr.execute(f"SELECT row_to_json(t)::text FROM {table} t")
            rows = "\n".join(row for (row,) in self.env.cr.fetchall())
            self.assertNotIn(self.client_secret, rows)
