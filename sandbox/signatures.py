"""The judgement of a supplier's signature: signxml taught TTN's two filters, and the `xmlsec1` program when asked for.

Neither shares anything with the addon's own verifier.
"""

from __future__ import annotations

import base64
import binascii
import datetime
import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass

from cryptography import x509
from cryptography.exceptions import InvalidSignature as RawInvalidSignature
from cryptography.hazmat.primitives import hashes
from lxml import etree
from signxml import DigestAlgorithm, SignatureMethod
from signxml.exceptions import SignXMLException
from signxml.xades import XAdESSignatureConfiguration, XAdESVerifier

from sandbox.authority import Authority
from sandbox.xml import DS, XADES, parse

XPATH = "http://www.w3.org/TR/1999/REC-xpath-19991116"
EXCLUSIVE = "http://www.w3.org/2001/10/xml-exc-c14n#"
NOT_SIGNATURE = "not(ancestor-or-self::ds:Signature)"
NOT_REFERENCE = "not(ancestor-or-self::RefTtnVal)"
SIGNED_PROPERTIES = "http://uri.etsi.org/01903#SignedProperties"
# Policies by name: (identifier, base64 SHA-256 of the policy document).
POLICIES = {
    "v3": ("urn:2.16.788.1.2.1.3", "ZKLu5TojntPu+bUfZyjaEDvkYsAh7eyyV+Hf8nUSQEE="),
    "v2": ("urn:2.16.788.1.2.1", "3J1oMkha+OAlm9hBNCcAS+/nbKokG8Gf9N3XPipP7yg="),
}
_BAD = (SignXMLException, RawInvalidSignature, ValueError, etree.LxmlError)
_NAMES = {"ds": DS, "xades": XADES}


class Refusal(Exception):
    """Why a signature is not taken. `reason` is a key of service.REFUSALS, `detail` says it in English."""

    def __init__(self, reason: str, detail: str):
        super().__init__(f"{reason}: {detail}")
        self.reason, self.detail = reason, detail


@dataclass(frozen=True)
class Signed:
    """What a good signature says."""

    signer: x509.Certificate
    signature_value: str  # base64 without white space
    imprint: str  # DigestValue of the document's reference, as written


class _Verifier(XAdESVerifier):
    """signxml ignores XPath transforms: this one knows the two that TTN prescribes, compared as strings."""

    def _apply_transforms(self, payload, *, transforms_node, signature):
        if transforms_node is not None and isinstance(payload, etree._Element):
            for transform in transforms_node.findall(f"{{{DS}}}Transform"):
                if transform.get("Algorithm") == XPATH:
                    path = (transform.findtext(f"{{{DS}}}XPath") or "").strip()
                    remove(payload, f"{{{DS}}}Signature" if path == NOT_SIGNATURE else "RefTtnVal")
        return super()._apply_transforms(payload, transforms_node=transforms_node, signature=signature)


def remove(root: etree._Element, tag: str):
    """Take all elements of this name off a tree; the text behind each stays where it was."""
    for element in list(root.iter(tag)):
        parent = element.getparent()
        if parent is None:
            continue
        if element.tail:
            previous = element.getprevious()
            if previous is not None:
                previous.tail = (previous.tail or "") + element.tail
            else:
                parent.text = (parent.text or "") + element.tail
        element.tail = None
        parent.remove(element)


