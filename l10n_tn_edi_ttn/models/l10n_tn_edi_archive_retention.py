"""How long what is kept: legal holds, and the runs that delete what is past its term."""

import logging

from odoo import api, fields, models
from odoo.addons.base.models.res_users import check_identity
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tools import SQL

from ..archive import record as records

_logger = logging.getLogger(__name__)

# Entries that one run deletes; what is left is done by the next.
AT_ONCE = 200
# What a deleted entry no longer tells. Number, day, hashes and sizes stay: the others are proved with them.
EMPTIED = (
    *("document_id", "partner_id", "document_number", "document_date", "type_code", "sender", "receiver"),
    *("total", "currency", "state", "ttn_reference", "deposit_id", "user", "record_json"),
)
BODIES = ("request_text", "response_text", "request_file", "response_file")


class L10nTnEdiArchiveHold(models.Model):
    """A legal hold: documents of a period are kept beyond their term, until somebody releases it with a reason."""

    _name = "l10n_tn_edi.archive.hold"
    _description = "Legal Hold on the Archive"
    _inherit = ["mail.thread"]
    _order = "id desc"
    _rec_name = "reason"

    company_id = fields.Many2one(
        "res.company",
        required=True,
        index=True,
        default=lambda self: self.env.company,
        ondelete="restrict",
        tracking=True,
    )
    date_from = fields.Date(string="Invoices From", required=True, tracking=True)
    date_to = fields.Date(string="Invoices To", tracking=True, help="Empty: all from then on.")
    reason = fields.Char(required=True, tracking=True, help="The audit or the lawsuit, with its reference.")
    released_at = fields.Datetime(string="Released On", readonly=True, copy=False)
    released_by = fields.Many2one("res.users", readonly=True, copy=False, ondelete="restrict")
    release_reason = fields.Char(string="Why Released", copy=False, tracking=True)

    @api.constrains("date_from", "date_to")
    def _check_dates(self):
        for hold in self:
            if hold.date_to and hold.date_from > hold.date_to:
                raise ValidationError(self.env._("The period of a legal hold ends after it begins."))

    def write(self, vals):
        # EXTENDS 'base'
        if any(hold.released_at for hold in self) or {"company_id", "date_from", "date_to"} & vals.keys():
            raise UserError(self.env._("A legal hold is not changed: release it, and begin another one."))
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(self.env._("A legal hold is released, never deleted."))

    def action_release(self):
        """End the hold.

        :raise UserError: without a reason.
        """
        for hold in self:
            hold.check_access("write")
            if not (hold.release_reason or "").strip():
                raise UserError(self.env._("Say why the legal hold is released."))
            hold.write({"released_at": fields.Datetime.now(), "released_by": self.env.uid})


