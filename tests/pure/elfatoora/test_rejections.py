"""Every text that TTN is known to answer finds its cause."""

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elfatoora import rejections, rejections_data, wire
from elfatoora.answers import PROBLEM_CODES, FaultAnswer, Problem
from elfatoora.rejections import CODES, KINDS, classify, classify_fault, classify_problem
from elfatoora.rejections_data import CATALOGUE, NETWORK, Rule

XERCES = "Document non valide ligne numéro : 2157 colonne numéro: 52 message: "
PATTERN = "'-?[0-9]{1,15}([,.][0-9]{1,5})?' for type 'monetaryAmountType'."

# (code, text, cause, synchronous refusal)
KNOWN = [
    # seen in real exchanges
    ("SERV09", "Signataire non autorisé", "ttn.signer_not_authorised", True),
    ("SERV09", "Signataire non autorise", "ttn.signer_not_authorised", True),
    ("", "SERV09 — Signataire non autorisé", "ttn.signer_not_authorised", True),
    ("SERV09", "Une seule signature electronique est exigee", "ttn.several_signatures", True),
    ("SERV09", "Une seule signature électronique est exigée", "ttn.several_signatures", True),
    ("SERV09", "un texte nouveau", "ttn.signature_refused", True),
    ("SERV01", "Document non valide: Compte inexistant", "ttn.account_unknown", True),
    ("SERV01", "Document et les critères sont vides", "ttn.empty_request", True),
    ("SERV01", "un texte nouveau", "ttn.unknown", False),
    ("SERV07", "Erreur interne du serveur", "ttn.internal_error", False),
    ("SERV07", "un texte nouveau", "ttn.internal_error", False),
    ("", "Votre matricule est invalide : Merci de vérifier votre matricule dans la facture xml, la balise "
         "'MessageSenderIdentifier'", "ttn.sender_matricule", True),
    ("", XERCES + "cvc-pattern-valid: Value '-  34.954' is not facet-valid with respect to pattern " + PATTERN,
     "ttn.amount_format", True),
    ("CONTRL05", "", "ttn.sender_mismatch", False),
    ("CONTRL05", "CONTRL05:", "ttn.sender_mismatch", False),
    ("CONTRL05", "Le droit de timbre est absent", "ttn.business_control", False),
    ("CONTRL17", "un texte nouveau", "ttn.business_control", False),
    ("", "L'objet OID …", "ttn.signature_policy", True),
    ("Client", "Couldn't create SOAP message due to exception: XML reader error: com.ctc.wstx.exc.WstxIOException: "
               "Invalid UTF-8 middle byte 0x72 (at char #890, byte #37)", "ttn.request_unreadable", True),
    # the article's two examples, and its causes
    ("", "cvc-complex-type.2.4.a: Invalid content was found starting with element 'ContactName'. "
         "One of '{ContactIdentifier}' is expected.", "ttn.contact_incomplete", True),
    ("", "cvc-complex-type.2.4.b: The content of element 'LinSection' is not complete. One of '{Lin}' is expected.",
     "ttn.no_lines", True),
    ("", "cvc-complex-type.2.4.a: Invalid content was found starting with element 'InvoiceMoa'. "
         "One of '{LinSection}' is expected.", "ttn.no_lines", True),
    ("", "cvc-complex-type.2.4.a: Invalid content was found starting with element 'DocumentType'. "
         "One of '{DocumentIdentifier}' is expected.", "ttn.number_missing", True),
    ("", "cvc-complex-type.2.4.b: The content of element 'PartnerAdresses' is not complete. One of '{Country}' is "
         "expected.", "ttn.address_missing", True),
    ("", "cvc-maxLength-valid: Value 'x' with length = '80' is not facet-valid with respect to maxLength '35' for "
         "type '#AnonType_StreetPartnerAdresses'.", "ttn.address_too_long", True),
    ("", "Le champ 'Street': cvc-maxLength-valid: Value 'x' with length = '80' is not facet-valid with respect to "
         "maxLength '35'", "ttn.address_too_long", True),
    ("", "cvc-enumeration-valid: Value 'I-1699' is not facet-valid with respect to enumeration '[I-160, I-161]'. It "
         "must be a value from the enumeration.", "ttn.tax_code_unknown", True),
    ("", "cvc-enumeration-valid: Value 'FR' is not facet-valid with respect to enumeration '[fr, en]'.",
     "ttn.code_unknown", True),
    ("SERV09", "Document non signé", "ttn.signature_missing", True),
    ("", "La signature électronique est absente", "ttn.signature_missing", True),
    ("", "Certificat non déclaré auprès de TTN", "ttn.signer_not_authorised", True),
    ("", "Adresse IP non déclarée", "ttn.address_not_declared", True),
    ("", "Identifiant ou mot de passe incorrect", "ttn.wrong_credentials", True),
    ("", "Identifiant de connexion inconnu", "ttn.wrong_credentials", True),
    ("SERV01", "Login incorrect", "ttn.wrong_credentials", True),
    ("", "Ce document a déjà été envoyé", "ttn.duplicate", False),
    ("SERV09", "Doublon technique", "ttn.duplicate", False),
    ("SERV09", "Certificat expiré", "ttn.certificate_expired", True),
    ("SERV09", "Certificat du signataire non encore valide", "ttn.certificate_expired", True),
    ("SERV09", "Le certificat du signataire est révoqué", "ttn.certificate_revoked", True),
    ("SERV09", "Document modifié après signature", "ttn.signature_altered", True),
    ("SERV09", "Chaîne de certification non reconnue", "ttn.certificate_authority", True),
    ("SERV09", "Signature invalide", "ttn.signature_invalid", True),
    ("", "Fichier corrompu", "ttn.file_damaged", False),
    ("", "La référence secondaire est incorrecte", "ttn.secondary_reference", False),
    ("", "Le total ne correspond pas à la somme des lignes", "ttn.amounts_mismatch", False),
    ("", "Émetteur différent du compte", "ttn.sender_mismatch", False),
    # whose address, whose number
    ("", "Adresse du fournisseur manquante", "ttn.address_missing", True),
    ("", "Adresse du fournisseur incorrecte", "ttn.address_missing", True),
    ("", "Détails sur l'adresse du fournisseur manquants", "ttn.address_missing", True),
    ("", "Détails sur l'adresse du client manquants", "ttn.address_missing", True),
    ("", "Absence de l'adresse du client", "ttn.address_missing", True),
    ("", "Adresse e-mail du client invalide", "ttn.unknown", False),
    ("", "Identifiant du client invalide", "ttn.identifier_format", True),
    ("", "Le matricule du client ne correspond pas à son nom", "ttn.identifier_format", True),
    ("", "Client : matricule incorrect", "ttn.identifier_format", True),
    ("", "Le matricule du fournisseur ne correspond pas au compte", "ttn.sender_mismatch", False),
    ("", "Le nom du vendeur est incorrect", "ttn.sender_mismatch", False),
    # other wordings of what is known
    ("", "Absence de la liste des articles", "ttn.no_lines", True),
    ("", "Le certificat n'est pas déclaré", "ttn.signer_not_authorised", True),
    ("", "Le certificat n'est pas encore déclaré", "ttn.signer_not_authorised", True),
    ("SERV09", "Le certificat n'est pas activé", "ttn.signer_not_authorised", True),
    ("SERV09", "Le signataire n'a pas été autorisé", "ttn.signer_not_authorised", True),
    ("SERV09", "Le hash de la politique de signature est invalide", "ttn.signature_policy", True),
    ("SERV09", "Impossible de vérifier la révocation du certificat", "ttn.signature_refused", True),
    ("", "Impossible de vérifier si le certificat est révoqué", "ttn.unknown", False),
    # the headings under which the article tells of refusals
    ("", "Incohérence entre l'émetteur de la facture et le compte utilisé", "ttn.sender_mismatch", False),
    ("", "Identifiants TTN erronés", "ttn.wrong_credentials", True),
    ("", "Factures en double", "ttn.duplicate", False),
    ("", "Modification du document après signature", "ttn.signature_altered", True),
    ("", "Le certificat n'appartient pas à une AC nationale", "ttn.certificate_authority", True),
    ("", "Fichiers corrompus", "ttn.file_damaged", False),
    ("", "Dépassement de la taille maximale d'une chaîne de caractères", "ttn.text_too_long", True),
    ("", "Valeurs non conformes à une énumération prédéfinie", "ttn.code_unknown", True),
    ("", "Éléments obligatoires manquants", "ttn.element_missing", True),
    ("", "Éléments non conformes à la description du schéma", "ttn.schema_invalid", True),
    # not what it looks like
    ("", "Transaction timeout expired", "ttn.unknown", False),
    ("", "The certificate has expired", "ttn.certificate_expired", True),
    # not even XML: refused as a document, and only the bytes are to blame
    ("", "Document non valide ligne numéro : 1 colonne numéro: 1 message: Content is not allowed in prolog.",
     "ttn.request_unreadable", True),
    ("SERV02", "Document non valide ligne numéro : 1 colonne numéro: 1 message: Premature end of file.",
     "ttn.request_unreadable", True),
    ("", "Premature end of file.", "ttn.file_damaged", False),
    ("", "Document non valide ligne numéro : 1 colonne numéro: 10 message: DOCTYPE is disallowed", "ttn.schema_invalid", True),
    ("SERV02", "Document non valide: Quota dépassé", "ttn.unknown", False),
    ("", "Document non valide", "ttn.unknown", False),
    # Xerces names a type without name by its element and all that encloses it
    *(
        ("", XERCES + f"cvc-{facet}-valid: Value 'x' with length = '9' is not facet-valid with respect to {facet} '35' for "
         f"type '#AnonType_{name}'.", cause, True)
        for facet, name, cause in (
            ("maxLength", "CityNamePartnerAdressesNad", "ttn.address_too_long"),
            ("maxLength", "PostalCodePartnerAdresses", "ttn.address_too_long"),
            ("minLength", "DocumentIdentifierBgmInvoiceBodyTEIF", "ttn.number_missing"),
            ("maxLength", "AccountNumberPytFii", "ttn.account_number"),
            ("maxLength", "AccountHolderPytFii", "ttn.text_too_long"),
        )
    ),
    ("", "cvc-pattern-valid: Value 'x' is not facet-valid with respect to pattern 'y' for type "
         "'#AnonType_PartnerIdentifierNad'.", "ttn.identifier_format", True),
    # what a local validator says (libxml2)
    ("", "Element 'Amount': [facet 'pattern'] The value '200,000' is not accepted by the pattern "
         "'-?[0-9]{1,15}([.][0-9]{1,5})?'.", "ttn.amount_format", True),
    ("", "Element 'LinMoa': This element is not expected. Expected is one of ( LinDtm, LinTax ).",
     "ttn.element_misplaced", True),
    ("", "Element 'LinTax': This element is not expected. Expected is one of ( LinAlc, LinMoa ).",
     "ttn.element_misplaced", True),
    ("", "Element 'TaxTypeName', attribute 'code': [facet 'enumeration'] The value 'I-1604' is not an element of the "
         "set {'I-160', 'I-161'}.", "ttn.tax_code_unknown", True),
    ("", "Element 'Moa', attribute 'amountTypeCode': [facet 'enumeration'] The value 'I-189' is not an element of "
         "the set {'I-171'}.", "ttn.code_unknown", True),
    ("", "Element 'Street': [facet 'maxLength'] The value has a length of '36'; this exceeds the allowed maximum "
         "length of '35'.", "ttn.address_too_long", True),
    ("", "Element 'TaxRate': [facet 'maxLength'] The value has a length of '6'; this exceeds the allowed maximum "
         "length of '5'.", "ttn.text_too_long", True),
    ("", "Element 'DocumentIdentifier': [facet 'minLength'] The value has a length of '0'; this underruns the "
         "allowed minimum length of '1'.", "ttn.number_missing", True),
    ("", "Element 'DateText', attribute 'format': [facet 'enumeration'] The value 'DDMMYY' is not an element of the "
         "set {'ddMMyy'}.", "ttn.code_unknown", True),
    ("", "Element 'PartnerName': The attribute 'nameType' is required but missing.", "ttn.party_name_type", True),
    ("", "Element 'TEIF', attribute 'controllingAgency': The attribute 'controllingAgency' is not allowed.",
     "ttn.attribute_unexpected", True),
    ("", "Element '{http://www.tradenet.com.tn/teif}TEIF': No matching global declaration available for the "
         "validation root.", "ttn.wrong_root", True),
    ("", "Element 'LinSection': Missing child element(s). Expected is ( Lin ).", "ttn.no_lines", True),
    ("", "Element 'AccountNumber': [facet 'maxLength'] The value has a length of '24'; this exceeds the allowed "
         "maximum length of '20'.", "ttn.account_number", True),
    ("", "Element 'MessageRecieverIdentifier': The attribute 'type' is required but missing.",
     "ttn.identifier_type", True),
    ("", "assertion test is false", "ttn.assertion", True),
    ("", "cvc-assertion.3.13.4.1: Assertion evaluation ('matches(.)') for element 'MessageSenderIdentifier' with type "
         "'x' did not succeed.", "ttn.identifier_format", True),
    ("", "cvc-complex-type.4: Attribute 'nameType' must appear on element 'PartnerName'.", "ttn.party_name_type", True),
    ("", "cvc-complex-type.4: Attribute 'lang' must appear on element 'LinImd'.", "ttn.attribute_missing", True),
    ("", "cvc-complex-type.3.2.2: Attribute 'x' is not allowed to appear in element 'TEIF'.",
     "ttn.attribute_unexpected", True),
    ("", "cvc-complex-type.2.4.d: Invalid content was found starting with element 'X'. No child element is expected "
         "at this point.", "ttn.element_misplaced", True),
    ("", "cvc-complex-type.2.4.b: The content of element 'Bgm' is not complete. One of '{DocumentType}' is expected.",
     "ttn.element_missing", True),
    ("", "cvc-elt.1: Cannot find the declaration of element 'Invoice'.", "ttn.wrong_root", True),
    ("", "cvc-datatype-valid.1.2.1: 'x' is not a valid value for 'integer'.", "ttn.value_format", True),
    ("", "cvc-minLength-valid: Value '' with length = '0' is not facet-valid with respect to minLength '1'",
     "ttn.text_empty", True),
    ("", XERCES + "cvc-new-rule: something", "ttn.schema_invalid", True),
    ("", "Quelque chose de tout à fait nouveau", "ttn.unknown", False),
    ("", "", "ttn.unknown", False),
    ("SERV42", "Quelque chose", "ttn.unknown", False),
]  # fmt: skip


