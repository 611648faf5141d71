import logging

from odoo import api, models

from ..teif import write
from ..teif.foreign import parse_foreign_xml
from .l10n_tn_edi_document_queue import TO_PREPARE
from .l10n_tn_edi_signature_provider import Unsigned

_logger = logging.getLogger(__name__)

# Documents built and signed between two commits. Nothing here leaves the server, so a rollback does no harm.
PREPARED_AT_ONCE = 40
# A credit note looks again after its original this often, at the latest (an acceptance wakes it at once).
ORIGINAL_RETRY_MINUTES = 15
# Why a credit note waits. "refused" among the params: the documents of the originals that a human was told of.
ORIGINAL_PENDING, ORIGINAL_REFUSED = "credit_note.original_pending", "credit_note.original_refused"


class L10nTnEdiDocument(models.Model):
    """From the posted invoice to the document that is ready to be signed: build, check."""

    _inherit = "l10n_tn_edi.document"

    @api.model
    def _prepare_batch(self, alone=True):
        """:param bool alone: no call to TTN is on its way, whose answer would wait while somebody else signs.
        :return: the number of documents that went one step on.
        """
        self._expire_signing()
        parts, step = 0, TO_PREPARE
        if alone:
            parts = self.env["l10n_tn_edi.signing"]._work_off()
        else:
            step = [*step, ("company_id", "not in", self._signed_elsewhere().ids)]
        documents, batches = self._claim_due(step, PREPARED_AT_ONCE, self._prepare)
        # Whoever calls somebody else to sign does so now, when no row is locked any more.
        for batch in batches or ():
            self._sign_remotely(batch)
        return len(documents) + parts

    @api.model
    def _signed_elsewhere(self):
        """:return: the companies for which somebody else is called to sign."""
        companies = self.env["res.company"].sudo().search([("l10n_tn_edi_enabled", "=", True)])
        codes = self.env["l10n_tn_edi.signature.provider"]._remote_codes()
        return companies.filtered(lambda company: company._l10n_tn_edi_signing_provider().code in codes)

    @api.model
    def _prepare(self, documents):
        """Build, check and sign, each document on its own account."""
        documents.move_id._l10n_tn_edi_read_ahead()
        built = {
            document: unsigned
            for document, unsigned in documents._each(lambda d: d._build()).items()
            if unsigned
        }
        batches = []
        for (provider, mode), batch in self._by_provider(built).items():
            if provider._is_remote() and not provider._refusal(mode == "production"):
                batches.append(self._begin_remote(provider, mode, batch))
            else:
                self._sign_batch(provider, mode, batch)
        return batches

    # --- Build and check -------------------------------------------------------------------------------------------

    def _build(self):
        """:return: ``Unsigned`` of the TEIF document, or None when the document went another way."""
        self.ensure_one()
        move = self.move_id.with_company(self.company_id)
        if move.state != "posted":
            self._set_state("withdrawn", live=False, next_at=False)
            return None
        concerned, reason = move._l10n_tn_edi_concerned()
        if not concerned and self._is_in_doubt():
            self._fail("document.in_doubt", {"number": self.number})
            return None
        if not concerned:
            self._set_state("withdrawn", live=False, next_at=False, reason_code=reason)
            return None
        if self._fail_if_renumbered() or self._wait_for_originals():
            return None
        teif = move._l10n_tn_edi_teif_document()
        unsigned = write.write(teif)
        root = parse_foreign_xml(unsigned)
        findings = move._l10n_tn_edi_place(move._l10n_tn_edi_check(root, teif), len(unsigned))
        if any(finding["severity"] == "blocking" for finding in findings):
            self._fail("document.findings", findings=findings)
            return None
        self._set_state(
            "to_sign",
            findings=findings,
            number=teif.number,
            type_code=teif.type_code,
            sender=teif.sender.value,
            version=teif.version,
            total=str(self._total_with_tax(teif) or ""),
        )
        return Unsigned(unsigned, root)

    def _wait_for_originals(self):
        """A credit note goes after the invoices it undoes.

        One that was refused is for a human: whether the credit note is still wanted. It is held once for each; what was
        released goes on. The others are awaited.

        :return: whether it has to wait.
        """
        if self.move_id.move_type != "out_refund":
            return False
        pending = self.move_id._l10n_tn_edi_origins().l10n_tn_edi_document_id.filtered(
            lambda document: document.state not in ("accepted", "conflict", "withdrawn")
        )
        refused = pending.filtered(lambda document: document.state in ("rejected", "error"))
        known = (self.reason_code in (ORIGINAL_REFUSED, ORIGINAL_PENDING) and self.reason_params) or {}
        told = refused.filtered(lambda document: document.id in known.get("refused", ()))
        news, awaited = refused - told, pending - refused
        if news:
            self._set_state(
                "to_send",
                hold=True,
                reason_code=ORIGINAL_REFUSED,
                reason_params={"number": ", ".join(news.move_id.mapped("name")), "refused": refused.ids},
            )
        elif awaited:
            self._set_state(
                "to_send",
                next_at=self._in(60 * ORIGINAL_RETRY_MINUTES),
                reason_code=ORIGINAL_PENDING,
                reason_params={"number": awaited[0].move_id.name, "refused": told.ids},
            )
        return bool(news or awaited)
