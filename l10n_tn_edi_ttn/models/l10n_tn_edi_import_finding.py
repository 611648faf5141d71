from odoo import api, fields, models

from ..spreadsheet import codes
from ..spreadsheet.columns import BY_KEY

# What the import says beside the workbook's own codes; the sentences are in l10n_tn_edi_messages_import.py.
CODES = frozenset(
    {
        "import.customer_conflict",
        "import.customer_several",
        "import.customer_unknown",
        "import.customer_identifier",
        "import.matricule",
        "import.key_letter",
        "import.cin",
        "import.residence_card",
        "import.country",
        "import.product_several",
        "import.product_unknown",
        "import.unit",
        "import.tax",
        "import.currency",
        "import.rate",
        "import.rib",
        "import.rib_unknown",
        "import.attestation",
        "import.suspension",
        "import.due_date",
        "import.total",
        "import.number_taken",
        "import.number_form",
        "import.checker",
        "import.odoo",
        "import.unexpected",
    }
)
LONGEST = 600
ALL_CODES = CODES | codes.CODES


class L10nTnEdiImportFinding(models.Model):
    """One thing that is wrong with a cell, a row or an invoice of an imported workbook."""

    _name = "l10n_tn_edi.import.finding"
    _description = "Finding about an Imported Invoice"
    _order = "import_id, row, id"

    invoice_id = fields.Many2one("l10n_tn_edi.import.invoice", required=True, index=True, ondelete="cascade")
    # Both ways of deletion must end in one: the order of cascades is PostgreSQL's
    import_id = fields.Many2one(related="invoice_id.import_id", store=True, index=True, ondelete="cascade")
    company_id = fields.Many2one(related="import_id.company_id", store=True)
    row = fields.Integer(readonly=True)
    column = fields.Char(string="Column Key", readonly=True)
    column_name = fields.Char(string="Column", compute="_compute_column_name")
    value = fields.Char(string="In the File", readonly=True)
    code = fields.Char(readonly=True)
    params = fields.Json(readonly=True)
    sentence = fields.Text(string="What to Correct", compute="_compute_sentence")

    @api.depends("column")
    @api.depends_context("lang")
    def _compute_column_name(self):
        language = self.env["l10n_tn_edi.import"]._language()
        for finding in self:
            column = BY_KEY.get(finding.column)
            finding.column_name = column.label(language) if column else False

    @api.depends("code", "params")
    @api.depends_context("lang")
    def _compute_sentence(self):
        for finding in self:
            # Sentences of Odoo or of the checker stand in the params: their remedy comes last
            finding.sentence = self.env["l10n_tn_edi.messages"]._sentence(
                finding.code, finding.params, longest=LONGEST
            )
