import base64
import secrets
import time
from unittest.mock import patch

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs12

from odoo.exceptions import UserError, ValidationError
from odoo.fields import Datetime
from odoo.tests import tagged
from odoo.tools import config, mute_logger

from ..models import l10n_tn_edi_document_lanes
from ..signature import verify
from ..teif.foreign import parse_foreign_xml
from .common import COMPANY_MATRICULE
from .common_flow import TnEdiFlowCommon


@tagged("post_install_l10n", "post_install", "-at_install")
class TestSeal(TnEdiFlowCommon):
    """The ANCE seal, played by the sandbox over HTTP: server to server, in batches, nobody needed."""

    def setUp(self):
        super().setUp()
        self.alias = f"cachet {secrets.token_hex(4)}/é"
        self.pin = f"Cachet-{secrets.token_hex(8)}"
        made = self.sandbox.call(
            "POST",
            "remote",
            kind="seal",
            name=self.alias,
            pin=self.pin,
            subject="CACHET ESSAI",
            matricule=COMPANY_MATRICULE,
            declare=self.login,
        )
        self.chain = [base64.b64decode(der) for der in made["chain"]]
        pem = b"".join(
            x509.load_der_x509_certificate(der).public_bytes(serialization.Encoding.PEM) for der in self.chain
        )
        self.seal = (
            self.env["l10n_tn_edi.signature.provider"]
            .sudo()
            .create(
                {
                    "name": "Cachet",
                    "code": "ance_seal",
                    "company_id": self.company.id,
                    "seal_url": self.sandbox.info["seal"],
                    "seal_alias": self.alias,
                    "seal_password": self.pin,
                    "seal_certificate": base64.b64encode(pem),
                    "state": "test",
                }
            )
        )
        self.company.sudo().l10n_tn_edi_provider_id = self.seal

    def services(self, **values):
        """Change settings of the sandbox's signature services until the test ends."""
        before = self.sandbox.call("GET", "settings")
        self.sandbox.settings(**values)
        self.addCleanup(self.sandbox.settings, **{name: before[name] for name in values})

    def test_accepted(self):
        document = self.accept()
        [report] = verify.verify(parse_foreign_xml(document.signed_id.raw))
        self.assertTrue(report.intact)
        self.assertEqual(report.signer_der, self.chain[0])
        self.assertEqual(document.certificate_id, self.seal.certificate_id)
        self.assertEqual(self.seal.certificate_id.matricule, COMPANY_MATRICULE[:8])
        self.assertFalse(document.signer_id, "a seal is nobody")

    def test_a_batch(self):
        documents = self.documents.union(*(self.post() for _number in range(12)))
        self.services(sign_latency=0.2)
        start = time.monotonic()
        self.submit()
        self.assertEqual(set(documents.mapped("state")), {"submitted"}, documents.mapped("reason"))
        self.assertLess(time.monotonic() - start, 12, "hashes are signed side by side")

    def test_wrong_password_is_tried_once(self):
        self.seal.seal_password = "inexact-0815"
        documents = self.post() | self.post() | self.post() | self.post()
        self.submit()
        self.assertEqual(set(documents.mapped("state")), {"error"})
        self.assertEqual(set(documents.mapped("reason_code")), {"remote.denied"})
        self.assertNotIn("0815", documents[0].reason)
        self.seal.seal_password = self.pin
        self.submit()
        self.assertEqual(set(documents.mapped("state")), {"submitted"}, "the seal is not locked")

    def test_a_service_that_is_down(self):
        self.seal.seal_url = "https://127.0.0.1:1/tunsign-proxy-webapp"
        document = self.post()
        self.submit()
        self.assertEqual((document.state, document.reason_code), ("to_sign", "remote.unreachable"))
        self.assertGreater(document.next_at, Datetime.now())
        self.seal.seal_url = self.sandbox.info["seal"]
        self.submit()
        self.assertEqual(document.state, "submitted")

    def test_private_addresses_are_refused(self):
        with patch.dict(config._runtime_options, {"l10n_tn_edi_private_hosts": ""}):
            self.assertEqual(self.seal._trial()[0], "later")
        self.assertEqual(self.seal._trial()[0], "success")

    def test_tls_is_verified(self):
        with patch.dict(config._runtime_options, {"l10n_tn_edi_ca_file": ""}):
            self.assertEqual(self.seal._trial()[0], "later")

    def test_mutual_tls(self):
        self.services(seal_client_certificate=True)
        with self.assertRaises(UserError):
            self.seal.action_test()
        pem = self.sandbox.call("POST", "remote/tls-client")["pem"].encode()
        passphrase = secrets.token_hex(8)
        self.seal.write(
            {
                "seal_client_file": base64.b64encode(
                    pkcs12.serialize_key_and_certificates(
                        b"client",
                        serialization.load_pem_private_key(pem, None),
                        x509.load_pem_x509_certificate(pem[pem.index(b"-----BEGIN CERTIFICATE") :]),
                        None,
                        serialization.BestAvailableEncryption(passphrase.encode()),
                    )
                ),
                "seal_client_passphrase": passphrase,
            }
        )
        self.assertEqual(self.seal.action_test()["params"]["type"], "success")
        self.accept()
        self.seal.seal_client_passphrase = "wrong"
        with self.assertRaises(UserError) as raised:
            self.seal.action_test()
        self.assertNotIn("wrong", str(raised.exception))

    def test_an_answer_that_is_wrong(self):
        for kind in ("sign_wrong", "sign_partly"):
            with self.subTest(kind):
                fault = self.fault(kind, for_all=True, operation="seal.signHash")
                document = self.post()
                self.submit()
                self.sandbox.remove_fault(fault)
                self.assertEqual(document.state, "error")
                self.assertFalse(document.signed_id)

    def test_a_certificate_that_ended(self):
        made = self.sandbox.call(
            "POST",
            "remote",
            kind="seal",
            name="old",
            pin="1",
            subject="VIEUX CACHET",
            matricule=COMPANY_MATRICULE,
            not_before="2020-01-01",
            not_after="2021-01-01",
        )
        self.seal.seal_certificate = made["chain"][0]
        document = self.post()
        self.submit()
        self.assertEqual((document.state, document.reason_code), ("error", "certificate.expired"))

    def test_the_invoice_changes_meanwhile(self):
        """Back to draft while the service signs: what comes back is dropped."""
        document = self.post()
        original = type(self.seal)._sign_documents

        def slow(provider, *args, **kwargs):
            result = original(provider, *args, **kwargs)
            document.move_id.sudo().button_draft()
            return result

        with patch.object(type(self.seal), "_sign_documents", slow):
            self.submit()
        self.assertEqual(document.state, "withdrawn")
        self.assertFalse(document.signed_id)
        self.assertFalse(self.saves())

    @mute_logger("odoo.addons.l10n_tn_edi_ttn.models.l10n_tn_edi_document_sign")
    def test_a_worker_that_died(self):
        document = self.post()
        with patch.object(type(self.documents), "_sign_remotely", lambda documents, batch: None):
            self.submit()
        self.assertEqual((document.state, document.reason_code), ("signing", "signing.service"))
        self.submit()
        self.assertEqual((document.state, document.reason_code), ("to_sign", "signing.expired"))
        self.submit()
        self.assertEqual(document.state, "submitted")

    def test_service_is_called_while_no_answer_waits(self):
        """Signing may take long: not while the answers to calls that are on their way have to be written."""
        document = self.post()
        self.due()
        with self.documents._calling() as pool:
            run = l10n_tn_edi_document_lanes._Run("submit", pool, asks=False)
            self.assertFalse(self.documents._next_jobs(run, 64, alone=False))
            self.assertEqual(document.state, "to_send")
            self.assertTrue(self.documents._next_jobs(run, 64, alone=True))
        self.assertEqual(document.state, "sending")

    def test_incomplete(self):
        provider = (
            self.env["l10n_tn_edi.signature.provider"]
            .sudo()
            .create({"name": "Incomplet", "code": "ance_seal", "company_id": self.company.id})
        )
        with self.assertRaises(ValidationError) as raised:
            provider.state = "test"
        self.assertIn("Alias", str(raised.exception))
