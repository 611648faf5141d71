"""The rejection clinic: every known message leads to its cause, its field and its action; unknown ones are taught."""

from html import unescape as html_unescape
from unittest.mock import patch

from lxml import etree

from odoo.exceptions import UserError, ValidationError
from odoo.tests import Form, tagged
from odoo.tools.safe_eval import safe_eval

from ..elfatoora import rejections
from ..elfatoora.answers import Problem
from ..elfatoora.rejections import CODES
from ..elfatoora.rejections_data import CATALOGUE
from ..models import l10n_tn_edi_rejection
from ..models.account_move_teif_findings import (
    DATE_FIELDS,
    MOVE_FIELDS,
    OTHER_REFERENCE_FIELD,
    REFERENCE_MOVE_FIELDS,
)
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
    ("", '{"message":"Document et les critères sont vides","errorCode":"SERV01"}', "empty_request", "again", False),
    ("", '{"message":"Erreur interne du serveur","errorCode":"SERV07"}', "internal_error", "ask", False),
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
    ("", "Détails sur l'adresse du client manquants", "address_missing", CUSTOMER, "street"),
    ("", "Absence de la liste des articles", "no_lines", "account.move", "invoice_line_ids"),
    ("", "Element 'DocumentIdentifier': [facet 'minLength'] The value has a length of '0'; this underruns the allowed minimum "
     "length of '1'.", "number_missing", "account.move", "name"),
    # Schema: missing, told by the one that follows
    ("", XERCES + "cvc-complex-type.2.4.a: Invalid content was found starting with element 'LinQty'. One of '{LinImd}' is "
     "expected.", "element_misplaced", "account.move", False),
    ("", "Element 'LinMoa': This element is not expected. Expected is one of ( LinDtm, LinTax ).", "element_misplaced",
     "account.move", False),
    ("", "cvc-complex-type.2.4.b: The content of element 'Lin' is not complete. One of '{LinMoa}' is expected.",
     "element_missing", "account.move", False),
    # Schema: badly written
    ("", "Element 'Amount': [facet 'pattern'] The value '200,000' is not accepted by the pattern "
     "'-?[0-9]{1,15}([.][0-9]{1,5})?'.", "amount_format", "account.move", "invoice_line_ids"),
    ("", "Element 'TEIF', attribute 'controllingAgency': The attribute 'controllingAgency' is not allowed.",
     "attribute_unexpected", SETTINGS, "l10n_tn_edi_version"),
    ("", "Identifiant du client invalide", "identifier_format", CUSTOMER, "vat"),
    # Schema: too long, not in the list
    ("", "Element 'Street': [facet 'maxLength'] The value has a length of '36'; this exceeds the allowed maximum length "
     "of '35'.", "address_too_long", CUSTOMER, "street"),
    ("", "Element 'Moa', attribute 'amountTypeCode': [facet 'enumeration'] The value 'I-189' is not an element of the set "
     "{'I-171'}.", "code_unknown", "account.move", False),
    ("", "Element 'Moa', attribute 'amountTypeCode': [facet 'enumeration'] The value 'I-69' is not an element of the set "
     "{'I-171'}.", "code_unknown", "account.move", False),
    ("", "Element 'LinImd', attribute 'lang': [facet 'enumeration'] The value 'FR' is not an element of the set "
     "{'fr', 'en', 'ar'}.", "code_unknown", "account.move", False),
    ("", "Element 'LinTax': This element is not expected. Expected is one of ( LinAlc, LinMoa ).", "element_misplaced",
     "account.move", False),
    ("", "Element 'DateText', attribute 'format': [facet 'enumeration'] The value 'DDMMYY' is not an element of the set "
     "{'ddMMyy'}.", "code_unknown", "account.move", False),
    ("", "Element 'TaxTypeName', attribute 'code': [facet 'enumeration'] The value 'I-1604' is not an element of the set "
     "{'I-160'}.", "tax_code_unknown", "account.tax", "l10n_tn_edi_code"),
    ("", "type de taxe non reconnu", "tax_code_unknown", "account.tax", "l10n_tn_edi_code"),
    ("", "Element 'AccountNumber': [facet 'maxLength'] The value has a length of '24'; this exceeds the allowed maximum "
     "length of '20'.", "account_number", "account.move", "partner_bank_id"),
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
    ("", "Le certificat n'est pas encore activé", "signer_not_authorised", *PROVIDER),
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
# Calls without an answer, or with one that says nothing (problem, what is known of it, cause, what its button opens or does)
SILENCE = [
    ("network.connect_timeout", {}, "address_not_declared", "outside"),
    ("answer.http_error", {"status": 415}, "content_type", "outside"),
    # The article's technical problems of the transmission
    ("network.read_timeout", {}, "answer_lost", "ask"),
    ("network.reset", {}, "answer_lost", "ask"),
    ("network.truncated", {}, "answer_lost", "ask"),
    ("network.dns", {}, "unreachable", "none"),
    ("network.refused", {}, "unreachable", "none"),
    ("answer.http_error", {"status": 503}, "unavailable", "none"),
    ("answer.html", {}, "not_the_service", "settings"),
    ("network.tls_expired", {}, "tls", "settings"),
]


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
                self.assertNotRegex(
                    document.rejection_text, r"\?[”)]", "no detail is asked for that TTN did not tell"
                )
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

    def test_every_known_silence(self):
        document = self.document("unknown").sudo(False).with_user(self.manager)
        for problem, params, code, target in SILENCE:
            with self.subTest(problem=problem, **params):
                cause = rejections.classify_problem(Problem(problem, "x", params))
                document.sudo().write(
                    {"reason_code": cause.code, "reason_params": cause.params, "next_at": False}
                )
                found, _params = document._main_cause()
                self.assertEqual((found.code, found.target), (f"ttn.{code}", target))
                self.assertEqual(document.reason, found.sentence)
                if target == "none":
                    continue  # it comes right by itself
                done = document.action_mend()
                if target == "ask":
                    self.assertTrue(document.next_at, "TTN is asked")
                elif target == "settings":
                    self.assertEqual(done["res_model"], SETTINGS)
                else:
                    self.assertEqual(done["params"]["message"], found.sentence)

    # === The record to mend === #

    def place(self, document, text):
        """:return: (record, field) to mend for one message."""
        item = rejection(text)
        document.write({"state": "rejected", "rejections": [item], "reason_code": item["code"]})
        return document._mending_place()

    def test_the_address_is_that_of_the_document(self):
        """TEIF has the address of the invoiced partner and of the journal's establishment, when they have one."""
        branch = self.env["res.partner"].create(
            {"name": "Agence", "parent_id": self.customer.id, "type": "invoice", "street": "3 rue du Lac"}
        )
        document = self.make_invoice(post=True, partner=branch).l10n_tn_edi_document_id.sudo()
        self.assertEqual(self.place(document, "Adresse du client manquante"), (branch.sudo(), "street"))
        self.assertEqual(self.place(document, "Adresse manquante"), (branch.sudo(), "street"))
        company = self.company.partner_id.sudo()
        for text in (
            "Adresse du fournisseur manquante",
            "Adresse du fournisseur incorrecte",
            "Adresse vendeur incomplète",
        ):
            self.assertEqual(self.place(document, text), (company, "street"))
        establishment = (
            self.env["res.partner"].sudo().create({"name": "Sfax", "street": "1 rue Habib Thameur"})
        )
        self.invoice_journal.sudo().l10n_tn_edi_establishment_id = establishment
        self.assertEqual(self.place(document, "Adresse du fournisseur manquante"), (establishment, "street"))
        self.assertEqual(
            self.place(document, "Le matricule du client ne correspond pas à son nom"),
            (self.customer.sudo(), "vat"),
        )

    def test_the_bank_account(self):
        document = self.document()
        number = (
            "Element 'AccountNumber': [facet 'maxLength'] The value has a length of '24'; this exceeds the allowed maximum "
            "length of '20'."
        )
        self.assertEqual(self.place(document, number), (document.move_id, "partner_bank_id"))
        account = (
            self.env["res.partner.bank"]
            .sudo()
            .create({"partner_id": self.company.partner_id.id, "acc_number": "08006016301234567805"})
        )
        document.move_id.partner_bank_id = account
        self.assertEqual(self.place(document, number), (account, "acc_number"))
        action = document.sudo(False).with_user(self.manager).action_mend()
        self.assertEqual((action["res_model"], action["res_id"]), ("res.partner.bank", account.id))
        self.assertEqual(action["context"]["l10n_tn_edi_mend"], "acc_number")

    # === The ways back === #

    def test_the_way_back_after_each_cause(self):
        """Only what stands in the entry changes the entry: a tax keeps its amount when its TEIF code is corrected."""
        document = self.rejected(rejection("x")).sudo(False)
        changing = {"ttn.amounts_mismatch", "ttn.no_lines", "ttn.amount_format", "ttn.number_missing"}
        for cause in self.Cause.search([("shipped", "=", True)]):
            with self.subTest(cause=cause.code):
                document.sudo().rejections = [{"code": cause.code, "text": cause.code, "params": {}}]
                wizard = self.env["l10n_tn_edi.correct"].new({"document_id": document.id})
                self.assertEqual(wizard.way, "draft" if cause.code in changing else "again")
                draft = cause.blocking and cause._is_mended_in_draft()
                self.assertEqual(draft, cause.code in changing, "as the guide says")

    def test_what_a_posted_invoice_does_not_let_change(self):
        """The way back agrees with the invoice's form: what is read-only once posted is mended in the draft."""
        places = {name for _pattern, name in MOVE_FIELDS} | {"partner_id", OTHER_REFERENCE_FIELD}
        places |= {*REFERENCE_MOVE_FIELDS.values(), *DATE_FIELDS.values()}
        places |= {field for target, field in MENDING.values() if target in ("invoice", "lines") and field}
        document = self.rejected(rejection("x")).sudo(False)
        arch = etree.fromstring(self.env["account.move"].get_view(view_type="form")["arch"])
        for name in places - {"invoice_date_due"}:  # follows from the terms of payment, which are read-only
            for node in arch.xpath(f"//field[@name='{name}'][not(ancestor::field)][@readonly]"):
                posted = safe_eval(node.get("readonly"), {"state": "posted", "is_move_sent": False})
                with self.subTest(field=name):
                    self.assertEqual(document._is_of_the_entry(document.move_id, name), posted)
        line = document.move_id.invoice_line_ids[:1]
        self.assertTrue(document._is_of_the_entry(line, "name"))
        for record in (document.move_id, self.customer, line.tax_ids, self.company):
            self.assertFalse(document._is_of_the_entry(record, False))

    def test_mass_correction_leaves_out_what_is_mended_in_the_draft(self):
        total = self.rejected(rejection("Le total ne correspond pas à la somme des lignes"))
        address = self.rejected(rejection("Adresse du client manquante"))
        documents = (total | address).sudo(False).with_user(self.accountant)
        message = documents.action_correct_selected()["params"]["message"]
        self.assertIn("1 left alone", message)
        self.assertEqual((total.live, address.live), (True, False))
        self.assertEqual(address.move_id.l10n_tn_edi_document_id.state, "to_send")

    def test_what_blocks_decides_the_way_back(self):
        total = rejection("Le total ne correspond pas à la somme des lignes")
        note = rejection("La référence secondaire est incorrecte")
        address = rejection("Adresse du client manquante")
        self.env.ref("l10n_tn_edi_ttn.rejection_secondary_reference").sudo().changes_amounts = True
        document = self.rejected(note, address).sudo(False)
        wizard = self.env["l10n_tn_edi.correct"].new({"document_id": document.id})
        self.assertEqual(wizard.way, "again")
        self.assertEqual(wizard.rejection_ids.mapped("blocking"), [True, False], "what blocks stands first")
        document.sudo().rejections = [note, address, total]
        wizard = self.env["l10n_tn_edi.correct"].new({"document_id": document.id})
        self.assertEqual(wizard.way, "draft")
        self.assertEqual(len(wizard.rejection_ids), 3)

    def test_an_objection_that_no_record_mends(self):
        document = self.rejected(rejection("Une seule signature electronique est exigee", "SERV09")).sudo(
            False
        )
        [line] = self.env["l10n_tn_edi.correct"].new({"document_id": document.id}).rejection_ids
        self.assertFalse(line.can_mend, "the wizard itself deposits again")
        self.assertIn("sign", line.mending_label)
        document = self.rejected(rejection("Doublon technique", "SERV09"), next_at=False).sudo(False)
        [line] = self.env["l10n_tn_edi.correct"].new({"document_id": document.id}).rejection_ids
        self.assertTrue(line.can_mend)
        line.action_mend()
        self.assertTrue(document.next_at)

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

    def test_a_message_that_only_says_where_it_was_refused_is_taught(self):
        """A code of TTN's control or a broken rule of its schema explains nothing: it waits like an unknown message."""
        text = "Le timbre fiscal de la facture '{}' n'est pas repris"
        documents = [self.rejected(rejection(text.format(number), "CONTRL17")) for number in (1, 2, 3)]
        for document in documents:
            self.assertEqual(document.reason_code, "ttn.business_control")
            self.assertTrue(document.has_unknown_message)
            self.assertFalse(document.rejection_ids.known)
        with patch.object(l10n_tn_edi_rejection, "AT_ONCE", 2):
            cause = self.teach(patterns="Le timbre fiscal de la facture * n'est pas repris", kind="content")
        for document in documents:
            self.assertEqual(document.rejection_ids.cause_id, cause)
            self.assertTrue(document.rejection_ids.known)
            self.assertFalse(document.has_unknown_message)
            self.assertEqual((document.reason_code, document.state), (cause.code, "rejected"))

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
            shown = html_unescape(text)
            self.assertIn(sentence, shown)
            for rule in CATALOGUE:
                self.assertIn(rule.sample, shown, "whoever holds TTN's words finds the line")
                self.assertIn(", ".join(rule.codes[:3]), shown)
