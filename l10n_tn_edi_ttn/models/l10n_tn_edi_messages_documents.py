from odoo import api, models


class L10nTnEdiMessages(models.AbstractModel):
    """Sentences about the kinds of documents: ``KIND_CODES`` of account_move_teif_kind_findings.py."""

    _inherit = "l10n_tn_edi.messages"

    @api.model
    def _odoo_catalogue(self):
        return {
            **super()._odoo_catalogue(),
            **self._kind_catalogue(),
            **self._special_kind_catalogue(),
            **self._official_catalogue(),
        }

    @api.model
    def _kind_catalogue(self):
        return {
            "odoo.type_code": lambda p: self.env._(
                "The kind of document does not fit: a credit note, and nothing else, is I-12. Choose another TEIF "
                "document type."
            ),
            "odoo.credit_origin": lambda p: self.env._(
                "%(number)s names no invoice that it undoes. Add the invoices among the documents referred to, type the "
                "number and date of one that is not in Odoo, or enter the reason of the credit note.",
                number=p["number"],
            ),
            "odoo.credit_currency": lambda p: self.env._(
                "The credited invoice %(origin)s is in %(currency)s: credit it in its own currency.",
                origin=p["origin"],
                currency=p["currency"],
            ),
            "odoo.down_payment_supply": lambda p: self.env._(
                "%(number)s is a down payment: say whether it is on goods or services. VAT falls due with the delivery "
                "of goods, and with the payment of services.",
                number=p["number"],
            ),
            "odoo.number_form": lambda p: self.env._(
                "TEIF 1.9.0 takes letters, digits, dots, hyphens and underscores in a number, not “%(number)s”. Give the "
                "next invoices of journal “%(journal)s” numbers like INV-2026-00001.",
                number=p["number"],
                journal=p["journal"],
            ),
            "odoo.unit_code": lambda p: self.env._(
                "Unit of measure “%(unit)s” has the code “%(written)s”, which is not in TTN's list. Choose one of the list "
                "or empty it.",
                unit=p["unit"],
                written=p["written"],
            ),
            "odoo.unit_unknown": lambda p: self.env._(
                "Version %(version)s has no code for unit of measure “%(unit)s”: the quantity stands in the document as "
                "pieces (UNIT). Choose the code that fits best on the unit.",
                version=p["version"],
                unit=p["unit"],
            ),
        }

    @api.model
    def _special_kind_catalogue(self):
        return {
            "odoo.statement_number": lambda p: self.env._(
                "Enter the statement number of %(number)s: a public contract is invoiced by numbered statements.",
                number=p["number"],
            ),
            "odoo.contract_number": lambda p: self.env._(
                "Enter the number of the public contract that %(number)s belongs to.", number=p["number"]
            ),
            "odoo.contract_rib": lambda p: self.env._(
                "%(number)s is a statement of a public contract: choose the company's bank account with a RIB of 20 "
                "digits that it is to be paid to.",
                number=p["number"],
            ),
            "odoo.public_rib": lambda p: self.env._(
                "%(partner)s is a public body: choose the company's bank account with a RIB of 20 digits on the invoice.",
                partner=p["partner"],
            ),
            "odoo.export_vat": lambda p: self.env._(
                "An export invoice bears VAT at 0 %%, not “%(tax)s”. Choose the export fiscal position or another tax.",
                tax=p["tax"],
            ),
            "odoo.export_position": lambda p: self.env._(
                "The export invoice has no fiscal position: choose the export one, so that taxes and accounts follow."
            ),
            "odoo.export_destination": lambda p: self.env._(
                "Enter the country that the exported goods or services go to."
            ),
        }

    @api.model
    def _official_catalogue(self):
        """The verdict of TTN's own schema, where an administrator loaded it."""
        return {
            "official.refused": lambda p: self.env._(
                "%(what)s: TTN's own schema refuses it (%(reason)s).", what=p["what"], reason=p["reason"]
            ),
            "official.unusable": lambda p: self.env._(
                "TTN's own schema of version %(version)s could not be applied: %(reason)s. Load it again in the settings.",
                version=p["version"],
                reason=p["reason"],
            ),
        }
