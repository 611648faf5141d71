"""The seal of a day and the chain of seals.

A day's statement names the root over its records, their first and last number and the seal of the day before; it is signed
(CAdES, detached) and, together with the records, time-stamped. Its digest with the signature's is what the next one names,
and what somebody outside keeps as the *head*: who holds the head sees every later change, even by the company itself.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import asdict, dataclass, fields
from datetime import date

from . import jcs, tree
from .tree import Reduced, Tree

FORMAT = 1
ALGORITHM = "sha256"
_HEX = re.compile(r"[0-9a-f]{64}")
_HEAD = re.compile(r"(?:([1-9][0-9]{0,8}):)?([0-9a-fA-F]{64})")


@dataclass(frozen=True, slots=True)
class Statement:
    """What a day's seal says.

    ``archive``: see :func:`.record.archive_name`; ``sequence``: from 1 without gap; ``day``: in Tunisia's time, later than
    the one before; ``first``, ``last``, ``count``: the numbers of its records; ``root``, ``previous``: hex, the root over
    them and the seal before (None for the first). Days without a record have no seal. Raises ValueError.
    """

    archive: str
    sequence: int
    day: date
    first: int
    last: int
    count: int
    root: str
    previous: str | None
    algorithm: str = ALGORITHM

    def __post_init__(self):
        if not isinstance(self.archive, str) or not self.archive or type(self.day) is not date:
            raise ValueError("archive or day")
        numbers = (self.sequence, self.first, self.last, self.count)
        if any(type(one) is not int or one < 1 for one in numbers):
            raise ValueError("numbers begin with 1")
        if self.last - self.first + 1 != self.count:
            raise ValueError("first, last and count do not fit")
        if self.algorithm != ALGORITHM or not _is_hex(self.root):
            raise ValueError("root")
        if (self.previous is None) != (self.sequence == 1) or not (
            self.previous is None or _is_hex(self.previous)
        ):
            raise ValueError("previous")

    def canonical(self) -> bytes:
        """The statement's canonical JSON: what is signed."""
        return jcs.dumps({"format": FORMAT, **asdict(self), "day": self.day.isoformat()})


def statement(
    *, archive: str, sequence: int, day: date, first: int, last: int, root: bytes, previous: bytes | None
) -> bytes:
    """The canonical bytes of a day's statement; see :class:`Statement`. Digests are bytes here. Raises ValueError."""
    return Statement(
        archive,
        sequence,
        day,
        first,
        last,
        last - first + 1,
        root.hex(),
        previous.hex() if previous else None,
    ).canonical()


def read(data: bytes) -> Statement:
    """The statement of its canonical bytes. Raises ValueError for anything else."""
    values = jcs.loads(data)
    try:
        if values.pop("format") != FORMAT or set(values) != {one.name for one in fields(Statement)}:
            raise ValueError("another format of statement")
        found = Statement(**{**values, "day": date.fromisoformat(values["day"])})
    except (AttributeError, KeyError, TypeError):
        raise ValueError("no statement") from None
    if found.canonical() != data:
        raise ValueError("no canonical statement")
    return found


def seal_group(statement: bytes, signature: bytes | None) -> list[bytes]:
    """The seal as a data object group of RFC 4998: SHA-256 of the statement and of its signature (DER).

    ``signature`` None: nobody could sign in time, the statement was time-stamped alone. A signature that comes later is
    kept beside it and is no part of the chain. Everywhere in this module.
    """
    return [hashlib.sha256(one).digest() for one in (statement, signature) if one is not None]


def seal_digest(statement: bytes, signature: bytes | None) -> bytes:
    """What the next day's statement names as ``previous`` and what the head is."""
    return tree.leaf(seal_group(statement, signature))


def stamped_root(root: bytes, statement: bytes, signature: bytes | None) -> bytes:
    """What a day's time-stamp covers: the root over the records and the seal itself, joined."""
    return tree.join([root, seal_digest(statement, signature)], ALGORITHM)


def entry_path(entries: Tree, index: int, statement: bytes, signature: bytes | None) -> Reduced:
    """The reduced hash tree of the record at ``index`` of its day, up to the stamped root."""
    return above(entries.reduced(index), entries.root, seal_digest(statement, signature))


def above(reduced: Reduced, digest: bytes, neighbour: bytes) -> Reduced:
    """A ``reduced`` tree that led to ``digest``, one level higher."""
    return [*reduced, [neighbour]] if reduced else [sorted([digest, neighbour])]


def seal_path(root: bytes, statement: bytes, signature: bytes | None) -> Reduced:
    """The reduced hash tree of the seal itself, up to the stamped root."""
    return tree.with_group(seal_group(statement, signature), [[root]])


def head(sequence: int, digest: bytes) -> str:
    """The head as it is handed over: ``SEQUENCE:HEX``."""
    return f"{sequence}:{digest.hex()}"


def read_head(text: str) -> tuple[int | None, bytes]:
    """Sequence (None when only the digest is given) and digest of a head. Raises ValueError."""
    found = _HEAD.fullmatch(text.strip())
    if not found:
        raise ValueError("a head is SEQUENCE:HEX, or 64 hexadecimal digits")
    return int(found[1]) if found[1] else None, bytes.fromhex(found[2])


def _is_hex(value) -> bool:
    return isinstance(value, str) and bool(_HEX.fullmatch(value))
