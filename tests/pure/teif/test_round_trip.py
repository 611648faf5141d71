"""What is written is read back unchanged, whatever the document holds."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from lxml import etree

from teif import codes
from teif.check import valid
from teif.document import Amount, Tax
from teif.foreign import parse_foreign_xml
from teif.reader import read
from teif.write import write
from tests.pure.teif import documents, strategies

PROPERTY = settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)


@PROPERTY
@given(strategies.documents_18())
def test_document_comes_back_18(document):
    assert read(parse_foreign_xml(write(document))) == document


@PROPERTY
@given(strategies.documents_19())
def test_document_comes_back_19(document):
    assert read(parse_foreign_xml(write(document))) == document


@pytest.mark.parametrize("version", codes.VERSIONS)
def test_rich_document_comes_back(version):
    document = documents.rich_document(version)
    assert read(parse_foreign_xml(write(document))) == document


def test_writing_is_plain_utf8_on_one_line():
    data = write(documents.rich_document("1.8.9"))
    declaration, _line, rest = data.partition(b"\n")
    assert declaration == b'<?xml version="1.0" encoding="UTF-8"?>'
    assert b"\n" not in rest and not data.startswith(b"\xef\xbb\xbf")
    assert "ملاحظة".encode() in data


def test_characters_that_xml_cannot_carry_become_spaces():
    line = replace(documents.simple_line(), description="a\x0bb\x00c\ud800d\ufffee")
    document = documents.simple_document(lines=1)
    document = replace(document, lines=(line,))
    assert read(parse_foreign_xml(write(document))).lines[0].description == "a b c d e"


def test_ttn_reference_is_read_and_never_written(shared):
    sample = shared / "samples" / "valid" / "188_18_post_ttn_ordre_xsd.xml"
    document = read(parse_foreign_xml(sample.read_bytes()))
    assert document.ttn_reference.reference == "073620200053562920196810312"
    assert b"RefTtnVal" not in write(document)


def test_official_example_is_rewritten_to_the_same_canonical_bytes(shared):
    """Every text, attribute and decimal of TTN's own document survives reading and writing."""
    example = shared / "ttn" / "examples" / "exemple_signe_elfatoora.xml"
    root = etree.fromstring(example.read_bytes(), etree.XMLParser(remove_blank_text=True))
    document = read(root)
    assert document.ttn_reference.cev
    for child in list(root)[2:]:
        root.remove(child)
    assert canonical(etree.fromstring(write(document))) == canonical(root)


def test_samples_are_rewritten_to_the_same_canonical_bytes(shared):
    count = 0
    for path in sorted((shared / "samples" / "valid").glob("18[89]_*.xml")):
        root = etree.fromstring(path.read_bytes(), etree.XMLParser(remove_blank_text=True))
        document = read(root)
        for added in root.findall("RefTtnVal"):
            root.remove(added)
        assert canonical(etree.fromstring(write(document))) == canonical(root), path.name
        count += 1
    assert count


def test_reader_forgives_order_comments_and_namespace():
    document = documents.rich_document("1.8.9")
    root = parse_foreign_xml(write(document))
    body = root.find("InvoiceBody")
    body[:] = reversed(body)
    header = root.find("InvoiceHeader/MessageSenderIdentifier")
    header.text, rest = header.text[:3], header.text[3:]
    comment = etree.Comment("split")
    header.append(comment)
    comment.tail = rest
    data = etree.tostring(root).replace(b"<TEIF ", b'<TEIF xmlns="urn:x" ')
    assert read(parse_foreign_xml(data)) == document


def test_reader_keeps_what_it_cannot_read():
    data = (
        b'<TEIF version="7"><InvoiceBody><Dtm><DateText format="DDMMYY" functionCode="I-31">1503</DateText></Dtm>'
        b"<InvoiceMoa><AmountDetails><Moa><Amount>- 34.954</Amount></Moa></AmountDetails></InvoiceMoa></InvoiceBody></TEIF>"
    )
    document = read(parse_foreign_xml(data))
    assert document.version == "7"
    assert (document.dates[0].value, document.dates[0].format) == ("1503", "DDMMYY")
    assert document.amounts[0].value == "- 34.954"
    assert document.number == "" and document.lines == ()


def canonical(root):
    etree.cleanup_namespaces(root)
    return etree.tostring(root, method="c14n", exclusive=True)


@pytest.mark.parametrize("version", codes.VERSIONS)
def test_tax_by_amount_is_understood_by_every_version(version):
    """A tax that is no rate is given with rate 0: each version writes what its schema wants."""
    tax = Tax("I-161", "Droit", Decimal(0), amount=Amount("I-178", Decimal("3.000")))
    line = replace(documents.simple_line(), taxes=(tax,))
    root = parse_foreign_xml(write(documents.simple_document(version, lines=1)))
    assert valid(root)
    root = parse_foreign_xml(write(replace(documents.simple_document(version), lines=(line,))))
    assert valid(root)


def test_version_without_writer_is_refused():
    with pytest.raises(ValueError, match="2.0"):
        write(documents.simple_document("2.0"))
