"""How a validator of XML Schema tells what is wrong: what it quotes of the document, and the types that it names.

A quoted value is the invoice's own text: whatever words stand in it, TTN did not say them. TTN runs Xerces; the wording of
libxml2 is that of local checks.
"""

import re
from typing import NamedTuple

_LONGEST_TEXT = 20_000  # characters looked at: a message with the longest value that TEIF takes
_LONGEST_VALUE = 200
_PLAIN_QUOTES = str.maketrans(dict.fromkeys("\u2018\u2019\u201a\u00b4`", "'"))

# What opens and what closes a quoted value. The value may hold apostrophes and any words, so the last closing counts.
_QUOTED = {
    "xerces": (
        r"(?<!the )\bvalue:? '",
        r"' with length = '\d{1,9}' is not facet-valid with respect to (?:min|max)?length\b|"
        r"' is not facet-valid with respect to (?!(?:min|max)?length\b)|' has \d{1,9} (?:fraction|total) digits",
    ),
    "both": (
        r"\bthe value '",
        r"' (?:of (?:element|attribute) '|is not accepted by|is not an element of|(?:is|must be) (?:less|greater) than|"
        r"has (?:more|a length of)|does not match the fixed)",
    ),
    "atomic": (
        r"\b(?:cvc-datatype-valid[\w.]{0,20}|element '[^']{1,200}'(?:, attribute '[^']{1,200}')?): '",
        r"' is not a valid value",
    ),
}
_OPENING = re.compile(
    "|".join(f"(?P<{kind}>{opening})" for kind, (opening, _closing) in _QUOTED.items()), re.IGNORECASE
)
_CLOSING = {kind: re.compile(closing, re.IGNORECASE) for kind, (_opening, closing) in _QUOTED.items()}
_VALIDATOR = re.compile(
    r"\bcvc-[a-z]|\[facet '|\belement '[^']{1,200}'(?:, attribute '[^']{1,200}')?: ", re.IGNORECASE
)
_ANONYMOUS = re.compile(r"#AnonType_(\w{1,400})")

# The names of TEIF, of all versions, as alternatives
ELEMENTS = (
    "AccountHolder|AccountNumber|AdditionalDocument|AdditionalDocumentDate|AdditionalDocumentIdentifier|"
    "AdditionalDocumentName|AdditionalDocumentsSection|AdditionnalDocumentDate|AdditionnalDocumentIdentifier|"
    "AdditionnalDocumentName|AdditionnalDocuments|AddressDescription|AdressDescription|Alc|AlcAmount|AlcCategory|"
    "AlcDetails|AlcRate|AlcRateBasis|AllowanceDetails|AllowanceIdentifier|Amount|AmountDescription|AmountDetails|"
    "AmountDetailsSection|ApiCode|ApiDescription|ApiDetails|Bgm|BranchIdentifier|CityName|ComAddress|ComAdress|"
    "ComMeansType|Communication|Contact|ContactIdentifier|ContactName|Country|CtaSection|CtaSectionGroup|DateText|"
    "DocumentIdentifier|DocumentReference|DocumentReferences|DocumentType|Dtm|FreeTextDetail|FreeTexts|Ftx|"
    "InstitutionIdentification|InstitutionName|InvoiceAlc|InvoiceBody|InvoiceHeader|InvoiceMoa|InvoiceTax|"
    "InvoiceTaxDetails|ItemCode|ItemDescription|ItemIdentifier|Lin|LinAlc|LinAlcDetails|LinApi|LinDetail|"
    "LinDetailsSection|LinDtm|LinFtx|LinImd|LinMoa|LinQty|LinSection|LinTax|LinTaxDetails|Loc|LocDetails|LocSection|"
    "MessageRecieverIdentifier|MessageSenderIdentifier|Moa|MoaDetails|Nad|OwnerIdentifier|PaiConditionCode|PaiMeansCode|"
    "PartnerAddress|PartnerAdresses|PartnerDetails|PartnerIdentifier|PartnerName|PartnerSection|PaymentTearmsDescription|"
    "PaymentTearmsTypeCode|PaymentTermsDescription|PaymentTermsTypeCode|Pcd|Percentage|PercentageBasis|PostalCode|Pyt|"
    "PytDtm|PytFii|PytMoa|PytPai|PytSection|PytSectionDetails|Quantity|RefTtnVal|Reference|ReferenceCEV|ReferenceDate|"
    "ReferenceTTN|RffDtm|RffSection|RffSectionGroup|SpecialCondition|SpecialConditions|SpecialServices|Street|SubLin|"
    "SubLinSection|TEIF|Tax|TaxAlc|TaxAmount|TaxCategory|TaxDetails|TaxRate|TaxRateBasis|TaxTypeName"
)
ATTRIBUTES = (
    "allowanceCode|amountTypeCode|code|codeList|controlingAgency|currencyCodeList|currencyIdentifier|format|functionCode|"
    "lang|measurementUnit|nameCode|nameType|refID|subjectCode|type|version"
)
_LONGEST_FIRST = [
    "|".join(sorted(names.split("|"), key=len, reverse=True)) for names in (ATTRIBUTES, ELEMENTS)
]
_NAMES = re.compile(r"(?P<attribute>{}|)(?P<element>{})".format(*_LONGEST_FIRST))


