from odoo import api, models
from odoo.exceptions import UserError

CONTENT_FIELDS = frozenset(
    {"datas", "raw", "db_datas", "store_fname", "checksum", "mimetype", "res_model", "res_id", "res_field"}
    | {"type", "url", "public", "company_id", "name"}
)


class IrAttachment(models.Model):
    _inherit = "ir.attachment"

    def _l10n_tn_edi_is_proof(self):
        """:return: whether one of the files is a signed or validated TEIF document."""
        if not self.ids:
            return False
        return bool(
            self.env["l10n_tn_edi.document"]
            .sudo()
            .search_count(
                ["|", ("signed_id", "in", self.ids), ("ttn_xml_id", "in", self.ids)],
                limit=1,
            )
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