@pytest.mark.parametrize(("code", "text", "cause", "refusal"), KNOWN)
def test_known_texts(code, text, cause, refusal):
    found = classify(text, code)
    assert (found.code, found.synchronous_refusal, found.text) == (cause, refusal, text)
    assert found.message


def test_every_cause_is_met_by_a_known_text():
    met = {cause for _, _, cause, _ in KNOWN}
    assert {rule.cause for rule in CATALOGUE} - met == {"ttn.account_disabled"}
    assert classify("Compte suspendu").code == "ttn.account_disabled"


def test_the_sample_of_each_rule_leads_to_its_cause():
    for rule in CATALOGUE:
        assert rule.sample or (rule.code_alone and not rule.patterns), rule.cause
        assert classify(rule.sample, "" if rule.sample else rule.codes[0]).code == rule.cause


def test_an_uncertain_outcome_is_never_a_refusal():
    """A duplicate and an internal error say that something may have been deposited, whatever else the text says."""
    for text in (
        "Document déjà reçu, signature invalide",
        "Doublon: cvc-pattern-valid",
        "Erreur interne du serveur: cvc-x",
    ):
        assert not classify(text, "SERV09").synchronous_refusal
    assert not classify("cvc-pattern-valid: Value 'x'", "SERV07").synchronous_refusal


