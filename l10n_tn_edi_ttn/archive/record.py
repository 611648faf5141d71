"""What the archive keeps of one document: its values, its files by their digests, its exchanges by reference.

The canonical JSON of a record and its files are one *data object group* of RFC 4998: they are proved together. The row
is the truth; nothing in it is computed again from the invoice later.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation

from . import jcs

FORMAT = 1
#: The record's own name inside a container.
RECORD_NAME = "record.json"
#: Kind, role and file name of the record that says which others were deleted when their retention had ended.
DELETION = "deletion"
DELETION_NAME = "deletion.json"
ROLE_SIGNED = "teif_signed"
ROLE_VALIDATED = "teif_validated"
#: Roles with a meaning for the verifier or in the index; others may be added, they are kept like these.
ROLES = (ROLE_SIGNED, ROLE_VALIDATED, "pdf", "certificate", "revocation", DELETION)

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_WORD = re.compile(r"[a-z][a-z0-9_]{0,39}")
_HEX = re.compile(r"[0-9a-f]{64}")
_MEDIA_TYPE = re.compile(r"[a-z0-9.+-]{1,60}/[a-z0-9.+-]{1,60}")
_TEXTS = ("archive", "document_number", "sender", "receiver", "currency", "state", "user")
_MAX_TEXT = 1000


@dataclass(frozen=True, slots=True)
class File:
    """A file of a record. ``role``: what it is (see ROLES); ``name``: letters, digits, dot, dash, underscore, unique in
    the record; ``size`` in bytes; ``sha256_hex`` in lower case. Raises ValueError."""

    role: str
    name: str
    media_type: str
    size: int
    sha256_hex: str

    def __post_init__(self):
        _fit(_WORD, self.role, "role")
        _fit(_NAME, self.name, "file name")
        _fit(_MEDIA_TYPE, self.media_type, "media type")
        _fit(_HEX, self.sha256_hex, "SHA-256")
        if self.name == RECORD_NAME:
            raise ValueError(f"{RECORD_NAME} is the record itself")
        _whole(self.size, "size", 0)


@dataclass(frozen=True, slots=True)
class ExchangeReference:
    """A call to TTN, kept elsewhere: its ``id``, ``operation``, when, SHA-256 of what was sent or came. Raises ValueError."""

    id: str
    operation: str
    at: datetime
    sha256: str

    def __post_init__(self):
        _text(self.id, "exchange")
        _text(self.operation, "operation")
        _moment(self.at)
        _fit(_HEX, self.sha256, "SHA-256")


@dataclass(frozen=True, slots=True)
class Record:
    """One archived document.

    ``archive``: see :func:`archive_name`; ``number``: from 1 without gap; ``archived_at``: with a time zone, kept in UTC
    to the second; ``kind``: invoice, deletion, …; ``type_code``: TEIF's code of the document; ``sender``, ``receiver``:
    their identifiers; ``state``: the final state; ``user``: who made it final. Texts that are not known are None.
    Raises ValueError for values that have no place in a record.
    """

    archive: str
    number: int
    archived_at: datetime
    kind: str
    document_number: str | None
    document_date: date | None
    type_code: str | None
    sender: str | None
    receiver: str | None
    total: Decimal | None
    currency: str | None
    state: str | None
    ttn_reference: str | None
    deposit_id: str | None
    user: str | None
    files: tuple[File, ...] = ()
    exchanges: tuple[ExchangeReference, ...] = ()

    def __post_init__(self):
        _text(self.archive, "archive")
        _whole(self.number, "number", 1)
        _moment(self.archived_at)
        _fit(_WORD, self.kind, "kind")
        for name in (*_TEXTS, "type_code", "ttn_reference", "deposit_id"):
            if getattr(self, name) is not None:
                _text(getattr(self, name), name)
        if self.document_date is not None and type(self.document_date) is not date:
            raise ValueError("document_date is no date")
        if self.total is not None and not (isinstance(self.total, Decimal) and self.total.is_finite()):
            raise ValueError("total is no amount")
        names = [file.name.lower() for file in self.files]
        if len(set(names)) != len(names):
            raise ValueError("two files have the same name")

    def file(self, role: str) -> File | None:
        """The first file of the ``role``, or None."""
        return next((one for one in self.files if one.role == role), None)


def archive_name(matricule: str, mode: str) -> str:
    """The archive of a company (``matricule``, as TTN writes it) in a ``mode`` (test or production)."""
    return f"{matricule}/{mode}"


def canonical(record: Record) -> bytes:
    """The record's canonical JSON (RFC 8785): what is hashed, stored and exported."""
    return jcs.dumps(
        {
            "format": FORMAT,
            **{
                one.name: getattr(record, one.name)
                for one in fields(record)
                if one.name not in ("archived_at", "document_date", "total", "files", "exchanges")
            },
            "archived_at": moment_text(record.archived_at),
            "document_date": record.document_date and record.document_date.isoformat(),
            "total": None if record.total is None else format(record.total, "f"),
            "files": [
                {one.name: getattr(file, one.name) for one in fields(file)}
                for file in sorted(record.files, key=lambda file: file.name)
            ],
            "exchanges": [
                {"id": one.id, "operation": one.operation, "at": moment_text(one.at), "sha256": one.sha256}
                for one in record.exchanges
            ],
        }
    )


