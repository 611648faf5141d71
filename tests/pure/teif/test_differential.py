"""Our verdict against that of TTN's own schemas (XSD 1.1), where these are at hand beside the checkout.

Every sample, and for each version thousands of documents made by mutation of samples, of a document that uses everything
the version knows, and of TTN's signed example. `TEIF_MUTATIONS` asks for more than the 3,000 of a usual run, `TEIF_SEED`
for others.
"""

import concurrent.futures
import functools
import importlib.util
import io
import multiprocessing
import os
from xml.etree import ElementTree

import pytest
import xmlschema
from lxml import etree

from teif import schema
from teif.check import examine
from teif.foreign import parse_foreign_xml
from teif.schema import judging_version, schema_file
from teif.write import write
from tests.pure.teif import documents, mutations

COUNT = int(os.environ.get("TEIF_MUTATIONS", "3000"))
SEED = int(os.environ.get("TEIF_SEED", "19"))
PARTS = 6
VERSIONS = ("1.8.8", "1.8.9", "1.9.0")


@pytest.fixture(scope="session")
def judge(shared):
    """The reference judge, with its schemas built once."""
    return load_judge(shared)


def load_judge(shared):
    spec = importlib.util.spec_from_file_location("ttn_judge", shared / "ttn" / "judge.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def bases(shared, version):
    """Root elements to start from: valid documents of one version."""
    blanks = etree.XMLParser(remove_blank_text=True)
    roots = [parse_foreign_xml(write(documents.rich_document(version)))] * 3
    for path in sorted((shared / "samples" / "valid").glob("1*.xml")):
        root = etree.fromstring(path.read_bytes(), blanks)
        if root.get("version") == "1.8.8" and version == "1.8.9":
            root.set("version", version)
        if root.get("version") == version:
            roots.append(root)
    if version == "1.8.8":
        signed = etree.fromstring(
            (shared / "ttn" / "examples" / "exemple_signe_elfatoora.xml").read_bytes(), blanks
        )
        signed.remove(signed.find("RefTtnVal"))
        roots += [signed] * 2
    return roots


@pytest.mark.parametrize("version", VERSIONS)
def test_bases_are_valid(shared, judge, version):
    for root in bases(shared, version):
        data = etree.tostring(root)
        assert judge.verdict(io.BytesIO(data)) == (version, [])
        assert examine(parse_foreign_xml(data)).valid


def test_samples_get_the_verdict_of_their_folder(shared, judge):
    seen = 0
    for folder, expected in (("valid", True), ("invalid", False)):
        for path in sorted((shared / "samples" / folder).glob("*.xml")):
            if path.name[:3] not in {version.replace(".", "") for version in VERSIONS}:
                continue
            report = examine(parse_foreign_xml(path.read_bytes()))
            assert report.valid is expected, f"{path.name}: {report.findings}"
            assert bool(judge.verdict(path)[1]) is not expected, path.name
            seen += 1
    assert seen


def test_official_example_is_refused_as_the_schema_refuses_it(shared, judge):
    path = shared / "ttn" / "examples" / "exemple_signe_elfatoora.xml"
    report = examine(parse_foreign_xml(path.read_bytes()))
    assert judge.verdict(path)[1]
    assert [finding.code for finding in report.findings] == ["schema.unexpected_element"]


def compare(shared, version, part):
    """Judge one part of the mutated documents three times: officially, by our checker, now and then by our own XSD 1.1.

    :return: ``(how many were accepted, [differences])``; runs in a process of its own.
    """
    judge, own = load_judge(shared), {}
    mutator = mutations.Mutator(bases(shared, version), f"{SEED} {version} {part}")
    differences, accepted = [], 0
    for number in range(-(-COUNT // PARTS)):
        data = mutator.make()
        judged, reasons = judge.verdict(io.BytesIO(data))
        root = parse_foreign_xml(data)
        report = examine(root)
        accepted += not reasons
        if report.valid is not (not reasons):
            official = [one for one in report.findings if one.code.startswith(("schema.", "identifier."))]
            differences.append(f"{judged} {reasons[:1] or 'accepted'}: {official[:2]}\n{data.decode()}")
        if number % 5 == 0 and judging_version(root):
            name = schema_file(root)
            if name not in own:
                own[name] = xmlschema.XMLSchema11(str(schema.FOLDER / name))
            if own[name].is_valid(ElementTree.fromstring(data)) is not (not reasons):
                differences.append(f"{name} against {reasons[:1] or 'accepted'}\n{data.decode()}")
    return accepted, differences


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("version", VERSIONS)
def test_no_verdict_differs_from_the_official_schema(shared, version):
    with concurrent.futures.ProcessPoolExecutor(mp_context=multiprocessing.get_context("spawn")) as pool:
        results = list(pool.map(functools.partial(compare, shared, version), range(PARTS)))
    accepted = sum(one for one, _differences in results)
    differences = [one for _accepted, part in results for one in part]
    assert not differences, f"{len(differences)} of {COUNT}\n" + "\n\n".join(differences[:3])
    # A comparison of refusals alone would prove little
    assert COUNT * 0.1 < accepted < COUNT * 0.9


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        # xmlschema strips what Python calls white space; XML, and with it Xerces and libxml2, knows four characters
        (b"<Bgm>", "<Bgm>\u00a0".encode(), "schema.text"),
        # Types are named by TTN's schema only; ours has other names, and no document should name them
        (
            b"<Bgm>",
            b'<Bgm xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="BgmType">',
            "schema.other",
        ),
    ],
)
def test_known_differences(shared, judge, old, new, reason):
    """What the reference judge accepts and we refuse, on purpose. There is nothing that it refuses and we accept."""
    data = write(documents.simple_document("1.8.9")).replace(old, new)
    assert judge.verdict(io.BytesIO(data)) == ("1.8.9", [])
    report = examine(parse_foreign_xml(data))
    assert not report.valid and reason in {finding.code for finding in report.findings}
