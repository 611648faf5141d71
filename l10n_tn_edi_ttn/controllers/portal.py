"""The customer's side of an electronic invoice: its TEIF, and the check of its signatures."""

from odoo import http
from odoo.addons.account.controllers.download_docs import _get_headers
from odoo.addons.account.controllers.portal import PortalAccount
from odoo.exceptions import AccessError, MissingError
from odoo.http import request


class PortalElFatoora(PortalAccount):
    def _document_check_access(self, model_name, document_id, access_token=None):
        # EXTENDS 'portal': a link with a token opens no invoice that TTN has not accepted, to nobody outside the company
        document = super()._document_check_access(model_name, document_id, access_token)
        if (
            model_name == "account.move"
            and not request.env.user._is_internal()
            and document._l10n_tn_edi_awaits_ttn()
        ):
            raise AccessError(request.env._("This invoice is not registered at TTN yet."))
        return document

    @http.route("/my/invoices/<int:invoice_id>/teif", type="http", auth="public", methods=["GET"])
    def l10n_tn_edi_teif(self, invoice_id, access_token=None):
        """TTN's final TEIF of an invoice, as a file."""
        try:
            invoice = self._document_check_access("account.move", invoice_id, access_token)
        except (AccessError, MissingError):
            return request.redirect("/my")
        teif = invoice._l10n_tn_edi_printed_teif()
        if not teif:
            raise request.not_found()
        return request.make_response(teif.raw, _get_headers(teif.name, "application/xml", teif.raw))

    @http.route(
        "/my/invoices/<int:invoice_id>/signatures", type="http", auth="public", methods=["GET"], website=True
    )
    def l10n_tn_edi_signatures(self, invoice_id, access_token=None):
        """A page that says what the signatures of an invoice are worth, checked anew."""
        try:
            invoice = self._document_check_access("account.move", invoice_id, access_token)
        except (AccessError, MissingError):
            return request.redirect("/my")
        values = {
            "invoice": invoice,
            "page_name": "invoice",
            "signatures": invoice._l10n_tn_edi_signature_check(),
        }
        return request.render("l10n_tn_edi_ttn.portal_signatures", values)
