from odoo import fields, models

# The words of TTN's own print. The law may ask for others one day, so they are data, in French to begin with.
SENTENCE = "Copie de la facture électronique enregistrée chez TTN sous la référence : {reference}"
EXPORT_SENTENCE = "Exportation : vente en exonération de la TVA"


class ResCompany(models.Model):
    """What is printed of El Fatoora on invoices, beside what TTN gives."""

    _inherit = "res.company"

    l10n_tn_edi_sentence = fields.Char(
        string="Sentence on Invoices",
        translate=True,
        default=SENTENCE,
        help="Printed beside TTN's QR code; {reference} is where TTN's reference goes.",
    )
    l10n_tn_edi_export_sentence = fields.Char(
        string="Mention of Exports",
        translate=True,
        default=EXPORT_SENTENCE,
        help="Printed on export invoices.",
    )


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    l10n_tn_edi_sentence = fields.Char(related="company_id.l10n_tn_edi_sentence", readonly=False)
    l10n_tn_edi_export_sentence = fields.Char(
        related="company_id.l10n_tn_edi_export_sentence", readonly=False
    )
