from odoo import api, fields, models
from odoo.tools import split_every

from ..elfatoora import rejections
from ..elfatoora.rejections_data import VAGUE

# Rejections looked at in one step when a message is taught
AT_ONCE = 1000


class L10nTnEdiRejection(models.Model):
    """One objection of TTN to one document: its words as they came, and the cause that they were understood as.

    Kept for what it teaches: which causes come how often, and which messages nobody has explained yet.
    """

    _name = "l10n_tn_edi.rejection"
    _description = "Rejection by TTN"
    _order = "date desc, id desc"
    _rec_name = "text"

    document_id = fields.Many2one(
        "l10n_tn_edi.document", required=True, readonly=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(related="document_id.company_id", store=True, index=True)
    partner_id = fields.Many2one(related="document_id.partner_id", store=True, string="Customer")
    mode = fields.Selection(related="document_id.mode", store=True)
    state = fields.Selection(related="document_id.state", string="Status")
    date = fields.Datetime(required=True, readonly=True, default=fields.Datetime.now, index=True)
    text = fields.Text(string="TTN's Words", readonly=True)
    words = fields.Char(
        string="Message",
        readonly=True,
        index=True,
        help="TTN's words without numbers and values: equal for equal messages.",
    )
    ttn_code = fields.Char(string="TTN's Code", readonly=True)
    cause_id = fields.Many2one(
        "l10n_tn_edi.rejection.cause", required=True, readonly=True, index=True, ondelete="restrict"
    )
    kind = fields.Selection(related="cause_id.kind", store=True)
    blocking = fields.Boolean(related="cause_id.blocking", store=True)
    known = fields.Boolean(compute="_compute_known", store=True)
    mending_label = fields.Char(compute="_compute_mending", string="What to Mend")
    can_mend = fields.Boolean(compute="_compute_mending")

    @api.depends("cause_id.code")
    def _compute_known(self):
        for rejection in self:
            rejection.known = rejection.cause_id.code not in VAGUE

    @api.depends("cause_id", "document_id.rejections", "document_id.state")
    @api.depends_context("lang")
    def _compute_mending(self):
        targets = dict(
            self.env["l10n_tn_edi.rejection.cause"]._fields["target"]._description_selection(self.env)
        )
        for rejection in self:
            cause, params = rejection._objection()
            record, field = rejection.document_id._place_to_mend(cause, params)
            rejection.mending_label = (
                rejection.document_id._label_of_place(record, field) or targets[cause.target]
            )
            rejection.can_mend = bool(record) or cause.target == "ask"

    def _objection(self):
        """:return: (cause, params) of this objection, with what its document has read in TTN's words."""
        self.ensure_one()
        for cause, item in self.document_id._objections():
            if self._key(item) == (self.text or "", self.ttn_code or ""):
                return cause, item.get("params") or {}
        return self.cause_id, {}

    @api.model
    def _key(self, item):
        """:return: what two objections to one document differ by."""
        return item.get("text") or "", item.get("ttn_code") or ""

    @api.model
    def _of_objections(self, document):
        """:return: the rejections for what TTN objects to about ``document`` now, what blocks first."""
        noted = {(one.text or "", one.ttn_code or ""): one for one in document.rejection_ids}
        keys = [self._key(item) for _cause, item in document._objections()]
        return self.union(*(noted[key] for key in keys if key in noted))

    @api.model
    def _note(self, document, items):
        """Keep what TTN objected to, each objection once for a document.

        :param items: list of dicts as in ``document.rejections``.
        """
        noted = {
            (one.text or "", one.ttn_code or "")
            for one in self.sudo().search([("document_id", "=", document.id)])
        }
        causes = self.env["l10n_tn_edi.rejection.cause"]._of_codes({item["code"] for item in items})
        values = []
        for item in items:
            key = self._key(item)
            if key not in noted and any(key):
                noted.add(key)
                values.append(
                    {
                        "document_id": document.id,
                        "text": key[0],
                        "words": self._words(key[0]),
                        "ttn_code": key[1],
                        "cause_id": causes[item["code"]].id,
                    }
                )
        self.sudo().create(values)

    @api.model
    def _words(self, text):
        """:return: str, the message without what changes from one invoice to the next."""
        try:
            return rejections.words_of(text)
        except ValueError:
            return rejections.fold(text)

    @api.model
    def _reclassify_unknown(self):
        """Look again at the messages that nobody knew, now that somebody taught one; their documents say so at once."""
        rules = self.env["l10n_tn_edi.rejection.cause"]._rules()
        unknown = self.sudo().search([("known", "=", False)])
        for step in split_every(AT_ONCE, unknown.ids, unknown.browse):
            step._classify_again(rules)
            self.env.flush_all()
            step.invalidate_recordset()

    def _classify_again(self, rules):
        """:param rules: the causes of this database, as ``rejections.classify`` takes them."""
        found = {
            rejection: rejections.classify(rejection.text or "", rejection.ttn_code or "", extra=rules)
            for rejection in self
        }
        causes = self.env["l10n_tn_edi.rejection.cause"]._of_codes({cause.code for cause in found.values()})
        for rejection, cause in found.items():
            if causes[cause.code] != rejection.cause_id:
                rejection.cause_id = causes[cause.code]
                rejection.document_id._understand(rejection.text or "", cause)

    def action_mend(self):
        """Open what this objection is mended in, with the field in sight."""
        self.ensure_one()
        return self.document_id._mend(*self._objection())

    def action_open_document(self):
        """Open the document that TTN refused."""
        self.ensure_one()
        return self.document_id._get_records_action()

    def action_teach(self):
        """Open a new cause for this message: what is typed there explains it wherever it waits."""
        self.ensure_one()
        return self.env["l10n_tn_edi.rejection.cause"]._action_teach(self.text or "", self.ttn_code or "")