def test_details():
    cause = classify(
        XERCES + "cvc-pattern-valid: Value '-  34.954' is not facet-valid with respect to pattern " + PATTERN
    )
    assert cause.params == {"line": 2157, "column": 52, "value": "- 34.954", "type": "monetaryAmountType"}
    cause = classify("cvc-complex-type.2.4.a: Invalid content was found starting with element 'ContactName'. One of "
                     "'{ContactIdentifier}' is expected.")  # fmt: skip
    assert cause.params == {"element": "ContactName", "expected": "ContactIdentifier"}
    cause = classify("cvc-complex-type.2.4.b: The content of element 'Lin' is not complete. One of '{LinDtm, LinTax}' is "
                     "expected.")  # fmt: skip
    assert cause.params == {"element": "Lin", "parent": "Lin", "expected": "LinDtm, LinTax"}
    cause = classify("Element 'Street': [facet 'maxLength'] The value has a length of '36'; this exceeds the allowed "
                     "maximum length of '35'.")  # fmt: skip
    assert cause.params == {"element": "Street", "length": 36, "limit": 35}


def test_faults_of_the_soap_layer_and_of_the_service():
    assert (
        classify_fault(FaultAnswer("SERV09", "Signataire non autorisé", "S:Server", "x")).ttn_code == "SERV09"
    )
    assert (
        classify_fault(FaultAnswer("", "Couldn't create SOAP message", "S:Client")).code
        == "ttn.request_unreadable"
    )
    assert classify_fault(FaultAnswer("", "autre", "S:Server")).code == "ttn.unknown"
    for text, code in (("Signataire non autorisé", ""), ("SERV09 - Signataire non autorisé", "SERV09")):
        cause = classify_fault(FaultAnswer("", text, "S:Server"))
        assert (cause.code, cause.ttn_code) == ("ttn.signer_not_authorised", code)