def read(data: bytes) -> Record:
    """The record of its canonical bytes. Raises ValueError for anything else than what :func:`canonical` writes."""
    values = jcs.loads(data)
    try:
        if values.pop("format") != FORMAT:
            raise ValueError("another format of record")
        values["archived_at"] = moment(values["archived_at"])
        values["document_date"] = values["document_date"] and date.fromisoformat(values["document_date"])
        values["total"] = None if values["total"] is None else Decimal(values["total"])
        values["files"] = tuple(File(**one) for one in values["files"])
        values["exchanges"] = tuple(
            ExchangeReference(**{**one, "at": moment(one["at"])}) for one in values["exchanges"]
        )
        record = Record(**values)
    except (AttributeError, InvalidOperation, KeyError, TypeError):
        raise ValueError("no record") from None
    if canonical(record) != data:
        raise ValueError("no canonical record")
    return record


def digests(record: Record) -> list[bytes]:
    """The record's data object group: SHA-256 of its canonical bytes, then of each file."""
    return group(canonical(record), record)


def group(data: bytes, record: Record) -> list[bytes]:
    """As :func:`digests`, for the canonical bytes ``data`` at hand."""
    return [hashlib.sha256(data).digest(), *(bytes.fromhex(one.sha256_hex) for one in record.files)]


def deletion(numbers: Iterable[int]) -> bytes:
    """The file of a deletion's record: the numbers of the records that were deleted. Raises ValueError."""
    numbers = sorted(set(numbers))
    for number in numbers:
        _whole(number, "number", 1)
    return jcs.dumps({"format": FORMAT, "numbers": numbers})


def read_deletion(data: bytes) -> list[int]:
    """The numbers that :func:`deletion` wrote. Raises ValueError."""
    values = jcs.loads(data)
    if not isinstance(values, dict) or not isinstance(values.get("numbers"), list):
        raise ValueError("no deletion")
    if deletion(values["numbers"]) != data:
        raise ValueError("no deletion")
    return values["numbers"]


def moment_text(when: datetime) -> str:
    """A time as the archive writes it: UTC, to the second. Raises ValueError without a time zone."""
    _moment(when)
    return when.astimezone(UTC).replace(microsecond=0, tzinfo=None).isoformat() + "Z"


def moment(text: str) -> datetime:
    """The time of such a text. Raises ValueError."""
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)


def _moment(value) -> None:
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise ValueError("a time with its zone is needed")


def _fit(pattern: re.Pattern, value, what: str) -> None:
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise ValueError(f"{what}: {value!r}")


def _text(value, what: str) -> None:
    if not isinstance(value, str) or not value or len(value) > _MAX_TEXT or "\0" in value:
        raise ValueError(f"{what}: a text of 1 to {_MAX_TEXT} characters is needed")


def _whole(value, what: str, least: int) -> None:
    if type(value) is not int or not least <= value <= jcs.MAX_INTEGER:
        raise ValueError(f"{what}: a whole number from {least} is needed")
