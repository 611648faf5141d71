"""The schemas applied whole, XSD 1.1, by `xmlschema`; its findings told in the words of Xerces, which TTN runs."""

from __future__ import annotations

import re
import threading
from pathlib import Path
from xml.etree import ElementTree
from xml.parsers import expat

import xmlschema
from lxml import etree
from xmlschema.validators import XsdEnumerationFacets, XsdMaxLengthFacet, XsdMinLengthFacet, XsdPatternFacets
from xmlschema.validators.exceptions import XMLSchemaChildrenValidationError

from sandbox.xml import DS

FILE = re.compile(r"teif-(\d+\.\d+\.\d+)(-signed)?\.xsd$")
SIGNATURE = f"{{{DS}}}Signature"


class Schemas:
    """The schema files of a folder: `teif-<version>.xsd`, and `teif-<version>-signed.xsd` where the version has one.

    In: the folder. Raises xmlschema.XMLSchemaException when a file is no schema.
    """

    def __init__(self, folder: Path):
        self._lock = threading.Lock()
        self._schemas = {}
        folder = folder.resolve()
        for path in sorted(folder.glob("teif-*.xsd")) if folder.is_dir() else ():
            match = FILE.search(path.name)
            if match:
                self._schemas[match[1], bool(match[2])] = xmlschema.XMLSchema11(
                    str(path), allow="sandbox", base_url=str(folder), defuse="always"
                )

    @property
    def versions(self) -> tuple[str, ...]:
        """Versions that can be checked."""
        return tuple(sorted({version for version, _signed in self._schemas}))

    def problem(self, data: bytes, root: etree._Element, version: str) -> str | None:
        """The first thing that the schema refuses, as « ligne numéro : … colonne numéro: … message: … », or None.

        In: the document's bytes and root. Where a version has no schema for signed documents (1.8.9 and later), the
        signatures are taken off a copy first; they are judged apart.
        """
        # 1.8.8's own schema lists the earlier versions 1.8.1 to 1.8.7 as well.
        known = "1.8.8" if re.fullmatch(r"1\.8\.[1-7]", version) else version
        signed = root.find(SIGNATURE) is not None and (known, True) in self._schemas
        schema = self._schemas.get((known, signed))
        if schema is None:
            return f"ligne numéro : 1 colonne numéro: 1 message: version {version or '?'} du xsd non prise en charge"
        # The standard library's tree is walked faster than lxml's; the text went through the safe parser before.
        bare = ElementTree.fromstring(data)
        # A second signature is refused in words of its own, not as an Id that comes twice.
        for signature in bare.findall(SIGNATURE)[1 if signed else 0 :]:
            bare.remove(signature)
        with self._lock:
            error = next(schema.iter_errors(bare), None)
        if error is None:
            return None
        line, column = _position(data, bare, error)
        return f"ligne numéro : {line} colonne numéro: {column} message: {message(error)}"


