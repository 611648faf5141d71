"""Time-stamps after RFC 3161, made by the authority's own time-stamp certificate."""

from __future__ import annotations

import hashlib
from typing import ClassVar

from asn1crypto import algos, cms, core, tsp
from asn1crypto import x509 as asn1_x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding

from sandbox.authority import Authority

# A policy identifier of our own, below the arc for examples.
POLICY = "2.999.19.1"
SIZES = {"sha256": 32, "sha384": 48, "sha512": 64, "sha1": 20}


class TimeStamps:
    """In: the authority and the clock."""

    def __init__(self, authority: Authority, clock):
        self.authority, self.clock = authority, clock

    def reply(self, request_der: bytes, *, reject: bool = False) -> bytes:
        """The DER TimeStampResp to a DER TimeStampReq; a bad request (or reject) gets a rejection."""
        try:
            request = tsp.TimeStampReq.load(request_der, strict=True)
            imprint = request["message_imprint"]
            algorithm, digest = (
                imprint["hash_algorithm"]["algorithm"].native,
                imprint["hashed_message"].native,
            )
            version = request["version"].native
        except (ValueError, TypeError, KeyError):
            return _rejection("bad_data_format", "the request can't be read")
        if reject:
            return _rejection("system_failure", "refused on purpose")
        if version != "v1" or SIZES.get(algorithm) != len(digest):
            return _rejection("bad_alg", f"{algorithm} with {len(digest)} bytes")
        token = self._token(request)
        return tsp.TimeStampResp({"status": {"status": "granted"}, "time_stamp_token": token}).dump()

    def _token(self, request) -> cms.ContentInfo:
        pair, now = self.authority.time_stamp, self.clock.now().replace(microsecond=0)
        info = {
            "version": "v1",
            "policy": request["req_policy"].native or POLICY,
            "message_imprint": request["message_imprint"],
            "serial_number": int.from_bytes(
                hashlib.sha256(request.dump() + str(now).encode()).digest()[:8], "big"
            ),
            "gen_time": now,
            "accuracy": {"seconds": 1},
        }
        if request["nonce"].native is not None:
            info["nonce"] = request["nonce"].native
        content = tsp.TSTInfo(info).dump()
        attributes = cms.CMSAttributes(
            [
                {"type": "content_type", "values": ["tst_info"]},
                {"type": "message_digest", "values": [hashlib.sha256(content).digest()]},
                {
                    "type": "signing_certificate_v2",
                    "values": [{"certs": [{"cert_hash": hashlib.sha256(pair.der).digest()}]}],
                },
            ]
        )
        certificate = asn1_x509.Certificate.load(pair.der)
        signature = pair.key.sign(attributes.dump(), padding.PKCS1v15(), hashes.SHA256())
        signer = cms.SignerInfo(
            {
                "version": "v1",
                "sid": {
                    "issuer_and_serial_number": {
                        "issuer": certificate.issuer,
                        "serial_number": certificate.serial_number,
                    }
                },
                "digest_algorithm": {"algorithm": "sha256"},
                "signed_attrs": attributes,
                "signature_algorithm": {"algorithm": "sha256_rsa"},
                "signature": signature,
            }
        )
        data = {
            "version": "v3",
            "digest_algorithms": [algos.DigestAlgorithm({"algorithm": "sha256"})],
            "encap_content_info": {"content_type": "tst_info", "content": core.ParsableOctetString(content)},
            "signer_infos": [signer],
        }
        if request["cert_req"].native:
            issuing = self.authority.issuing.certificate.public_bytes(serialization.Encoding.DER)
            data["certificates"] = [certificate, asn1_x509.Certificate.load(issuing)]
        return cms.ContentInfo({"content_type": "signed_data", "content": cms.SignedData(data)})


class _Rejection(core.Sequence):
    """A TimeStampResp without token, which asn1crypto's own class can't write."""

    _fields: ClassVar = [("status", tsp.PKIStatusInfo)]


def _rejection(reason: str, text: str) -> bytes:
    return _Rejection(
        {"status": {"status": "rejection", "status_string": [text], "fail_info": {reason}}}
    ).dump()
