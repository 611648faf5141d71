"""Check one seal or one record of a container: each by itself, so that many processors can share the work."""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from typing import BinaryIO

from . import chain, cms, evidence, layout, record, timestamps, tree, zips
from .findings import ArchiveError, Finding, finding
from .layout import Listed
from .timestamps import Stamp

#: Tunisia's time; it has known no summer time since 2009.
TUNISIA = timezone(timedelta(hours=1))
#: How long after the end of a day its seal may be time-stamped.
STAMP_WITHIN = timedelta(hours=48)
#: Role of a file of a record, its bytes → what is wrong with the signatures inside, in English.
Documents = Callable[[str, bytes], Iterable[str]]


@dataclass(frozen=True, slots=True)
class Judges:
    """What the caller knows and this room does not; None: not looked at. All must be picklable.

    ``trust``: see :data:`.cms.Trust`; ``documents``: see :data:`Documents`; ``owner``: the company of a signer's DER
    certificate (the first eight characters of its matricule), None when it names none.
    """

    trust: cms.Trust | None = None
    documents: Documents | None = None
    owner: Callable[[bytes], str | None] | None = None


@dataclass(slots=True)
class Seal:
    """A seal that was checked. ``statement``, ``stamped``: None when they could not be read; ``tokens``: each time-stamp
    that holds, with what it covers; ``sound``: it has no error by itself; ``line``: its line of the index."""

    sequence: int
    statement: chain.Statement | None = None
    digest: bytes = b""
    stamped: bytes | None = None
    tokens: dict[bytes, tuple[Stamp, str, bytes]] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    line: bytes = b""

    @property
    def broken(self) -> bool:
        """Whether its files are not what they were: then it says nothing about its neighbours."""
        return self.statement is None or any(one.code.startswith("file.") for one in self.findings)

    @property
    def sound(self) -> bool:
        """Whether records can be compared with it."""
        return self.stamped is not None and not self.broken


@dataclass(slots=True)
class Checked:
    """A record that was checked. ``digest``: of its canonical bytes; ``leaf``: of its group; ``row``, ``line``: its lines
    of the two indexes, empty when it could not be read; ``deleted``: the numbers of the records whose deletion it tells."""

    number: int
    digest: bytes = b""
    leaf: bytes = b""
    row: bytes = b""
    line: bytes = b""
    findings: list[Finding] = field(default_factory=list)
    deleted: tuple[int, ...] = ()


def check_seal(
    sequence: int, parts: dict[str, bytes], archive: str, judges: Judges, listed: Listed | None, now: datetime
) -> Seal:
    """Check a seal by itself.

    ``parts``: its files by name, with ``evidence.ers`` and ``manifest.xml``; ``listed``: what an undamaged index says.
    """
    seal = Seal(sequence)

    def found(code: str, **values) -> None:
        seal.findings.append(finding(code, seal=sequence, **values))

    missing = [name for name in (layout.STATEMENT, "evidence.ers", "manifest.xml") if name not in parts]
    wanted = listed.seals.get(sequence, {}) if listed else {}
    missing += [name for name in wanted if name not in parts and name not in missing]
    for name in missing:
        found("file.missing", file=name, name=_seal_file(sequence, name))
    for name, digest in wanted.items():
        if name in parts and hashlib.sha256(parts[name]).hexdigest() != digest:
            found("file.altered", file=name, name=_seal_file(sequence, name))
    said = parts.get(layout.STATEMENT)
    if said is not None:
        signature = parts.get(layout.SIGNATURE)
        names = (layout.STATEMENT, layout.SIGNATURE, layout.LATE_SIGNATURE, "evidence.ers")
        seal.line = layout.xml_seal(sequence, [(name, parts[name]) for name in names if name in parts])
        seal.digest = chain.seal_digest(said, signature)
    if seal.findings or said is None:
        return seal
    if parts["manifest.xml"] != layout.seal_manifest(sequence, said, signature):
        found("file.altered", file="manifest.xml", name=layout.manifest_path(sequence, seal=True))
    try:
        seal.statement = chain.read(said)
    except ValueError:
        found("seal.unreadable", sequence=sequence, file=layout.STATEMENT)
        return seal
    if seal.statement.sequence != sequence:
        found("seal.misplaced", sequence=sequence, found=seal.statement.sequence)
        return seal
    if seal.statement.archive != archive:
        found("seal.archive", sequence=sequence, found=seal.statement.archive)
    stamps = _seal_evidence(seal, said, signature, parts["evidence.ers"], judges, found)
    _seal_signatures(seal, said, parts, stamps, judges, found)
    _stamp_times(seal, stamps, now, found)
    return seal


def _seal_file(sequence: int, name: str) -> str:
    if name == "evidence.ers":
        return layout.evidence_path(sequence, seal=True)
    if name == "manifest.xml":
        return layout.manifest_path(sequence, seal=True)
    return layout.seal_path(sequence, name)


