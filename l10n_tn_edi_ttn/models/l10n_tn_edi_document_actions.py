"""What a user may ask of a document with a button: to send, correct, hold, retire it, or to ask TTN."""

from odoo import models
from odoo.exceptions import UserError


class L10nTnEdiDocument(models.Model):
    _inherit = "l10n_tn_edi.document"

    def _check_may_send(self):
        """:raise AccessError: when the user may read the document but not send invoices."""
        self.check_access("read")
        self.move_id.check_access("write")

    def action_send(self):
        """Send as soon as possible: releases a hold and forgets the delay."""
        self._check_may_send()
        self._require("send")
        going = self._of_the_company_mode()
        for document in going:
            mode = document._mode_to_go_in()
            if document.mode != mode:
                document._set_state("to_send", mode=mode, **document._unsigned_values())
        going.sudo().hold = False
        going._request()
        going._schedule()

    def _mode_to_go_in(self):
        """:return: str, the company's mode; where TTN was called, that in which it was: its exchanges tell of that platform."""
        self.ensure_one()
        return self.mode if self.sudo().exchange_ids else self.company_id.l10n_tn_edi_mode

    def _of_the_company_mode(self):
        """Begin anew, for real, with what was tried on the test platform only.

        :return: the other documents.
        :raise UserError: when there are such, for anybody but an accounting administrator.
        """
        tried = self.filtered(lambda document: document._is_tried_only())
        if tried:
            tried.action_retire()
            tried.move_id._l10n_tn_edi_create_documents(delay=False)
        return self - tried

    def _is_for_administrators(self):
        """:return: whether only somebody else may send the document: see ``_of_the_company_mode``."""
        self.ensure_one()
        begins_anew = self.state != "rejected" and self._is_tried_only()
        return begins_anew and not self.env.user.has_group("account.group_account_manager")

    def action_correct(self):
        """Build, check and send again after something was corrected. Number, date and entry stay as they are."""
        self._check_may_send()
        self._require("correct")
        rejected = self.filtered(lambda document: document.state == "rejected")
        for document in rejected:
            document._replace()
        for document in (self - rejected)._of_the_company_mode():
            document._set_state(
                "to_send", hold=False, mode=document._mode_to_go_in(), **document._unsigned_values()
            )
            document._request()
            document._schedule()

    def _replace(self):
        """Give the invoice a new document; the rejected one stays as it is, with its exchanges.

        :raise UserError: when it gets none, for instance because its customer is not concerned any more.
        """
        self.ensure_one()
        held_mail = self.sudo().held_mail
        # TTN is asked about it once a day all the same: it may still accept it.
        self.sudo().write({"live": False, "held_mail": False})
        move = self.move_id
        document = move._l10n_tn_edi_create_documents(delay=False)
        if not document:
            _concerned, reason = move._l10n_tn_edi_concerned()
            raise UserError(
                self.env._(
                    "%(number)s cannot be sent again: %(reason)s",
                    number=move.display_name,
                    reason=self.env["l10n_tn_edi.messages"]._sentence(reason or "document.unexpected"),
                )
            )
        document.held_mail = held_mail  # the e-mail waits on, now for the corrected document
        return document

    def action_retire(self):
        """What was deposited on the test platform is not in the way of production: the invoice may be deposited for real."""
        self._check_may_send()
        if not self.env.user.has_group("account.group_account_manager"):
            raise UserError(self.env._("Only an accounting administrator may decide this."))
        self._require("retire")
        self.sudo().write({"live": False, "next_at": False})
        for document in self:
            document._log(
                self.env._(
                    "The document of the test platform was set aside by %(user)s.", user=self.env.user.name
                )
            )

    def action_hold(self):
        self._check_may_send()
        self._require("hold")
        self.sudo().hold = True

    def action_ask(self):
        """Ask TTN where the documents stand, without waiting for the next scheduled time."""
        self._check_may_send()
        self._require("ask")
        self._request()
        self._schedule()

    def action_open_move(self):
        self.ensure_one()
        return self.move_id.get_formview_action()
