"""The catalogue of TTN's refusals, as data.

Patterns are applied, ignoring case, to the text without accents and with single spaces and plain quotes, and without the
values of the document that a validator quotes. The first rule that fits wins, so the special ones come before the general
ones.

`subject` says what is concerned, for whoever mends it:
  account (login, password, matricule at TTN), address (the caller's IP address), certificate (declared at TTN), signature,
  sender (matricule in the document), party_address, party_identifier, party_name, number, lines, tax, amount, text, schema,
  payment, reference, request (our own message), service (TTN's side), network, duplicate, other.

Sources: "log" = text seen in a real exchange; "reported" = told by users of the service, wording uncertain; "schema" = message
of an XML Schema validator (TTN runs Xerces; the libxml2 wording is that of local checks); "expected" = the case is known
and its text is not: the pattern catches likely wordings. Where such a rule is a sure refusal, that is of the case: TTN checks
account, certificate and signature before it takes a document.
"""

from dataclasses import dataclass

CONTENT, CONFIGURATION, TECHNICAL, UNKNOWN = "content", "configuration", "technical", "unknown"


@dataclass(frozen=True)
class Rule:
    """One line of the catalogue; see ``rejections.Cause`` for the meaning of what both have.

    :param patterns: regular expressions, any of them is enough
    :param codes: TTN's codes with which the patterns count (a text without code counts as well)
    :param code_alone: one of ``codes`` is enough whatever the text, and the patterns count with any code
    :param code_bare: one of ``codes`` is enough where nothing else is said
    :param sample: one text that the rule is for, to be compared with what TTN wrote; "" where only a code tells
    :param source: where the text comes from
    """

    cause: str
    kind: str
    subject: str
    message: str
    sample: str = ""
    patterns: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    code_alone: bool = False
    code_bare: bool = False
    synchronous_refusal: bool = False
    blocking: bool = True
    same_bytes: bool = False
    account_wide: bool = False
    source: str = "expected"


# fmt: off
# Element names that say what a schema message is about, in Xerces' and in libxml2's wording.
_ADDRESS = r"(?:Street|CityName|PostalCode|Country|PartnerAdresses|PartnerAddress|AdressDescription|AddressDescription)\b"
_NOT = r"\b(?:non|pas)(?: encore)?(?: ete)?"
_CUSTOMER = r"\b(?:client|acheteur|destinataire|recepteur)\b"
_WRONG = r"\b(?:invalide|non valide|incorrect|errone|inconnu|ne correspond|different|incoheren)"
# A text about the sender itself, not about an address or the customer
_SENDER = rf"\A(?!.*(?:\badresse\b|{_CUSTOMER})).*"

