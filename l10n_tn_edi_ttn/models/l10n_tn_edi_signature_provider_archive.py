import hashlib

from odoo import fields, models
from odoo.exceptions import UserError

from ..signature import cades, pades
from ..signature.problems import SignatureError, SignerError


class L10nTnEdiSignatureProvider(models.Model):
    """Signatures beside those of TEIF documents: of exports of proof (CAdES) and of archived PDFs (PAdES).

    They are made by whatever signs without a human: a file, a token or HSM at the server that is allowed to, a seal. A
    token on a desk refuses them, for its holder would not see what he signs.
    """

    _inherit = "l10n_tn_edi.signature.provider"

    def _sign_detached(self, data):
        """Sign any bytes.

        :param bytes data: what is signed; it is not changed and stays outside of the result.
        :return: bytes of a CMS container (DER), detached, CAdES baseline B.
        :raise SignatureError: when this provider cannot sign now; its code and params say why.
        """
        signer = self._archive_signer()
        prepared = cades.prepare(hashlib.sha256(data).digest(), signer.chain, self._now())
        return cades.complete(prepared.state, self._archive_value(signer, prepared))

    def _sign_pdf(self, pdf, reason=""):
        """Sign a PDF.

        :param bytes pdf: the file.
        :param str reason: shown by PDF readers.
        :return: bytes of the same PDF with an invisible signature appended, PAdES baseline B.
        :raise SignatureError: as :meth:`_sign_detached`, and when the file is no PDF or pyHanko is missing.
        """
        signer = self._archive_signer()
        waiting = pades.prepare(pdf, signer.chain, reason=reason)
        return waiting.complete(self._archive_value(signer, waiting.prepared))

    def _archive_signer(self):
        self.ensure_one()
        provider = self.sudo()
        if provider.state == "disabled":
            raise SignerError("provider.disabled", "the provider is disabled", provider=provider.name)
        if provider._waits_for_human():
            raise SignerError("provider.no_archives", "a human has to sign", provider=provider.name)
        signer = getattr(provider, f"_{provider.code}_signer")()
        provider._check_usable(signer.chain)
        return signer

    def _archive_value(self, signer, prepared):
        [value] = signer.sign_all([prepared])
        if isinstance(value, SignatureError):
            raise value
        return value


class L10nTnEdiDocument(models.Model):
    _inherit = "l10n_tn_edi.document"

    signed_pdf_id = fields.Many2one("ir.attachment", string="Signed PDF", readonly=True, copy=False)

    def action_sign_pdf(self):
        """Sign the printed invoice of an accepted document, and download it.

        :raise UserError: when it is not accepted or was never printed, or the provider cannot sign.
        """
        self.ensure_one()
        self._check_may_send()
        provider = self.company_id._l10n_tn_edi_signing_provider()
        pdf = self.move_id.invoice_pdf_report_id
        if self.state != "accepted" or not pdf:
            raise UserError(
                self.env._("Only the PDF of an accepted invoice is signed: print or send the invoice first.")
            )
        if not provider:
            raise UserError(
                self.env["l10n_tn_edi.messages"]._sentence(
                    "provider.missing", {"company": self.company_id.name}
                )
            )
        try:
            signed = provider._sign_pdf(pdf.raw, reason=f"{self.number} {self.reference or ''}".strip())
        except SignatureError as error:
            params = {"provider": provider.name, **error.params}
            raise UserError(self.env["l10n_tn_edi.messages"]._sentence(error.code, params)) from None
        values = {"raw": signed, "mimetype": "application/pdf"}
        if self.sudo().signed_pdf_id:
            self.sudo().signed_pdf_id.write(values)
        else:
            name = f"{pdf.name.removesuffix('.pdf')}_signed.pdf"
            self.sudo().signed_pdf_id = pdf.sudo().create(
                {**values, "name": name, "res_model": "account.move", "res_id": self.move_id.id}
            )
        return self._download(self.sudo().signed_pdf_id)
