"""Attacks on where things stand and how they are read: all refused, though each value in the signature is genuine."""

import base64
import copy
import hashlib

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from signature import structure, verify
from signature.structure import DS, FILTER2, XADES
from teif.foreign import parse_foreign_xml
from tests.pure.signature import pki
from tests.pure.signature.conftest import Signer

REFERENCE = b'<RefTtnVal><ReferenceTTN refID="I-88">0736</ReferenceTTN><ReferenceCEV>iVBORw0K</ReferenceCEV></RefTtnVal>'


def codes(root):
    """:return: the codes of the breaking findings of each signature at the root."""
    if isinstance(root, bytes):
        root = parse_foreign_xml(root)
    return [{one.code for one in report.findings if one.breaking} for report in verify.verify(root)]


def signature_of(root):
    return root.find(verify.SIGNATURE)


def find(root, path):
    """:return: the element at ``path`` below the signature: ``ds:A/xades:B``."""
    found = signature_of(root).find(path, {"ds": DS, "xades": XADES})
    assert found is not None, path
    return found


def resign(root, key, canonicalization=None):
    """Put right everything a cheat with a key of his own can: the properties' digest and the signature value."""
    signature = signature_of(root)
    references = signature.findall("{*}SignedInfo/{*}Reference")
    for reference in references:
        if reference.get("URI", "").startswith("#"):
            [properties] = signature.iter(f"{{{XADES}}}SignedProperties")
            content = etree.tostring(properties, method="c14n", exclusive=True)
            reference.find("{*}DigestValue").text = base64.b64encode(
                hashlib.sha256(content).digest()
            ).decode()
    info = etree.tostring(signature[0], method="c14n", **(canonicalization or {"exclusive": True}))
    value = key.sign(info, padding.PKCS1v15(), hashes.SHA256())
    signature[1].text = base64.b64encode(value).decode()
    return root


@pytest.fixture
def root(signed):
    return parse_foreign_xml(signed)


def test_the_tools_of_these_tests_change_nothing_by_themselves(root, signer):
    assert codes(root) == [set()]
    assert codes(resign(root, signer.key)) == [set()]


# --- Where the signature stands ---------------------------------------------------------------------------------------


def test_a_signature_below_another_element_is_not_looked_at(root):
    root[0].append(signature_of(root))
    assert verify.verify(root) == []
    assert [one.code for one in verify.document_problems(root)] == ["signature.misplaced"]


def test_a_signature_below_another_element_spoils_the_one_at_the_root(root):
    root[0].append(copy.deepcopy(signature_of(root)))
    assert codes(root) == [{"signature.misplaced", "document.duplicate_id"}]


def test_a_signature_inside_the_signature(root):
    find(root, "ds:Object").append(copy.deepcopy(signature_of(root)))
    [found] = codes(root)
    assert {"signature.misplaced", "signature.structure"} <= found


def test_the_signed_document_moved_into_another_one(signed, root):
    """The classic: the signed content is kept somewhere, and other content takes its place."""
    outer = etree.Element("TEIF", root.attrib)
    body = etree.SubElement(outer, "InvoiceBody")
    body.text = "the attacker's"
    wrapper = etree.SubElement(outer, "Wrapper")
    signature = signature_of(root)
    wrapper.append(root)
    outer.append(signature)
    assert codes(outer) == [{"signature.document_digest"}]
    assert codes(b"<Envelope>" + signed[signed.index(b"<TEIF") :].strip() + b"</Envelope>") == []


def test_content_hidden_in_the_signature(root):
    """What is in a ds:Signature is not part of what is signed."""
    for parent in (signature_of(root), find(root, "ds:Object"), find(root, "ds:KeyInfo")):
        changed = copy.deepcopy(root)
        place = changed.getroottree().find(
            root.getroottree().getpath(parent).replace("/TEIF", ".", 1), {"ds": DS}
        )
        place.append(etree.fromstring("<x:InvoiceBody xmlns:x='urn:x'>other</x:InvoiceBody>"))
        assert codes(changed) == [{"signature.structure"}]
    find(root, "ds:KeyInfo").tail = "1000.000"
    assert codes(root) == [{"signature.structure"}]


def test_a_comment_in_the_signature(root):
    find(root, "ds:SignatureValue").append(etree.Comment("x"))
    assert codes(root) == [{"signature.structure", "document.comment"}]