def test_rules_of_the_user_come_first():
    own = Rule("ttn.own.1", rejections_data.CONTENT, "other", "Ours.", patterns=("signataire",))
    assert classify("Signataire non autorisé", "SERV09", extra=[own]).code == "ttn.own.1"


def taught(words, **values):
    patterns = (rejections.pattern_of(words),)
    return Rule("own.1", rejections_data.CONTENT, "other", "Ours.", patterns=patterns, **values)


def test_a_rule_is_taught_from_one_text():
    text = "Contrôle n° 17 : la valeur 'abc' du champ (x) est refusée"
    assert rejections.words_of(text) == "Controle n° * : la valeur * du champ (x) est refusee"
    rule = taught(rejections.words_of(text))
    again = "Controle n° 9 : la valeur 'un autre' du champ (x) est refusée"
    assert classify(text, extra=[rule]).code == classify(again, extra=[rule]).code == "own.1"
    assert classify("Contrôle n° 17 : autre chose", extra=[rule]).code == "ttn.unknown"
    for short in ("", "17", "erreur 17", "'a b c d'"):
        with pytest.raises(ValueError):
            rejections.words_of(short)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("L'adresse de livraison n'est pas valide", "L'adresse de livraison n'est pas valide"),
        ("La rue 'Rue de l'Indépendance' n'est pas connue", "La rue * n'est pas connue"),
        ("La valeur 'a' ou 'b' n'est pas admise", "La valeur * ou * n'est pas admise"),
        (
            "L'unité “pièce” de l'article « câble d'antenne » est refusée",
            "L'unite * de l'article * est refusee",
        ),
        ('Le champ "unité" de l’article 12 est refusé', "Le champ * de l'article * est refuse"),
        ("L'article 'sans fin de l'unité est refusé", "L'article 'sans fin de l'unite est refuse"),
    ],
)
def test_elisions_are_no_quotes(text, words):
    assert rejections.words_of(text) == words


