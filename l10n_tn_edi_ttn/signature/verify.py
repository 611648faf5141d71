"""Verify the signatures of a TEIF document: intact or altered, by whom, and which points of TTN's profile are met.

Written apart from the signer, on lxml and `cryptography` alone. Nothing that the document names is fetched, no XPath of
it is evaluated: its transforms are compared as texts with the few that TTN's documents use, and applied by our own code.

``intact`` says that the content is what the holder of the certificate's key signed. It does not say that the
certificate is to be trusted (:mod:`.trust`), nor that a signature called SigTTN is TTN's: look at its chain.
"""

from __future__ import annotations

import base64
import copy
import hashlib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from lxml import etree

from . import certificates, der, profile, structure
from .points import Point, points_of
from .problems import Problem, problem
from .structure import (
    C14N,
    DS,
    EXCLUSIVE,
    FILTER2,
    NO_REFERENCE,
    NO_SIGNATURE,
    Parts,
    StructureError,
    Transform,
)

#: A profile, or what gives the one for a signature's Id and time.
Expected = profile.Profile | Callable[[str, datetime | None], profile.Profile]
MAX_SIGNATURES = 10
SIGNATURE = f"{{{DS}}}Signature"
#: What a RefTtnVal may hold; the supplier's signature leaves it out, so that anything else could hide there.
REFERENCE_CONTENT = frozenset({"ReferenceTTN", "ReferenceDate", "DateText", "ReferenceCEV"})
SIGNED_PROPERTIES_TYPE = "http://uri.etsi.org/01903#SignedProperties"

DIGESTS = {
    "http://www.w3.org/2001/04/xmlenc#sha256": hashlib.sha256,
    "http://www.w3.org/2001/04/xmldsig-more#sha384": hashlib.sha384,
    "http://www.w3.org/2001/04/xmlenc#sha512": hashlib.sha512,
}
#: To name a certificate whose key must match anyway, SHA-1 still does; TTN's profile demands it.
CERTIFICATE_DIGESTS = {**DIGESTS, "http://www.w3.org/2000/09/xmldsig#sha1": hashlib.sha1}
_RSA = {
    "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256": hashes.SHA256,
    "http://www.w3.org/2001/04/xmldsig-more#rsa-sha384": hashes.SHA384,
    "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512": hashes.SHA512,
}
_ECDSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"
_ECDSA_SIZE = 32  # bytes of r and of s on P-256

_SUBTRACT = Transform(FILTER2, "subtract /descendant::ds:Signature")
#: Accepted transforms of the document's reference, and whether they leave RefTtnVal out.
DOCUMENT_TRANSFORMS = {
    (NO_SIGNATURE, NO_REFERENCE, EXCLUSIVE): True,
    (NO_SIGNATURE, EXCLUSIVE): False,
    (_SUBTRACT, EXCLUSIVE): False,
}


@dataclass(frozen=True, slots=True)
class SignatureReport:
    """What one signature is worth.

    ``id``: its Id (SigFrs, SigTTN, SigCEv…), '' when it has none; ``intact``: no finding is breaking; ``findings``: all
    of them; ``points``: TTN's profile point by point; ``signer_der`` and ``chain``: certificates as they are in it,
    signer first; ``signature_value``: base64 without white space; ``document_digest``: base64, as the signature states
    it; ``covers_reference``: RefTtnVal is part of what was signed; ``reindented``: it holds only once white space
    between elements is removed (TTN returns documents written anew).
    """

    id: str
    intact: bool
    findings: tuple[Problem, ...]
    points: tuple[Point, ...] = ()
    signer_der: bytes | None = None
    chain: tuple[bytes, ...] = ()
    signing_time: datetime | None = None
    signature_value: str = ""
    document_digest: str = ""
    policy: str | None = None
    role: str | None = None
    covers_reference: bool = False
    reindented: bool = False

    def as_dict(self) -> dict:
        """The report as a JSON-able dict."""
        signer = certificates.describe(self.signer_der).as_dict() if self.signer_der is not None else None
        return {
            "id": self.id,
            "intact": self.intact,
            "findings": [one.as_dict() for one in self.findings],
            "points": [one.as_dict() for one in self.points],
            "signer": signer,
            "signing_time": self.signing_time.isoformat() if self.signing_time else None,
            "signature_value": self.signature_value,
            "document_digest": self.document_digest,
            "policy": self.policy,
            "role": self.role,
            "covers_reference": self.covers_reference,
            "reindented": self.reindented,
        }


