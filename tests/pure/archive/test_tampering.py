"""Whatever is changed in an export, the verifier names it, and nothing else."""

import dataclasses
import io
import random
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from archive import chain, checks, evidence, layout, record, tree, verify, zips
from archive.checks import Judges
from archive.container import Writer
from archive.layout import Export
from tests.pure.archive.authority import Company, trusting
from tests.pure.archive.builder import ARCHIVE, Archive, midnight, small_parts
from tests.pure.signature import pki

JUDGES = Judges(trust=trusting, owner=lambda signer: "1234567A")


@pytest.fixture(scope="module")
def small():
    return Archive([4, 1, 3])


@pytest.fixture(scope="module")
def small_export(small):
    return small.export()


def judged(folder, *containers, heads=(), **options):
    paths = []
    for index, data in enumerate(containers):
        path = folder / f"{index}.asice"
        path.write_bytes(data)
        paths.append(path)
    options.setdefault("judges", JUDGES)
    return verify.verify(paths, heads=heads, processes=1, **options)


def errors(report):
    return [(one.code, one.seal, one.record, one.file) for one in report.findings if one.severity == "error"]


def about(name):
    """:return: (seal, record, file) that a member of a container is of; the file alone for what is of the container."""
    for pattern in (layout.SEAL, layout.RECORD):
        if found := pattern.fullmatch(name):
            return (int(found[1]), None) if pattern is layout.SEAL else (None, int(found[1]))
    for pattern in (layout.EVIDENCE, layout.MANIFEST):
        if found := pattern.fullmatch(name):
            return (int(found[2]), None) if found[1] else (None, int(found[2]))
    return (None, None)


def assert_names(report, name):
    """Every error speaks of what the member ``name`` is of."""
    told = errors(report)
    assert told, f"{name} was changed and nobody saw it"
    seal, number = about(name)
    for code, found_seal, found_record, file in told:
        if seal or number:
            assert (found_seal, found_record) == (seal, number), (name, told)
        else:
            assert file == name or (name == "" and code.startswith("container.")), (name, told)


def member_at(members, position):
    return next((one.name for one in members if one.offset <= position < one.end), "")


def test_untouched_is_clean(small, small_export, tmp_path):
    report = judged(tmp_path, small_export, heads=[small.head])
    assert report.clean and [one.code for one in report.findings] == ["documents.none"]
    assert (report.archive, report.records, report.seals) == (ARCHIVE, 8, 3)
    assert (report.first_seal, report.last_seal) == (1, 3)
    assert chain.read_head(report.head) == small.head


@settings(
    max_examples=120,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    derandomize=True,
)
@given(data=st.data())
def test_one_bit_anywhere(small, small_export, tmp_path, data):
    """Any bit of any member, its header, and the list at the end; each kind of member is met as often."""
    members = zips.listing(io.BytesIO(small_export)).members
    member = data.draw(st.sampled_from([*members, None]))
    begin, end = (member.offset, member.end) if member else (members[-1].end, len(small_export))
    position = data.draw(st.integers(begin, end - 1))
    changed = bytearray(small_export)
    changed[position] ^= 1 << data.draw(st.integers(0, 7))
    report = judged(tmp_path, bytes(changed), heads=[small.head], judges=Judges())
    assert_names(report, member.name if member else "")


@pytest.mark.parametrize("size", [0, 1, 21, 22, 1000, 20_000])
def test_bytes_cut_off_or_put_on(small, small_export, tmp_path, size):
    assert not judged(tmp_path, small_export[: len(small_export) - size - 1], heads=[small.head]).clean
    assert not judged(tmp_path, small_export + bytes(size + 1), heads=[small.head]).clean
    assert not judged(tmp_path, bytes(size + 1) + small_export, heads=[small.head]).clean


class Forger:
    """Writes containers anew, with indexes and manifests that fit: somebody who knows the format."""

    def __init__(self, archive, *, whole=True):
        self.archive, self.output = archive, io.BytesIO()
        ends = (1, len(archive.seals)) if whole else (None, None)
        self.writer = Writer(self.output, Export(ARCHIVE, pki.NOW, *ends))

    def seals(self, *sequences):
        self.archive.write_seals(self.writer, sequences or range(1, len(self.archive.seals) + 1))
        return self

    def records(self, numbers):
        self.archive.write_records(self.writer, numbers)
        return self

    def put(self, number, data, parts, proof):
        self.writer.add_record(data, {name: [content] for _role, name, _kind, content in parts}, proof)
        return self

    def container(self):
        self.writer.close()
        return self.output.getvalue()


def replaced(small, number, change, proof=None):
    """A container in which the record is another one: ``change`` makes its Record from the true one."""
    forger = Forger(small).seals().records(range(1, number))
    made = change(record.read(small.records[number]))
    forger.put(number, record.canonical(made), small.parts(number), proof or small.evidence(number))
    return forger.records(range(number + 1, 9)).container()


