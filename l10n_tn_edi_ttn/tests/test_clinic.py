"""The rejection clinic: every known message leads to its cause, its field and its action; unknown ones are taught."""

from odoo.exceptions import UserError, ValidationError
from odoo.tests import Form, tagged

from ..elfatoora import rejections
from ..elfatoora.rejections import CODES
from ..models.l10n_tn_edi_rejection_mending import CHANGES_AMOUNTS, MENDING, MODELS
from .test_views import ScreenCase

XERCES = "Document non valide ligne numéro : 2157 colonne numéro: 52 message: "
CONTACT = (
    "cvc-complex-type.2.4.a: Invalid content was found starting with element 'ContactName'. One of "
    "'{ContactIdentifier}' is expected."
)
PROVIDER = ("l10n_tn_edi.signature.provider", "certificate_id")
CUSTOMER = "res.partner"
SETTINGS = "res.config.settings"
UNKNOWN = "Le contrôle 17 de la facture 'F-1' a échoué au guichet"

# (TTN's code, its text, cause, model that the button opens or what it does, field)
# fmt: off
KNOWN = [
    # Seen in real exchanges
    ("SERV01", "Document non valide: Compte inexistant", "account_unknown", SETTINGS, "l10n_tn_edi_login"),
    ("SERV01", "Document et les critères sont vides", "empty_request", "again", False),
    ("SERV07", "Erreur interne du serveur", "internal_error", "ask", False),
    ("SERV09", "Signataire non autorisé", "signer_not_authorised", *PROVIDER),
    ("SERV09", "Une seule signature electronique est exigee", "several_signatures", "again", False),
    ("", "Votre matricule est invalide : Merci de vérifier votre matricule dans la facture xml, la balise "
     "'MessageSenderIdentifier'", "sender_matricule", SETTINGS, "l10n_tn_edi_matricule"),
    ("", XERCES + "cvc-pattern-valid: Value '-  34.954' is not facet-valid with respect to pattern "
     "'-?[0-9]{1,15}([,.][0-9]{1,5})?' for type 'monetaryAmountType'.", "amount_format", "account.move", "invoice_line_ids"),
    ("CONTRL05", "", "sender_mismatch", SETTINGS, "l10n_tn_edi_matricule"),
    ("", "L'objet OID de la politique n'est pas valide", "signature_policy", PROVIDER[0], "profile_id"),
    ("Client", "Couldn't create SOAP message due to exception: XML reader error: com.ctc.wstx.exc.WstxIOException: Invalid "
     "UTF-8 middle byte 0x72", "request_unreadable", "again", False),
    # Schema: missing parts
    ("", CONTACT, "contact_incomplete", CUSTOMER, "phone"),
    ("", "Element 'LinSection': Missing child element(s). Expected is ( Lin ).", "no_lines", "account.move",
     "invoice_line_ids"),
    ("", "La liste des articles est manquante", "no_lines", "account.move", "invoice_line_ids"),
    ("", "Numéro de facture manquant", "number_missing", "account.move", "name"),
    ("", "Adresse du client manquante", "address_missing", CUSTOMER, "street"),
    # Schema: too long, not in the list
    ("", "Element 'Street': [facet 'maxLength'] The value has a length of '36'; this exceeds the allowed maximum length "
     "of '35'.", "address_too_long", CUSTOMER, "street"),
    ("", "Element 'TaxTypeName', attribute 'code': [facet 'enumeration'] The value 'I-1604' is not an element of the set "
     "{'I-160'}.", "tax_code_unknown", "account.tax", "l10n_tn_edi_code"),
    ("", "type de taxe non reconnu", "tax_code_unknown", "account.tax", "l10n_tn_edi_code"),
    ("", "Element 'AccountNumber': [facet 'maxLength'] The value has a length of '24'; this exceeds the allowed maximum "
     "length of '20'.", "account_number", "account.move", "acc_number"),
    ("", "Element 'PartnerName': The attribute 'nameType' is required but missing.", "party_name_type", CUSTOMER, "is_company"),
    ("", "Element 'MessageRecieverIdentifier': The attribute 'type' is required but missing.", "identifier_type", CUSTOMER,
     "l10n_tn_edi_identifier_type"),
    ("",
     "Element 'TaxRate': [facet 'maxLength'] The value has a length of '6'; this exceeds the allowed maximum length of '5'.",
     "text_too_long", "account.move", False),
    ("",
     "Element '{http://www.tradenet.com.tn/teif}TEIF': No matching global declaration available for the validation root.",
     "wrong_root", SETTINGS, "l10n_tn_edi_version"),
    ("", "assertion test is false", "assertion", "account.move", False),
    # Settings of the sender
    ("", "Certificat non déclaré auprès de TTN", "signer_not_authorised", *PROVIDER),
    ("", "Adresse IP non déclarée", "address_not_declared", "told", False),
    ("", "Identifiant ou mot de passe incorrect", "wrong_credentials", SETTINGS, "l10n_tn_edi_login"),
    ("", "Émetteur différent du compte", "sender_mismatch", SETTINGS, "l10n_tn_edi_matricule"),
    # Duplicates
    ("SERV09", "Doublon technique", "duplicate", "ask", False),
    # Signature
    ("SERV09", "Document non signé", "signature_missing", "again", False),
    ("SERV09", "Certificat expiré", "certificate_expired", *PROVIDER),
    ("SERV09", "Le certificat du signataire est révoqué", "certificate_revoked", *PROVIDER),
    ("SERV09", "Document modifié après signature", "signature_altered", "again", False),
    ("SERV09", "Chaîne de certification non reconnue", "certificate_authority", *PROVIDER),
    ("SERV09", "Signature invalide", "signature_invalid", *PROVIDER),
    # Transport, and what does not block
    ("", "Fichier corrompu", "file_damaged", "again", False),
    ("", "La référence secondaire est incorrecte", "secondary_reference", "account.move", "l10n_tn_edi_reference_ids"),
    ("", "Le total ne correspond pas à la somme des lignes", "amounts_mismatch", "account.move", "invoice_line_ids"),
]
# fmt: on


