"""Opening a workbook that a stranger made: what it is, how large it really is, and what it must not hold.

An .xlsx file is a ZIP archive of XML parts (ECMA-376, Part 2). Each part is unpacked once, piece by piece, before the library
that reads workbooks sees it: sizes that the archive announces are not believed.
"""

import io
import re
import zipfile
import zlib
from dataclasses import dataclass

from .codes import WorkbookError

MAX_FILE = 32 << 20
MAX_PART = 128 << 20
# All strings of the workbook are held in memory at once
MAX_STRINGS = 48 << 20
MAX_TOTAL = 192 << 20
MAX_PARTS = 2000
PIECE = 1 << 18

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_FORMULA = re.compile(rb"<(?:\w+:)?f[ >/]")
_MERGED = re.compile(rb"<(?:\w+:)?mergeCell [^>]*?ref=\"([A-Z]{1,3}\d{1,7}):([A-Z]{1,3}\d{1,7})\"")
_DOCTYPE = re.compile(rb"<!\s*(?:DOCTYPE|ENTITY)", re.IGNORECASE)


@dataclass(frozen=True)
class Part:
    """What was seen in one XML part of the archive while it was unpacked."""

    size: int
    has_formula: bool
    merged: tuple


def inspect(data, filename=""):
    """Look at the archive before anything reads it.

    :param bytes data: the file.
    :param str filename: its name, to tell what a file that is no workbook may be.
    :return: dict of part name to :class:`Part`.
    :raise WorkbookError: for anything but a plain .xlsx workbook of bounded size.
    """
    if len(data) > MAX_FILE:
        raise WorkbookError("file.too_large", limit=MAX_FILE >> 20)
    if data.startswith(OLE):
        # Old .xls files and password-protected .xlsx files share this container
        encrypted = "EncryptedPackage".encode("utf-16-le") in data
        raise WorkbookError("file.encrypted" if encrypted else "file.xls")
    if not data.startswith(b"PK"):
        raise WorkbookError("file.csv" if _looks_like_csv(data, filename) else "file.not_xlsx")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return _inspect_parts(archive)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError) as error:
        # RuntimeError: a part with a password; NotImplementedError: an unknown compression
        raise WorkbookError("file.damaged") from error


def _looks_like_csv(data, filename):
    if filename.lower().endswith((".csv", ".tsv", ".txt")):
        return True
    return b"\0" not in data[:4096] and any(mark in data[:4096] for mark in (b";", b",", b"\t"))


def _inspect_parts(archive):
    names = [info.filename for info in archive.infolist()]
    if len(names) > MAX_PARTS:
        raise WorkbookError("file.damaged")
    if len(names) != len(set(names)):
        raise WorkbookError("file.damaged")
    if "[Content_Types].xml" not in names or "xl/workbook.xml" not in names:
        raise WorkbookError("file.not_xlsx")
    if any(name.lower().endswith("vbaproject.bin") or name.startswith("xl/macrosheets/") for name in names):
        raise WorkbookError("file.macros")
    parts, total = {}, 0
    for info in archive.infolist():
        part = _inspect_part(archive, info, MAX_TOTAL - total)
        total += part.size
        parts[info.filename] = part
    return parts


def _inspect_part(archive, info, left):
    """Unpack one part and forget it; only its size and a few marks are kept."""
    limit = min(left, MAX_STRINGS if info.filename.endswith("sharedStrings.xml") else MAX_PART)
    is_xml = info.filename.endswith((".xml", ".rels"))
    size, tail, has_formula, merged = 0, b"", False, []
    with archive.open(info) as stream:
        while piece := stream.read(PIECE):
            if not size and is_xml:
                _refuse_other_encodings(piece)
            size += len(piece)
            if size > limit:
                raise WorkbookError("file.too_large", limit=limit >> 20)
            if is_xml:
                # A mark may lie across two pieces
                window = tail + piece
                if _DOCTYPE.search(window):
                    raise WorkbookError("file.doctype")
                has_formula = has_formula or bool(_FORMULA.search(window))
                merged += _MERGED.findall(window)
                tail = window[-200:]
    return Part(size, has_formula, tuple(dict.fromkeys((a.decode(), b.decode()) for a, b in merged)))


def _refuse_other_encodings(piece):
    """The marks above are looked for as bytes: a part in UTF-16 or UTF-7 would hide them."""
    start = piece.removeprefix(b"\xef\xbb\xbf")
    declared = re.match(rb"<\?xml[^>]*encoding=[\"']([\w-]+)[\"']", start)
    if not start.startswith(b"<") or (
        declared and declared[1].lower() not in (b"utf-8", b"us-ascii", b"ascii")
    ):
        raise WorkbookError("file.damaged")
