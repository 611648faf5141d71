from odoo import api, models


class L10nTnEdiMessages(models.AbstractModel):
    """Sentences of the findings of ``teif.findings``. ``what`` is the field and the record, in Odoo's words."""

    _inherit = "l10n_tn_edi.messages"

    @api.model
    def _teif_catalogue(self):
        return {
            **self._teif_schema_catalogue(),
            **self._teif_identity_catalogue(),
            **self._teif_amount_catalogue(),
            **self._teif_content_catalogue(),
        }

    @api.model
    def _teif_schema_catalogue(self):
        return {
            "file.unreadable": lambda p: self.env._(
                "The file cannot be read: %(reason)s.", reason=p["reason"]
            ),
            "xml.empty": lambda p: self.env._("The file is empty."),
            "xml.too_large": lambda p: self.env._("The file is too large to be read."),
            "xml.doctype": lambda p: self.env._(
                "The file has a document type declaration, which is not allowed in a TEIF document."
            ),
            "xml.too_deep": lambda p: self.env._("The file has too many elements inside each other."),
            "xml.malformed": lambda p: self.env._(
                "The file is not well-formed XML: %(reason)s.", reason=p["reason"]
            ),
            "xml.encoding": lambda p: self.env._("The file is not written in the encoding that it names."),
            "schema.version": lambda p: self.env._(
                "TEIF version “%(value)s” is not known here. Choose one of %(allowed)s in the settings.",
                value=p["value"],
                allowed=p["allowed"],
            ),
            "schema.root": lambda p: self.env._(
                "This is no TEIF document: it starts with “%(element)s”.", element=p["element"]
            ),
            "schema.unexpected_element": lambda p: self.env._(
                "%(what)s: TTN's format does not take %(element)s here.", what=p["what"], element=p["element"]
            ),
            "schema.missing_element": lambda p: self.env._(
                "%(what)s is not complete: %(expected)s is missing. Fill it in.",
                what=p["what"],
                expected=p["expected"],
            ),
            "schema.missing_attribute": lambda p: self.env._(
                "%(what)s needs the attribute %(attribute)s.", what=p["what"], attribute=p["attribute"]
            ),
            "schema.unexpected_attribute": lambda p: self.env._(
                "%(what)s has no attribute %(attribute)s.", what=p["what"], attribute=p["attribute"]
            ),
            "schema.too_long": lambda p: self.env._(
                "%(what)s has %(length)s characters, TTN takes at most %(max)s: shorten “%(value)s”.",
                what=p["what"],
                length=p["length"],
                max=p["max"],
                value=p["value"],
            ),
            "schema.too_short": lambda p: self.env._(
                "%(what)s must not be empty: fill it in.", what=p["what"]
            ),
            "schema.empty": lambda p: self.env._("%(what)s must not be empty: fill it in.", what=p["what"]),
            "schema.code": lambda p: self.env._(
                "%(what)s: “%(value)s” is not in TTN's list (%(allowed)s).",
                what=p["what"],
                value=p["value"],
                allowed=p["allowed"],
            ),
            "schema.amount": lambda p: self.env._(
                "%(what)s: “%(value)s” is not a number as TTN wants it (digits, a dot, at most 5 decimals).",
                what=p["what"],
                value=p["value"],
            ),
            "schema.pattern": lambda p: self.env._(
                "%(what)s: “%(value)s” does not have the form that TTN wants (%(pattern)s).",
                what=p["what"],
                value=p["value"],
                pattern=p["pattern"],
            ),
            "schema.text": lambda p: self.env._(
                "%(what)s holds a text where TTN's format takes none.", what=p["what"]
            ),
            "schema.children": lambda p: self.env._("%(what)s may hold a text only.", what=p["what"]),
            "schema.datatype": lambda p: self.env._(
                "%(what)s: “%(value)s” is not of the kind that TTN wants (%(type)s).",
                what=p["what"],
                value=p["value"],
                type=p["type"],
            ),
            "schema.other": lambda p: self.env._("%(what)s: %(reason)s.", what=p["what"], reason=p["reason"]),
        }

    @api.model
    def _teif_identity_catalogue(self):
        return {
            "identifier.matricule": lambda p: self.env._(
                "%(what)s: “%(value)s” is not a matricule fiscal. It is written like %(form)s: 7 digits, the key letter, "
                "VAT code, category and 3 digits.",
                what=p["what"],
                value=p["value"],
                form=p["form"],
            ),
            "identifier.cin": lambda p: self.env._(
                "%(what)s: a CIN has exactly 8 digits, not “%(value)s”.", what=p["what"], value=p["value"]
            ),
            "identifier.residence": lambda p: self.env._(
                "%(what)s: “%(value)s” is not the number of a residence card (%(form)s).",
                what=p["what"],
                value=p["value"],
                form=p["form"],
            ),
            "identifier.foreign": lambda p: self.env._(
                "%(what)s: “%(value)s” may hold 1 to 30 letters and digits only.",
                what=p["what"],
                value=p["value"],
            ),
            "identifier.key_letter": lambda p: self.env._(
                "%(what)s: the key letter of matricule “%(value)s” should be %(expected)s, not %(found)s. Check the number.",
                what=p["what"],
                value=p["value"],
                expected=p["expected"],
                found=p["found"],
            ),
            "supplier.count": lambda p: self.env._(
                "There must be exactly one supplier, %(count)s found.", count=p["count"]
            ),
            "supplier.identifier_type": lambda p: self.env._(
                "The company must be identified by a matricule fiscal, not by %(type)s.", type=p["type"]
            ),
            "supplier.sender": lambda p: self.env._(
                "The company's matricule is “%(supplier)s”, the sender's “%(sender)s”: they must be the same.",
                supplier=p["supplier"],
                sender=p["sender"],
            ),
            "party.supplier": lambda p: self.env._(
                "There must be exactly one supplier, %(count)s found.", count=p["count"]
            ),
            "party.customer": lambda p: self.env._(
                "The document has no customer. Choose one on the invoice."
            ),
            "party.role": lambda p: self.env._("A partner of the document has no role."),
            "party.sender": lambda p: self.env._(
                "The company's matricule is “%(supplier)s”, the sender's “%(sender)s”: they must be the same.",
                supplier=p["supplier"],
                sender=p["sender"],
            ),
            "party.sender_type": lambda p: self.env._(
                "The company must be identified by a matricule fiscal, not by %(type)s.", type=p["type"]
            ),
            "party.receiver": lambda p: self.env._(
                "The customer's number is “%(customer)s”, the receiver's “%(receiver)s”: they should be the same.",
                customer=p["customer"],
                receiver=p["receiver"],
            ),
            "party.name": lambda p: self.env._(
                "%(what)s is empty: enter the partner's name.", what=p["what"]
            ),
            "party.address": lambda p: self.env._(
                "%(what)s is empty: enter the partner's address.", what=p["what"]
            ),
            "bank.rib_key": lambda p: self.env._(
                "Bank account “%(value)s”: the last two digits of the RIB should be %(expected)s, not %(found)s. Check it.",
                value=p["value"],
                expected=p["expected"],
                found=p["found"],
            ),
            "bank.rib": lambda p: self.env._(
                "Bank account “%(value)s” is not a RIB of 20 digits.", value=p["value"]
            ),
            "payment.rib": lambda p: self.env._(
                "Bank account “%(value)s” is not a RIB of 20 digits.", value=p["value"]
            ),
            "payment.empty": lambda p: self.env._("The payment terms of the document are empty."),
        }

    @api.model
    def _teif_amount_catalogue(self):
        return {
            "amount.missing": lambda p: self.env._(
                "The amount %(amount)s (%(name)s) is missing.", amount=p["amount"], name=p["name"]
            ),
            "amount.repeated": lambda p: self.env._(
                "The amount %(amount)s is there %(count)s times in %(currency)s.",
                amount=p["amount"],
                count=p["count"],
                currency=p["currency"],
            ),
            "amount.currency": lambda p: self.env._(
                "An amount is in %(currency)s, the invoice in %(expected)s.",
                currency=p["currency"],
                expected=p["expected"],
            ),
            "amount.line": lambda p: self.env._(
                "%(what)s: %(quantity)s × %(price)s less the discount makes %(expected)s, the line says %(found)s.",
                what=p["what"],
                quantity=p["quantity"],
                price=p["price"],
                expected=p["expected"],
                found=p["found"],
            ),
            "amount.line_missing": lambda p: self.env._("Line %(line)s has no total.", line=p["line"]),
            "amount.net_total": lambda p: self.env._(
                "The total without tax is %(found)s, the lines make %(expected)s.",
                found=p["found"],
                expected=p["expected"],
            ),
            "amount.tax": lambda p: self.env._(
                "Tax %(tax)s at %(rate)s %%: a base of %(base)s makes %(expected)s, the invoice says %(found)s. Was the "
                "tax amount changed by hand?",
                tax=p["tax"],
                rate=p["rate"],
                base=p["base"],
                expected=p["expected"],
                found=p["found"],
            ),
            "amount.tax_total": lambda p: self.env._(
                "The total tax is %(found)s, the taxes without the stamp make %(expected)s.",
                found=p["found"],
                expected=p["expected"],
            ),
            "amount.tax_base": lambda p: self.env._(
                "The taxable base is %(found)s, the bases of the VAT make %(expected)s.",
                found=p["found"],
                expected=p["expected"],
            ),
            "amount.grand_total": lambda p: self.env._(
                "The total to pay is %(found)s, the amount without tax and the taxes make %(expected)s.",
                found=p["found"],
                expected=p["expected"],
            ),
            "amount.total_tnd": lambda p: self.env._(
                "There must be exactly one total with tax in TND, %(count)s found.", count=p["count"]
            ),
            "amount.total_form": lambda p: self.env._(
                "Amount %(amount)s “%(value)s” must be positive with at most 3 decimals.",
                amount=p["amount"],
                value=p["value"],
            ),
            "amount.comma": lambda p: self.env._(
                "%(what)s: “%(value)s” is written with a comma; TTN wants a dot.",
                what=p["what"],
                value=p["value"],
            ),
            "amount.words_missing": lambda p: self.env._("The total to pay is not written in words."),
            "amount.words": lambda p: self.env._(
                "The total in words is “%(found)s”; “%(expected)s” was expected.",
                found=p["found"],
                expected=p["expected"],
            ),
        }

    @api.model
    def _teif_content_catalogue(self):
        return {
            "date.issue_count": lambda p: self.env._(
                "The invoice must have exactly one date, %(count)s found.", count=p["count"]
            ),
            "date.issue": lambda p: self.env._(
                "The invoice must have exactly one date, %(count)s found.", count=p["count"]
            ),
            "date.issue_format": lambda p: self.env._("The date of the invoice must be written as ddMMyyyy."),
            "date.value": lambda p: self.env._(
                "%(what)s: “%(value)s” is no date as TTN writes it (%(format)s).",
                what=p["what"],
                value=p["value"],
                format=p["format"],
            ),
            "date.unreadable": lambda p: self.env._(
                "%(what)s: “%(value)s” is no date as TTN writes it (%(format)s).",
                what=p["what"],
                value=p["value"],
                format=p["format"],
            ),
            "date.due": lambda p: self.env._(
                "The due date %(due)s is before the date of the invoice, %(issue)s.",
                due=p["due"],
                issue=p["issue"],
            ),
            "tax.category": lambda p: self.env._(
                "Tax %(tax)s of category %(category)s: %(wanted)s.",
                tax=p["tax"],
                category=p["category"],
                wanted=p["wanted"],
            ),
            "tax.rate": lambda p: self.env._("Tax %(tax)s needs its rate.", tax=p["tax"]),
            "tax.line_stamp": lambda p: self.env._(
                "Line %(line)s is taxed with the stamp duty, which belongs to the invoice only.",
                line=p["line"],
            ),
            "tax.stamp_count": lambda p: self.env._(
                "The stamp duty is there %(count)s times.", count=p["count"]
            ),
            "tax.negative": lambda p: self.env._(
                "Tax %(tax)s is negative (%(value)s). A withholding is made at payment, not on the invoice.",
                tax=p["tax"],
                value=p["value"],
            ),
            "tax.not_totalled": lambda p: self.env._(
                "Tax %(tax)s at %(rate)s %% is on a line but not among the taxes of the invoice.",
                tax=p["tax"],
                rate=p["rate"],
            ),
            "allowance.category": lambda p: self.env._(
                "Discount or charge %(allowance)s of category %(category)s: %(wanted)s.",
                allowance=p["allowance"],
                category=p["category"],
                wanted=p["wanted"],
            ),
            "document.type": lambda p: self.env._("The invoice has no TEIF document type. Choose one."),
            "document.number": lambda p: self.env._(
                "Number “%(value)s”: %(reason)s. Change the numbering of the journal.",
                value=p["value"],
                reason=p["reason"],
            ),
            "reference.original": lambda p: self.env._(
                "The credit note names no invoice. Enter the number and date of the original invoice, or the reason as a note."
            ),
            "reference.contract": lambda p: self.env._(
                "A public contract statement needs the reference %(reference)s (%(name)s).",
                reference=p["reference"],
                name=p["name"],
            ),
            "export.customer": lambda p: self.env._(
                "The customer of an export invoice should have a foreign tax number, not %(type)s. Check the country.",
                type=p["type"],
            ),
            "signature.missing": lambda p: self.env._("The document is not signed."),
            "signature.several": lambda p: self.env._(
                "The document has %(count)s signatures; TTN takes exactly one.", count=p["count"]
            ),
            "signature.broken": lambda p: self.env._(
                "Signature %(signature)s does not hold: %(reason)s.",
                signature=p["signature"],
                reason=p["reason"],
            ),
            "deposit.signer": lambda p: self.env._(
                "The certificate names the matricule %(certificate)s, the company is %(sender)s. TTN accepts it when "
                "the certificate is declared for the account.",
                certificate=p["certificate"],
                sender=p["sender"],
            ),
            "deposit.reference": lambda p: self.env._(
                "The document already carries a reference of TTN: it was accepted before."
            ),
        }
