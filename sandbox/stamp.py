"""What TTN adds to an accepted document: RefTtnVal and its own signature SigTTN, behind the supplier's, in TTN's real order.

The supplier's bytes are kept: the additions are spliced in before the closing tag.
"""

from __future__ import annotations

import base64
import datetime
import hashlib
from xml.sax.saxutils import escape

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from lxml import etree

from sandbox.authority import Pair
from sandbox.clock import TUNIS
from sandbox.signatures import EXCLUSIVE, NOT_SIGNATURE, POLICIES, SIGNED_PROPERTIES, XPATH, remove, sha1
from sandbox.xml import DS, XADES, parse

_POLICY_TEXT = "Politique de signature de la facture electronique"
_POLICY_ADDRESS = (
    "http://www.tradenet.com.tn/portal/telechargerTelechargement?"
    "lien=Politique_de_Signature_de_la_facture_electronique.pdf"
)
# In TTN's published example its own signature names another edition of the policy document than the supplier's.
_POLICY_DIGEST = "hHzx6VVz53xdLygRU5RUh5YKFuRix57SGWfA1Hc96IA="
_SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"


class NoRoot(ValueError):
    """The document does not end with the closing tag of its root."""


def stamped(
    document: bytes,
    *,
    reference: str,
    at: datetime.datetime,
    stamp: str,
    kernel: Pair,
    break_signature: bool = False,
) -> bytes:
    """The final document.

    In: the supplier's signed bytes, TTN's reference, the moment (aware), the CEV in base64, TTN's key and chain; with
    break_signature SigTTN is made over something else. Raises NoRoot.
    """
    head, closing, tail = document.rpartition(b"</TEIF")
    if not closing:
        raise NoRoot("the document does not end with </TEIF>")
    values = (
        f'<RefTtnVal><ReferenceTTN refID="I-88">{escape(reference)}</ReferenceTTN><ReferenceDate>'
        f'<DateText format="ddMMyyHHmm" functionCode="I-37">{at.astimezone(TUNIS):%d%m%y%H%M}</DateText></ReferenceDate>'
        f"<ReferenceCEV>{stamp}</ReferenceCEV></RefTtnVal>"
    ).encode()
    root = parse(head + values + closing + tail)
    remove(root, f"{{{DS}}}Signature")
    digest = hashlib.sha256(canonical(root)).digest()
    if break_signature:
        digest = hashlib.sha256(digest).digest()
    return head + values + _signature(digest, at, kernel) + closing + tail


def canonical(element: etree._Element) -> bytes:
    """Exclusive canonical form without comments."""
    return etree.tostring(element, method="c14n", exclusive=True, with_comments=False)


def _signature(digest: bytes, at: datetime.datetime, kernel: Pair) -> bytes:
    properties = _properties(at, kernel)
    # Exclusive c14n puts each namespace where it is first used, so the parts can be canonicalised before they are placed.
    canonical_properties = canonical(
        etree.fromstring(
            f'<xades:SignedProperties xmlns:xades="{XADES}" xmlns:ds="{DS}" Id="xades-SigTTN">{properties}'
            "</xades:SignedProperties>".encode()
        )
    )
    signed_info = (
        f'<ds:CanonicalizationMethod Algorithm="{EXCLUSIVE}"></ds:CanonicalizationMethod>'
        '<ds:SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"></ds:SignatureMethod>'
        f'<ds:Reference Id="r-id-ttn" Type="" URI=""><ds:Transforms><ds:Transform Algorithm="{XPATH}">'
        f"<ds:XPath>{NOT_SIGNATURE}</ds:XPath></ds:Transform>"
        f'<ds:Transform Algorithm="{EXCLUSIVE}"></ds:Transform></ds:Transforms>'
        f"{_digest_value(digest)}</ds:Reference>"
        f'<ds:Reference Type="{SIGNED_PROPERTIES}" URI="#xades-SigTTN"><ds:Transforms>'
        f'<ds:Transform Algorithm="{EXCLUSIVE}"></ds:Transform></ds:Transforms>'
        f"{_digest_value(hashlib.sha256(canonical_properties).digest())}</ds:Reference>"
    )
    to_sign = canonical(
        etree.fromstring(f'<ds:SignedInfo xmlns:ds="{DS}">{signed_info}</ds:SignedInfo>'.encode())
    )
    value = base64.b64encode(kernel.key.sign(to_sign, padding.PKCS1v15(), hashes.SHA256())).decode()
    issuing = kernel.issuers[0].public_bytes(serialization.Encoding.DER)
    certificates = "".join(
        f"<ds:X509Certificate>{_b64(der)}</ds:X509Certificate>" for der in (kernel.der, issuing)
    )
    return (
        f'<ds:Signature xmlns:ds="{DS}" Id="SigTTN"><ds:SignedInfo>{signed_info}</ds:SignedInfo>'
        f'<ds:SignatureValue Id="value-SigTTN">{value}</ds:SignatureValue>'
        f"<ds:KeyInfo><ds:X509Data>{certificates}</ds:X509Data></ds:KeyInfo>"
        f'<ds:Object><xades:QualifyingProperties xmlns:xades="{XADES}" Target="#SigTTN">'
        f'<xades:SignedProperties Id="xades-SigTTN">{properties}</xades:SignedProperties>'
        "</xades:QualifyingProperties></ds:Object></ds:Signature>"
    ).encode()


