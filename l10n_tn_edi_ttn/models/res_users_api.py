"""The users that systems call the API as."""

from odoo import api, fields, models
from odoo.exceptions import ValidationError


class ResUsers(models.Model):
    _inherit = "res.users"

    l10n_tn_edi_api_company_id = fields.Many2one(
        "res.company",
        string="Calls the Invoice API for",
        groups="base.group_system",
        index="btree_not_null",
        copy=False,
        help="Keys of the API work for a user with this company alone, and reach nothing of any other company.",
    )

    @api.constrains("l10n_tn_edi_api_company_id", "company_ids")
    def _check_l10n_tn_edi_api_company(self):
        for user in self.sudo():
            company = user.l10n_tn_edi_api_company_id
            if company and user.company_ids != company:
                raise ValidationError(
                    self.env._(
                        "A user of the API works for one company alone: %(user)s may only have %(company)s.",
                        user=user.name,
                        company=company.name,
                    )
                )