class Heard(NamedTuple):
    """A message without what it quotes.

    :param text: on one line, with plain quotes; between the quotes of a value of the document stands nothing
    :param value: the quoted value on one line, cut; None when the message quotes none
    """

    text: str
    value: str | None = None


def heard(text: str) -> Heard:
    """What TTN itself says in a message, without the text of the document that a validator quotes.

    :param text: TTN's text, as it came
    """
    plain = " ".join(text[:_LONGEST_TEXT].split())
    quoted = plain.translate(_PLAIN_QUOTES)
    last = {kind: _last(closing, quoted) for kind, closing in _CLOSING.items()}
    kept, value, at = [], None, 0
    for opening in _OPENING.finditer(quoted):
        begins, kind = opening.end(), opening.lastgroup
        ends = last[kind]
        if opening.start() < at or (ends < begins and kind == "atomic"):
            continue
        if ends < begins:  # the message was cut inside the value
            ends = len(plain)
        kept.append(quoted[at:begins])
        at = ends
        if value is None:
            value = shortened(plain[begins:ends])
    return Heard("".join([*kept, quoted[at:]]), value)


def shortened(text: str) -> str:
    """The text as a value of :func:`heard` stands: with single spaces, cut. What is compared with one has to pass here."""
    return " ".join(text.split())[:_LONGEST_VALUE]


def is_validator(text: str) -> bool:
    """Whether a message was made by a validator of the document: nothing in it concerns the account.

    :param text: as :func:`heard` gives it
    """
    return bool(_VALIDATOR.search(text))


def name_types(text: str) -> tuple[str, dict[str, str]]:
    """The message with the elements' names in place of Xerces' names for types without name.

    Such a name holds those of the element (or of the attribute and its element) and of all that encloses it, in one word.

    :return: the text, and what the first of these names says: ``element`` and ``attribute``
    """
    found: dict[str, str] = {}

    def named(match: re.Match[str]) -> str:
        names = _NAMES.match(match[1])
        if not names:
            return match[0]
        for name, value in names.groupdict().items():
            if value:
                found.setdefault(name, value)
        return names["element"]

    return _ANONYMOUS.sub(named, text), found


def element_names(expected: str) -> list[str]:
    """The names in a validator's list of expected elements: ``{A, "urn:x":B}`` of Xerces, ``( A, {urn:x}B )`` of libxml2."""
    return re.findall(r"[^\W\d][\w.-]*", re.sub(r'"[^"]*":|\{[^{}\s]*[:/][^{}\s]*\}', "", expected))


def _last(pattern: re.Pattern[str], text: str) -> int:
    """Where the last match begins; -1 without any."""
    begins = -1
    for match in pattern.finditer(text):
        begins = match.start()
    return begins
