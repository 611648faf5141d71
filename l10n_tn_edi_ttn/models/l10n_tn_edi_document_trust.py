from odoo import api, models

from ..signature import verify
from ..teif.foreign import ForeignXmlError, parse_foreign_xml


class L10nTnEdiDocument(models.Model):
    """Is TTN's signature TTN's: what is asked of it beside being intact."""

    _inherit = "l10n_tn_edi.document"

    def _ttn_signature(self, reports):
        """What SigTTN of a document that TTN shows is worth.

        :param reports: ``verify.SignatureReport`` of all its signatures.
        :return: 'valid', 'invalid' or 'absent', as ``elfatoora.facts.Seen`` wants it.
        """
        self.ensure_one()
        found = [report for report in reports if report.id == "SigTTN"]
        if not found:
            return "absent"
        [*rest, ttn] = found
        if rest or not ttn.intact or not ttn.covers_reference:
            return "invalid"
        others = [der for report in reports for der in report.chain]
        is_ttn = self.env["l10n_tn_edi.trust.anchor"]._is_ttn(
            ttn, others, production=self.mode == "production"
        )
        return "valid" if is_ttn else "invalid"

    @api.model
    def _prove_again(self):
        """The trusted authorities changed: what TTN accepted without proof may be proved by now."""
        unproved = self.sudo().search([("unproved", "=", True), ("ttn_xml_id", "!=", False)])
        for document in unproved:
            try:
                root = parse_foreign_xml(document.ttn_xml_id.raw)
            except ForeignXmlError:
                continue
            if document._ttn_signature(verify.verify_tolerant(root)) == "valid":
                document._set_state(document.state, unproved=False)
