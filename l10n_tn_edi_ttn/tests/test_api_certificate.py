import base64
import datetime
import hashlib
from unittest.mock import patch

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from psycopg2.errors import UniqueViolation

from odoo import SUPERUSER_ID
from odoo.exceptions import ValidationError
from odoo.tests import tagged
from odoo.tools import config, file_open, mute_logger

from ..models.l10n_tn_edi_api_certificate import PROXY_HEADER
from .common_api import TnEdiApiCommon

SECRET = "a secret of the proxy that is long enough"
DAY = datetime.timedelta(days=1)
LOGGER = "odoo.addons.l10n_tn_edi_ttn.models.l10n_tn_edi_api_certificate"


class Authority:
    """An authority of clients' certificates."""

    def __init__(self, name):
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.key = ec.generate_private_key(ec.SECP256R1())
        ca = x509.BasicConstraints(ca=True, path_length=1)
        self.certificate = self.sign(self.name, self.key, (ca, True))

    def sign(self, subject, key, *extensions, days=30):
        now = datetime.datetime.now(datetime.UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self.name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - 60 * DAY)
            .not_valid_after(now + days * DAY)
        )
        for extension, critical in extensions:
            builder = builder.add_extension(extension, critical=critical)
        return builder.sign(self.key, hashes.SHA256())

    def issue(self, name, usage=ExtendedKeyUsageOID.CLIENT_AUTH, days=30):
        """:return: DER of a client's certificate."""
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        usages = x509.ExtendedKeyUsage([usage])
        certificate = self.sign(subject, ec.generate_private_key(ec.SECP256R1()), (usages, False), days=days)
        return certificate.public_bytes(serialization.Encoding.DER)

    @property
    def pem(self):
        return self.certificate.public_bytes(serialization.Encoding.PEM)


