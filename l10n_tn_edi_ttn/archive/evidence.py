"""Evidence records after RFC 4998: made from a reduced hash tree and a time-stamp, renewed, verified.

A record of evidence is a sequence of chains. Within a chain each time-stamp covers the one before (renewed before its
certificate ends); a new chain covers the data and all the chains before it with another hash algorithm (renewed before the
algorithm grows old).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from asn1crypto import parser

from . import tree
from .findings import ArchiveError
from .timestamps import Stamp
from .tree import Reduced

#: Gives the data object group's digests for an algorithm's name.
Group = Callable[[str], Sequence[bytes]]
#: Verifies a token (DER) for a digest made with an algorithm; raises ArchiveError.
StampJudge = Callable[[bytes, bytes, str], Stamp]
#: Ten years with a renewal each year, and room.
MAX_STAMPS = 100
MAX_BYTES = 4 * 1024 * 1024

_SEQUENCE, _OCTETS = 16, 4
_VERSION = b"\x02\x01\x01"
#: AlgorithmIdentifier of each algorithm, without parameters (RFC 5754).
_IDENTIFIERS = {
    "sha256": bytes.fromhex("300b0609608648016503040201"),
    "sha384": bytes.fromhex("300b0609608648016503040202"),
    "sha512": bytes.fromhex("300b0609608648016503040203"),
}
_NAMES = {identifier[2:]: name for name, identifier in _IDENTIFIERS.items()}


@dataclass(frozen=True, slots=True)
class ArchiveTimeStamp:
    """One time-stamp: the ``algorithm`` of its tree, the ``reduced`` tree that leads to it (may be empty), the ``token``."""

    algorithm: str
    reduced: tuple[tuple[bytes, ...], ...]
    token: bytes


#: ArchiveTimeStampSequence: chains of time-stamps.
Chains = tuple[tuple[ArchiveTimeStamp, ...], ...]


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a record of evidence proves. ``stamps``: all its time-stamps, the oldest first; ``root``: what the first one
    covers; ``algorithm``: of the last chain; ``first_token``: the first time-stamp (DER)."""

    stamps: tuple[Stamp, ...]
    root: bytes
    algorithm: str
    first_token: bytes


def make(reduced: Reduced, token: bytes, algorithm: str = "sha256") -> bytes:
    """The evidence record (DER) of a group: its ``reduced`` hash tree and the time-stamp ``token`` over the root."""
    return encode(((_stamp(reduced, token, algorithm),),))


def to_renew(record: bytes) -> tuple[str, bytes]:
    """What the next time-stamp of the same chain has to cover: the algorithm and the digest of the last token.

    Many records can be renewed at once: a :class:`.tree.Tree` over such digests, one for each token. Raises ArchiveError.
    """
    last = decode(record)[-1][-1]
    return last.algorithm, hashlib.new(last.algorithm, last.token).digest()


def renew(record: bytes, token: bytes, reduced: Reduced = ()) -> bytes:
    """``record`` with one more time-stamp, over what :func:`to_renew` gave, or over a tree that holds it (``reduced``)."""
    *before, last = decode(record)
    return encode((*before, (*last, _stamp(reduced, token, last[-1].algorithm))))


def to_rehash(record: bytes, group: Sequence[bytes], algorithm: str) -> list[bytes]:
    """The digests of the data object group in a tree with another ``algorithm``: each of ``group`` (made with it) joined
    with the digest of all that was time-stamped before."""
    return _joined(decode(record), group, algorithm)


def rehash(record: bytes, reduced: Reduced, token: bytes, algorithm: str) -> bytes:
    """``record`` with a new chain: the ``reduced`` tree over what :func:`to_rehash` gave, and its time-stamp."""
    return encode((*decode(record), (_stamp(reduced, token, algorithm),)))


def verify(record: bytes, group: Group, judge: StampJudge) -> Evidence:
    """What ``record`` proves of the data object ``group``. Raises ArchiveError when it does not hold."""
    chains = decode(record)
    stamps: list[Stamp] = []
    root = None
    for number, chain in enumerate(chains):
        algorithm = chain[0].algorithm
        objects = list(group(algorithm))
        if number:
            objects = _joined(chains[:number], objects, algorithm)
        for archived in chain:
            covered = _covered(archived, objects, algorithm)
            stamp = judge(archived.token, covered, algorithm)
            if stamps and stamp.time < stamps[-1].time:
                raise ArchiveError("stamp.order")
            stamps.append(stamp)
            root = root or covered
            objects = [hashlib.new(algorithm, archived.token).digest()]
    return Evidence(tuple(stamps), root, chains[-1][0].algorithm, chains[0][0].token)


