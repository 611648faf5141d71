"""Containers as others see them: zip programs, the norm's rules, interruptions, hostile files."""

import base64
import dataclasses
import hashlib
import io
import os
import random
import string
import zipfile
from xml.etree import ElementTree

import pytest

from archive import codes, container, french, layout, record, verify, zips
from archive.checks import Judges
from archive.findings import ArchiveError
from archive.layout import Export
from tests.pure.archive import bouncy
from tests.pure.archive.builder import ARCHIVE, Archive
from tests.pure.signature import pki

HOLE = 900 * 1024 * 1024
ASIC = "{http://uri.etsi.org/02918/v1.2.1#}"
DS = "{http://www.w3.org/2000/09/xmldsig#}"


@pytest.fixture(scope="module")
def archive():
    return Archive([3, 2])


@pytest.fixture(scope="module")
def exported(archive):
    return archive.export()


def test_zip_programs_read_it(exported, tmp_path):
    path = tmp_path / "export.asice"
    path.write_bytes(exported)
    with zipfile.ZipFile(path) as opened:
        assert opened.testzip() is None
        names = opened.namelist()
        assert opened.read("LISEZMOI.txt").decode().startswith("ARCHIVE DE FACTURES")
    assert len(set(names)) == len(names)


def test_the_rules_of_asic_e(archive, exported, tmp_path):
    """ETSI EN 319 162-1: the media type first, stored and plain; manifests that name each evidence record and what it is
    about, with digests that fit; and the evidence record good for exactly these files (Bouncy Castle)."""
    assert exported[:4] == b"PK\3\4" and exported[30:69] == b"mimetype" + layout.MEDIA_TYPE
    questions = []
    with zipfile.ZipFile(io.BytesIO(exported)) as opened:
        opened.extractall(tmp_path)
        manifests = [name for name in opened.namelist() if "ASiCEvidenceRecordManifest" in name]
        assert len(manifests) == 7
        for name in manifests:
            root = ElementTree.fromstring(opened.read(name))
            assert root.tag == f"{ASIC}ASiCManifest"
            proof = root.find(f"{ASIC}SigReference").get("URI")
            assert proof in opened.namelist() and proof.endswith(".ers") and "evidencerecord" in proof
            files = []
            for reference in root.findall(f"{ASIC}DataObjectReference"):
                algorithm = reference.find(f"{DS}DigestMethod").get("Algorithm")
                assert algorithm == "http://www.w3.org/2001/04/xmlenc#sha256"
                digest = hashlib.sha256(opened.read(reference.get("URI"))).digest()
                assert reference.find(f"{DS}DigestValue").text == base64.b64encode(digest).decode()
                files.append(tmp_path / reference.get("URI"))
            questions.append(("ers", tmp_path / proof, *files))
        seal = tmp_path / "seals/000001"
        questions.append(("cms", seal / "signature.p7s", seal / "statement.json"))
    answers = bouncy.ask(*questions)
    assert all(one.startswith("ok") for one in answers), answers


def test_the_indexes(exported):
    with zipfile.ZipFile(io.BytesIO(exported)) as opened:
        table = opened.read("index.csv").decode("utf-8-sig").splitlines()
        index = ElementTree.fromstring(opened.read("index.xml"))
        assert len(table) == 6 and table[0].startswith("Numéro d'archive;")
        assert table[3].split(";")[3] == "FAC/2026/00003"
        listed = [one.get("document") for one in index.findall("record")]
        assert listed == [f"FAC/2026/{number:05d}" for number in range(1, 6)]
        [first, *_others] = index.findall("record")
        [pdf] = [one for one in first.findall("file") if one.get("role") == "pdf"]
        assert hashlib.sha256(opened.read("records/000000001/invoice.pdf")).hexdigest() == pdf.get("sha256")


def test_texts_that_a_spreadsheet_would_calculate(archive):
    made = record.read(archive.records[1])
    values = {"document_number": "=1+1", "user": '@a;"b"\x07', "ttn_reference": "-5"}
    made = dataclasses.replace(made, **values)
    row = layout.csv_row(record.canonical(made), made).decode()
    assert ";'=1+1;" in row and ';"\'@a;""b""\x07";' in row and ";-5;" in row
    line = layout.xml_record(record.canonical(made), made, b"").decode()
    assert ElementTree.fromstring(line).get("document") == "=1+1"


def test_the_same_records_give_the_same_file(archive, exported):
    assert archive.export() == exported


@pytest.mark.parametrize("seed", range(8))
def test_an_interrupted_export_goes_on(archive, exported, tmp_path, seed):
    """Killed anywhere after a noted position, half a member written: continued from there, the file is the same."""
    chance = random.Random(seed)
    path = tmp_path / "export.asice"
    export = Export(ARCHIVE, pki.NOW, 1, 2, note="contrôle")
    done = chance.randrange(0, 5)
    with path.open("w+b") as file:
        writer = container.Writer(file, export)
        archive.write_seals(writer, [1, 2])
        archive.write_records(writer, range(1, done + 1))
        position = writer.position
        archive.write_records(writer, range(done + 1, 6))
    with path.open("r+b") as file:
        file.truncate(chance.randrange(position, path.stat().st_size + 1))
    with path.open("r+b") as file:
        writer = container.Writer(file, export, resume_at=position)
        with pytest.raises(ValueError, match="order"):
            archive.write_seals(writer, [1])
        archive.write_records(writer, range(done + 1, 6))
        writer.close()
    assert path.read_bytes() == exported


