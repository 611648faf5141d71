import base64
import hashlib
import io
import secrets
import subprocess
import tempfile
import zipfile
from pathlib import Path
from unittest.mock import patch

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from reportlab.pdfgen import canvas

from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import config

from ..signature import pades
from ..signature.problems import SignatureError
from .common import COMPANY_MATRICULE
from .common_softhsm import TokenCase

DATA = b"Journal des depots\n" * 50


@tagged("post_install_l10n", "post_install", "-at_install")
class TestArchives(TokenCase):
    """Exports of proof and archived PDFs are signed by whatever signs without a human; openssl and poppler judge."""

    def setUp(self):
        super().setUp()
        self.judged = Path(tempfile.mkdtemp(dir=self.folder))

    def assert_signed(self, container, data):
        """openssl takes ``container`` as the CAdES signature of ``data``, and of nothing else."""
        for content, expected in ((data, 0), (data + b"x", 4)):
            (self.judged / "data").write_bytes(content)
            (self.judged / "signed").write_bytes(container)
            command = [
                *("openssl", "cms", "-verify", "-binary", "-cades", "-inform", "DER", "-purpose", "any"),
                *("-in", self.judged / "signed", "-content", self.judged / "data", "-out", "/dev/null"),
                *("-CAfile", self.sandbox.info["anchors_file"]),
            ]
            done = subprocess.run(command, capture_output=True, timeout=60, check=False)
            self.assertEqual(done.returncode, expected, done.stderr)

    def pdfsig(self, data):
        (self.judged / "signed.pdf").write_bytes(data)
        command = ["pdfsig", "-nocert", self.judged / "signed.pdf"]
        return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False).stdout

    def printed(self, document):
        """Give the invoice a PDF, as printing does."""
        output = io.BytesIO()
        page = canvas.Canvas(output)
        page.drawString(100, 700, document.number)
        page.save()
        document.move_id.sudo().invoice_pdf_report_file = base64.b64encode(output.getvalue())
        document.move_id.invalidate_recordset(["invoice_pdf_report_id"])
        return document.move_id.invoice_pdf_report_id

    def provider_of(self, **values):
        return (
            self.env["l10n_tn_edi.signature.provider"]
            .sudo()
            .create({"name": values["code"], "company_id": self.company.id, "state": "test", **values})
        )

    def refusal(self, provider, data=DATA):
        with self.assertRaises(SignatureError) as raised:
            provider._sign_detached(data)
        return raised.exception.code

    def test_certificate_file(self):
        self.assert_signed(self.provider._sign_detached(DATA), DATA)
        self.assert_signed(self.provider._sign_detached(b""), b"")
        self.provider.state = "disabled"
        self.assertEqual(self.refusal(self.provider), "provider.disabled")

    def test_token_at_the_server(self):
        socket, pin = self.folder / "agent.sock", self.folder / "pin"
        pin.write_text(self.pin)
        pin.chmod(0o600)
        self.startPatcher(patch.dict(config._runtime_options, {"l10n_tn_edi_agent_socket": str(socket)}))
        token = self.provider_of(code="agent", agent_key="company", agent_pin="configured")
        self.assertEqual(self.refusal(token), "agent.unreachable")
        self.start_agent([f'socket = "{socket}"'], lambda _log: socket.exists(), pin_file=pin)
        self.assertEqual(self.refusal(token), "agent.archives", "the agent has to be told so")
        self.stop_agent()
        self.start_agent([f'socket = "{socket}"'], lambda _log: socket.exists(), pin_file=pin, archives=True)
        self.assert_signed(token._sign_detached(DATA), DATA)
        token.agent_pin = "typed"
        self.assertEqual(self.refusal(token), "provider.no_archives")

    def test_seal(self):
        alias, password = f"cachet-{secrets.token_hex(4)}", secrets.token_hex(8)
        made = self.sandbox.call(
            "POST",
            "remote",
            kind="seal",
            name=alias,
            pin=password,
            subject="CACHET",
            matricule=COMPANY_MATRICULE,
        )
        pem = b"".join(
            x509.load_der_x509_certificate(base64.b64decode(der)).public_bytes(serialization.Encoding.PEM)
            for der in made["chain"]
        )
        seal = self.provider_of(
            code="ance_seal",
            seal_url=self.sandbox.info["seal"],
            seal_alias=alias,
            seal_password=password,
            seal_certificate=base64.b64encode(pem),
        )
        self.assert_signed(seal._sign_detached(DATA), DATA)
        seal.seal_password = "inexact"
        self.assertEqual(self.refusal(seal), "remote.denied")

    def test_those_that_need_a_human(self):
        desk = self.provider_of(code="desktop", agent_key="company")
        self.assertEqual(self.refusal(desk), "provider.no_archives")

    def test_the_pdf_of_an_accepted_invoice(self):
        document = self.accept()
        as_user = document.with_user(self.env.user).sudo(False)
        with self.assertRaises(UserError):
            as_user.action_sign_pdf()
        pdf = self.printed(document)
        before = pdf.raw
        action = as_user.action_sign_pdf()
        self.assertEqual(action["type"], "ir.actions.act_url")
        signed = document.signed_pdf_id
        self.assertEqual((signed.res_model, signed.res_id), ("account.move", document.move_id.id))
        self.assertTrue(signed.raw.startswith(before))
        self.assertEqual(pdf.raw, before)
        said = self.pdfsig(signed.raw)
        self.assertIn("Signature is Valid", said)
        self.assertIn("FOURNISSEUR ESSAI", said)
        as_user.action_sign_pdf()
        self.assertEqual(document.signed_pdf_id, signed, "signed again, it is replaced")

    def test_the_pdf_of_others_is_not_signed(self):
        document = self.deposit()
        self.printed(document)
        with self.assertRaises(UserError):
            document.action_sign_pdf()

    def test_without_the_package(self):
        document = self.accept()
        self.printed(document)
        with patch.object(pades, "PdfSigner", None), self.assertRaises(UserError) as raised:
            document.action_sign_pdf()
        self.assertIn("pyHanko", str(raised.exception))

    def test_export_of_exchanges_is_signed(self):
        document = self.accept()
        accountant = self.make_accountant()
        exchanges = document.exchange_ids.with_user(accountant).sudo(False)
        exchanges.action_export_signed()
        export = self.env["l10n_tn_edi.exchange.export"].with_user(accountant).search([], limit=1)
        with zipfile.ZipFile(io.BytesIO(base64.b64decode(export.file))) as archive:
            files = {name: archive.read(name) for name in archive.namelist()}
        manifest, signature = files.pop("SHA256SUMS"), files.pop("SHA256SUMS.p7s")
        self.assert_signed(signature, manifest)
        listed = dict(reversed(line.split("  ", 1)) for line in manifest.decode().splitlines())
        self.assertEqual(listed, {name: hashlib.sha256(body).hexdigest() for name, body in files.items()})
        deposits = exchanges.filtered(lambda exchange: exchange.operation == "save")
        self.assertEqual(len(files), 1 + 2 * len(exchanges) + len(deposits))

    def test_export_is_not_signed_without_a_provider(self):
        document = self.accept()
        self.company.sudo().l10n_tn_edi_provider_id = False
        self.provider.state = "disabled"
        with self.assertRaises(UserError):
            document.exchange_ids.action_export_signed()