def test_a_second_object_or_key_info(root):
    for name in ("Object", "KeyInfo", "SignedInfo", "SignatureValue"):
        changed = copy.deepcopy(root)
        signature_of(changed).append(copy.deepcopy(find(root, f"ds:{name}")))
        [found] = codes(changed)
        assert "signature.structure" in found


def test_too_many_signatures_are_not_worked_through(root):
    for number in range(verify.MAX_SIGNATURES + 5):
        again = copy.deepcopy(signature_of(root))
        for element in again.iter(etree.Element):
            if "Id" in element.attrib:
                element.set("Id", f"{element.get('Id')}{number}")
        root.append(again)
    found = codes(root)
    assert len(found) == verify.MAX_SIGNATURES
    assert all("signature.several" in one for one in found)


def test_only_a_documents_root_is_taken(root):
    with pytest.raises(ValueError, match="root"):
        verify.verify(root[0])


# --- Identifiers ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["Id", "ID", "id", "iD", "{http://www.w3.org/XML/1998/namespace}id", "{urn:x}Id"]
)
@pytest.mark.parametrize("value", ["xades-SigFrs", "SigFrs", "r-id-frs", "value-SigFrs"])
def test_doubled_identifiers(root, name, value):
    root[0].set(name, value)
    assert codes(root) == [{"document.duplicate_id", "signature.document_digest"}]


def test_doubled_identifier_in_what_the_supplier_does_not_sign(signed):
    reference = REFERENCE.replace(b"<RefTtnVal>", b'<RefTtnVal Id="xades-SigFrs">')
    assert codes(signed.replace(b"</TEIF>", reference + b"</TEIF>")) == [{"document.duplicate_id"}]


def test_two_signed_properties(root):
    """The genuine properties stay findable by their Id while others stand in the signature's own place."""
    genuine = find(root, "ds:Object/xades:QualifyingProperties/xades:SignedProperties")
    forged = copy.deepcopy(genuine)
    forged.find(f".//{{{XADES}}}ClaimedRole").text = "KERNEL"
    qualifying = genuine.getparent()
    qualifying.insert(0, forged)
    assert codes(root) == [{"document.duplicate_id", "signature.structure"}]
    forged.set("Id", "other")
    assert codes(root) == [{"signature.structure"}]
    qualifying.remove(genuine)
    unsigned = etree.SubElement(qualifying, f"{{{XADES}}}UnsignedProperties")
    unsigned.append(genuine)
    # The reference speaks of "#xades-SigFrs", which is there, but it is not this signature's properties
    assert codes(root) == [{"signature.references"}]


def test_the_target_and_the_names_of_the_signature(root):
    find(root, "ds:Object/xades:QualifyingProperties").set("Target", "#SigTTN")
    assert codes(root) == [{"signature.target"}]


def test_a_supplier_who_calls_his_signature_ttns(signed):
    forged = signed.replace(b"SigFrs", b"SigTTN")
    [report] = verify.verify(parse_foreign_xml(forged))
    assert not report.intact
    assert "signature.reference_uncovered" in {one.code for one in report.findings}


# --- TTN's reference --------------------------------------------------------------------------------------------------


def test_one_reference_at_the_root_leaves_the_signature_alone(signed, signer, xmlsec):
    for place in (b"<ds:Signature ", b"</TEIF>"):
        accepted = signed.replace(place, REFERENCE + place)
        assert codes(accepted) == [set()]
        assert xmlsec.verify(accepted, signer.root)


def test_two_references(signed, signer, xmlsec):
    """xmlsec1 has nothing against it: the profile leaves every RefTtnVal unsigned."""
    forged = signed.replace(b"</TEIF>", REFERENCE + REFERENCE + b"</TEIF>")
    assert codes(forged) == [{"document.reference_several"}]
    assert xmlsec.verify(forged, signer.root)


def test_content_hidden_in_a_reference_below_another_element(signed, signer, xmlsec):
    forged = signed.replace(b"</Bgm>", b"</Bgm><RefTtnVal><Amount>9</Amount></RefTtnVal>")
    assert codes(forged) == [{"document.reference_misplaced", "document.reference_content"}]
    assert xmlsec.verify(forged, signer.root)


