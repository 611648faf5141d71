import logging

from odoo import api, models

from ..signature.problems import SignatureError
from .l10n_tn_edi_document_queue import RETRYABLE

_logger = logging.getLogger(__name__)

# Signatures asked for in one call: what is signed so far is kept before the next part is asked for.
PART = 100


class L10nTnEdiSigning(models.Model):
    """A large batch is signed part by part, under the one permission that its holder gave.

    The first part is signed at once, while the holder waits; scheduled actions do the rest, and the session's screen shows
    how far they are. A part is marked and committed before the service is called and written when the answer is there: no
    row is locked meanwhile, no part is asked for twice, and what was signed before a service went down is kept.
    """

    _inherit = "l10n_tn_edi.signing"

    def _work(self, grant):
        """Sign the first part and leave the rest to the scheduled actions.

        :param str grant: what the holder's permission was exchanged for.
        """
        self.ensure_one()
        self.sudo().grant_encrypted = self.env["l10n_tn_edi.secret"]._encrypt(grant)
        self._work_part(grant)
        if self.state == "working":
            self.env["l10n_tn_edi.document"]._wake_lane("submit")

    def _work_part(self, grant):
        """Sign what comes next; the session is closed when nothing is left.

        :return: whether there was anything.
        """
        documents = self.env["l10n_tn_edi.document"].sudo()
        lines = self._claim_part()
        documents._end_snapshot()
        if lines:
            try:
                values = self.provider_id._sign_part(self, lines, grant)
            except SignatureError as error:
                documents._write_result(lambda error=error: self._fail(error))
                return False
            documents._write_result(lambda: lines._put(values))
            for line, value in zip(lines, values, strict=True):
                if line.state == "working":  # something went wrong with one of them: each on its own account
                    documents._write_result(lambda line=line, value=value: line._put([value]))
        documents._write_result(self._close_when_done)
        return bool(lines)

    def _claim_part(self):
        """:return: the next lines, marked as under way; empty when another worker has the session, or none waits."""
        locked = self.sudo().try_lock_for_update()
        lines = locked.line_ids.filtered(lambda line: line.state == "waiting")[:PART]
        lines.state = "working"
        return lines

    def _close_when_done(self):
        locked = self.sudo().try_lock_for_update()
        if locked.state == "working" and not locked._todo():
            locked._close("done" if locked.signed_count else "failed")

    @api.model
    def _work_off(self):
        """Go on with the sessions whose holders gave their permission; for scheduled actions.

        :return: the number of parts that were signed.
        """
        parts, documents = 0, self.env["l10n_tn_edi.document"]
        documents._end_snapshot()
        for signing in self.sudo().search([("state", "=", "working"), ("grant_encrypted", "!=", False)]):
            grant = self.env["l10n_tn_edi.secret"]._decrypt(signing.grant_encrypted)
            try:
                while grant and signing._work_part(grant):
                    parts += 1
            except RETRYABLE:
                documents._rollback()  # another worker was faster
            except Exception:
                # One session never stops the others, nor the documents of other providers.
                _logger.exception("Signing session %s could not go on", signing.id)
                documents._rollback()
                documents._write_result(lambda signing=signing: signing._fail(("document.unexpected", {})))
        return parts

    @api.model
    def _expire(self):
        """Sessions that nobody finished in time hold nothing any more."""
        late = self.sudo().search(
            [
                ("state", "in", ("waiting", "working")),
                ("expires_at", "<=", self.env["l10n_tn_edi.document"]._now()),
            ]
        )
        for signing in late:
            self.env["l10n_tn_edi.document"]._write_result(
                lambda signing=signing: signing._fail(("signing.expired", {}))
            )

    def action_sign_rest(self):
        """Sign what was selected and did not fit into this authorisation."""
        self.ensure_one()
        return self._left().action_sign()
