from odoo import api, fields, models


class L10nTnEdiImportInvoice(models.Model):
    """One invoice of an imported workbook: its cells, and what became of it."""

    _name = "l10n_tn_edi.import.invoice"
    _inherit = ["l10n_tn_edi.invoice.maker"]
    _description = "Invoice of an Imported Workbook"
    _order = "import_id, first_row, id"
    _rec_name = "number"

    import_id = fields.Many2one("l10n_tn_edi.import", required=True, index=True, ondelete="cascade")
    company_id = fields.Many2one(related="import_id.company_id", store=True)
    number = fields.Char(readonly=True)
    first_row = fields.Integer(string="Row", readonly=True)
    payload = fields.Json(readonly=True, help="Cells and values as they were read.")
    # waiting ──▶ in | known (was in already) | refused; a check alone ends in fine | refused
    state = fields.Selection(
        [
            ("waiting", "Waiting"),
            ("fine", "Nothing found"),
            ("in", "Imported"),
            ("known", "Was there"),
            ("refused", "Refused"),
        ],
        required=True,
        default="waiting",
        readonly=True,
        index=True,
    )
    move_id = fields.Many2one("account.move", string="Invoice", readonly=True, index="btree_not_null")
    finding_ids = fields.One2many("l10n_tn_edi.import.finding", "invoice_id", readonly=True)

    # === To and from the database === #

    @api.model
    def _values_of(self, invoice):
        """:param SheetInvoice invoice: as the workbook's reader gives it.
        :return: dict of values to create a record.
        """
        return {
            "number": invoice.number,
            "first_row": invoice.first_row,
            "payload": self._payload_of(invoice),
            "state": "refused" if invoice.findings else "waiting",
            "finding_ids": [
                (
                    0,
                    0,
                    self._finding_values(
                        dict(invoice.cells), found.code, found.row, found.column, found.params
                    ),
                )
                for found in invoice.findings
            ],
        }

    @api.model
    def _finding_values(self, cells, code, row, column=None, params=None):
        return {
            "code": code,
            "row": row,
            "column": column,
            "value": (cells.get(row) or {}).get(column),
            "params": params or {},
        }

    # === Making them === #

    def _making_journal(self):
        # EXTENDS 'l10n_tn_edi.invoice.maker'
        return self.import_id.journal_id

    def _making_posts(self):
        # EXTENDS 'l10n_tn_edi.invoice.maker'
        return self.import_id.post

    def _outcome_of_known(self, move):
        # EXTENDS 'l10n_tn_edi.invoice.maker': the same contents once more are nothing new
        if move.l10n_tn_edi_import_fingerprint == self._fingerprint():
            return {"state": "known", "move": move, "findings": []}
        return super()._outcome_of_known(move)

    def _keep(self, outcome):
        """Write the outcome of :meth:`_import`."""
        self.ensure_one()
        cells = dict(self.payload["cells"])
        self.sudo().write(
            {
                "state": outcome["state"],
                "move_id": outcome["move"].id,
                "finding_ids": [
                    (5, 0, 0),
                    *((0, 0, self._finding_values(cells, *finding)) for finding in outcome["findings"]),
                ],
            }
        )