@pytest.mark.parametrize("content", [b"<InvoiceBody/>", b"<ReferenceTTN><Amount>9</Amount></ReferenceTTN>"])
def test_content_hidden_in_the_one_reference(signed, content):
    forged = signed.replace(b"</TEIF>", REFERENCE.replace(b"</RefTtnVal>", content + b"</RefTtnVal></TEIF>"))
    assert codes(forged) == [{"document.reference_content"}]


def test_content_hidden_in_unsigned_properties(root):
    """Time-stamps may stand there; the document's own elements may not."""
    qualifying = find(root, "ds:Object/xades:QualifyingProperties")
    unsigned = etree.SubElement(qualifying, f"{{{XADES}}}UnsignedProperties")
    etree.SubElement(unsigned, f"{{{XADES}}}UnsignedSignatureProperties")
    assert codes(root) == [set()]
    etree.SubElement(unsigned, "InvoiceBody")
    assert codes(root) == [{"signature.structure"}]


def test_a_reference_inside_the_signature(root):
    find(root, "ds:Object").append(etree.fromstring(REFERENCE))
    assert codes(root) == [{"document.reference_misplaced", "signature.structure"}]


def test_ttns_signature_must_cover_the_reference(signed, root_authority):
    """Even made with TTN's own key, a SigTTN that leaves RefTtnVal out says nothing of the reference."""
    key, certificate = root_authority.signer("TTN")
    accepted = signed[: signed.index(b"<ds:Signature ")] + REFERENCE + b"</TEIF>"
    ttn = signed_as_ttn(accepted, Signer(key, [certificate], root_authority.der), covering=True)
    [report] = verify.verify(ttn)
    assert (report.id, report.intact, report.covers_reference) == ("SigTTN", True, True)
    uncovered = signed_as_ttn(accepted, Signer(key, [certificate], root_authority.der), covering=False)
    [report] = verify.verify(uncovered)
    assert [one.code for one in report.findings] == ["signature.reference_uncovered"]
    assert not report.intact
    ttn.find("RefTtnVal")[0].text = "0737"
    assert codes(ttn) == [{"signature.document_digest"}]


def signed_as_ttn(document, signer, covering):
    """A SigTTN made from a SigFrs: other names, and the filter of RefTtnVal taken away when it must be covered."""
    plain = document.replace(REFERENCE, b"")
    forged = parse_foreign_xml(
        signer.sign(plain).replace(b"SigFrs", b"SigTTN").replace(b"r-id-frs", b"r-id-ttn")
    )
    signature = signature_of(forged)
    root = parse_foreign_xml(document)
    root.append(signature)
    if covering:
        transforms = signature.find("{*}SignedInfo/{*}Reference/{*}Transforms")
        transforms.remove(transforms[1])
    bare = copy.deepcopy(root)
    for name in [verify.SIGNATURE] + ([] if covering else ["RefTtnVal"]):
        bare.remove(bare.find(name))
    digest = hashlib.sha256(etree.tostring(bare, method="c14n", exclusive=True, with_comments=False)).digest()
    signature.find("{*}SignedInfo/{*}Reference/{*}DigestValue").text = base64.b64encode(digest).decode()
    return resign(root, signer.key)


# --- References and transforms, with the cheat's own key behind them --------------------------------------------------


def references(root):
    return signature_of(root).findall("{*}SignedInfo/{*}Reference")


def test_a_reference_to_a_part_only(root, signer):
    references(root)[0].set("URI", "#r-id-frs")
    assert codes(resign(root, signer.key)) == [{"signature.references"}]


@pytest.mark.parametrize("uri", [None, "", "http://127.0.0.1:9/x", "file:///etc/passwd", "#xpointer(/)"])
def test_other_addresses_for_the_properties(root, signer, uri):
    reference = references(root)[1]
    if uri is None:
        del reference.attrib["URI"]
    else:
        reference.set("URI", uri)
    assert codes(resign(root, signer.key)) == [{"signature.references"}]


def test_the_document_reference_may_not_be_missing_or_doubled(root, signer):
    info = find(root, "ds:SignedInfo")
    for change in (
        lambda one: one.remove(one[-1]),
        lambda one: one.remove(one[2]),
        lambda one: one.append(copy.deepcopy(one[2])),
    ):
        changed = copy.deepcopy(root)
        change(signature_of(changed)[0])
        if len(signature_of(changed)[0]) > len(info):
            signature_of(changed)[0][-1].attrib.pop("Id")
        assert codes(resign(changed, signer.key)) == [{"signature.structure"}]
    references(root)[1].set("Type", "http://uri.etsi.org/01903#Other")
    assert codes(resign(root, signer.key)) == [{"signature.references"}]


