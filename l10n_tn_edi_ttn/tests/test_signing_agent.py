import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from unittest.mock import patch

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs12

from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import new_test_user, tagged
from odoo.tools import config

from ..signature import verify
from ..signature.problems import SignerError
from ..signature.signers.agent import Agent
from ..teif.foreign import parse_foreign_xml
from .common_flow import TnEdiFlowCommon

PROJECT = Path(__file__).resolve().parents[2]
LABEL = "essai"
FILL_TOKEN = """
import sys
import pkcs11
from pkcs11 import Attribute, ObjectClass
from pkcs11.util.rsa import decode_rsa_private_key
library, label, pin, key, *certificates = sys.argv[1:]
with pkcs11.lib(library).get_token(token_label=label).open(user_pin=pin, rw=True) as session:
    session.create_object({
        **decode_rsa_private_key(open(key, "rb").read()), Attribute.TOKEN: True, Attribute.PRIVATE: True,
        Attribute.SENSITIVE: True, Attribute.EXTRACTABLE: False, Attribute.SIGN: True,
    })
    for number, path in enumerate(certificates):
        session.create_object({
            Attribute.CLASS: ObjectClass.CERTIFICATE, Attribute.CERTIFICATE_TYPE: 0, Attribute.TOKEN: True,
            Attribute.PRIVATE: False, Attribute.ID: bytes([number]), Attribute.SUBJECT: b"",
            Attribute.VALUE: open(path, "rb").read(),
        })
"""


@tagged("post_install_l10n", "post_install", "-at_install")
class TestAgent(TnEdiFlowCommon):
    """A token in software (SoftHSM) behind the signing agent, its key not extractable."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.folder = Path(tempfile.mkdtemp(prefix="agent"))
        cls.addClassCleanup(shutil.rmtree, cls.folder, True)
        cls.pin = f"{secrets.randbelow(10**8):08d}"
        cls.environment = {
            **os.environ,
            "SOFTHSM2_CONF": str(cls.folder / "softhsm.conf"),
            "PYTHONPATH": str(PROJECT),
        }
        cls.library = str(next(Path("/usr/lib").glob("**/libsofthsm2.so")))
        (cls.folder / "tokens").mkdir()
        (cls.folder / "softhsm.conf").write_text(f"directories.tokendir = {cls.folder}/tokens\n")
        cls.run_program(
            "softhsm2-util",
            "--init-token",
            "--free",
            "--label",
            LABEL,
            "--pin",
            cls.pin,
            "--so-pin",
            "12345678",
        )
        content = pkcs12.load_pkcs12(cls.pkcs12, cls.passphrase.encode())
        parts = [
            content.key.private_bytes(
                serialization.Encoding.DER,
                serialization.PrivateFormat.TraditionalOpenSSL,
                serialization.NoEncryption(),
            )
        ]
        for one in (content.cert, *content.additional_certs):
            parts.append(one.certificate.public_bytes(serialization.Encoding.DER))
        files = []
        for number, part in enumerate(parts):
            files.append(cls.folder / f"{number}.der")
            files[-1].write_bytes(part)
        cls.run_program(sys.executable, "-c", FILL_TOKEN, cls.library, LABEL, cls.pin, *files)
        files[0].unlink()
        cls.socket = cls.folder / "agent.sock"
        cls.startClassPatcher(
            patch.dict(config._runtime_options, {"l10n_tn_edi_agent_socket": str(cls.socket)})
        )

    @classmethod
    def run_program(cls, *command):
        subprocess.run(
            [str(one) for one in command], env=cls.environment, check=True, timeout=60, capture_output=True
        )

    def setUp(self):
        super().setUp()
        self.start_agent()
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

    def start_agent(self, **settings):
        lines = [
            f'socket = "{self.socket}"',
            "[keys.company]",
            f'library = "{self.library}"',
            f'token_label = "{LABEL}"',
        ]
        lines += [f'{name} = "{value}"' for name, value in settings.items()]
        configuration = self.folder / "agent.toml"
        configuration.write_text("\n".join(lines))
        configuration.chmod(0o600)
        log = (self.folder / "agent.log").open("ab")
        self.addCleanup(log.close)
        self.agent = subprocess.Popen(
            [sys.executable, "-m", "signing_agent", "--config", str(configuration)],
            env=self.environment,
            cwd=PROJECT,
            stdout=log,
            stderr=log,
        )
        self.addCleanup(self.stop_agent)
        end = time.monotonic() + 30
        while True:
            try:
                Agent(str(self.socket), "company").status()
                return
            except SignerError:
                if time.monotonic() > end or self.agent.poll() is not None:
                    raise AssertionError((self.folder / "agent.log").read_text()) from None
                time.sleep(0.05)

    def stop_agent(self):
        self.agent.terminate()
        self.agent.wait(20)

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
        self.start_agent(pin_file=pin)
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
