"""What the customer sees of an electronic invoice: nothing before TTN accepted it, then its files and its proof."""

from odoo import models

from ..signature import verify
from ..teif.foreign import ForeignXmlError, parse_foreign_xml


class AccountMove(models.Model):
    _inherit = "account.move"

    # --- Not payable before acceptance ------------------------------------------------------------------------------

    def _has_to_be_paid(self):
        # EXTENDS 'account_payment'
        return super()._has_to_be_paid() and not self._l10n_tn_edi_awaits_ttn()

    def _get_online_payment_error(self):
        # EXTENDS 'account_payment'
        if self._l10n_tn_edi_awaits_ttn():
            return self.env._("This invoice is not registered at TTN yet: it cannot be paid online before.")
        return super()._get_online_payment_error()

    # --- The proof --------------------------------------------------------------------------------------------------

    def _l10n_tn_edi_signature_check(self):
        """Check the signatures of TTN's final document anew, for who received the invoice.

        :return: list of dicts, the supplier's signature first: ``name`` (its Id), ``whose`` (sentence), ``intact``,
            ``trusted`` (TTN's only: it is TTN's own certificate; None for others), ``signer``, ``signed_at`` (datetime
            or None) and ``problems`` (sentences). Empty when there is no document or nobody can read it.
        """
        self.ensure_one()
        document = self.sudo().l10n_tn_edi_document_id
        teif = self._l10n_tn_edi_printed_teif()
        if not teif:
            return []
        try:
            reports = verify.verify_tolerant(parse_foreign_xml(teif.raw))
        except ForeignXmlError:
            return []
        messages = self.env["l10n_tn_edi.messages"]
        # Where nothing is proved, nothing is said: the test platform has no certificate of TTN's own.
        proved = document.mode == "production"
        trusted = proved and document._ttn_signature(reports) == "valid"
        names = {
            "SigFrs": self.env._("Signature of the supplier"),
            "SigTTN": self.env._("Signature of TTN"),
        }
        return [
            {
                "name": report.id,
                "whose": names.get(report.id, report.id or "?"),
                "intact": report.intact,
                "trusted": trusted if proved and report.id == "SigTTN" else None,
                "signer": (report.as_dict()["signer"] or {}).get("subject", ""),
                "signed_at": report.signing_time and report.signing_time.replace(tzinfo=None),
                "problems": [
                    messages._sentence(problem.code, problem.params)
                    for problem in report.findings
                    if problem.breaking
                ],
            }
            for report in sorted(reports, key=lambda report: report.id != "SigFrs")
        ]

    # --- E-mail -----------------------------------------------------------------------------------------------------

    def _get_mail_template(self):
        # EXTENDS 'account'
        if self and all(move.l10n_tn_edi_document_id.sudo().live for move in self):
            if all(move.move_type == "out_refund" for move in self):
                return (
                    self.env.ref("l10n_tn_edi_ttn.mail_template_credit_note", False)
                    or super()._get_mail_template()
                )
            if all(move.move_type == "out_invoice" for move in self):
                return (
                    self.env.ref("l10n_tn_edi_ttn.mail_template_invoice", False)
                    or super()._get_mail_template()
                )
        return super()._get_mail_template()