CATALOGUE: tuple[Rule, ...] = (
    # --- never a refusal of ours that can be trusted: the same document is there already -----------------------------------
    Rule("ttn.duplicate", TECHNICAL, "duplicate",
         "TTN already holds this very signed file. Ask TTN for the earlier deposit; never send it again.",
         sample="Ce document a déjà été envoyé",
         patterns=(r"\bdoublon", r"\bduplicat", r"\b(?:factures?|documents?|fichiers?)\b.{0,20}\ben double\b",
                   r"(?:facture|document|fichier|empreinte)\b.{0,60}\bdeja\b",
                   r"\bdeja\b.{0,30}(?:envoye|depose|enregistre|recu|transmis|exist)",
                   r"already (?:exist|sent|received|regist)"),
         source="expected"),
    Rule("ttn.internal_error", TECHNICAL, "service",
         "An internal error at TTN. What became of the document is not known before TTN is asked.",
         sample="Erreur interne du serveur",
         patterns=(r"erreur interne du serveur", r"internal (?:server )?error", r"NullPointerException",
                   r"\bjava\.\w+\.",
                   r"service (?:temporairement )?indisponible"),
         codes=("SERV07",), code_alone=True, same_bytes=True, source="log"),
    # --- signature and certificate ------------------------------------------------------------------------------------------
    Rule("ttn.several_signatures", TECHNICAL, "signature",
         "The document carries more than one signature. Sign the unsigned document again, once.",
         sample="Une seule signature electronique est exigee",
         patterns=(r"une seule signature",
                   r"only one signature"), codes=("SERV09",), synchronous_refusal=True, source="log"),
    Rule("ttn.signer_not_authorised", CONFIGURATION, "certificate",
         "The certificate's serial number is not declared, or not yet activated, for this account at TTN.",
         sample="Signataire non autorisé",
         patterns=(rf"signataire\b.{{0,40}}{_NOT} (?:autorise|declare|reconnu|habilite|active)",
                   rf"{_NOT} declare\b.{{0,60}}\bcertificat",
                   rf"certificat\b.{{0,60}}{_NOT} (?:declare|enregistre|autorise|active)",
                   r"signer\b.{0,40}\bnot (?:authori[sz]ed|declared)"),
         codes=("SERV09",), synchronous_refusal=True, same_bytes=True, account_wide=True, source="log"),
    Rule("ttn.certificate_revoked", CONFIGURATION, "certificate",
         "The certificate that signed was revoked by its authority. Sign again with a valid one.",
         sample="Le certificat du signataire est révoqué",
         patterns=(r"\A(?!.*\bimpossible\b).*\brevo(?:que|ked)",),
         codes=("SERV09",), synchronous_refusal=True, account_wide=True),
    Rule("ttn.certificate_expired", CONFIGURATION, "certificate",
         "The certificate that signed had expired, or was not valid yet. Sign again with a valid one.",
         sample="Certificat du signataire expiré",
         patterns=(r"certificat\w*\b.{0,60}\b(?:expir|perime|plus valide|(?:pas|non) encore valide)",
                   r"\bexpired certificat",
                   r"\bnot_?after\b", r"certificate\b.{0,40}\bnot (?:yet )?valid"),
         codes=("SERV09",), synchronous_refusal=True, account_wide=True),
    Rule("ttn.certificate_authority", CONFIGURATION, "certificate",
         "The certificate comes from an authority that TTN does not recognise. A national one is needed.",
         sample="Chaîne de certification non reconnue",
         patterns=(r"chaine (?:de certification|de confiance)",
                   rf"autorite (?:de certification )?.{{0,40}}{_NOT} reconnu",
                   rf"certificat\w*\b.{{0,60}}{_NOT} (?:reconnu|qualifie)", r"certificate chain",
                   r"certificat\w*\b.{0,30}\bn'(?:appartient|est) pas\b.{0,30}\b(?:ac|autorite)\b",
                   r"NO_CERTIFICATE_CHAIN_FOUND",
                   r"(?:untrusted|trusted) (?:certificate|list|anchor)"),
         codes=("SERV09",), synchronous_refusal=True, account_wide=True),
    Rule("ttn.signature_policy", TECHNICAL, "signature",
         "TTN does not accept the signature policy (its identifier, hash or address). Check the signature profile.",
         sample="L'objet OID de la politique de signature n'est pas valide",
         patterns=(r"l'objet OID", r"politique de signature", r"signature policy",
                   r"\bPOLICY_PROCESSING_ERROR\b",
                   r"urn:2\.16\.788\.1\.2\.1"),
         codes=("SERV09",), synchronous_refusal=True, account_wide=True, source="reported"),
    Rule("ttn.signature_altered", TECHNICAL, "signature",
         "The document was changed after it was signed: the integrity check fails. Sign it again and change nothing afterwards.",
         sample="Document modifié après signature",
         patterns=(r"\bintegrite\b", r"\baltere\b", r"modifi\w*\b.{0,30}\bapres (?:la )?signature",
                   r"HASH_FAILURE", r"SIG_CRYPTO_FAILURE",
                   r"(?:digest|empreinte|hash)\b.{0,60}\b(?:invalide|incorrect|different|mismatch|non valide)"),
         codes=("SERV09",), synchronous_refusal=True),
    Rule("ttn.signature_missing", TECHNICAL, "signature",
         "The document carries no electronic signature.",
         sample="Document non signé",
         patterns=(r"\bnon signe",
                   r"signature\b.{0,60}\b(?:absente|manquante|obligatoire|requise|exigee|introuvable)",
                   r"(?:aucune|sans|absence de) signature", r"\bsignature is missing",
                   r"One of '\{?[^']{0,200}Signature\}?' is expected",
                   r"Missing child element.{0,80}Signature"),
         codes=("SERV09",), synchronous_refusal=True),
    Rule("ttn.signature_invalid", TECHNICAL, "signature",
         "TTN finds the electronic signature invalid. Check the certificate and the signature profile, then sign again.",
         sample="Signature électronique non valide",
         patterns=(r"signature\b.{0,60}\b(?:invalide|non valide|incorrecte|erronee|not valid|invalid)",
                   r"\bTOTAL_FAILED\b",
                   r"\bINDETERMINATE\b", r"verification de (?:la )?signature"),
         codes=("SERV09",), synchronous_refusal=True),
    Rule("ttn.signature_refused", CONFIGURATION, "signature",
         "TTN refuses the signature or its signer. Check that the certificate is declared at TTN.",
         codes=("SERV09",), code_alone=True, synchronous_refusal=True, source="log"),
    # --- account and access ---------------------------------------------------------------------------------------------------
    Rule("ttn.account_unknown", CONFIGURATION, "account",
         "TTN knows no such account: check login and matricule of the account.",
         sample="Document non valide: Compte inexistant",
         patterns=(r"compte inexistant", r"compte\b.{0,30}\b(?:introuvable|inconnu)",
                   r"account\b.{0,20}\bnot found"),
         codes=("SERV01",), synchronous_refusal=True, same_bytes=True, account_wide=True, source="log"),
    Rule("ttn.empty_request", TECHNICAL, "request",
         "TTN received neither a document nor criteria. Nothing was deposited.",
         sample="Document et les critères sont vides",
         patterns=(r"document et les criteres sont vides",), codes=("SERV01",), synchronous_refusal=True, same_bytes=True,
         source="log"),
    Rule("ttn.wrong_credentials", CONFIGURATION, "account",
         "TTN refuses the login or the password of the account.",
         sample="Identifiant ou mot de passe incorrect",
         patterns=(r"mot de passe",
                   r"\b(?:login|identifiants? (?:de connexion|d'acces|ttn|(?:du|de votre) compte))\b.{0,60}"
                   r"\b(?:incorrect|errone|invalide|inconnu)",
                   r"authentification\b.{0,60}\b(?:echou|echec|incorrect|requise|refus)",
                   r"(?:echec|erreur) d'authentification",
                   r"\b(?:wrong|bad|invalid) (?:password|credentials|login)",
                   r"acces (?:refuse|non autorise|interdit)"),
         codes=("SERV01", "SERV02", "SERV03"), synchronous_refusal=True, same_bytes=True, account_wide=True),
    Rule("ttn.account_disabled", CONFIGURATION, "account",
         "The account at TTN is suspended or not active. Ask TTN.",
         sample="Compte suspendu",
         patterns=(r"compte\b.{0,40}\b(?:suspendu|bloque|desactive|inactif|ferme)", rf"compte\b.{{0,40}}{_NOT} active",),
         synchronous_refusal=True, same_bytes=True, account_wide=True),
    Rule("ttn.address_not_declared", CONFIGURATION, "address",
         "The server's public IP address is not declared at TTN.",
         sample="Adresse IP non déclarée",
         patterns=(r"adresse ip\b", rf"\bip\b.{{0,30}}{_NOT} (?:autorise|declare)", r"\bip address\b"),
         synchronous_refusal=True, same_bytes=True, account_wide=True),
    # --- sender ----------------------------------------------------------------------------------------------------------------
    Rule("ttn.sender_matricule", CONFIGURATION, "sender",
         "The sender's matricule in the document is not the account's. TTN wants the full 13 characters of the account.",
         sample="Votre matricule est invalide : Merci de vérifier votre matricule dans la facture xml, la balise "
                "'MessageSenderIdentifier'",
         patterns=(r"votre matricule est invalide",
                   r"MessageSenderIdentifier'? ?.{0,40}\b(?:invalide|incorrect|errone)"),
         synchronous_refusal=True, source="log"),
    Rule("ttn.sender_mismatch", CONFIGURATION, "sender",
         "The sender in the document is not the account (or the certificate) that deposits it.",
         sample="Émetteur différent du compte",
         patterns=(rf"{_SENDER}\b(?:emetteur|expediteur|fournisseur|vendeur)\b.{{0,80}}"
                   r"\b(?:different|ne correspond|incoheren|errone|incorrect)",
                   rf"{_SENDER}\bmatricule\b.{{0,80}}\b(?:different|ne correspond|incoheren|attendu)",
                   r"\bincoheren\w*\b.{0,40}\b(?:emetteur|expediteur|fournisseur|vendeur)\b.{0,60}\bcompte\b"),
         codes=("CONTRL05",), code_bare=True, source="reported"),
    # --- our own message ------------------------------------------------------------------------------------------------------
    Rule("ttn.request_unreadable", TECHNICAL, "request",
         "TTN could not read the request as XML (wrong encoding or damaged on the way). Nothing was deposited.",
         sample="Couldn't create SOAP message due to exception: XML reader error",
         patterns=(r"couldn't create soap message", r"xml reader error", r"WstxIOException",
                   r"invalid utf-8 (?:middle|start) byte",
                   # What is not even XML, told in the words of the schema's validator
                   r"\bdocument non valide ligne\b.{0,80}\bmessage: ?(?:content is not allowed in prolog|"
                   r"premature end of file|an invalid xml character|invalid byte \d|"
                   r"xml document structures must start and end|the element type .{1,80} must be terminated)"),
         synchronous_refusal=True, same_bytes=True, source="log"),
    # --- schema: what is wrong, special cases first ---------------------------------------------------------------------------
    Rule("ttn.amount_format", CONTENT, "amount",
         "An amount is not written as TTN demands (digits, one point, at most 5 decimals, no space).",
         sample="cvc-pattern-valid: Value '-  34.954' is not facet-valid with respect to pattern … for type "
                "'monetaryAmountType'.",
         patterns=(r"monetaryAmountType", r"element:? 'Amount'.{0,20}\[facet 'pattern'\]",
                   r"is not accepted by the pattern '-\?\[0-9\]\{1,15\}"),
         synchronous_refusal=True, source="log"),
    Rule("ttn.tax_code_unknown", CONTENT, "tax",
         "A tax code is not in TTN's list.",
         sample="cvc-enumeration-valid: Value 'I-1699' is not facet-valid with respect to enumeration '[I-160, I-161, …]'.",
         patterns=(r"value '[^']{0,40}' is not (?:facet-valid with respect to enumeration|an element of the set).{0,80}I-160",
                   r"type de taxe\b.{0,40}\b(?:inconnu|non reconnu|invalide|non autorise)"),
         synchronous_refusal=True, source="schema"),
    Rule("ttn.no_lines", CONTENT, "lines",
         "The document has no line.",
         sample="cvc-complex-type.2.4.b: The content of element 'LinSection' is not complete. One of '{Lin}' is expected.",
         patterns=(r"'LinSection'.{0,40}(?:is not complete|Missing child)",
                   r"'InvoiceMoa'\. One of '\{?\"?[^']{0,60}\bLinSection\b",
                   r"(?:liste des articles|lignes?(?: de (?:la )?facture)?)\b.{0,30}\b(?:absente|manquante|vide|obligatoire)",
                   r"absence (?:de |des |d')(?:la |l')?(?:liste des articles|lignes?\b|articles?\b)"),
         synchronous_refusal=True, source="schema"),
    Rule("ttn.number_missing", CONTENT, "number",
         "The document has no number.",
         sample="cvc-complex-type.2.4.a: Invalid content was found starting with element 'DocumentType'. One of "
                "'{DocumentIdentifier}' is expected.",
         patterns=(r"'DocumentIdentifier'.{0,60}(?:minLength|is not complete|Missing child)",
                   r"(?:minLength|is not complete|Missing child|is expected).{0,160}\bDocumentIdentifier\b",
                   r"One of '\{?DocumentIdentifier\}?' is expected",
                   r"numero (?:de (?:la )?)?(?:facture|document)\b.{0,30}\b(?:absent|manquant|vide|obligatoire)"),
         synchronous_refusal=True, source="schema"),
    Rule("ttn.address_too_long", CONTENT, "party_address",
         "A part of an address is too long: street and city take at most 35 characters, the postal code 17.",
         sample="cvc-maxLength-valid: Value '…' with length = '36' is not facet-valid with respect to maxLength '35' for "
                "type '#AnonType_StreetPartnerAdresses'.",
         patterns=(rf"'{_ADDRESS}'.{{0,200}}(?:maxLength|maximum length)",
                   rf"(?:maxLength|maximum length).{{0,200}}\b{_ADDRESS}"),
         synchronous_refusal=True, source="schema"),
    Rule("ttn.address_missing", CONTENT, "party_address",
         "A part of the supplier's or the customer's address is missing, wrong or in the wrong place.",
         sample="cvc-complex-type.2.4.b: The content of element 'PartnerAdresses' is not complete. One of '{Country}' is "
                "expected.",
         patterns=(rf"(?:is expected|Expected is|is not complete|Missing child).{{0,200}}\b{_ADDRESS}",
                   rf"One of '[^']{{0,300}}\b{_ADDRESS}[^']{{0,300}}' is expected",
                   r"adresse\b(?! (?:e-?mail|electronique)\b).{0,40}\b(?:absent|manquant|obligatoire|incomplet|incorrect|"
                   r"errone|invalide)",
                   r"absence (?:de |d')(?:l')?adresse"),
         synchronous_refusal=True, source="schema"),
    Rule("ttn.contact_incomplete", CONTENT, "party_name",
         "A contact is incomplete: its identifier must come before its name.",
         sample="cvc-complex-type.2.4.a: Invalid content was found starting with element 'ContactName'. One of "
                "'{ContactIdentifier}' is expected.",
         patterns=(r"element '(?:ContactName|ContactIdentifier)'",
                   r"One of '\{?ContactIdentifier\}?' is expected"),
         synchronous_refusal=True, source="reported"),
    Rule("ttn.party_name_type", CONTENT, "party_name",
         "The name of a party does not say whether it is a person or a company (nameType).",
         sample="cvc-complex-type.4: Attribute 'nameType' must appear on element 'PartnerName'.",
         patterns=(r"attribute '?nameType'?.{0,60}(?:must appear|required)",), synchronous_refusal=True, source="schema"),
    Rule("ttn.identifier_type", CONTENT, "party_identifier",
         "The identifier of the receiver or of a party does not say its kind (matricule, CIN, residence card…).",
         sample="cvc-complex-type.4: Attribute 'type' must appear on element 'MessageRecieverIdentifier'.",
         patterns=(r"'(?:MessageRecieverIdentifier|MessageSenderIdentifier|PartnerIdentifier)'.{0,60}attribute 'type'",
                   r"attribute 'type' must appear on element '(?:Message|Partner)"),
         synchronous_refusal=True, source="schema"),
    Rule("ttn.identifier_format", CONTENT, "party_identifier",
         "An identifier (matricule, CIN, residence card) is not written as its kind demands.",
         sample="cvc-assertion: Assertion evaluation for element 'PartnerIdentifier' did not succeed.",
         patterns=(r"(?:assert|pattern).{0,200}\b(?:MessageSenderIdentifier|MessageRecieverIdentifier|PartnerIdentifier)\b",
                   r"'(?:MessageSenderIdentifier|MessageRecieverIdentifier|PartnerIdentifier)'.{0,200}(?:assert|pattern)",
                   r"\[ABCDEFGHJKLMNPQRSTVWXYZ\]",
                   rf"\b(?:matricule|identifiant|cin|carte de sejour)\b.{{0,60}}{_CUSTOMER}.{{0,80}}{_WRONG}",
                   rf"{_CUSTOMER}.{{0,60}}\b(?:matricule|identifiant|cin|carte de sejour)\b.{{0,60}}{_WRONG}"),
         synchronous_refusal=True, source="schema"),
    Rule("ttn.account_number", CONTENT, "payment",
         "A bank account number is too long: TTN takes the 20 digits of the RIB, not the IBAN.",
         sample="cvc-maxLength-valid: Value '…' with length = '24' is not facet-valid with respect to maxLength '20' for "
                "type '#AnonType_AccountNumberPytFii'.",
         patterns=(r"'AccountNumber'.{0,200}(?:maxLength|maximum length)",
                   r"(?:maxLength|maximum length).{0,200}\bAccountNumber\b"),
         synchronous_refusal=True, source="schema"),
    Rule("ttn.wrong_root", TECHNICAL, "schema",
         "The document is not a TEIF document: its root element or its namespace is wrong.",
         sample="cvc-elt.1: Cannot find the declaration of element 'Invoice'.",
         patterns=(r"cvc-elt\.1", r"Cannot find the declaration of element",
                   r"No matching global declaration"),
         synchronous_refusal=True, source="schema"),
    Rule("ttn.text_too_long", CONTENT, "text",
         "A text is longer than TTN's format allows.",
         sample="cvc-maxLength-valid: Value '…' with length = '600' is not facet-valid with respect to maxLength '500'.",
         patterns=(r"cvc-maxLength-valid", r"\[facet 'maxLength'\]", r"maximum length of",
                   r"\b(?:depass\w*|superieure?s?)\b.{0,30}\b(?:taille|longueur)\b", r"\b(?:taille|longueur)\b.{0,40}\bdepass"),
         synchronous_refusal=True, source="schema"),
    Rule("ttn.text_empty", CONTENT, "text",
         "A mandatory text is empty.",
         sample="cvc-minLength-valid: Value '' with length = '0' is not facet-valid with respect to minLength '1'.",
         patterns=(r"cvc-minLength-valid", r"\[facet 'minLength'\]", r"minimum length of"),
         synchronous_refusal=True, source="schema"),
    Rule("ttn.code_unknown", CONTENT, "schema",
         "A code is not in the list that TTN's format allows.",
         sample="cvc-enumeration-valid: Value 'DDMMYY' is not facet-valid with respect to enumeration '[ddMMyy, …]'.",
         patterns=(r"cvc-enumeration-valid", r"\[facet 'enumeration'\]", r"is not an element of the set",
                   r"\bvaleurs?\b.{0,40}\b(?:enumeration|liste autorisee)\b"),
         synchronous_refusal=True, source="schema"),
    Rule("ttn.value_format", CONTENT, "schema",
         "A value is not written as TTN's format demands.",
         sample="cvc-datatype-valid.1.2.1: '…' is not a valid value for 'integer'.",
         patterns=(r"cvc-pattern-valid", r"\[facet 'pattern'\]", r"cvc-datatype-valid",
                   r"cvc-type\.3\.1\.3", r"cvc-attribute\.3",
                   r"cvc-(?:length|fractionDigits|totalDigits|(?:min|max)(?:In|Ex)clusive)-valid",
                   r"is not a valid value"),
         synchronous_refusal=True, source="schema"),
    Rule("ttn.assertion", CONTENT, "schema",
         "The document breaks a rule of TTN's schema.",
         sample="cvc-assertion: Assertion evaluation did not succeed.",
         patterns=(r"cvc-assertion", r"assertion (?:test is false|evaluation)", r"\bassert\b"),
         synchronous_refusal=True, source="schema"),
    Rule("ttn.attribute_missing", CONTENT, "schema",
         "A mandatory attribute is missing.",
         sample="cvc-complex-type.4: Attribute 'lang' must appear on element 'LinImd'.",
         patterns=(r"cvc-complex-type\.4\b", r"attribute '[^']{1,80}' (?:must appear|is required)"),
         synchronous_refusal=True, source="schema"),
    Rule("ttn.attribute_unexpected", CONTENT, "schema",
         "An attribute is not allowed where it stands.",
         sample="cvc-complex-type.3.2.2: Attribute 'controllingAgency' is not allowed to appear in element 'TEIF'.",
         patterns=(r"cvc-complex-type\.3", r"attribute '[^']{1,80}' is not allowed"),
         synchronous_refusal=True, source="schema"),
    Rule("ttn.element_missing", CONTENT, "schema",
         "A mandatory element is missing.",
         sample="cvc-complex-type.2.4.b: The content of element 'Lin' is not complete. One of '{LinMoa}' is expected.",
         patterns=(r"cvc-complex-type\.2\.4\.b", r"Missing child element",
                   r"\b(?:elements?|champs?|balises?)\b.{0,20}\bobligatoires?\b.{0,30}\b(?:manquant|absent|vide)",
                   r"The content of element '[^']{1,80}' is not complete"),
         synchronous_refusal=True, source="schema"),
    Rule("ttn.element_misplaced", CONTENT, "schema",
         "An element is missing, or stands in the wrong place.",
         sample="cvc-complex-type.2.4.a: Invalid content was found starting with element 'LinQty'. One of '{LinImd}' is "
                "expected.",
         patterns=(r"cvc-complex-type\.2\.4", r"Invalid content was found starting with element",
                   r"This element is not expected"),
         synchronous_refusal=True, source="log"),
    Rule("ttn.schema_invalid", CONTENT, "schema",
         "The document does not follow TTN's schema.",
         sample="Document non valide ligne numéro : 1 colonne numéro: 10 message: …",
         patterns=(r"\bcvc-[a-z]", r"\bdocument non valide ligne\b", r"\bXSD\b",
                   r"non conform\w+\b.{0,20}\b(?:au|a la|du|avec le)\b .{0,40}(?:schema|xsd)"),
         synchronous_refusal=True, source="log"),
    # --- business control, after the deposit ----------------------------------------------------------------------------------
    Rule("ttn.amounts_mismatch", CONTENT, "amount",
         "The amounts of the document do not add up.",
         sample="Le total ne correspond pas à la somme des lignes",
         patterns=(r"(?:montant|total|somme)\w*\b.{0,80}\b(?:incoheren|different|ne correspond|incorrect|errone|invalide)",
                   r"(?:incoheren|ecart)\w*.{0,60}\b(?:montant|total)"),
         source="reported"),
    Rule("ttn.secondary_reference", CONTENT, "reference",
         "A secondary reference is wrong. TTN notes it; the invoice can still be accepted.",
         sample="La référence secondaire est incorrecte",
         patterns=(r"reference (?:secondaire|complementaire|externe)", r"\bavertissement\b",
                   r"\bwarning\b", r"\bnon bloquant"),
         blocking=False, source="reported"),
    Rule("ttn.file_damaged", TECHNICAL, "request",
         "TTN could not read the file: it was damaged, cut or badly encoded.",
         sample="Fichier corrompu",
         patterns=(r"fichiers?\b.{0,40}\b(?:corrompu|illisible|endommage|vide)",
                   r"(?:corrupt|truncated|malformed)",
                   r"premature end of file", r"content is not allowed in prolog", r"base64",
                   r"SAXParseException"),
         source="reported"),
    Rule("ttn.business_control", CONTENT, "other",
         "TTN's business control refuses the document; its text says why.",
         sample="CONTRL17: …",
         patterns=(r"\bCONTRL\d{2}",), codes=tuple(f"CONTRL{i:02}" for i in range(100)), code_alone=True, source="reported"),
)

