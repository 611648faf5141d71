"""What the screens of electronic documents need beside their data."""

from odoo import api, fields, models


class L10nTnEdiDocument(models.Model):
    _inherit = "l10n_tn_edi.document"

    actions = fields.Json(compute="_compute_actions", help="What may be done now.")
    exchange_count = fields.Integer(compute="_compute_exchange_count")
    rejection_text = fields.Text(string="What TTN Objects To", compute="_compute_rejection_text")

    @api.depends("state", "hold", "live")
    def _compute_actions(self):
        for document in self:
            document.actions = sorted(document._valid_actions())

    @api.depends("exchange_ids")
    def _compute_exchange_count(self):
        counts = dict(
            self.env["l10n_tn_edi.exchange"]._read_group(
                [("document_id", "in", self.ids)], ["document_id"], ["__count"]
            )
        )
        for document in self:
            document.exchange_count = counts.get(document, 0)

    @api.depends("rejections")
    @api.depends_context("lang")
    def _compute_rejection_text(self):
        for document in self:
            document.rejection_text = "\n".join(document._rejection_lines()) or False

    @api.depends("state", "unproved", "reason_code", "reason_params", "findings", "rejections")
    @api.depends_context("lang")
    def _compute_cause(self):
        for document in self:
            document.cause = document._main_sentence()

    def _main_sentence(self):
        """:return: str, what stands most in the document's way, for one cell of a list; False for nothing."""
        self.ensure_one()
        if self.state == "withdrawn" or (self.state == "accepted" and not self.unproved):
            return False
        if self.state == "rejected" and self.rejections:
            # The situation is told by the objection that blocks; it need not be the first.
            main = [item for item in self.rejections if item.get("code") == self.reason_code]
            return self._rejection_line((main or self.rejections)[0])
        if self.state == "error" and self.findings:
            [item] = self.move_id._l10n_tn_edi_explain(self.findings[:1])  # the gravest comes first
            return item["sentence"]
        return self.reason

    def _rejection_lines(self):
        """:return: list of str: what each of TTN's objections means, then TTN's own words with its code."""
        self.ensure_one()
        return [line for item in self.rejections or [] if (line := self._rejection_line(item))]

    def _rejection_line(self, item):
        meaning = ""
        if item.get("code"):
            meaning = self.env["l10n_tn_edi.messages"]._sentence(item["code"], item.get("params") or {})
        said = " ".join(filter(None, (item.get("ttn_code"), item.get("text"))))
        if meaning and said:
            return self.env._("%(meaning)s (TTN: %(words)s)", meaning=meaning, words=said)
        return meaning or said

    def action_download_signed(self):
        """Download the document that was signed and sent."""
        return self._download(self.sudo().signed_id)

    def action_download_ttn(self):
        """Download the document as TTN returned it, with its reference, QR code and signature."""
        return self._download(self.sudo().ttn_xml_id)

    def action_verify(self):
        """Verify the signatures of what TTN returned, or of what was sent, point by point."""
        self.ensure_one()
        self.check_access("read")
        attachment = self.sudo().ttn_xml_id or self.sudo().signed_id
        check = self.env["l10n_tn_edi.check.file"].create(
            {"file": attachment.datas, "file_name": attachment.name}
        )
        return check.action_check()

    def _download(self, attachment):
        self.ensure_one()
        self.check_access("read")
        return {
            "type": "ir.actions.act_url",
            "url": f"/web/content/{attachment.id}?download=true",
            "target": "download",
        }

    def action_open_exchanges(self):
        """Open the calls that were made about this document."""
        self.ensure_one()
        return {
            **self.exchange_ids._get_records_action(name=self.env._("Exchanges with El Fatoora")),
            "domain": [["document_id", "=", self.id]],
            "context": {"create": False},
        }

    # --- Buttons of the list: the invoices' own do what is possible and count the rest -------------------------------

    def action_send_selected(self):
        """Send those of a selection that can be sent."""
        return self.filtered("live").move_id.action_l10n_tn_edi_send_selected()

    def action_correct_selected(self):
        """Prepare and send again those of a selection that were to be corrected."""
        return self.filtered("live").move_id.action_l10n_tn_edi_correct_selected()

    def action_ask_selected(self):
        """Ask TTN about those of a selection that wait for a verdict."""
        return self.filtered("live").move_id.action_l10n_tn_edi_ask_selected()

    def action_open_correct(self):
        """Open the wizard that shows what TTN objects to and the ways to correct it."""
        self.ensure_one()
        return self.move_id.action_l10n_tn_edi_open_correct()

    def action_open_decide(self):
        """Open the wizard in which a responsible decides what became of a deposit."""
        self.ensure_one()
        wizard = self.env["l10n_tn_edi.decide"].create({"document_id": self.id})
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("What became of this deposit?"),
            "res_model": "l10n_tn_edi.decide",
            # Made already: the client runs no buttons of the lines of a record that is not.
            "res_id": wizard.id,
            "views": [(False, "form")],
            "target": "new",
            "context": {"dialog_size": "extra-large"},
        }

    def _action_to_decide(self):
        """:return: the action that makes the wizard when it is run, and opens it."""
        self.ensure_one()
        action = self.env["ir.actions.actions"]._for_xml_id(
            "l10n_tn_edi_ttn.l10n_tn_edi_document_action_decide"
        )
        return {
            **action,
            "context": {"active_model": self._name, "active_id": self.id, "active_ids": self.ids},
        }
