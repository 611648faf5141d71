from odoo import api, fields, models
from odoo.addons.base.models.res_users import check_identity
from odoo.exceptions import AccessError, UserError, ValidationError

MAY_EXPORT = "l10n_tn_edi_ttn.group_archive_auditor,account.group_account_manager"


class L10nTnEdiArchiveExportAsk(models.TransientModel):
    """What is exported, and why: asked before, with the password, and written down."""

    _name = "l10n_tn_edi.archive.export.ask"
    _description = "Export of the Archive"

    company_id = fields.Many2one(
        "res.company", required=True, readonly=True, default=lambda self: self.env.company
    )
    mode = fields.Selection(
        [("test", "Test"), ("production", "Production")],
        string="Platform",
        required=True,
        default=lambda self: self.env.company.l10n_tn_edi_mode,
    )
    date_from = fields.Date(string="Invoices From")
    date_to = fields.Date(string="Invoices To")
    partner_id = fields.Many2one("res.partner", string="Customer", help="Empty: all customers.")
    entry_ids = fields.Many2many(
        "l10n_tn_edi.archive.entry",
        string="Chosen Entries",
        readonly=True,
        relation="l10n_tn_edi_export_ask_entry",
    )
    reason = fields.Char(help="The inspection with its letter, the change of software…")
    count = fields.Integer(string="Entries", compute="_compute_count")
    unsealed_count = fields.Integer(compute="_compute_count")

    @api.depends("mode", "date_from", "date_to", "partner_id", "entry_ids")
    def _compute_count(self):
        for ask in self:
            entries = self.env["l10n_tn_edi.archive.entry"]
            found = ask._domain()
            last = ask._last_sealed()
            ask.count = entries.search_count([*found, ("number", "<=", last)])
            ask.unsealed_count = entries.search_count([*found, ("number", ">", last)])

    @api.constrains("date_from", "date_to")
    def _check_dates(self):
        for ask in self:
            if ask.date_from and ask.date_to and ask.date_from > ask.date_to:
                raise ValidationError(self.env._("The period ends before it begins."))

    @api.model
    def _open(self, entries):
        """:param entries: ``l10n_tn_edi.archive.entry`` that were chosen; none for a period or a customer.
        :return: the action that asks.
        :raise UserError: when they are of several archives.
        """
        self._check_may_export()
        values = {}
        if entries:
            if len(entries.company_id) > 1 or len(set(entries.mapped("mode"))) > 1:
                raise UserError(self.env._("Choose entries of one company and one platform."))
            values = {
                "company_id": entries.company_id.id,
                "mode": entries[0].mode,
                "entry_ids": [fields.Command.set(entries.ids)],
            }
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Export for an Inspection"),
            "res_model": self._name,
            "res_id": self.create(values).id,
            "views": [(False, "form")],
            "target": "new",
        }

    @api.model
    def action_open(self):
        """Ask for a period or a customer."""
        return self._open(self.env["l10n_tn_edi.archive.entry"])

    @api.model
    def _check_may_export(self):
        if not self.env.user.has_groups(MAY_EXPORT):
            raise AccessError(self.env._("Only auditors and accounting administrators export the archive."))

    def _domain(self):
        """:return: domain of the entries that were asked for."""
        self.ensure_one()
        domain = [("company_id", "=", self.company_id.id), ("mode", "=", self.mode)]
        if self.entry_ids:
            return [*domain, ("id", "in", self.entry_ids.ids)]
        if self.date_from:
            domain.append(("document_date", ">=", self.date_from))
        if self.date_to:
            domain.append(("document_date", "<=", self.date_to))
        if self.partner_id:
            domain.append(("partner_id", "child_of", self.partner_id.commercial_partner_id.ids))
        return domain

    def _last_sealed(self):
        """:return: the highest number that is sealed and stamped: what comes after it can't be proved yet."""
        return self.env["l10n_tn_edi.archive.export"]._last_provable(self.company_id, self.mode)

    @check_identity
    def action_export(self):
        """Order the file; a scheduled action writes it.

        :raise UserError: without a reason, or when there is nothing to export.
        """
        self.ensure_one()
        self._check_may_export()
        if not (self.reason or "").strip():
            raise UserError(self.env._("Say why the archive is exported: it is written down."))
        # As the user: nothing is exported that he may not see
        entries = self.env["l10n_tn_edi.archive.entry"].search(
            [*self._domain(), ("number", "<=", self._last_sealed())], order="number"
        )
        if not entries:
            raise UserError(
                self.env._(
                    "Nothing is to be exported: there are no such entries, or their day is not sealed and stamped yet."
                )
            )
        export = self.env["l10n_tn_edi.archive.export"]._order_export(
            entries, self.reason.strip(), self._what()
        )
        return export._get_records_action(target="main")

    def _what(self):
        """:return: str, what was asked for, for the log."""
        if self.entry_ids:
            return self.env._("chosen entries")
        period = f"{self.date_from or '…'} – {self.date_to or '…'}"
        return f"{period}, {self.partner_id.display_name}" if self.partner_id else period
