"""Zip files of one exact form: written as a stream, read with suspicion.

Names are ASCII, dates are 1980-01-01, members are stored and lie one behind the other with nothing between, before or
behind. Nothing is compressed: PDFs are already, there are no bombs, and one content has one form. So the same members always
give the same file, a file can be continued after an interruption (its local headers say what it holds), and every byte is
accounted for: what the central directory says must be what the local headers say.
Source: PKWARE's APPNOTE 6.3, with Zip64 for more than 65 535 members or 4 GiB.
"""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import BinaryIO, NamedTuple

from .findings import ArchiveError

#: A member is smaller than this; containers may be larger than 4 GiB.
MAX_MEMBER = 1024**3
MAX_MEMBERS = 4_000_000
MAX_NAME = 200
CHUNK = 256 * 1024

_LOCAL = struct.Struct("<4s5H3L2H")
_CENTRAL = struct.Struct("<4s6H3L5H2L")
_END = struct.Struct("<4s4H2LH")
_END64 = struct.Struct("<4sQ2H2L4Q")
_LOCATOR = struct.Struct("<4sLQL")
_OFFSET64 = struct.Struct("<2HQ")
_DATE = 0x21  # 1980-01-01
_FULL16, _FULL32 = 0xFFFF, 0xFFFFFFFF


class Member(NamedTuple):
    """A file inside: its name, where its local header begins, and what the headers say of it."""

    name: str
    offset: int
    crc: int
    size: int

    @property
    def data_offset(self) -> int:
        """Where its data begins."""
        return self.offset + _LOCAL.size + len(self.name)

    @property
    def end(self) -> int:
        """Where the next member begins."""
        return self.data_offset + self.size


def write(file: BinaryIO, name: str, content: Iterable[bytes]) -> Member:
    """Add a member at the end of ``file`` (open for reading and writing, able to seek), chunk by chunk.

    ``content`` may itself read the file meanwhile. Raises ValueError for a name that is not ASCII, or a gigabyte and more.
    """
    encoded = name.encode("ascii")
    if not 0 < len(encoded) <= MAX_NAME:
        raise ValueError(f"name of {len(encoded)} bytes")
    offset = file.seek(0, os.SEEK_END)
    file.write(bytes(_LOCAL.size) + encoded)
    crc = size = 0
    for chunk in content:
        crc, size = zlib.crc32(chunk, crc), size + len(chunk)
        if size >= MAX_MEMBER:
            raise ValueError(f"{name} is too large")
        _append(file, chunk)
    member = Member(name, offset, crc, size)
    file.seek(offset)
    file.write(_local(member))
    file.seek(0, os.SEEK_END)
    return member


def _append(file: BinaryIO, data: bytes) -> None:
    file.seek(0, os.SEEK_END)
    file.write(data)


def finish(file: BinaryIO) -> None:
    """Write the central directory behind the members of ``file``: it is read from the local headers, one by one."""
    end = file.seek(0, os.SEEK_END)
    for piece in _directory(scan(file, end), end):
        _append(file, piece)


def scan(file: BinaryIO, end: int | None = None) -> Iterator[Member]:
    """The members by their local headers, up to the first position where no member begins.

    ``end``: no member may reach beyond it. Raises ArchiveError (``container.cut``) for one that does.
    """
    end = file.seek(0, os.SEEK_END) if end is None else end
    offset = 0
    while offset < end:
        member = _local_at(file, offset)
        if member is None:
            return
        if member.end > end:
            raise ArchiveError("container.cut", name=member.name)
        yield member
        offset = member.end


@dataclass(slots=True)
class Listing:
    """What a container holds. ``members``; ``doubtful``: by the place in that list, the other reading of a member whose local
    header and entry in the directory differ; ``problems``: codes and names of what is wrong with the container itself."""

    members: list[Member] = field(default_factory=list)
    doubtful: dict[int, Member] = field(default_factory=dict)
    problems: list[tuple[str, str]] = field(default_factory=list)


def listing(file: BinaryIO) -> Listing:
    """All members, and what is wrong with the container's own structure.

    Without a readable central directory the local headers count alone. Raises ArchiveError when neither can be read.
    """
    found = Listing()
    listed = _listed(file)
    if listed is None:
        found.problems.append(("container.directory", ""))
        try:
            for member in scan(file):
                found.members.append(member)
        except ArchiveError as error:
            found.problems.append((error.code, str(error.params.get("name", ""))))
        if not found.members:
            raise ArchiveError("container.unreadable", reason="no zip file of this form")
        return found
    at = 0
    for member in listed:
        local = _local_at(file, at)
        if local != member:
            # Where data fits a header, that one is right; where it fits both, only the names differ
            readings = [one for one in (local, member) if one is not None and _sound(file, one)] or [member]
            member = readings[0]
            found.doubtful[len(found.members)] = readings[-1]
        found.members.append(member)
        at = max(at, member.end)
    if not found.doubtful and not _same(file, at, _directory(iter(found.members), at)):
        found.problems.append(("container.directory", ""))
    return found