def message(error) -> str:
    """An error of xmlschema in Xerces' words."""
    name = _local(error.elem)
    if isinstance(error, XMLSchemaChildrenValidationError):
        names = (_local_name(particle.name or "") for particle in error.expected or ())
        expected = list(dict.fromkeys(name for name in names if name))
        wanted = f" One of '{{{', '.join(expected)}}}' is expected." if expected else ""
        if error.invalid_tag is None:
            return f"cvc-complex-type.2.4.b: The content of element '{name}' is not complete.{wanted}"
        tag = _local_name(error.invalid_tag)
        if expected:
            return f"cvc-complex-type.2.4.a: Invalid content was found starting with element '{tag}'.{wanted}"
        return (
            f"cvc-complex-type.2.4.d: Invalid content was found starting with element '{tag}'. "
            "No child element is expected at this point."
        )
    facet, value = (
        error.validator,
        error.obj if isinstance(error.obj, str) else (getattr(error.elem, "text", None) or ""),
    )
    kind = _type_name(facet)
    if isinstance(facet, XsdPatternFacets):
        return (
            f"cvc-pattern-valid: Value '{value}' is not facet-valid with respect to pattern '{facet.regexps[0]}' "
            f"for type '{kind}'."
        )
    if isinstance(facet, XsdEnumerationFacets):
        allowed = ", ".join(str(item) for item in facet.enumeration)
        return (
            f"cvc-enumeration-valid: Value '{value}' is not facet-valid with respect to enumeration '[{allowed}]'. "
            "It must be a value from the enumeration."
        )
    for facet_type, facet_name in ((XsdMaxLengthFacet, "maxLength"), (XsdMinLengthFacet, "minLength")):
        if isinstance(facet, facet_type):
            return (
                f"cvc-{facet_name}-valid: Value '{value}' with length = '{len(value)}' is not facet-valid with respect to "
                f"{facet_name} '{facet.value}' for type '{kind}'."
            )
    reason = str(error.reason or "")
    missing = re.match(r"missing required attribute '([^']+)'", reason)
    if missing:
        return f"cvc-complex-type.4: Attribute '{missing[1]}' must appear on element '{name}'."
    extra = re.match(r"'([^']+)' attribute not allowed", reason)
    if extra:
        return f"cvc-complex-type.3.2.2: Attribute '{extra[1]}' is not allowed to appear in element '{name}'."
    if "is not an element of the schema" in reason:
        return f"cvc-elt.1.a: Cannot find the declaration of element '{name}'."
    test = getattr(facet, "path", None)
    if "assertion test is false" in reason and isinstance(test, str):
        return f"cvc-assertion: Assertion evaluation ('{test}') for element '{name}' on schema type '{kind}' did not succeed."
    return f"cvc-type.3.1.3: The value '{value}' of element '{name}' is not valid. {reason}".strip()


def _position(data: bytes, root, error) -> tuple[int, int]:
    """Line and column (from 1) where Xerces would stop: behind the tag that closes the value or opens the bad child."""
    element, closing = error.elem, True
    if isinstance(error, XMLSchemaChildrenValidationError) and error.invalid_tag is not None:
        children = [child for child in element if isinstance(child.tag, str)]
        if error.index < len(children):
            element, closing = children[error.index], False
    elif len(element):
        # Attributes and unknown roots are told at the opening tag.
        closing = not re.search("attribute|not an element of the schema", str(error.reason))
    elements = [node for node in root.iter() if isinstance(node.tag, str)]
    try:
        wanted = elements.index(element)
    except ValueError:
        return 1, 1
    return _tag_end(data, wanted, closing)


def _tag_end(data: bytes, wanted: int, closing: bool) -> tuple[int, int]:
    parser = expat.ParserCreate()
    opened, stack, found = 0, [], None

    def start(_name, _attributes):
        nonlocal opened, found
        if found is None and opened == wanted and not closing:
            found = parser.CurrentByteIndex
        stack.append(opened)
        opened += 1

    def end(_name):
        nonlocal found
        if stack.pop() == wanted and closing and found is None:
            found = parser.CurrentByteIndex

    parser.StartElementHandler, parser.EndElementHandler = start, end
    try:
        parser.Parse(data, True)
    except expat.ExpatError:
        return 1, 1
    if found is None:
        return 1, 1
    stop = data.find(b">", found) + 1
    line_start = data.rfind(b"\n", 0, stop) + 1
    return data.count(b"\n", 0, stop) + 1, len(data[line_start:stop].decode("utf-8", "replace")) + 1


def _local(element) -> str:
    return _local_name(getattr(element, "tag", "") or "")


def _local_name(tag: str) -> str:
    return tag.rpartition("}")[2]


def _type_name(facet) -> str:
    name = getattr(getattr(facet, "base_type", None), "local_name", None)
    parent = getattr(getattr(facet, "parent", None), "local_name", None)
    return parent or name or "#AnonType"
