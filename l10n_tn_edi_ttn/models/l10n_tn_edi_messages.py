"""What a code means, in the user's language: the sentence and the remedy, in Odoo's words.

The rooms (``teif``, ``signature``, ``elfatoora``) speak codes and English; people read what stands in the files
``l10n_tn_edi_messages*.py``. Each sentence is literal in a ``self.env._()``, since extraction sees nothing else.
"""

import re

from odoo import api, models
from odoo.tools import format_date

from .l10n_tn_edi_text import cut

SHOWN = 120
ISO_DATE = re.compile(r"\d{4}-\d\d-\d\d")


class Params(dict):
    """Params of a sentence: texts safe to show (no controls, cut), lists joined, "?" for what was not given."""

    def __missing__(self, name):
        return "?"

    @classmethod
    def shown(cls, params, longest=SHOWN):
        """``params`` (any JSON-able mapping, also None) as a :class:`Params`; texts end after ``longest`` characters."""
        result = cls()
        for name, value in (params or {}).items():
            if isinstance(value, (list, tuple)):
                value = ", ".join(map(str, value))
            result[name] = cut(str(value), longest)
        return result


class L10nTnEdiMessages(models.AbstractModel):
    _name = "l10n_tn_edi.messages"
    _description = "Sentences for People about Electronic Invoices"

    @api.model
    def _sentence(self, code, params=None, longest=SHOWN):
        """The sentence of ``code`` in the user's language.

        :param str code: a code of one of the rooms, or of the addon's own (``latch.``, ``scope.``…).
        :param params: the values that the sentence names.
        :param int longest: where the texts among them are cut.
        :return: str; the code itself when it has no sentence (a room newer than this file).
        """
        shown = Params.shown(params, longest)
        if ISO_DATE.fullmatch(shown["date"]):
            shown["date"] = format_date(self.env, shown["date"])
        sentence = self._catalogue().get(code)
        return sentence(shown) if sentence else self._unknown(code, shown)

    @api.model
    def _finding_sentence(self, item):
        """The sentence of a finding: as :meth:`_sentence`, with ``what`` naming the field and the record to mend.

        :param dict item: ``{code, params, path, model, res_id, field…}``, see ``account.move._l10n_tn_edi_place``.
        """
        params = dict(item.get("params") or {})
        params["what"] = self._what(item, params)
        return self._sentence(item["code"], params)

    @api.model
    def _what(self, item, params):
        """The field and the record that a finding is about; the element of the document when no record is known."""
        model, res_id = item.get("model"), item.get("res_id")
        record = self.env[model].sudo().browse(res_id).exists() if model in self.env and res_id else None
        if not record:
            element = (item.get("path") or "").rpartition("/")[2]
            return str(params.get("name") or params.get("element") or element or self.env._("the document"))
        name = self._record_name(record)
        field = record._fields.get(item.get("field") or "")
        if not field:
            return name
        return self.env._("“%(field)s” of %(record)s", field=field._description_string(self.env), record=name)

    @api.model
    def _record_name(self, record):
        if record._name == "account.move.line":
            return self.env._(
                "line “%(line)s”", line=cut(record.name or record.product_id.display_name, SHOWN)
            )
        return cut(record.display_name, SHOWN)

    @api.model
    def _unknown(self, code, params):
        return params.get("message") or code

    @api.model
    def _catalogue(self):
        """:return: dict of code to a function of :class:`Params` that gives the sentence."""
        return {
            **self._scope_catalogue(),
            **self._odoo_catalogue(),
            **self._way_catalogue(),
            **self._teif_catalogue(),
            **self._signature_catalogue(),
            **self._elfatoora_catalogue(),
        }

    @api.model
    def _scope_catalogue(self):
        """Why an invoice is not deposited: reasons of ``account.move._l10n_tn_edi_concerned``."""
        return {
            "scope.company_off": lambda p: self.env._(
                "Electronic invoicing is off for this company (Settings, Accounting)."
            ),
            "scope.not_tunisian": lambda p: self.env._(
                "Only companies whose fiscal country is Tunisia deposit at El Fatoora."
            ),
            "scope.move_type": lambda p: self.env._("Only customer invoices and credit notes are deposited."),
            "scope.journal_off": lambda p: self.env._("Electronic invoicing is off for this journal."),
            "scope.not_posted": lambda p: self.env._("The invoice is not posted."),
            "scope.no_go_live": lambda p: self.env._(
                "The company has no go-live date yet: enter it in the settings."
            ),
            "scope.before_go_live": lambda p: self.env._(
                "The invoice is dated before the company's go-live date."
            ),
            "scope.excluded": lambda p: self.env._(
                "Somebody excluded this invoice from electronic invoicing."
            ),
            "scope.deposited_elsewhere": lambda p: self.env._(
                "This invoice was deposited by another system."
            ),
            "scope.consumer": lambda p: self.env._("The company does not deposit its invoices to consumers."),
            "scope.foreign": lambda p: self.env._(
                "The company does not deposit its invoices to foreign customers."
            ),
        }

    @api.model
    def _odoo_catalogue(self):
        """What only Odoo sees: ``ODOO_CODES`` of account_move_teif_findings.py."""
        return {
            "odoo.company_matricule": lambda p: self.env._(
                "%(company)s has no matricule fiscal. Enter it as the company's Tax ID.", company=p["company"]
            ),
            "odoo.customer_identifier": lambda p: self.env._(
                "%(partner)s has no tax number. Enter the matricule fiscal (or the foreign tax number) as Tax ID, or, "
                "for a person, the CIN or residence card.",
                partner=p["partner"],
            ),
            "odoo.consumer_identifier": lambda p: self.env._(
                "%(partner)s has neither CIN nor residence card. Ask for it and enter it on the customer, or exclude "
                "the invoice with a reason.",
                partner=p["partner"],
            ),
            "odoo.tax_code": lambda p: self.env._(
                "Tax “%(tax)s” has no TEIF code. Choose it on the tax: VAT, stamp duty, FODEC…", tax=p["tax"]
            ),
            "odoo.no_line": lambda p: self.env._(
                "%(number)s has no line to invoice beside the stamp duty. Add one.", number=p["number"]
            ),
            "odoo.stamp_multiplied": lambda p: self.env._(
                "The stamp duty is %(charged)s instead of %(usual)s: on a line, Odoo multiplies it by the quantity and does "
                "not convert it. Take the stamp tax off the lines; the stamp is added by itself.",
                charged=p["charged"],
                usual=p["usual"],
            ),
            "odoo.account_without_rib": lambda p: self.env._(
                "Bank account %(account)s has no RIB of 20 digits and no Tunisian IBAN: the document goes without it.",
                account=p["account"],
            ),
            "odoo.currency_rate": lambda p: self.env._(
                "No exchange rate is known for %(currency)s on the date of the invoice.",
                currency=p["currency"],
            ),
            "odoo.size": lambda p: self.env._(
                "The document has about %(size)s KB. TTN's price is for %(step)s KB: it may cost more. Shorter texts and fewer "
                "lines make it smaller.",
                size=p["size"],
                step=p["step"],
            ),
        }
