import base64
import hashlib
import secrets

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..signature import xades
from ..signature.problems import SignatureError

# Somebody looks for the phone, the password arrives late: until then the documents wait for this session.
SESSION_MINUTES = 15


class L10nTnEdiSigning(models.Model):
    """One authorisation of a human for a batch of documents, and what came of each.

    Everything is frozen when it begins (bytes, signing time, hashes); what the holder allows is exactly that. It is
    finished once, by the user who began it; whatever was changed meanwhile is left out.
    """

    _name = "l10n_tn_edi.signing"
    _description = "Signing Session"
    _order = "id desc"

    user_id = fields.Many2one("res.users", string="Signed By", required=True, readonly=True)
    provider_id = fields.Many2one(
        "l10n_tn_edi.signature.provider", required=True, readonly=True, ondelete="cascade"
    )
    signatory_id = fields.Many2one("l10n_tn_edi.signatory", readonly=True, ondelete="set null")
    company_id = fields.Many2one(related="provider_id.company_id", store=True)
    state = fields.Selection(
        [
            ("waiting", "Waits for the Holder"),
            ("working", "Under Way"),
            ("done", "Done"),
            ("failed", "Nothing Signed"),
        ],
        required=True,
        default="waiting",
        readonly=True,
    )
    expires_at = fields.Datetime(readonly=True)
    # What the service returns with: only its digest is kept, so that reading the table does not let anybody finish it.
    return_digest = fields.Char(readonly=True, index=True, groups="base.group_system")
    token = fields.Char(readonly=True, groups="base.group_system")
    # What the holder's permission was exchanged for, until it is used up: encrypted with the server's key.
    grant_encrypted = fields.Char(readonly=True, groups="base.group_system")
    reason_code = fields.Char(readonly=True)
    reason_params = fields.Json(readonly=True)
    reason = fields.Text(compute="_compute_reason", string="Situation")
    line_ids = fields.One2many("l10n_tn_edi.signing.line", "signing_id", readonly=True)
    signed_count = fields.Integer(compute="_compute_counts", string="Documents Signed")
    line_count = fields.Integer(compute="_compute_counts", string="Documents")
    progress = fields.Float(
        compute="_compute_counts", help="Share of the documents that are dealt with, in percent."
    )
    left_document_ids = fields.Many2many(
        "l10n_tn_edi.document", readonly=True, help="Selected, but more than one authorisation may hold."
    )
    left_count = fields.Integer(compute="_compute_left_count", string="Still to Sign")

    @api.depends("reason_code", "reason_params")
    @api.depends_context("lang")
    def _compute_reason(self):
        messages = self.env["l10n_tn_edi.messages"]
        for signing in self:
            code = signing.reason_code
            signing.reason = messages._sentence(code, signing.reason_params or {}) if code else False

    @api.depends("line_ids.state")
    def _compute_counts(self):
        for signing in self:
            states = signing.line_ids.mapped("state")
            signing.signed_count = states.count("signed")
            signing.line_count = len(states)
            done = states.count("signed") + states.count("failed")
            signing.progress = 100.0 * done / len(states) if states else 0.0

    @api.depends("left_document_ids.state", "left_document_ids.live")
    def _compute_left_count(self):
        for signing in self:
            signing.left_count = len(signing._left())

    def _left(self):
        """:return: the selected documents that wait for the next authorisation."""
        return self.left_document_ids.filtered(
            lambda document: document.live and document.state in ("to_send", "to_sign")
        )

    @api.depends("user_id", "create_date")
    def _compute_display_name(self):
        for signing in self:
            signing.display_name = self.env._("Signature of %(user)s", user=signing.user_id.name)

    # --- Begin -----------------------------------------------------------------------------------------------------

    @api.model
    def _begin(self, provider, signatory, documents, chain, left=None):
        """Freeze documents for the holder's signature.

        :param documents: ``l10n_tn_edi.document`` to sign; those that cannot be built are stopped as usual.
        :param list chain: DER certificates of the holder.
        :param left: further ``l10n_tn_edi.document`` that were selected and are signed afterwards.
        :return: the session, with a line for each document; those that could not be prepared say why.
        :raise UserError: when none is, or somebody else is at them.
        """
        provider, documents = provider.sudo(), documents.sudo()
        locked = documents.try_lock_for_update().filtered(
            lambda document: document.state in ("to_send", "to_sign")
        )
        if not locked:
            raise UserError(self.env._("Somebody else is working on these documents. Try again in a moment."))
        until = documents._in(60 * SESSION_MINUTES)
        token = secrets.token_urlsafe(16)
        frozen = {
            document: line
            for document, line in locked._each(
                lambda document: self._freeze(provider, document, chain)
            ).items()
            if line
        }
        if not frozen:
            raise UserError(
                self.env._("None of these documents can be signed now: look at what is wrong with each.")
            )
        documents.browse(document.id for document in frozen)._set_state(
            "signing",
            signing_token=token,
            next_at=until,
            reason_code="signing.holder",
            reason_params={"holder": (signatory.user_id or self.env.user).name},
        )
        self.env["l10n_tn_edi.document"]._wake_lane("submit", fields.Datetime.add(until, minutes=1))
        return self.sudo().create(
            {
                "user_id": self.env.user.id,
                "provider_id": provider.id,
                "signatory_id": signatory.id,
                "expires_at": until,
                "token": token,
                "line_ids": [
                    fields.Command.create(frozen.get(document) or self._stopped_line(document))
                    for document in locked
                ],
                "left_document_ids": [fields.Command.set(left.ids)] if left else [],
            }
        )

    @api.model
    def _freeze(self, provider, document, chain):
        """:return: values of a line, or None when the document went another way."""
        unsigned = document._build()
        if not unsigned:
            return None
        refused = provider._refusal(document.mode == "production")
        if refused:
            document._fail(*refused)
            return None
        try:
            prepared = provider._prepare(unsigned, chain)
        except SignatureError as error:
            document._fail(error.code, {"provider": provider.name, **error.params})
            return None
        return {
            "document_id": document.id,
            "number": document.number,
            "unsigned": unsigned.data.decode(),
            "prepared": {"state": prepared.state, "digest": prepared.digest.hex()},
        }

    @api.model
    def _stopped_line(self, document):
        """:return: values of a line that says why a document could not even be prepared."""
        return {
            "document_id": document.id,
            "number": document.number or document.move_id.name,
            "state": "failed",
            "reason_code": document.reason_code or "document.changed",
            "reason_params": document.reason_params or {},
        }

    def _todo(self):
        """:return: the lines that have no result yet."""
        return self.line_ids.filtered(lambda line: line.state in ("waiting", "working"))

    def _new_return(self):
        """:return: the text with which the service comes back; it is known to the holder's browser only."""
        self.ensure_one()
        returned = secrets.token_urlsafe(32)
        self.sudo().return_digest = hashlib.sha256(returned.encode()).hexdigest()
        return returned

    # --- Finish ----------------------------------------------------------------------------------------------------

    @api.model
    def _claim_return(self, returned):
        """The session that a browser returns to, taken once.

        :return: the session of the current user, in state 'working'; empty when there is none, or it was used.
        """
        digest = hashlib.sha256((returned or "").encode()).hexdigest()
        signing = self.sudo().search(
            [("return_digest", "=", digest), ("user_id", "=", self.env.uid), ("state", "=", "waiting")],
            limit=1,
        )
        signing = signing.try_lock_for_update()
        if not signing:
            return signing
        signing.write({"state": "working", "return_digest": False})
        return signing

    def _digests(self):
        return self._todo()._digests()

    def _prepared(self):
        """:return: list of ``xades.Prepared``, one for each line."""
        return [
            xades.Prepared(
                line.prepared["state"]["to_sign"].encode(),
                bytes.fromhex(line.prepared["digest"]),
                "",
                line.prepared["state"],
            )
            for line in self._todo()
        ]

    def _finish(self, values):
        """Put signatures into the documents.

        :param values: for each line, in order: raw signature, or the SignatureError instead of it.
        """
        self.ensure_one()
        self._todo()._put(values)
        self._close("done" if self.signed_count else "failed")

    def _fail(self, error):
        """Nothing more is signed: the documents that have no signature yet are to be signed again.

        :param error: SignatureError, or (code, params).
        """
        self.ensure_one()
        code, params = error if isinstance(error, tuple) else (error.code, error.params)
        params = {"provider": self.provider_id.name, **params}
        for line in self._todo():
            line._keep({"error": (code, params)})
        self.write({"reason_code": code, "reason_params": params})
        self._close("done" if self.signed_count else "failed")

    def _close(self, state):
        # The signed documents are kept elsewhere; what was frozen is of no more use.
        self.line_ids.write({"unsigned": False, "prepared": False})
        self.write({"state": state, "token": False, "return_digest": False, "grant_encrypted": False})
        self.signatory_id._tell_done()
        if self.signed_count:
            self.env["l10n_tn_edi.document"]._wake_lane("submit")

    def _open(self):
        """:return: an action that shows what came of the documents."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Signature"),
            "res_model": self._name,
            "res_id": self.id,
            "views": [(False, "form")],
        }


class L10nTnEdiSigningLine(models.Model):
    _name = "l10n_tn_edi.signing.line"
    _description = "Document of a Signing Session"
    _order = "id"

    signing_id = fields.Many2one("l10n_tn_edi.signing", required=True, ondelete="cascade", index=True)
    document_id = fields.Many2one(
        "l10n_tn_edi.document", required=True, readonly=True, ondelete="cascade", index=True
    )
    number = fields.Char(readonly=True)
    unsigned = fields.Text(readonly=True, groups="base.group_system")
    prepared = fields.Json(readonly=True, groups="base.group_system")
    state = fields.Selection(
        [("waiting", "Waits"), ("working", "Under Way"), ("signed", "Signed"), ("failed", "Not Signed")],
        default="waiting",
        readonly=True,
    )
    reason_code = fields.Char(readonly=True)
    reason_params = fields.Json(readonly=True)
    reason = fields.Text(compute="_compute_reason", string="Why")

    _compute_reason = L10nTnEdiSigning._compute_reason

    def _digests(self):
        """:return: list of what the holder allows, SHA-256 for each line."""
        return [bytes.fromhex(line.prepared["digest"]) for line in self]

    def _put(self, values):
        """Put signatures into the documents of these lines.

        :param values: for each line, in order: raw signature, or the SignatureError instead of it.
        """
        for line, value in zip(self, values, strict=True):
            provider = line.signing_id.provider_id.sudo()
            result = provider._finish(
                line.prepared["state"],
                line.unsigned.encode(),
                value,
                provider._use_certificate(line._chain()),
            )
            line._keep(result)

    def _chain(self):
        return [base64.b64decode(one) for one in self.prepared["state"]["chain"]]

    def _keep(self, result):
        """Write one document's result; a document that was changed meanwhile takes none."""
        self.ensure_one()
        signing = self.signing_id
        if "signed" not in result:
            reason = result.get("error") or result.get("later") or result.get("pending")
            result = {"later": reason}
            values = {"state": "failed", "reason_code": reason[0], "reason_params": reason[1]}
        else:
            values = {"state": "signed"}
        more = {"signer_id": signing.user_id.id} if "signed" in result else {}
        if not self.document_id._keep_late_signature(result, signing.sudo().token, **more):
            values = {"state": "failed", "reason_code": "document.changed", "reason_params": {}}
        self.write(values)
