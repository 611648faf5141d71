from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command

# More lines than these are not read on a screen: the rest comes when these are done.
LINES_KEPT = 1000
# What a company's electronic invoices are made of, and which of it is looked at without a selection.
EVERYTHING = {
    "res.partner": [("customer_rank", ">", 0)],
    "product.product": [("sale_ok", "=", True)],
    "account.tax": [("type_tax_use", "=", "sale")],
    "uom.uom": [],
}


class L10nTnEdiMending(models.TransientModel):
    """Records whose data can be written as TTN reads it, old and new side by side; what is chosen is written."""

    _name = "l10n_tn_edi.mending"
    _description = "Mending for Electronic Invoices"

    line_ids = fields.One2many("l10n_tn_edi.mending.line", "mending_id")
    left = fields.Integer(string="Not Shown", readonly=True)
    written = fields.Integer(readonly=True)

    def _compute_display_name(self):
        # OVERRIDE 'base': what stands above the screen
        self.display_name = self.env._("Mend for Electronic Invoicing")

    @api.model
    def _open(self, record_ids=None):
        """Open the proposals for some records, or for all that invoices of the user's companies are made of.

        :param dict record_ids: ids by model; models that nothing can be proposed for are passed over.
        :return: an action.
        """
        proposals = []
        for model, domain in EVERYTHING.items():
            if record_ids is not None:
                domain = [("id", "in", record_ids.get(model, ()))]
            if self.env[model].has_access("write"):
                proposals += self.env[model].search(domain)._l10n_tn_edi_proposals()
        wizard = self.create(
            {
                "line_ids": [
                    Command.create(self._line_values(proposal)) for proposal in proposals[:LINES_KEPT]
                ],
                "left": max(0, len(proposals) - LINES_KEPT),
            }
        )
        return wizard._action()

    def _action(self):
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Mend for Electronic Invoicing"),
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
            "target": "current",
        }

    @api.model
    def _line_values(self, proposal):
        record = proposal.record
        return {
            "model": record._name,
            "res_id": record.id,
            "field": proposal.field,
            "before": {name: record[name] or False for name in proposal.values},
            "after": proposal.values,
        }

    def action_apply(self):
        """Write what is chosen; what could not be written stays with the reason."""
        self.ensure_one()
        done = self.line_ids.filtered(lambda line: line.chosen and line._write_proposal())
        for model, lines in done.grouped("model").items():
            if isinstance(self.env[model], self.pool["mail.thread"]):
                lines._log()
        self.written += len(done)
        done.unlink()
        return self._action()


class L10nTnEdiMendingLine(models.TransientModel):
    _name = "l10n_tn_edi.mending.line"
    _description = "Proposal of Mending"

    mending_id = fields.Many2one("l10n_tn_edi.mending", required=True, ondelete="cascade")
    chosen = fields.Boolean(string="Write", default=True)
    model = fields.Char(readonly=True, required=True)
    res_id = fields.Many2oneReference(model_field="model", readonly=True, required=True)
    field = fields.Char(readonly=True, required=True)
    before = fields.Json(readonly=True)
    after = fields.Json(readonly=True)
    record = fields.Char(compute="_compute_texts")
    field_label = fields.Char(string="Field to Mend", compute="_compute_texts")
    old = fields.Char(string="Now", compute="_compute_texts")
    new = fields.Char(string="Proposed", compute="_compute_texts")
    problem = fields.Char(string="Not Written", readonly=True)

    @api.depends("model", "res_id", "before", "after")
    @api.depends_context("lang")
    def _compute_texts(self):
        for line in self:
            record = line._record()
            field = self.env[line.model]._fields[line.field]
            line.record = record.display_name if record else False
            line.field_label = field._description_string(self.env)
            line.old, line.new = line._shown(line.before), line._shown(line.after)

    def _record(self):
        return self.env[self.model].browse(self.res_id).exists()

    def _shown(self, values):
        """``values`` ({field: value}) as a person reads them: several on one line, a choice by its label."""
        fields_of = self.env[self.model]._fields
        texts = []
        for name, value in (values or {}).items():
            labels = {}
            if fields_of[name].type == "selection":
                labels = dict(fields_of[name]._description_selection(self.env))
            texts.append(labels.get(value, value))
        return " | ".join(filter(None, texts))

    def _write_proposal(self):
        """:return: whether it was written; the reason why not is kept."""
        record = self._record()
        if not record or any((record[name] or False) != value for name, value in self.before.items()):
            self.problem = self.env._("It was changed in the meantime.")
            return False
        try:
            with self.env.cr.savepoint():
                record.write(self.after)
        except (AccessError, UserError, ValidationError) as error:
            self.problem = str(error)
            return False
        return True

    def _log(self):
        """Say on the records, which are of one model, what was written."""
        bodies = {}
        for line in self:
            text = self.env._(
                "%(field)s written as TTN reads it: %(old)s → %(new)s",
                field=line.field_label,
                old=line.old,
                new=line.new,
            )
            bodies[line.res_id] = f"{bodies[line.res_id]}. {text}" if line.res_id in bodies else text
        self.env[self[:1].model].browse(bodies)._message_log_batch(bodies=bodies)

    def action_open(self):
        """Open the record."""
        self.ensure_one()
        return self._record()._get_records_action(views=[(False, "form")])
