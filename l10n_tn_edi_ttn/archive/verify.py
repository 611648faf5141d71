"""Verify containers, one or several that belong together: what was altered, removed, added or reordered, by name.

Structure, seals, records and index of each; then the chain of all their seals, what is complete, and the heads that
somebody holds. Records are shared among the processors.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from . import chain, layout, whole, zips
from .checks import Checked, Judges, RecordChecker, check_seal
from .findings import ERROR, NOTICE, WARNING, ArchiveError, Finding, finding, from_error
from .layout import Export
from .readme import README_TEXT
from .whole import Container

#: Below this many records, starting more processes costs more time than it saves.
ENOUGH_FOR_PROCESSES = 200
_CHUNK = 50
#: A member that is read whole, apart from files of records: statements, signatures, evidence, indexes.
MAX_INDEX = 512 * 1024 * 1024
#: More findings than this help nobody.
MAX_FINDINGS = 1000


@dataclass(slots=True)
class Report:
    """What was found in all the containers.

    ``archive``: None when nothing could be read; ``records``, ``seals``: how many; ``first_seal``, ``last_seal``: their
    sequences; ``head``: of the last seal, to compare or to keep; ``findings``: the most important first.
    """

    archive: str | None = None
    records: int = 0
    seals: int = 0
    first_seal: int | None = None
    last_seal: int | None = None
    head: str | None = None
    findings: list[Finding] = field(default_factory=list)

    @property
    def clean(self) -> bool:
        """Whether nothing speaks against the proof."""
        return not any(one.severity == ERROR for one in self.findings)

    def as_dict(self) -> dict:
        """The report as a JSON-able dict; ``first`` is the first error."""
        errors = [one for one in self.findings if one.severity == ERROR]
        return {
            "archive": self.archive,
            "clean": self.clean,
            "records": self.records,
            "seals": self.seals,
            "first_seal": self.first_seal,
            "last_seal": self.last_seal,
            "head": self.head,
            "first": errors[0].as_dict() if errors else None,
            "findings": [one.as_dict() for one in self.findings[:MAX_FINDINGS]],
        }


@dataclass(slots=True)
class Parts:
    """The members of a container by what they are."""

    single: dict[str, zips.Member] = field(default_factory=dict)
    seals: dict[int, dict[str, zips.Member]] = field(default_factory=dict)
    records: dict[int, dict[str, zips.Member]] = field(default_factory=dict)


def verify(
    paths: Sequence[str | os.PathLike],
    judges: Judges = Judges(),  # noqa: B008 - frozen
    *,
    heads: Iterable[tuple[int | None, bytes]] = (),
    complete: bool = False,
    processes: int = 0,
    now: datetime | None = None,
) -> Report:
    """Verify the containers at ``paths`` together.

    ``heads``: as :func:`.chain.read_head` gives them; ``complete``: demand every record of the seals that are here, whatever
    the containers claim; ``processes``: 0 for as many as there are processors, 1 for this one alone; ``now``: for what has
    to be renewed. What cannot be read is told in the report. Raises OSError for a file that cannot be opened.
    """
    now, heads = now or datetime.now(UTC), list(heads)
    containers = [check_container(path, judges, processes=processes, now=now) for path in paths]
    report = Report(findings=[one for container in containers for one in container.findings])
    report.archive = next((one.archive for one in containers if one.archive), None)
    for one in containers:
        if one.archive and one.archive != report.archive:
            report.findings.append(
                finding("container.archive", file=one.name, name=one.name, found=one.archive)
            )
    seals, records = whole.together(containers, report.findings)
    report.seals, report.records = len(seals), len(records)
    if seals:
        report.first_seal, report.last_seal = min(seals), max(seals)
        report.head = chain.head(report.last_seal, seals[report.last_seal].digest)
    wanted = whole.wanted_seals(containers, seals, complete)
    report.findings += whole.chained(seals, wanted)
    report.findings += whole.complete(seals, records, wanted)
    report.findings += whole.compared(seals, heads)
    for given, code in (
        (judges.trust, "trust.none"),
        (judges.documents, "documents.none"),
        (heads, "head.none"),
    ):
        if not given:
            report.findings.append(finding(code))
    order = (ERROR, WARNING, NOTICE)
    unique = {}
    for one in report.findings:
        unique.setdefault((one.code, one.seal, one.record, one.file), one)
    report.findings = sorted(unique.values(), key=lambda one: order.index(one.severity))
    return report


def check_container(
    path: str | os.PathLike, judges: Judges, *, processes: int = 1, now: datetime | None = None
) -> Container:
    """Check one container by itself. Raises OSError."""
    container = Container(Path(path).name)
    with open(path, "rb") as file:
        try:
            parts = _parts(file, container.findings)
        except ArchiveError as error:
            container.findings.append(from_error(error, file=container.name))
            return container
        _fixed(file, parts, container)
        index = _optional(file, parts, layout.INDEX_XML, container.findings)
        listed = layout.read_index(index) if index is not None else None
        seals = {
            sequence: _contents(file, members, container.findings, sequence)
            for sequence, members in sorted(parts.seals.items())
        }
        archive = container.archive = _archive(container.export, seals)
        for sequence, contents in seals.items():
            seal = check_seal(sequence, contents, archive, judges, listed, now or datetime.now(UTC))
            container.seals[sequence] = seal
            container.findings += seal.findings
    job = (os.fspath(path), archive, list(container.seals.values()), judges, listed)
    for checked in _records(job, sorted(parts.records.items()), processes):
        container.records[checked.number] = checked
        container.findings += checked.findings
    if listed:
        for number in sorted(set(listed.records) - set(container.records)):
            container.findings.append(finding("record.missing", record=number, number=number))
        for sequence in sorted(set(listed.seals) - set(container.seals)):
            container.findings.append(finding("seal.missing", seal=sequence, sequence=sequence))
    with open(path, "rb") as file:
        _indexes(file, parts, container, index)
    return container


def _parts(file: BinaryIO, findings: list[Finding]) -> Parts:
    """The members by what they are; what is in the wrong place, twice, or belongs nowhere is told. Raises ArchiveError."""
    found = zips.listing(file)
    findings += [finding(code, file=name or None, name=name) for code, name in found.problems]
    parts, last = Parts(), (-1, 0)
    for at, member in enumerate(found.members):
        if at in found.doubtful:
            member = _likely(found, at)
            findings.append(finding("container.header", name=member.name, **_about(member.name)))
        place, where, key = _place(member.name, parts)
        code = None
        if where is None:
            code = "container.unexpected"
        elif key in where:
            code = "container.duplicate"
        elif place < last:
            code = "container.order"
        if code:
            findings.append(finding(code, name=member.name, **_about(member.name)))
        if code in (None, "container.order"):
            where[key], last = member, max(place, last)
    return parts


def _likely(found: zips.Listing, at: int) -> zips.Member:
    """Which reading of a doubtful member is right: that of the same record or seal as a neighbour."""
    around = [_about(found.members[one].name) for one in (at - 1, at + 1) if 0 <= one < len(found.members)]
    numbers = [(one.get("seal"), one.get("record")) for one in around]
    for member in (found.members[at], found.doubtful[at]):
        about = _about(member.name)
        if (about.get("seal"), about.get("record")) in numbers and "file" in about:
            return member
    return found.members[at]


def _about(name: str) -> dict:
    """Which seal or record, and which file, a member's name speaks of; empty for a name that belongs nowhere."""
    parts = Parts()
    place, where, key = _place(name, parts)
    if where is None:
        return {}
    kind = {1: "seal", 2: "record"}.get(place[0])
    return {kind: place[1], "file": key} if kind else {"file": name}


