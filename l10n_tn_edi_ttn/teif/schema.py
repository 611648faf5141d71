"""The schemas in ``xsd/`` applied by lxml, and its messages turned into findings.

lxml knows XSD 1.0 only. Each file is loaded with its includes put in place, its assertions taken out (:mod:`.rules` has them)
and its conditional types replaced by the most general of them; the result is compiled once per process.
"""

from __future__ import annotations

import copy
import re
import threading
from functools import cache
from itertools import islice
from pathlib import Path

from lxml import etree

from .findings import MAX_FINDINGS, Finding, finding
from .paths import SIGNATURE, plain_path

FOLDER = Path(__file__).resolve().parent.parent / "xsd"

_FILES = {
    ("1.8.8", False): "teif-1.8.8.xsd",
    ("1.8.8", True): "teif-1.8.8-signed.xsd",
    ("1.8.9", False): "teif-1.8.9.xsd",
    ("1.9.0", False): "teif-1.9.0.xsd",
}
_SIGNATURE = "{http://www.w3.org/2000/09/xmldsig#}Signature"
_XS = "{http://www.w3.org/2001/XMLSchema}"
_lock = threading.Lock()
_TYPES = etree.ErrorTypes
_EXPECTED = re.compile(r"Expected is (?:one of )?\( (.*) \)")
_SET = re.compile(r"is not an element of the set \{(.*)\}\.$", re.S)
_LIMIT = re.compile(r"length of '(\d+)'; .* length of '(\d+)'\.$", re.S)
_PATTERN = re.compile(r"by the pattern '(.*)'\.$", re.S)
_ATTRIBUTE = re.compile(r"^Element '[^']*', attribute '([^']*)'")
_MISSING = re.compile(r"The attribute '([^']*)' is required")
_TYPE = re.compile(r"not a valid value of the (?:local )?(?:atomic|list|union) type '([^']*)'")
_NAMESPACE = re.compile(r"\{[^}]*\}")
# A partner without functionCode has no type in TTN's schema, so anything in it passes (see teif-1.8-parts.xsd)
_untyped_partners = etree.XPath("/TEIF/InvoiceBody/PartnerSection/PartnerDetails[not(@functionCode)]")
# No invoice has more; the rest is taken out, whatever that does to the paths of what follows
_MAX_UNTYPED = 100
_ANY_PARTNER = (
    '<PartnerDetails functionCode="I-61"><Nad><PartnerIdentifier type="I-04">X</PartnerIdentifier>'
    '<PartnerName nameType="Physical">X</PartnerName></Nad></PartnerDetails>'
)


def judging_version(root: etree._Element) -> str | None:
    """The schema version by which TTN judges the document (1.8.8 for all 1.8 before 1.8.9), None when there is none."""
    version = root.get("version") or "1.8.8"
    if version.startswith("1.8.") and version != "1.8.9":
        version = "1.8.8"
    return version if (version, False) in _FILES else None


def schema_file(root: etree._Element) -> str:
    """The file in :data:`FOLDER` for the document: its version's, for 1.8.8 with or without signature as it is itself."""
    version = judging_version(root)
    signed = root.find(SIGNATURE) is not None and (version, True) in _FILES
    return _FILES[version, signed]


def validator_for(root: etree._Element) -> etree.XMLSchema:
    """The compiled schema of the document, one for the whole process. Raises KeyError for a version without schema."""
    return _validator(schema_file(root))


def without_untyped_partners(root: etree._Element) -> etree._Element:
    """``root``, or a copy in which the partners without functionCode, of which nothing is asked, are replaced by a right one."""
    if not _untyped_partners(root):
        return root
    root = copy.deepcopy(root)
    for number, partner in enumerate(_untyped_partners(root)):
        if number < _MAX_UNTYPED:
            partner.getparent().replace(partner, etree.fromstring(_ANY_PARTNER))
        else:
            partner.getparent().remove(partner)
    return root


def without_stamp(root: etree._Element) -> etree._Element:
    """``root``, or a copy without what TTN adds behind the supplier's signature: its reference and its own signature.

    TTN writes them in an order that its own schema refuses; what was deposited is what the schema is for. A reference before
    the supplier's signature is not TTN's work and stays.
    """
    if not _stamp(root):
        return root
    root = copy.deepcopy(root)
    for node in _stamp(root):
        root.remove(node)
    return root


def _stamp(root):
    """The reference that stands behind a signature, and the signature that follows it."""
    signed = False
    for node in root:
        if node.tag == "RefTtnVal" and signed:
            return [node, *node.itersiblings(_SIGNATURE)]
        signed = signed or node.tag == _SIGNATURE
    return []


def check_schema(root: etree._Element) -> list[Finding]:
    """Everything that the schema of the document's own version says against it, assertions apart.

    ``root`` has no partner without functionCode: see :func:`without_untyped_partners`.
    """
    version = judging_version(root)
    if version is None:
        allowed = sorted({version for version, _signed in _FILES})
        return [finding("schema.version", "/TEIF/@version", value=root.get("version"), allowed=allowed)]
    validator = validator_for(root)
    with _lock:  # lxml keeps the log of the last validation in the validator
        if validator.validate(root):
            return []
        entries = [
            (entry.type, entry.path, entry.message) for entry in islice(validator.error_log, MAX_FINDINGS)
        ]
    return [_translate(kind, path, message, root) for kind, path, message in entries]


