"""What several containers say together: their seals as one chain, what is missing, and the heads that somebody holds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from . import tree
from .checks import Checked, Seal
from .findings import Finding, finding
from .layout import Export

#: A claim of more days would be a mistake, and must not cost memory.
MAX_SEALS = 100_000


@dataclass(slots=True)
class Container:
    """One container that was checked by itself. ``export``: None when its claim cannot be read; ``archive``: whose it is."""

    name: str
    archive: str = ""
    export: Export | None = None
    seals: dict[int, Seal] = field(default_factory=dict)
    records: dict[int, Checked] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)


def together(
    containers: list[Container], findings: list[Finding]
) -> tuple[dict[int, Seal], dict[int, Checked]]:
    """The seals and records of all containers; what differs between two of them is told."""
    seals: dict[int, Seal] = {}
    records: dict[int, Checked] = {}
    for container in containers:
        for sequence, seal in container.seals.items():
            other = seals.setdefault(sequence, seal)
            if other.digest != seal.digest:
                findings.append(
                    finding("seal.conflict", seal=sequence, sequence=sequence, name=container.name)
                )
        for number, checked in container.records.items():
            other = records.setdefault(number, checked)
            if other.digest != checked.digest:
                findings.append(finding("record.conflict", record=number, number=number, name=container.name))
    return seals, records


def wanted_seals(containers: list[Container], seals: dict[int, Seal], complete: bool) -> set[int]:
    """The sequences of the seals whose records must all be there."""
    wanted = set(range(min(seals), max(seals) + 1)) if complete and seals else set()
    for container in containers:
        if container.export and container.export.complete_from is not None:
            last = min(container.export.complete_to, container.export.complete_from + MAX_SEALS)
            wanted |= set(range(container.export.complete_from, last + 1))
    return wanted


def chained(seals: dict[int, Seal], wanted: set[int]) -> Iterator[Finding]:
    """How the seals follow one another."""
    told = set()
    for sequence in sorted(wanted - set(seals)):
        told.add(sequence)
        yield finding("seal.missing", seal=sequence, sequence=sequence)
    present = sorted(seals)
    for before, after in zip(present, present[1:], strict=False):
        earlier, later = seals[before], seals[after]
        if after != before + 1:
            if not told & set(range(before + 1, after)):
                yield finding("seal.gap", first=before + 1, last=after - 1)
            continue
        if earlier.broken or later.broken:
            continue
        if later.statement.previous != earlier.digest.hex():
            yield finding("seal.previous", seal=after, sequence=after, previous=before)
        elif later.statement.first != earlier.statement.last + 1:
            values = {"first": later.statement.first, "last": earlier.statement.last}
            yield finding("seal.numbers", seal=after, sequence=after, **values)
        elif later.statement.day <= earlier.statement.day:
            yield finding("seal.days", seal=after, sequence=after, day=later.statement.day)


def complete(seals: dict[int, Seal], records: dict[int, Checked], wanted: set[int]) -> Iterator[Finding]:
    """Which records of the seals are missing, and whether those that are there are all that was sealed."""
    deleted = {number: one.number for one in records.values() for number in one.deleted}
    for sequence in sorted(wanted & set(seals)):
        said = seals[sequence].statement
        if said is None:
            continue
        missing = [number for number in range(said.first, said.last + 1) if number not in records]
        for number in missing:
            if number in deleted:
                yield finding("record.deleted", record=number, number=number, by=deleted[number])
            else:
                yield finding("record.missing", record=number, number=number)
        day = [records[number] for number in range(said.first, said.last + 1) if number in records]
        if missing or not seals[sequence].sound or any(one.findings for one in day):
            continue
        if tree.Tree([[one.leaf] for one in day]).root.hex() != said.root:
            yield finding("seal.root", seal=sequence, sequence=sequence, first=said.first, last=said.last)


def compared(seals: dict[int, Seal], heads: Iterable[tuple[int | None, bytes]]) -> Iterator[Finding]:
    """Compare with what somebody holds outside, the earliest first."""
    digests = {seal.digest for seal in seals.values()}
    last = max(seals, default=0)
    for sequence, digest in sorted(heads, key=lambda head: head[0] or 0):
        if sequence is None:
            if digest not in digests:
                yield finding("head.unknown")
        elif sequence in seals:
            if seals[sequence].digest != digest:
                yield finding("head.differs", seal=sequence, sequence=sequence)
        elif sequence > last:
            yield finding("head.missing", seal=sequence, sequence=sequence, last=last)
        else:
            yield finding("seal.missing", seal=sequence, sequence=sequence)