_BEFORE = (layout.MIMETYPE, layout.README, layout.EXPORT)
_AFTER = (layout.INDEX_CSV, layout.INDEX_XML)


def _place(name: str, parts: Parts) -> tuple[tuple[int, int], dict | None, str]:
    """Where a member belongs: its place in the order, the dict of its kind (None: nowhere), its key there."""
    if name in _BEFORE:
        return (0, _BEFORE.index(name)), parts.single, name
    if name in _AFTER:
        return (9, _AFTER.index(name)), parts.single, name
    if found := layout.SEAL.fullmatch(name):
        return (1, int(found[1])), parts.seals.setdefault(int(found[1]), {}), found[2]
    if found := layout.RECORD.fullmatch(name):
        return (2, int(found[1])), parts.records.setdefault(int(found[1]), {}), found[2]
    for pattern, path_of, key in (
        (layout.EVIDENCE, layout.evidence_path, "evidence.ers"),
        (layout.MANIFEST, layout.manifest_path, "manifest.xml"),
    ):
        found = pattern.fullmatch(name)
        if found and name == path_of(int(found[2]), seal=bool(found[1])):
            kind, place = (parts.seals, 1) if found[1] else (parts.records, 2)
            return (place, int(found[2])), kind.setdefault(int(found[2]), {}), key
    return (0, 0), None, name


def _fixed(file: BinaryIO, parts: Parts, container: Container) -> None:
    """The members whose content is known, and what the container claims."""
    for name, content in ((layout.MIMETYPE, layout.MEDIA_TYPE), (layout.README, README_TEXT)):
        data = _optional(file, parts, name, container.findings)
        if data is not None and data != content:
            container.findings.append(finding("container.altered", file=name, name=name))
    member = parts.single.get(layout.MIMETYPE)
    if member is not None and member.offset:
        container.findings.append(finding("container.order", file=member.name, name=member.name))
    data = _optional(file, parts, layout.EXPORT, container.findings)
    try:
        container.export = layout.read_export(data) if data is not None else None
    except ValueError:
        container.findings.append(finding("container.altered", file=layout.EXPORT, name=layout.EXPORT))