def test_what_is_not_what_the_record_says_is_written_and_told(archive, tmp_path):
    path = tmp_path / "export.asice"
    with path.open("w+b") as file:
        writer = container.Writer(file, Export(ARCHIVE, pki.NOW))
        archive.write_seals(writer, [1])
        wrong = writer.add_record(archive.records[1], {"invoice.pdf": [b"other"]}, archive.evidence(1))
        writer.close()
    assert wrong == ["invoice.pdf", "validated.xml"]
    told = [
        (one.code, one.record, one.file) for one in verify.verify([path]).findings if one.severity == "error"
    ]
    assert told == [("file.altered", 1, "invoice.pdf"), ("file.missing", 1, "validated.xml")]


def hostile(*members, method=zipfile.ZIP_STORED):
    output = io.BytesIO()
    with zipfile.ZipFile(output, "w", method) as opened:
        for name, data in members:
            opened.writestr(name, data)
    return output.getvalue()


GOOD = [("mimetype", layout.MEDIA_TYPE), ("export.json", Export(ARCHIVE, pki.NOW).canonical())]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"PK\5\6" + bytes(18),
        b"text" * 1000,
        hostile(*GOOD, ("index.xml", bytes(50_000_000)), method=zipfile.ZIP_DEFLATED),
        hostile(*GOOD, ("../../etc/passwd", b"x")),
        hostile(*GOOD, ("/absolute", b"x")),
        hostile(*GOOD, ("records/000000001/../../x", b"x")),
        hostile(*GOOD, ("records/000000001/é.pdf", b"x")),
        hostile(*GOOD, ("x" * 5000, b"x")),
        b"PK\3\4" * 10_000,
        os.urandom(5000) + b"PK\5\6" + bytes(6) + b"\xff\xff\xff\xff" + bytes(10),
    ],
)
def test_hostile_files(data, tmp_path):
    """They are refused in words, quickly, without writing or unpacking anything."""
    path = tmp_path / "hostile.asice"
    path.write_bytes(data)
    report = verify.verify([path], Judges())
    assert not report.clean and all(one.message for one in report.findings)
    assert [one.name for one in tmp_path.iterdir()] == ["hostile.asice"]


def members_of(*pairs):
    output = io.BytesIO()
    for name, data in pairs:
        zips.write(output, name, [data])
    zips.finish(output)
    return output.getvalue()


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("../../etc/passwd", "container.unexpected"),
        ("records/000000001/.hidden", "container.unexpected"),
        ("META-INF/evidencerecord-000001.ers", "container.unexpected"),
        ("mimetype", "container.duplicate"),
    ],
)
def test_names_of_our_own_form_that_belong_nowhere(name, code, tmp_path):
    path = tmp_path / "hostile.asice"
    path.write_bytes(members_of(*GOOD, (name, b"x")))
    assert code in [one.code for one in verify.verify([path]).findings]


def test_two_lists_that_differ(exported):
    """A second directory, or members that the directory does not name, are seen: nothing hides between them."""
    listing = zips.listing(io.BytesIO(exported))
    assert not listing.problems and not listing.doubtful
    hidden = exported[: listing.members[-1].end] + b"hidden" + exported[listing.members[-1].end :]
    assert zips.listing(io.BytesIO(hidden)).problems
    output = io.BytesIO(members_of(("a", b"1"), ("b", b"2")))
    assert [one.name for one in zips.listing(output).members] == ["a", "b"]
    assert list(zips.read(output, zips.listing(output).members[1])) == [b"2"]


def test_what_cannot_be_written():
    with pytest.raises(ValueError):
        zips.write(io.BytesIO(), "", [b""])
    with pytest.raises(UnicodeEncodeError):
        zips.write(io.BytesIO(), "é", [b""])
    with pytest.raises(ArchiveError) as raised:
        zips.listing(io.BytesIO(b"nothing"))
    assert raised.value.code == "container.unreadable"


def test_more_than_four_gigabytes_and_65535_members(tmp_path):
    """Zip64: a file with a hole in the middle, so that it costs no disk; Python's zipfile reads the same."""
    path = tmp_path / "large.zip"
    with path.open("w+b") as file:
        for _index in range(5):
            offset = file.seek(0, os.SEEK_END)
            member = zips.Member("hole", offset, 0, HOLE)
            file.write(zips._local(member))
            file.truncate(member.end)
        zips.write(file, "last", [b"after four gigabytes"])
        zips.finish(file)
        listed = zips.listing(file)
        assert not listed.problems and len(listed.members) == 6
        assert listed.members[-1].offset > 2**32
        assert b"".join(zips.read(file, listed.members[-1])) == b"after four gigabytes"
    with zipfile.ZipFile(path) as opened:
        assert opened.read("last") == b"after four gigabytes"
    many = io.BytesIO()
    for index in range(66_000):
        zips.write(many, f"{index}", [b""])
    zips.finish(many)
    assert len(zips.listing(many).members) == len(zipfile.ZipFile(many).infolist()) == 66_000


def test_every_code_has_its_french_sentence():
    assert set(french.SENTENCES) == set(codes.CATALOGUE)
    for code, (severity, english) in codes.CATALOGUE.items():
        assert severity in ("error", "warning", "notice")
        named = [
            {one[1] for one in string.Formatter().parse(text) if one[1]}
            for text in (english, french.SENTENCES[code])
        ]
        assert named[0] == named[1], code
