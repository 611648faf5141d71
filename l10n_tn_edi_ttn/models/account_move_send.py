from odoo import api, models


class AccountMoveSend(models.AbstractModel):
    _inherit = "account.move.send"

    @api.model
    def _is_tn_ttn_applicable(self, move):
        if move._l10n_tn_edi_is_accepted():
            return False  # it has been there
        return move.sudo().l10n_tn_edi_document_id.live or move._l10n_tn_edi_concerned()[0]

    def _get_all_extra_edis(self):
        # EXTENDS 'account'
        edis = super()._get_all_extra_edis()
        edis["tn_ttn"] = {
            "label": self.env._("by El Fatoora (TTN)"),
            "is_applicable": self._is_tn_ttn_applicable,
            "help": self.env._("Deposit the invoice at TTN; the e-mail goes out once TTN has accepted it."),
        }
        return edis

    # --- Attachments ------------------------------------------------------------------------------------------------

    def _get_invoice_extra_attachments(self, move):
        # EXTENDS 'account'
        return super()._get_invoice_extra_attachments(move) + self._l10n_tn_edi_teif_to_attach(move)

    @api.model
    def _l10n_tn_edi_teif_to_attach(self, move):
        """:return: TTN's validated TEIF for a customer whose format is TEIF, else an empty recordset."""
        if move.commercial_partner_id.with_company(move.company_id).invoice_edi_format != "tn_teif":
            return self.env["ir.attachment"]
        document = move.l10n_tn_edi_document_id.sudo()
        return document.ttn_xml_id or self.env["ir.attachment"]

    def _get_placeholder_mail_attachments_data(
        self, move, invoice_edi_format=None, extra_edis=None, pdf_report=None
    ):
        # EXTENDS 'account'
        data = super()._get_placeholder_mail_attachments_data(
            move, invoice_edi_format=invoice_edi_format, extra_edis=extra_edis, pdf_report=pdf_report
        )
        if invoice_edi_format == "tn_teif" and not self._l10n_tn_edi_teif_to_attach(move):
            filename = f"{move._get_invoice_report_filename(extension='')}xml".replace("/", "_")
            data.append(
                {
                    "id": f"placeholder_{filename}",
                    "name": filename,
                    "mimetype": "application/xml",
                    "placeholder": True,
                }
            )
        return data

    # --- What the user is told --------------------------------------------------------------------------------------

    def _get_alerts(self, moves, moves_data):
        # EXTENDS 'account'
        alerts = super()._get_alerts(moves, moves_data)
        waiting = moves.filtered(lambda move: move._l10n_tn_edi_awaits_ttn())
        if waiting:
            # Never 'danger': waiting for TTN is the normal way, and an error would roll back an invoice made at a till.
            alerts["l10n_tn_edi_waiting"] = {
                "level": "info",
                "message": self.env._(
                    "TTN has not accepted these invoices yet. The e-mail is kept and goes out after acceptance, "
                    "with TTN's reference and QR code on the PDF."
                ),
                "action_text": self.env._("View Invoices"),
                "action": waiting._get_records_action(name=self.env._("Waiting for TTN")),
            }
        return alerts

    # --- The e-mail waits for TTN -----------------------------------------------------------------------------------

    def _call_web_service_before_invoice_pdf_render(self, invoices_data):
        # EXTENDS 'account'
        result = super()._call_web_service_before_invoice_pdf_render(invoices_data)
        for invoice, data in invoices_data.items():
            document = invoice.l10n_tn_edi_document_id.sudo()
            if (
                "tn_ttn" in data.get("extra_edis", ())
                and invoice.company_id.l10n_tn_edi_sending == "on_demand"
                and not invoice.l10n_tn_edi_hold
                and "send" in document._valid_actions()
            ):
                document.hold = False
                document._request()
                document._schedule()
        return result

    def _hook_if_success(self, moves_data, from_cron=False):
        # EXTENDS 'account'
        ready = {}
        for move, data in moves_data.items():
            document = move.l10n_tn_edi_document_id.sudo()
            if not (document.live and move._l10n_tn_edi_awaits_ttn()):
                ready[move] = data
            elif set(data["sending_methods"]) - {"manual"}:
                # Neither e-mail nor letter nor a journal's subscribers: it is no invoice before TTN has accepted it.
                document.held_mail = [*(document.held_mail or []), self._l10n_tn_edi_freeze_mail(data)]
        return super()._hook_if_success(ready, from_cron=from_cron)

    @api.model
    def _l10n_tn_edi_freeze_mail(self, data):
        """:return: what the user chose for one sending, as JSON, to be used again after acceptance."""
        template = data.get("mail_template")
        return {
            "sending_methods": sorted(set(data["sending_methods"]) - {"manual"}),
            "mail_template_id": template.id if template else False,
            "mail_lang": data.get("mail_lang"),
            "mail_subject": data.get("mail_subject"),
            "mail_body": data.get("mail_body"),
            "mail_partner_ids": list(
                getattr(data.get("mail_partner_ids"), "ids", data.get("mail_partner_ids") or [])
            ),
            "author_partner_id": data.get("author_partner_id"),
            "author_user_id": data.get("author_user_id"),
            # Only what the user added by hand: PDF and TEIF are made anew.
            "mail_attachments_widget": [
                attachment
                for attachment in data.get("mail_attachments_widget") or []
                if attachment.get("manual") and not attachment.get("placeholder")
            ],
        }