def _properties(at: datetime.datetime, kernel: Pair) -> str:
    identifier = POLICIES["v2"][0]
    return (
        "<xades:SignedSignatureProperties>"
        f"<xades:SigningTime>{at.astimezone(datetime.UTC):%Y-%m-%dT%H:%M:%SZ}</xades:SigningTime>"
        "<xades:SigningCertificateV2><xades:Cert><xades:CertDigest>"
        f'<ds:DigestMethod Algorithm="http://www.w3.org/2000/09/xmldsig#sha1"></ds:DigestMethod>'
        f"<ds:DigestValue>{_b64(sha1(kernel.der))}</ds:DigestValue></xades:CertDigest>"
        f"<xades:IssuerSerialV2>{_b64(issuer_serial(kernel.certificate))}</xades:IssuerSerialV2></xades:Cert>"
        "</xades:SigningCertificateV2><xades:SignaturePolicyIdentifier><xades:SignaturePolicyId><xades:SigPolicyId>"
        f'<xades:Identifier Qualifier="OIDasURN">{identifier}</xades:Identifier>'
        f"<xades:Description>{_POLICY_TEXT}</xades:Description></xades:SigPolicyId><xades:SigPolicyHash>"
        f'<ds:DigestMethod Algorithm="{_SHA256}"></ds:DigestMethod>'
        f"<ds:DigestValue>{_POLICY_DIGEST}</ds:DigestValue></xades:SigPolicyHash>"
        f"<xades:SigPolicyQualifiers><xades:SigPolicyQualifier><xades:SPURI>{escape(_POLICY_ADDRESS)}</xades:SPURI>"
        "</xades:SigPolicyQualifier></xades:SigPolicyQualifiers></xades:SignaturePolicyId></xades:SignaturePolicyIdentifier>"
        "<xades:SignerRoleV2><xades:ClaimedRoles><xades:ClaimedRole>KERNEL</xades:ClaimedRole></xades:ClaimedRoles>"
        "</xades:SignerRoleV2></xades:SignedSignatureProperties><xades:SignedDataObjectProperties>"
        '<xades:DataObjectFormat ObjectReference="#r-id-ttn"><xades:MimeType>application/octet-stream</xades:MimeType>'
        "</xades:DataObjectFormat></xades:SignedDataObjectProperties>"
    )


def issuer_serial(certificate) -> bytes:
    """DER of SEQUENCE { GeneralNames { [4] issuer }, INTEGER serial }."""
    directory = _der(0xA4, certificate.issuer.public_bytes())
    serial = certificate.serial_number
    number = _der(0x02, serial.to_bytes(serial.bit_length() // 8 + 1, "big"))
    return _der(0x30, _der(0x30, directory) + number)


def _der(tag: int, content: bytes) -> bytes:
    size = len(content)
    if size < 128:
        return bytes([tag, size]) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + content


def _digest_value(digest: bytes) -> str:
    return f'<ds:DigestMethod Algorithm="{_SHA256}"></ds:DigestMethod><ds:DigestValue>{_b64(digest)}</ds:DigestValue>'


def _b64(data: bytes) -> str:
    return base64.b64encode(data).decode()
