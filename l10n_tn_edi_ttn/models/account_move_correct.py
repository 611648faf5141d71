"""The three ways of a rejected invoice: deposited again as it is, reset to draft, or reversed and replaced."""

from odoo import Command, fields, models
from odoo.exceptions import AccessError, UserError

# What a copy of an invoice leaves out and the one that takes its place needs: what it undoes, what it tells TTN
CARRIED = (
    "reversed_entry_id",
    "debit_origin_id",
    "l10n_tn_edi_type_code",
    "l10n_tn_edi_original_number",
    "l10n_tn_edi_original_date",
    "l10n_tn_edi_original_ttn_reference",
    "l10n_tn_edi_credit_reason",
    "l10n_tn_edi_order_reference",
    "l10n_tn_edi_statement_number",
    "l10n_tn_edi_period_start",
    "l10n_tn_edi_period_end",
    "l10n_tn_edi_first_country_id",
    "l10n_tn_edi_final_country_id",
    "l10n_tn_edi_note",
)
CARRIED_OF_REFERENCE = ("code", "sequence", "origin_id", "number", "date", "ttn_reference")


class AccountMove(models.Model):
    _inherit = "account.move"

    l10n_tn_edi_replaced_id = fields.Many2one(
        "account.move",
        string="Replaces",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="restrict",
        help="The invoice that TTN rejected and that was reversed for this one. TTN is asked about it before this one is "
        "deposited.",
    )

    def write(self, vals):
        # EXTENDS 'account'
        if "l10n_tn_edi_replaced_id" in vals and not self.env.su:
            raise AccessError(self.env._("What an invoice replaces is written down once and never changed."))
        return super().write(vals)

    def action_l10n_tn_edi_open_correct(self):
        """Open the wizard that shows what TTN objects to and the ways to correct it."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Rejected by TTN: %(number)s", number=self.name),
            "res_model": "l10n_tn_edi.correct",
            "views": [(False, "form")],
            "target": "new",
            "context": {"default_document_id": self.l10n_tn_edi_document_id.id},
        }

    def action_l10n_tn_edi_queue_after_paper(self):
        """A responsible decides that an invoice that was given on paper is deposited after all.

        :raise UserError: for anybody else, or an invoice that was not given on paper.
        """
        self.ensure_one()
        if not self.env.user.has_group("account.group_account_manager"):
            raise UserError(self.env._("Only an accounting administrator may decide this."))
        if self.l10n_tn_edi_exclusion != "paper":
            raise UserError(self.env._("%(number)s was not given on paper.", number=self.name))
        self._l10n_tn_edi_set_paper(False)
        self._l10n_tn_edi_create_documents(delay=False)

    def _l10n_tn_edi_replace_rejected(self):
        """Undo the rejected invoice inside the open period, without TTN, and make a new one.

        The payments are freed, to be matched with the new invoice. What TTN rejected is never deposited again.

        :return: the new invoice, a draft of today with the lines of the old one.
        :raise UserError: when the invoice is not one that TTN rejected.
        """
        self.ensure_one()
        self.check_access("write")
        document = self.sudo().l10n_tn_edi_document_id
        if not document.live or document.state != "rejected":
            raise UserError(
                self.env._("Only an invoice that TTN rejected is replaced: %(number)s.", number=self.name)
            )
        today = fields.Date.context_today(self)
        # TTN is asked about it all the same, before the new invoice is deposited and once a day: it may still accept it.
        document.write({"live": False, "held_mail": False, "hold": False})
        never = {
            "l10n_tn_edi_exclusion": "other",
            "l10n_tn_edi_exclusion_reason": self.env._(
                "TTN rejected %(number)s; it was replaced.", number=self.name
            ),
        }
        self.write(never)
        reversal = self._reverse_moves(
            [
                {
                    "invoice_date": today,
                    "date": today,
                    "ref": self.env._("Reversal of: %(number)s", number=self.name),
                    **never,
                }
            ],
            cancel=True,
        )
        [values] = self.with_context(include_business_fields=True).copy_data(
            {
                "invoice_date": today,
                "date": today,
                "invoice_origin": self.name,
                "l10n_tn_edi_replaced_id": self.id,
                **self._l10n_tn_edi_carried(),
            }
        )
        kinds = ("product", "line_section", "line_subsection", "line_note")
        values["line_ids"] = [line for line in values["line_ids"] if line[2]["display_type"] in kinds]
        new = self.create(values)
        for move in (self, new):
            move._message_log(
                body=self.env._(
                    "%(number)s was rejected by TTN and is undone by %(reversal)s inside Odoo; %(new)s replaces it.",
                    number=self.name,
                    reversal=reversal.name,
                    new=new.display_name,
                )
            )
        return new

    def _l10n_tn_edi_carried(self):
        """:return: dict of values for the invoice that takes the place of this one, beside what is copied anyway."""
        self.ensure_one()

        def values_of(record, names):
            return {
                name: record._fields[name].convert_to_write(record[name], record)
                for name in names
                if name in record._fields  # the origin of a debit note is of another module
            }

        return {
            **values_of(self, CARRIED),
            "l10n_tn_edi_reference_ids": [
                Command.create(values_of(reference, CARRIED_OF_REFERENCE))
                for reference in self.l10n_tn_edi_reference_ids
            ],
        }
