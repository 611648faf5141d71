"""What the tests of the signature share: a test authority, a signer, a document, and the judges."""

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

from signature import profile, xades
from tests.pure.signature import judges, pki

DOCUMENT = """<?xml version="1.0" encoding="UTF-8"?>
<TEIF version="1.8.9" controlingAgency="TTN"><InvoiceHeader>
  <MessageSenderIdentifier type="I-01">1557686RAM000</MessageSenderIdentifier>
  <MessageRecieverIdentifier type="I-01">0914089JAM000</MessageRecieverIdentifier></InvoiceHeader>
<InvoiceBody><Bgm><DocumentIdentifier>FAC/2026/00042</DocumentIdentifier><DocumentType code="I-11">Facture</DocumentType></Bgm>
<!-- between elements --><Dtm><DateText functionCode='I-31' format="ddMMyy">150726</DateText></Dtm>
<PartnerName nameType="Qualification">Société “Épices &amp; Thé” &lt;شركة&gt;</PartnerName><Street/><CityName></CityName>
%s</InvoiceBody></TEIF>
"""
LINE = (
    '<Lin lineNumber="%d"><ItemIdentifier>%d</ItemIdentifier><LinImd lang="fr"><ItemCode>A%03d</ItemCode>'
    '<ItemDescription>Huile d\'olive extra vierge, 5 L</ItemDescription></LinImd><LinQty><Quantity measurementUnit="KGM">'
    '3.000</Quantity></LinQty><LinTax><TaxTypeName code="I-1602">TVA</TaxTypeName><TaxDetails><TaxRate>19</TaxRate>'
    '</TaxDetails></LinTax><LinMoa><MoaDetails><Moa currencyCodeList="ISO_4217" amountTypeCode="I-183"><Amount '
    'currencyIdentifier="TND">18.500</Amount></Moa></MoaDetails><MoaDetails><Moa currencyCodeList="ISO_4217" '
    'amountTypeCode="I-171"><Amount currencyIdentifier="TND">55.500</Amount></Moa></MoaDetails></LinMoa></Lin>\n'
)


class Signer:
    """A key, its chain, and one call that does what a provider does."""

    def __init__(self, key, chain, root):
        self.key = key
        self.chain = chain
        self.root = root

    def value(self, to_sign):
        return self.key.sign(to_sign, padding.PKCS1v15(), hashes.SHA256())

    def sign(self, document, *, chain=None, demanded=profile.V3, when=pki.NOW):
        prepared = xades.prepare(document, chain or self.chain, demanded, when)
        return xades.complete(prepared, document, self.value(prepared.to_sign))


@pytest.fixture(scope="session")
def document():
    """A TEIF of three lines with what canonical XML treats specially: entities, empty elements, comments, quotes."""
    return (DOCUMENT % "".join(LINE % (i, i, i) for i in range(1, 4))).encode()


@pytest.fixture(scope="session")
def long_document():
    """A TEIF of twenty lines."""
    return (DOCUMENT % "".join(LINE % (i, i, i) for i in range(1, 21))).encode()


@pytest.fixture(scope="session")
def root_authority():
    return pki.Authority("Test Root CA")


@pytest.fixture(scope="session")
def authority(root_authority):
    return pki.Authority("Test Qualified CA", parent=root_authority, path_length=0)


@pytest.fixture(scope="session")
def signer(authority, root_authority):
    key, certificate = authority.signer()
    return Signer(key, [certificate, authority.der, root_authority.der], root_authority.der)


@pytest.fixture(scope="session")
def signed(signer, document):
    return signer.sign(document)


@pytest.fixture(scope="session")
def xmlsec(tmp_path_factory):
    return judges.Xmlsec(tmp_path_factory.mktemp("xmlsec"))


@pytest.fixture(scope="session")
def signxml(tmp_path_factory):
    return judges.Signxml(tmp_path_factory.mktemp("signxml"))
