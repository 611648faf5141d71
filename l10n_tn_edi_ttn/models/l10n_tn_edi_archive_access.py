"""Who looks at the archive: a log that is only added to, and the mandates of auditors."""

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from .l10n_tn_edi_text import cut

SHOWN = 500
READER = "l10n_tn_edi_ttn.group_archive_reader"
AUDITOR = "l10n_tn_edi_ttn.group_archive_auditor"


class L10nTnEdiArchiveAccess(models.Model):
    """One look at the archive: who, when, what, why."""

    _name = "l10n_tn_edi.archive.access"
    _description = "Access to the Archive of Electronic Invoices"
    _inherit = ["l10n_tn_edi.archive.guard"]
    _order = "id desc"
    _rec_name = "what"

    company_id = fields.Many2one("res.company", required=True, readonly=True, index=True, ondelete="restrict")
    user_id = fields.Many2one("res.users", required=True, readonly=True, index=True, ondelete="restrict")
    at = fields.Datetime(string="When", required=True, readonly=True, index=True)
    action = fields.Selection(
        [
            ("search", "List"),
            ("view", "View"),
            ("download", "Download"),
            ("export", "Export"),
            ("verify", "Check"),
            ("delete", "Deletion after the Term"),
        ],
        required=True,
        readonly=True,
    )
    entry_id = fields.Many2one(
        "l10n_tn_edi.archive.entry", readonly=True, index="btree_not_null", ondelete="restrict"
    )
    what = fields.Char(readonly=True)
    reason = fields.Char(string="Why", readonly=True)

    @api.model
    def _log(self, action, reason=None, entries=None, what=None, company=None):
        """Write down that the current user looks at the archive; a row for each company.

        :param str action: see the field.
        :param str reason: why, where it was asked for.
        :param entries: the entries that are looked at.
        :param str what: the file, the period or whatever else tells what it was; numbers of the entries by default.
        :param company: the ``res.company``, when there are no entries.
        :return: the new rows.
        """
        entries = entries.sudo() if entries is not None else self.env["l10n_tn_edi.archive.entry"].sudo()
        now = self.env["l10n_tn_edi.exchange"]._database_now()
        values = []
        for owner in entries.company_id or company or self.env.company:
            own = entries.filtered(lambda entry, owner=owner: entry.company_id == owner)
            numbers = sorted(own.mapped("number"))
            told = what or (", ".join(map(str, numbers)) if numbers else "")
            values.append(
                {
                    "company_id": owner.id,
                    "user_id": self.env.uid,
                    "at": now,
                    "action": action,
                    "entry_id": own.id if len(own) == 1 else False,
                    "what": cut(told, SHOWN),
                    "reason": cut(reason or "", SHOWN) or False,
                }
            )
        return self.sudo().create(values)


class L10nTnEdiArchiveEntry(models.Model):
    """Every look at entries through Odoo is logged, on the server, however it comes."""

    _inherit = "l10n_tn_edi.archive.entry"

    in_mandate = fields.Boolean(
        compute="_compute_in_mandate",
        search="_search_in_mandate",
        help="Whether a mandate lets the user see the entry as an auditor.",
    )

    @api.depends_context("uid")
    def _compute_in_mandate(self):
        seen = self.sudo().filtered_domain(self._mandate_domain())
        for entry in self:
            entry.in_mandate = entry in seen

    @api.model
    def _search_in_mandate(self, operator, value):
        if operator != "in" or set(value) != {True}:
            return NotImplemented
        return self._mandate_domain()

    @api.model
    def _mandate_domain(self):
        """:return: domain of the entries that the user's mandates cover today."""
        return self.env["l10n_tn_edi.archive.mandate"].sudo()._entries_domain(self.env.uid)

    def read(self, fields=None, load="_classic_read"):
        # EXTENDS 'base'
        self._log_look()
        return super().read(fields, load)

    @api.model
    def search_read(self, domain=None, fields=None, offset=0, limit=None, order=None, **read_kwargs):
        # EXTENDS 'base'
        values = super().search_read(domain, fields, offset, limit, order, **read_kwargs)
        self.browse(row["id"] for row in values)._log_look()
        return values

    def export_data(self, fields_to_export):
        # EXTENDS 'base'
        if not self.env.su and self:
            self.env["l10n_tn_edi.archive.access"]._log(
                "export", entries=self, what=", ".join(fields_to_export)
            )
        return super().export_data(fields_to_export)

    def _log_look(self):
        """Log that the user sees these entries; Odoo's own work in superuser mode is none."""
        if self and not self.env.su:
            self.env["l10n_tn_edi.archive.access"]._log("view" if len(self) == 1 else "search", entries=self)


class L10nTnEdiArchiveFile(models.Model):
    _inherit = "l10n_tn_edi.archive.file"

    def _download(self, reason=None):
        """The bytes for the current user: checked, logged.

        :param str reason: why, where it was asked for.
        :return: iterator of bytes.
        """
        self.ensure_one()
        self.check_access("read")
        self.entry_id.check_access("read")
        self.env["l10n_tn_edi.archive.access"]._log(
            "download",
            reason=reason,
            entries=self.entry_id,
            what=f"{self.sudo().entry_id.number}/{self.name}",
        )
        return self.sudo()._read()


class L10nTnEdiArchiveMandate(models.Model):
    """What an auditor may see: one company, documents of a period, for a time."""

    _name = "l10n_tn_edi.archive.mandate"
    _description = "Mandate to Read the Archive"
    _order = "valid_until desc, id desc"
    _rec_name = "reason"

    user_id = fields.Many2one("res.users", string="Auditor", required=True, index=True, ondelete="restrict")
    company_id = fields.Many2one(
        "res.company", required=True, index=True, default=lambda self: self.env.company, ondelete="restrict"
    )
    date_from = fields.Date(string="Invoices From", required=True)
    date_to = fields.Date(string="Invoices To", required=True)
    valid_until = fields.Date(required=True, help="The last day on which the auditor may look.")
    reason = fields.Char(required=True, help="The mission, with its letter or number.")
    active = fields.Boolean(default=True)

    @api.constrains("date_from", "date_to")
    def _check_dates(self):
        for mandate in self:
            if mandate.date_from > mandate.date_to:
                raise ValidationError(self.env._("The period of a mandate ends after it begins."))

    @api.constrains("user_id", "company_id")
    def _check_user(self):
        for mandate in self:
            if mandate.company_id not in mandate.user_id.company_ids:
                raise ValidationError(
                    self.env._(
                        "%(user)s does not work with %(company)s: allow the company on the user first.",
                        user=mandate.user_id.name,
                        company=mandate.company_id.name,
                    )
                )

    @api.model
    def _entries_domain(self, user_id):
        """:param int user_id: of an auditor.
        :return: domain of the entries that this user may see today.
        """
        mandates = self.search(
            [("user_id", "=", user_id), ("valid_until", ">=", fields.Date.context_today(self))]
        )
        return fields.Domain.OR(
            fields.Domain(
                [
                    ("company_id", "=", mandate.company_id.id),
                    ("document_date", ">=", mandate.date_from),
                    ("document_date", "<=", mandate.date_to),
                ]
            )
            for mandate in mandates
        )
