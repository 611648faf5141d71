"""TTN's profile point by point: what a signature shows beside what is demanded.

A point that is missed does not make the signature false: TTN's platform decides what it takes. It tells whoever reads
the report why TTN may refuse it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from lxml import etree

from . import certificates
from .codes import CATALOGUE
from .profile import Profile
from .structure import EXCLUSIVE, NO_REFERENCE, NO_SIGNATURE, Parts, Reference, Transform

_SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"
_RSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
_DIGEST_NAMES = {
    "http://www.w3.org/2000/09/xmldsig#sha1": "sha1",
    _SHA256: "sha256",
    "http://www.w3.org/2001/04/xmldsig-more#sha384": "sha384",
    "http://www.w3.org/2001/04/xmlenc#sha512": "sha512",
}
#: Id of the document's reference and transforms by Id of the signature; TTN's own signature covers RefTtnVal.
_BY_ID = {
    "SigFrs": ("r-id-frs", (NO_SIGNATURE, NO_REFERENCE, EXCLUSIVE)),
    "SigTTN": ("r-id-ttn", (NO_SIGNATURE, EXCLUSIVE)),
    # TTN's guide names it and shows none: the Id of its reference is anybody's guess
    "SigCEv": (None, (NO_SIGNATURE, NO_REFERENCE, EXCLUSIVE)),
}


@dataclass(frozen=True, slots=True)
class Point:
    """One point of the profile: ``code`` (``profile.…``), whether it is ``met``, what was ``found`` and ``expected``."""

    code: str
    met: bool
    found: str
    expected: str

    def as_dict(self) -> dict:
        """The point as a JSON-able dict, with its English label."""
        return {
            "code": self.code,
            "label": CATALOGUE[self.code],
            "met": self.met,
            "found": self.found,
            "expected": self.expected,
        }


def points_of(
    parts: Parts,
    document: Reference | None,
    properties: Reference | None,
    signature: etree._Element,
    profile: Profile,
    signer: bytes | None,
) -> Iterator[Point]:
    """The points of ``profile`` for a signature taken apart; ``document`` and ``properties`` are its two references."""
    expected_id = parts.id if parts.id in _BY_ID else "SigFrs"
    reference_id, transforms = _BY_ID[expected_id]
    said = parts.properties
    yield _point("signature_id", parts.id, expected_id)
    yield _point("value_id", parts.value_id, f"value-{expected_id}")
    yield _point("signature_method", parts.method, _RSA_SHA256)
    if document is not None:
        reference_id = reference_id or document.id
        yield _point("reference_id", document.id, reference_id)
        yield _point("reference_type", document.type, "")
        yield _point("transforms", _readable(document.transforms), _readable(transforms))
        yield _point("document_digest", document.digest_method, _SHA256)
    yield _point("properties_id", parts.properties_id, f"xades-{expected_id}")
    if properties is not None:
        yield _point("properties_digest", properties.digest_method, _SHA256)
    yield Point(_code("signing_time"), (said.signing_time or "").endswith("Z"), said.signing_time or "", "…Z")
    method = said.certificate_digest_method
    yield _point("certificate_digest", _DIGEST_NAMES.get(method, method), profile.certificate_digest)
    yield _point("issuer_serial", "absent" if said.issuer_serial is None else "present", "present")
    yield _point("policy_oid", said.policy_oid, profile.policy_oid)
    yield _point("policy_qualifier", said.policy_qualifier, profile.policy_qualifier)
    yield _point("policy_description", said.policy_description, profile.policy_description)
    yield _point(
        "policy_hash",
        f"{_DIGEST_NAMES.get(said.policy_hash_method)} {said.policy_hash}",
        f"sha256 {profile.policy_hash_b64}",
    )
    yield _point("policy_uri", said.policy_uri, profile.policy_uri)
    yield _point("role", ", ".join(said.roles), profile.role)
    yield _point(
        "data_object",
        f"{said.object_reference} {said.mime_type}",
        f"#{reference_id} application/octet-stream",
    )
    yield _point("no_place", "present" if said.has_place else "absent", "absent")
    yield Point(
        _code("signer_first"),
        signer is not None and parts.certificates[0] == signer,
        _holder(parts.certificates[0]),
        _holder(signer),
    )
    yield _point("certificates_only", "yes" if parts.only_certificates else "no", "yes")
    if expected_id == "SigFrs":
        followers = [etree.QName(one).localname for one in signature.itersiblings(etree.Element)]
        # What TTN adds comes behind it or before it; the supplier's own content must not
        strays = [name for name in followers if name not in ("RefTtnVal", "Signature")]
        yield _point("position", ", ".join(strays), "")


def _point(name: str, found: str | None, expected: str) -> Point:
    return Point(_code(name), found == expected, found or "", expected)


def _code(name: str) -> str:
    return f"profile.{name}"


def _readable(transforms: tuple[Transform, ...]) -> str:
    return " | ".join(f"{one.algorithm.rpartition('/')[2]} {one.detail}".strip() for one in transforms)


def _holder(certificate: bytes | None) -> str:
    try:
        return certificates.describe(certificate).holder if certificate else ""
    except ValueError:
        return ""
