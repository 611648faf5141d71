"""Read a ds:Signature strictly: what is not in the expected place, or is there twice, is refused and never searched for.

Most attacks on XML signatures live on readers that look for an element anywhere. Here every element is the named child
of a named parent, with its known attributes and nothing between.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass

from lxml import etree

DS = "http://www.w3.org/2000/09/xmldsig#"
XADES = "http://uri.etsi.org/01903/v1.3.2#"
FILTER2 = "http://www.w3.org/2002/06/xmldsig-filter2"
C14N = "http://www.w3.org/2001/10/xml-exc-c14n#"
XPATH = "http://www.w3.org/TR/1999/REC-xpath-19991116"

#: A certificate of a person has 2 kB; parsed certificates are kept, so that larger ones would cost memory.
MAX_CERTIFICATE_BYTES = 16 * 1024
MAX_CERTIFICATES = 10
#: Hints that other products put beside the certificates; they are not used, so they do no harm.
_IGNORED_KEY_INFO = {f"{{{DS}}}{name}" for name in ("KeyName", "KeyValue")}
_IGNORED_X509 = {f"{{{DS}}}{name}" for name in ("X509SubjectName", "X509IssuerSerial", "X509SKI")}
#: What XML calls white space.
SPACE = " \t\r\n"
_NO_SPACE = dict.fromkeys(map(ord, SPACE))


class StructureError(Exception):
    """The signature is not built as expected; the text says where."""


@dataclass(frozen=True, slots=True)
class Transform:
    """One transform as texts: its algorithm and, for the XPath ones, the expression (``detail``)."""

    algorithm: str
    detail: str = ""


EXCLUSIVE = Transform(C14N)
NO_SIGNATURE = Transform(XPATH, "not(ancestor-or-self::ds:Signature)")
NO_REFERENCE = Transform(XPATH, "not(ancestor-or-self::RefTtnVal)")


@dataclass(frozen=True, slots=True)
class Reference:
    """A ds:Reference; absent attributes are None, ``digest`` is raw bytes."""

    id: str | None
    type: str | None
    uri: str | None
    transforms: tuple[Transform, ...]
    digest_method: str
    digest: bytes


@dataclass(frozen=True, slots=True)
class Properties:
    """The signed properties as texts; what is absent is None. ``roles``: the claimed roles."""

    signing_time: str | None
    certificate_digest_method: str
    certificate_digest: bytes
    issuer_serial: bytes | None
    policy_oid: str | None
    policy_qualifier: str | None
    policy_description: str | None
    policy_hash_method: str | None
    policy_hash: str | None
    policy_uri: str | None
    roles: tuple[str, ...]
    object_reference: str | None
    mime_type: str | None
    has_place: bool


@dataclass(frozen=True, slots=True)
class Parts:
    """A signature taken apart. ``value`` is raw, ``value_b64`` without white space; ``certificates`` are DER."""

    id: str | None
    signed_info: etree._Element
    canonicalization: str
    method: str
    references: tuple[Reference, ...]
    value_id: str | None
    value: bytes
    value_b64: str
    certificates: tuple[bytes, ...]
    only_certificates: bool
    target: str | None
    properties_element: etree._Element
    properties_id: str | None
    properties: Properties


def read(signature: etree._Element) -> Parts:
    """The parts of a ds:Signature element. Raises StructureError."""
    for node in signature.iter():
        if not isinstance(node.tag, str):
            raise StructureError("it holds a comment or a processing instruction")
        # Nothing of the document's own may hide where nobody signs it
        if not node.tag.startswith("{"):
            raise StructureError("it holds an element of the document")
    info, value, key_info, container = _children(
        signature, ["SignedInfo", "SignatureValue", "KeyInfo", "Object"], {"Id"}
    )
    canonicalization, method, *references = _children(
        info, ["CanonicalizationMethod", "SignatureMethod", "Reference", "Reference"], {"Id"}
    )
    _leaf(value, {"Id"})
    certificates, only_certificates = _certificates(key_info)
    qualifying = _only(container, f"{{{XADES}}}QualifyingProperties", {"Id"})
    _attributes(qualifying, {"Target", "Id"})
    _no_text(qualifying)
    names = [_local(child, XADES) for child in qualifying]
    if names not in (["SignedProperties"], ["SignedProperties", "UnsignedProperties"]):
        raise StructureError("QualifyingProperties must hold SignedProperties")
    properties = qualifying[0]
    return Parts(
        id=signature.get("Id"),
        signed_info=info,
        canonicalization=_algorithm(canonicalization),
        method=_algorithm(method),
        references=tuple(map(_reference, references)),
        value_id=value.get("Id"),
        value=decode(value.text),
        value_b64=(value.text or "").translate(_NO_SPACE),
        certificates=certificates,
        only_certificates=only_certificates,
        target=qualifying.get("Target"),
        properties_element=properties,
        properties_id=properties.get("Id"),
        properties=_properties(properties),
    )


def decode(text: str | None) -> bytes:
    """The bytes of a base64 text, white space aside. Raises StructureError unless it is the one way to write them."""
    compact = (text or "").translate(_NO_SPACE)
    try:
        data = base64.b64decode(compact, validate=True)
    except (binascii.Error, ValueError):
        raise StructureError("a value is not base64") from None
    if base64.b64encode(data).decode() != compact:
        raise StructureError("a value is not base64 in its canonical form")
    return data


def _reference(element: etree._Element) -> Reference:
    transforms, method, value = _children(
        element, ["Transforms", "DigestMethod", "DigestValue"], {"Id", "Type", "URI"}
    )
    _attributes(transforms, set())
    _no_text(transforms)
    return Reference(
        id=element.get("Id"),
        type=element.get("Type"),
        uri=element.get("URI"),
        transforms=tuple(map(_transform, transforms)),
        digest_method=_algorithm(method),
        digest=decode(_leaf(value, set())),
    )


def _transform(element: etree._Element) -> Transform:
    if _local(element, DS) != "Transform":
        raise StructureError("Transforms holds something else")
    _attributes(element, {"Algorithm"})
    algorithm = element.get("Algorithm") or ""
    if not len(element):
        if (element.text or "").strip(SPACE):
            raise StructureError("a transform holds text")
        return Transform(algorithm)
    _no_text(element)
    if len(element) != 1:
        raise StructureError("a transform holds several elements")
    expression = element[0]
    if algorithm == XPATH and expression.tag == f"{{{DS}}}XPath":
        detail = _leaf(expression, set())
    elif algorithm == FILTER2 and expression.tag == f"{{{FILTER2}}}XPath":
        detail = f"{expression.get('Filter')} {_leaf(expression, {'Filter'})}"
    else:
        raise StructureError("a transform holds an unknown parameter")
    # The expressions compared with later speak of `ds:`; bound to another namespace they would mean something else
    if expression.nsmap.get("ds") != DS:
        raise StructureError("the prefix ds of an XPath transform is not the namespace of signatures")
    return Transform(algorithm, detail)


def _certificates(key_info: etree._Element) -> tuple[tuple[bytes, ...], bool]:
    """The certificates of KeyInfo, and whether nothing else is in it."""
    _attributes(key_info, {"Id"})
    _no_text(key_info)
    data = [child for child in key_info if child.tag not in _IGNORED_KEY_INFO]
    if [_local(child, DS) for child in data] != ["X509Data"]:
        raise StructureError("KeyInfo must hold one X509Data")
    _attributes(data[0], set())
    _no_text(data[0])
    elements = [child for child in data[0] if child.tag not in _IGNORED_X509]
    if not 1 <= len(elements) <= MAX_CERTIFICATES or any(
        _local(one, DS) != "X509Certificate" for one in elements
    ):
        raise StructureError(f"X509Data must hold 1 to {MAX_CERTIFICATES} certificates")
    certificates = tuple(decode(_leaf(element, set())) for element in elements)
    if len(set(certificates)) < len(certificates):
        raise StructureError("a certificate is there twice")
    if any(len(certificate) > MAX_CERTIFICATE_BYTES for certificate in certificates):
        raise StructureError("a certificate is larger than any real one")
    return certificates, len(key_info) == 1 and len(data[0]) == len(elements)


def _properties(element: etree._Element) -> Properties:
    """What the signed properties say. They are signed, so unknown ones are left alone, doubled ones are not."""
    signed = _find(element, "SignedSignatureProperties")
    cert = _find(_find(signed, "SigningCertificateV2"), "Cert")
    certificate = _find(cert, "CertDigest")
    policy = _find(_find(signed, "SignaturePolicyIdentifier", False), "SignaturePolicyId", False)
    policy_id = _find(policy, "SigPolicyId", False)
    identifier = _find(policy_id, "Identifier", False)
    policy_hash = _find(policy, "SigPolicyHash", False)
    qualifiers = _find(_find(policy, "SigPolicyQualifiers", False), "SigPolicyQualifier", False)
    role = _find(signed, "SignerRoleV2", False)
    roles = _find(role if role is not None else _find(signed, "SignerRole", False), "ClaimedRoles", False)
    data_object = _find(_find(element, "SignedDataObjectProperties", False), "DataObjectFormat", False)
    issuer_serial = _value(_find(cert, "IssuerSerialV2", False))
    return Properties(
        signing_time=_value(_find(signed, "SigningTime", False)),
        certificate_digest_method=_algorithm(_find(certificate, "DigestMethod", namespace=DS)),
        certificate_digest=decode(_value(_find(certificate, "DigestValue", namespace=DS))),
        issuer_serial=None if issuer_serial is None else decode(issuer_serial),
        policy_oid=_value(identifier),
        policy_qualifier=None if identifier is None else identifier.get("Qualifier"),
        policy_description=_value(_find(policy_id, "Description", False)),
        policy_hash_method=_algorithm(_find(policy_hash, "DigestMethod", False, DS)),
        policy_hash=_value(_find(policy_hash, "DigestValue", False, DS)),
        policy_uri=_value(_find(qualifiers, "SPURI", False)),
        roles=() if roles is None else tuple((one.text or "").strip(SPACE) for one in roles),
        object_reference=None if data_object is None else data_object.get("ObjectReference"),
        mime_type=_value(_find(data_object, "MimeType", False)),
        has_place=any(_local(child, XADES).startswith("SignatureProductionPlace") for child in signed),
    )


def _find(parent, name: str, needed: bool = True, namespace: str = XADES):
    """The one child ``name`` of ``parent``; None when it may be absent, or when ``parent`` is None itself."""
    found = [] if parent is None else parent.findall(f"{{{namespace}}}{name}")
    if len(found) > 1:
        raise StructureError(f"{name} is there {len(found)} times")
    if not found and needed:
        raise StructureError(f"{name} is missing")
    return found[0] if found else None


def _value(element) -> str | None:
    return None if element is None else (element.text or "").strip(SPACE)


def _algorithm(element) -> str | None:
    if element is None:
        return None
    _attributes(element, {"Algorithm"})
    if len(element) or (element.text or "").strip(SPACE):
        raise StructureError(f"{_local(element)} has parameters")
    return element.get("Algorithm") or ""


def _children(element: etree._Element, names: list[str], attributes: set[str]) -> list[etree._Element]:
    """The children of ``element``, which must be exactly ds:``names``, with no text between."""
    _attributes(element, attributes)
    _no_text(element)
    if [child.tag for child in element] != [f"{{{DS}}}{name}" for name in names]:
        raise StructureError(f"{_local(element)} must hold {', '.join(names)}")
    return list(element)


def _only(element: etree._Element, tag: str, attributes: set[str]) -> etree._Element:
    _attributes(element, attributes)
    _no_text(element)
    if len(element) != 1 or element[0].tag != tag:
        raise StructureError(f"{_local(element)} must hold one {etree.QName(tag).localname}")
    return element[0]


def _leaf(element: etree._Element, attributes: set[str]) -> str:
    _attributes(element, attributes)
    if len(element):
        raise StructureError(f"{_local(element)} must hold text only")
    return element.text or ""


def _attributes(element: etree._Element, allowed: set[str]) -> None:
    unknown = set(element.attrib) - allowed
    if unknown:
        raise StructureError(f"{_local(element)} has the attribute {min(unknown)[:60]}")


def _no_text(element: etree._Element) -> None:
    if (element.text or "").strip(SPACE) or any((child.tail or "").strip(SPACE) for child in element):
        raise StructureError(f"{_local(element)} holds text")


def _local(element: etree._Element, namespace: str | None = None) -> str:
    """The element's name; with ``namespace``, an impossible name when it is of another one."""
    name = etree.QName(element)
    return name.localname if namespace in (None, name.namespace) else f"?{name.localname}"