def verify(
    root: etree._Element, *, at: datetime | None = None, expected: Expected = profile.demanded
) -> list[SignatureReport]:
    """A report for each ds:Signature that is a child of ``root``, in document order; empty when there is none.

    ``root``: the root element of a document parsed by the parser for foreign XML, white space kept; it is not changed.
    ``at``: when the certificates must be valid (default: each signature's own time). ``expected``: the profile whose
    points are looked at, or what gives it for the Id and the time of a signature. Raises ValueError when ``root`` is
    not its document's root.
    """
    if root.getroottree().getroot() is not root:
        raise ValueError("the root element of the document is needed")
    signatures = root.findall(SIGNATURE)
    if not signatures:
        return []
    around = document_problems(root)
    covered: dict[bool, bytes] = {}
    return [_report(one, root, around, covered, at, expected) for one in signatures[:MAX_SIGNATURES]]


def verify_tolerant(
    root: etree._Element, *, at: datetime | None = None, expected: Expected = profile.demanded
) -> list[SignatureReport]:
    """As :func:`verify`, but a signature that fails is looked at again without the white space between elements.

    For documents that came back from TTN, which writes them anew. What passes only so has ``reindented`` set.
    """
    reports = verify(root, at=at, expected=expected)
    if all(report.intact for report in reports):
        return reports
    again = verify(strip_whitespace_only_text(root), at=at, expected=expected)
    return [
        first if first.intact or not second.intact else replace(second, reindented=True)
        for first, second in zip(reports, again, strict=True)
    ]


def strip_whitespace_only_text(root: etree._Element) -> etree._Element:
    """A copy of the document of ``root`` without the white space between elements; its root. Texts stay as they are."""
    root = copy.deepcopy(root.getroottree()).getroot()
    for element in root.iter():
        if len(element) and not _says(element.text):
            element.text = None
        if not _says(element.tail):
            element.tail = None
    return root


def document_problems(root: etree._Element) -> list[Problem]:
    """What makes every signature of the document doubtful: things in the wrong place, doubled, or cut by comments."""
    problems = []
    if root.tag != "TEIF":
        problems.append(problem("document.root", found=root.tag))
    signatures = list(root.iter(SIGNATURE))
    if len(signatures) > MAX_SIGNATURES:
        problems.append(problem("signature.several", count=len(signatures)))
    for element in signatures:
        if element.getparent() is not root:
            problems.append(problem("signature.misplaced", parent=_name(element.getparent())))
    references = list(root.iter("RefTtnVal"))
    if len(references) > 1:
        problems.append(problem("document.reference_several", count=len(references)))
    for element in references:
        if element.getparent() is not root:
            problems.append(problem("document.reference_misplaced", parent=_name(element.getparent())))
        strays = [
            _name(one) for one in element.iterdescendants(etree.Element) if one.tag not in REFERENCE_CONTENT
        ]
        if strays:
            problems.append(problem("document.reference_content", element=strays[0]))
    identifiers = Counter(
        value
        for element in root.iter(etree.Element)
        if element.attrib
        for name, value in element.attrib.items()
        if name.rpartition("}")[2].lower() == "id"
    )
    problems += [
        problem("document.duplicate_id", id=value) for value, count in identifiers.items() if count > 1
    ]
    # Comments are not signed: one inside "1<!-- -->00" makes readers of the first text see another amount
    for node in root.iter(etree.Comment, etree.PI):
        before = node.getprevious()
        text = node.getparent().text if before is None else before.tail
        if _says(text) or _says(node.tail):
            problems.append(problem("document.comment", element=_name(node.getparent())))
    return problems


