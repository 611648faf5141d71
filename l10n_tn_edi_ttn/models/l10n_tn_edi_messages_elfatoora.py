from odoo import api, models


class L10nTnEdiMessages(models.AbstractModel):
    """Sentences of ``elfatoora``: TTN's refusals and the network."""

    _inherit = "l10n_tn_edi.messages"

    @api.model
    def _elfatoora_catalogue(self):
        return {
            **self._elfatoora_network_catalogue(),
            **self._elfatoora_account_catalogue(),
            **self._elfatoora_signature_catalogue(),
            **self._elfatoora_content_catalogue(),
            **self._elfatoora_decision_catalogue(),
        }

    @api.model
    def _elfatoora_network_catalogue(self):
        return {
            "network.dns": lambda p: self.env._(
                "The name of TTN's server was not found. Check the address in the settings and the network."
            ),
            "network.connect_timeout": lambda p: self.env._(
                "TTN's server does not answer. Is the public address of this server declared at TTN?"
            ),
            "network.refused": lambda p: self.env._(
                "TTN's server refuses the connection. It may be down: Odoo tries again by itself."
            ),
            "network.unreachable": lambda p: self.env._("TTN's server cannot be reached. Check the network."),
            "network.tls": lambda p: self.env._(
                "The secure connection to TTN's server could not be trusted. Nothing was sent. Check the address."
            ),
            "network.reset": lambda p: self.env._(
                "The connection broke. Odoo asks TTN what became of the document before anything else."
            ),
            "network.read_timeout": lambda p: self.env._(
                "TTN took the document and did not answer in time. Odoo asks what became of it."
            ),
            "network.deadline": lambda p: self.env._(
                "There was no time left to call TTN. Odoo tries again by itself."
            ),
            "network.bad_url": lambda p: self.env._(
                "The address of El Fatoora in the settings cannot be used."
            ),
            "network.bad_request": lambda p: self.env._(
                "The request to TTN could not be made. Nothing was sent; the server's log has the details."
            ),
            "answer.encoding": lambda p: self.env._(
                "TTN's answer is compressed in a way that cannot be read."
            ),
            "network.address_refused": lambda p: self.env._(
                "The address of El Fatoora is not https, or leads into a private network that the server's "
                "configuration does not allow."
            ),
            "network.dns_timeout": lambda p: self.env._(
                "The name of TTN's server could not be looked up in time. Odoo tries again by itself."
            ),
            "network.tls_untrusted": lambda p: self.env._(
                "The certificate of TTN's server comes from an unknown authority. Nothing was sent. Check the address; "
                "the server's configuration names the authorities to trust."
            ),
            "network.tls_name": lambda p: self.env._(
                "The server that answers is not the one of the address. Nothing was sent. Check the address."
            ),
            "network.tls_expired": lambda p: self.env._(
                "The certificate of TTN's server has expired, or this server's clock is wrong. Nothing was sent."
            ),
            "network.truncated": lambda p: self.env._(
                "TTN's answer was cut off. Odoo asks what became of the document."
            ),
            "network.protocol": lambda p: self.env._(
                "TTN's server does not speak as expected. Odoo asks what became of the document."
            ),
            "network.internal": lambda p: self.env._(
                "The call to TTN failed in an unexpected way; the server's log has the details. Odoo asks what became "
                "of the document."
            ),
            "answer.empty": lambda p: self.env._(
                "TTN's server sent an empty answer (HTTP %(status)s).", status=p["status"]
            ),
            "answer.html": lambda p: self.env._(
                "A web page answered instead of El Fatoora (HTTP %(status)s): a proxy, or a wrong address in the settings.",
                status=p["status"],
            ),
            "answer.not_xml": lambda p: self.env._("The answer of TTN's server cannot be read or was cut."),
            "answer.not_soap": lambda p: self.env._(
                "Something else than El Fatoora answered. Check the address."
            ),
            "answer.wrong_operation": lambda p: self.env._(
                "TTN's server answered another question than ours."
            ),
            "answer.unexpected": lambda p: self.env._("The answer of TTN's server is not one that is known."),
            "answer.redirect": lambda p: self.env._(
                "The server sends us to another address (HTTP %(status)s), which is refused. Check the address in the "
                "settings.",
                status=p["status"],
            ),
            "answer.http_error": lambda p: self.env._(
                "TTN's server reports error %(status)s.", status=p["status"]
            ),
            "answer.too_large": lambda p: self.env._("The answer of TTN's server is too large to be read."),
            "ttn.unreachable": lambda p: self.env._(
                "TTN's service cannot be reached; nothing was sent. Odoo tries again by itself."
            ),
            "ttn.answer_lost": lambda p: self.env._(
                "The connection broke before the answer came. Odoo asks TTN what became of the document."
            ),
            "ttn.not_the_service": lambda p: self.env._(
                "Something else than El Fatoora answers at this address. Check the address in the settings."
            ),
            "ttn.tls": lambda p: self.env._(
                "The secure connection to TTN could not be trusted; nothing was sent."
            ),
            "ttn.bad_address": lambda p: self.env._(
                "The address of El Fatoora in the settings is not allowed or not usable; nothing was sent."
            ),
            "ttn.unavailable": lambda p: self.env._(
                "TTN's service is out of order at the moment. Odoo tries again."
            ),
            "ttn.deadline": lambda p: self.env._("There was no time left to call TTN; nothing was sent."),
            "ttn.internal_error": lambda p: self.env._(
                "TTN reports an internal error. Odoo asks what became of the document before sending anything again."
            ),
            "ttn.bad_request": lambda p: self.env._(
                "The request to TTN could not be made; nothing was sent. The server's log has the details."
            ),
            "ttn.content_type": lambda p: self.env._(
                "TTN refuses the kind of request that was sent. Tell your integrator."
            ),
            "ttn.empty_request": lambda p: self.env._(
                "TTN received an empty request. Nothing was deposited."
            ),
            "ttn.request_unreadable": lambda p: self.env._(
                "TTN could not read the request (damaged on the way). Nothing was deposited."
            ),
            "ttn.file_damaged": lambda p: self.env._(
                "TTN could not read the file: damaged, cut or badly encoded."
            ),
        }

    @api.model
    def _elfatoora_account_catalogue(self):
        return {
            "ttn.account_unknown": lambda p: self.env._(
                "TTN knows no such account. Check the login and the matricule in the settings."
            ),
            "ttn.wrong_credentials": lambda p: self.env._(
                "TTN refuses the login or the password. An administrator corrects them in the settings."
            ),
            "ttn.account_disabled": lambda p: self.env._(
                "The company's account at TTN is suspended or not active. Ask TTN."
            ),
            "ttn.address_not_declared": lambda p: self.env._(
                "The public address of this server is not declared at TTN. Declare it there."
            ),
            "ttn.sender_matricule": lambda p: self.env._(
                "The matricule in the document is not the account's. Enter the full 13 characters as TTN knows them."
            ),
            "ttn.sender_mismatch": lambda p: self.env._(
                "The company in the document is not the one of the account or of the certificate. Check the matricule."
            ),
            "ttn.duplicate": lambda p: self.env._(
                "TTN already holds this very document. Odoo asks for the earlier deposit; it is never sent again."
            ),
            "ttn.unknown": lambda p: self.env._("TTN's message is not known here: read it and decide."),
            "ttn.business_control": lambda p: self.env._(
                "TTN's control refuses the document; its own text says why."
            ),
        }

    @api.model
    def _elfatoora_signature_catalogue(self):
        return {
            "ttn.several_signatures": lambda p: self.env._(
                "TTN found more than one signature. Sign the invoice again."
            ),
            "ttn.signer_not_authorised": lambda p: self.env._(
                "The certificate's serial number is not declared, or not activated, for the account at TTN. Declare it there, "
                "then send again."
            ),
            "ttn.certificate_revoked": lambda p: self.env._(
                "The certificate was revoked. Choose a valid one on the signature provider, then sign again."
            ),
            "ttn.certificate_expired": lambda p: self.env._(
                "The certificate had expired or was not valid yet. Choose a valid one, then sign again."
            ),
            "ttn.certificate_authority": lambda p: self.env._(
                "TTN does not recognise the authority of the certificate. One of the national authority is needed."
            ),
            "ttn.signature_altered": lambda p: self.env._(
                "TTN finds that the document was changed after it was signed. Sign it again."
            ),
            "ttn.signature_policy": lambda p: self.env._(
                "TTN does not accept the signature policy. Check the profile on the signature provider."
            ),
            "ttn.signature_missing": lambda p: self.env._("TTN found no signature. Sign the invoice again."),
            "ttn.signature_invalid": lambda p: self.env._(
                "TTN finds the signature invalid. Test the signature provider, then sign again."
            ),
            "ttn.signature_refused": lambda p: self.env._(
                "TTN refuses the signature or its signer. Is the certificate declared at TTN?"
            ),
        }

    @api.model
    def _elfatoora_content_catalogue(self):
        return {
            "ttn.amount_format": lambda p: self.env._(
                "TTN finds an amount badly written: “%(value)s”. Check quantities, prices and discounts on the lines.",
                value=p["value"],
            ),
            "ttn.amounts_mismatch": lambda p: self.env._(
                "TTN finds that the amounts do not add up. Check the taxes and totals of the invoice."
            ),
            "ttn.tax_code_unknown": lambda p: self.env._(
                "TTN does not know the tax code “%(value)s”. Check the TEIF code on the taxes of the invoice.",
                value=p["value"],
            ),
            "ttn.no_lines": lambda p: self.env._(
                "TTN finds no line in the document. Add one to the invoice."
            ),
            "ttn.number_missing": lambda p: self.env._(
                "TTN finds no invoice number. Check the number of the invoice."
            ),
            "ttn.address_too_long": lambda p: self.env._(
                "A part of an address is too long: street and city take 35 characters, the postal code 17. Shorten it on "
                "the partner."
            ),
            "ttn.address_missing": lambda p: self.env._(
                "A part of the company's or the customer's address is missing or wrong. Correct it on the partner."
            ),
            "ttn.contact_incomplete": lambda p: self.env._(
                "A contact of the company or the customer is incomplete. Check name, telephone and e-mail on the partner."
            ),
            "ttn.party_name_type": lambda p: self.env._(
                "A partner is neither marked as a person nor as a company. Check the customer."
            ),
            "ttn.identifier_type": lambda p: self.env._(
                "The kind of the customer's number is not said. Choose it on the customer (“Identified at TTN by”)."
            ),
            "ttn.identifier_format": lambda p: self.env._(
                "A tax number, CIN or residence card is badly written: “%(value)s”. Correct it on the partner.",
                value=p["value"],
            ),
            "ttn.account_number": lambda p: self.env._(
                "A bank account number is too long: TTN takes the 20 digits of the RIB."
            ),
            "ttn.wrong_root": lambda p: self.env._("TTN does not find a TEIF document in the file."),
            "ttn.text_too_long": lambda p: self.env._(
                "A text is too long for TTN (at most %(limit)s characters): “%(value)s”.",
                limit=p["limit"],
                value=p["value"],
            ),
            "ttn.text_empty": lambda p: self.env._(
                "A mandatory text is empty (%(element)s).", element=p["element"]
            ),
            "ttn.code_unknown": lambda p: self.env._(
                "TTN does not know the code “%(value)s”.", value=p["value"]
            ),
            "ttn.value_format": lambda p: self.env._(
                "A value is not written as TTN wants it: “%(value)s” (%(element)s).",
                value=p["value"],
                element=p["element"],
            ),
            "ttn.assertion": lambda p: self.env._(
                "The document breaks a rule of TTN's format (%(element)s).", element=p["element"]
            ),
            "ttn.attribute_missing": lambda p: self.env._(
                "The document lacks an attribute (%(attribute)s of %(element)s).",
                attribute=p["attribute"],
                element=p["element"],
            ),
            "ttn.attribute_unexpected": lambda p: self.env._(
                "The document has an attribute that TTN does not take (%(attribute)s).",
                attribute=p["attribute"],
            ),
            "ttn.element_missing": lambda p: self.env._(
                "The document lacks %(expected)s.", expected=p["expected"]
            ),
            "ttn.element_misplaced": lambda p: (
                self.env._(
                    "TTN expects %(expected)s where the document has %(element)s: complete what is missing.",
                    expected=p["expected"],
                    element=p["element"],
                )
                if "expected" in p
                else self.env._(
                    "The document has %(element)s in a place where TTN does not take it.",
                    element=p["element"],
                )
            ),
            "ttn.schema_invalid": lambda p: self.env._(
                "The document does not follow TTN's format; its text says where."
            ),
            "ttn.secondary_reference": lambda p: self.env._(
                "A secondary reference is wrong. TTN notes it and may accept the invoice all the same."
            ),
        }
