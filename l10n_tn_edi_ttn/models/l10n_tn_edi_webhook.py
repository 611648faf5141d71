import secrets

from odoo import api, fields, models, tools
from odoo.exceptions import UserError, ValidationError

from ..elfatoora.addresses import WireError, checked_url
from ..webhooks import answers, signing
from .l10n_tn_edi_gateway import CONFIG_PRIVATE_HOSTS

KEY_BYTES = 32
# What an integrator acts upon; the rest is the way there.
OUTCOMES = frozenset({"accepted", "rejected", "error", "to_decide", "conflict"})


class L10nTnEdiWebhook(models.Model):
    """An address of another system that is told when the status of an electronic invoice changes.

    Messages are signed with a key that both sides know. While a key is changed there are two: the receiver gets the new one
    first, then an administrator has it used. Like production, a webhook is bound to one database: a copy tells nobody.
    """

    _name = "l10n_tn_edi.webhook"
    _description = "Webhook of Electronic Invoices"
    _order = "company_id, id"

    name = fields.Char(required=True)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one(
        "res.company", required=True, index=True, default=lambda self: self.env.company
    )
    url = fields.Char(
        string="Address",
        required=True,
        help="Where messages are posted to: https, and no private network unless the server's configuration lists it.",
    )
    events = fields.Selection(
        [
            ("outcomes", "Outcomes: accepted, rejected, to correct, to decide"),
            ("all", "Every change of status"),
        ],
        required=True,
        default="outcomes",
    )
    key_id = fields.Char(readonly=True, copy=False, help="Named in each signature (keyid).")
    key_encrypted = fields.Char(groups="base.group_system", copy=False)
    next_key_id = fields.Char(readonly=True, copy=False)
    next_key_encrypted = fields.Char(groups="base.group_system", copy=False)
    binding = fields.Char(groups="base.group_system", copy=False)
    receiver_ids = fields.One2many("l10n_tn_edi.webhook.receiver", "webhook_id", readonly=True)
    failures = fields.Integer(related="receiver_ids.failures")
    resume_at = fields.Datetime(related="receiver_ids.resume_at")
    delivered_at = fields.Datetime(related="receiver_ids.delivered_at")
    delivery_ids = fields.One2many("l10n_tn_edi.webhook.delivery", "webhook_id", readonly=True)
    waiting_count = fields.Integer(string="Waiting", compute="_compute_counts")
    failed_count = fields.Integer(string="Not Delivered", compute="_compute_counts")
    problem = fields.Char(compute="_compute_problem")

    def _compute_counts(self):
        counts = {
            (webhook.id, state): count
            for webhook, state, count in self.env["l10n_tn_edi.webhook.delivery"]._read_group(
                [("webhook_id", "in", self.ids)], ["webhook_id", "state"], ["__count"]
            )
        }
        for webhook in self:
            webhook.waiting_count = counts.get((webhook.id, "waiting"), 0)
            webhook.failed_count = counts.get((webhook.id, "failed"), 0)

    @api.depends("key_encrypted", "binding")
    @api.depends_context("lang")
    def _compute_problem(self):
        for webhook in self:
            code = webhook.sudo()._problem() if webhook.id else None
            webhook.problem = self.env["l10n_tn_edi.messages"]._sentence(code) if code else False

    @api.constrains("url")
    def _check_url(self):
        for webhook in self:
            try:
                checked_url(webhook.url, frozenset((tools.config.get(CONFIG_PRIVATE_HOSTS) or "").split(",")))
            except WireError as error:
                raise ValidationError(
                    self.env._("A webhook needs an address that begins with https:// and holds no password.")
                ) from error

    @api.model_create_multi
    def create(self, vals_list):
        self._check_package()
        webhooks = super().create(vals_list)
        webhooks.sudo().binding = self.env["l10n_tn_edi.latch"]._database_identity()
        self.env["l10n_tn_edi.webhook.receiver"].sudo().create(
            [{"webhook_id": webhook.id} for webhook in webhooks]
        )
        self.env.registry.clear_cache()
        return webhooks

    def write(self, vals):
        result = super().write(vals)
        if vals.keys() & {"active", "company_id", "events"}:
            self.env.registry.clear_cache()
        if vals.keys() & {"url", "active"}:
            # Another receiver, or somebody who looked after it.
            self.sudo().receiver_ids.write({"failures": 0, "resume_at": False})
            self.env["l10n_tn_edi.document"]._wake_lane("deliver_webhooks")
        return result

    def unlink(self):
        result = super().unlink()
        self.env.registry.clear_cache()
        return result

    @api.model
    @tools.ormcache()
    def _listening(self):
        """:return: tuple of (id, company id, events) of the active webhooks; asked at each change of a status."""
        return tuple(
            (webhook.id, webhook.company_id.id, webhook.events) for webhook in self.sudo().search([])
        )

    @api.model
    def _check_package(self):
        """:raise UserError: when the Python package that signs is not installed."""
        if not signing.is_available():
            raise UserError(
                self.env._(
                    "This server cannot sign webhooks. Its administrator installs the Python package "
                    "http-message-signatures."
                )
            )

    # --- May it be used --------------------------------------------------------------------------------------------

    def _problem(self):
        """:return: None when messages may go out, else the code of the reason."""
        self.ensure_one()
        if self.env["ir.config_parameter"].sudo().get_param("database.is_neutralized"):
            return answers.NEUTRALIZED
        if self.binding != self.env["l10n_tn_edi.latch"]._database_identity():
            return answers.COPY
        if not signing.is_available():
            return answers.NO_PACKAGE
        if self._key() is None:
            return answers.NO_KEY
        return None

    def _key(self):
        """:return: (key id, bytes) that messages are signed with, or None."""
        self.ensure_one()
        key = self.env["l10n_tn_edi.secret"]._decrypt(self.sudo().key_encrypted)
        return (self.key_id, key.encode()) if key else None

    def action_use_here(self):
        """This database is the one that tells the receiver, not a copy."""
        self.check_access("write")
        self.sudo().binding = self.env["l10n_tn_edi.latch"]._database_identity()
        self.env["l10n_tn_edi.document"]._wake_lane("deliver_webhooks")

    # --- Keys ------------------------------------------------------------------------------------------------------

    def action_new_key(self):
        """Make a key and show it once. The first is used at once, a further one when it is said (``action_use_next_key``)."""
        self.ensure_one()
        self.check_access("write")
        if self.next_key_id:
            raise UserError(
                self.env._("There is a new key already: use it before you make another, or discard it.")
            )
        key_id, key = f"whk_{secrets.token_hex(6)}", secrets.token_urlsafe(KEY_BYTES)
        prefix = "next_key" if self.key_id else "key"
        encrypted = self.env["l10n_tn_edi.secret"]._encrypt(key)
        self.sudo().write({f"{prefix}_id": key_id, f"{prefix}_encrypted": encrypted})
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Key of the Webhook"),
            "res_model": "l10n_tn_edi.webhook.key",
            "views": [(False, "form")],
            "target": "new",
            "context": {"default_key": key, "default_key_id": key_id},
        }

    def action_use_next_key(self):
        """The receiver knows the new key: sign with it, and forget the old one."""
        self.ensure_one()
        self.check_access("write")
        webhook = self.sudo()
        if not webhook.next_key_id:
            raise UserError(self.env._("There is no new key. Make one first."))
        webhook.write(
            {
                "key_id": webhook.next_key_id,
                "key_encrypted": webhook.next_key_encrypted,
                "next_key_id": False,
                "next_key_encrypted": False,
            }
        )

    def action_discard_next_key(self):
        """The new key was never used: forget it."""
        self.check_access("write")
        self.sudo().write({"next_key_id": False, "next_key_encrypted": False})

    # --- Look and try ----------------------------------------------------------------------------------------------

    def action_test(self):
        """Send a test message now, and show what came back."""
        self.ensure_one()
        self.check_access("write")
        code = self.sudo()._problem()
        if code:
            raise UserError(self.env["l10n_tn_edi.messages"]._sentence(code))
        delivery = self.env["l10n_tn_edi.webhook.delivery"].sudo()._make_test(self)
        delivery._deliver_now()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Test Message"),
            "res_model": delivery._name,
            "res_id": delivery.id,
            "views": [(False, "form")],
            "target": "current",
        }

    def action_open_deliveries(self):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Deliveries"),
            "res_model": "l10n_tn_edi.webhook.delivery",
            "views": [(False, "list"), (False, "form")],
            "domain": [("webhook_id", "=", self.id)],
        }


