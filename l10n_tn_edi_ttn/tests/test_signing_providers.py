import base64
import secrets
import subprocess
import tempfile
from pathlib import Path
from unittest.mock import patch

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from lxml import etree

from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import tagged
from odoo.tools import config

from ..signature import verify
from ..teif.foreign import parse_foreign_xml
from . import test_signing_digigo
from .common import COMPANY_MATRICULE
from .common_desktop import DesktopCase

DS = "http://www.w3.org/2000/09/xmldsig#"
PROPERTIES = "http://uri.etsi.org/01903/v1.3.2#:SignedProperties"


@tagged("post_install_l10n", "post_install", "-at_install")
class TestProviders(DesktopCase):
    """An invoice of the same content, signed in each of the five ways: TTN takes it, and every judge agrees."""

    def setUp(self):
        super().setUp()
        self.judged = Path(tempfile.mkdtemp(dir=self.folder))

    def use(self, **values):
        """Sign with another provider from now on."""
        provider = (
            self.env["l10n_tn_edi.signature.provider"]
            .sudo()
            .create({"name": values["code"], "company_id": self.company.id, "state": "test", **values})
        )
        self.company.sudo().l10n_tn_edi_provider_id = provider
        return provider

    def declared(self, kind, name, pin):
        return self.sandbox.call(
            "POST",
            "remote",
            kind=kind,
            name=name,
            pin=pin,
            subject="UN TITULAIRE",
            matricule=COMPANY_MATRICULE,
            declare=self.login,
        )

    def judge(self, document):
        """Every judge takes the signature, and TTN the document."""
        self.submit()
        self.follow()
        self.assertEqual(document.state, "accepted", document.reason)
        signed = document.signed_id.raw
        [report] = verify.verify(parse_foreign_xml(signed))
        self.assertTrue(report.intact, report.findings)
        self.assertEqual([point.code for point in report.points if not point.met], [])
        self.assertTrue(self.xmlsec(signed))
        self.assertFalse(self.xmlsec(signed.replace(b"120.000", b"920.000")))
        self.assertTrue(self.openssl(signed, report.signer_der))

    def run_judge(self, *command):
        return subprocess.run([str(one) for one in command], capture_output=True, timeout=60, check=False)

    def xmlsec(self, signed):
        """Whether xmlsec1 takes the signature and its chain, under the sandbox's authority."""
        path = self.judged / "signed.xml"
        path.write_bytes(signed)
        anchors = self.sandbox.info["anchors_file"]
        done = self.run_judge(
            "xmlsec1", "--verify", "--id-attr:Id", PROPERTIES, "--trusted-pem", anchors, path
        )
        return done.returncode == 0

    def openssl(self, signed, certificate):
        """Whether openssl takes the SignatureValue for the canonical SignedInfo."""
        root = etree.fromstring(signed)
        info, value = (
            root.find(f"{{{DS}}}Signature/{{{DS}}}{name}") for name in ("SignedInfo", "SignatureValue")
        )
        (self.judged / "info").write_bytes(etree.tostring(info, method="c14n", exclusive=True))
        (self.judged / "value").write_bytes(base64.b64decode(value.text))
        key = x509.load_der_x509_certificate(certificate).public_key()
        (self.judged / "key.pem").write_bytes(
            key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        )
        names = [self.judged / name for name in ("key.pem", "value", "info")]
        done = self.run_judge(
            "openssl", "dgst", "-sha256", "-verify", names[0], "-signature", names[1], names[2]
        )
        return done.returncode == 0

    def invoice(self):
        return self.post()

    def test_certificate_file(self):
        self.company.sudo().l10n_tn_edi_provider_id = self.provider
        self.judge(self.invoice())

    def test_token_at_the_server(self):
        socket, pin = self.folder / "agent.sock", self.folder / "pin"
        pin.write_text(self.pin)
        pin.chmod(0o600)
        self.startPatcher(patch.dict(config._runtime_options, {"l10n_tn_edi_agent_socket": str(socket)}))
        self.start_agent([f'socket = "{socket}"'], lambda _log: socket.exists(), pin_file=pin)
        self.use(code="agent", agent_key="company", agent_pin="configured")
        self.judge(self.invoice())

    def test_token_on_a_desk(self):
        self.pair()
        document = self.invoice()
        self.submit()
        signing, requested = self.begin(document)
        signing.desktop_finish(self.signed_by_agent(requested))
        self.judge(document)
        self.assertEqual(document.signer_id, self.holder)

    def test_digigo(self):
        digigo = test_signing_digigo.TestDigiGo
        credential, secret, client = (
            "titulaire@exemple.tn",
            secrets.token_hex(8),
            f"app-{secrets.token_hex(4)}",
        )
        self.declared("digigo", credential, self.pin)
        self.sandbox.call("POST", "remote/clients", client=client, secret=secret)
        self.use(
            code="digigo",
            digigo_url=self.sandbox.info["digigo"],
            digigo_client=client,
            digigo_secret=secret,
            signatory_ids=[Command.create({"user_id": self.holder.id, "credential": credential})],
        )
        document = self.invoice()
        self.submit()
        url = digigo.begin(self, document)
        digigo.come_back(self, digigo.at_digigo(self, url))
        self.judge(document)
        self.assertEqual(document.signer_id, self.holder)

    def test_seal(self):
        alias, password = f"cachet-{secrets.token_hex(4)}", secrets.token_hex(8)
        made = self.declared("seal", alias, password)
        pem = b"".join(
            x509.load_der_x509_certificate(base64.b64decode(der)).public_bytes(serialization.Encoding.PEM)
            for der in made["chain"]
        )
        self.use(
            code="ance_seal",
            seal_url=self.sandbox.info["seal"],
            seal_alias=alias,
            seal_password=password,
            seal_certificate=base64.b64encode(pem),
        )
        self.judge(self.invoice())

    def test_what_was_altered_is_not_sent(self):
        """Signed bytes are compared with their digest before they leave; altered ones are signed anew, never sent."""
        self.pair()
        document = self.invoice()
        self.submit()
        signing, requested = self.begin(document)
        signing.desktop_finish(self.signed_by_agent(requested))
        self.assertEqual(document.state, "signed")
        signed = document.signed_id.raw
        altered = signed.replace(b"120.000", b"920.000")
        self.assertNotEqual(altered, signed)
        with self.assertRaises(UserError):
            document.signed_id.raw = altered
        # So somebody who has the database and the file store
        other = self.env["ir.attachment"].sudo().create({"name": "autre", "raw": altered})
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE ir_attachment kept SET (store_fname, db_datas) = (other.store_fname, other.db_datas)"
            " FROM ir_attachment other WHERE kept.id = %s AND other.id = %s",
            (document.signed_id.id, other.id),
        )
        self.env.invalidate_all()
        self.assertEqual(document.signed_id.raw, altered)
        self.submit()
        self.assertIn(document.state, ("to_send", "to_sign"))
        self.assertFalse(self.saves())
        self.assertFalse(document.signed_id)