def test_different_messages_stay_different():
    first = "L'adresse de livraison n'est pas valide"
    rule = taught(rejections.words_of(first))
    assert classify(first, extra=[rule]).code == "own.1"
    for other in ("L'unité de mesure n'est pas valide", "La date d'échéance n'est pas valide"):
        assert classify(other, extra=[rule]).code == "ttn.unknown"
        assert rejections.words_of(other) != rejections.words_of(first)


def test_a_taught_refusal_never_hides_a_doubt():
    rule = taught("la facture * est refusée", synchronous_refusal=True)
    assert classify("La facture F1 est refusée", extra=[rule]).synchronous_refusal
    doubtful = classify("La facture déjà reçue est refusée", extra=[rule])
    assert (doubtful.code, doubtful.synchronous_refusal) == ("own.1", False)


def test_the_party_that_a_text_names():
    assert classify("Adresse du fournisseur manquante").params == {"party": "supplier"}
    assert classify("Adresse de l'acheteur manquante").params == {"party": "customer"}
    assert classify("Adresse manquante").params == {}
    assert classify("Adresses du vendeur et du client manquantes").params == {}


def test_a_rule_of_the_user_sees_the_whole_text():
    rule = taught("valeur interdite * facet-valid")
    text = "cvc-x: Value '{}' is not facet-valid with respect to pattern 'x'."
    assert classify(text.format("une valeur interdite"), extra=[rule]).code == "own.1"
    refusing = taught("une facture * facet-valid", synchronous_refusal=True)
    assert classify(text.format("une facture DUPLICATA"), extra=[refusing]).synchronous_refusal