@cache
def _validator(filename: str) -> etree.XMLSchema:
    return etree.XMLSchema(_xsd_10(FOLDER / filename))


def _xsd_10(path: Path) -> etree._Element:
    """The schema in ``path`` with its includes, as far as XSD 1.0 goes."""
    schema = etree.parse(str(path), etree.XMLParser(no_network=True, remove_comments=True)).getroot()
    for include in schema.findall(f"{_XS}include"):
        for child in list(_xsd_10(path.parent / include.get("schemaLocation"))):
            include.addprevious(child)
        schema.remove(include)
    for assertion in list(schema.iter(f"{_XS}assert")):
        assertion.getparent().remove(assertion)
    for element in schema.iter(f"{_XS}element"):
        alternatives = element.findall(f"{_XS}alternative")
        if alternatives:
            element.set("type", alternatives[-1].get("type"))
            for alternative in alternatives:
                element.remove(alternative)
    return schema


def _translate(kind, path, message, root) -> Finding:
    """One entry of lxml's log as a finding."""
    path = plain_path(path)
    element = path.rpartition("/")[2].partition("[")[0] or path
    attribute = _ATTRIBUTE.match(message)
    name = element
    if attribute:
        name = _NAMESPACE.sub("", attribute.group(1))
        path = f"{path}/@{name}"
    if kind == _TYPES.SCHEMAV_CVC_ELT_1:
        return finding("schema.root", path, element=root.tag)
    if kind == _TYPES.SCHEMAV_ELEMENT_CONTENT:
        match = _EXPECTED.search(message)
        expected = _NAMESPACE.sub("", match.group(1)).split(", ") if match else []
        if "Missing child" in message:
            return finding("schema.missing_element", path, element=element, expected=expected)
        return finding("schema.unexpected_element", path, element=element, expected=expected)
    if kind == _TYPES.SCHEMAV_CVC_COMPLEX_TYPE_4:
        missing = _MISSING.search(message).group(1)
        return finding("schema.missing_attribute", path, element=element, attribute=missing)
    if kind == _TYPES.SCHEMAV_CVC_COMPLEX_TYPE_3_2_1:
        return finding("schema.unexpected_attribute", path, element=element, attribute=name)
    if kind == _TYPES.SCHEMAV_CVC_COMPLEX_TYPE_2_3:
        return finding("schema.text", path, element=element)
    if kind in (_TYPES.SCHEMAV_CVC_COMPLEX_TYPE_2_2, _TYPES.SCHEMAV_CVC_TYPE_3_1_2):
        return finding("schema.children", path, element=element)
    return _translate_value(kind, path, message, name, _value(root, path))


def _translate_value(kind, path, message, name, value) -> Finding:
    """A complaint about the value of an element or attribute."""
    if kind in (_TYPES.SCHEMAV_CVC_MAXLENGTH_VALID, _TYPES.SCHEMAV_CVC_MINLENGTH_VALID):
        length, limit = map(int, _LIMIT.search(message).groups())
        if kind == _TYPES.SCHEMAV_CVC_MAXLENGTH_VALID:
            return finding("schema.too_long", path, name=name, value=value, length=length, max=limit)
        if not length:
            return finding("schema.empty", path, name=name)
        return finding("schema.too_short", path, name=name, value=value, length=length, min=limit)
    if kind == _TYPES.SCHEMAV_CVC_ENUMERATION_VALID:
        match = _SET.search(message)
        allowed = match.group(1).strip("'").split("', '") if match else []
        return finding("schema.code", path, name=name, value=value, allowed=allowed)
    if kind == _TYPES.SCHEMAV_CVC_PATTERN_VALID:
        match = _PATTERN.search(message)
        pattern = match.group(1) if match else ""
        if "{1,15}" in pattern:
            return finding("schema.amount", path, name=name, value=value)
        return finding("schema.pattern", path, name=name, value=value, pattern=pattern)
    match = _TYPE.search(message)
    if match:
        return finding(
            "schema.datatype", path, name=name, value=value, type=_NAMESPACE.sub("", match.group(1))
        )
    return finding("schema.other", path, reason=_NAMESPACE.sub("", message))


def _value(root, path) -> str:
    """The text or attribute at ``path``, '' when it isn't found."""
    # Step by step: an XPath by local names would look at every sibling each time
    element_path, _at, attribute = path.partition("/@")
    element = root
    for name, position in re.findall(r"/([^/\[]+)(?:\[(\d+)\])?", element_path)[1:]:
        element = next(islice(element.iterchildren(f"{{*}}{name}"), int(position or 1) - 1, None), None)
        if element is None:
            return ""
    return element.get(attribute, "") if attribute else "".join(element.itertext())