def rejection(text, code="", extra=()):
    """:return: what a document keeps of one objection."""
    cause = rejections.classify(text, code, extra=extra)
    return {"code": cause.code, "ttn_code": code, "text": text, "kind": cause.kind, "params": cause.params}


@tagged("post_install_l10n", "post_install", "-at_install")
class TestClinic(ScreenCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.Cause = cls.env["l10n_tn_edi.rejection.cause"]
        cls.manager = cls.env["res.users"].sudo().browse(cls.make_accountant("tn_edi_manager").id)
        cls.manager.group_ids += cls.env.ref("account.group_account_manager") + cls.env.ref(
            "base.group_system"
        )

    def rejected(self, *items, **values):
        return self.document("rejected", rejections=list(items), reason_code=items[0]["code"], **values)

    def teach(self, **values):
        return self.Cause.with_user(self.manager).create(
            {
                "name": "Le guichet est fermé : renvoyer demain.",
                "patterns": "Le contrôle * de la facture * a échoué",
                "kind": "technical",
                "target": "again",
                **values,
            }
        )

    # === The catalogue === #

    def test_every_cause_is_there_with_its_remedy(self):
        self.assertEqual(set(MENDING), CODES)
        self.assertLessEqual(CHANGES_AMOUNTS, CODES)
        causes = self.Cause.search([("shipped", "=", True)])
        self.assertEqual(set(causes.mapped("code")), CODES)
        for cause in causes:
            with self.subTest(cause=cause.code):
                self.assertTrue(cause.sentence and cause.sentence != cause.code)
                self.assertNotIn("?”", cause.sentence)
                self.assertEqual((cause.target, cause.field_name), MENDING[cause.code])
                if cause.field_name:
                    self.assertIn(cause.field_name, self.env[MODELS[cause.target]]._fields)
                    self.assertTrue(cause.field_label)

    def test_every_known_message(self):
        """Cause, record, field and action of each message; the invoice's own screens lead there."""
        provider = (
            self.env["l10n_tn_edi.signature.provider"]
            .sudo()
            .create({"name": "Certificat", "company_id": self.company.id})
        )
        self.company.sudo().l10n_tn_edi_provider_id = provider
        document = self.rejected(rejection("x")).with_user(self.manager).sudo(False)
        document.move_id.commercial_partner_id.phone = "71 000 001"
        for ttn_code, text, cause, model, field in KNOWN:
            with self.subTest(text=text or ttn_code):
                item = rejection(text, ttn_code)
                self.assertEqual(item["code"], f"ttn.{cause}")
                document.sudo().write(
                    {"rejections": [item], "reason_code": item["code"], "state": "rejected"}
                )
                found, _params = document._main_cause()
                self.assertEqual(found.code, f"ttn.{cause}")
                self.assertTrue(document.rejection_text)
                if model in ("again", "ask", "told"):
                    self.assertFalse(document._mending_place()[0])
                    self.assertEqual(found.target, {"told": "outside"}.get(model, model))
                    continue
                action = document.action_mend()
                self.assertEqual(
                    (action["res_model"], action["context"].get("l10n_tn_edi_mend") or False), (model, field)
                )
        noted = self.env["l10n_tn_edi.rejection"].search([("document_id", "=", document.id)])
        self.assertEqual(len(noted), len(KNOWN) + 1, "each message is counted, once")

    def test_what_needs_no_record_is_done(self):
        resign = self.rejected(rejection("Une seule signature electronique est exigee", "SERV09"))
        resign.action_mend()
        self.assertFalse(resign.live)
        self.assertEqual(resign.move_id.l10n_tn_edi_document_id.state, "to_send")
        ask = self.rejected(rejection("Doublon technique", "SERV09"), next_at=False)
        ask.action_mend()
        self.assertTrue(ask.next_at)
        told = self.rejected(rejection("Adresse IP non déclarée")).action_mend()
        self.assertIn("TTN", told["params"]["message"])

    def test_configuration_is_an_administrator_s_affair(self):
        document = self.rejected(rejection("Document non valide: Compte inexistant", "SERV01"))
        told = document.sudo(False).with_user(self.accountant).action_mend()
        self.assertEqual(told["tag"], "display_notification")

    # === Unknown messages === #

    def test_unknown_message_is_kept_shown_counted_and_taught(self):
        first, second = (self.rejected(rejection(text)) for text in (UNKNOWN, UNKNOWN.replace("17", "18")))
        other = self.rejected(rejection("Une tout autre histoire"))
        self.assertIn(UNKNOWN, first.rejection_text)
        Rejection = self.env["l10n_tn_edi.rejection"]
        counted = dict(Rejection._read_group([("known", "=", False)], ["words"], ["__count"]))
        self.assertEqual(counted["Le controle * de la facture * a echoue au guichet"], 2)
        self.assertTrue(first.has_unknown_message)

        action = first.sudo(False).with_user(self.manager).action_teach()
        form = Form(self.Cause.with_user(self.manager).with_context(**action["context"]))
        self.assertEqual(form.patterns, "Le controle * de la facture * a echoue au guichet")
        form.name = "Le guichet est fermé : renvoyer demain."
        form.kind = "technical"
        form.target = "again"
        cause = form.save()
        for document in (first, second):
            self.assertFalse(document.has_unknown_message)
            self.assertEqual(document.rejections[0]["code"], cause.code)
            self.assertEqual(document.reason_code, cause.code)
            self.assertIn("renvoyer demain", document.reason)
            self.assertEqual(document._main_cause()[0], cause)
        self.assertTrue(other.has_unknown_message)
        self.assertEqual(cause.rejection_count, 2)
        self.assertFalse(self.accountant.has_group("account.group_account_manager"))

    def test_a_message_in_doubt_is_counted_too(self):
        document = self.document("unknown", reason_code="ttn.unknown", reason_params={"text": UNKNOWN})
        self.assertTrue(document.has_unknown_message)
        cause = self.teach()
        self.assertEqual((document.state, document.reason_code), ("unknown", cause.code))

    def test_own_causes_come_first(self):
        rules = self.Cause._rules()
        self.assertFalse(rules)
        own = self.teach(patterns="Signataire non autorisé", name="Appeler Amel.")
        self.assertEqual(
            rejections.classify("Signataire non autorisé", "SERV09", extra=self.Cause._rules()).code, own.code
        )
        own.active = False
        self.assertEqual(
            rejections.classify("Signataire non autorisé", "SERV09", extra=self.Cause._rules()).code,
            "ttn.signer_not_authorised",
        )

    def test_a_shipped_cause_learns_another_wording(self):
        cause = self.env.ref("l10n_tn_edi_ttn.rejection_signer_not_authorised").with_user(self.manager)
        cause.patterns = "Le parapheur * est inconnu"
        found = rejections.classify("Le parapheur 12 est inconnu", extra=self.Cause._rules())
        self.assertEqual((found.code, found.synchronous_refusal), ("ttn.signer_not_authorised", True))
        cause.name = "Appeler TTN."
        self.assertEqual(self.env["l10n_tn_edi.messages"]._sentence(cause.code), "Appeler TTN.")
        self.Cause._load_shipped()
        self.assertEqual(cause.patterns, "Le parapheur * est inconnu", "what users wrote stays")
        with self.assertRaises(UserError):
            cause.surely_refused = False
        with self.assertRaises(UserError):
            cause.unlink()

    def test_a_message_is_tried(self):
        form = Form(self.Cause.with_user(self.manager))
        form.name = "Le guichet est fermé."
        form.patterns = "guichet est fermé"
        form.try_text = "Erreur : le guichet est fermé ce soir"
        self.assertEqual(form.try_result, "Le guichet est fermé.")
        form.try_text = "Compte inexistant"
        self.assertEqual(form.try_result, self.env.ref("l10n_tn_edi_ttn.rejection_account_unknown").sentence)

    def test_nonsense_is_refused(self):
        for values in (
            {"patterns": "17"},
            {"patterns": False},
            {"name": False},
            {"target": "tax", "field_name": "street"},
            {"target": "none", "field_name": "name"},
        ):
            with self.subTest(**values), self.assertRaises(ValidationError), self.env.cr.savepoint():
                self.teach(**values)
        with self.assertRaises(UserError):
            self.Cause.with_user(self.accountant).create({"name": "x", "patterns": "un deux trois"})

    def test_guide(self):
        for lang in ("en_US", "fr_FR", "ar_001"):
            self.env["res.lang"].sudo()._activate_lang(lang)
            html, _kind = (
                self.env["ir.actions.report"]
                .with_context(lang=lang)
                ._render_qweb_html("l10n_tn_edi_ttn.report_rejection_guide", self.Cause.search([]).ids)
            )
            text = html.decode()
            self.assertEqual(
                text.count("<tr"), len(CODES) - 1 + 3, "every cause but the unknown, three headings"
            )
            sentence = (
                self.env.ref("l10n_tn_edi_ttn.rejection_signer_not_authorised")
                .with_context(lang=lang)
                .sentence
            )
            self.assertIn(sentence, text.replace("&#39;", "'"))
