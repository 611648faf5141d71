"""What an imported invoice remembers of the file it came from, and the ways in from Odoo's own screens."""

from odoo import fields, models
from odoo.tools.sql import column_exists, create_column

TEMPLATE_ADDRESS = "/l10n_tn_edi_ttn/import/template.xlsx"
WORKBOOK_ENDINGS = (".xlsx", ".xlsm", ".xls")


class AccountMove(models.Model):
    _inherit = "account.move"

    l10n_tn_edi_import_number = fields.Char(
        string="Number in the Imported File", readonly=True, copy=False, index="btree_not_null"
    )
    l10n_tn_edi_import_fingerprint = fields.Char(readonly=True, copy=False)

    # Two imports at once can't both bring the same invoice in
    _l10n_tn_edi_import_number_unique = models.UniqueIndex(
        "(company_id, move_type, l10n_tn_edi_import_number) "
        "WHERE l10n_tn_edi_import_number IS NOT NULL AND state != 'cancel'",
        "This invoice was imported already.",
    )

    def _auto_init(self):
        # Empty for all that is there: nothing to compute
        for name in ("l10n_tn_edi_import_number", "l10n_tn_edi_import_fingerprint"):
            if not column_exists(self.env.cr, "account_move", name):
                create_column(self.env.cr, "account_move", name, "varchar")
        return super()._auto_init()

    def get_import_templates(self):
        # EXTENDS 'account'
        templates = super().get_import_templates()
        company = self.env.company
        if company.l10n_tn_edi_enabled and self.env.context.get("default_move_type") in (
            "out_invoice",
            "out_refund",
        ):
            label = self.env._("Workbook for Electronic Invoicing ▸ Import from Excel")
            return [*(templates or []), {"label": label, "template": TEMPLATE_ADDRESS}]
        return templates


class AccountJournal(models.Model):
    _inherit = "account.journal"

    l10n_tn_edi_external_numbering = fields.Boolean(
        string="Numbers Come from Outside",
        help="Imported invoices keep the number of their file as their own. Otherwise Odoo numbers them and remembers the "
        "number of the file.",
    )

    def create_document_from_attachment(self, attachment_ids):
        # EXTENDS 'account': a workbook that is dropped on a journal is a file of invoices, not one of them
        attachments = self.env["ir.attachment"].browse(attachment_ids)
        workbooks = attachments.filtered(lambda file: (file.name or "").lower().endswith(WORKBOOK_ENDINGS))
        journal = self or self.browse(self.env.context.get("default_journal_id"))
        company = journal.company_id or self.env.company
        selling = journal.type == "sale" or self.env.context.get("default_move_type") in (
            "out_invoice",
            "out_refund",
        )
        if not workbooks or not selling or not company.l10n_tn_edi_enabled:
            return super().create_document_from_attachment(attachment_ids)
        values = [
            {
                "company_id": company.id,
                **({"journal_id": journal.id} if journal else {}),
                "filename": workbook.name,
                "file": workbook.datas,
            }
            for workbook in workbooks
        ]
        imports = self.env["l10n_tn_edi.import"].with_company(company).create(values)
        if attachments - workbooks:
            super().create_document_from_attachment((attachments - workbooks).ids)
        workbooks.unlink()
        return imports._get_records_action(name=self.env._("Import from Excel"))