class SignatureJudge:
    """In: the authority whose certificates are accepted."""

    def __init__(self, authority: Authority):
        self.authority = authority
        self.program = _program()

    def judge(
        self, data: bytes, root: etree._Element, *, now: datetime.datetime, profile: str, strict: bool
    ) -> Signed:
        """The facts of the one signature.

        In: the document and its parsed root, the moment of judgement (aware), the profile asked for, and whether xmlsec1
        must agree. Raises Refusal with the reasons signature_missing, signature_many, signature_altered, signature_form,
        policy, signer_unknown, signer_not_yet_valid, signer_expired, signer_revoked.
        """
        signature = self._only_signature(root)
        self._check_form(root, signature)
        signer = self._certificate(signature)
        problem = self.authority.chain_problem(signer)
        try:
            # The 2020 profile's qualifier (OIDasURN) is not of the XAdES schema, which the others must meet.
            _verify(etree.fromstring(data), signer, validate_schema=profile == "v3")
        except _BAD as error:
            raise Refusal("signature_altered", f"{type(error).__name__}: {error}") from error
        if strict:
            self._ask_program(data)
        self._check_policy(signature, profile)
        if problem:
            raise Refusal("signer_unknown", problem)
        if now < signer.not_valid_before_utc:
            raise Refusal("signer_not_yet_valid", f"valid from {signer.not_valid_before_utc}")
        if now > signer.not_valid_after_utc:
            raise Refusal("signer_expired", f"valid until {signer.not_valid_after_utc}")
        revoked = self.authority.revoked_at(signer.serial_number)
        if revoked is not None and revoked <= now.timestamp():
            raise Refusal("signer_revoked", f"revoked at {revoked}")
        value = "".join((signature.findtext("ds:SignatureValue", "", _NAMES)).split())
        imprint = "".join(
            signature.findtext("ds:SignedInfo/ds:Reference[@URI='']/ds:DigestValue", "", _NAMES).split()
        )
        return Signed(signer, value, imprint)

    @staticmethod
    def _only_signature(root):
        everywhere = list(root.iter(f"{{{DS}}}Signature"))
        direct = root.findall(f"{{{DS}}}Signature")
        if len(everywhere) > 1:
            raise Refusal("signature_many", f"{len(everywhere)} signatures")
        if not direct:
            raise Refusal("signature_missing", "no signature below the root")
        return direct[0]

    @staticmethod
    def _check_form(root, signature):
        """Exactly the whole document and the signed properties are referenced; Ids are unique; no foreign transform."""
        identifiers = [
            value
            for node in root.iter()
            if isinstance(node.tag, str)
            for name, value in node.attrib.items()
            if name.lower() == "id"
        ]
        if len(identifiers) != len(set(identifiers)):
            raise Refusal("signature_form", "an Id is used twice")
        references = signature.findall("ds:SignedInfo/ds:Reference", _NAMES)
        properties = signature.findall("ds:Object/xades:QualifyingProperties/xades:SignedProperties", _NAMES)
        if len(references) != 2 or len(properties) != 1:
            raise Refusal("signature_form", "two references and one SignedProperties are expected")
        document = [reference for reference in references if reference.get("URI") == ""]
        signed = [
            reference for reference in references if reference.get("URI") == f"#{properties[0].get('Id')}"
        ]
        if len(document) != 1 or len(signed) != 1 or signed[0].get("Type") != SIGNED_PROPERTIES:
            raise Refusal(
                "signature_form", "the references don't cover the document and the signed properties"
            )
        allowed = (
            [f"xpath {NOT_SIGNATURE}", f"xpath {NOT_REFERENCE}", EXCLUSIVE],
            [f"xpath {NOT_SIGNATURE}", EXCLUSIVE],
        )
        if _transforms(document[0]) not in allowed:
            raise Refusal("signature_form", f"transforms {_transforms(document[0])}")
        if _transforms(signed[0]) != [EXCLUSIVE]:
            raise Refusal("signature_form", "the signed properties' transform is not exclusive c14n")
        method = signature.find("ds:SignedInfo/ds:CanonicalizationMethod", _NAMES)
        if method is None or method.get("Algorithm") != EXCLUSIVE:
            raise Refusal("signature_form", "SignedInfo is not in exclusive c14n")

    @staticmethod
    def _certificate(signature):
        text = signature.findtext("ds:KeyInfo/ds:X509Data/ds:X509Certificate", "", _NAMES)
        try:
            return x509.load_der_x509_certificate(base64.b64decode("".join(text.split()), validate=True))
        except (binascii.Error, ValueError) as error:
            raise Refusal("signature_form", "KeyInfo holds no certificate") from error

    @staticmethod
    def _check_policy(signature, profile):
        if profile == "any":
            return
        identifier, digest = POLICIES[profile]
        base = "ds:Object/xades:QualifyingProperties/xades:SignedProperties/xades:SignedSignatureProperties/"
        policy = signature.find(base + "xades:SignaturePolicyIdentifier/xades:SignaturePolicyId", _NAMES)
        found = (
            policy.findtext("xades:SigPolicyId/xades:Identifier", "", _NAMES).strip()
            if policy is not None
            else ""
        )
        value = (
            policy.findtext("xades:SigPolicyHash/ds:DigestValue", "", _NAMES).strip()
            if policy is not None
            else ""
        )
        if (found, value) != (identifier, digest):
            raise Refusal("policy", f"policy {found or 'none'} {value}")
        role = signature.findtext(
            base + "xades:SignerRoleV2/xades:ClaimedRoles/xades:ClaimedRole", "", _NAMES
        )
        if profile == "v3" and role.strip() != "Fournisseur":
            raise Refusal("policy", f"role {role or 'none'}")
        if signature.get("Id") != "SigFrs":
            raise Refusal("policy", f"signature Id {signature.get('Id')}")

    def _ask_program(self, data: bytes):
        """The xmlsec1 program's opinion; certificates are judged elsewhere. Raises Refusal, or RuntimeError without it."""
        if self.program is None:
            raise RuntimeError("strict signatures are asked for, but the program xmlsec1 is not installed")
        with tempfile.NamedTemporaryFile(suffix=".xml") as file:
            file.write(data)
            file.flush()
            run = subprocess.run(
                [*self.program, "--insecure", "--id-attr:Id", f"{XADES}:SignedProperties", file.name],
                capture_output=True,
                timeout=30,
                check=False,
            )
        said = (run.stdout + run.stderr).decode("utf-8", "replace")
        if run.returncode:
            if "Unknown command" in said:
                raise RuntimeError(f"xmlsec1 did not understand us: {said[:300]}")
            raise Refusal("signature_altered", "xmlsec1: " + said[-300:])