UNKNOWN_RULE = Rule("ttn.unknown", UNKNOWN, "other", "TTN's message is not in the catalogue: somebody must read it.")
# What these say explains nothing: they take every message of a kind that no other rule fits. Such messages wait to be
# explained as those do that are not in the catalogue at all.
VAGUE = frozenset(
    {UNKNOWN_RULE.cause, "ttn.business_control", "ttn.schema_invalid", "ttn.assertion", "ttn.signature_refused"}
)

# Calls without an answer, by the code of the problem.
_NO_CONNECTION = Rule("ttn.unreachable", TECHNICAL, "network", "TTN's service can't be reached. Nothing was sent.",
                      same_bytes=True, account_wide=True)
_LOST = Rule("ttn.answer_lost", TECHNICAL, "network",
             "The connection broke before the whole answer came. TTN must be asked what became of the document.",
             same_bytes=True)
_NOT_THE_SERVICE = Rule("ttn.not_the_service", CONFIGURATION, "service",
                        "Something else than TTN's service answers at this address (a page, a proxy or a wrong address).",
                        same_bytes=True, account_wide=True)
_TLS = Rule("ttn.tls", CONFIGURATION, "network",
            "The secure connection could not be trusted (certificate of the server). Nothing was sent.",
            same_bytes=True, account_wide=True)
