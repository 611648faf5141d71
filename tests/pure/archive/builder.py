"""Whole archives for the tests, made by the archive's own writer: days of records, sealed, time-stamped, exported."""

import hashlib
import io
from datetime import date, datetime, timedelta
from decimal import Decimal

from archive import chain, evidence, record, tree
from archive.checks import TUNISIA
from archive.container import Writer
from archive.layout import Export
from tests.pure.archive.authority import Company, StampAuthority
from tests.pure.signature import pki

ARCHIVE = record.archive_name("1234567AAM000", "production")
#: The first day; stamps are made the night after each.
FIRST = pki.NOW.date() - timedelta(days=60)


class Archive:
    """An archive in memory. ``sizes``: how many records each day has; ``parts``: what a record's files hold, a function of
    its number to a list of (role, name, media type, bytes)."""

    def __init__(
        self, sizes, *, parts=None, company=None, stamps=None, stamp_delay=timedelta(hours=3), unsigned=()
    ):
        self.company, self.stamps = company or Company(), stamps or StampAuthority()
        self.parts = parts or small_parts
        self.records, self.days, self.seals = {}, [], []
        number, previous = 0, None
        for sequence, size in enumerate(sizes, 1):
            day = FIRST + timedelta(days=sequence - 1)
            groups, numbers = [], range(number + 1, number + size + 1)
            for number in numbers:
                made = self.make_record(number, day)
                self.records[number] = record.canonical(made)
                groups.append(record.digests(made))
            entries = tree.Tree(groups)
            statement = chain.statement(
                archive=ARCHIVE,
                sequence=sequence,
                day=day,
                first=numbers[0],
                last=numbers[-1],
                root=entries.root,
                previous=previous,
            )
            signature = None if sequence in unsigned else self.company.sign(statement)
            stamped = chain.stamped_root(entries.root, statement, signature)
            token = self.stamps.token(stamped, midnight(day) + timedelta(days=1) + stamp_delay)
            previous = chain.seal_digest(statement, signature)
            self.seals.append((statement, signature, token, previous))
            self.days.append((numbers, entries))

    def make_record(self, number, day):
        """:return: the Record of a number."""
        files = tuple(
            record.File(role, name, kind, len(data), hashlib.sha256(data).hexdigest())
            for role, name, kind, data in self.parts(number)
        )
        return record.Record(
            archive=ARCHIVE,
            number=number,
            archived_at=midnight(day) + timedelta(hours=9, seconds=number % 3600),
            kind="deletion" if any(one.role == "deletion" for one in files) else "invoice",
            document_number=f"FAC/2026/{number:05d}",
            document_date=day,
            type_code="I-11",
            sender="1234567AAM000",
            receiver="7654321BAM000",
            total=Decimal(number) / 1000,
            currency="TND",
            state="accepted",
            ttn_reference=f"0735{number:012d}",
            deposit_id=str(number),
            user="Comptable",
            files=files,
        )

    @property
    def head(self):
        """The head of the last seal, as read_head gives it."""
        return len(self.seals), self.seals[-1][3]

    def evidence(self, number):
        """:return: the evidence record of a record."""
        for (numbers, entries), (statement, signature, token, _digest) in zip(
            self.days, self.seals, strict=True
        ):
            if number in numbers:
                path = chain.entry_path(entries, number - numbers[0], statement, signature)
                return evidence.make(path, token)
        raise AssertionError(number)

    def export(self, file=None, *, numbers=None, seals=None, whole=True, close=True):
        """Write a container with some records (default: all) and some seals. :return: its bytes, or None with a ``file``."""
        output = file or io.BytesIO()
        sequences = seals or range(1, len(self.seals) + 1)
        ends = (min(sequences), max(sequences)) if whole else (None, None)
        writer = Writer(output, Export(ARCHIVE, pki.NOW, *ends, note="contrôle"))
        self.write_seals(writer, sequences)
        self.write_records(writer, self.records if numbers is None else numbers)
        if close:
            writer.close()
        return None if file else output.getvalue()

    def write_seals(self, writer, sequences):
        for sequence in sequences:
            statement, signature, token, _digest = self.seals[sequence - 1]
            root = self.days[sequence - 1][1].root
            proof = evidence.make(chain.seal_path(root, statement, signature), token)
            writer.add_seal(sequence, statement, signature, proof)

    def write_records(self, writer, numbers):
        for number in numbers:
            contents = {name: [data] for _role, name, _kind, data in self.parts(number)}
            wrong = writer.add_record(self.records[number], contents, self.evidence(number))
            assert not wrong


def small_parts(number):
    """What most tests' records hold: two short files."""
    return [
        ("teif_validated", "validated.xml", "application/xml", b"<TEIF>%d</TEIF>" % number * 3),
        ("pdf", "invoice.pdf", "application/pdf", b"%%PDF %d" % number),
    ]


def midnight(day: date) -> datetime:
    """:return: when a day begins in Tunisia."""
    return datetime(day.year, day.month, day.day, tzinfo=TUNISIA)
