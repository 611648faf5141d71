"""TEIF documents and TTN's signature for the sandbox's tests, written apart from the addon and from the sandbox."""

from __future__ import annotations

import base64
import datetime
import hashlib
from dataclasses import dataclass

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.serialization import pkcs12
from lxml import etree

DS = "http://www.w3.org/2000/09/xmldsig#"
XADES = "http://uri.etsi.org/01903/v1.3.2#"
EXC = "http://www.w3.org/2001/10/xml-exc-c14n#"
SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"
NAMES = {"ds": DS, "xades": XADES}
SENDER, RECEIVER = "1234567RAM000", "7654321CAM000"
POLICY_V3 = ("urn:2.16.788.1.2.1.3", "ZKLu5TojntPu+bUfZyjaEDvkYsAh7eyyV+Hf8nUSQEE=")


@dataclass(frozen=True)
class Signer:
    """Key and certificate (DER) of an opened PKCS#12 file."""

    key: object
    certificate: object

    @classmethod
    def open(cls, data: bytes, passphrase: str) -> Signer:
        """From a PKCS#12 file's bytes."""
        key, certificate, _chain = pkcs12.load_key_and_certificates(data, passphrase.encode())
        return cls(key, certificate)

    @property
    def serial(self) -> int:
        """The certificate's serial."""
        return self.certificate.serial_number

    @property
    def der(self) -> bytes:
        """The certificate's DER bytes."""
        return self.certificate.public_bytes(serialization.Encoding.DER)


def _moa(code, amount):
    return (
        f'<AmountDetails><Moa amountTypeCode="{code}" currencyCodeList="ISO_4217">'
        f'<Amount currencyIdentifier="TND">{amount}</Amount></Moa></AmountDetails>'
    )


def _party(role, matricule, name):
    return (
        f'<PartnerDetails functionCode="{role}"><Nad><PartnerIdentifier type="I-01">{matricule}</PartnerIdentifier>'
        f'<PartnerName nameType="Qualification">{name}</PartnerName><PartnerAdresses lang="fr">'
        "<AdressDescription>12 rue des Essais</AdressDescription><CityName>Tunis</CityName>"
        '<PostalCode>1000</PostalCode><Country codeList="ISO_3166-1">TN</Country></PartnerAdresses></Nad>'
        "</PartnerDetails>"
    )


def invoice(number, *, sender=SENDER, seller=None, street="", kind="I-11", lines=1, version="1.8.8") -> bytes:
    """A valid unsigned TEIF document."""
    line = (
        '<Lin><ItemIdentifier>{index}</ItemIdentifier><LinImd lang="fr"><ItemCode>ART{index}</ItemCode>'
        "<ItemDescription>Article {index}</ItemDescription></LinImd><LinQty>"
        '<Quantity measurementUnit="UNIT">2</Quantity></LinQty><LinTax><TaxTypeName code="I-1602">TVA</TaxTypeName>'
        "<TaxDetails><TaxRate>19</TaxRate></TaxDetails></LinTax><LinMoa>"
        '<MoaDetails><Moa amountTypeCode="I-183" currencyCodeList="ISO_4217">'
        '<Amount currencyIdentifier="TND">100.000</Amount></Moa></MoaDetails>'
        '<MoaDetails><Moa amountTypeCode="I-171" currencyCodeList="ISO_4217">'
        '<Amount currencyIdentifier="TND">200.000</Amount></Moa></MoaDetails></LinMoa></Lin>'
    )
    buyer = _party("I-64", RECEIVER, "CLIENT ESSAI")
    if street:
        buyer = buyer.replace("<CityName>", f"<Street>{street}</Street><CityName>", 1)
    total = 200 * lines
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        f'<TEIF controlingAgency="TTN" version="{version}"><InvoiceHeader>'
        f'<MessageSenderIdentifier type="I-01">{sender}</MessageSenderIdentifier>'
        f'<MessageRecieverIdentifier type="I-01">{RECEIVER}</MessageRecieverIdentifier></InvoiceHeader>'
        f"<InvoiceBody><Bgm><DocumentIdentifier>{number}</DocumentIdentifier>"
        f'<DocumentType code="{kind}">Facture</DocumentType></Bgm><Dtm>'
        '<DateText format="ddMMyy" functionCode="I-31">150326</DateText></Dtm><PartnerSection>'
        + _party("I-62", seller or sender, "FOURNISSEUR ESSAI")
        + buyer
        + "</PartnerSection><LinSection>"
        + "".join(line.format(index=index) for index in range(1, lines + 1))
        + "</LinSection><InvoiceMoa>"
        + _moa("I-176", f"{total}.000")
        + _moa("I-182", f"{total}.000")
        + _moa("I-181", f"{total * 19 // 100}.000")
        + _moa("I-180", f"{total * 119 // 100}.000")
        + '</InvoiceMoa><InvoiceTax><InvoiceTaxDetails><Tax><TaxTypeName code="I-1602">TVA</TaxTypeName>'
        "<TaxDetails><TaxRate>19</TaxRate></TaxDetails></Tax>"
        + _moa("I-177", f"{total}.000")
        + _moa("I-178", f"{total * 19 // 100}.000")
        + "</InvoiceTaxDetails></InvoiceTax></InvoiceBody></TEIF>"
    ).encode()


