"""Paper instead of a deposit is a responsible's decision, with a reason and a proof (see ``_give_on_paper``)."""

from odoo import api, models
from odoo.exceptions import AccessError

PAPER = "paper"


class AccountMove(models.Model):
    """Nobody else gives an invoice on paper or takes that back, by whatever way: form, import, default, API."""

    _inherit = "account.move"

    @api.model_create_multi
    def create(self, vals_list):
        # EXTENDS 'account'
        moves = super().create(vals_list)
        # Looked at afterwards: what is not among the values may come from a default, which anybody may set.
        if not self.env.su and any(move.l10n_tn_edi_exclusion == PAPER for move in moves):
            raise self._l10n_tn_edi_paper_refused()
        return moves

    def write(self, vals):
        # EXTENDS 'account'
        if not self.env.su and {"l10n_tn_edi_exclusion", "l10n_tn_edi_exclusion_reason"} & vals.keys():
            for move in self:
                move._l10n_tn_edi_check_paper(vals)
        return super().write(vals)

    def _l10n_tn_edi_check_paper(self, vals):
        """:raise AccessError: when ``vals`` would give the invoice on paper, take that back or change the reason."""
        self.ensure_one()
        on_paper = self.l10n_tn_edi_exclusion == PAPER
        exclusion = vals.get("l10n_tn_edi_exclusion", self.l10n_tn_edi_exclusion)
        reason = vals.get("l10n_tn_edi_exclusion_reason", self.l10n_tn_edi_exclusion_reason)
        if (exclusion == PAPER) != on_paper or (on_paper and reason != self.l10n_tn_edi_exclusion_reason):
            raise self._l10n_tn_edi_paper_refused()

    @api.model
    def _l10n_tn_edi_paper_refused(self):
        return AccessError(
            self.env._(
                "Only an accounting administrator decides that an invoice goes out on paper, with a reason and a proof, in the "
                "contingency report of the account at TTN; only “Deposit After All” takes that back."
            )
        )

    def _l10n_tn_edi_set_paper(self, reason):
        """Write down what a responsible decided; whoever calls this has checked that.

        :param reason: str, why the invoices are given on paper; False when they are deposited after all.
        """
        self.check_access("write")
        self.sudo().write(
            {"l10n_tn_edi_exclusion": bool(reason) and PAPER, "l10n_tn_edi_exclusion_reason": reason}
        )
