from odoo import api, models
from odoo.exceptions import AccessError, UserError

CONTENT_FIELDS = frozenset(
    {"datas", "raw", "db_datas", "store_fname", "checksum", "mimetype", "res_model", "res_id", "res_field"}
    | {"type", "url", "public", "company_id", "name"}
)


class IrAttachment(models.Model):
    _inherit = "ir.attachment"

    def _l10n_tn_edi_is_proof(self):
        """:return: whether one of the files is a TEIF document that was signed, sent or validated, or archived."""
        if not self.ids:
            return False
        if self._l10n_tn_edi_is_archived():
            return not self.env["l10n_tn_edi.archive.opening"]._is_open()
        kept = [
            *("|", "|", ("signed_id", "in", self.ids), ("ttn_xml_id", "in", self.ids)),
            ("rival_xml_ids", "in", self.ids),
        ]
        return bool(
            self.env["l10n_tn_edi.document"].sudo().search_count(kept, limit=1)
            or self.env["l10n_tn_edi.exchange"].sudo().search_count([("sent_id", "in", self.ids)], limit=1)
        )

    def _l10n_tn_edi_is_archived(self):
        return "l10n_tn_edi.archive.file" in self.sudo().mapped("res_model")

    def _check_access(self, operation):
        # EXTENDS 'base': what is archived is read through the archive alone, which writes down who does
        result = super()._check_access(operation)
        if self.env.su or not self.ids:
            return result
        archived = self.sudo().filtered(lambda one: one.res_model == "l10n_tn_edi.archive.file").sudo(False)
        if not archived:
            return result
        forbidden, error = result or (self.browse(), None)
        return forbidden | archived, error or (
            lambda: AccessError(self.env._("Files of the archive are opened from their entry."))
        )

    def write(self, vals):
        # EXTENDS 'base'
        if CONTENT_FIELDS & vals.keys() and self._l10n_tn_edi_is_proof():
            raise UserError(self.env._("A signed TEIF document is kept as proof and cannot be changed."))
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_l10n_tn_edi_proof(self):
        if self._l10n_tn_edi_is_proof():
            raise UserError(self.env._("A signed TEIF document is kept as proof and cannot be deleted."))
