import base64
import hashlib
import re
from dataclasses import replace
from datetime import UTC, datetime

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..elfatoora.answers import ConsultAnswer
from .l10n_tn_edi_recording import Recording

# Bodies up to this size are kept in the row, larger ones in the file store.
INLINE_BODY_BYTES = 4096
# What Odoo neither guesses nor indexes; a body that is no XML is shown as text all the same.
BODY_TYPE = "application/xml"
# A deposited document is kept once, with the document; in the kept request it is named by the attempt's SHA-256.
DEPOSITED_DOCUMENT = re.compile(rb"(<arg3>)[A-Za-z0-9+/=\s]{200,}(</arg3>)")
# So is each document in the answers of a comparison that is kept here: several of them list it.
SHOWN_DOCUMENT = re.compile(rb"(?<=>)[A-Za-z0-9+/=\s]{200,}(?=<)")


def seconds_of(moment):
    """:return: seconds since the epoch of a naive UTC datetime; None for False."""
    return moment.replace(tzinfo=UTC).timestamp() if moment else None


def moment_of(seconds):
    """:return: naive UTC datetime, in whole seconds, of seconds since the epoch."""
    return datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None, microsecond=0)


def utc_of(moment):
    """:param moment: aware datetime that another host has sent, or None.
    :return: naive UTC datetime; False for None and for a time that no clock shows today.
    """
    return moment.astimezone(UTC).replace(tzinfo=None) if moment and 2000 < moment.year < 9000 else False


