import hashlib
import logging

import psycopg2

from odoo import api, fields, models

from ..teif import check, write
from ..teif.foreign import parse_foreign_xml
from .l10n_tn_edi_document_queue import TO_PREPARE

_logger = logging.getLogger(__name__)

# Documents built and signed between two commits. Nothing here leaves the server, so a rollback does no harm.
PREPARED_AT_ONCE = 20
# A credit note looks again after its original this often, at the latest (an acceptance wakes it at once).
ORIGINAL_RETRY_MINUTES = 15


class L10nTnEdiDocument(models.Model):
    """From the posted invoice to the signed document: build, check, sign."""

    _inherit = "l10n_tn_edi.document"

    @api.model
    def _prepare_batch(self):
        """:return: the number of documents that went one step on."""
        return len(self._claim_due(TO_PREPARE, PREPARED_AT_ONCE, self._prepare)[0])

    @api.model
    def _prepare(self, documents):
        """Build, check and sign, each document on its own account."""
        built = {document: unsigned for document, unsigned in documents._each(lambda d: d._build()).items() if unsigned}
        for (provider, mode), batch in self._by_provider(built).items():
            self._sign_batch(provider, mode, batch)

    # --- Build and check -------------------------------------------------------------------------------------------

    def _build(self):
        """:return: bytes of the unsigned TEIF document, or None when the document went another way."""
        self.ensure_one()
        move = self.move_id.with_company(self.company_id)
        if move.state != "posted":
            self._set_state("withdrawn", live=False, next_at=False)
            return None
        concerned, reason = move._l10n_tn_edi_concerned()
        if not concerned:
            self._set_state("withdrawn", live=False, next_at=False, reason_code=reason)
            return None
        if self._wait_for_originals():
            return None
        teif = move._l10n_tn_edi_teif_document()
        unsigned = write.write(teif)
        findings = move._l10n_tn_edi_place(check.check(parse_foreign_xml(unsigned), document=teif))
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
        return unsigned

    def _wait_for_originals(self):
        """A credit note goes after the invoice it undoes.

        :return: whether it has to wait.
        """
        original = self.move_id.reversed_entry_id.l10n_tn_edi_document_id
        if not original or original.state in ("accepted", "conflict", "withdrawn"):
            return False
        if original.state in ("rejected", "error"):
            if self.reason_code == "credit_note.original_refused":
                return False  # held for this reason once, and released by a human
            # Whether the credit note is still wanted is a human's affair.
            self._set_state("to_send", hold=True, reason_code="credit_note.original_refused", reason_params={"number": original.number})
        else:
            self._set_state(
                "to_send",
                next_at=fields.Datetime.add(fields.Datetime.now(), minutes=ORIGINAL_RETRY_MINUTES),
                reason_code="credit_note.original_pending",
                reason_params={"number": original.number},
            )
        return True

    # --- Sign ------------------------------------------------------------------------------------------------------

    @api.model
    def _by_provider(self, built):
        """:param dict built: documents to unsigned bytes.
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
        for document, result in results.items():
            document._guarded(lambda document=document, result=result: document._keep_signature(result))

    def _keep_signature(self, result):
        """Store what the provider gave: the signed bytes once, as they are, in a file of the invoice."""
        self.ensure_one()
        if "error" in result:
            self._fail(*result["error"])
            return
        if "pending" in result:
            code, params = result["pending"]
            self._set_state("signing", reason_code=code, reason_params=params, next_at=False)
            return
        signed = result["signed"]
        attachment = (
            self.env["ir.attachment"]
            .sudo()
            .create(
                {
                    "name": f"{self.number.replace('/', '_')}.xml",
                    "raw": signed,
                    "mimetype": "application/xml",
                    "res_model": "account.move",
                    "res_id": self.move_id.id,
                }
            )
        )
        self._set_state(
            "signed",
            signed_id=attachment.id,
            sha256=hashlib.sha256(signed).hexdigest(),
            signature_value=result["signature_value"],
            document_digest=result["document_digest"],
            certificate_id=result["certificate"].id,
            signed_at=fields.Datetime.now(),
        )
