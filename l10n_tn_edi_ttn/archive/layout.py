"""Where everything stands in a container (ASiC-E, ETSI EN 319 162-1), and the texts in it that follow from the records.

What can be derived is derived, by the writer and again by the verifier, and compared byte by byte.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from xml.sax.saxutils import quoteattr

from . import jcs
from .record import RECORD_NAME, Record, moment, moment_text

FORMAT = 1
MEDIA_TYPE = b"application/vnd.etsi.asic-e+zip"
EXTENSION = ".asice"
MIMETYPE, README, EXPORT = "mimetype", "LISEZMOI.txt", "export.json"
INDEX_CSV, INDEX_XML = "index.csv", "index.xml"
STATEMENT, SIGNATURE, LATE_SIGNATURE = "statement.json", "signature.p7s", "signature-late.p7s"

SEAL = re.compile(r"seals/(\d{6})/(statement\.json|signature\.p7s|signature-late\.p7s)")
RECORD = re.compile(r"records/(\d{9})/([A-Za-z0-9][A-Za-z0-9._-]{0,99})")
EVIDENCE = re.compile(r"META-INF/evidencerecord-(seal-)?(\d{6}|\d{9})\.ers")
MANIFEST = re.compile(r"META-INF/ASiCEvidenceRecordManifest-(seal-)?(\d{6}|\d{9})\.xml")

_COLUMNS = (
    "number",
    "archived_at",
    "kind",
    "document_number",
    "document_date",
    "type_code",
    "sender",
    "receiver",
    "total",
    "currency",
    "state",
    "ttn_reference",
    "deposit_id",
    "user",
)
_HEADINGS = (
    "Numéro d'archive",
    "Archivé le (UTC)",
    "Nature",
    "Numéro du document",
    "Date du document",
    "Type",
    "Émetteur",
    "Destinataire",
    "Total",
    "Devise",
    "État",
    "Référence TTN",
    "Identifiant du dépôt",
    "Utilisateur",
    "Fichiers",
    "SHA-256",
)
#: What XML 1.0 cannot hold.
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class Export:
    """What a container claims to be.

    ``archive``: see :func:`.record.archive_name`; ``created_at``: with a time zone; ``complete_from``, ``complete_to``:
    sequences of the first and last seal whose records are all there, None for a selection; ``note``: the period, the
    customer, the reason, in words. Raises ValueError.
    """

    archive: str
    created_at: datetime
    complete_from: int | None = None
    complete_to: int | None = None
    note: str = ""

    def __post_init__(self):
        ends = (self.complete_from, self.complete_to)
        if not isinstance(self.archive, str) or not self.archive or not isinstance(self.note, str):
            raise ValueError("archive or note")
        if ends != (None, None) and not (
            all(type(one) is int for one in ends) and 1 <= self.complete_from <= self.complete_to
        ):
            raise ValueError("complete_from and complete_to")
        moment_text(self.created_at)

    def canonical(self) -> bytes:
        """The canonical JSON of the claim."""
        return jcs.dumps({"format": FORMAT, **asdict(self), "created_at": moment_text(self.created_at)})


def read_export(data: bytes) -> Export:
    """The claim in its canonical bytes. Raises ValueError."""
    values = jcs.loads(data)
    try:
        if values.pop("format") != FORMAT or set(values) != {one.name for one in fields(Export)}:
            raise ValueError("another format of export")
        found = Export(**{**values, "created_at": moment(values["created_at"])})
    except (AttributeError, KeyError, TypeError):
        raise ValueError("no export") from None
    if found.canonical() != data:
        raise ValueError("no canonical export")
    return found


def seal_path(sequence: int, name: str) -> str:
    """Where a file of a seal stands."""
    return f"seals/{sequence:06d}/{name}"


def record_path(number: int, name: str = RECORD_NAME) -> str:
    """Where a file of a record stands."""
    return f"records/{number:09d}/{name}"


def evidence_path(number: int, *, seal: bool = False) -> str:
    """Where the evidence record of a record (or a seal) stands."""
    return f"META-INF/evidencerecord-{f'seal-{number:06d}' if seal else f'{number:09d}'}.ers"


def manifest_path(number: int, *, seal: bool = False) -> str:
    """Where the manifest stands that says what an evidence record is about."""
    return f"META-INF/ASiCEvidenceRecordManifest-{f'seal-{number:06d}' if seal else f'{number:09d}'}.xml"


def record_manifest(data: bytes, record: Record) -> bytes:
    """The ASiCEvidenceRecordManifest of a record whose canonical bytes are ``data``."""
    objects = [(record_path(record.number), "application/json", hashlib.sha256(data).digest())]
    objects += [
        (record_path(record.number, one.name), one.media_type, bytes.fromhex(one.sha256_hex))
        for one in sorted(record.files, key=lambda file: file.name)
    ]
    return _manifest(evidence_path(record.number), objects)


def seal_manifest(sequence: int, statement: bytes, signature: bytes | None) -> bytes:
    """The ASiCEvidenceRecordManifest of a seal."""
    objects = [(seal_path(sequence, STATEMENT), "application/json", hashlib.sha256(statement).digest())]
    if signature is not None:
        kind = "application/pkcs7-signature"
        objects.append((seal_path(sequence, SIGNATURE), kind, hashlib.sha256(signature).digest()))
    return _manifest(evidence_path(sequence, seal=True), objects)


def _manifest(evidence: str, objects: Iterable[tuple[str, str, bytes]]) -> bytes:
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        '<asic:ASiCManifest xmlns:asic="http://uri.etsi.org/02918/v1.2.1#" xmlns:ds="http://www.w3.org/2000/09/xmldsig#">',
        f'<asic:SigReference URI="{evidence}" MimeType="application/octet-stream"/>',
    ]
    lines += [
        f'<asic:DataObjectReference URI="{path}" MimeType="{kind}">'
        '<ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/>'
        f"<ds:DigestValue>{base64.b64encode(digest).decode()}</ds:DigestValue></asic:DataObjectReference>"
        for path, kind, digest in objects
    ]
    return "\n".join([*lines, "</asic:ASiCManifest>", ""]).encode()


def csv_head() -> bytes:
    """The first line of the index for people (semicolons, UTF-8 with its mark: what a French Excel opens)."""
    return "\ufeff".encode() + _csv(_HEADINGS)


def csv_row(data: bytes, record: Record) -> bytes:
    """A record's line of that index. Texts that a spreadsheet would take for a formula begin with an apostrophe."""
    values = [getattr(record, name) for name in _COLUMNS]
    values[1] = moment_text(record.archived_at)
    values[8] = None if record.total is None else format(record.total, "f")
    names = " ".join(one.name for one in sorted(record.files, key=lambda file: file.name))
    return _csv([*map(_cell, values), names, hashlib.sha256(data).hexdigest()])


