"""The checker as a whole: right documents, the deposit, the catalogue of codes."""

from pathlib import Path

import pytest
from lxml import etree

from teif import codes
from teif.check import check, examine, unreadable, valid
from teif.findings import CATALOGUE, CODES, finding
from teif.foreign import ForeignXmlError, parse_foreign_xml
from teif.reader import read
from teif.write import write
from tests.pure.teif.documents import rich_document, simple_document
from tests.pure.teif.examining import examined, found

BODY = "/TEIF/InvoiceBody"
DS = "http://www.w3.org/2000/09/xmldsig#"


@pytest.mark.parametrize("version", codes.VERSIONS)
@pytest.mark.parametrize("lines", [1, 3, 20])
def test_right_document_has_no_findings(version, lines):
    document = simple_document(version, lines)
    root = parse_foreign_xml(write(document))
    assert examine(root).findings == ()
    assert check(root, document=document) == [] and valid(root)
    assert examine(root).version == version


@pytest.mark.parametrize("version", codes.VERSIONS)
def test_rich_document_is_valid(version):
    assert valid(parse_foreign_xml(write(rich_document(version))))


def test_deposit_needs_one_signature_and_no_reference():
    data = write(simple_document("1.8.9"))
    assert found(examined(data, deposit=True)) == [("signature.missing", "/TEIF")]
    signature = f'<ds:Signature xmlns:ds="{DS}"/>'.encode()
    assert found(examined(data.replace(b"</TEIF>", signature + b"</TEIF>"), deposit=True)) == []
    assert found(examined(data.replace(b"</TEIF>", signature * 2 + b"</TEIF>"), deposit=True)) == [
        ("signature.several", "/TEIF")
    ]
    reference = (
        b'<RefTtnVal><ReferenceTTN refID="I-88">1</ReferenceTTN><ReferenceCEV/><ReferenceDate>'
        b'<DateText format="ddMMyyHHmm" functionCode="I-37">1503261200</DateText></ReferenceDate></RefTtnVal>'
    )
    report = examined(data.replace(b"</TEIF>", reference + signature + b"</TEIF>"), deposit=True)
    assert report.valid and found(report) == [("deposit.reference", "/TEIF/RefTtnVal")]


def test_examining_changes_nothing():
    data = (
        write(rich_document("1.8.9"))
        .replace(b"<Nad>", b"<!-- x --><Nad>")
        .replace(b' functionCode="I-61"', b"")
    )
    root = parse_foreign_xml(data)
    before = etree.tostring(root)
    examine(root, deposit=True)
    read(root)
    assert etree.tostring(root) == before


def test_catalogue_is_complete():
    """Every code has a severity and a sentence, and is said somewhere in the checker or its command."""
    root = Path(__file__).resolve().parents[3]
    sources = [
        path for path in (root / "l10n_tn_edi_ttn" / "teif").glob("*.py") if path.name != "findings.py"
    ]
    text = "".join(path.read_text(encoding="utf-8") for path in (*sources, root / "bin" / "teif-check"))
    for code, (severity, sentence) in CATALOGUE.items():
        assert severity in ("blocking", "warning", "advice") and sentence.endswith((".", "}"))
        assert f'"{code}"' in text, code
    assert set(CATALOGUE) == CODES
    with pytest.raises(KeyError):
        finding("no.such", "/")


def test_unreadable_file_is_a_finding():
    report = unreadable(ForeignXmlError("xml.empty", "the content is empty"))
    assert not report.valid and report.findings[0].message == "The file cannot be read: the content is empty."