class L10nTnEdiExchange(models.Model):
    """One call to El Fatoora: what was asked, what came back. Append-only.

    The row of a deposit (an *attempt*) is committed before the call, so that a crash leaves a trace of what may have
    reached TTN. The answer completes its own row once, however late it comes; nothing else is ever changed.
    """

    _name = "l10n_tn_edi.exchange"
    _description = "Exchange with El Fatoora"
    _order = "id desc"
    _rec_name = "operation"

    # Empty for a question about the account as a whole
    document_id = fields.Many2one("l10n_tn_edi.document", readonly=True, index=True, ondelete="restrict")
    account_id = fields.Many2one(
        "l10n_tn_edi.account",
        string="Account Compared",
        readonly=True,
        index="btree_not_null",
        ondelete="restrict",
    )
    company_id = fields.Many2one("res.company", compute="_compute_company_id", store=True, precompute=True)
    move_id = fields.Many2one(related="document_id.move_id")
    mode = fields.Selection(
        [("test", "Test"), ("production", "Production")],
        compute="_compute_company_id",
        store=True,
        precompute=True,
    )
    operation = fields.Selection(
        [("save", "Deposit"), ("consult", "Question"), ("verify", "QR check"), ("sweep", "Comparison")],
        required=True,
        readonly=True,
    )
    attempt = fields.Integer(readonly=True, help="Number of this deposit of the document, from 1.")
    user_id = fields.Many2one("res.users", required=True, readonly=True, default=lambda self: self.env.uid)
    requested_by = fields.Many2one(
        "res.users",
        readonly=True,
        ondelete="restrict",
        index="btree_not_null",
        help="Who asked for it; nobody when it was due by itself.",
    )
    account = fields.Char(string="Login at TTN", readonly=True)
    started_at = fields.Datetime(required=True, readonly=True)
    lease_until = fields.Datetime(
        readonly=True, help="By the database's clock; a deposit without an answer by then is unknown."
    )
    finished_at = fields.Datetime(readonly=True)
    ttn_clock = fields.Datetime(string="TTN's Clock", readonly=True, help="What it said when TTN answered.")
    duration_ms = fields.Integer(string="Duration (ms)", readonly=True)
    # What was deposited, or what was signed when TTN was asked
    sha256 = fields.Char(string="SHA-256 of the Document", readonly=True, index="btree_not_null")
    signature_value = fields.Char(readonly=True, index="btree_not_null")
    document_digest = fields.Char(readonly=True)
    answer_class = fields.Selection(
        [
            ("not_sent", "Not sent"),
            ("submitted", "Deposited"),
            ("refused", "Refused"),
            ("unknown", "Unknown"),
            ("answered", "Answered"),
        ],
        readonly=True,
    )
    http_status = fields.Integer(string="HTTP Status", readonly=True)
    deposit_id = fields.Char(string="Deposit Number", readonly=True, index="btree_not_null")
    reason_code = fields.Char(readonly=True)
    # A request names the SHA-256 of the document instead of repeating it; whatever becomes of the document, this stays.
    sent_id = fields.Many2one(
        "ir.attachment", string="Document Sent", readonly=True, index="btree_not_null", ondelete="restrict"
    )
    # Never read along with the rest: an answer may hold a whole document.
    request_text = fields.Text(readonly=True, prefetch=False)
    response_text = fields.Text(readonly=True, prefetch=False)
    request_file = fields.Binary(readonly=True, attachment=True)
    response_file = fields.Binary(readonly=True, attachment=True)

    # See l10n_tn_edi_document_kept.
    kept_answer = fields.Json(readonly=True, prefetch=False, help="An answer that waits to be recorded.")
    kept_until = fields.Datetime(
        readonly=True, index="btree_not_null", help="When it is tried to record the answer again."
    )
    kept_tries = fields.Integer(readonly=True, help="How often that has failed.")

    # The last call of an account is looked for before every claim.
    _account_calls = models.Index("(company_id, mode, operation, id)")

    @api.depends("document_id.company_id", "document_id.mode", "account_id.company_id", "account_id.mode")
    def _compute_company_id(self):
        for exchange in self:
            owner = exchange.document_id or exchange.account_id
            exchange.company_id = owner.company_id
            exchange.mode = owner.mode

    def write(self, vals):
        finished = any(exchange.finished_at for exchange in self.sudo())
        if finished and not self.env["l10n_tn_edi.archive.opening"]._is_open():
            raise UserError(self.env._("An exchange with El Fatoora that has its answer is never changed."))
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(self.env._("Exchanges with El Fatoora are kept as proof and cannot be deleted."))

    @api.model
    def _open(self, document, operation, **values):
        """Write down a call before it is made.

        :param document: the ``l10n_tn_edi.document`` it is about.
        :return: the new exchange; the caller commits before calling.
        """
        started_at = values.pop("started_at", None) or self._database_now()
        return self._open_all(operation, started_at, {document: values})

    @api.model
    def _open_all(self, operation, started_at, values):
        """Write down calls before they are made.

        :param datetime started_at: naive UTC, by the database's clock.
        :param dict values: each ``l10n_tn_edi.document`` with further values of its exchange.
        :return: the new exchanges in the order of the documents; the caller commits before calling.
        """
        return self.sudo().create(
            [
                {
                    "document_id": document.id,
                    "operation": operation,
                    "account": document.company_id.sudo().l10n_tn_edi_login,
                    "user_id": self.env.uid,
                    "requested_by": document.requested_by.id,
                    "started_at": started_at,
                    **more,
                }
                for document, more in values.items()
            ]
        )

    def _may_have_reached(self):
        """:return: those of these attempts that may have become deposits; one without an answer yet is among them."""
        return self.filtered(
            lambda exchange: (
                exchange.operation == "save" and exchange.answer_class not in ("not_sent", "refused")
            )
        )

    def _complete(self, call, recording, answer_class, deposit_id=False, reason_code=False):
        """Keep what came back.

        :param call: the finished ``elfatoora.client.Call`` (its request has the secrets masked).
        :param recording: the ``Recording`` of the transaction.
        """
        self.ensure_one()
        request = DEPOSITED_DOCUMENT.sub(rb"\1sha256:%s\2" % (self.sha256 or "").encode(), call.request)
        self.sudo().write(
            {
                "finished_at": recording.now,
                "ttn_clock": utc_of(call.server_time),
                "duration_ms": round(call.duration * 1000),
                "http_status": call.http_status or 0,
                "answer_class": answer_class,
                "deposit_id": deposit_id,
                "reason_code": reason_code or (call.problem.code if call.problem else False),
                **self._body_values("request", request, recording.files),
                **self._body_values("response", call.response, recording.files),
            }
        )

    @api.model
    def _keep_account_call(self, account, call, operation="sweep"):
        """Keep a question about an account as a whole.

        :param account: the ``l10n_tn_edi.account``.
        :param call: the finished ``elfatoora.client.Call``.
        :param str operation: 'sweep', 'verify' for a QR code, or 'consult' for a test of the account.
        """
        recording = Recording(self.env)
        exchange = self.sudo().create(
            {
                "account_id": account.id,
                "operation": operation,
                "account": account.company_id.sudo().l10n_tn_edi_login,
                "started_at": fields.Datetime.subtract(recording.now, seconds=round(call.duration)),
                "user_id": self.env.uid,
                # A person waits for its answer, except where a scheduled action compares.
                "requested_by": False if self.env.user._is_superuser() else self.env.uid,
            }
        )
        answer_class = "answered" if call.answer else "unknown"
        exchange._complete(self._without_known_documents(account, call), recording, answer_class=answer_class)
        recording.files.store()

    @api.model
    def _without_known_documents(self, account, call):
        """:return: the call, with the SHA-256 instead of each document in its answer that is kept with a document of ours."""
        if not isinstance(call.answer, ConsultAnswer):
            return call
        numbers = [str(deposit.deposit_id) for deposit in call.answer.deposits if deposit.content]
        documents = (
            self.env["l10n_tn_edi.document"].sudo().search(account._has(("deposit_id", "in", numbers)))
        )
        ours, theirs = set(documents.mapped("sha256")), set(documents.ttn_xml_id.mapped("checksum"))

        def name_known(match):
            try:
                content = base64.b64decode(match[0])
            except ValueError:
                return match[0]
            digest = hashlib.sha256(content).hexdigest()
            known = digest in ours or self.env["ir.attachment"]._compute_checksum(content) in theirs
            return f"sha256:{digest}".encode() if known else match[0]

        return replace(call, response=SHOWN_DOCUMENT.sub(name_known, call.response))

    def _body_values(self, name, body, files):
        """:return: values that keep ``body`` (bytes) in the row; a large one is added to ``files``."""
        if not body:
            return {}
        if len(body) <= INLINE_BODY_BYTES:
            try:
                text = body.decode()
            except UnicodeDecodeError:
                text = None
            if text is not None and "\x00" not in text:
                return {f"{name}_text": text}
        files.add(self, f"{name}_file", body, mimetype=BODY_TYPE)
        return {}

    @api.model
    def _database_now(self):
        """:return: naive UTC datetime of the database's clock, which all workers of all hosts share."""
        [[now]] = self.env.execute_query(SQL("SELECT clock_timestamp() AT TIME ZONE 'UTC'"))
        return now.replace(microsecond=0)

    @api.model
    def _clock_query(self):
        """:return: query for the same clock in seconds since the epoch, with fractions."""
        return SQL("SELECT extract(epoch FROM clock_timestamp())")
