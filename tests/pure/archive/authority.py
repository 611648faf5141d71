"""A time-stamp authority and a company's signer for the tests: real tokens, at any time one wants."""

import hashlib
from datetime import UTC, datetime, timedelta
from functools import cache

from asn1crypto import cms, core, tsp
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.x509.oid import ExtendedKeyUsageOID

from archive import timestamps
from signature import cades, trust
from tests.pure.signature import pki

POLICY = "2.999.7.1"
STAMPING = (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), True)


@cache
def root():
    """:return: the authority above everybody in these tests."""
    return pki.Authority("Archive Test Root")


class StampAuthority:
    """Makes RFC 3161 answers. ``key``: RSA or EC; ``extensions``: of its certificate."""

    def __init__(self, key=None, extensions=(STAMPING,), **options):
        self.key = key or pki.rsa_key("stamps")
        name = pki.subject("Test Stamps", country="TN")
        options.setdefault("usage", ("digital_signature",))
        self.certificate = pki.der(
            root().issue(name, self.key.public_key(), extensions=extensions, **options)
        )

    def token(self, digest, at, algorithm="sha256", *, nonce=None, named=True, content_digest=None):
        """:return: the DER token over ``digest`` made ``at`` a time."""
        own = asn1_x509.Certificate.load(self.certificate)
        info = {
            "version": "v1",
            "policy": POLICY,
            "message_imprint": {"hash_algorithm": {"algorithm": algorithm}, "hashed_message": digest},
            "serial_number": int.from_bytes(digest[:6], "big"),
            "gen_time": at,
        }
        if nonce is not None:
            info["nonce"] = nonce
        content = tsp.TSTInfo(info).dump()
        attributes = [
            {"type": "content_type", "values": ["tst_info"]},
            {
                "type": "message_digest",
                "values": [content_digest or hashlib.new(algorithm, content).digest()],
            },
        ]
        if named:
            named_hash = {"cert_hash": hashlib.sha256(self.certificate).digest()}
            attributes.append({"type": "signing_certificate_v2", "values": [{"certs": [named_hash]}]})
        attributes = cms.CMSAttributes(attributes)
        chosen = {"sha256": hashes.SHA256, "sha384": hashes.SHA384, "sha512": hashes.SHA512}[algorithm]()
        if isinstance(self.key, ec.EllipticCurvePrivateKey):
            method, value = f"{algorithm}_ecdsa", self.key.sign(attributes.dump(), ec.ECDSA(chosen))
        else:
            method, value = f"{algorithm}_rsa", self.key.sign(attributes.dump(), padding.PKCS1v15(), chosen)
        signer = {
            "version": "v1",
            "sid": {"issuer_and_serial_number": {"issuer": own.issuer, "serial_number": own.serial_number}},
            "digest_algorithm": {"algorithm": algorithm},
            "signed_attrs": attributes,
            "signature_algorithm": {"algorithm": method},
            "signature": value,
        }
        data = {
            "version": "v3",
            "digest_algorithms": [{"algorithm": algorithm}],
            "encap_content_info": {"content_type": "tst_info", "content": core.ParsableOctetString(content)},
            "certificates": [own, asn1_x509.Certificate.load(root().der)],
            "signer_infos": [signer],
        }
        return cms.ContentInfo({"content_type": "signed_data", "content": cms.SignedData(data)}).dump()

    def answer(self, request, at, **options):
        """:return: the DER response to a DER request."""
        asked = tsp.TimeStampReq.load(request)
        imprint = asked["message_imprint"]
        token = self.token(
            imprint["hashed_message"].native,
            at,
            imprint["hash_algorithm"]["algorithm"].native,
            nonce=asked["nonce"].native,
            **options,
        )
        return tsp.TimeStampResp(
            {"status": {"status": "granted"}, "time_stamp_token": cms.ContentInfo.load(token)}
        ).dump()


class Company:
    """Signs seals. ``matricule``: what its certificate says."""

    def __init__(self, name="Société Exemple", matricule="1234567A"):
        self.key, certificate = root().signer(name, matricule)
        self.chain = [certificate, root().der]

    def sign(self, data, at=pki.NOW):
        """:return: the CAdES signature (DER) of ``data``."""
        prepared = cades.prepare(hashlib.sha256(data).digest(), self.chain, at)
        value = self.key.sign(prepared.to_sign, padding.PKCS1v15(), hashes.SHA256())
        return cades.complete(prepared.state, value)


def trusting(signer, others, at):
    """What :data:`archive.cms.Trust` wants: the path up to :func:`root`."""
    path = trust.build_path(signer, others, [root().der], at)
    return [one.message for one in path.problems]


def judge(token, digest, algorithm):
    """What :data:`archive.evidence.StampJudge` wants."""
    return timestamps.verify(token, digest, algorithm=algorithm, trust=trusting)


def day(number):
    """:return: the evening of a day, counted from a month before now."""
    return datetime(pki.NOW.year, pki.NOW.month, pki.NOW.day, 20, tzinfo=UTC) + timedelta(days=number - 30)