@pytest.mark.parametrize(
    "expression",
    [
        "false()",
        "not(ancestor-or-self::InvoiceBody)",
        "not(ancestor-or-self::ds:Signature) or true()",
        "not(ancestor-or-self::ds:Signature )",
        "not(ancestor-or-self::*[local-name()='Signature'])",
        "count(//. | //@* | //namespace::*) > 0",
        "document('http://127.0.0.1:9/')",
        "",
    ],
)
def test_foreign_expressions_are_never_evaluated(root, signer, expression):
    references(root)[0].find("{*}Transforms/{*}Transform/{*}XPath").text = expression
    assert codes(resign(root, signer.key)) == [{"signature.transforms"}]


@pytest.mark.parametrize(
    "algorithm",
    [
        "http://www.w3.org/TR/1999/REC-xslt-19991116",
        "http://www.w3.org/2000/09/xmldsig#enveloped-signature",
        "http://www.w3.org/2000/09/xmldsig#base64",
        "http://www.w3.org/TR/2001/REC-xml-c14n-20010315",
        "http://www.w3.org/2001/10/xml-exc-c14n#WithComments",
        "urn:x",
        "",
    ],
)
@pytest.mark.parametrize("index", [0, 1])
def test_foreign_transforms(root, signer, algorithm, index):
    last = references(root)[index].find("{*}Transforms")[-1]
    last.set("Algorithm", algorithm)
    assert codes(resign(root, signer.key)) == [{"signature.transforms"}]


def test_transforms_in_another_order_or_number(root, signer):
    def tried(change):
        changed = copy.deepcopy(root)
        transforms = references(changed)[0].find("{*}Transforms")
        change(transforms)
        return codes(resign(changed, signer.key))

    wrong = [{"signature.transforms"}]
    assert tried(lambda one: one.append(one[0])) == wrong
    assert tried(lambda one: one.insert(0, one[1])) == wrong
    assert tried(lambda one: one.remove(one[0])) == wrong
    assert tried(lambda one: one.remove(one[2])) == wrong
    assert tried(lambda one: one.append(copy.deepcopy(one[2]))) == wrong
    assert tried(lambda one: one.clear()) == wrong
    # Without the second filter it is the looser profile that TTN's test platform takes: the document is still covered
    assert tried(lambda one: one.remove(one[1])) == [set()]


def test_the_prefix_of_the_expression_bound_elsewhere(signed):
    other = signed.replace(
        b"<ds:XPath>not(ancestor-or-self::ds", b'<ds:XPath xmlns:ds="urn:x">not(ancestor-or-self::ds'
    )
    assert codes(other) == [{"signature.structure"}]
    renamed = signed.replace(b"<ds:XPath>not", b'<d:XPath xmlns:d="%s" xmlns:ds="urn:x">not' % DS.encode())
    renamed = renamed.replace(b"</ds:XPath>", b"</d:XPath>")
    assert codes(renamed) == [{"signature.structure"}]


def test_parameters_of_canonicalizations(root, signer):
    """A list of inclusive prefixes lets a cheat choose what the canonical form holds."""
    inclusive = "{http://www.w3.org/2001/10/xml-exc-c14n#}InclusiveNamespaces"
    for element in (
        references(root)[0].find("{*}Transforms")[-1],
        find(root, "ds:SignedInfo/ds:CanonicalizationMethod"),
    ):
        changed = copy.deepcopy(root)
        path = root.getroottree().getpath(element)
        [place] = changed.xpath(path, namespaces={"ds": DS})
        etree.SubElement(place, inclusive, PrefixList="xades")
        assert codes(resign(changed, signer.key)) == [{"signature.structure"}]


def test_other_methods(root, signer, signxml):
    find(root, "ds:SignedInfo/ds:CanonicalizationMethod").set(
        "Algorithm", "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
    )
    assert codes(resign(root, signer.key, {"exclusive": False})) == [{"signature.canonicalization"}]


