"""What a caller of the desktop agent wants signed: a whole TEIF document, never a hash.

The agent computes the digests itself from the document and the signed properties, writes the SignedInfo itself, and
reads for the human what those very bytes say. It shares no code with the addon: what is written twice is compared.

Sources: TTN's signature specification for suppliers, W3C XMLDSig and Exclusive C14N, ETSI EN 319 132-1.
"""

from __future__ import annotations

import base64
import hashlib
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from lxml import etree

from signing_agent.errors import AgentError

DS = "http://www.w3.org/2000/09/xmldsig#"
XADES = "http://uri.etsi.org/01903/v1.3.2#"
#: Far above any invoice; the tariff's step is 50 kB.
MAX_DOCUMENT = 4 * 1024 * 1024
#: The signing time is that of Odoo's server; a desk's clock is seldom further away.
CLOCK = timedelta(hours=1)

_C14N = "http://www.w3.org/2001/10/xml-exc-c14n#"
_XPATH = "http://www.w3.org/TR/1999/REC-xpath-19991116"
_SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"
_SIGNED_INFO = (
    f'<ds:SignedInfo xmlns:ds="{DS}"><ds:CanonicalizationMethod Algorithm="{_C14N}"></ds:CanonicalizationMethod>'
    '<ds:SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"></ds:SignatureMethod>'
    '<ds:Reference Id="r-id-frs" Type="" URI=""><ds:Transforms>'
    f'<ds:Transform Algorithm="{_XPATH}"><ds:XPath>not(ancestor-or-self::ds:Signature)</ds:XPath></ds:Transform>'
    f'<ds:Transform Algorithm="{_XPATH}"><ds:XPath>not(ancestor-or-self::RefTtnVal)</ds:XPath></ds:Transform>'
    f'<ds:Transform Algorithm="{_C14N}"></ds:Transform></ds:Transforms>'
    f'<ds:DigestMethod Algorithm="{_SHA256}"></ds:DigestMethod><ds:DigestValue>%s</ds:DigestValue></ds:Reference>'
    '<ds:Reference Type="http://uri.etsi.org/01903#SignedProperties" URI="#xades-SigFrs"><ds:Transforms>'
    f'<ds:Transform Algorithm="{_C14N}"></ds:Transform></ds:Transforms>'
    f'<ds:DigestMethod Algorithm="{_SHA256}"></ds:DigestMethod><ds:DigestValue>%s</ds:DigestValue></ds:Reference>'
    "</ds:SignedInfo>"
)
_CERTIFICATE_DIGESTS = {
    "http://www.w3.org/2000/09/xmldsig#sha1": hashlib.sha1,
    _SHA256: hashlib.sha256,
    "http://www.w3.org/2001/04/xmldsig-more#sha384": hashlib.sha384,
    "http://www.w3.org/2001/04/xmlenc#sha512": hashlib.sha512,
}
_CERT_DIGEST = f"{{{XADES}}}SignedSignatureProperties/{{{XADES}}}SigningCertificateV2/{{{XADES}}}Cert/{{{XADES}}}CertDigest"
_SIGNING_TIME = f"{{{XADES}}}SignedSignatureProperties/{{{XADES}}}SigningTime"


@dataclass(frozen=True)
class Paper:
    """A document that may be signed: ``to_sign``, the canonical SignedInfo, and what it says, as text for people."""

    to_sign: bytes
    kind: str
    number: str
    date: str
    supplier: str
    customer: str
    total: str


def examine(request: object, certificates: Iterable[bytes], now: datetime | None = None) -> Paper:
    """The paper of one request.

    :param request: ``{"document", "signed_properties", "signed_info"}``, each base64: the whole unsigned TEIF, and
        the canonical forms of the two elements that the caller computed.
    :param certificates: DER certificates of the token; the properties must name one of them.
    :param now: the present with its time zone; the machine's when left out.
    :raises AgentError: when this is no whole document, when it does not say clearly what it is, or when the caller's
        digests are not those of its bytes.
    """
    if not isinstance(request, dict) or set(request) != {"document", "signed_properties", "signed_info"}:
        raise AgentError("agent.not_a_document")
    document, properties, signed_info = (
        _decoded(request[name]) for name in ("document", "signed_properties", "signed_info")
    )
    root = _parsed(document)
    paper = _read(root)
    _check_properties(properties, certificates, now or datetime.now(UTC))
    expected = (_SIGNED_INFO % (_digest(_canonical(root)), _digest(properties))).encode()
    if signed_info != expected:
        raise AgentError("agent.digest", number=paper.number)
    return Paper(
        expected, **{name: getattr(paper, name) for name in Paper.__dataclass_fields__ if name != "to_sign"}
    )


