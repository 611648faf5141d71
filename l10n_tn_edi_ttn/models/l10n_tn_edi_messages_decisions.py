from odoo import api, models


class L10nTnEdiMessages(models.AbstractModel):
    """Sentences of ``elfatoora.decisions``: what TTN's answers mean for a document."""

    _inherit = "l10n_tn_edi.messages"

    @api.model
    def _elfatoora_decision_catalogue(self):
        return {
            **self._elfatoora_send_catalogue(),
            **self._elfatoora_ask_catalogue(),
            **self._elfatoora_accept_catalogue(),
        }

    @api.model
    def _elfatoora_send_catalogue(self):
        return {
            "send.submitted": lambda p: self.env._("Deposited at TTN, which is working on it."),
            "send.not_sent": lambda p: self.env._(
                "The document could not be sent; TTN surely did not receive it. Odoo tries again by itself."
            ),
            "send.given_up": lambda p: self.env._(
                "The document could not be sent, too many times; TTN surely did not receive it. Check the network and the "
                "settings of El Fatoora, then send it again."
            ),
            "send.refused": lambda p: self.env._(
                "TTN refused the document at once: %(text)s", text=p["text"]
            ),
            "send.refused_account": lambda p: self.env._(
                "TTN refused the account, not the document: %(text)s The document waits, signed, until that is in order.",
                text=p["text"],
            ),
            "send.no_id": lambda p: self.env._(
                "TTN answered without a deposit number (%(text)s). Odoo asks what became of the document.",
                text=p["text"],
            ),
            "send.several_ids": lambda p: self.env._(
                "TTN answered with several deposit numbers (%(text)s). Odoo asks what became of the document.",
                text=p["text"],
            ),
            "send.doubtful_text": lambda p: self.env._(
                "TTN's answer can be read in two ways (%(text)s). Odoo asks what became of the document.",
                text=p["text"],
            ),
            "send.fault": lambda p: self.env._(
                "TTN reports an error (%(text)s) that does not say what became of the document. Odoo asks.",
                text=p["text"],
            ),
            "send.answer_lost": lambda p: self.env._(
                "No usable answer came from TTN. Odoo asks what became of the document; it is not sent again before."
            ),
            "send.lease_expired": lambda p: self.env._(
                "Sending was interrupted. Odoo asks TTN what became of the document; it is not sent again before."
            ),
        }

    @api.model
    def _elfatoora_ask_catalogue(self):
        return {
            "ask.no_answer": lambda p: self.env._("TTN could not be asked completely. Odoo asks again."),
            "ask.not_visible": lambda p: self.env._("TTN does not show the document (yet). Odoo asks again."),
            "ask.pending": lambda p: self.env._("Deposited; TTN is working on it."),
            "ask.rejected": lambda p: self.env._("TTN rejected the document: %(texts)s", texts=p["texts"]),
            "ask.still_rejected": lambda p: self.env._(
                "TTN rejected the document, and nothing new is there."
            ),
            "ask.unreadable": lambda p: self.env._(
                "TTN holds a deposit that cannot be read and may be ours (%(deposits)s). Look at it on TTN's site and decide.",
                deposits=p["deposits"],
            ),
            "ask.same_document": lambda p: self.env._(
                "TTN holds the same invoice with another signature (reference %(reference)s). Decide which one counts.",
                reference=p["reference"],
            ),
            "ask.earlier_accepted": lambda p: self.env._(
                "TTN accepted an earlier version of this invoice (reference %(reference)s). Decide; a credit note may be needed.",
                reference=p["reference"],
            ),
            "ask.earlier_pending": lambda p: self.env._(
                "TTN is still working on an earlier version of this invoice."
            ),
            "ask.id_of_other": lambda p: self.env._(
                "TTN shows another document under the deposit number that it gave us. Look at it and decide."
            ),
            "ask.number_taken": lambda p: self.env._(
                "TTN holds another document of the company with this number. Look at it on TTN's site and decide."
            ),
            "ask.release_waits": lambda p: self.env._(
                "TTN holds another document with this number, as was decided. The invoice can take another number once it is "
                "sure that TTN does not hold it; Odoo asks by itself."
            ),
            "ask.released": lambda p: self.env._(
                "TTN holds another document with number %(number)s, and not this one. Give the invoice another number; nothing "
                "is deposited under this one.",
                number=p["number"],
            ),
            "ask.vanished": lambda p: self.env._(
                "A deposit that existed has not been visible at TTN for days. Ask TTN, then decide."
            ),
            "ask.absent": lambda p: self.env._(
                "TTN does not hold the document (%(answers)s complete answers). Confirm it, and it is sent again.",
                answers=p["answers"],
            ),
            "ask.absent_unproved": lambda p: self.env._(
                "TTN does not show the document (%(answers)s complete answers), nor any later one. Look at it on TTN's site and "
                "decide.",
                answers=p["answers"],
            ),
            "ask.absent_confirmed": lambda p: self.env._("TTN does not hold the document: it is sent again."),
            "ask.resend": lambda p: self.env._(
                "TTN does not hold the document: it is sent again, once, as the company chose."
            ),
        }

    @api.model
    def _elfatoora_accept_catalogue(self):
        return {
            "accept.accepted": lambda p: self.env._(
                "Accepted by TTN under reference %(reference)s.", reference=p["reference"]
            ),
            "accept.decided": lambda p: self.env._(
                "Accepted by TTN under reference %(reference)s: somebody decided that this deposit is the invoice.",
                reference=p["reference"],
            ),
            "accept.unproved": lambda p: self.env._(
                "Accepted by TTN under reference %(reference)s, but TTN's own signature does not prove it. Look at it.",
                reference=p["reference"],
            ),
            "accept.without_document": lambda p: self.env._(
                "Accepted by TTN under reference %(reference)s; TTN's final document has not come.",
                reference=p["reference"],
            ),
            "accept.waiting_document": lambda p: self.env._(
                "TTN has given a reference; its final document is awaited."
            ),
            "accept.mismatch": lambda p: self.env._(
                "TTN gave reference %(reference)s to a document that differs from ours (%(fields)s). Look at it and decide.",
                reference=p["reference"],
                fields=self._differences(p["fields"]),
            ),
            "accept.unreadable": lambda p: self.env._(
                "TTN gave reference %(reference)s, but its document cannot be read. Look at it on TTN's site and decide.",
                reference=p["reference"],
            ),
            "accept.changed": lambda p: self.env._(
                "TTN accepted this invoice before; what it shows now contradicts that. Ask TTN."
            ),
            "accept.kept": lambda p: self.env._("Accepted by TTN."),
            "accept.two_acceptances": lambda p: self.env._(
                "TTN accepted this invoice twice (%(references)s). Ask TTN which one counts; a credit note may be needed.",
                references=p["references"],
            ),
        }

    @api.model
    def _differences(self, names):
        """:param str names: of what differs from our document, as ``elfatoora.consulted`` calls it, with commas between.
        :return: str, the same in the user's words.
        """
        words = {
            "signature": self.env._("signature"),
            "document_digest": self.env._("content"),
            "fingerprint": self.env._("fingerprint in the QR code"),
            "number": self.env._("number"),
            "sender": self.env._("sender"),
            "type_code": self.env._("document type"),
            "total": self.env._("total"),
        }
        return ", ".join(words.get(name, name) for name in names.split(", "))