@pytest.mark.parametrize(
    "method",
    [
        "http://www.w3.org/2000/09/xmldsig#rsa-sha1",
        "http://www.w3.org/2000/09/xmldsig#hmac-sha1",
        "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256",
        "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256",
        "http://www.w3.org/2001/04/xmldsig-more#rsa-md5",
        "",
    ],
)
def test_foreign_signature_methods(root, signer, method):
    find(root, "ds:SignedInfo/ds:SignatureMethod").set("Algorithm", method)
    assert codes(resign(root, signer.key)) == [{"signature.method"}]


@pytest.mark.parametrize("index", [0, 1])
def test_weak_digests(root, signer, index):
    reference = references(root)[index]
    reference.find("{*}DigestMethod").set("Algorithm", "http://www.w3.org/2000/09/xmldsig#sha1")
    resign(root, signer.key)
    assert codes(root) == [{"signature.digest_method"}]


def test_digests_that_are_empty_or_written_twice_over(root, signer):
    for text in ("", "AAAA", "====", "é", None):
        changed = copy.deepcopy(root)
        references(changed)[0].find("{*}DigestValue").text = text
        [found] = codes(resign(changed, signer.key))
        assert found & {"signature.document_digest", "signature.structure"}


# --- Certificates -----------------------------------------------------------------------------------------------------


def certificates_of(root):
    return signature_of(root).findall("{*}KeyInfo/{*}X509Data/{*}X509Certificate")


def test_another_certificate_with_the_same_key(root, signer, authority):
    """A second certificate for the signer's key: its name would be read instead of the signer's."""
    _key, other = authority.signer("Quelqu'un d'autre", key=signer.key)
    certificates_of(root)[0].text = base64.b64encode(other).decode()
    assert codes(root) == [{"signature.certificate_digest", "signature.issuer_serial"}]


def test_a_foreign_certificate_beside_the_signers(root, authority):
    data = find(root, "ds:KeyInfo/ds:X509Data")
    _key, other = authority.signer("Stranger")
    data.insert(
        0,
        etree.fromstring(
            f'<ds:X509Certificate xmlns:ds="{DS}">{base64.b64encode(other).decode()}</ds:X509Certificate>'
        ),
    )
    [report] = verify.verify(root)
    assert [one.code for one in report.findings if one.breaking] == ["signature.chain"]
    assert report.signer_der != other


def test_certificates_in_another_order(root, signer):
    data = find(root, "ds:KeyInfo/ds:X509Data")
    data.append(data[0])
    [report] = verify.verify(root)
    assert report.intact
    assert report.signer_der == signer.chain[0] == report.chain[0]
    assert [point.code for point in report.points if not point.met] == ["profile.signer_first"]


def test_certificates_that_cannot_be_read(root):
    for text in ("", "AAAA", "not base64!", base64.b64encode(b"\x30" * 20_000).decode()):
        changed = copy.deepcopy(root)
        certificates_of(changed)[0].text = text
        [report] = verify.verify(changed)
        assert {one.code for one in report.findings} & {"signature.key_info", "signature.structure"}
        assert report.as_dict()["signer"] is None
    for _number in range(structure.MAX_CERTIFICATES):
        data = find(root, "ds:KeyInfo/ds:X509Data")
        data.append(copy.deepcopy(data[0]))
    assert codes(root) == [{"signature.structure"}]


def test_a_properties_digest_of_another_kind(root, signer):
    method = next(signature_of(root).iter(f"{{{XADES}}}CertDigest"))[0]
    method.set("Algorithm", "http://www.w3.org/2001/04/xmldsig-more#md5")
    assert codes(resign(root, signer.key)) == [{"signature.digest_method"}]


def test_an_issuer_and_serial_of_another_certificate(root, signer):
    element = next(signature_of(root).iter(f"{{{XADES}}}IssuerSerialV2"))
    for text in (base64.b64encode(b"\x30\x00").decode(), base64.b64encode(b"junk").decode(), ""):
        element.text = text
        assert codes(resign(root, signer.key)) == [{"signature.issuer_serial"}]
    element.getparent().remove(element)
    [report] = verify.verify(resign(root, signer.key))
    assert report.intact
    assert [point.code for point in report.points if not point.met] == ["profile.issuer_serial"]


def test_without_a_signing_certificate_in_the_properties(root, signer):
    element = next(signature_of(root).iter(f"{{{XADES}}}SigningCertificateV2"))
    element.getparent().remove(element)
    assert codes(resign(root, signer.key)) == [{"signature.structure"}]