def _decoded(value: object) -> bytes:
    try:
        data = base64.b64decode(value, validate=True) if isinstance(value, str) else b""
    except ValueError:
        data = b""
    if not data or len(data) > MAX_DOCUMENT:
        raise AgentError("agent.not_a_document")
    return data


def _parsed(document: bytes) -> etree._Element:
    """The root of an unsigned TEIF without anything that a reader and a verifier could see differently."""
    root = _parse(document)
    info = root.getroottree().docinfo
    plain = info.internalDTD is None and (info.encoding or "UTF-8").upper() == "UTF-8"
    strange = any(not isinstance(node.tag, str) for node in root.getroottree().iter())
    around = root.getprevious() is not None or root.getnext() is not None
    if root.tag != "TEIF" or not plain or strange or around:
        raise AgentError("agent.not_a_document")
    if any(element.tag in ("RefTtnVal", f"{{{DS}}}Signature") for element in root.iter()):
        raise AgentError("agent.not_a_document")
    return root


def _parse(data: bytes) -> etree._Element:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        return etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError):
        raise AgentError("agent.not_a_document") from None


def _check_properties(properties: bytes, certificates: Iterable[bytes], now: datetime) -> None:
    """See to it that the signed properties are canonical, of the present, and name a certificate of this token."""
    root = _parse(properties)
    whole = root.tag == f"{{{XADES}}}SignedProperties" and dict(root.attrib) == {"Id": "xades-SigFrs"}
    if not whole or _canonical(root) != properties:
        raise AgentError("agent.not_a_document")
    try:
        signing_time = datetime.fromisoformat(_only(root, _SIGNING_TIME))
        method = root.find(f"{_CERT_DIGEST}/{{{DS}}}DigestMethod").get("Algorithm")
        digest = base64.b64decode(_only(root, f"{_CERT_DIGEST}/{{{DS}}}DigestValue"), validate=True)
        far = abs(signing_time - now) > CLOCK
    except (AttributeError, TypeError, ValueError):
        raise AgentError("agent.not_a_document") from None
    if far:
        raise AgentError("agent.clock", found=signing_time.isoformat())
    compute = _CERTIFICATE_DIGESTS.get(method)
    if compute is None or all(compute(one).digest() != digest for one in certificates):
        raise AgentError("agent.other_certificate")


def _read(root: etree._Element) -> Paper:
    """What the document says. Raises AgentError where it says it twice, or not at all."""
    number = _only(root, "InvoiceBody/Bgm/DocumentIdentifier")
    kind = root.find("InvoiceBody/Bgm/DocumentType")
    total = _single(root, ".//InvoiceMoa/AmountDetails/Moa[@amountTypeCode='I-180']/Amount")
    return Paper(
        b"",
        kind=_shown(_text(kind) or kind.get("code", "")) if kind is not None else "",
        number=_shown(number),
        date=_shown(_only(root, "InvoiceBody/Dtm/DateText[@functionCode='I-31']")),
        supplier=_party(root, "I-62"),
        customer=_party(root, "I-64"),
        total=_shown(f"{_text(total)} {total.get('currencyIdentifier', '')}"),
    )


def _party(root: etree._Element, role: str) -> str:
    party = _single(root, f"InvoiceBody/PartnerSection/PartnerDetails[@functionCode='{role}']/Nad")
    name = party.find("PartnerName")
    identifier = _only(party, "PartnerIdentifier")
    return _shown(f"{_text(name)} ({identifier})" if name is not None else identifier)


def _single(root: etree._Element, path: str) -> etree._Element:
    found = root.findall(path)
    if len(found) != 1:
        raise AgentError("agent.unclear", element=path.rpartition("/")[2].partition("[")[0])
    return found[0]


def _only(root: etree._Element, path: str) -> str:
    text = _text(_single(root, path))
    if not text:
        raise AgentError("agent.unclear", element=path.rpartition("/")[2].partition("[")[0])
    return text


def _text(element: etree._Element) -> str:
    return "".join(element.itertext()).strip()


def _shown(text: str) -> str:
    """``text`` without what could make it look like another one: controls, marks of direction; cut."""
    plain = "".join(" " if unicodedata.category(one)[0] in "CZ" else one for one in text)
    return plain if len(plain) <= 120 else plain[:119] + "…"


def _canonical(root: etree._Element) -> bytes:
    return etree.tostring(root.getroottree(), method="c14n", exclusive=True, with_comments=False)


def _digest(data: bytes) -> str:
    return base64.b64encode(hashlib.sha256(data).digest()).decode("ascii")
