"""What the schema says, as findings: right code, right place, right values."""

import pytest
from lxml import etree

from teif.check import valid
from teif.document import Institution, Payment
from teif.findings import BLOCKING
from teif.write import write
from tests.pure.teif.documents import simple_document
from tests.pure.teif.examining import examined, found

BODY = "/TEIF/InvoiceBody"
DS = "http://www.w3.org/2000/09/xmldsig#"

# The schema. (old bytes, new bytes, code, path, params)
SCHEMA = [
    (b'version="1.8.9"', b'version="2.0"', "schema.version", "/TEIF/@version", {"value": "2.0"}),
    (b"<TEIF ", b'<TEIF xmlns="urn:x" ', "schema.root", "/*", {"element": "{urn:x}TEIF"}),
    (
        b"<LinSection>",
        b"<LinSection><x/>",
        "schema.unexpected_element",
        f"{BODY}/LinSection/x",
        {"expected": ["Lin"]},
    ),
    (
        b"<DocumentIdentifier>FAC-2026-001</DocumentIdentifier>",
        b"",
        "schema.unexpected_element",
        f"{BODY}/Bgm/DocumentType",
        {"expected": ["DocumentIdentifier"]},
    ),
    (
        b"</LinQty>",
        b"</LinQty><LinTax/>",
        "schema.missing_element",
        f"{BODY}/LinSection/Lin/LinTax[1]",
        {"expected": ["TaxTypeName"]},
    ),
    (
        b' currencyCodeList="ISO_4217"',
        b"",
        "schema.missing_attribute",
        f"{BODY}/LinSection/Lin/LinMoa/MoaDetails[1]/Moa",
        {"attribute": "currencyCodeList"},
    ),
    (b"<Bgm>", b'<Bgm x="1">', "schema.unexpected_attribute", f"{BODY}/Bgm/@x", {"attribute": "x"}),
    (
        b">Tunis<",
        b">" + b"x" * 36 + b"<",
        "schema.too_long",
        f"{BODY}/PartnerSection/PartnerDetails[1]/Nad/PartnerAdresses/CityName",
        {"length": 36, "max": 35, "value": "x" * 36, "name": "CityName"},
    ),
    (
        b">FAC-2026-001<",
        b"><",
        "schema.empty",
        f"{BODY}/Bgm/DocumentIdentifier",
        {"name": "DocumentIdentifier"},
    ),
    (
        b'lang="fr"',
        b'lang="FR"',
        "schema.code",
        f"{BODY}/PartnerSection/PartnerDetails[1]/Nad/PartnerAdresses/@lang",
        {"value": "FR", "allowed": ["fr", "en", "ar", "or"]},
    ),
    (
        b">38.000<",
        b">38,0.0<",
        "schema.amount",
        f"{BODY}/InvoiceMoa/AmountDetails[3]/Moa/Amount",
        {"value": "38,0.0"},
    ),
    (b"<Bgm>", b"<Bgm>words", "schema.text", f"{BODY}/Bgm", {"element": "Bgm"}),
    (b">FAC-2026-001<", b">FAC<b/><", "schema.children", f"{BODY}/Bgm/DocumentIdentifier", {}),
]


@pytest.mark.parametrize(("old", "new", "code", "path", "params"), SCHEMA)
def test_schema_finding(old, new, code, path, params):
    data = write(simple_document("1.8.9"))
    assert old in data
    report = examined(data.replace(old, new, 1))
    assert not report.valid
    matching = [one for one in report.findings if one.code == code]
    assert matching, report.findings
    assert matching[0].path == path and matching[0].severity == BLOCKING
    assert {name: matching[0].params[name] for name in params} == params
    assert matching[0].message


def test_pattern_and_length_of_190():
    data = write(
        simple_document("1.9.0", payments=(Payment(institution=Institution(account="1" * 13, country="FR")),))
    )
    report = examined(data.replace(b">FAC-2026-001<", b">FAC/1<"))
    assert found(report)[:2] == [
        ("schema.pattern", f"{BODY}/Bgm/DocumentIdentifier"),
        ("schema.too_short", f"{BODY}/PytSection/PytSectionDetails/PytFii/AccountHolder/AccountNumber"),
    ]


def test_signature_is_part_of_the_schema_of_188(shared):
    root = etree.parse(str(shared / "ttn" / "examples" / "exemple_signe_elfatoora.xml")).getroot()
    root.remove(root.find("RefTtnVal"))
    assert valid(root)
    root.find(f".//{{{DS}}}SignatureValue").text = "not base64!"
    assert found(examined(etree.tostring(root))) == [("schema.datatype", "/TEIF/Signature[1]/SignatureValue")]


def test_all_findings_at_once():
    data = write(simple_document("1.8.9"))
    for old, new in (
        (b">Tunis<", b">" + b"x" * 40 + b"<"),
        (b'lang="fr"', b'lang="FR"'),
        (b">FAC-2026-001<", b"><"),
    ):
        data = data.replace(old, new)
    findings = [one.code for one in examined(data).findings]
    assert (
        findings.count("schema.too_long") == 2
        and findings.count("schema.code") > 2
        and "schema.empty" in findings
    )
