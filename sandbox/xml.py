"""Parsing of everything that comes from outside: no DTD, no entities, no network, bounded."""

from __future__ import annotations

from lxml import etree

DS = "http://www.w3.org/2000/09/xmldsig#"
XADES = "http://uri.etsi.org/01903/v1.3.2#"
MAX_DEPTH = 100


class XmlError(ValueError):
    """A text that is no acceptable XML. `line` and `column` count from 1; `message` is in the manner of Xerces."""

    def __init__(self, message: str, line: int = 1, column: int = 1):
        super().__init__(message)
        self.message, self.line, self.column = message, line, column


def parse(data: bytes) -> etree._Element:
    """The root element of the bytes. Raises XmlError."""
    if not data.strip():
        raise XmlError("Premature end of file.")
    # huge_tree lifts libxml2's limits on text length (a deposit is one long base64 text); the body's size is bounded
    # before, the depth just below.
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=True)
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        line, column = error.position if error.position and error.position[0] else (1, 1)
        raise XmlError(_xerces(data, error.msg or ""), line, column) from error
    except ValueError as error:
        raise XmlError(str(error)) from error
    if root.getroottree().docinfo.internalDTD is not None:
        raise XmlError(
            "DOCTYPE is disallowed when the feature "
            '"http://apache.org/xml/features/disallow-doctype-decl" set to true.'
        )
    if _depth(root) > MAX_DEPTH:
        raise XmlError("The document is nested too deeply.")
    return root


def _depth(root) -> int:
    deepest = depth = 0
    for event, _element in etree.iterwalk(root, events=("start", "end")):
        depth += 1 if event == "start" else -1
        if depth > deepest:
            deepest = depth
            if deepest > MAX_DEPTH:
                break
    return deepest


def _xerces(data: bytes, message: str) -> str:
    """The commonest syntax errors in Xerces' words; any other stays libxml2's."""
    start = data.lstrip(b"\xef\xbb\xbf")
    if start and not start.lstrip().startswith(b"<"):
        return "Content is not allowed in prolog."
    if "Opening and ending tag mismatch" in message:
        name = message.split(":", 1)[1].split()[0]
        return f'The element type "{name}" must be terminated by the matching end-tag "</{name}>".'
    if "Premature end of data" in message or "EndTag: '</' not found" in message:
        return "XML document structures must start and end within the same entity."
    if "Extra content at the end" in message:
        return "The markup in the document following the root element must be well-formed."
    if "not proper UTF-8" in message or "invalid continuation byte" in message:
        return "Invalid byte of UTF-8 sequence."
    return message
