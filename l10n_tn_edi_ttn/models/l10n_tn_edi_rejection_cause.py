import secrets

from odoo import api, fields, models, tools
from odoo.exceptions import UserError, ValidationError

from ..elfatoora import rejections
from ..elfatoora.rejections_data import CATALOGUE, NETWORK, UNKNOWN_RULE, Rule
from .l10n_tn_edi_rejection_mending import CHANGES_AMOUNTS, MENDING, MODELS, TARGETS

KINDS = [
    ("content", "Content of the Invoice"),
    ("configuration", "Configuration"),
    ("technical", "Technical"),
    ("unknown", "Unknown"),
]
# What the protocol of deposits relies on: of a shipped cause it is not a matter of taste.
PROTOCOL_FIELDS = frozenset({"kind", "blocking", "same_bytes", "account_wide", "surely_refused"})
SHOWN_CODES = 3  # one cause has a hundred
# Details that sentences name and a message may lack
UNTOLD = dict.fromkeys(("attribute", "element", "length", "limit", "value"), "…")


class L10nTnEdiRejectionCause(models.Model):
    """One cause for which TTN refuses an invoice: how it is known, what it means, where it is mended.

    The shipped causes come from the pure catalogue (``elfatoora.rejections_data``) and are not overwritten by updates; their
    patterns and sentences stay there. What a user adds, to a shipped cause or as one of his own, is looked at first.
    """

    _name = "l10n_tn_edi.rejection.cause"
    _inherit = ["l10n_tn_edi.cached"]
    _description = "Cause of a Rejection by TTN"
    _order = "sequence, id"

    name = fields.Char(
        string="In Your Words",
        translate=True,
        help="What it means and what to do. Shipped causes have a sentence of their own, unless you write another.",
    )
    sentence = fields.Text(compute="_compute_sentence", string="Meaning and Remedy")
    code = fields.Char(required=True, readonly=True, copy=False, default=lambda self: self._new_code())
    shipped = fields.Boolean(readonly=True, copy=False)
    active = fields.Boolean(default=True)
    sequence = fields.Integer(default=10)

    # --- How it is known -------------------------------------------------------------------------------------------
    patterns = fields.Text(
        string="Messages",
        help="Words of TTN's message, one message a line; * stands for anything. Case and accents don't matter. These are "
        "looked at before the shipped ones.",
    )
    ttn_codes = fields.Char(
        string="TTN's Codes",
        help="Such as SERV09, separated by commas. With messages, both must fit; alone, the code is enough.",
    )
    shipped_patterns = fields.Text(compute="_compute_shipped", help="As regular expressions.")
    shipped_codes = fields.Char(compute="_compute_shipped")
    sample = fields.Char(
        compute="_compute_shipped", string="For Instance", help="One of the shipped messages."
    )

    # --- What it means ---------------------------------------------------------------------------------------------
    kind = fields.Selection(KINDS, required=True, default="content")
    blocking = fields.Boolean(
        default=True, help="Otherwise TTN notes it and accepts the invoice all the same."
    )
    same_bytes = fields.Boolean(
        string="Signed Document Stays Good",
        help="Once the cause is mended, what was signed can be deposited as it is.",
    )
    account_wide = fields.Boolean(
        string="Concerns All Invoices", help="Every other invoice of the account would meet the same cause."
    )
    surely_refused = fields.Boolean(
        string="Surely Not Deposited",
        help="TTN answers this instead of taking the document. In doubt leave it off: TTN is asked before anything else.",
    )

    # --- What mends it ---------------------------------------------------------------------------------------------
    target = fields.Selection(TARGETS, string="What to Mend", required=True, default="invoice")
    field_name = fields.Char(string="Field", help="Technical name of the field to mend on that record.")
    field_label = fields.Char(compute="_compute_field_label", string="Field to Mend")
    changes_amounts = fields.Boolean(
        help="The invoice itself is wrong: it is reset to draft, or replaced when its period is closed."
    )

    # --- Seen ------------------------------------------------------------------------------------------------------
    rejection_ids = fields.One2many("l10n_tn_edi.rejection", "cause_id", string="Rejections")
    rejection_count = fields.Integer(compute="_compute_rejection_count")

    # --- Try a message ---------------------------------------------------------------------------------------------
    try_text = fields.Text(string="Try a Message", store=False)
    try_result = fields.Text(string="Cause Found", store=False, readonly=True)

    _code_unique = models.Constraint("UNIQUE(code)", "Each cause has a code of its own.")

    @api.model
    def _new_code(self):
        return f"own.{secrets.token_hex(6)}"

    # --- Computed --------------------------------------------------------------------------------------------------

    @api.depends("name", "code")
    @api.depends_context("lang")
    def _compute_sentence(self):
        messages = self.env["l10n_tn_edi.messages"]
        for cause in self:
            cause.sentence = cause.name or (
                cause.shipped and messages._sentence(cause.code, {"expected": "…"})
            )

    @api.depends("sentence")
    @api.depends_context("lang")
    def _compute_display_name(self):
        for cause in self:
            cause.display_name = cause.sentence or cause.code

    @api.depends("code")
    def _compute_shipped(self):
        rules = self._shipped_rules()
        for cause in self:
            rule = rules.get(cause.code, UNKNOWN_RULE)
            codes = rule.codes if len(rule.codes) <= SHOWN_CODES else (*rule.codes[:SHOWN_CODES], "…")
            cause.shipped_codes = ", ".join(codes)
            cause.shipped_patterns = "\n".join((*codes, *rule.patterns))
            cause.sample = rule.sample

    @api.depends("target", "field_name")
    @api.depends_context("lang")
    def _compute_field_label(self):
        for cause in self:
            model = MODELS.get(cause.target)
            field = self.env[model]._fields.get(cause.field_name or "") if model else None
            cause.field_label = field._description_string(self.env) if field else False

    def _compute_rejection_count(self):
        counts = dict(
            self.env["l10n_tn_edi.rejection"]._read_group(
                [("cause_id", "in", self.ids)], ["cause_id"], ["__count"]
            )
        )
        for cause in self:
            cause.rejection_count = counts.get(cause, 0)

    @api.onchange("try_text", "patterns", "ttn_codes")
    def _onchange_try_text(self):
        """Show which cause a message would get, with this one as it is being typed."""
        for cause in self:
            cause.try_result = False
            if not cause.try_text:
                continue
            try:
                own = cause._rule()
            except ValueError:
                own = None
            others = tuple(rule for rule in self._rules() if rule.cause != cause.code)
            found = rejections.classify(cause.try_text, extra=(own, *others) if own else others)
            known = cause if found.code == cause.code else self._of_codes({found.code})[found.code]
            cause.try_result = known.sentence

    # --- Rules -----------------------------------------------------------------------------------------------------

    @api.constrains("patterns", "ttn_codes", "shipped")
    def _check_patterns(self):
        for cause in self:
            try:
                known = cause._rule()
            except ValueError as error:
                raise ValidationError(
                    self.env._("A message needs at least two words, so that it does not mean everything.")
                ) from error
            if not known and not cause.shipped:
                raise ValidationError(
                    self.env._("Enter a message or a code of TTN by which the cause is known.")
                )

    @api.constrains("name", "shipped")
    def _check_name(self):
        if any(not cause.shipped and not cause.name for cause in self):
            raise ValidationError(self.env._("Say in your words what the message means and what to do."))

    @api.constrains("target", "field_name")
    def _check_field_name(self):
        for cause in self.filtered("field_name"):
            model = MODELS.get(cause.target)
            if not model or cause.field_name not in self.env[model]._fields:
                raise ValidationError(
                    self.env._("There is no field “%(field)s” on what is to mend.", field=cause.field_name)
                )

    def _rule(self):
        """:return: ``rejections_data.Rule`` of what users added to this cause, None when they added nothing.
        :raise ValueError: for a message with too few words.
        """
        self.ensure_one()
        lines = [line for line in (self.patterns or "").splitlines() if line.strip()]
        codes = tuple(code.strip().upper() for code in (self.ttn_codes or "").split(",") if code.strip())
        if not lines and not codes:
            return None
        return Rule(
            self.code,
            self.kind,
            "other",
            self.name or self.code,
            patterns=tuple(rejections.pattern_of(line) for line in lines),
            codes=codes,
            code_alone=not lines,
            synchronous_refusal=self.surely_refused,
            blocking=self.blocking,
            same_bytes=self.same_bytes,
            account_wide=self.account_wide,
        )

    @api.model
    @tools.ormcache()
    def _rules(self):
        """:return: tuple of ``Rule``, the users' own in their order; the rooms look at them before the catalogue."""
        causes = self.sudo().search(["|", ("patterns", "!=", False), ("ttn_codes", "!=", False)])
        return tuple(rule for cause in causes if (rule := cause._rule()))

    @api.model
    @tools.ormcache("code", "lang")
    def _own_words(self, code, lang):
        """:return: str, what users wrote for a cause in ``lang``; False when they wrote nothing."""
        cause = self.sudo().with_context(active_test=False, lang=lang).search([("code", "=", code)], limit=1)
        return cause.name

    @api.model
    def _of_codes(self, codes):
        """:return: dict of code to cause; that of an unknown message for those that are gone."""
        known = (
            self.sudo().with_context(active_test=False).search([("code", "in", [*codes, UNKNOWN_RULE.cause])])
        )
        by_code = {cause.code: cause.with_context(active_test=True).sudo(False) for cause in known}
        return {code: by_code.get(code, by_code[UNKNOWN_RULE.cause]) for code in codes}

    # --- Shipped ---------------------------------------------------------------------------------------------------

    @api.model
    def _shipped_rules(self):
        """:return: dict of code to ``Rule`` of the catalogue; the first one counts where a code has several."""
        rules = {}
        for rule in (*CATALOGUE, *NETWORK.values(), UNKNOWN_RULE):
            rules.setdefault(rule.cause, rule)
        return rules

    @api.model
    def _load_shipped(self):
        """Make the causes of the catalogue that are not there yet; what users changed stays as it is."""
        self._load_records(
            [
                {
                    "xml_id": f"l10n_tn_edi_ttn.rejection_{code.removeprefix('ttn.')}",
                    "noupdate": True,
                    "values": {
                        "code": code,
                        "shipped": True,
                        "sequence": 1000 + index,
                        "kind": rule.kind,
                        "blocking": rule.blocking,
                        "same_bytes": rule.same_bytes,
                        "account_wide": rule.account_wide,
                        "surely_refused": rule.synchronous_refusal,
                        "target": MENDING[code][0],
                        "field_name": MENDING[code][1],
                        "changes_amounts": code in CHANGES_AMOUNTS,
                    },
                }
                for index, (code, rule) in enumerate(self._shipped_rules().items())
            ],
            update=True,
        )

    # --- Changes ---------------------------------------------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        causes = super().create(vals_list)
        causes._reclassify()
        return causes

    def write(self, vals):
        if PROTOCOL_FIELDS & vals.keys() and any(self.mapped("shipped")):
            raise UserError(
                self.env._("How a shipped cause is dealt with cannot be changed; add one of your own.")
            )
        result = super().write(vals)
        if {"patterns", "ttn_codes", "active"} & vals.keys():
            self._reclassify()
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_own_only(self):
        if any(self.mapped("shipped")):
            raise UserError(
                self.env._("A shipped cause cannot be deleted; archive it to take it out of the guide.")
            )
        if any(cause.rejection_count for cause in self.sudo()):
            raise UserError(self.env._("Rejections have this cause: archive it instead."))

    def _reclassify(self):
        """What nobody understood before may be known now."""
        if any(cause.patterns or cause.ttn_codes for cause in self):
            self.env["l10n_tn_edi.rejection"]._reclassify_unknown()

    # --- Screens ---------------------------------------------------------------------------------------------------

    def _is_mended_in_draft(self):
        """:return: whether what usually mends it cannot be written on a posted invoice."""
        self.ensure_one()
        return self.changes_amounts or (
            self.target in MODELS
            and self.env["l10n_tn_edi.document"]._is_of_the_entry(
                self.env[MODELS[self.target]], self.field_name
            )
        )

    def _action_print_guide(self):
        """:return: the action that prints the guide to these causes."""
        return self.env.ref("l10n_tn_edi_ttn.action_report_rejection_guide").report_action(self, config=False)

    def _guide(self):
        """:return: list of dicts ``{title, causes}``: the chapters of the printed guide, without what is no rejection."""
        labels = dict(self._fields["kind"]._description_selection(self.env))
        told = self.filtered(lambda cause: cause.kind != "unknown")
        return [
            {"title": labels[kind], "causes": causes}
            for kind, _label in KINDS
            if (causes := told.filtered(lambda cause, kind=kind: cause.kind == kind))
        ]

    @api.model
    def _action_teach(self, text, ttn_code):
        """:return: the action that opens a new cause for TTN's ``text``, with the message in it."""
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Explain TTN's Message"),
            "res_model": self._name,
            "views": [(False, "form")],
            "target": "new",
            "context": {
                "default_patterns": self.env["l10n_tn_edi.rejection"]._words(text),
                "default_ttn_codes": ttn_code,
                "default_try_text": text,
                "default_name": "",
            },
        }

    def action_open_rejections(self):
        """Open the rejections that had this cause."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Rejections"),
            "res_model": "l10n_tn_edi.rejection",
            "view_mode": "list,graph,pivot",
            "domain": [("cause_id", "=", self.id)],
        }


class L10nTnEdiMessages(models.AbstractModel):
    """A cause that users described is told in their words; what TTN's message does not tell is left open."""

    _inherit = "l10n_tn_edi.messages"

    @api.model
    def _sentence(self, code, params=None, **options):
        if (code or "").startswith(("ttn.", "own.")):
            own = self.env["l10n_tn_edi.rejection.cause"]._own_words(code, self.env.lang or "en_US")
            if own:
                return own
            params = {**UNTOLD, **(params or {})}
        return super()._sentence(code, params, **options)