def _report(signature, root, around, covered, at, expected) -> SignatureReport:
    """The report on one ``signature``. ``covered`` keeps the document's canonical bytes between signatures."""
    name = signature.get("Id") or ""
    try:
        parts = structure.read(signature)
    except StructureError as error:
        return SignatureReport(name, False, (*around, problem("signature.structure", reason=str(error))))
    findings = list(around)
    document, properties = _references(parts, findings)
    leaves_out = DOCUMENT_TRANSFORMS.get(document.transforms) if document else None
    if document:
        if leaves_out is None:
            findings.append(problem("signature.transforms", reference="document"))
        else:
            if leaves_out not in covered:
                covered[leaves_out] = _canonical_document(root, leaves_out)
            _check_digest(document, "document", covered[leaves_out], findings)
    if properties:
        if properties.transforms != (EXCLUSIVE,):
            findings.append(problem("signature.transforms", reference="properties"))
        else:
            _check_digest(properties, "properties", _canonical(parts.properties_element), findings)
    signer = _signer(parts, findings)
    _check_value(parts, signer, findings)
    if not parts.id or parts.target != f"#{parts.id}" or parts.value_id not in (None, f"value-{parts.id}"):
        findings.append(problem("signature.target"))
    covers = leaves_out is False and root.find("RefTtnVal") is not None
    if name == "SigTTN" and not covers:
        findings.append(problem("signature.reference_uncovered"))
    signing_time = _signing_time(parts, findings)
    _check_usable(signer, at or signing_time, findings)
    wanted = expected if isinstance(expected, profile.Profile) else expected(name, signing_time)
    chain = sorted(parts.certificates, key=lambda one: one != signer)
    return SignatureReport(
        id=name,
        intact=not any(one.breaking for one in findings),
        findings=tuple(findings),
        points=tuple(points_of(parts, document, properties, signature, wanted, signer)),
        signer_der=signer,
        chain=tuple(chain),
        signing_time=signing_time,
        signature_value=parts.value_b64,
        document_digest=_b64(document.digest) if document else "",
        policy=parts.properties.policy_oid,
        role=", ".join(parts.properties.roles) or None,
        covers_reference=covers,
    )


def _references(parts: Parts, findings: list[Problem]):
    """The references of the document and of the signed properties; None for one that is not there as it must be."""
    own = f"#{parts.properties_id}" if parts.properties_id else None
    documents = [one for one in parts.references if one.uri == "" and not one.type]
    properties = [one for one in parts.references if one.uri == own and one.type == SIGNED_PROPERTIES_TYPE]
    if len(documents) != 1 or len(properties) != 1:
        findings.append(problem("signature.references"))
    return documents[0] if len(documents) == 1 else None, properties[0] if len(properties) == 1 else None


def _check_digest(reference: structure.Reference, name: str, content: bytes, findings: list[Problem]) -> None:
    digest = DIGESTS.get(reference.digest_method)
    if digest is None:
        findings.append(problem("signature.digest_method", found=reference.digest_method, reference=name))
    elif digest(content).digest() != reference.digest:
        findings.append(problem(f"signature.{name}_digest"))


def _canonical_document(root: etree._Element, without_reference: bool) -> bytes:
    """What the transforms make of the document: no ds:Signature, perhaps no RefTtnVal, in exclusive C14N."""
    tree = copy.deepcopy(root.getroottree())
    tags = (SIGNATURE, "RefTtnVal") if without_reference else (SIGNATURE,)
    for element in list(tree.getroot().iter(*tags)):
        _drop(element)
    return _canonical(tree)


def _drop(element: etree._Element) -> None:
    """Take ``element`` out of its tree, leaving the text behind it where it was."""
    parent, before = element.getparent(), element.getprevious()
    if parent is None:
        return
    if element.tail:
        if before is None:
            parent.text = (parent.text or "") + element.tail
        else:
            before.tail = (before.tail or "") + element.tail
    parent.remove(element)


def _canonical(node) -> bytes:
    return etree.tostring(node, method="c14n", exclusive=True, with_comments=False)


