from odoo import api, models


class L10nTnEdiMessages(models.AbstractModel):
    """Sentences of what happens on a document's way inside Odoo: settings, provider, waiting, decisions of people."""

    _inherit = "l10n_tn_edi.messages"

    @api.model
    def _way_catalogue(self):
        return {
            "latch.not_enabled": lambda p: self.env._(
                "Electronic invoicing is off for this company. Switch it on in the settings."
            ),
            "latch.neutralized": lambda p: self.env._(
                "This database is a neutralised copy: it never calls El Fatoora."
            ),
            "latch.not_activated": lambda p: self.env._(
                "Production is not activated for this company. An administrator activates it in the settings."
            ),
            "latch.other_database": lambda p: self.env._(
                "Production was activated in another database; this one may be a copy. An administrator decides in the "
                "settings which one deposits."
            ),
            "latch.mode_changed": lambda p: self.env._(
                "The company changed between test and production after this document was sent. What was tried on the test "
                "platform only, an accounting administrator sends for real; anything else goes on when the company is back in "
                "its mode."
            ),
            "account.incomplete": lambda p: self.env._(
                "The company's login or password at TTN is missing. An administrator enters them in the settings."
            ),
            "account.password_not_readable": lambda p: self.env._(
                "The password at TTN cannot be decrypted with this server's key. Enter it again in the settings."
            ),
            "provider.missing": lambda p: self.env._(
                "%(company)s has no signature provider. Choose one in the settings.", company=p["company"]
            ),
            "provider.passphrase_not_readable": lambda p: self.env._(
                "The passphrase of “%(provider)s” cannot be decrypted with this server's key. Enter it again.",
                provider=p["provider"],
            ),
            "provider.disabled": lambda p: self.env._(
                "The signature provider “%(provider)s” is disabled. Enable it or choose another.",
                provider=p["provider"],
            ),
            "provider.test_only": lambda p: self.env._(
                "The signature provider “%(provider)s” is for tests: it does not sign for production.",
                provider=p["provider"],
            ),
            "document.findings": lambda p: self.env._(
                "TTN would refuse this document. Correct what is listed, then send it again."
            ),
            "document.unexpected": lambda p: self.env._(
                "The document could not be prepared because of an unexpected error; the server's log has the details."
            ),
            "document.renumbered": lambda p: self.env._(
                "This invoice was deposited at TTN as %(earlier)s before and has number %(number)s now. Give it its number "
                "back: TTN may still accept what it holds under it.",
                earlier=p["earlier"],
                number=p["number"],
            ),
            "document.in_doubt": lambda p: self.env._(
                "TTN may still show an earlier deposit of %(number)s: it can't be left out any more. Undo what was changed, and "
                "send it again; once it is accepted, correct it with a credit note.",
                number=p["number"],
            ),
            "document.number_taken": lambda p: self.env._(
                "Another document with number %(number)s is at TTN already. Change the number of one of the invoices.",
                number=p["number"],
            ),
            "deposit.id_taken": lambda p: self.env._(
                "TTN gave deposit number %(deposit)s, which another document has already. Ask TTN which one it is.",
                deposit=p["deposit"],
            ),
            "credit_note.original_pending": lambda p: self.env._(
                "Waits until invoice %(number)s is accepted by TTN.", number=p["number"]
            ),
            "credit_note.original_refused": lambda p: self.env._(
                "Invoice %(number)s, which this credit note undoes, is not accepted by TTN. Release the credit note, or "
                "exclude it, once you have decided about the invoice.",
                number=p["number"],
            ),
            "replaced.pending": lambda p: self.env._(
                "Waits until TTN has said once more that it does not accept %(number)s, which this invoice replaces.",
                number=p["number"],
            ),
            "replaced.accepted": lambda p: self.env._(
                "TTN has accepted %(number)s, which this invoice replaces, under reference %(reference)s after all. Undo it at "
                "TTN with a credit note; then an accounting administrator sends this one. Or cancel this one.",
                number=p["number"],
                reference=p["reference"],
            ),
        }