def test_doubled_properties(root, signer):
    for name in (
        "SigningCertificateV2",
        "Cert",
        "SigningTime",
        "SignerRoleV2",
        "SignaturePolicyIdentifier",
        "SPURI",
    ):
        changed = copy.deepcopy(root)
        element = next(signature_of(changed).iter(f"{{{XADES}}}{name}"))
        element.addnext(copy.deepcopy(element))
        assert codes(resign(changed, signer.key)) == [{"signature.structure"}], name


def test_an_expired_signer_is_said_and_does_not_alter_the_content(document, authority):
    key, certificate = authority.signer("Expired", before=pki.NOW - pki.YEAR, after=pki.NOW - pki.YEAR / 2)
    signed = Signer(key, [certificate], authority.der).sign(document)
    [report] = verify.verify(parse_foreign_xml(signed))
    assert report.intact
    assert [one.code for one in report.findings] == ["certificate.expired"]
    [report] = verify.verify(parse_foreign_xml(signed), at=pki.NOW - pki.YEAR * 0.75)
    assert report.findings == ()


def test_small_keys_are_refused(document, root, authority):
    """A signature made by hand with a key too small to be trusted; our signer would not make it."""
    small = pki.rsa_key("small", 1024)
    _key, certificate = authority.signer("small", key=small)
    certificates_of(root)[0].text = base64.b64encode(certificate).decode()
    named_in_properties(root, certificate)
    assert codes(resign(root, small)) == [{"key.too_small"}]


def named_in_properties(root, certificate):
    digest = next(signature_of(root).iter(f"{{{XADES}}}CertDigest"))[1]
    digest.text = base64.b64encode(hashlib.sha1(certificate).digest()).decode()
    element = next(signature_of(root).iter(f"{{{XADES}}}IssuerSerialV2"))
    element.getparent().remove(element)


def test_elliptic_curves_are_read_and_reported(root, authority):
    """Seals may come with P-256 keys; the profile says RSA, which the report then tells."""
    key = pki.ec_key("seal")
    _key, certificate = authority.signer("Seal", key=key)
    certificates_of(root)[0].text = base64.b64encode(certificate).decode()
    named_in_properties(root, certificate)
    find(root, "ds:SignedInfo/ds:SignatureMethod").set(
        "Algorithm", "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"
    )
    resign(root, pki.rsa_key("unused"))
    info = etree.tostring(find(root, "ds:SignedInfo"), method="c14n", exclusive=True)
    signature = key.sign(info, ec.ECDSA(hashes.SHA256()))
    r, s = decode_dss_signature(signature)

    def with_value(value):
        find(root, "ds:SignatureValue").text = base64.b64encode(value).decode()
        return verify.verify(root)[0]

    report = with_value(r.to_bytes(32, "big") + s.to_bytes(32, "big"))
    assert report.intact
    assert "profile.signature_method" in {point.code for point in report.points if not point.met}
    for bad in (
        signature,
        b"",
        r.to_bytes(32, "big"),
        bytes(64),
        s.to_bytes(32, "big") + r.to_bytes(32, "big"),
    ):
        assert not with_value(bad).intact


# --- What is read and what was signed ---------------------------------------------------------------------------------


def test_comments_that_cut_a_text(signed, signer, xmlsec):
    """`<Amount>1<!---->8.500` reads as "1" for who takes the first text, and is signed as "18.500"."""
    forged = signed.replace(b">18.500<", b">1<!---->8.500<", 1)
    assert codes(forged) == [{"document.comment"}]
    assert xmlsec.verify(forged, signer.root)
    assert codes(signed.replace(b">18.500<", b"><!---->18.500<", 1)) == [{"document.comment"}]
    assert codes(signed.replace(b">18.500<", b">18.500<!----><", 1)) == [{"document.comment"}]
    assert codes(signed.replace(b"<Dtm>", b"<!-- a --><Dtm>", 1)) == [set()]


def test_a_namespace_slipped_under_the_document(signed):
    assert codes(signed.replace(b"<TEIF ", b'<TEIF xmlns="urn:x" ', 1)) == [
        {"document.root", "signature.document_digest"}
    ]
    # Declared and not used, it is no part of the exclusive canonical form: the document says the same
    assert codes(signed.replace(b"<TEIF ", b'<TEIF xmlns:x="urn:x" ', 1)) == [set()]


