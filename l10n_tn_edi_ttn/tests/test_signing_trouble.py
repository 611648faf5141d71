import base64
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import NameOID

from odoo.exceptions import UserError
from odoo.tests import tagged

from .common import COMPANY_MATRICULE
from .common_flow import TnEdiFlowCommon


@tagged("post_install_l10n", "post_install", "-at_install")
class TestSigningTrouble(TnEdiFlowCommon):
    """Certificates that TTN would refuse: a state, a sentence for a bookkeeper, nothing lost, nothing deposited twice."""

    def use(self, pkcs12_file, *declared):
        self.sandbox.account(self.login, declare=list(declared))
        self.provider.pkcs12_file = base64.b64encode(pkcs12_file)

    def issue(self, **dates):
        """:return: a certificate file of the sandbox's authority and its serial number."""
        return self.sandbox.certificate("FOURNISSEUR ESSAI", COMPANY_MATRICULE, self.passphrase, **dates)

    def foreign(self):
        """:return: a certificate file of an authority that nobody knows, and its serial number."""
        key, authority = (rsa.generate_private_key(public_exponent=65537, key_size=2048) for _one in range(2))
        subject, issuer = (
            x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
            for name in ("FOURNISSEUR", "INCONNUE CA")
        )
        now = datetime.now(UTC)
        certificate = (
            x509.CertificateBuilder(issuer, subject, key.public_key(), x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=300))
            .sign(authority, hashes.SHA256())
        )
        cipher = serialization.BestAvailableEncryption(self.passphrase.encode())
        return (
            pkcs12.serialize_key_and_certificates(b"x", key, certificate, None, cipher),
            str(certificate.serial_number),
        )

    def mend(self, document):
        """The right certificate again: the same document is deposited, once."""
        self.provider.pkcs12_file = base64.b64encode(self.pkcs12)
        document = self.document_of(document.move_id)
        if document.state in ("error", "rejected"):
            document.sudo(False).with_user(self.env.user).action_correct()
            document = self.document_of(document.move_id)
        for _asked_first_signed_anew in range(3):
            self.submit()
            self.follow()
        self.assertEqual(document.state, "accepted", document.reason)
        self.assertEqual(len({row["deposit_id"] for row in self.saves() if row["outcome"] == "deposited"}), 1)

    def test_not_yet_valid(self):
        early, serial = self.issue(not_before="2031-01-01", not_after="2033-01-01")
        self.use(early, serial)
        document = self.post()
        self.submit()
        self.assertEqual((document.state, document.reason_code), ("error", "certificate.not_yet_valid"))
        self.assert_sentence(document, "01/01/2031")
        self.assertFalse(self.saves(), "nothing was sent")
        self.mend(document)

    def test_expired(self):
        late, serial = self.issue(not_before="2022-01-01", not_after="2024-01-01")
        self.use(late, serial)
        document = self.post()
        self.submit()
        self.assertEqual((document.state, document.reason_code), ("error", "certificate.expired"))
        self.assert_sentence(document, "01/01/2024")
        self.assertFalse(self.saves())
        self.mend(document)

    def test_not_declared(self):
        """SERV09: only TTN knows which serial numbers it was told."""
        undeclared, _serial = self.issue()
        self.use(undeclared)
        document = self.post()
        self.submit()
        # The bytes are good: they wait, as all others of the account do, until the certificate is declared or another is used
        self.assertEqual(document.state, "signed")
        self.assert_sentence(document)
        self.assertIn("declare", document.with_context(lang="en_US").reason.lower())
        self.assertEqual(len(self.saves()), 1)
        self.submit()
        self.assertEqual(len(self.saves()), 1, "not again by itself")
        self.mend(document)

    def test_another_certificate_signs_what_waits_anew(self):
        """What was signed with the refused certificate is not tried with it again, one after the other."""
        undeclared, _serial = self.issue()
        self.use(undeclared)
        documents = self.documents.union(*(self.post() for _number in range(3)))
        self.submit()
        self.assertEqual(set(documents.mapped("state")), {"signed"})
        self.sandbox.account(self.login, declare=[self.serial])
        self.provider.pkcs12_file = base64.b64encode(self.pkcs12)
        for _asked_first_signed_anew in range(3):
            self.submit()
            self.follow()
        self.assertEqual(set(documents.mapped("state")), {"accepted"}, documents.mapped("reason"))
        outcomes = [row["outcome"] for row in self.saves()]
        self.assertEqual((outcomes.count("refused"), outcomes.count("deposited")), (1, 3))

    def test_foreign_chain(self):
        foreign, serial = self.foreign()
        self.use(foreign, serial)
        document = self.post()
        self.submit()
        self.assertEqual(document.state, "signed")
        self.assert_sentence(document)
        self.assertFalse([row for row in self.saves() if row["outcome"] == "deposited"])
        self.mend(document)

    def test_revoked_and_only_ttn_knows(self):
        """The authority's services are asked once a day; TTN may know earlier."""
        revoked, serial = self.issue()
        self.use(revoked, serial)
        self.sandbox.call("POST", f"certificates/{serial}/revoke")
        document = self.post()
        self.submit()
        self.assertEqual(document.state, "rejected")
        self.assert_sentence(document)
        self.assertFalse([row for row in self.saves() if row["outcome"] == "deposited"])
        self.mend(document)

    def test_wrong_passphrase(self):
        self.provider.pkcs12_passphrase = "not this one"
        document = self.post()
        self.submit()
        self.assertEqual((document.state, document.reason_code), ("error", "pkcs12.wrong_passphrase"))
        self.assert_sentence(document, "passphrase")
        self.assertNotIn("not this one", document.reason)
        self.provider.pkcs12_passphrase = self.passphrase
        self.mend(document)

    def test_a_form_that_shows_sizes_of_files(self):
        """Views ask for the size of files; what signs reads them whole."""
        provider = self.provider.with_context(bin_size=True)
        self.assertEqual(provider.action_test()["params"]["type"], "success")
        provider.pkcs12_passphrase = "not this one"
        with self.assertRaises(UserError):
            provider.action_test()
