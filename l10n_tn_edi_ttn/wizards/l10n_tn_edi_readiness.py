from collections import defaultdict

from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.fields import Command

from ..models.res_company_readiness import MONTHS
from ..models.res_company_teif import VERSIONS

# More lines than these are not read on a screen; the counts are of all.
LINES_KEPT = 1000
# The list in which records of a model are mended, many at once.
MENDING_VIEWS = {
    "res.partner": "l10n_tn_edi_ttn.view_partner_mending_list",
    "product.product": "l10n_tn_edi_ttn.view_product_mending_list",
    "account.tax": "l10n_tn_edi_ttn.view_tax_mending_list",
    "uom.uom": "l10n_tn_edi_ttn.view_uom_mending_list",
}
SEVERITIES = [("blocking", "Blocking"), ("warning", "Warning"), ("advice", "Advice")]


class L10nTnEdiReadiness(models.TransientModel):
    """Which invoices of a period would fail in a version of TEIF, and why. Nothing is sent."""

    _name = "l10n_tn_edi.readiness"
    _description = "Readiness for Electronic Invoicing"

    company_id = fields.Many2one("res.company", required=True, default=lambda self: self.env.company)
    version = fields.Selection(
        VERSIONS,
        required=True,
        default=lambda self: (
            self.env.company.l10n_tn_edi_next_version or self.env.company.l10n_tn_edi_version
        ),
    )
    date_from = fields.Date(
        required=True, default=lambda self: fields.Date.context_today(self) - relativedelta(months=MONTHS)
    )
    date_to = fields.Date(required=True, default=fields.Date.context_today)
    limit = fields.Integer(
        string="At Most",
        default=2000,
        help="Invoices that are examined, the latest first; 0 for all of them.",
    )
    move_ids = fields.Many2many("account.move", string="Selected Invoices")
    done = fields.Boolean()
    checked = fields.Integer(string="Examined", readonly=True)
    ready = fields.Integer(string="Would Pass", readonly=True)
    failing = fields.Integer(string="Would Fail", readonly=True)
    left = fields.Integer(string="Not Examined", readonly=True)
    fault_ids = fields.One2many("l10n_tn_edi.readiness.fault", "readiness_id", readonly=True)
    line_ids = fields.One2many("l10n_tn_edi.readiness.line", "readiness_id", readonly=True)

    def _compute_display_name(self):
        # OVERRIDE 'base': what stands above the screen
        self.display_name = self.env._("Readiness for Electronic Invoicing")

    def action_check(self):
        """Examine the invoices and show the report."""
        self.ensure_one()
        company = self.company_id
        if self.move_ids:
            result = {**company._l10n_tn_edi_examine(self.move_ids, self.version), "left": 0}
        else:
            result = company._l10n_tn_edi_readiness(
                self.version, self.date_from, self.date_to, self.limit or None
            )
        self.write(
            {
                "done": True,
                "checked": result["checked"],
                "failing": result["failing"],
                "ready": result["checked"] - result["failing"],
                "left": result["left"],
                "fault_ids": [
                    Command.clear(),
                    *(Command.create(self._fault_values(fault)) for fault in result["faults"]),
                ],
                "line_ids": [Command.clear(), *map(Command.create, self._line_values(result["invoices"]))],
            }
        )
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Readiness for Electronic Invoicing"),
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
            "target": "current",
        }

    def action_propose(self):
        """Show what of the commonest faults can be mended without knowing more: many records at once."""
        self.ensure_one()
        record_ids = defaultdict(list)
        for fault in self.fault_ids:
            record_ids[fault.model] += fault.res_ids or []
        return self.env["l10n_tn_edi.mending"]._open(record_ids)

    @api.model
    def _fault_values(self, fault):
        return {
            "code": fault["code"],
            "severity": fault["severity"],
            "sentence": fault["sentence"],
            "count": fault["count"],
            "model": fault["model"],
            "res_ids": fault["res_ids"],
        }

    def _line_values(self, invoices):
        explain = self.env["account.move"]._l10n_tn_edi_explain
        values = []
        for move_id, findings in invoices:
            if len(values) >= LINES_KEPT:
                break
            values += [
                {
                    "move_id": move_id,
                    "severity": item["severity"],
                    "sentence": item["sentence"],
                    "model": item["model"],
                    "res_id": item["res_id"],
                }
                for item in explain(findings)
            ]
        return values[:LINES_KEPT]


class L10nTnEdiReadinessFault(models.TransientModel):
    """One of the commonest faults, with the records to mend."""

    _name = "l10n_tn_edi.readiness.fault"
    _description = "Common Fault of Electronic Invoices"

    readiness_id = fields.Many2one("l10n_tn_edi.readiness", required=True, ondelete="cascade")
    code = fields.Char()
    severity = fields.Selection(SEVERITIES)
    sentence = fields.Char(string="Example")
    count = fields.Integer(string="Invoices")
    model = fields.Char()
    res_ids = fields.Json()

    def action_mend(self):
        """Open the records to mend in a list that writes many at once."""
        self.ensure_one()
        model, ids = self.model, self.res_ids or []
        if model == "account.move.line":
            model, ids = "account.move", self.env[model].browse(ids).exists().move_id.ids
        action = {
            "type": "ir.actions.act_window",
            "name": self.sentence,
            "res_model": model,
            "view_mode": "list,form",
            "domain": [("id", "in", ids)],
            "context": {"active_test": False},
        }
        view = (
            self.env.ref(MENDING_VIEWS.get(model, ""), raise_if_not_found=False)
            if model in MENDING_VIEWS
            else None
        )
        if view:
            action["views"] = [(view.id, "list"), (False, "form")]
        return action


class L10nTnEdiReadinessLine(models.TransientModel):
    """One finding about one invoice."""

    _name = "l10n_tn_edi.readiness.line"
    _description = "Finding of the Readiness Check"

    readiness_id = fields.Many2one("l10n_tn_edi.readiness", required=True, ondelete="cascade")
    move_id = fields.Many2one("account.move", string="Invoice", required=True, ondelete="cascade")
    severity = fields.Selection(SEVERITIES)
    sentence = fields.Char(string="What to Correct")
    model = fields.Char()
    res_id = fields.Integer()

    def action_open(self):
        """Open the record that the finding is about."""
        self.ensure_one()
        model, res_id = self.model, self.res_id
        if not model or not res_id or model == "account.move.line":
            model, res_id = "account.move", self.move_id.id
        return self.env[model].browse(res_id)._get_records_action(views=[(False, "form")])