def _seal_evidence(
    seal: Seal, said: bytes, signature, proof: bytes, judges: Judges, found
) -> tuple[Stamp, ...]:
    """The seal's time-stamps, the oldest first; empty when its evidence does not hold."""

    def judge(token: bytes, digest: bytes, algorithm: str) -> Stamp:
        stamp = timestamps.verify(token, digest, algorithm=algorithm)
        seal.tokens[token] = (stamp, algorithm, digest)
        # Whom one trusts is another question than what was altered: told apart, and the records are still compared
        reasons = judges.trust(stamp.signer, stamp.certificates, stamp.time) if judges.trust else ()
        if reasons:
            found("seal.untrusted", sequence=seal.sequence, reason=" ".join(reasons))
        return stamp

    objects = [said] if signature is None else [said, signature]
    root = chain.stamped_root(bytes.fromhex(seal.statement.root), said, signature)
    try:
        proved = evidence.verify(
            proof, lambda algorithm: [hashlib.new(algorithm, one).digest() for one in objects], judge
        )
        if proved.root != root:
            raise ArchiveError("evidence.group")
    except ArchiveError as error:
        found("seal.evidence", sequence=seal.sequence, file="evidence.ers", reason=error)
        return ()
    seal.stamped = root
    return proved.stamps


def _seal_signatures(seal: Seal, said: bytes, parts: dict, stamps, judges: Judges, found) -> None:
    sequence = seal.sequence
    names = [name for name in (layout.SIGNATURE, layout.LATE_SIGNATURE) if name in parts]
    if not names:
        found("seal.unsigned", sequence=sequence)
    elif layout.SIGNATURE not in names:
        found("seal.signed_late", sequence=sequence)
    for name in names:
        try:
            signed = cms.verify(parts[name], lambda algorithm: hashlib.new(algorithm, said).digest())
            # What was there when it was time-stamped counts at that time; a later one at its own
            at = stamps[0].time if stamps and name == layout.SIGNATURE else signed.time
            if at is not None:
                cms.check_trust(judges.trust, signed, at)
        except ArchiveError as error:
            found("seal.signature", sequence=sequence, file=name, reason=error)
            continue
        owner = judges.owner(signed.signer) if judges.owner else None
        if owner and not seal.statement.archive.startswith(owner):
            found("seal.signer", sequence=sequence, file=name, found=owner)