def test_the_filter_2_form_of_other_products(root, signer):
    transforms = references(root)[0].find("{*}Transforms")
    transforms.remove(transforms[1])
    transforms[0].set("Algorithm", FILTER2)
    [xpath] = transforms[0]
    transforms[0].remove(xpath)
    filtered = etree.SubElement(transforms[0], f"{{{FILTER2}}}XPath", Filter="subtract")
    filtered.text = "/descendant::ds:Signature"
    assert codes(resign(root, signer.key)) == [set()]
    filtered.set("Filter", "intersect")
    assert codes(resign(root, signer.key)) == [{"signature.transforms"}]


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_elements_moved_copied_or_taken_away_anywhere(signed, data):
    """Whatever is done to the tree, it is refused, or what was signed and who signed it are still the same."""
    root = parse_foreign_xml(signed)
    before = signed_parts(root)
    elements = list(root.iter(etree.Element))[1:]
    element = data.draw(st.sampled_from(elements))
    place = data.draw(
        st.sampled_from([one for one in root.iter(etree.Element) if one not in list(element.iter())])
    )
    act = data.draw(st.sampled_from(["move", "copy", "remove", "swap"]))
    if act == "move":
        place.append(element)
    elif act == "copy":
        place.insert(0, copy.deepcopy(element))
    elif act == "remove":
        element.getparent().remove(element)
    elif element.getnext() is not None:
        element.addprevious(element.getnext())
    reports = verify.verify(root)
    assert not reports or not all(one.intact for one in reports) or signed_parts(root) == before


def signed_parts(root):
    """:return: the document without its signature, what the signature signs, its value, and its signer."""
    root = copy.deepcopy(root)
    signature = signature_of(root)
    # The order of the other certificates, or their absence, changes nothing
    canonical = [
        etree.tostring(one, method="c14n", exclusive=True)
        for one in (signature[0], signature[1], signature[3])
    ]
    signer = verify.verify(root)[0].signer_der
    root.remove(signature)
    return [etree.tostring(root, method="c14n", exclusive=True, with_comments=False), *canonical, signer]


def test_an_old_root_signed_with_sha1_does_no_harm(document, authority):
    """Some roots still carry a SHA-1 signature of their own, which is not checked and proves nothing."""
    old = pki.Authority("Old Root")
    key, certificate = old.signer("Under an old root")
    chain = [certificate, pki.weakened(old.der, old.key)]
    [report] = verify.verify(parse_foreign_xml(Signer(key, chain, old.der).sign(document)))
    assert report.intact
    assert [one.code for one in report.findings] == ["signature.chain"]


def test_only_white_space_of_xml_is_overlooked(signed):
    """A returned document may be indented anew; other invisible characters are a change."""
    indented = signed.replace(b"<Bgm>", b"\n  \t<Bgm>\r\n ")
    assert [one.intact for one in verify.verify(parse_foreign_xml(indented))] == [False]
    # What was signed had white space of its own, so that nothing helps here
    assert [one.intact for one in verify.verify_tolerant(parse_foreign_xml(indented))] == [False]


def test_a_document_indented_after_signing(signer):
    root = parse_foreign_xml(signer.sign(b"<TEIF><A><B>1</B></A><C>  </C></TEIF>"))
    etree.indent(root)
    [report] = verify.verify_tolerant(root)
    assert (report.intact, report.reindented) == (True, True)
    root[0].tail = "\u00a0\u3000"
    assert not verify.verify_tolerant(root)[0].intact
    root[0].tail, root[1].text = "\n", " "
    assert not verify.verify_tolerant(root)[0].intact


def test_instructions_beside_the_root_are_signed(signer, xmlsec):
    styled = b'<?xml version="1.0"?>\n<?xml-stylesheet href="a.xsl"?>\n<TEIF><A>1</A></TEIF>'
    signed = signer.sign(styled)
    assert codes(signed) == [set()]
    assert xmlsec.verify(signed, signer.root)
    for forged in (signed.replace(b"a.xsl", b"b.xsl"), signed + b"<?php x?>"):
        assert codes(forged) == [{"signature.document_digest"}]
        assert not xmlsec.verify(forged, signer.root)