class L10nTnEdiWebhookReceiver(models.Model):
    """How the receiver of a webhook does.

    A row of its own, to which no other refers: were it the webhook's, each delivery would make the transactions fail that write
    further messages at the same time.
    """

    _name = "l10n_tn_edi.webhook.receiver"
    _description = "State of a Webhook's Receiver"
    _rec_name = "webhook_id"

    webhook_id = fields.Many2one("l10n_tn_edi.webhook", required=True, readonly=True, ondelete="cascade")
    company_id = fields.Many2one(related="webhook_id.company_id")
    failures = fields.Integer(
        string="Failures in a Row", readonly=True, help="Of the receiver as a whole, not of one message."
    )
    resume_at = fields.Datetime(
        string="Next Try",
        readonly=True,
        help="The receiver is out of order: until then nothing is tried, then one message.",
    )
    delivered_at = fields.Datetime(string="Last Delivered", readonly=True)

    _one_each = models.UniqueIndex("(webhook_id)")

    def _is_down(self, delay):
        """:param float delay: seconds until it is tried again."""
        self.write(
            {
                "failures": self.failures + 1,
                "resume_at": fields.Datetime.add(fields.Datetime.now(), seconds=delay),
            }
        )

    def _is_up(self, **values):
        self.write({"failures": 0, "resume_at": False, **values})


class L10nTnEdiWebhookKey(models.AbstractModel):
    """A new key on the screen, once; nothing of it is stored in clear."""

    _name = "l10n_tn_edi.webhook.key"
    _description = "New Key of a Webhook"

    # Without it the web client's first question gives no value.
    id = fields.Id()
    key_id = fields.Char(string="Name", readonly=True)
    key = fields.Char(readonly=True)