def _covered(archived: ArchiveTimeStamp, objects: Sequence[bytes], algorithm: str) -> bytes:
    """The root to which the tree of a time-stamp leads from ``objects``."""
    try:
        root = tree.root_of(archived.reduced, algorithm) if archived.reduced else objects[0]
    except (ValueError, IndexError):
        raise ArchiveError("evidence.group") from None
    if not tree.verify(root, objects, archived.reduced, algorithm):
        raise ArchiveError("evidence.group")
    return root


def _joined(chains: Chains, group: Sequence[bytes], algorithm: str) -> list[bytes]:
    """RFC 4998, 5.3: H(object's digest + digest of the chains so far), for each object."""
    before = hashlib.new(algorithm, _encode_chains(chains)).digest()
    return [hashlib.new(algorithm, one + before).digest() for one in group]


def _stamp(reduced: Reduced, token: bytes, algorithm: str) -> ArchiveTimeStamp:
    return ArchiveTimeStamp(algorithm, tuple(tuple(one) for one in reduced), token)


def encode(chains: Chains) -> bytes:
    """The EvidenceRecord (DER) of ``chains``."""
    algorithms = dict.fromkeys(archived.algorithm for chain in chains for archived in chain)
    identifiers = _sequence(*(_IDENTIFIERS[one] for one in algorithms))
    return _sequence(_VERSION, identifiers, _encode_chains(chains))


def _encode_chains(chains: Chains) -> bytes:
    return _sequence(*(_sequence(*map(_encode_stamp, chain)) for chain in chains))


def _encode_stamp(archived: ArchiveTimeStamp) -> bytes:
    parts = [parser.emit(2, 1, 0, _IDENTIFIERS[archived.algorithm][2:])]
    if archived.reduced:
        lists = (
            _sequence(*(parser.emit(0, 0, _OCTETS, digest) for digest in one)) for one in archived.reduced
        )
        parts.append(parser.emit(2, 1, 2, b"".join(lists)))
    return _sequence(*parts, archived.token)


def decode(record: bytes) -> Chains:
    """The chains of an EvidenceRecord as this module writes it, in DER and without optional parts. Raises ArchiveError."""
    if len(record) > MAX_BYTES:
        raise ArchiveError("evidence.unreadable", reason=f"more than {MAX_BYTES} bytes")
    try:
        _version, _algorithms, sequence = _children(record)
        chains = tuple(tuple(map(_decode_stamp, _children(chain))) for chain in _children(sequence))
    except (ValueError, TypeError, KeyError) as error:
        raise ArchiveError("evidence.unreadable", reason=error) from None
    if not chains or not all(chains) or sum(map(len, chains)) > MAX_STAMPS:
        raise ArchiveError("evidence.unreadable", reason="the number of time-stamps")
    if any(archived.algorithm != chain[0].algorithm for chain in chains for archived in chain):
        raise ArchiveError("evidence.unreadable", reason="two algorithms in one chain")
    if encode(chains) != record:
        raise ArchiveError("evidence.unreadable", reason="not in its canonical form")
    return chains


def _decode_stamp(data: bytes) -> ArchiveTimeStamp:
    stated, *middle, token = _children(data)
    reduced = ()
    if middle:
        [found] = middle
        reduced = tuple(
            tuple(parser.parse(digest)[4] for digest in _children(one))
            for one in _parts(parser.parse(found)[4])
        )
    return ArchiveTimeStamp(_NAMES[parser.parse(stated)[4]], reduced, token)


def _sequence(*parts: bytes) -> bytes:
    return parser.emit(0, 1, _SEQUENCE, b"".join(parts))


def _children(data: bytes) -> list[bytes]:
    """The elements of one constructed element. Raises ValueError."""
    return _parts(parser.parse(data, strict=True)[4])


def _parts(content: bytes) -> list[bytes]:
    found, at = [], 0
    while at < len(content):
        size = parser.peek(content[at:])
        found.append(content[at : at + size])
        at += size
    return found
