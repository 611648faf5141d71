"""The checker on an invoice: while it is a draft, over a selection, against a version to come."""

import logging

from markupsafe import Markup

from odoo import api, fields, models

from ..teif import check
from .l10n_tn_edi_messages import SHOWN
from .l10n_tn_edi_text import cut

_logger = logging.getLogger(__name__)

SHOWN_LIVE = 8
ICONS = {"blocking": "fa-times-circle text-danger", "warning": "fa-exclamation-triangle text-warning"}


class AccountMove(models.Model):
    _inherit = "account.move"

    l10n_tn_edi_live_html = fields.Html(
        string="Electronic Invoice",
        compute="_compute_l10n_tn_edi_live_html",
        sanitize=False,
        help="What TTN would refuse of this draft, as it is now. It stops nothing before the invoice is sent.",
    )

    def _l10n_tn_edi_check(self, root, document):
        """The findings about ``document``, whose bytes were read into ``root``: ours, and TTN's own schema's when loaded.

        :return: list of ``teif.findings.Finding``.
        """
        return self.env["l10n_tn_edi.schema"]._final(check.check(root, document=document), root)

    # === The draft === #

    @api.depends(
        "state",
        "move_type",
        "partner_id",
        "journal_id",
        "invoice_date",
        "invoice_line_ids",
        "invoice_line_ids.name",
        "invoice_line_ids.tax_ids",
        "invoice_line_ids.price_subtotal",
        "currency_id",
        "partner_bank_id",
        "l10n_tn_edi_type_code",
        "l10n_tn_edi_exclusion",
        "l10n_tn_edi_reference_ids",
        "l10n_tn_edi_credit_reason",
        "l10n_tn_edi_original_number",
        "l10n_tn_edi_statement_number",
        "l10n_tn_edi_contract_number",
        "l10n_tn_edi_final_country_id",
        "l10n_tn_edi_supply",
        "l10n_tn_edi_note",
    )
    @api.depends_context("lang")
    def _compute_l10n_tn_edi_live_html(self):
        for move in self:
            items = move._l10n_tn_edi_live_findings()
            if not items:
                move.l10n_tn_edi_live_html = False
                continue
            headline = (
                self.env._("To correct before this invoice can go to TTN:")
                if any(item["severity"] == "blocking" for item in items)
                else self.env._("Worth a look before this invoice goes to TTN:")
            )
            move.l10n_tn_edi_live_html = Markup('<div class="fw-bold">%s</div>%s') % (
                headline,
                self._l10n_tn_edi_list(items, SHOWN_LIVE),
            )

    def _l10n_tn_edi_live_findings(self):
        """What would stop or worry of a draft that El Fatoora is concerned with, explained; nothing before it has a line."""
        self.ensure_one()
        if self.state != "draft" or not self._l10n_tn_edi_is_candidate():
            return []
        try:
            findings = self._l10n_tn_edi_findings()
        except Exception:  # an invoice that is being typed may lack anything: that must not stop the typing
            _logger.exception("Draft %s could not be checked", self._origin.id)
            return []
        # Odoo completes entry and totals of what is being typed when it is saved.
        typed = not self.id
        items = [
            item
            for item in findings
            if item["severity"] != "advice" and not (typed and item["code"].startswith("amount."))
        ]
        for item in items:
            # A record that is being edited is known to links by its stored id.
            if item["model"] and item["res_id"]:
                item["res_id"] = self.env[item["model"]].browse(item["res_id"])._origin.id
        return self._l10n_tn_edi_explain(items)

    def _l10n_tn_edi_is_candidate(self):
        """Whether a draft would be deposited once it is posted, and is far enough to be looked at."""
        company = self.company_id
        if (
            not company.l10n_tn_edi_enabled
            or self.move_type not in ("out_invoice", "out_refund")
            or not self.journal_id.l10n_tn_edi_enabled
            or self.l10n_tn_edi_exclusion
            or not self.partner_id
            or not company.l10n_tn_edi_go_live_date
        ):
            return False
        day = self.invoice_date or fields.Date.context_today(self)
        lines = self.invoice_line_ids.filtered(lambda line: line.display_type == "product")
        return (
            bool(lines)
            and day >= company.l10n_tn_edi_go_live_date
            and self._l10n_tn_edi_concerned_by_rules()[0]
        )

    @api.model
    def _l10n_tn_edi_list(self, items, shown):
        """Findings as a list for people, each with a link to the record to mend.

        :param list items: of :meth:`_l10n_tn_edi_explain`.
        :param int shown: more than these are counted only.
        """
        lines = [
            Markup('<li><i class="fa %s me-1"></i>%s%s</li>')
            % (
                ICONS.get(item["severity"], "fa-info-circle text-info"),
                item["sentence"],
                self._l10n_tn_edi_link(item),
            )
            for item in items[:shown]
        ]
        if len(items) > shown:
            more = self.env._("… and %(count)s more.", count=len(items) - shown)
            lines.append(Markup("<li>%s</li>") % more)
        return Markup('<ul class="list-unstyled mb-0">%s</ul>') % Markup().join(lines)

    @api.model
    def _l10n_tn_edi_link(self, item):
        """The link to the record of an explained finding; nothing for the invoice itself, which is on the screen."""
        model, res_id = item["model"], item["res_id"]
        if not model or not isinstance(res_id, int) or model in ("account.move", "account.move.line"):
            return ""
        record = self.env[model].browse(res_id)
        if not record.has_access("read"):
            return ""
        name = cut(record.sudo().display_name, SHOWN)
        return Markup(' <a href="/odoo/%s/%s">%s</a>') % (
            model,
            res_id,
            self.env._("Open %(record)s", record=name),
        )

    # === A selection === #

    def action_l10n_tn_edi_readiness(self):
        """Open the readiness check on these invoices."""
        moves = self.filtered(lambda move: move.move_type in ("out_invoice", "out_refund"))
        wizard = self.env["l10n_tn_edi.readiness"].create({"move_ids": [(6, 0, moves.ids)]})
        return wizard.action_check()