class L10nTnEdiArchiveEntry(models.Model):
    _inherit = "l10n_tn_edi.archive.entry"

    @api.model
    def _find_over(self, company):
        """:return: up to ``AT_ONCE`` entries of a company that are past their term and kept by no legal hold."""
        self.env.flush_all()
        query = SQL(
            """
            SELECT id FROM l10n_tn_edi_archive_entry
             WHERE company_id = %s AND kind = 'invoice' AND deletion_id IS NULL
               AND retain_until < (clock_timestamp() AT TIME ZONE 'Africa/Tunis')::date
               AND l10n_tn_edi_archive_over(id)
          ORDER BY mode, number LIMIT %s
            """,
            company.id,
            AT_ONCE,
        )
        return self.sudo().browse(entry_id for (entry_id,) in self.env.execute_query(query))

    @check_identity
    def action_delete_over(self):
        """Delete those of the entries that are past their term, as a responsible of the accounting whose password is asked
        for again.

        :return: an action that says how many they were.
        :raise AccessError: for anybody else.
        :raise UserError: when all of them have to be kept.
        """
        if not self.env.user.has_group("account.group_account_manager"):
            raise AccessError(self.env._("Only an accounting administrator may delete from the archive."))
        self.check_access("read")
        over = self.sudo()._over().filtered(lambda entry: entry.kind == "invoice" and not entry.deletion_id)
        if not over:
            raise UserError(
                self.env._("Their term has not ended, or a legal hold keeps them: nothing was deleted.")
            )
        over._delete_for_good()
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success",
                "message": self.env._("%(count)s entries past their term were deleted.", count=len(over)),
                "next": {"type": "ir.actions.client", "tag": "soft_reload"},
            },
        }

    @api.model
    def _delete_over(self, company):
        """Delete entries whose term has ended: their values and the bytes of their files. Number and hashes stay.

        Each run is itself an entry of the archive, of the kind 'deletion', which names the numbers: so it is sealed with
        the others and the verifier knows that what it misses was deleted rightly.

        :return: int, how many entries were deleted.
        """
        found = self._find_over(company)
        found._delete_for_good()
        return len(found)

    def _delete_for_good(self):
        """Entries whose term has ended, archive by archive: see ``_delete_over``."""
        for (company, mode), entries in self.grouped(lambda entry: (entry.company_id, entry.mode)).items():
            entries._delete_from_archive(company, mode)

    def _delete_from_archive(self, company, mode):
        numbers = self.mapped("number")
        data = records.deletion(numbers)
        file = self._record_file(records.DELETION, records.DELETION_NAME, "application/json", data)
        values = {"user": self.env.user.login}
        deletion = self._append(
            company, mode, [{"kind": "deletion", "values": values, "contents": [(file, data)]}]
        )
        told = self.env._("%(count)s entries past their term: %(numbers)s", count=len(self), numbers=numbers)
        self.env["l10n_tn_edi.archive.access"]._log("delete", entries=deletion, what=told)
        opening = self.env["l10n_tn_edi.archive.opening"]
        opening._open("retention", told)
        self.file_ids._delete_from_store()
        attachments = self.env["ir.attachment"].sudo()
        attachments.search(
            [
                ("res_model", "=", self.file_ids._name),
                ("res_id", "in", self.file_ids.ids),
                ("res_field", "=", "content"),
            ]
        ).unlink()
        self.write({**dict.fromkeys(EMPTIED, False), "deletion_id": deletion.id})
        opening._close()

    # --- Terms of other classes of data ----------------------------------------------------------------------------

    @api.model
    def _cron_retention(self):
        """Daily: what each company wants deleted after its term."""
        companies = self.env["res.company"].sudo().search([("l10n_tn_edi_enabled", "=", True)])
        for company in companies:
            steps = (
                self._delete_if_wanted,
                self._delete_bodies,
                self._delete_accesses,
                self._delete_workbooks,
            )
            for step in steps:
                try:
                    with self.env.cr.savepoint():
                        step(company)
                except Exception:
                    _logger.exception("What is past its term could not be deleted in %s", company.name)
                self.env["l10n_tn_edi.document"]._commit()

    @api.model
    def _delete_if_wanted(self, company):
        if company.l10n_tn_edi_archive_delete:
            self._delete_over(company)

    @api.model
    def _delete_bodies(self, company):
        """Requests and answers of old exchanges; what was called, when, with which hash, stays."""
        before = fields.Datetime.subtract(fields.Datetime.now(), years=company.l10n_tn_edi_exchange_years)
        exchanges = self.env["l10n_tn_edi.exchange"].sudo()
        found = exchanges.search(
            [
                ("company_id", "=", company.id),
                ("finished_at", "<", before),
                "|",
                *("|", ("request_text", "!=", False), ("response_text", "!=", False)),
                *("|", ("request_file", "!=", False), ("response_file", "!=", False)),
            ],
            limit=AT_ONCE,
            order="id",
        )
        if found:
            opening = self.env["l10n_tn_edi.archive.opening"]
            opening._open("retention", self.env._("%(count)s exchanges past their term", count=len(found)))
            found.write(dict.fromkeys(BODIES, False))
            opening._close()

    @api.model
    def _delete_accesses(self, company):
        before = fields.Datetime.subtract(fields.Datetime.now(), years=company.l10n_tn_edi_access_years)
        found = (
            self.env["l10n_tn_edi.archive.access"]
            .sudo()
            .search([("company_id", "=", company.id), ("at", "<", before)], limit=AT_ONCE * 10, order="id")
        )
        if found:
            opening = self.env["l10n_tn_edi.archive.opening"]
            opening._open("retention", self.env._("%(count)s lines of the access log", count=len(found)))
            found.unlink()
            opening._close()

    @api.model
    def _delete_workbooks(self, company):
        """What imported workbooks told of customers; which invoice came in with which import stays."""
        before = fields.Datetime.subtract(fields.Datetime.now(), years=company.l10n_tn_edi_personal_years)
        imports = self.env["l10n_tn_edi.import"].sudo()
        found = imports.search(
            [
                ("company_id", "=", company.id),
                ("create_date", "<", before),
                ("state", "!=", "running"),
                *("|", ("file", "!=", False), ("invoice_ids.payload", "!=", False)),
            ],
            limit=AT_ONCE,
            order="id",
        )
        found.write({"file": False, "error_journal": False})
        found.invoice_ids.write({"payload": False})
        found.finding_ids.write({"value": False, "params": False})


class L10nTnEdiArchiveFile(models.Model):
    _inherit = "l10n_tn_edi.archive.file"

    def _delete_from_store(self):
        """Take what lies in an object store away; the store itself refuses before the file's day.

        :raise StoreError: (an OSError) then, or when it gives no answer.
        """
        for file in self.filtered(lambda file: file.store == "s3"):
            self.env["l10n_tn_edi.archive.store"]._delete(file.company_id, file.store_key, file.store_version)
