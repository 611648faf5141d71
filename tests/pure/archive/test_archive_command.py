"""bin/teif-archive as a program: real signatures inside, its exit codes, its languages, a machine without Odoo."""

import json
import re
import subprocess
import sys
import venv
from importlib import metadata
from pathlib import Path

import pytest
from lxml import etree
from packaging.requirements import Requirement

from archive import chain
from signature import certificates
from tests.pure.archive.authority import Company, StampAuthority, root
from tests.pure.archive.builder import Archive
from tests.pure.signature import pki
from tests.pure.signature.conftest import DOCUMENT, LINE, Signer
from tests.pure.signature.test_wrapping import REFERENCE, signature_of, signed_as_ttn

ROOT = Path(__file__).resolve().parents[3]
COMMAND = ROOT / "bin" / "teif-archive"


def run(*arguments, python=sys.executable, **options):
    return subprocess.run(
        [str(python), str(COMMAND), "verify", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        **options,
    )


def verified(*arguments, **options):
    """:return: the JSON report and the exit code."""
    done = run("--json", *arguments, **options)
    assert not done.stderr, done.stderr
    return json.loads(done.stdout), done.returncode


@pytest.fixture(scope="module")
def documents():
    """:return: (signed by the supplier, the same as TTN returns it: with reference and signature)."""
    plain = (DOCUMENT % (LINE % (1, 1, 1))).encode().replace(b"1557686RAM000", b"1234567AAM000")
    key, certificate = root().signer("Société Exemple", "1234567A")
    signed = Signer(key, [certificate, root().der], root().der).sign(plain)
    ttn_key, ttn_certificate = root().signer("TTN", "0000000X")
    end = plain.rindex(b"</TEIF>")
    accepted = plain[:end] + REFERENCE + b"</TEIF>"
    ttn = signed_as_ttn(accepted, Signer(ttn_key, [ttn_certificate], root().der), covering=True)
    end = signed.rindex(b"</TEIF>")
    return signed, signed[:end] + REFERENCE + etree.tostring(signature_of(ttn)) + b"</TEIF>"


@pytest.fixture(scope="module")
def archive(documents):
    signed, validated = documents

    def parts(number):
        return [
            ("teif_signed", "signed.xml", "application/xml", signed),
            ("teif_validated", "validated.xml", "application/xml", validated),
            ("pdf", "invoice.pdf", "application/pdf", b"%%PDF %d" % number),
        ]

    return Archive([3, 2], parts=parts, company=Company("Société Exemple", "1234567A"))


@pytest.fixture(scope="module")
def folder(archive, tmp_path_factory):
    """:return: a folder with an export, its head and the authority."""
    folder = tmp_path_factory.mktemp("exported")
    (folder / "export.asice").write_bytes(archive.export())
    (folder / "head.txt").write_text(chain.head(*archive.head) + "\n")
    (folder / "authority.pem").write_bytes(certificates.to_pem([root().der]))
    return folder


def test_an_export_is_intact(folder, archive):
    head = chain.head(*archive.head)
    report, code = verified(folder / "export.asice", "--head", head, "--anchors", folder / "authority.pem")
    assert code == 0 and report["clean"] is True and report["first"] is None
    assert report["findings"] == []
    assert (report["records"], report["seals"], report["head"]) == (5, 2, head)


def test_the_head_may_be_a_file(folder):
    report, code = verified(folder / "export.asice", "--head", folder / "head.txt")
    assert code == 0 and [one["code"] for one in report["findings"]] == ["trust.none"]


def test_it_speaks_french_and_english(folder, tmp_path):
    data = bytearray((folder / "export.asice").read_bytes())
    position = data.index(b"records/000000002/invoice.pdf") + 30
    data[position] ^= 1
    broken = tmp_path / "broken.asice"
    broken.write_bytes(data)
    french, english = run(broken, "--lang", "fr"), run(broken, "--lang", "en")
    assert french.returncode == english.returncode == 1
    assert "NON INTACT" in french.stdout and "records/000000002/invoice.pdf est abîmé" in french.stdout
    assert "NOT INTACT" in english.stdout and "records/000000002/invoice.pdf is damaged" in english.stdout
    assert "Aucune tête n'a été donnée" in french.stdout
    assert run(broken, env={"LANG": "fr_TN.UTF-8", "PATH": "/usr/bin:/bin"}).stdout == french.stdout


def test_arguments_that_cannot_be_used(folder, tmp_path):
    export = folder / "export.asice"
    assert run().returncode == 2
    assert run(tmp_path / "nothing.asice").returncode == 2
    assert run(export, "--head", "zz").returncode == 2
    assert run(export, "--anchors", folder / "head.txt").returncode == 2


def signatures(archive, tmp_path, folder, signed=None, validated=None):
    """The findings about the signatures inside of one document."""
    old = archive.parts
    changed = Archive(
        [1],
        company=archive.company,
        stamps=archive.stamps,
        parts=lambda number: [
            (role, name, kind, {"teif_signed": signed, "teif_validated": validated}.get(role) or data)
            for role, name, kind, data in old(number)
        ],
    )
    path = tmp_path / "changed.asice"
    path.write_bytes(changed.export())
    report, code = verified(path, "--anchors", folder / "authority.pem")
    assert code == (0 if report["clean"] else 1)
    return [(one["file"], one["message"]) for one in report["findings"] if one["severity"] == "error"]


def test_signatures_inside_of_documents(archive, documents, folder, tmp_path):
    """What was sealed with a broken signature is told, though it was not altered since."""
    signed, validated = documents
    assert signatures(archive, tmp_path, folder) == []
    [(file, message)] = signatures(archive, tmp_path, folder, signed=signed.replace(b"18.500", b"18.501"))
    assert file == "signed.xml" and "SigFrs" in message
    [(file, message)] = signatures(archive, tmp_path, folder, validated=signed)
    assert file == "validated.xml" and "SigTTN: missing" in message
    [(file, message)] = signatures(archive, tmp_path, folder, validated=validated.replace(b"0736<", b"0737<"))
    assert file == "validated.xml" and "SigTTN" in message
    [(file, message)] = signatures(archive, tmp_path, folder, signed=b"<!DOCTYPE a><a/>")
    assert file == "signed.xml"


def test_authorities_that_do_not_know_the_signers(folder, tmp_path):
    other = tmp_path / "other.pem"
    other.write_bytes(certificates.to_pem([pki.Authority("Another Root").der]))
    report, code = verified(folder / "export.asice", "--anchors", other)
    assert code == 1
    assert {one["code"] for one in report["findings"] if one["severity"] == "error"} == {
        "record.signature",
        "seal.untrusted",
        "seal.signature",
    }


def test_one_invoice_alone_and_several_exports(archive, folder, tmp_path):
    one, first, second = (tmp_path / f"{name}.asice" for name in ("one", "first", "second"))
    one.write_bytes(archive.export(numbers=[4], seals=[2], whole=False))
    first.write_bytes(archive.export(numbers=[1, 2, 3], seals=[1]))
    second.write_bytes(archive.export(numbers=[4, 5], seals=[2]))
    head = folder / "head.txt"
    anchors = folder / "authority.pem"
    assert verified(one, "--head", head, "--anchors", anchors)[1] == 0
    report, code = verified(second, first, "--head", head, "--anchors", anchors)
    assert code == 0 and report["records"] == 5
    report, code = verified(one, "--complete")
    assert code == 1 and report["first"]["record"] == 5


def test_several_processes_find_the_same(tmp_path):
    archive = Archive([150, 150])
    path = tmp_path / "many.asice"
    path.write_bytes(archive.export(numbers=[one for one in range(1, 301) if one not in (7, 250)]))
    one, many = (verified(path, "--skip-documents", "--processes", count) for count in (1, 3))
    assert one == many
    assert [found["record"] for found in one[0]["findings"] if found["record"]] == [7, 250]


def required(name, found):
    """Add to ``found`` the installed distribution ``name`` and all that it requires on this Python."""
    distribution = metadata.distribution(name)
    if distribution.name.lower() in found:
        return
    found[distribution.name.lower()] = distribution
    for line in distribution.requires or ():
        wanted = Requirement(line)
        if not wanted.marker or wanted.marker.evaluate({"extra": ""}):
            required(wanted.name, found)


def test_a_machine_with_only_what_the_requirements_list(folder, tmp_path):
    """A new environment that holds exactly requirements-archive.txt (and what that requires), put there file by file."""
    lines = (ROOT / "requirements-archive.txt").read_text().splitlines()
    names = [re.match(r"[\w.-]+", line)[0] for line in lines if line and not line.startswith("#")]
    assert names == ["asn1crypto", "cryptography", "lxml"]
    found = {}
    for name in names:
        required(name, found)
    assert set(found) <= {"asn1crypto", "cryptography", "lxml", "cffi", "pycparser"}
    venv.create(tmp_path / "venv", symlinks=True)
    python = tmp_path / "venv/bin/python"
    [site] = (tmp_path / "venv/lib").glob("python3*/site-packages")
    for distribution in found.values():
        for top in {one.parts[0] for one in distribution.files}:
            source = Path(distribution.locate_file(top)).resolve()
            if top not in ("..", "__pycache__") and not (site / top).exists():
                (site / top).symlink_to(source)
    # Away from the checkout's own environment, which the command would otherwise use
    for name in (
        "bin/teif-archive",
        "l10n_tn_edi_ttn/archive",
        "l10n_tn_edi_ttn/signature",
        "l10n_tn_edi_ttn/teif",
    ):
        place = tmp_path / "copy" / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.symlink_to(ROOT / name) if place.name != "teif-archive" else place.write_text(
            COMMAND.read_text()
        )
    done = subprocess.run(
        [
            *(python, "-I", tmp_path / "copy/bin/teif-archive", "verify", folder / "export.asice", "--json"),
            *("--head", folder / "head.txt", "--anchors", folder / "authority.pem"),
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["clean"] is True
    listed = subprocess.run(
        [python, "-c", "import sys, asn1crypto; print(sys.prefix, asn1crypto.__file__)"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert listed.split() == [str(tmp_path / "venv"), str(site / "asn1crypto/__init__.py")]


def test_stamps_of_another_kind_of_key(tmp_path, folder):
    archive = Archive([1], stamps=StampAuthority(key=pki.ec_key("stamps")))
    path = tmp_path / "ec.asice"
    path.write_bytes(archive.export())
    report, code = verified(path, "--anchors", folder / "authority.pem", "--skip-documents")
    assert code == 0 and report["clean"]