_ADDRESS_REFUSED = Rule("ttn.bad_address", CONFIGURATION, "network",
                        "The address of the service is not allowed or not usable. Nothing was sent.",
                        same_bytes=True, account_wide=True)
_UNAVAILABLE = Rule("ttn.unavailable", TECHNICAL, "service", "TTN's service is out of order at the moment.",
                    same_bytes=True, account_wide=True)

NETWORK: dict[str, Rule] = {
    "network.dns": _NO_CONNECTION,
    "network.dns_timeout": _NO_CONNECTION,
    "network.refused": _NO_CONNECTION,
    "network.unreachable": _NO_CONNECTION,
    "network.bad_request": Rule("ttn.bad_request", TECHNICAL, "request",
                                "The request can't be written: a value has forbidden characters. Nothing was sent.",
                                same_bytes=True),
    "network.deadline": Rule("ttn.deadline", TECHNICAL, "network",
                             "There was no time left to call TTN. Nothing was sent.", same_bytes=True),
    "network.connect_timeout": Rule(
        "ttn.address_not_declared", CONFIGURATION, "address",
        "No connection to TTN: most often the server's public IP address is not declared at TTN. Nothing was sent.",
        same_bytes=True, account_wide=True, source="log"),
    "network.address_refused": _ADDRESS_REFUSED,
    "network.bad_url": _ADDRESS_REFUSED,
    "network.tls": _TLS,
    "network.tls_untrusted": _TLS,
    "network.tls_name": _TLS,
    "network.tls_expired": _TLS,
    "network.reset": _LOST,
    "network.read_timeout": _LOST,
    "network.truncated": _LOST,
    "network.protocol": _LOST,
    "network.internal": _LOST,
    "answer.empty": _LOST,
    "answer.not_xml": _LOST,
    "answer.encoding": _LOST,
    "answer.unexpected": _LOST,
    "answer.too_large": _LOST,
    "answer.html": _NOT_THE_SERVICE,
    "answer.not_soap": _NOT_THE_SERVICE,
    "answer.wrong_operation": _NOT_THE_SERVICE,
    "answer.redirect": _NOT_THE_SERVICE,
    "answer.http_error": _UNAVAILABLE,
    "answer.http_error.401": Rule("ttn.wrong_credentials", CONFIGURATION, "account",
                                  "TTN refuses the login or the password of the account.", same_bytes=True, account_wide=True),
    "answer.http_error.403": _NOT_THE_SERVICE,
    "answer.http_error.404": _NOT_THE_SERVICE,
    "answer.http_error.405": _NOT_THE_SERVICE,
    "answer.http_error.415": Rule("ttn.content_type", TECHNICAL, "request",
                                  "TTN refuses the content type of the request.", same_bytes=True, source="log"),
}
