"""signxml's verdict on one file, run in the sandbox's environment: judge_signxml.py DOCUMENT TRUSTED_PEM [TIME].

signxml ignores XPath transforms; this subclass applies TTN's two filters, by their meaning, and nothing else.
"""

import json
import sys
from datetime import datetime

from lxml import etree
from signxml import DigestAlgorithm, SignatureConstructionMethod
from signxml.exceptions import SignXMLException
from signxml.xades import XAdESSignatureConfiguration, XAdESVerifier

DS = "{http://www.w3.org/2000/09/xmldsig#}"
XPATH = "http://www.w3.org/TR/1999/REC-xpath-19991116"
FILTERS = {
    "not(ancestor-or-self::ds:Signature)": f"{DS}Signature",
    "not(ancestor-or-self::RefTtnVal)": "RefTtnVal",
}


class TtnVerifier(XAdESVerifier):
    def _apply_transforms(self, payload, *, transforms_node, signature):
        for transform in transforms_node if transforms_node is not None else ():
            algorithm = transform.get("Algorithm")
            if algorithm == XPATH:
                for element in list(payload.iter(FILTERS[transform.findtext(f"{DS}XPath")])):
                    parent, before = element.getparent(), element.getprevious()
                    if element.tail and before is not None:
                        before.tail = (before.tail or "") + element.tail
                    elif element.tail:
                        parent.text = (parent.text or "") + element.tail
                    parent.remove(element)
            elif algorithm == SignatureConstructionMethod.enveloped.value:
                raise SignXMLException("enveloped-signature is not TTN's profile")
        return super()._apply_transforms(payload, transforms_node=transforms_node, signature=signature)


def main(document, anchor, time=None):
    config = XAdESSignatureConfiguration(
        location="./",
        expect_references=2,
        digest_algorithms=frozenset({DigestAlgorithm.SHA256, DigestAlgorithm.SHA1}),
        verification_time=datetime.fromisoformat(time) if time else None,
    )
    try:
        with open(document, "rb") as file:
            TtnVerifier().verify(file.read(), ca_pem_file=anchor, expect_config=config)
    except (SignXMLException, etree.LxmlError, ValueError, KeyError) as error:
        answer = {"valid": False, "reason": f"{type(error).__name__}: {error}"}
    else:
        answer = {"valid": True, "reason": ""}
    sys.stdout.write(json.dumps(answer))


if __name__ == "__main__":
    main(*sys.argv[1:])