def _cell(value) -> str:
    text = "" if value is None else str(value)
    risky = text[:1] in ("=", "+", "-", "@", "\t", "\r") and not re.fullmatch(r"-?\d+(\.\d+)?", text)
    return f"'{text}" if risky else text


def _csv(values: Iterable[str]) -> bytes:
    line = io.StringIO()
    csv.writer(line, delimiter=";", lineterminator="\r\n").writerow(values)
    return line.getvalue().encode()


def xml_head(export: Export) -> bytes:
    """The first lines of the index for programs."""
    claim = hashlib.sha256(export.canonical()).hexdigest()
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<index format="{FORMAT}" archive={_attribute(export.archive)} export="{claim}">\n'
    ).encode()


def xml_seal(sequence: int, parts: Iterable[tuple[str, bytes]]) -> bytes:
    """A seal's line: SHA-256 of its files, as pairs of name and content."""
    files = "".join(
        f'<file name="{name}" sha256="{hashlib.sha256(data).hexdigest()}"/>' for name, data in parts
    )
    return f'<seal sequence="{sequence}">{files}</seal>\n'.encode()


def xml_record(data: bytes, record: Record, evidence: bytes) -> bytes:
    """A record's line: SHA-256 of its canonical bytes ``data`` and of its evidence; its files as it names them."""
    attributes = {
        "number": record.number,
        "sha256": hashlib.sha256(data).hexdigest(),
        "evidence": hashlib.sha256(evidence).hexdigest(),
        "kind": record.kind,
        "document": record.document_number,
        "date": record.document_date,
        "receiver": record.receiver,
        "total": None if record.total is None else format(record.total, "f"),
        "currency": record.currency,
        "ttn": record.ttn_reference,
    }
    files = "".join(
        f'<file name="{one.name}" role="{one.role}" type="{one.media_type}" size="{one.size}" sha256="{one.sha256_hex}"/>'
        for one in sorted(record.files, key=lambda file: file.name)
    )
    said = " ".join(f"{name}={_attribute(value)}" for name, value in attributes.items() if value is not None)
    return f"<record {said}>{files}</record>\n".encode()


def xml_tail(digest: bytes) -> bytes:
    """The last lines: SHA-256 (``digest``) of all the lines before, which tells a damaged index from a damaged file."""
    return f'<before sha256="{digest.hex()}"/>\n</index>\n'.encode()


_XML_RECORD = re.compile(rb'<record number="(\d{1,16})" sha256="([0-9a-f]{64})" evidence="([0-9a-f]{64})"')
_XML_SEAL = re.compile(
    rb'<seal sequence="(\d{1,9})">((?:<file name="[a-z.-]+" sha256="[0-9a-f]{64}"/>)*)</seal>\n'
)
_XML_FILE = re.compile(rb'name="([a-z.-]+)" sha256="([0-9a-f]{64})"')


@dataclass(slots=True)
class Listed:
    """What an undamaged index lists: of records their own and their evidence's digest, of seals each file's (hex)."""

    records: dict[int, tuple[str, str]]
    seals: dict[int, dict[str, str]]


def read_index(data: bytes) -> Listed | None:
    """What the index for programs lists; None when it is damaged."""
    tail = len(xml_tail(bytes(32)))
    body = data[:-tail]
    if data[-tail:] != xml_tail(hashlib.sha256(body).digest()):
        return None
    listed = Listed({}, {})
    for line in body.splitlines(keepends=True):
        if found := _XML_RECORD.match(line):
            listed.records[int(found[1])] = (found[2].decode(), found[3].decode())
        elif found := _XML_SEAL.match(line):
            listed.seals[int(found[1])] = {
                name.decode(): digest.decode() for name, digest in _XML_FILE.findall(found[2])
            }
    return listed


def _attribute(value) -> str:
    text = _NOT_XML.sub("\ufffd", str(value))
    return quoteattr(text, {"\n": "&#10;", "\r": "&#13;", "\t": "&#9;", '"': "&quot;"})