def signed(document: bytes, signer: Signer, *, policy=POLICY_V3, role="Fournisseur") -> bytes:
    """The document with its XAdES signature SigFrs in TTN's profile."""
    root = etree.fromstring(document)
    signature = _element(root, "ds:Signature", Id="SigFrs", nsmap={"ds": DS})
    info = _element(signature, "ds:SignedInfo")
    value = _element(signature, "ds:SignatureValue", Id="value-SigFrs")
    data = _element(_element(signature, "ds:KeyInfo"), "ds:X509Data")
    _element(data, "ds:X509Certificate").text = _b64(signer.der)
    properties = _properties(signature, signer, policy, role)
    bare = etree.fromstring(document)
    _element(info, "ds:CanonicalizationMethod", Algorithm=EXC)
    _element(info, "ds:SignatureMethod", Algorithm="http://www.w3.org/2001/04/xmldsig-more#rsa-sha256")
    document_reference = _reference(info, {"Id": "r-id-frs", "Type": "", "URI": ""}, bare)
    transforms = document_reference.find("ds:Transforms", NAMES)
    for index, name in enumerate(("ds:Signature", "RefTtnVal")):
        transform = _element(
            transforms, "ds:Transform", Algorithm="http://www.w3.org/TR/1999/REC-xpath-19991116"
        )
        _element(transform, "ds:XPath").text = f"not(ancestor-or-self::{name})"
        transforms.insert(index, transform)
    _reference(
        info, {"Type": "http://uri.etsi.org/01903#SignedProperties", "URI": "#xades-SigFrs"}, properties
    )
    value.text = _b64(signer.key.sign(_c14n(info), padding.PKCS1v15(), hashes.SHA256()))
    head, closing, tail = document.rpartition(b"</TEIF")
    root.remove(signature)
    return head + etree.tostring(signature) + closing + tail


def _properties(signature, signer, policy, role):
    qualifying = _element(
        _element(signature, "ds:Object"),
        "xades:QualifyingProperties",
        nsmap={"xades": XADES},
        Target="#SigFrs",
    )
    properties = _element(qualifying, "xades:SignedProperties", Id="xades-SigFrs")
    inner = _element(properties, "xades:SignedSignatureProperties")
    now = datetime.datetime.now(datetime.UTC)
    _element(inner, "xades:SigningTime").text = f"{now:%Y-%m-%dT%H:%M:%SZ}"
    cert = _element(_element(inner, "xades:SigningCertificateV2"), "xades:Cert")
    digest = _element(cert, "xades:CertDigest")
    _element(digest, "ds:DigestMethod", Algorithm="http://www.w3.org/2000/09/xmldsig#sha1")
    _element(digest, "ds:DigestValue").text = _b64(hashlib.sha1(signer.der, usedforsecurity=False).digest())
    if policy:
        identifier = _element(_element(inner, "xades:SignaturePolicyIdentifier"), "xades:SignaturePolicyId")
        policy_id = _element(identifier, "xades:SigPolicyId")
        _element(policy_id, "xades:Identifier", Qualifier="OIDAsURN").text = policy[0]
        policy_hash = _element(identifier, "xades:SigPolicyHash")
        _element(policy_hash, "ds:DigestMethod", Algorithm=SHA256)
        _element(policy_hash, "ds:DigestValue").text = policy[1]
    roles = _element(_element(inner, "xades:SignerRoleV2"), "xades:ClaimedRoles")
    _element(roles, "xades:ClaimedRole").text = role
    objects = _element(properties, "xades:SignedDataObjectProperties")
    form = _element(objects, "xades:DataObjectFormat", ObjectReference="#r-id-frs")
    _element(form, "xades:MimeType").text = "application/octet-stream"
    return properties


def _reference(info, attributes, target):
    reference = _element(info, "ds:Reference", **attributes)
    _element(_element(reference, "ds:Transforms"), "ds:Transform", Algorithm=EXC)
    _element(reference, "ds:DigestMethod", Algorithm=SHA256)
    _element(reference, "ds:DigestValue").text = _b64(hashlib.sha256(_c14n(target)).digest())
    return reference


def _element(parent, name, nsmap=None, **attributes):
    prefix, _, local = name.rpartition(":")
    return etree.SubElement(parent, f"{{{NAMES[prefix]}}}{local}", nsmap=nsmap, **attributes)


def _c14n(element):
    return etree.tostring(element, method="c14n", exclusive=True, with_comments=False)


def _b64(data):
    return base64.b64encode(data).decode()
