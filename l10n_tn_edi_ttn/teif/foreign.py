"""The one parser for XML that comes from elsewhere: files, TTN's answers, documents received.

No DTD, no entity, no network, no recovery; size, number of elements and depth are bounded, so that a hostile text gets
an answer at once and never fills the memory.
"""

from __future__ import annotations

import codecs

from lxml import etree

#: Far above any real document (373 kB is the largest known to have been accepted), far below what would hurt.
MAX_BYTES = 10 * 1024 * 1024
#: A document may be small and still explode into nodes: `<a/>` is 4 bytes in a file and over 100 in memory. No file of
#: :data:`MAX_BYTES` that is a real document comes near.
MAX_MARKUP = 300_000
#: A TEIF with its signatures stays under 30 levels; deeper ones are made to exhaust recursive readers.
MAX_DEPTH = 100

CODES = frozenset(
    {"xml.empty", "xml.too_large", "xml.doctype", "xml.too_deep", "xml.malformed", "xml.encoding"}
)

_OPTIONS = {
    "resolve_entities": False,
    "no_network": True,
    "load_dtd": False,
    "dtd_validation": False,
    "attribute_defaults": False,
    "huge_tree": False,
    "recover": False,
    "remove_blank_text": False,
}
_too_deep = etree.XPath(f"boolean({'/*' * (MAX_DEPTH + 1)})")
_WIDE = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, b"<\0", b"\0<")
_ENCODING_ERRORS = frozenset(
    {
        etree.ErrorTypes.ERR_INVALID_ENCODING,
        etree.ErrorTypes.ERR_UNKNOWN_ENCODING,
        etree.ErrorTypes.ERR_UNSUPPORTED_ENCODING,
        etree.ErrorTypes.I18N_CONV_FAILED,
        etree.ErrorTypes.I18N_NO_HANDLER,
    }
)


class ForeignXmlError(Exception):
    """XML that is not read. ``code`` is one of :data:`CODES`, ``message`` plain English, short and printable."""

    def __init__(self, code: str, message: str):
        super().__init__(message)
        self.code = code
        self.message = message


def parse_foreign_xml(data: bytes, *, max_bytes: int = MAX_BYTES) -> etree._Element:
    """The root element of ``data``. White space, comments and processing instructions are kept as they are.

    Raises ForeignXmlError when it is empty, larger than ``max_bytes``, malformed, wrongly encoded, too deep, or has a
    document type declaration (which no format read here needs, and which every entity attack needs).
    """
    if not data.strip():
        raise ForeignXmlError("xml.empty", "the content is empty")
    if len(data) > max_bytes:
        raise ForeignXmlError(
            "xml.too_large", f"the content has {len(data)} bytes, at most {max_bytes} are read"
        )
    if data.count(b"<") > MAX_MARKUP or data.count(b'="') + data.count(b"='") > MAX_MARKUP:
        raise ForeignXmlError("xml.too_large", f"the content has more than {MAX_MARKUP} tags or attributes")
    if _has_doctype(data):
        raise ForeignXmlError("xml.doctype", "a document type declaration (DOCTYPE) is not allowed")
    try:
        root = etree.fromstring(data, etree.XMLParser(**_OPTIONS))
    except etree.XMLSyntaxError as error:
        raise _explained(error) from None
    if root.getroottree().docinfo.internalDTD is not None:
        # A declaration in an encoding that the search above doesn't see through
        raise ForeignXmlError("xml.doctype", "a document type declaration (DOCTYPE) is not allowed")
    if _too_deep(root):
        raise ForeignXmlError("xml.too_deep", f"elements are nested deeper than {MAX_DEPTH} levels")
    return root


def _has_doctype(data: bytes) -> bool:
    """Whether a document type declaration stands before the root element."""
    if data.startswith(_WIDE):
        data = data.replace(b"\0", b"")  # enough to see ASCII markup in UTF-16
    position = 0
    while True:
        position = data.find(b"<", position)
        if position < 0:
            return False
        if data.startswith(b"<?", position):
            position = data.find(b"?>", position)
        elif data.startswith(b"<!--", position):
            position = data.find(b"-->", position)
        else:
            return data.startswith(b"<!", position)
        if position < 0:
            return False


def _explained(error: etree.XMLSyntaxError) -> ForeignXmlError:
    """lxml's error as ours; the parser's message may quote the file, so only printable characters of it are kept."""
    text = "".join(character for character in error.msg if character.isprintable())[:200]
    if "xcessive depth" in text:
        return ForeignXmlError("xml.too_deep", "elements are nested too deeply")
    if error.code in _ENCODING_ERRORS or "encoding" in text.lower():
        return ForeignXmlError(
            "xml.encoding", f"the bytes are not in the encoding that the document declares ({text})"
        )
    return ForeignXmlError("xml.malformed", f"it is not well-formed XML ({text})")
