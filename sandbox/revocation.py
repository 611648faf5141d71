"""What the authority says of its certificates: OCSP answers and revocation lists."""

from __future__ import annotations

import datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509 import ocsp

from sandbox.authority import Authority, Pair

_HASHES = {
    "sha1": hashes.SHA1(),
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
}


class Revocation:
    """In: the authority and the clock (the dates of answers follow the virtual one)."""

    def __init__(self, authority: Authority, clock):
        self.authority, self.clock = authority, clock

    def ocsp(self, request_der: bytes, *, stale: bool = False) -> bytes:
        """The DER answer to a DER request. A request that can't be read gets MALFORMED_REQUEST.

        In: stale dates the answer a month back, as a responder would that has stopped working.
        """
        try:
            request = ocsp.load_der_ocsp_request(request_der)
            algorithm = _HASHES.get(request.hash_algorithm.name)
            issuer = self._issuer(request, algorithm)
        except ValueError:
            return _failed(ocsp.OCSPResponseStatus.MALFORMED_REQUEST)
        if issuer is None:
            return _failed(ocsp.OCSPResponseStatus.UNAUTHORIZED)
        now = self.clock.now().replace(microsecond=0)
        if stale:
            now -= datetime.timedelta(days=30)
        status, revoked = self._status(request.serial_number, issuer)
        builder = ocsp.OCSPResponseBuilder().add_response_by_hash(
            issuer_name_hash=request.issuer_name_hash,
            issuer_key_hash=request.issuer_key_hash,
            serial_number=request.serial_number,
            algorithm=algorithm,
            cert_status=status,
            this_update=now,
            next_update=now + datetime.timedelta(hours=1),
            revocation_time=revoked,
            revocation_reason=x509.ReasonFlags.unspecified if revoked else None,
        )
        # The root answers for itself: it has delegated nothing.
        signer = self.authority.ocsp if issuer is self.authority.issuing else issuer
        builder = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, signer.certificate)
        if signer is self.authority.ocsp:
            builder = builder.certificates([signer.certificate])
        for extension in request.extensions:
            if isinstance(extension.value, x509.OCSPNonce):
                builder = builder.add_extension(extension.value, critical=False)
        return builder.sign(signer.key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)

    def crl(self, name: str, *, stale: bool = False) -> bytes:
        """The DER revocation list of 'issuing' or 'root'. Raises LookupError."""
        issuer = {"issuing": self.authority.issuing, "root": self.authority.root}.get(name)
        if issuer is None:
            raise LookupError(name)
        now = self.clock.now().replace(microsecond=0)
        if stale:
            now -= datetime.timedelta(days=30)
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(issuer.certificate.subject)
            .last_update(now)
            .next_update(now + datetime.timedelta(days=1))
            .add_extension(x509.CRLNumber(int(now.timestamp())), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.certificate.public_key()),
                critical=False,
            )
        )
        if name == "issuing":
            query = "SELECT serial, revoked_at FROM certificate WHERE revoked_at <= ?"
            for row in self.authority.store.db.execute(query, (self.clock.time(),)):
                builder = builder.add_revoked_certificate(
                    x509.RevokedCertificateBuilder()
                    .serial_number(int(row["serial"]))
                    .revocation_date(_moment(row["revoked_at"]))
                    .build()
                )
        return builder.sign(issuer.key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)

    def _issuer(self, request, algorithm) -> Pair | None:
        for pair in (self.authority.issuing, self.authority.root):
            digest = hashes.Hash(algorithm or hashes.SHA1())
            digest.update(pair.certificate.subject.public_bytes())
            key = x509.SubjectKeyIdentifier.from_public_key(pair.certificate.public_key()).digest
            # The key's hash is SHA-1 in the identifier; with another algorithm the name has to do.
            same_key = request.issuer_key_hash == key if isinstance(algorithm, hashes.SHA1) else True
            if digest.finalize() == request.issuer_name_hash and same_key:
                return pair
        return None

    def _status(self, serial: int, issuer: Pair):
        if issuer is self.authority.root:
            own = {
                self.authority.root.certificate.serial_number,
                self.authority.issuing.certificate.serial_number,
            }
            return (ocsp.OCSPCertStatus.GOOD if serial in own else ocsp.OCSPCertStatus.UNKNOWN), None
        row = self.authority.store.db.execute(
            "SELECT revoked_at FROM certificate WHERE serial = ?", (str(serial),)
        ).fetchone()
        if row is None:
            services = (self.authority.kernel, self.authority.ocsp, self.authority.time_stamp)
            known = serial in {pair.certificate.serial_number for pair in services}
            return (ocsp.OCSPCertStatus.GOOD if known else ocsp.OCSPCertStatus.UNKNOWN), None
        if row["revoked_at"] is not None and row["revoked_at"] <= self.clock.time():
            return ocsp.OCSPCertStatus.REVOKED, _moment(row["revoked_at"])
        return ocsp.OCSPCertStatus.GOOD, None


def _failed(status) -> bytes:
    return ocsp.OCSPResponseBuilder.build_unsuccessful(status).public_bytes(serialization.Encoding.DER)


def _moment(seconds: float) -> datetime.datetime:
    return datetime.datetime.fromtimestamp(int(seconds), datetime.UTC)