def _stamp_times(seal: Seal, stamps: tuple[Stamp, ...], now: datetime, found) -> None:
    if not stamps:
        return
    day = seal.statement.day
    ended = datetime(day.year, day.month, day.day, tzinfo=TUNISIA) + timedelta(days=1)
    values = {"sequence": seal.sequence, "time": _shown(stamps[0].time), "day": day}
    if stamps[0].time < ended:
        found("seal.early", **values)
    if stamps[0].time > ended + STAMP_WITHIN:
        found("seal.late", hours=int(STAMP_WITHIN.total_seconds()) // 3600, **values)
    for before, after in zip(stamps, stamps[1:], strict=False):
        if after.time > before.valid_until:
            found("seal.lapsed", sequence=seal.sequence, time=_shown(before.valid_until))
    if stamps[-1].valid_until < now:
        found("seal.expired", sequence=seal.sequence, time=_shown(stamps[-1].valid_until))


def _shown(time: datetime) -> str:
    return f"{time.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


class RecordChecker:
    """Checks records of one container. ``file``: the container; ``seals``: those that were checked, by sequence."""

    def __init__(
        self, file: BinaryIO, archive: str, seals: Sequence[Seal], judges: Judges, listed: Listed | None
    ):
        self._file, self._archive, self._judges, self._listed = file, archive, judges, listed
        self._unread = [one.sequence for one in seals if one.statement is None]
        self._seals = sorted(
            (one for one in seals if one.statement is not None), key=lambda one: one.statement.first
        )
        self._firsts = [one.statement.first for one in self._seals]

    def check(self, number: int, members: dict[str, zips.Member]) -> Checked:
        """Check a record by itself: its files, its evidence, its day, the signatures in its documents.

        ``members``: by name, with ``evidence.ers`` and ``manifest.xml`` of META-INF. Its first cause is what is told.
        """
        checked = Checked(number)

        def found(code: str, **values) -> None:
            checked.findings.append(finding(code, record=number, **values))

        data = self._small(number, members, record.RECORD_NAME, found)
        proof = self._small(number, members, "evidence.ers", found)
        manifest = self._small(number, members, "manifest.xml", found)
        wanted = self._listed.records.get(number) if self._listed else None
        for name, content, digest in zip(
            (record.RECORD_NAME, "evidence.ers"), (data, proof), wanted or (), strict=False
        ):
            if content is not None and hashlib.sha256(content).hexdigest() != digest:
                found("file.altered", file=name, name=_record_file(number, name))
        if data is None:
            return checked
        checked.digest = hashlib.sha256(data).digest()
        try:
            read = record.read(data)
        except ValueError:
            if not checked.findings:
                found("record.unreadable", number=number, file=record.RECORD_NAME)
            return checked
        if read.number != number:
            found("record.misplaced", number=number, found=read.number)
            return checked
        checked.row = layout.csv_row(data, read)
        checked.line = layout.xml_record(data, read, proof or b"")
        checked.leaf = tree.leaf(record.group(data, read))
        contents = self._files(read, members, found)
        if not checked.findings and manifest != layout.record_manifest(data, read):
            found("file.altered", file="manifest.xml", name=layout.manifest_path(number))
        if checked.findings or proof is None:
            return checked
        self._sealed(read, data, proof, contents, found)
        if not checked.findings:
            self._documents(read, contents, found)
            if read.kind == record.DELETION and record.DELETION_NAME in contents:
                checked.deleted = _deleted(contents[record.DELETION_NAME]())
        return checked

    def _small(self, number: int, members: dict, name: str, found) -> bytes | None:
        member = members.get(name)
        if member is None:
            found("file.missing", file=name, name=_record_file(number, name))
            return None
        return self._whole(member, name, found)

    def _whole(self, member: zips.Member, name: str, found) -> bytes | None:
        try:
            if member.size > evidence.MAX_BYTES:
                raise ArchiveError("container.data", name=member.name)
            return b"".join(zips.read(self._file, member))
        except ArchiveError as error:
            found(error.code, file=name, **error.params)
            return None

    def _files(self, read: record.Record, members: dict, found) -> dict[str, Callable[[], bytes]]:
        """The record's files, as functions that read them again; what is wrong with them is told."""
        contents = {}
        names = {one.name for one in read.files}
        for name in sorted(set(members) - names - {record.RECORD_NAME, "evidence.ers", "manifest.xml"}):
            found("container.unexpected", file=name, name=_record_file(read.number, name))
        for one in sorted(read.files, key=lambda file: file.name):
            path = layout.record_path(read.number, one.name)
            member = members.get(one.name)
            if member is None:
                found("file.missing", file=one.name, name=path)
                continue
            digest = hashlib.sha256()
            try:
                for chunk in zips.read(self._file, member):
                    digest.update(chunk)
            except ArchiveError as error:
                found(error.code, file=one.name, **error.params)
                continue
            if digest.hexdigest() != one.sha256_hex or member.size != one.size:
                found("file.altered", file=one.name, name=path)
            else:
                contents[one.name] = lambda member=member: b"".join(zips.read(self._file, member))
        return contents

    def _seal_of(self, number: int) -> Seal | None:
        """The seal of a record; None when it is in none. Raises LookupError when one that cannot be read may hold it."""
        at = bisect_right(self._firsts, number) - 1
        if at >= 0 and number <= self._seals[at].statement.last:
            return self._seals[at]
        after = self._seals[at].sequence if at >= 0 else 0
        before = self._seals[at + 1].sequence if at + 1 < len(self._seals) else float("inf")
        if any(after < sequence < before for sequence in self._unread):
            raise LookupError
        return None

    def _sealed(self, read: record.Record, data: bytes, proof: bytes, contents, found) -> None:
        number = read.number
        if read.archive != self._archive:
            found("record.archive", number=number, found=read.archive)
        try:
            seal = self._seal_of(number)
        except LookupError:
            return  # its seal was told
        if seal is None:
            found("record.added", number=number)
            return

        def group(algorithm: str) -> list[bytes]:
            if algorithm == chain.ALGORITHM:
                return record.group(data, read)
            objects = [data, *(contents[one.name]() for one in read.files)]
            return [hashlib.new(algorithm, one).digest() for one in objects]

        def judge(token: bytes, digest: bytes, algorithm: str) -> Stamp:
            if not seal.sound:
                return timestamps.verify(token, digest, algorithm=algorithm)
            if token not in seal.tokens:
                raise ArchiveError("evidence.foreign")
            stamp, expected_algorithm, expected = seal.tokens[token]
            if (expected_algorithm, expected) != (algorithm, digest):
                raise ArchiveError("stamp.imprint")
            return stamp

        try:
            proved = evidence.verify(proof, group, judge)
            if seal.sound and (proved.root != seal.stamped or len(proved.stamps) != len(seal.tokens)):
                raise ArchiveError("evidence.foreign")
        except ArchiveError as error:
            found("record.evidence", number=number, file="evidence.ers", reason=error)
            return
        archived = read.archived_at.astimezone(TUNISIA).date()
        if archived != seal.statement.day:
            found("record.day", number=number, found=archived, day=seal.statement.day)

    def _documents(self, read: record.Record, contents, found) -> None:
        if self._judges.documents is None:
            return
        for one in read.files:
            if one.role in (record.ROLE_SIGNED, record.ROLE_VALIDATED):
                for reason in self._judges.documents(one.role, contents[one.name]()):
                    found("record.signature", number=read.number, file=one.name, name=one.name, reason=reason)


def _record_file(number: int, name: str) -> str:
    if name == "evidence.ers":
        return layout.evidence_path(number)
    if name == "manifest.xml":
        return layout.manifest_path(number)
    return layout.record_path(number, name)


def _deleted(data: bytes) -> tuple[int, ...]:
    try:
        return tuple(record.read_deletion(data))
    except ValueError:
        return ()