@pytest.mark.parametrize("number", [1, 4, 5, 8])
def test_a_row_written_anew(small, tmp_path, number):
    container = replaced(small, number, lambda one: dataclasses.replace(one, total=one.total + 1))
    assert errors(judged(tmp_path, container, heads=[small.head])) == [
        ("record.evidence", None, number, "evidence.ers")
    ]


@pytest.mark.parametrize("number", [1, 4, 5, 8])
def test_the_evidence_of_another_record(small, tmp_path, number):
    container = replaced(small, number, lambda one: one, small.evidence(number % 8 + 1))
    assert errors(judged(tmp_path, container)) == [("record.evidence", None, number, "evidence.ers")]


@pytest.mark.parametrize("number", range(1, 9))
def test_a_record_removed(small, tmp_path, number):
    container = Forger(small).seals().records([one for one in range(1, 9) if one != number]).container()
    assert errors(judged(tmp_path, container)) == [("record.missing", None, number, None)]
    # A selection may leave records out; the verifier is told to demand them
    selection = (
        Forger(small, whole=False).seals().records([one for one in range(1, 9) if one != number]).container()
    )
    assert judged(tmp_path, selection).clean
    assert errors(judged(tmp_path, selection, complete=True)) == [("record.missing", None, number, None)]


def test_a_record_added(small, tmp_path):
    day = midnight(small_day(small, 3))
    made = small.make_record(9, day.date())
    forger = Forger(small).seals().records(range(1, 9))
    forger.put(9, record.canonical(made), small.parts(9), small.evidence(8))
    assert errors(judged(tmp_path, forger.container())) == [("record.added", None, 9, None)]


def small_day(archive, sequence):
    return chain.read(archive.seals[sequence - 1][0]).day


def test_records_in_another_order(small, small_export, tmp_path):
    """Two records change their places: their numbers, their members, or their lines of the index."""
    swapped = small_export.replace(b"records/000000002/", b"records/00000000X/")
    swapped = swapped.replace(b"records/000000003/", b"records/000000002/")
    swapped = swapped.replace(b"records/00000000X/", b"records/000000003/")
    told = errors(judged(tmp_path, swapped))
    assert told and {one[2] for one in told if one[2]} <= {2, 3}
    members = zips.listing(io.BytesIO(small_export)).members
    for one, other in ((1, 2), (3, 7)):
        groups = {number: [m for m in members if about(m.name) == (None, number)] for number in range(1, 9)}
        order = list(range(1, 9))
        order[one - 1], order[other - 1] = other, one
        output = io.BytesIO()
        rest = [m for m in members if about(m.name)[1] is None]
        for member in [*rest[:-2], *(m for number in order for m in groups[number]), *rest[-2:]]:
            zips.write(output, member.name, zips.read(io.BytesIO(small_export), member))
        zips.finish(output)
        told = errors(judged(tmp_path, output.getvalue()))
        assert {code for code, *_where in told} == {"container.order"}
        assert {number for _code, _seal, number, _file in told} <= {*range(one, other + 1)}


def test_a_seal_removed(small, tmp_path):
    assert errors(judged(tmp_path, Forger(small).seals(1, 3).records([1, 2, 3, 4, 6, 7, 8]).container())) == [
        ("seal.missing", 2, None, None)
    ]
    assert [
        one[:2]
        for one in errors(judged(tmp_path, Forger(small).seals(1, 3).records(range(1, 9)).container()))
    ] == [
        ("record.added", None),
        ("seal.missing", 2),
    ]


def test_the_end_cut_off(small, tmp_path):
    cut = small.export(seals=[1, 2], numbers=range(1, 6))
    assert judged(tmp_path, cut).clean, "without the head nobody can know"
    assert errors(judged(tmp_path, cut, heads=[small.head])) == [("head.missing", 3, None, None)]
    assert errors(judged(tmp_path, cut, heads=[(None, small.head[1])])) == [
        ("head.unknown", None, None, None)
    ]


def test_the_whole_chain_written_anew_with_the_companys_own_key(small, tmp_path):
    """Same company, key, authority and days; one total is another: only the heads that were handed over tell."""
    again = Archive(
        [4, 1, 3], company=small.company, stamps=small.stamps, parts=lambda number: other_parts(number, 5)
    )
    container = again.export()
    assert judged(tmp_path, container).clean, "without the head nobody can know"
    assert errors(judged(tmp_path, container, heads=[small.head])) == [("head.differs", 3, None, None)]
    heads = [(sequence, seal[3]) for sequence, seal in enumerate(small.seals, 1)]
    assert errors(judged(tmp_path, container, heads=heads))[0] == ("head.differs", 2, None, None)
    # Time-stamps cannot be had for the past: what is written anew today is stamped today
    late = Archive([4, 1, 3], company=small.company, stamps=small.stamps, stamp_delay=timedelta(days=20))
    told = errors(judged(tmp_path, late.export()))
    assert told == [("seal.late", one, None, None) for one in (1, 2, 3)]