def _program() -> list[str] | None:
    """How to have xmlsec1 verify, or None when it is not there."""
    path = shutil.which("xmlsec1")
    if path is None:
        return None
    run = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=10, check=False)
    # From 1.3 on a key is only taken from the signature when its name matches, unless the search is lax as it was before.
    old = re.search(r"\b1\.[012]\.", run.stdout) is not None
    return [path, "--verify"] if old else [path, "--verify", "--lax-key-search"]


def check_returned(data: bytes, *, strip: bool = False) -> dict[str, bool]:
    """For tests and demonstrations: does each signature below the root of a returned document hold? {Id: bool}.

    In: the document; strip drops white-space-only text first (for files that were indented after signing).
    Raises XmlError.
    """
    verdicts = {}
    for index, signature in enumerate(parse(data).findall(f"{{{DS}}}Signature")):
        root = parse(data)
        if strip:
            _drop_blanks(root)
        for other, element in enumerate(root.findall(f"{{{DS}}}Signature")):
            # signxml takes the first signature; the others are outside every reference anyway.
            if other != index:
                remove_one(root, element)
        try:
            _verify(root, SignatureJudge._certificate(signature), validate_schema=False)
            verdicts[signature.get("Id") or ""] = True
        except (*_BAD, Refusal):
            verdicts[signature.get("Id") or ""] = False
    return verdicts


def _verify(root, signer: x509.Certificate, *, validate_schema: bool):
    """Raises one of _BAD unless both references and the signature hold with this certificate."""
    _Verifier().verify(
        root,
        x509_cert=signer,
        validate_schema=validate_schema,
        expect_config=XAdESSignatureConfiguration(
            location="./",
            expect_references=2,
            verification_time=_inside(signer),
            signature_methods=frozenset({SignatureMethod.RSA_SHA256}),
            # SHA-1 is the profile's own choice for the certificate's digest.
            digest_algorithms=frozenset(
                {DigestAlgorithm.SHA1, DigestAlgorithm.SHA256, DigestAlgorithm.SHA512}
            ),
        ),
    )


def _drop_blanks(root):
    for element in root.iter():
        if len(element) and element.text and not element.text.strip():
            element.text = None
        if element.tail and not element.tail.strip():
            element.tail = None


def remove_one(root: etree._Element, element: etree._Element):
    """Take one child of the root off, keeping the text behind it."""
    tail, previous = element.tail, element.getprevious()
    element.tail = None
    root.remove(element)
    if tail:
        if previous is not None:
            previous.tail = (previous.tail or "") + tail
        else:
            root.text = (root.text or "") + tail


def sha1(data: bytes) -> bytes:
    """SHA-1, which the profile demands for the certificate's digest."""
    digest = hashes.Hash(hashes.SHA1())
    digest.update(data)
    return digest.finalize()


def _inside(certificate: x509.Certificate) -> datetime.datetime:
    """A moment at which the certificate is valid: its dates are judged by us, by the virtual clock, with words of their own."""
    return (
        certificate.not_valid_before_utc
        + (certificate.not_valid_after_utc - certificate.not_valid_before_utc) / 2
    )


def _transforms(reference) -> list[str]:
    found = []
    for transform in reference.findall("ds:Transforms/ds:Transform", _NAMES):
        algorithm = transform.get("Algorithm")
        if algorithm == XPATH:
            path = transform.find("ds:XPath", _NAMES)
            # The prefix only means what it should when it is bound to the signature namespace.
            bound = path is not None and path.nsmap.get("ds") == DS
            found.append(f"xpath {(path.text or '').strip()}" if bound else "xpath ?")
        else:
            found.append(algorithm)
    return found