def _archive(export: Export | None, seals: dict[int, dict[str, bytes]]) -> str:
    """Whose archive this is: as the container claims, or else as its first seal says; '' when neither can be read."""
    if export:
        return export.archive
    for contents in seals.values():
        try:
            return chain.read(contents[layout.STATEMENT]).archive
        except (KeyError, ValueError):
            continue
    return ""


def _read(file: BinaryIO, member: zips.Member) -> bytes:
    if member.size > MAX_INDEX:
        raise ArchiveError("container.data", name=member.name)
    return b"".join(zips.read(file, member))


def _optional(file: BinaryIO, parts: Parts, name: str, findings: list[Finding]) -> bytes | None:
    """The content of a single member; None, and a finding, when it is missing or damaged."""
    if name not in parts.single:
        findings.append(finding("container.missing", file=name, name=name))
        return None
    try:
        return _read(file, parts.single[name])
    except ArchiveError as error:
        findings.append(from_error(error, file=name))
        return None


def _contents(file: BinaryIO, members: dict, findings: list[Finding], sequence: int) -> dict[str, bytes]:
    contents = {}
    for name, member in members.items():
        try:
            contents[name] = _read(file, member)
        except ArchiveError as error:
            findings.append(from_error(error, seal=sequence, file=name))
    return contents


def _records(job: tuple, work: list, processes: int) -> Iterator[Checked]:
    """The records, checked, in their order."""
    if not processes:
        processes = min(
            len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1, 16
        )
    if processes < 2 or len(work) < ENOUGH_FOR_PROCESSES:
        path, *rest = job
        with open(path, "rb") as file:
            checker = RecordChecker(file, *rest)
            for number, members in work:
                yield checker.check(number, members)
        return
    with ProcessPoolExecutor(processes, initializer=_begin, initargs=job) as pool:
        yield from pool.map(_check, work, chunksize=_CHUNK)


_checker: RecordChecker | None = None


def _begin(path: str, *rest) -> None:
    """Of each process: its own view of the container."""
    global _checker
    _checker = RecordChecker(open(path, "rb"), *rest)  # noqa: SIM115 - ends with the process


def _check(work: tuple) -> Checked:
    return _checker.check(*work)


def _indexes(file: BinaryIO, parts: Parts, container: Container, index: bytes | None) -> None:
    """Compare the indexes with what the records say. A record that is damaged is left out: it was told already."""
    sick = {one.record for one in container.findings if one.record} | {
        number for number, one in container.records.items() if not one.line
    }
    records = [one for _number, one in sorted(container.records.items())]
    if index is not None:
        lines = [layout.xml_head(container.export)] if container.export else [None, None]
        lines += [seal.line for _sequence, seal in sorted(container.seals.items())]
        lines += [one.line if one.number not in sick else None for one in records]
        broken = any(one.seal for one in container.findings)
        line = _first_difference(index, lines, b"\n")
        tail = layout.xml_tail(hashlib.sha256(index[: -len(layout.xml_tail(bytes(32)))]).digest())
        if line is None and not index.endswith(tail):
            line = index.count(b"\n")
        if line is not None and not (broken or (sick and layout.read_index(index) is not None)):
            container.findings.append(_index_finding(layout.INDEX_XML, line))
    table = _optional(file, parts, layout.INDEX_CSV, container.findings)
    if table is not None:
        rows = [layout.csv_head(), *(one.row if one.number not in sick else None for one in records)]
        line = _first_difference(table, rows, b"\r\n", exact=True)
        if line is not None and not sick:
            container.findings.append(_index_finding(layout.INDEX_CSV, line))


def _index_finding(name: str, line: int) -> Finding:
    return finding("index.altered", file=name, name=name, line=line)


def _first_difference(data: bytes, pieces: list[bytes | None], end: bytes, exact: bool = False) -> int | None:
    """The line (from 1) at which ``data`` is not made of ``pieces``; None when it is. A piece None: any one line."""
    at, line = 0, 1
    for piece in pieces:
        if piece is None:
            after = data.find(end, at) + len(end)
            if after < len(end):
                return line
            at = after
        elif data.startswith(piece, at):
            at += len(piece)
        else:
            same = len(os.path.commonprefix([piece, data[at : at + len(piece)]]))
            return line + piece[:same].count(end)
        line += 1 if piece is None else piece.count(end)
    return line if exact and at != len(data) else None
