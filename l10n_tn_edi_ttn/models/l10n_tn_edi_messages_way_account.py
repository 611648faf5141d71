from odoo import api, models


class L10nTnEdiMessages(models.AbstractModel):
    """Sentences about an account at TTN as a whole: ``elfatoora.sweep.CODES`` and the reasons of ``elfatoora.breaker``."""

    _inherit = "l10n_tn_edi.messages"

    @api.model
    def _way_catalogue(self):
        return {**super()._way_catalogue(), **self._sweep_catalogue(), **self._breaker_catalogue()}

    @api.model
    def _sweep_catalogue(self):
        return {
            "sweep.unknown_deposit": lambda p: self.env._(
                "TTN holds deposit %(deposit)s of invoice %(number)s, which was not made here. Find out who made it (another "
                "program, the portal, a copy of this database) before the number is used.",
                deposit=p["deposit"],
                number=p["number"],
            ),
            "sweep.unreadable": lambda p: self.env._(
                "TTN holds deposit %(deposit)s under number %(number)s, and its document cannot be read. Look at it on TTN's "
                "portal.",
                deposit=p["deposit"],
                number=p["number"],
            ),
            "sweep.unidentified": lambda p: self.env._(
                "TTN holds a deposit of this account that cannot be read and has no number. Nothing is deposited until an "
                "accounting administrator has looked at it on TTN's portal."
            ),
            "sweep.same_document": lambda p: self.env._(
                "TTN holds deposit %(deposit)s: our invoice %(number)s under another signature. Decide on the invoice which "
                "one counts.",
                deposit=p["deposit"],
                number=p["number"],
            ),
            "sweep.duplicate": lambda p: self.env._(
                "TTN holds the same document %(copies)s times (deposit %(deposit)s). Ask TTN to cancel the others.",
                copies=p["copies"],
                deposit=p["deposit"],
            ),
            "sweep.lost_deposit": lambda p: self.env._(
                "TTN holds our deposit %(deposit)s, whose answer never arrived. It is asked about by itself.",
                deposit=p["deposit"],
            ),
            "sweep.lost_acceptance": lambda p: self.env._(
                "TTN accepted one of our documents under reference %(reference)s. It is recorded by itself.",
                reference=p["reference"],
            ),
            "sweep.left_behind": lambda p: self.env._(
                "TTN holds deposit %(deposit)s of invoice %(number)s, which was withdrawn or changed here since. Look at it on "
                "TTN's portal before the number is used again.",
                deposit=p["deposit"],
                number=p["number"],
            ),
            "sweep.unread": lambda p: self.env._(
                "TTN shows more deposits of %(minute)s (UTC) than can be read at once. Compare that minute on TTN's portal with "
                "the invoices here.",
                minute=p["minute"],
            ),
            "sweep.other_reference": lambda p: self.env._(
                "TTN shows reference %(other)s for a document that it accepted as %(reference)s. Ask TTN which one counts.",
                other=p["other"],
                reference=p["reference"],
            ),
            "sweep.contradiction": lambda p: self.env._(
                "TTN accepted invoice %(number)s before; its deposit %(deposit)s shows another document now. Ask TTN.",
                number=p["number"],
                deposit=p["deposit"],
            ),
            "sweep.waiting": lambda p: self.env._(
                "Waits until TTN's recent deposits of this account have been compared with ours; it is tried again by itself."
            ),
            "sweep.quarantined": lambda p: self.env._(
                "TTN holds a deposit with number %(number)s that is not known here. Look at it under “Accounts at TTN”, then "
                "send the invoice again.",
                number=p["number"],
            ),
            "sweep.found": lambda p: self.env._(
                "%(company)s: %(count)s deposits at TTN need a look.", company=p["company"], count=p["count"]
            ),
        }

    @api.model
    def _breaker_catalogue(self):
        return {
            "breaker.rejections": lambda p: self.env._(
                "TTN rejects too many invoices of %(company)s: the queue is stopped, and one invoice is tried now and then. "
                "Correct the cause of the rejections, then start the queue again.",
                company=p["company"],
            ),
            "breaker.account": lambda p: self.env._(
                "TTN refuses the account of %(company)s: the queue is stopped. Correct login, password, matricule or "
                "certificate in the settings.",
                company=p["company"],
            ),
            "breaker.silence": lambda p: self.env._(
                "TTN gives %(company)s no usable answer: the queue is stopped, and one invoice is tried now and then. It goes on "
                "by itself when TTN takes one.",
                company=p["company"],
            ),
            "breaker.hand": lambda p: self.env._(
                "Somebody stopped the queue of %(company)s. Start it again under “Accounts at TTN”.",
                company=p["company"],
            ),
            "breaker.closed": lambda p: self.env._("The queue runs again; what waited goes on in its order."),
        }