def other_parts(number, changed):
    return small_parts(number if number != changed else 99)


def test_one_seal_of_another_chain(small, tmp_path):
    again = Archive(
        [4, 1, 3], company=small.company, stamps=small.stamps, parts=lambda number: other_parts(number, 5)
    )
    output = io.BytesIO()
    writer = Writer(output, Export(ARCHIVE, pki.NOW, 1, 3))
    small.write_seals(writer, [1])
    again.write_seals(writer, [2])
    small.write_seals(writer, [3])
    small.write_records(writer, range(1, 5))
    again.write_records(writer, [5])
    small.write_records(writer, range(6, 9))
    writer.close()
    assert errors(judged(tmp_path, output.getvalue())) == [("seal.previous", 3, None, None)]


def test_two_records_sealed_under_one_number(small, tmp_path):
    """A company that seals a spare record and shows the one or the other: the root tells."""
    statement, _signature, _token, _digest = small.seals[1]
    said = chain.read(statement)
    one, spare = small.make_record(5, said.day), small.make_record(5, said.day)
    groups = [record.digests(one), record.digests(spare)[:1]]
    entries = tree.Tree(groups)
    statement = chain.statement(
        archive=ARCHIVE,
        sequence=2,
        day=said.day,
        first=5,
        last=5,
        root=entries.root,
        previous=small.seals[0][3],
    )
    signature = small.company.sign(statement)
    stamped = chain.stamped_root(entries.root, statement, signature)
    token = small.stamps.token(stamped, midnight(said.day) + timedelta(days=1, hours=1))
    forger = Forger(small).seals(1)
    forger.writer.add_seal(
        2, statement, signature, evidence.make(chain.seal_path(entries.root, statement, signature), token)
    )
    forger.records(range(1, 5))
    path = chain.entry_path(entries, 0, statement, signature)
    forger.put(5, record.canonical(one), small.parts(5), evidence.make(path, token))
    told = errors(judged(tmp_path, forger.container()))
    assert ("seal.root", 2, None, None) in told
    assert {code for code, *_rest in told} == {"seal.root", "seal.missing"}  # the third day is not in it


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"stamp_delay": timedelta(hours=47)}, None),
        ({"stamp_delay": timedelta(hours=49)}, "seal.late"),
        ({"stamp_delay": timedelta(hours=-2)}, "seal.early"),
        ({"company": Company("Autre", "7654321B")}, None),
    ],
)
def test_seals_and_their_time(options, code, tmp_path):
    container = Archive([1, 1], **options).export()
    assert {one[0] for one in errors(judged(tmp_path, container))} == ({code} if code else set())


def test_a_seal_of_another_company(tmp_path):
    container = Archive([1]).export()
    stranger = Judges(trust=trusting, owner=lambda signer: "7654321B")
    told = errors(judged(tmp_path, container, judges=stranger))
    assert told == [("seal.signer", 1, None, "signature.p7s")]
    nobody = Judges(trust=lambda signer, others, at: ["unknown."])
    told = {one[0] for one in errors(judged(tmp_path, container, judges=nobody))}
    assert told == {"seal.untrusted", "seal.signature"}


def test_a_seal_that_nobody_could_sign_in_time(tmp_path):
    archive = Archive([2, 2], unsigned={1})
    report = judged(tmp_path, archive.export(), heads=[archive.head])
    assert report.clean and [one.code for one in report.findings][:1] == ["seal.unsigned"]
    statement, _none, token, _digest = archive.seals[0]
    forger = Forger(archive, whole=False)
    proof = evidence.make(chain.seal_path(archive.days[0][1].root, statement, None), token)
    forger.writer.add_seal(1, statement, None, proof, archive.company.sign(statement))
    report = judged(tmp_path, forger.seals(2).records(range(1, 5)).container())
    assert report.clean and "seal.signed_late" in [one.code for one in report.findings]


def test_records_deleted_after_their_retention(tmp_path):
    def parts(number):
        if number == 6:
            return [("deletion", record.DELETION_NAME, "application/json", record.deletion([2, 3]))]
        return other_parts(number, 0)

    archive = Archive([3, 3], parts=parts)
    report = judged(tmp_path, archive.export(numbers=[1, 4, 5, 6]), heads=[archive.head])
    assert report.clean
    assert [(one.code, one.record) for one in report.findings if one.record] == [
        ("record.deleted", 2),
        ("record.deleted", 3),
    ]
    assert errors(judged(tmp_path, archive.export(numbers=[1, 5, 6]))) == [("record.missing", None, 4, None)]


