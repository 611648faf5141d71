"""Client certificates through a real nginx with the documented configuration, and around it."""

import base64
import datetime
import ipaddress

import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tests.live.harness import api, rpc
from tests.live.harness import database as databases
from tests.live.harness.company import Company
from tests.live.harness.nginx import Nginx
from tests.live.harness.odoo import HttpServer

SECRET = "what-nginx-and-odoo-know-and-nobody-else-does"
PEM, DAY = serialization.Encoding.PEM, datetime.timedelta(days=1)


class Authority:
    """:param Path folder: where its files and those of whom it certifies are written."""

    def __init__(self, folder, name):
        self.folder = folder
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.certificate = self._sign(
            self.name, self.key, x509.BasicConstraints(ca=True, path_length=0), True
        )
        self.file = folder / f"{name}.pem"
        self.file.write_bytes(self.certificate.public_bytes(PEM))

    def _sign(self, subject, key, extension, critical, bits=()):
        now = datetime.datetime.now(datetime.UTC)
        builder = x509.CertificateBuilder().subject_name(subject).issuer_name(self.name)
        builder = builder.public_key(key.public_key()).serial_number(x509.random_serial_number())
        builder = builder.not_valid_before(now - DAY).not_valid_after(now + DAY)
        for one in (extension, *bits):
            builder = builder.add_extension(one, critical=critical and one is extension)
        return builder.sign(self.key, hashes.SHA256())

    def issue(self, name, usage=ExtendedKeyUsageOID.CLIENT_AUTH, padding=0):
        """:param int padding: bytes by which it is made longer.
        :return: (path of the certificate, path of its key, DER).
        """
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        names = [
            x509.IPAddress(ipaddress.ip_address("127.0.0.1")),
            x509.DNSName("x" * padding or "localhost"),
        ]
        alternative = x509.SubjectAlternativeName(names)
        certificate = self._sign(subject, key, x509.ExtendedKeyUsage([usage]), False, [alternative])
        paths = self.folder / f"{name}.pem", self.folder / f"{name}.key"
        paths[0].write_bytes(certificate.public_bytes(PEM))
        paths[1].write_bytes(
            key.private_bytes(PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        )
        return str(paths[0]), str(paths[1]), certificate.public_bytes(serialization.Encoding.DER)


@pytest.fixture
def world(database, ttn, tmp_path, start):
    """nginx before Odoo, an authority, a client whose certificate Odoo knows."""
    authority = Authority(tmp_path, "authority")
    server_certificate = authority.issue("server", ExtendedKeyUsageOID.SERVER_AUTH)
    odoo = HttpServer(database, options={"l10n_tn_edi_proxy_secret": SECRET, "proxy_mode": "True"})
    start(odoo)
    admin = rpc.Session(odoo.url, database, "admin", "admin")
    company = Company(admin, ttn)
    api.switch_on(admin)
    key = api.make_key(admin)
    user = company.find("res.users", [("l10n_tn_edi_api_company_id", "=", 1)])
    nginx = start(Nginx(tmp_path, odoo.port, SECRET))
    assert server_certificate
    return World(nginx, odoo, admin, authority, user, key, tmp_path)


class World:
    def __init__(self, nginx, odoo, admin, authority, user, key, folder):
        self.nginx, self.odoo, self.admin, self.authority = nginx, odoo, admin, authority
        self.user, self.key, self.folder = user, key, folder

    def know(self, der, authority=None):
        values = {
            "name": "ERP",
            "user_id": self.user,
            "certificate": base64.b64encode(der).decode(),
            "authority": base64.b64encode((authority or self.authority).file.read_bytes()).decode(),
        }
        return self.admin.call("l10n_tn_edi.api.certificate", "create", [values])[0]

    def get(self, certificate=None, headers=None, url=None):
        """:return: (status, problem code or None) of a call of the list, and how Odoo noted it."""
        with requests.Session() as session:
            session.trust_env = False
            answer = session.get(
                f"{url or self.nginx.url}/l10n_tn_edi/api/v1/invoices",
                cert=certificate and certificate[:2],
                verify=str(self.authority.file),
                headers=headers,
                timeout=30,
            )
        [[status, problem, credential]] = databases.query(
            self.odoo.database,
            "SELECT status, problem, credential FROM l10n_tn_edi_api_call ORDER BY id DESC LIMIT 1",
        )
        assert status == answer.status_code, "each call leaves its row"
        value = answer.json()
        assert value.get("code") == problem
        return status, problem, credential


def forged(der):
    return {"Client-Cert": f":{base64.b64encode(der).decode()}:"}


def test_client_certificates_through_nginx_and_around_it(world):
    client = world.authority.issue("client")
    pin = world.know(client[2])
    foreign_authority = Authority(world.folder, "foreign")
    foreign = foreign_authority.issue("client of another")
    unknown = ("api.unauthorized", None)

    assert world.get(client) == (200, None, f"certificate:{pin}")
    assert world.get(headers={"Authorization": f"Bearer {world.key}"})[0] == 200
    assert world.get()[1:] == unknown, "no certificate, no key"
    assert world.get(foreign)[1:] == ("api.certificate", None), "of a foreign authority"
    assert world.get(world.authority.issue("other"))[1:] == ("api.certificate", None), "a stranger"

    # What a caller writes under the names of the proxy's headers is replaced.
    secret = {"X-L10n-Tn-Edi-Proxy": SECRET}
    for headers in (forged(client[2]), forged(client[2]) | secret, {"Client-Cert-Chain": ":AAAA:"} | secret):
        assert world.get(headers=headers)[1:] == unknown
        assert world.get(foreign, headers)[1:] == ("api.certificate", None)
    assert world.get(client, forged(foreign[2]))[0] == 200, "the certificate shown is the one that counts"

    # Straight to Odoo, around the proxy.
    direct = {"url": world.odoo.url}
    assert world.get(headers=forged(client[2]), **direct)[1] == "api.proxy"
    wrong = forged(client[2]) | {"X-L10n-Tn-Edi-Proxy": SECRET[:-1]}
    assert world.get(headers=wrong, **direct)[1] == "api.proxy"
    key = {"Authorization": f"Bearer {world.key}"}
    assert world.get(headers=forged(client[2]) | key, **direct)[1] == "api.proxy"

    # A certificate as long as nginx can hand on, and one that is longer.
    long = world.authority.issue("long", padding=1600)
    long_pin = world.know(long[2])
    assert world.get(long) == (200, None, f"certificate:{long_pin}")
    assert world.get(world.authority.issue("longer", padding=4000))[1] == "api.certificate"

    # Revoked
    world.admin.call("l10n_tn_edi.api.certificate", "write", [pin], {"active": False})
    assert world.get(client)[1:] == ("api.certificate", None)

    log = (world.folder / "access.log").read_text()
    assert SECRET not in log and "BEGIN" not in log