def read(file: BinaryIO, member: Member) -> Iterator[bytes]:
    """The data of a member in chunks. Raises ArchiveError (``container.data``) when it is not what its header says."""
    at, crc = member.data_offset, 0
    while at < member.end:
        file.seek(at)
        chunk = file.read(min(CHUNK, member.end - at))
        if not chunk:
            break
        at, crc = at + len(chunk), zlib.crc32(chunk, crc)
        yield chunk
    if (at, crc) != (member.end, member.crc):
        raise ArchiveError("container.data", name=member.name)


def _local(member: Member) -> bytes:
    name = member.name.encode("ascii")
    fields = (20, 0, 0, 0, _DATE, member.crc, member.size, member.size, len(name), 0)
    return _LOCAL.pack(b"PK\3\4", *fields) + name


def _local_at(file: BinaryIO, offset: int) -> Member | None:
    """The member whose local header, of exactly our form, is at ``offset``; None when there is none."""
    file.seek(offset)
    data = file.read(_LOCAL.size + MAX_NAME)
    if len(data) < _LOCAL.size:
        return None
    fields = _LOCAL.unpack_from(data)
    crc, _packed, size, length = fields[6:10]
    try:
        name = data[_LOCAL.size : _LOCAL.size + length].decode("ascii")
    except UnicodeDecodeError:
        return None
    member = Member(name, offset, crc, size)
    return member if _fits(member) and data.startswith(_local(member)) else None


def _fits(member: Member) -> bool:
    return 0 < len(member.name) <= MAX_NAME and member.size < MAX_MEMBER


def _directory(found: Iterator[Member], start: int) -> Iterator[bytes]:
    """The bytes behind the members: central directory and end records. ``start``: where they begin."""
    count = size = 0
    for member in found:
        name = member.name.encode("ascii")
        far = member.offset >= _FULL32
        extra = _OFFSET64.pack(1, 8, member.offset) if far else b""
        head = (20, 45 if far else 20, 0, 0, 0, _DATE, member.crc, member.size, member.size)
        rest = (len(name), len(extra), 0, 0, 0, 0, _FULL32 if far else member.offset)
        piece = _CENTRAL.pack(b"PK\1\2", *head, *rest) + name + extra
        count, size = count + 1, size + len(piece)
        yield piece
    if count >= _FULL16 or start >= _FULL32 or size >= _FULL32:
        yield _END64.pack(b"PK\6\6", 44, 45, 45, 0, 0, count, count, size, start)
        yield _LOCATOR.pack(b"PK\6\7", 0, start + size, 1)
        count, size, start = min(count, _FULL16), min(size, _FULL32), min(start, _FULL32)
    yield _END.pack(b"PK\5\6", 0, 0, count, count, size, start, 0)


def _listed(file: BinaryIO) -> list[Member] | None:
    """The members by the central directory; None when it cannot be read."""
    end = file.seek(0, os.SEEK_END)
    try:
        count, size, start, tail = _end_record(file, end)
        if count > MAX_MEMBERS or start + size != tail:
            return None
        file.seek(start)
        return [_central(file) for _ in range(count)] if size >= count * _CENTRAL.size else None
    except (struct.error, ValueError, OSError):
        return None


def _end_record(file: BinaryIO, end: int) -> tuple[int, int, int, int]:
    """Count, size and start of the central directory, and where it ends. Raises ValueError, struct.error, OSError."""
    file.seek(end - _END.size)
    magic, _disk, _first, _here, count, size, start, comment = _END.unpack(file.read(_END.size))
    if magic != b"PK\5\6" or comment:
        raise ValueError("no end record")
    tail = end - _END.size
    if count != _FULL16 and _FULL32 not in (size, start):
        return count, size, start, tail
    tail -= _LOCATOR.size + _END64.size
    file.seek(tail)
    fields = _END64.unpack(file.read(_END64.size))
    if fields[0] != b"PK\6\6":
        raise ValueError("no end record of Zip64")
    return fields[7], fields[8], fields[9], tail


def _central(file: BinaryIO) -> Member:
    """The next entry of the central directory. Raises ValueError or struct.error."""
    fields = _CENTRAL.unpack(file.read(_CENTRAL.size))
    if fields[0] != b"PK\1\2":
        raise ValueError("no entry")
    crc, _packed, size, length, extra, comment = fields[7:13]
    name = file.read(length).decode("ascii")
    offset, more = fields[16], file.read(extra)
    file.read(comment)
    if offset == _FULL32:
        _kind, _size, offset = _OFFSET64.unpack(more)
    member = Member(name, offset, crc, size)
    if not _fits(member):
        raise ValueError("an entry of another form")
    return member


def _sound(file: BinaryIO, member: Member) -> bool:
    try:
        for _chunk in read(file, member):
            pass
    except ArchiveError:
        return False
    return True


def _same(file: BinaryIO, start: int, pieces: Iterator[bytes]) -> bool:
    """Whether the rest of the file from ``start`` is made of these pieces and nothing more."""
    file.seek(start)
    return all(file.read(len(piece)) == piece for piece in pieces) and not file.read(1)