@tagged("post_install_l10n", "post_install", "-at_install")
class TestApiCertificate(TnEdiApiCommon):
    """Calls with a client certificate, as the proxy hands them on."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.startClassPatcher(patch.dict(config._runtime_options, {"l10n_tn_edi_proxy_secret": SECRET}))
        cls.authority = Authority("Authority of clients")
        cls.client = cls.authority.issue("ERP")
        cls.pins = cls.env(user=SUPERUSER_ID)["l10n_tn_edi.api.certificate"]
        cls.pin = cls.make_pin(cls.client)

    @classmethod
    def make_pin(cls, der, user=None, authority=None):
        return cls.pins.create(
            {
                "name": "ERP",
                "user_id": (user or cls.api_user).id,
                "certificate": base64.b64encode(der),
                "authority": base64.b64encode((authority or cls.authority).pem),
            }
        )

    def show(self, der, *, secret=SECRET, chain=None, key=""):
        """:return: the answer to a call for which the proxy says that ``der`` was shown."""
        headers = {"Client-Cert": f":{base64.b64encode(der).decode()}:"}
        if chain:
            headers["Client-Cert-Chain"] = chain
        if secret:
            headers[PROXY_HEADER] = secret
        return self.call("GET", "/invoices", key=key, headers=headers)

    def assert_refused(self, response, code="api.certificate"):
        self.assert_problem(response, code, 401)
        call = self.last_call()
        self.assertEqual((call.status, call.problem, call.user_id.id), (401, code, False))

    # === Let in === #

    def test_a_known_certificate(self):
        self.assertEqual(self.show(self.client).status_code, 200)
        call = self.last_call()
        self.assertEqual(
            (call.user_id, call.company_id, call.credential),
            (self.api_user, self.company, f"certificate:{self.pin.id}"),
        )
        self.assertEqual(self.pin.fingerprint, hashlib.sha256(self.client).hexdigest())

    def test_each_company_for_itself(self):
        other = self.authority.issue("Other ERP")
        self.make_pin(other, self.other_user)
        self.push("A-1")
        headers = {"Client-Cert": f":{base64.b64encode(other).decode()}:", PROXY_HEADER: SECRET}
        self.assert_problem(self.call("GET", "/invoices/A-1", key="", headers=headers), "api.not_found", 404)
        headers["Client-Cert"] = f":{base64.b64encode(self.client).decode()}:"
        self.call("GET", "/invoices/A-1", key="", headers=headers, status=200)

    def test_an_authority_between(self):
        between = Authority("Between")
        between.certificate = self.authority.sign(
            between.name, between.key, (x509.BasicConstraints(ca=True, path_length=0), True)
        )
        client = between.issue("ERP below")
        self.make_pin(client, authority=between)
        pin = self.pins.search([("fingerprint", "=", hashlib.sha256(client).hexdigest())])
        pin.authority = base64.b64encode(between.pem + self.authority.pem)
        der = between.certificate.public_bytes(serialization.Encoding.DER)
        self.assertEqual(self.show(client, chain=f":{base64.b64encode(der).decode()}:").status_code, 200)

    def test_a_key_counts_where_one_is_shown(self):
        response = self.show(self.client, key="wrong")
        self.assert_problem(response, "api.unauthorized", 401)
        self.assertEqual(self.show(self.authority.issue("Any"), key=self.key).status_code, 200)

    # === Refused === #

    @mute_logger(LOGGER)
    def test_without_the_proxy(self):
        for secret in (None, "", "wrong", SECRET[:-1], "é" * 40):
            with self.subTest(secret=secret):
                self.assert_refused(self.show(self.client, secret=secret and secret.encode()), "api.proxy")

    @mute_logger(LOGGER)
    def test_a_server_without_a_good_secret_lets_nobody_in(self):
        for secret in ("", "short"):
            with patch.dict(config._runtime_options, {"l10n_tn_edi_proxy_secret": secret}):
                self.assert_refused(self.show(self.client, secret=secret), "api.proxy")

    def test_another_certificate(self):
        self.assert_refused(self.show(self.authority.issue("ERP")))
        self.assert_refused(self.show(Authority("Authority of clients").issue("ERP")))

    def test_expired_or_revoked(self):
        late = self.authority.issue("Late", days=1)
        self.make_pin(late)
        with self.later(days=2):
            self.assert_refused(self.show(late))
        self.pin.active = False
        self.assert_refused(self.show(self.client))
        self.pin.active = True
        self.assertEqual(self.show(self.client).status_code, 200)
        self.pin.unlink()
        self.assert_refused(self.show(self.client))

    def later(self, **delta):
        class Later(datetime.datetime):
            @classmethod
            def now(cls, tz=None):
                return super().now(tz) + datetime.timedelta(**delta)

        return patch(f"{LOGGER}.datetime", Later)

    def test_headers_that_are_none(self):
        for value in ("", "x", "::", ":AAAA", ":AA=A:", ":AAAA:, :AAAA:", "too long", f":{'A' * 20000}:"):
            with self.subTest(value=value[:20]):
                headers = {"Client-Cert": value, PROXY_HEADER: SECRET}
                self.assert_refused(self.call("GET", "/invoices", key="", headers=headers))
        self.assert_refused(self.show(self.client, chain="nonsense"))

    def test_the_api_switched_off(self):
        self.company.sudo().l10n_tn_edi_api_enabled = False
        self.assert_problem(self.show(self.client), "api.off", 403)

    # === Settings === #

    def test_what_cannot_be_used_is_said_at_once(self):
        foreign = Authority("Another")
        server = self.authority.issue("Server", ExtendedKeyUsageOID.SERVER_AUTH)
        for der, user, authority in (
            (self.authority.issue("ERP 2"), None, foreign),
            (server, None, None),
            (self.authority.issue("Old", days=-1), None, None),
            (b"nonsense", None, None),
            (self.authority.issue("ERP 3"), self.env.user, None),
        ):
            with self.assertRaises(ValidationError), self.env.cr.savepoint():
                self.make_pin(der, user, authority)

    def test_one_certificate_one_user(self):
        with mute_logger("odoo.sql_db"), self.assertRaises(UniqueViolation), self.env.cr.savepoint():
            self.make_pin(self.client, self.other_user)

    def test_a_neutralised_copy_knows_none(self):
        self.env.flush_all()
        with file_open("l10n_tn_edi_ttn/data/neutralize.sql") as script:
            self.env.cr.execute(script.read())
        self.env.invalidate_all()
        self.assertFalse(self.pin.active)

    def test_views_load(self):
        for kind in ("list", "form"):
            self.pins.get_view(view_type=kind)
