from odoo import fields, models
from odoo.exceptions import UserError

from .l10n_tn_edi_document import SHOWN_BY_TTN


class L10nTnEdiDocument(models.Model):
    """What a responsible decides about a deposit, kept and told; ``elfatoora.decisions`` obeys it at the next question.

    Nothing is believed that TTN does not show, and nothing is deposited from here: TTN is asked before.
    """

    _inherit = "l10n_tn_edi.document"

    def _check_may_decide(self):
        self._check_may_send()
        if not self.env.user.has_group("account.group_account_manager"):
            raise UserError(self.env._("Only an accounting administrator may decide this."))
        self._require("decide")

    def action_decide_absent(self):
        """A responsible confirms that TTN does not hold the document: the same bytes are deposited again."""
        self._check_may_decide()
        for document in self:
            document._set_state("signed", absences=False, ask_first=True)
            document._log(
                self.env._(
                    "%(user)s confirmed that TTN does not hold this document; it is deposited again.",
                    user=self.env.user.name,
                )
            )
            document._request()
            document._schedule()

    def _decide_deposited(self, deposit_id, reference=""):
        """A responsible names the deposit that is ours; TTN is asked about it at once.

        :param str deposit_id: TTN's idSaveEfact.
        :param str reference: TTN's reference that the responsible saw beside it: under this one alone it counts, should
            it not be the very file that was sent.
        """
        self.ensure_one()
        rulings = self._ruled(deposit_id, True, reference)
        earlier = self._earlier_document(deposit_id)
        self._log(
            self.env._(
                "%(user)s named TTN's deposit %(deposit)s (reference %(reference)s) as this document.",
                user=self.env.user.name,
                deposit=deposit_id,
                reference=reference,
            )
            if reference
            else self.env._(
                "%(user)s named TTN's deposit %(deposit)s as this document.",
                user=self.env.user.name,
                deposit=deposit_id,
            )
        )
        if earlier:
            self._give_way_to(earlier, rulings)
            return
        self._set_state(
            "submitted", deposit_id=deposit_id, submitted_at=self._last_attempt_at(), rulings=rulings
        )
        self._request()
        self._schedule()

    def _decide_other(self, deposit_id, reference=""):
        """A responsible says that a deposit that TTN shows is another document, and that ours is not there.

        TTN is asked at once; where the deposit has our number, the invoice is free for another one as soon as ours is
        surely not there. It is never deposited under this number.

        :param str deposit_id: TTN's idSaveEfact.
        :param str reference: TTN's reference that the responsible saw beside it.
        """
        self.ensure_one()
        values = {"rulings": self._ruled(deposit_id, False, reference)}
        if self.deposit_id == deposit_id:
            values["deposit_id"] = False
        self.sudo().write(values)
        self._log(
            self.env._(
                "%(user)s decided that TTN's deposit %(deposit)s is another document.",
                user=self.env.user.name,
                deposit=deposit_id,
            )
        )
        self._request()
        self._schedule()

    def _ruled(self, deposit_id, ours, reference):
        """:return: list for ``rulings``, with what is decided now about a deposit.

        :raise UserError: when the user may not decide, or that is no deposit number.
        """
        self.ensure_one()
        self._check_may_decide()
        if not deposit_id.isdecimal():
            raise UserError(self.env._("A deposit number has digits only."))
        others = [ruling for ruling in self.rulings or [] if ruling["deposit_id"] != int(deposit_id)]
        ruling = {
            "deposit_id": int(deposit_id),
            "ours": ours,
            "reference": reference,
            "user": self.env.user.name,
            "user_id": self.env.uid,
            "at": fields.Datetime.to_string(fields.Datetime.now()),
        }
        return [*others, ruling]

    def _earlier_document(self, deposit_id):
        """:return: the invoice's other document that made this deposit and is still asked about; empty when there is none."""
        self.ensure_one()
        return self.move_id.sudo().l10n_tn_edi_document_ids.filtered(
            lambda other: (
                other != self
                and other.mode == self.mode
                and other.state in SHOWN_BY_TTN
                and deposit_id in (other.deposit_id, *other.exchange_ids.mapped("deposit_id"))
            )
        )[:1]

    def _give_way_to(self, earlier, rulings):
        """An earlier document of the invoice is the one that counts; TTN is asked about it at once.

        Of this one, too, TTN is asked as long as it may have been deposited: it may accept both.
        """
        self.ensure_one()
        held_mail = self.sudo().held_mail
        self.sudo().write({"live": False, "held_mail": False, "rulings": rulings})
        if not self._may_have_been_deposited():
            self._set_state("withdrawn", next_at=False)
        self.flush_recordset()  # one document only is live
        earlier.write({"live": True, "held_mail": held_mail})
        self.move_id.sudo().l10n_tn_edi_document_id = earlier
        if earlier.state == "accepted":
            earlier._after_acceptance()
        else:
            earlier._schedule()
