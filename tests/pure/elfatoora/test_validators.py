"""What a validator quotes of the invoice is not what TTN says, and the types that it names are read."""

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elfatoora.rejections import classify
from elfatoora.validators import ATTRIBUTES, ELEMENTS, element_names, heard, name_types
from teif import schema

PLACE = "Document non valide ligne numéro : 2157 colonne numéro: 52 message: "

# What validators write around a value of the document; ``{}`` is the value.
TEMPLATES = [
    "cvc-maxLength-valid: Value '{}' with length = '36' is not facet-valid with respect to maxLength '35' for type 'x'.",
    "cvc-maxLength-valid: Value '{}' with length = '36' is not facet-valid with respect to maxLength '35' for type "
    "'#AnonType_StreetPartnerAdresses'.",
    "cvc-minLength-valid: Value '{}' with length = '0' is not facet-valid with respect to minLength '1' for type 'x'.",
    "cvc-pattern-valid: Value '{}' is not facet-valid with respect to pattern "
    "'-?[0-9]{1,15}([,.][0-9]{1,5})?' for type 'monetaryAmountType'.",
    "cvc-enumeration-valid: Value '{}' is not facet-valid with respect to enumeration '[I-160, I-161]'. It must be a value "
    "from the enumeration.",
    "cvc-enumeration-valid: Value '{}' is not facet-valid with respect to enumeration '[fr, en]'. It must be a value from the "
    "enumeration.",
    "cvc-fractionDigits-valid: Value '{}' has 6 fraction digits, but the number of fraction digits has been limited to 5.",
    "cvc-attribute.3: The value '{}' of attribute 'code' on element 'TaxTypeName' is not valid with respect to its type, 'x'.",
    "cvc-type.3.1.3: The value '{}' of element 'Street' is not valid.",
    "cvc-datatype-valid.1.2.1: '{}' is not a valid value for 'integer'.",
    "Element 'Amount': [facet 'pattern'] The value '{}' is not accepted by the pattern '-?[0-9]{1,15}([.][0-9]{1,5})?'.",
    "Element 'TaxTypeName', attribute 'code': [facet 'enumeration'] The value '{}' is not an element of the set {'I-160'}.",
    "Element 'Street': [facet 'maxLength'] The value '{}' has a length of '36'; this exceeds the allowed maximum length of "
    "'35'.",
    "Element 'Rate': '{}' is not a valid value of the atomic type 'xs:decimal'.",
]  # fmt: skip
# Words of invoices that other messages of TTN are known by, and what could end a quoted value too early
TELLING = [
    "Abonnement fibre, adresse IP fixe",
    "changement du mot de passe",
    "DUPLICATA",
    "facture déjà envoyée",
    "certificat expiré",
    "Signataire non autorisé",
    "compte suspendu",
    "Erreur interne du serveur",
    "SERV09",
    "Rue de l'Indépendance",
    "12, ' rue du Lac '",
    "Value '",
    "The value 'x' of element 'Country' is not valid",
    "Element 'x': 'y' is not a valid value",
    "' with length = '2",
    "fournisseur",
    "client",
    "starting with element 'Lin'. One of '{LinImd}' is expected",
    "ligne numéro : 3 colonne numéro: 4",
    "#AnonType_LinLinSection",
    "’",
    "\n",
]


def filled(template, value):
    return template.replace("{}", value)


values = st.lists(st.one_of(st.sampled_from(TELLING), st.text(max_size=40)), max_size=6).map(" ".join)


@pytest.mark.parametrize("prefix", ["", PLACE, "SERV02 - "])
@pytest.mark.parametrize("template", TEMPLATES)
@given(value=values)
def test_words_of_the_invoice_are_not_ttn_s(prefix, template, value):
    """Whatever value a validator quotes, the cause and what else is read in the message stay the same."""

    def read(value):
        cause = classify(prefix + filled(template, value))
        details = {name: detail for name, detail in cause.params.items() if name not in ("value", "length")}
        return replace(cause, params=details, text="")

    found = read(value)
    assert found == read("x")
    assert not found.account_wide


def test_a_quoted_value_is_kept_as_it_stands_in_the_invoice():
    for template in TEMPLATES:
        found = classify(filled(template, "Rue  de\n l’Indépendance, 'Les Palmiers', n° 3"))
        assert found.params["value"] == "Rue de l’Indépendance, 'Les Palmiers', n° 3"
        assert len(classify(filled(template, "été " * 500)).params["value"]) == 200


def test_a_message_that_ends_inside_the_value_says_nothing_by_it():
    cause = classify("cvc-maxLength-valid: Value 'Abonnement fibre, adresse IP fixe et mot de")
    assert (cause.code, cause.account_wide) == ("ttn.text_too_long", False)
    assert cause.params["value"] == "Abonnement fibre, adresse IP fixe et mot de"


def test_two_messages_in_one_text():
    first, second = (
        "cvc-pattern-valid: Value 'a' is not facet-valid with respect to pattern 'x'.",
        TEMPLATES[8],
    )
    assert heard(first + " " + filled(second, "b")).text == first.replace("a' is", "' is") + " " + filled(
        second, ""
    )


def test_a_validator_knows_nothing_of_the_account():
    for text in ("Adresse IP non déclarée", "Login inconnu", "compte suspendu", "Certificat expiré"):
        assert classify(text).account_wide
        assert not classify("cvc-assertion: Assertion evaluation for " + text).account_wide


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("StreetPartnerAdresses", {"element": "Street"}),
        ("LinLinSectionInvoiceBodyTEIF", {"element": "Lin"}),
        ("ReferenceDateReference", {"element": "ReferenceDate"}),
        ("codeListCountryPartnerAdresses", {"attribute": "codeList", "element": "Country"}),
        ("codeTaxTypeNameTax", {"attribute": "code", "element": "TaxTypeName"}),
        ("Something", {}),
    ],
)
def test_types_without_name(name, found):
    text = f"for type '#AnonType_{name}'."
    assert name_types(text) == (f"for type '{found['element']}'." if found else text, found)


@pytest.mark.parametrize(
    ("expected", "names"),
    [
        ("{ContactIdentifier}", ["ContactIdentifier"]),
        ("{LinDtm, LinTax}", ["LinDtm", "LinTax"]),
        ('{"http://www.w3.org/2000/09/xmldsig#":Signature, RefTtnVal}', ["Signature", "RefTtnVal"]),
        ("( LinDtm, LinTax )", ["LinDtm", "LinTax"]),
        ("( {http://www.w3.org/2000/09/xmldsig#}Signature )", ["Signature"]),
    ],
)
def test_names_of_expected_elements(expected, names):
    assert element_names(expected) == names


def test_all_names_of_teif_are_known():
    for kind, names in (("element", ELEMENTS), ("attribute", ATTRIBUTES)):
        declared = {
            name
            for path in schema.FOLDER.glob("teif*.xsd")
            for name in re.findall(rf'<xs:{kind} name="(\w+)"', path.read_text())
        }
        assert set(names.split("|")) == declared
