import hashlib
import logging
import secrets
from typing import Any, NamedTuple

import psycopg2

from odoo import api, fields, models
from odoo.exceptions import UserError

from .l10n_tn_edi_document_queue import LEASE_SECONDS
from .l10n_tn_edi_recording import Files

_logger = logging.getLogger(__name__)

# When a signature service could not be reached, the documents are tried again after this time.
LATER_MINUTES = 5


class RemoteBatch(NamedTuple):
    """Documents that somebody else signs outside any lock: record ids to unsigned documents, and the mark of this try."""

    provider: Any
    mode: str
    unsigned: dict
    token: str


class L10nTnEdiDocument(models.Model):
    """Signing: by a file at once, by a service outside the transaction, by a human in a session.

    A document that somebody else is signing is in `signing` and carries the mark of the try (``signing_token``). What
    comes back counts only when the document still carries it: whoever changed the invoice meanwhile has taken it away.
    """

    _inherit = "l10n_tn_edi.document"

    signing_token = fields.Char(readonly=True, copy=False, groups="base.group_system")
    signer_id = fields.Many2one(
        "res.users",
        string="Signed By",
        readonly=True,
        help="Who entered PIN or password; empty for a seal or a file.",
    )

    def _unsigned_values(self):
        return {**super()._unsigned_values(), "signing_token": False, "signer_id": False}

    @api.model
    def _by_provider(self, built):
        """:param dict built: documents to ``Unsigned``.
        :return: dict of (provider, mode) to such dicts; documents without a provider are stopped here.
        """
        batches = {}
        for document, unsigned in built.items():
            provider = document.company_id._l10n_tn_edi_signing_provider()
            if provider:
                batches.setdefault((provider, document.mode), {})[document] = unsigned
            else:
                document._fail("provider.missing", {"company": document.company_id.name})
        return batches

    # --- By a human ------------------------------------------------------------------------------------------------

    def action_sign(self):
        """Sign documents that wait for a human: opens the PIN's dialog, DigiGo's page, or the way to the user's own token.

        What is on hold stays so: it is signed, and goes to TTN when somebody sends it.

        :raise UserError: when nothing among them waits for a signature, or the user is no signatory for them.
        """
        self._check_may_send()
        waiting = self.filtered(lambda document: document.live and document.state in ("to_send", "to_sign"))
        providers = waiting.company_id.mapped(lambda company: company._l10n_tn_edi_signing_provider())
        if not waiting or not providers:
            raise UserError(self.env._("None of these documents waits for a signature."))
        if len(providers) > 1:
            raise UserError(
                self.env._(
                    "These documents are signed in different ways. Sign those of one company at a time."
                )
            )
        if providers._needs_signatory():
            waiting = self.env["l10n_tn_edi.signatory"]._share(providers, self.env.user, waiting)
        if providers.code == "digigo":
            return providers._begin_digigo(waiting)
        if providers.code == "desktop":
            return providers._begin_desktop(waiting)
        if providers.code == "agent" and providers.agent_pin == "typed":
            return {
                "type": "ir.actions.act_window",
                "name": self.env._("Sign"),
                "res_model": "l10n_tn_edi.sign",
                "views": [(False, "form")],
                "target": "new",
                "context": {"default_provider_id": providers.id, "default_document_ids": waiting.ids},
            }
        # Nobody is needed
        going = waiting.filtered(lambda document: not document.hold)
        if not going:
            raise UserError(self.env._("These documents are on hold. They are signed when they are sent."))
        going._schedule()
        return None

    # --- At once ---------------------------------------------------------------------------------------------------

    @api.model
    def _sign_batch(self, provider, mode, batch):
        try:
            with self.env.cr.savepoint():
                results = provider._sign_documents(batch, production=mode == "production")
        except psycopg2.OperationalError:
            raise  # another worker won; the whole claim is given up
        except Exception:
            _logger.exception("Signature provider %s failed", provider.id)
            results = {document: {"error": ("document.unexpected", {})} for document in batch}
        documents = self.browse(document.id for document in results)
        results = {document.id: result for document, result in results.items()}
        kept = documents._each(lambda document: document._keep_signature(results[document.id]))
        self._keep_signed({document: data for document, data in kept.items() if data})

    # --- By a service, outside any lock ----------------------------------------------------------------------------

    @api.model
    def _begin_remote(self, provider, mode, batch):
        """Mark documents as being signed, until the lease is over.

        :return: ``RemoteBatch`` for :meth:`_sign_remotely`.
        """
        token = secrets.token_urlsafe(16)
        until = self._in(LEASE_SECONDS)
        for document in batch:
            document._set_state("signing", signing_token=token, next_at=until, reason_code="signing.service")
        self._wake_lane("submit", fields.Datetime.add(until, minutes=1))
        return RemoteBatch(
            provider, mode, {document.id: unsigned for document, unsigned in batch.items()}, token
        )

    @api.model
    def _sign_remotely(self, batch):
        """Have a batch signed and write each result on its own."""
        self._end_snapshot()
        try:
            results = batch.provider._sign_documents(batch.unsigned, production=batch.mode == "production")
        except Exception:
            # Whatever a service does, its documents are told, and the others go on.
            _logger.exception("Signature provider %s failed", batch.provider.id)
            self._rollback()
            results = {document_id: {"error": ("document.unexpected", {})} for document_id in batch.unsigned}
        for document_id, result in results.items():
            document = self.browse(document_id)
            self._write_result(
                lambda document=document, result=result: document._keep_late_signature(result, batch.token)
            )

    def _keep_late_signature(self, result, token, **values):
        """Store a result that comes from outside the transaction, when the document still waits for it.

        :return: whether it did.
        """
        locked = self.exists().try_lock_for_update()
        if locked.state != "signing" or locked.sudo().signing_token != token:
            return False
        if locked.move_id.state != "posted":
            locked._set_state("to_send", **locked._unsigned_values(), next_at=self._now())
            return False
        if data := locked._keep_signature(result, **values):
            self._keep_signed({locked: data})
        return True

    @api.model
    def _expire_signing(self):
        """Documents whose service or holder did not answer in time are to be signed again."""
        self.env["l10n_tn_edi.signing"]._expire()
        late = self.search([("state", "=", "signing"), ("live", "=", True), ("next_at", "<=", self._now())])
        for document in late:
            self._write_result(lambda document=document: document._give_back_expired())

    def _give_back_expired(self):
        locked = self.try_lock_for_update()
        if locked.state == "signing" and locked.next_at and locked.next_at <= self._now():
            locked._give_back("signing.expired", {})

    def _give_back(self, code, params):
        """Nothing was signed: the documents are to be signed, by themselves where nobody is needed for it."""
        for document in self:
            provider = document.company_id._l10n_tn_edi_signing_provider()
            waits = bool(provider) and provider._waits_for_human()
            document._set_state(
                "to_sign",
                reason_code=code,
                reason_params=params,
                signing_token=False,
                next_at=False if waits else self._in(60 * LATER_MINUTES),
            )
            if not waits:
                self._wake_lane("submit", document.next_at)

    # --- What came of it -------------------------------------------------------------------------------------------

    def _keep_signature(self, result, **values):
        """Store what the provider gave.

        :param dict result: as ``l10n_tn_edi.signature.provider`` describes.
        :param values: more fields to write with a signature.
        :return: the signed bytes, to be handed to ``_keep_signed`` in the same transaction; None when there are none.
        """
        self.ensure_one()
        if "error" in result:
            self.sudo().signing_token = False
            self._fail(*result["error"])
            return None
        if "later" in result:
            self._give_back(*result["later"])
            return None
        if "pending" in result:
            code, params = result["pending"]
            self._set_state(
                "to_sign", reason_code=code, reason_params=params, next_at=False, signing_token=False
            )
            provider = self.company_id._l10n_tn_edi_signing_provider()
            provider.sudo().signatory_ids._may_sign(self.journal_id)[:1]._tell_waiting()
            return None
        signed = result["signed"]
        self._set_state(
            "signed",
            sha256=hashlib.sha256(signed).hexdigest(),
            signature_value=result["signature_value"],
            document_digest=result["document_digest"],
            certificate_id=result["certificate"].id,
            signed_at=fields.Datetime.now(),
            signing_token=False,
            next_at=self._now() if self.state == "signing" else self.next_at,
            **values,
        )
        return signed

    @api.model
    def _keep_signed(self, signed):
        """Keep signed bytes once, as they are, in files of the invoices.

        :param dict signed: documents to their bytes.
        """
        files = Files(self.env)
        for document, data in signed.items():
            name = f"{document.number.replace('/', '_')}.xml"
            files.add(
                document, "signed_id", data, name=name, mimetype="application/xml", owner=document.move_id
            )
        files.store()
