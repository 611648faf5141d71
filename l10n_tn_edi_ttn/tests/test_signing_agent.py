import secrets
from unittest.mock import patch

from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import new_test_user, tagged
from odoo.tools import config

from ..signature import verify
from ..signature.problems import SignerError
from ..signature.signers.agent import Agent
from ..teif.foreign import parse_foreign_xml
from .common_softhsm import TokenCase


@tagged("post_install_l10n", "post_install", "-at_install")
class TestAgent(TokenCase):
    """A token in software (SoftHSM) behind the signing agent, its key not extractable."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.socket = cls.folder / "agent.sock"
        cls.startClassPatcher(
            patch.dict(config._runtime_options, {"l10n_tn_edi_agent_socket": str(cls.socket)})
        )

    def setUp(self):
        super().setUp()
        self.start()
        self.token = (
            self.env["l10n_tn_edi.signature.provider"]
            .sudo()
            .create(
                {
                    "name": "Jeton",
                    "code": "agent",
                    "company_id": self.company.id,
                    "agent_key": "company",
                    "signatory_ids": [Command.create({"user_id": self.env.uid})],
                    "state": "test",
                }
            )
        )
        self.company.sudo().l10n_tn_edi_provider_id = self.token

    def start(self, **settings):
        self.start_agent([f'socket = "{self.socket}"'], lambda _log: self.answers(), **settings)

    def answers(self):
        try:
            return Agent(str(self.socket), "company").status()
        except SignerError:
            return False

    def sign(self, documents, pin=None, ceiling=0):
        """Select documents, choose Sign, enter the PIN. Gives the session."""
        action = documents.with_user(self.env.user).sudo(False).action_sign()
        wizards = self.env[action["res_model"]].with_context(**action["context"])
        wizard = wizards.create({"pin": pin or self.pin, "documents": ceiling})
        self.assertFalse(wizard.pin)
        shown = wizard.action_sign()
        return self.env[shown["res_model"]].browse(shown["res_id"])

    def wait_for_signature(self, count=1):
        documents = self.documents.union(*(self.post() for _number in range(count)))
        self.submit()
        self.assertEqual(set(documents.mapped("state")), {"to_sign"}, documents.mapped("reason"))
        return documents

    def test_a_batch_with_one_pin(self):
        documents = self.wait_for_signature(4)
        self.assertTrue(self.token.signatory_ids.activity_ids)
        signing = self.sign(documents)
        self.assertEqual((signing.state, signing.signed_count), ("done", 4))
        self.assertEqual(set(documents.mapped("state")), {"signed"})
        self.assertEqual(documents.signer_id, self.env.user)
        [report] = verify.verify(parse_foreign_xml(documents[0].signed_id.raw))
        self.assertTrue(report.intact)
        self.submit()
        self.follow()
        self.assertEqual(set(documents.mapped("state")), {"accepted"}, documents.mapped("reason"))

    def test_signing_is_not_sending(self):
        """What is on hold is signed, and deposited when somebody sends it."""
        self.company.sudo().l10n_tn_edi_sending = "on_demand"
        documents = self.documents.union(*(self.post() for _number in range(2)))
        self.assertEqual(documents.mapped("hold"), [True, True])
        self.sign(documents)
        self.assertEqual(set(documents.mapped("state")), {"signed"})
        self.submit()
        self.assertEqual(
            (set(documents.mapped("state")), documents.mapped("hold")), ({"signed"}, [True, True])
        )
        documents[0].move_id.action_l10n_tn_edi_send()
        self.submit()
        self.assertEqual(documents.mapped("state"), ["submitted", "signed"])

    def test_the_session_signs_what_comes_later(self):
        self.sign(self.wait_for_signature(), ceiling=2)
        second, third = self.post(), self.post()
        self.submit()
        states = sorted((second | third).mapped("state"))
        self.assertEqual(states, ["submitted", "to_sign"], "the ceiling of the session holds")
        self.assertFalse(self.token._agent_session_open())
        self.sign((second | third).filtered(lambda document: document.state == "to_sign"))
        self.token.action_close_session()
        self.assertFalse(self.token._agent_session_open())
        last = self.post()
        self.submit()
        self.assertEqual(last.reason_code, "provider.waits_for_holder")

    def test_a_wrong_pin(self):
        document = self.wait_for_signature()
        with self.assertRaises(UserError) as raised:
            self.sign(document, pin="00000000")
        self.assertIn("not tried again", str(raised.exception))
        self.assertNotIn("00000000", str(raised.exception))
        self.assertEqual(document.state, "to_sign")
        self.assertEqual(self.sign(document).state, "done")

    def test_a_configured_pin(self):
        self.stop_agent()
        pin = self.folder / "pin"
        pin.write_text(self.pin)
        pin.chmod(0o600)
        self.start(pin_file=pin)
        self.token.agent_pin = "configured"
        self.assertEqual(self.token.action_test()["params"]["type"], "success")
        document = self.accept()
        self.assertEqual(document.certificate_id, self.token.certificate_id)
        self.assertFalse(document.signer_id)

    def test_no_agent(self):
        self.stop_agent()
        document = self.wait_for_signature()
        with self.assertRaises(UserError):
            self.sign(document)
        self.token.agent_pin = "configured"
        self.submit()
        self.assertEqual((document.state, document.reason_code), ("to_sign", "agent.unreachable"))
        self.assertTrue(document.next_at, "it is tried again by itself")

    def test_killed_in_the_middle(self):
        documents = self.wait_for_signature(5)
        original = Agent.sign_all

        def cut(agent, prepared):
            for number, value in enumerate(original(agent, prepared)):
                yield value if number < 2 else SignerError("agent.token_missing", key="company")

        with patch.object(Agent, "sign_all", cut):
            signing = self.sign(documents)
        self.assertEqual(
            sorted(documents.mapped("state")), ["signed", "signed", "to_sign", "to_sign", "to_sign"]
        )
        self.assertEqual(signing.signed_count, 2)
        self.sign(documents.filtered(lambda document: document.state == "to_sign"))
        self.assertEqual(set(documents.mapped("state")), {"signed"})

    def test_only_a_signatory_signs(self):
        document = self.wait_for_signature()
        other = new_test_user(
            self.env(su=True),
            login=f"other-{secrets.token_hex(4)}",
            groups="account.group_account_invoice",
            company_id=self.company.id,
            company_ids=[Command.set(self.company.ids)],
        )
        with self.assertRaises(UserError):
            document.with_user(other).sudo(False).action_sign()
        self.token.signatory_ids.journal_ids = self.env["account.journal"].create(
            {"name": "Autre", "code": "AUT", "type": "sale", "company_id": self.company.id}
        )
        with self.assertRaises(UserError):
            document.with_user(self.env.user).sudo(False).action_sign()

    def test_the_pin_is_nowhere(self):
        with self.assertLogs(level="DEBUG") as logs:
            self.sign(self.wait_for_signature())
        said = "\n".join(line for line in logs.output if ":odoo.sql_db:" not in line)
        self.assertNotIn(self.pin, said)
        self.assertNotIn(self.pin, (self.folder / "agent.log").read_text())
        for table in (
            "l10n_tn_edi_sign",
            "l10n_tn_edi_signing",
            "l10n_tn_edi_signing_line",
            "l10n_tn_edi_signature_provider",
        ):
            self.env.flush_all()
            self.env.cr.execute(f"SELECT row_to_json(t)::text FROM {table} t")
            self.assertNotIn(self.pin, "\n".join(row for (row,) in self.env.cr.fetchall()))
