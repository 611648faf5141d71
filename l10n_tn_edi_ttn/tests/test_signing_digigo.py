import re
import secrets
import urllib.parse
from unittest.mock import patch

import requests

from odoo.exceptions import UserError
from odoo.fields import Command, Datetime
from odoo.tests import HttpCase, new_test_user, tagged

from ..models import l10n_tn_edi_signing_work
from ..signature import verify
from ..signature.signers.digigo import DigiGo, read_callback
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

    def at_digigo(self, url, decision="sign", pin=None, otp=None, seconds=0):
        """Play the holder on DigiGo's page.

        :param float seconds: how long the holder looks for the one-time password.
        :return: the address that the browser is sent back to.
        """
        session = requests.Session()
        session.verify, session.trust_env = self.sandbox.ca_file, False
        page = session.get(url, timeout=20)
        self.assertEqual(page.status_code, 200, page.text)
        handle = re.search(r'name="handle" value="([^"]+)"', page.text)[1]
        sent = next(
            one["otp"] for one in self.sandbox.call("GET", "remote")["outbox"] if one["handle"] == handle
        )
        if seconds:
            self.let_pass(seconds)
        answer = session.post(
            url.partition("?")[0],
            {"handle": handle, "pin": pin or self.pin, "otp": otp or sent, "decision": decision},
            allow_redirects=False,
            timeout=20,
        )
        return answer.headers.get("Location")

    def let_pass(self, seconds):
        """Time passes at DigiGo, until the test ends."""
        self.addCleanup(self.sandbox.advance_clock, 0)
        self.sandbox.advance_clock(seconds)

    def last_session(self):
        """:return: the last signing session."""
        return self.env["l10n_tn_edi.signing"].sudo().search([], limit=1)

    def parts_of(self, count):
        """So many signatures in one call from now on."""
        self.startPatcher(patch.object(l10n_tn_edi_signing_work, "PART", count))

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
        signing = self.last_session()
        self.assertEqual(signing.left_count, 1)
        action = signing.with_user(self.holder).sudo(False).action_sign_rest()
        self.come_back(self.at_digigo(action["url"]))
        self.assertEqual(set(documents.mapped("state")), {"signed"})
        self.assertFalse(signing.left_count)

    def test_more_than_an_address_holds(self):
        """DigiGo sees every hash as long as they fit; what does not fit is the next authorisation's."""
        documents = self.wait_for_signature(3)
        self.startPatcher(patch.object(DigiGo, "capacity", lambda account: 2))
        url = self.begin(documents)
        self.assertEqual(urllib.parse.parse_qs(url)["numSignatures"], ["2"])
        self.assertEqual(urllib.parse.parse_qs(url)["hash"][0].count(","), 1)
        self.come_back(self.at_digigo(url))
        self.assertEqual(self.last_session().left_count, 1)
        self.digigo.digigo_binding = "count"
        url = self.begin(self.last_session().left_document_ids.filtered(lambda one: one.state == "to_sign"))
        self.assertIn("hash=", url, "it fits")

    def test_one_authorisation_for_many(self):
        """DigiGo is told their number; the first part is signed at once, scheduled actions sign the rest."""
        self.digigo.digigo_binding = "count"
        self.startPatcher(patch.object(DigiGo, "capacity", lambda account: 2))
        self.parts_of(2)
        documents = self.wait_for_signature(5)
        url = self.begin(documents)
        self.assertNotIn("hash=", url)
        self.assertEqual(urllib.parse.parse_qs(url)["numSignatures"], ["5"])
        self.come_back(self.at_digigo(url))
        signing = self.last_session()
        self.assertEqual((signing.state, signing.signed_count, signing.progress), ("working", 2, 40.0))
        self.assertTrue(signing.grant_encrypted)
        self.assertFalse(signing._claim_return(""))
        self.env["l10n_tn_edi.signing"]._work_off()
        self.assertEqual((signing.state, signing.signed_count, signing.progress), ("done", 5, 100.0))
        self.assertFalse(signing.grant_encrypted, "it is used up")
        self.assertFalse(any(signing.line_ids.mapped("unsigned")))
        self.assertEqual(documents.signer_id, self.holder)
        self.assertEqual(len(set(documents.mapped("signature_value"))), 5)
        self.submit()
        self.follow()
        self.assertEqual(set(documents.mapped("state")), {"accepted"}, documents.mapped("reason"))

    def test_out_of_order_in_the_middle(self):
        """What was signed is kept, the rest is to be signed; nothing is signed twice."""
        self.parts_of(2)
        for kind, values in (
            ("sign_refused", {}),
            ("http_status", {"params": {"status": 503}}),
            ("reset_after", {}),
        ):
            with self.subTest(kind):
                documents = self.wait_for_signature(4)
                self.come_back(self.at_digigo(self.begin(documents)))
                before = {document: document.signature_value for document in documents}
                fault = self.fault(kind, for_all=True, operation="digigo.signHash", **values)
                self.env["l10n_tn_edi.signing"]._work_off()
                self.sandbox.remove_fault(fault)
                self.assertEqual(documents.mapped("state"), ["signed", "signed", "to_sign", "to_sign"])
                signing = self.last_session()
                self.assertEqual((signing.state, signing.signed_count), ("done", 2))
                self.assertEqual(signing.line_ids.mapped("state"), ["signed", "signed", "failed", "failed"])
                self.assertTrue(all(signing.line_ids[2:].mapped("reason")))
                self.assert_sentence(documents[3])
                self.come_back(self.at_digigo(self.begin(documents[2:])))
                self.assertEqual(set(documents.mapped("state")), {"signed"})
                for document in documents[:2]:
                    self.assertEqual(document.signature_value, before[document])

    def test_the_activation_ends_in_the_middle(self):
        self.parts_of(2)
        documents = self.wait_for_signature(3)
        self.come_back(self.at_digigo(self.begin(documents)))
        self.let_pass(400)
        self.env["l10n_tn_edi.signing"]._work_off()
        self.assertEqual(documents.mapped("state"), ["signed", "signed", "to_sign"])
        self.assertFalse(documents[2].next_at, "it waits for the holder")

    def test_the_one_time_password_is_too_old(self):
        document = self.wait_for_signature()
        self.come_back(self.at_digigo(self.begin(document), seconds=130))
        self.assertEqual((document.state, document.reason_code), ("to_sign", "digigo.declined"))
        self.assert_sentence(document, "one-time password")
        self.come_back(self.at_digigo(self.begin(document)))
        self.assertEqual(document.state, "signed")

    def test_the_code_is_too_old(self):
        document = self.wait_for_signature()
        location = self.at_digigo(self.begin(document))
        self.let_pass(61)
        self.come_back(location)
        self.assertEqual(document.state, "to_sign")
        self.assert_sentence(document)

    def test_nobody_comes_back(self):
        """The session ends with its documents, and keeps nothing of what was to be signed."""
        document = self.wait_for_signature()
        self.begin(document)
        signing = self.last_session()
        signing.expires_at = document.next_at = Datetime.subtract(Datetime.now(), minutes=1)
        self.documents._expire_signing()
        self.assertEqual((signing.state, signing.reason_code), ("failed", "signing.expired"))
        self.assertEqual((document.state, document.reason_code), ("to_sign", "signing.expired"))
        self.assertFalse(signing.return_digest)
        self.assertFalse(signing.line_ids.unsigned)

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

    def second_holder(self):
        """A holder of another journal beside the first, who keeps the usual one.

        :return: (user, a document that waits for him).
        """
        [first] = self.digigo.signatory_ids
        first.journal_ids = self.invoice_journal
        account = self.invoice_journal.default_account_id
        journal = self.invoice_journal.sudo().copy({"code": "AUT", "default_account_id": account.id})
        user = self.make_accountant()
        credential = f"{user.login}-{secrets.token_hex(4)}@exemple.tn"
        self.sandbox.call(
            "POST",
            "remote",
            kind="digigo",
            name=credential,
            pin=self.pin,
            subject="SECOND",
            declare=self.login,
        )
        self.digigo.signatory_ids = [
            Command.create({"user_id": user.id, "credential": credential, "journal_ids": journal.ids})
        ]
        return user, self.post(journal_id=journal.id)

    def test_each_holder_signs_for_his_journals(self):
        user, other = self.second_holder()
        [first, second] = self.digigo.signatory_ids
        mine = self.wait_for_signature()
        self.assertEqual(first.activity_ids.user_id, self.holder)
        self.assertEqual(second.activity_ids.user_id, user)
        # Whoever selects everything signs his own.
        both = mine | other
        self.come_back(self.at_digigo(self.begin(both)))
        self.assertEqual(both.mapped("state"), ["signed", "to_sign"])
        self.assertFalse(first.activity_ids)
        self.assertTrue(second.activity_ids, "the other holder's documents still wait")
        with self.assertRaisesRegex(UserError, user.login):
            self.begin(other)
        self.come_back(self.at_digigo(self.begin(both, user)), user)
        self.assertEqual(other.state, "signed")
        self.assertFalse(second.activity_ids)
        self.assertEqual((mine.signer_id, other.signer_id), (self.holder, user))
        self.assertNotEqual(mine.certificate_id, other.certificate_id)
        self.submit()
        self.follow()
        self.assertEqual(set(both.mapped("state")), {"accepted"}, both.mapped("reason"))

    def test_a_line_for_each_document(self):
        """Also for one that cannot even be prepared."""
        customer = self.customer.sudo().copy({"vat": self.customer.vat})
        other = self.post(partner=customer)
        documents = self.wait_for_signature() | other
        customer.vat = False
        self.come_back(self.at_digigo(self.begin(documents)))
        self.assertEqual(documents.mapped("state"), ["signed", "error"])
        lines = self.last_session().line_ids
        self.assertEqual(lines.document_id, documents)
        self.assertEqual(lines.mapped("state"), ["signed", "failed"])
        self.assertTrue(lines[1].reason)

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
        self.parts_of(1)
        with self.assertLogs(level="DEBUG") as logs:
            documents = self.wait_for_signature(2)
            location = self.at_digigo(self.begin(documents))
            returned = urllib.parse.parse_qs(urllib.parse.urlsplit(location).query)
            self.come_back(location)
            # Who is logged out meanwhile is led to the login page, whose address leads back.
            self.logout()
            self.url_open(f"/web/login?redirect={urllib.parse.quote(location, safe='')}")
            grant = self.env["l10n_tn_edi.secret"]._decrypt(self.last_session().grant_encrypted)
            self.env["l10n_tn_edi.signing"]._work_off()
        code, state = returned["code"][0], returned["state"][0]
        secrets_ = [
            self.client_secret,
            urllib.parse.quote(self.client_secret, safe=""),
            self.pin,
            code,
            state,
        ]
        secrets_ += [grant, read_callback({"code": code})]
        served = [line for line in logs.output if "werkzeug" in line and "digigo" in line]
        self.assertGreaterEqual(len(served), 2, "the returns are in the access log")
        self.assertTrue(all("***" in line for line in served))
        # The browser that is played here, and the statements of the database, which is looked at below.
        said = "\n".join(
            line for line in logs.output if not line.startswith(("DEBUG:urllib3", "DEBUG:odoo.sql_db"))
        )
        for secret in secrets_:
            self.assertNotIn(secret, said)
        self.env.flush_all()
        for table in ("l10n_tn_edi_signing", "l10n_tn_edi_signing_line", "l10n_tn_edi_signature_provider"):
            self.env.cr.execute(f"SELECT row_to_json(t)::text FROM {table} t")
            rows = "\n".join(row for (row,) in self.env.cr.fetchall())
            for secret in secrets_:
                self.assertNotIn(secret, rows)