def _signer(parts: Parts, findings: list[Problem]) -> bytes | None:
    """The certificate that the signed properties name, among those of KeyInfo; None when they cannot be read."""
    try:
        for certificate in parts.certificates:
            certificates.load(certificate)
    except ValueError as error:
        findings.append(problem("signature.key_info", reason=str(error)))
        return None
    said = parts.properties
    digest = CERTIFICATE_DIGESTS.get(said.certificate_digest_method)
    if digest is None:
        findings.append(
            problem("signature.digest_method", found=said.certificate_digest_method, reference="certificate")
        )
    named = [one for one in parts.certificates if digest and digest(one).digest() == said.certificate_digest]
    if digest and not named:
        findings.append(problem("signature.certificate_digest"))
    signer = named[0] if named else parts.certificates[0]
    if said.issuer_serial is not None and not _same_issuer(said.issuer_serial, signer):
        findings.append(problem("signature.issuer_serial"))
    # Certificates beside the signer's are not signed; each must have issued another one, a root itself as well
    for certificate in parts.certificates:
        info = certificates.describe(certificate)
        others = [one for one in parts.certificates if one != certificate]
        fits = certificate == signer or any(certificates.issued(certificate, other) for other in others)
        if not fits or (info.self_issued and not certificates.issued(certificate, certificate)):
            # Signatures with SHA-1 (old roots) are not checked at all, which proves nothing against the document
            findings.append(problem("signature.chain", breaking=not info.weakly_signed, holder=info.holder))
    return signer


def _same_issuer(issuer_serial: bytes, certificate: bytes) -> bool:
    """Whether an IssuerSerialV2 names the issuer and serial number of ``certificate``."""
    try:
        names, serial = der.children(issuer_serial)[:2]
        [name] = der.children(names)
        return (*der.children(name, der.DIRECTORY_NAME), serial) == der.issuer_and_serial(certificate)
    except ValueError:
        return False


def _check_value(parts: Parts, signer: bytes | None, findings: list[Problem]) -> None:
    """The signature value against SignedInfo with the signer's key."""
    if parts.canonicalization != C14N:
        findings.append(problem("signature.canonicalization", found=parts.canonicalization))
        return
    if signer is None:
        return
    key = certificates.load(signer).public_key()
    signed = _canonical(parts.signed_info)
    try:
        if isinstance(key, rsa.RSAPublicKey) and parts.method in _RSA:
            if key.key_size < certificates.MIN_RSA_BITS:
                findings.append(problem("key.too_small", bits=key.key_size))
            key.verify(parts.value, signed, padding.PKCS1v15(), _RSA[parts.method]())
        elif isinstance(key, ec.EllipticCurvePublicKey) and parts.method == _ECDSA_SHA256:
            if not isinstance(key.curve, ec.SECP256R1) or len(parts.value) != 2 * _ECDSA_SIZE:
                raise InvalidSignature
            r, s = (
                int.from_bytes(half, "big") for half in (parts.value[:_ECDSA_SIZE], parts.value[_ECDSA_SIZE:])
            )
            key.verify(encode_dss_signature(r, s), signed, ec.ECDSA(hashes.SHA256()))
        else:
            findings.append(problem("signature.method", found=parts.method))
    except InvalidSignature:
        findings.append(problem("signature.value"))


def _signing_time(parts: Parts, findings: list[Problem]) -> datetime | None:
    text = parts.properties.signing_time
    try:
        time = datetime.fromisoformat(text or "")
    except ValueError:
        time = None
    if time is None or time.tzinfo is None:
        findings.append(problem("signature.signing_time", breaking=False, found=text or ""))
        return None
    return time


def _check_usable(signer: bytes | None, when: datetime | None, findings: list[Problem]) -> None:
    """Validity and usage of the signer's certificate: worth saying, though the content is what was signed."""
    if signer is not None and when is not None:
        findings += [
            replace(one, breaking=False)
            for one in certificates.usable_at(certificates.describe(signer), when)
        ]


def _says(text: str | None) -> bool:
    """Whether ``text`` is more than what XML calls white space; a no-break space is a text like others."""
    return bool(text and text.strip(structure.SPACE))


def _name(element: etree._Element | None) -> str:
    """How a finding calls an element: its name without namespace."""
    return "the document" if element is None else etree.QName(element).localname


def _b64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