def test_exports_are_joined_by_the_chain(small, tmp_path):
    first, second = (
        small.export(seals=[1, 2], numbers=range(1, 6)),
        small.export(seals=[3], numbers=range(6, 9)),
    )
    report = judged(tmp_path, first, second, heads=[small.head])
    assert report.clean and (report.records, report.seals) == (8, 3)
    report = judged(tmp_path, first)
    assert report.clean and report.last_seal == 2
    gap = judged(tmp_path, small.export(seals=[1], numbers=range(1, 5)), second)
    assert gap.clean and "seal.gap" in [one.code for one in gap.findings]
    again = Archive(
        [4, 1, 3], company=small.company, stamps=small.stamps, parts=lambda number: other_parts(number, 2)
    )
    mixed = judged(tmp_path, again.export(seals=[1, 2], numbers=range(1, 6)), second)
    assert errors(mixed) == [("seal.previous", 3, None, None)]
    both = judged(tmp_path, first, again.export(seals=[1, 2], numbers=range(1, 6)))
    conflicts = [
        ("seal.conflict", 1, None, None),
        ("seal.conflict", 2, None, None),
        ("record.conflict", None, 2, None),
    ]
    assert errors(both) == conflicts


@pytest.mark.parametrize("number", [1, 5, 8])
def test_one_invoice_is_proved_without_the_others(small, tmp_path, number):
    sequence = next(at for at, (numbers, _tree) in enumerate(small.days, 1) if number in numbers)
    proof = small.export(numbers=[number], seals=[sequence], whole=False)
    report = judged(tmp_path, proof)
    assert report.clean and report.records == 1
    # With the seals up to the head it is also part of what was handed over
    linked = small.export(numbers=[number], seals=range(sequence, 4), whole=False)
    assert judged(tmp_path, linked, heads=[small.head]).clean


def test_ten_thousand_records(tmp_path, monkeypatch):
    """Every position of a large archive is as good as any: the tail, the middle, the edges of days.

    The whole is verified once. After that each change verifies again whatever shares a byte with it; for records whose
    bytes and seal are the same as before, the answer of before is taken (the check of a record depends on nothing else).
    """
    archive = Archive([2500, 1, 4999, 2500])
    path = tmp_path / "large.asice"
    with path.open("w+b") as file:
        archive.export(file)
    known, fresh = {}, []
    real = checks.RecordChecker.check

    def check(self, number, members):
        begin, end = min(one.offset for one in members.values()), max(one.end for one in members.values())
        self._file.seek(begin)
        key = (number, self._file.read(end - begin), repr(members))
        if key not in known:
            fresh.append(number)
            known[key] = real(self, number, members)
        return known[key]

    monkeypatch.setattr(verify.RecordChecker, "check", check)
    report = verify.verify([path], JUDGES, heads=[archive.head], processes=1)
    assert report.clean and report.records == len(fresh) == 10_000
    with path.open("rb") as file:
        members = zips.listing(file).members
    content = path.read_bytes()
    chance = random.Random(10_000)
    targets = [members[5], members[-2], *chance.sample(members, 4)]
    for member in targets:
        position = chance.randrange(member.offset, member.end)
        with path.open("r+b") as file:
            file.seek(position)
            file.write(bytes([content[position] ^ 1 << chance.randrange(8)]))
        fresh.clear()
        assert_names(verify.verify([path], JUDGES, heads=[archive.head], processes=1), member.name)
        assert len(fresh) <= 1
        with path.open("r+b") as file:
            file.seek(position)
            file.write(content[position : position + 1])


def test_containers_of_two_archives(small_export, tmp_path):
    """Production and test, or two companies, are no whole."""
    other = io.BytesIO()
    writer = Writer(other, Export(record.archive_name("7654321BAM000", "test"), pki.NOW))
    writer.close()
    told = errors(judged(tmp_path, small_export, other.getvalue()))
    assert told == [("container.archive", None, None, "1.asice")]


def test_a_record_of_absurd_size(small, tmp_path):
    """What is read whole is small: the rest is told instead of filling the memory."""
    listing = zips.listing(io.BytesIO(small.export()))
    output = io.BytesIO()
    for member in listing.members:
        content = zips.read(io.BytesIO(small.export()), member)
        if member.name == layout.evidence_path(2):
            content = [bytes(5 * 1024 * 1024)]
        zips.write(output, member.name, content)
    zips.finish(output)
    told = errors(judged(tmp_path, output.getvalue()))
    assert told == [("container.data", None, 2, "evidence.ers")]
