"""Write a container: seals, records with their evidence, the index. Streaming, so that memory does not grow with it."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import BinaryIO

from . import layout, record, zips
from .layout import Export
from .readme import README_TEXT


class Writer:
    """A container in ``file`` (empty, open for reading and writing, able to seek).

    Seals come first, in the order of their sequence, then records in the order of their numbers, then :meth:`close`. After
    each, ``position`` may be noted: a writer with ``resume_at`` continues a file that was interrupted, from there. Raises
    ValueError for another order.
    """

    def __init__(self, file: BinaryIO, export: Export, *, resume_at: int | None = None):
        self._file, self._export = file, export
        self._last = (0, 0)
        if resume_at:
            file.truncate(resume_at)
            for member in zips.scan(file):
                self._last = max(self._last, _place(member.name))
            if file.seek(0, os.SEEK_END) != resume_at:
                raise ValueError("the file is shorter than it was")
            return
        for name, data in (
            (layout.MIMETYPE, layout.MEDIA_TYPE),
            (layout.README, README_TEXT),
            (layout.EXPORT, export.canonical()),
        ):
            self._write(name, data)

    @property
    def position(self) -> int:
        """The bytes written so far, whole members only."""
        return self._file.seek(0, os.SEEK_END)

    def add_seal(
        self,
        sequence: int,
        statement: bytes,
        signature: bytes | None,
        evidence: bytes,
        late_signature: bytes | None = None,
    ) -> None:
        """Add a day's seal: its canonical statement, its signature (DER; None when it was stamped unsigned), its evidence
        record (DER), and the signature that came after the time-stamp, if any."""
        self._next((1, sequence))
        self._write(layout.seal_path(sequence, layout.STATEMENT), statement)
        if signature is not None:
            self._write(layout.seal_path(sequence, layout.SIGNATURE), signature)
        if late_signature is not None:
            self._write(layout.seal_path(sequence, layout.LATE_SIGNATURE), late_signature)
        manifest = layout.seal_manifest(sequence, statement, signature)
        self._write(layout.manifest_path(sequence, seal=True), manifest)
        self._write(layout.evidence_path(sequence, seal=True), evidence)

    def add_record(
        self,
        data: bytes,
        contents: Mapping[str, Iterable[bytes] | Callable[[], Iterable[bytes]]],
        evidence: bytes,
    ) -> list[str]:
        """Add a record: its canonical bytes, its files' contents by name (bytes in chunks, or a function that gives them),
        its evidence record (DER).

        :return: the names of files that are missing or not what the record says. They are written as they are, for an
            export must show what is there; the verifier will name them too.
        """
        found = record.read(data)
        self._next((2, found.number))
        self._write(layout.record_path(found.number), data)
        wrong = []
        for one in sorted(found.files, key=lambda file: file.name):
            content = contents.get(one.name)
            if content is None:
                wrong.append(one.name)
                continue
            digest = hashlib.sha256()
            zips.write(
                self._file,
                layout.record_path(found.number, one.name),
                _hashed(content() if callable(content) else content, digest),
            )
            if digest.hexdigest() != one.sha256_hex:
                wrong.append(one.name)
        self._write(layout.manifest_path(found.number), layout.record_manifest(data, found))
        self._write(layout.evidence_path(found.number), evidence)
        return wrong

    def close(self) -> None:
        """Write the index, from what is in the file, and end the file."""
        end = self.position
        zips.write(self._file, layout.INDEX_CSV, _index_csv(self._file, end))
        zips.write(self._file, layout.INDEX_XML, _index_xml(self._file, end, self._export))
        zips.finish(self._file)
        self._file.flush()

    def _next(self, place: tuple[int, int]) -> None:
        if place <= self._last:
            raise ValueError("seals come first, each in its order")
        self._last = place

    def _write(self, name: str, data: bytes) -> None:
        zips.write(self._file, name, [data])


def _place(name: str) -> tuple[int, int]:
    """Where a member stands in the order: (1, sequence) of a seal, (2, number) of a record, (0, 0) of anything else."""
    if found := layout.SEAL.fullmatch(name):
        return 1, int(found[1])
    if found := layout.RECORD.fullmatch(name):
        return 2, int(found[1])
    return 0, 0


def _hashed(content: Iterable[bytes], digest) -> Iterator[bytes]:
    for chunk in content:
        digest.update(chunk)
        yield chunk


def _read(file: BinaryIO, member: zips.Member) -> bytes:
    return b"".join(zips.read(file, member))


def _index_csv(file: BinaryIO, end: int) -> Iterator[bytes]:
    """The index for people."""
    yield layout.csv_head()
    for member in zips.scan(file, end):
        found = layout.RECORD.fullmatch(member.name)
        if found and found[2] == record.RECORD_NAME:
            data = _read(file, member)
            yield layout.csv_row(data, record.read(data))


def _index_xml(file: BinaryIO, end: int, export: Export) -> Iterator[bytes]:
    """The index for programs."""
    digest = hashlib.sha256()
    for line in _index_lines(file, end, export):
        digest.update(line)
        yield line
    yield layout.xml_tail(digest.digest())


def _index_lines(file: BinaryIO, end: int, export: Export) -> Iterator[bytes]:
    yield layout.xml_head(export)
    seal: list[tuple[str, bytes]] = []
    data = b""
    for member in zips.scan(file, end):
        name = member.name
        if found := layout.SEAL.fullmatch(name):
            seal.append((found[2], _read(file, member)))
        elif (found := layout.RECORD.fullmatch(name)) and found[2] == record.RECORD_NAME:
            data = _read(file, member)
        elif found := layout.EVIDENCE.fullmatch(name):
            evidence = _read(file, member)
            if found[1]:
                yield layout.xml_seal(int(found[2]), [*seal, ("evidence.ers", evidence)])
                seal = []
            else:
                yield layout.xml_record(data, record.read(data), evidence)