@given(st.text(min_size=10, max_size=200))
def test_a_taught_rule_fits_its_own_text(text):
    try:
        words = rejections.words_of(text)
    except ValueError:
        return
    assert re.search(rejections.pattern_of(words), rejections.fold(text), re.IGNORECASE)


@pytest.mark.parametrize("part", ["'", " '", " 'a", "l'a", "« ", '"', ' "', "“", "1"])
def test_words_of_hostile_texts_take_no_time(part):
    started = time.perf_counter()
    rejections.words_of("un deux trois quatre " + part * 100_000)
    assert time.perf_counter() - started < 1


@pytest.mark.parametrize("words", ["aaa bbb" + "*a" * 200, "*a a a" * 100 + " mot juste", "aaa *** aaa" * 50])
def test_hostile_words_take_no_time(words):
    started = time.perf_counter()
    classify("aaa bbb " + "a " * 100_000, extra=[taught(words)])
    assert time.perf_counter() - started < 1


def test_data_is_sound():
    for rule in [*CATALOGUE, *NETWORK.values(), rejections_data.UNKNOWN_RULE]:
        assert rule.cause.startswith("ttn.")
        assert rule.kind in KINDS
        assert rule.message.endswith(".")
        assert rule.source in {"log", "reported", "schema", "expected"}
        assert all(rejections._compiled(pattern) for pattern in rule.patterns)
    assert all(rule.patterns or rule.code_alone for rule in CATALOGUE)
    assert len({rule.cause for rule in CATALOGUE}) == len(CATALOGUE)
    assert {rule.cause for rule in CATALOGUE} < CODES
    assert rejections_data.VAGUE < CODES


def test_every_problem_has_a_cause():
    for code in PROBLEM_CODES | wire.PROBLEM_CODES:
        cause = classify_problem(Problem(code, "x"))
        assert cause.code in CODES - {"ttn.unknown"}, code
        assert cause.same_bytes
        assert not cause.synchronous_refusal
    assert classify_problem(Problem("network.connect_timeout", "")).code == "ttn.address_not_declared"
    assert classify_problem(Problem("answer.http_error", "", {"status": 415})).code == "ttn.content_type"
    assert classify_problem(Problem("answer.http_error", "", {"status": 503})).code == "ttn.unavailable"
    assert classify_problem(Problem("other", "")).code == "ttn.unknown"


@given(st.text(max_size=300), st.text(max_size=10))
def test_any_text_is_classified(text, code):
    assert classify(text, code).code in CODES


@pytest.mark.parametrize(
    "part",
    [
        "signature ",
        "a",
        "'",
        "certificat ",
        "Value 'x",
        "The value 'x' of element '",
        "Element 'x': '",
        "Value 'x' is not facet-valid with respect to x ",
        "#AnonType_Street",
        "montant ",
        "document ",
        "fournisseur ",
        " ",
    ],
)
def test_hostile_texts_take_no_time(part):
    started = time.perf_counter()
    classify(part * 100_000)
    assert time.perf_counter() - started < 1
