from odoo import fields, models


class AccountJournal(models.Model):
    _inherit = "account.journal"

    l10n_tn_edi_enabled = fields.Boolean(
        string="Electronic Invoicing (TTN)",
        help="Customer invoices and credit notes of this journal are deposited at El Fatoora once they are posted.",
    )
