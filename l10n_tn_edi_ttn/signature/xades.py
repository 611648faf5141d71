"""Sign a TEIF document in TTN's profile, in two halves with the signer between them.

``prepare`` gives the bytes to sign and a state that can be stored; a file key, a token or a remote service with a
one-time password signs them, now or minutes later; ``complete`` puts the signature into the document. The document's
bytes stay as they are: the signature is spliced in before the closing tag, nothing is written anew.

The signature's elements are written in their canonical form (exclusive C14N) by hand, so that what is hashed here is
what any verifier computes: start and end tags, attributes in order, namespaces where they are first used.

Sources: TTN's signature specification and signed example, ETSI EN 319 132-1, W3C XMLDSig and Exclusive C14N.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from lxml import etree

from . import der
from .certificates import load
from .problems import SignatureError
from .profile import Profile

_DS = "http://www.w3.org/2000/09/xmldsig#"
_XADES = "http://uri.etsi.org/01903/v1.3.2#"
_C14N = "http://www.w3.org/2001/10/xml-exc-c14n#"
_XPATH = "http://www.w3.org/TR/1999/REC-xpath-19991116"
_RSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
_DIGESTS = {
    "sha1": "http://www.w3.org/2000/09/xmldsig#sha1",
    "sha256": "http://www.w3.org/2001/04/xmlenc#sha256",
    "sha384": "http://www.w3.org/2001/04/xmldsig-more#sha384",
    "sha512": "http://www.w3.org/2001/04/xmlenc#sha512",
}
_BOM = b"\xef\xbb\xbf"
_FORMAT = 1  # of the stored state
#: From the last `</` on: the root's end tag. A comment after the root, whatever it holds, doesn't match.
_END = re.compile(rb"</TEIF[ \t\r\n]*>[ \t\r\n]*")
_NS_DS = f' xmlns:ds="{_DS}"'

_SIGNED_INFO = (
    "<ds:SignedInfo{ns}>"
    f'<ds:CanonicalizationMethod Algorithm="{_C14N}"></ds:CanonicalizationMethod>'
    f'<ds:SignatureMethod Algorithm="{_RSA_SHA256}"></ds:SignatureMethod>'
    '<ds:Reference Id="r-id-frs" Type="" URI=""><ds:Transforms>'
    f'<ds:Transform Algorithm="{_XPATH}"><ds:XPath>not(ancestor-or-self::ds:Signature)</ds:XPath></ds:Transform>'
    f'<ds:Transform Algorithm="{_XPATH}"><ds:XPath>not(ancestor-or-self::RefTtnVal)</ds:XPath></ds:Transform>'
    f'<ds:Transform Algorithm="{_C14N}"></ds:Transform>'
    f'</ds:Transforms><ds:DigestMethod Algorithm="{_DIGESTS["sha256"]}"></ds:DigestMethod>'
    "<ds:DigestValue>{document_digest}</ds:DigestValue></ds:Reference>"
    '<ds:Reference Type="http://uri.etsi.org/01903#SignedProperties" URI="#xades-SigFrs"><ds:Transforms>'
    f'<ds:Transform Algorithm="{_C14N}"></ds:Transform>'
    f'</ds:Transforms><ds:DigestMethod Algorithm="{_DIGESTS["sha256"]}"></ds:DigestMethod>'
    "<ds:DigestValue>{properties_digest}</ds:DigestValue></ds:Reference>"
    "</ds:SignedInfo>"
)
# In the canonical form of SignedProperties alone, `ds` is declared at each element that uses it; inside the document
# the signature declares it once.
_SIGNED_PROPERTIES = (
    '<xades:SignedProperties{xades} Id="xades-SigFrs"><xades:SignedSignatureProperties>'
    "<xades:SigningTime>{signing_time}</xades:SigningTime>"
    "<xades:SigningCertificateV2><xades:Cert><xades:CertDigest>"
    '<ds:DigestMethod{ds} Algorithm="{certificate_digest_method}"></ds:DigestMethod>'
    "<ds:DigestValue{ds}>{certificate_digest}</ds:DigestValue></xades:CertDigest>"
    "<xades:IssuerSerialV2>{issuer_serial}</xades:IssuerSerialV2></xades:Cert></xades:SigningCertificateV2>"
    "<xades:SignaturePolicyIdentifier><xades:SignaturePolicyId><xades:SigPolicyId>"
    '<xades:Identifier Qualifier="{policy_qualifier}">{policy_oid}</xades:Identifier>'
    "<xades:Description>{policy_description}</xades:Description></xades:SigPolicyId>"
    f'<xades:SigPolicyHash><ds:DigestMethod{{ds}} Algorithm="{_DIGESTS["sha256"]}"></ds:DigestMethod>'
    "<ds:DigestValue{ds}>{policy_hash}</ds:DigestValue></xades:SigPolicyHash>"
    "<xades:SigPolicyQualifiers><xades:SigPolicyQualifier><xades:SPURI>{policy_uri}</xades:SPURI>"
    "</xades:SigPolicyQualifier></xades:SigPolicyQualifiers>"
    "</xades:SignaturePolicyId></xades:SignaturePolicyIdentifier>"
    "<xades:SignerRoleV2><xades:ClaimedRoles><xades:ClaimedRole>{role}</xades:ClaimedRole></xades:ClaimedRoles>"
    "</xades:SignerRoleV2></xades:SignedSignatureProperties>"
    '<xades:SignedDataObjectProperties><xades:DataObjectFormat ObjectReference="#r-id-frs">'
    "<xades:MimeType>application/octet-stream</xades:MimeType></xades:DataObjectFormat>"
    "</xades:SignedDataObjectProperties></xades:SignedProperties>"
)
_SIGNATURE = (
    f'<ds:Signature{_NS_DS} Id="SigFrs">{{signed_info}}'
    '<ds:SignatureValue Id="value-SigFrs">{value}</ds:SignatureValue>'
    "<ds:KeyInfo><ds:X509Data>{certificates}</ds:X509Data></ds:KeyInfo>"
    f'<ds:Object><xades:QualifyingProperties xmlns:xades="{_XADES}" Target="#SigFrs">{{signed_properties}}'
    "</xades:QualifyingProperties></ds:Object></ds:Signature>"
)


@dataclass(frozen=True, slots=True)
class Prepared:
    """A document ready for its signer.

    ``to_sign``: the canonical SignedInfo, what RSA with SHA-256 signs; ``digest``: its SHA-256, what remote services
    ask for; ``document_digest``: base64 SHA-256 of the document as the signature covers it (TTN's QR code repeats it);
    ``state``: JSON-able, holds no secret, all that :func:`complete` needs beside the document.
    """

    to_sign: bytes
    digest: bytes
    document_digest: str
    state: dict = field(hash=False)


def prepare(
    document: bytes,
    chain: Sequence[bytes],
    profile: Profile,
    signing_time: datetime,
    *,
    root: etree._Element | None = None,
) -> Prepared:
    """What has to be signed for ``document``, an unsigned TEIF in UTF-8.

    ``chain``: DER certificates, the signer's first. ``signing_time``: with a time zone; it is written in UTC, to the
    second. ``root``: what ``document`` was parsed to, when the caller has it; it saves a third of our own time.

    Raises SignatureError when the document cannot be signed or the certificate cannot be used, ValueError for
    a time without zone.
    """
    if signing_time.tzinfo is None:
        raise ValueError("the signing time needs a time zone")
    if not chain:
        raise SignatureError("signing.chain_empty")
    document_digest = _b64(hashlib.sha256(_canonical(document, root)).digest())
    issuer_serial, certificate_digest = _named(bytes(chain[0]), profile.certificate_digest)
    properties = {
        "signing_time": signing_time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "certificate_digest_method": _DIGESTS[profile.certificate_digest],
        "certificate_digest": certificate_digest,
        "issuer_serial": issuer_serial,
        "policy_qualifier": _attribute(profile.policy_qualifier),
        "policy_oid": _text(profile.policy_oid),
        "policy_description": _text(profile.policy_description),
        "policy_hash": _text(profile.policy_hash_b64),
        "policy_uri": _text(profile.policy_uri),
        "role": _text(profile.role),
    }
    canonical = _SIGNED_PROPERTIES.format(xades=f' xmlns:xades="{_XADES}"', ds=_NS_DS, **properties)
    digests = {
        "document_digest": document_digest,
        "properties_digest": _b64(hashlib.sha256(canonical.encode()).digest()),
    }
    to_sign = _SIGNED_INFO.format(ns=_NS_DS, **digests).encode()
    state = {
        "format": _FORMAT,
        "document_sha256": hashlib.sha256(document).hexdigest(),
        "to_sign": to_sign.decode(),
        "signed_properties": _SIGNED_PROPERTIES.format(xades="", ds="", **properties),
        "chain": [_b64(bytes(certificate)) for certificate in chain],
    }
    return Prepared(to_sign, hashlib.sha256(to_sign).digest(), document_digest, state)


def complete(state: dict | Prepared, document: bytes, signature_value: bytes) -> bytes:
    """``document`` with its signature as last child of the root, all its other bytes as they were.

    ``state``: of :func:`prepare`, for these very bytes; ``signature_value``: the raw signature of ``to_sign``. Raises
    SignatureError when the document is another one, or when the value does not verify with the signer's certificate.
    """
    if isinstance(state, Prepared):
        state = state.state
    try:
        if state["format"] != _FORMAT:
            raise ValueError("format")
        signer = base64.b64decode(state["chain"][0])
        to_sign = state["to_sign"].encode()
        # Inside the signature the namespace is declared once, further up
        signed_info = state["to_sign"].replace(_NS_DS, "", 1)
        signed_properties = str(state["signed_properties"])
        certificates = "".join(f"<ds:X509Certificate>{item}</ds:X509Certificate>" for item in state["chain"])
        expected = state["document_sha256"]
    except (KeyError, IndexError, TypeError, ValueError, AttributeError):
        raise SignatureError("signing.state") from None
    if hashlib.sha256(document).hexdigest() != expected:
        raise SignatureError("document.changed")
    try:
        public_key(signer).verify(signature_value, to_sign, padding.PKCS1v15(), hashes.SHA256())
    except InvalidSignature:
        raise SignatureError("signing.value") from None
    signature = _SIGNATURE.format(
        signed_info=signed_info,
        value=_b64(signature_value),
        certificates=certificates,
        signed_properties=signed_properties,
    )
    position = document.rindex(b"</")
    return b"".join((document[:position], signature.encode(), document[position:]))


def signed_properties(state: dict) -> bytes:
    """The canonical SignedProperties whose digest a prepared ``state`` holds, for a signer that computes it again."""
    around = f'<around{_NS_DS} xmlns:xades="{_XADES}">{state["signed_properties"]}</around>'
    return etree.tostring(etree.fromstring(around)[0], method="c14n", exclusive=True, with_comments=False)


def _canonical(document: bytes, root: etree._Element | None) -> bytes:
    """The canonical form of an unsigned document. Raises SignatureError when it cannot be signed."""
    if document.startswith(_BOM):
        raise SignatureError("document.encoding")
    if root is None:
        # A signer may be handed a document that this software did not write
        parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
        try:
            root = etree.fromstring(document, parser)
        except (etree.XMLSyntaxError, ValueError):
            raise SignatureError("document.malformed") from None
    tree = root.getroottree()
    if (tree.docinfo.encoding or "UTF-8").upper() != "UTF-8":
        raise SignatureError("document.encoding")
    if tree.docinfo.internalDTD is not None:
        raise SignatureError("document.doctype")
    if root.tag != "TEIF":
        raise SignatureError("document.root", found=root.tag)
    if next(root.iter(f"{{{_DS}}}Signature"), None) is not None:
        raise SignatureError("document.already_signed")
    if next(root.iter("RefTtnVal"), None) is not None:
        raise SignatureError("document.has_reference")
    if not len(root):
        raise SignatureError("document.empty")
    if not _END.fullmatch(document, document.rindex(b"</")):
        raise SignatureError("document.trailing")
    return etree.tostring(tree, method="c14n", exclusive=True, with_comments=False)


@lru_cache(maxsize=64)
def _named(certificate: bytes, digest: str) -> tuple[str, str]:
    """IssuerSerialV2 and digest of the signer's certificate, both base64. Raises SignatureError when it is unusable."""
    public_key(certificate)
    # SHA-1 here only names the certificate, whose key then has to match; TTN's profile wants it so
    return _b64(der.issuer_serial_v2(certificate)), _b64(hashlib.new(digest, certificate).digest())


def public_key(certificate: bytes) -> rsa.RSAPublicKey:
    """The RSA key of a DER certificate. Raises SignatureError when there is none that TTN's profile allows."""
    try:
        key = load(certificate).public_key()
    except ValueError:
        raise SignatureError("certificate.unreadable") from None
    if not isinstance(key, rsa.RSAPublicKey):
        raise SignatureError("key.not_rsa")
    if key.key_size < 2048:
        raise SignatureError("key.too_small", bits=key.key_size)
    return key


def _b64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _text(value: str) -> str:
    """``value`` as text in canonical XML."""
    return value.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\r", "&#xD;")


def _attribute(value: str) -> str:
    """``value`` as an attribute's value in canonical XML."""
    value = value.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")
    return value.replace("\t", "&#x9;").replace("\n", "&#xA;").replace("\r", "&#xD;")
