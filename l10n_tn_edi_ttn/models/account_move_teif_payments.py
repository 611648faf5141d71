"""How and when an invoice is to be paid (PytSection of TEIF)."""

import re

from odoo import fields, models

from ..teif.document import DateText, Institution, Payment
from .l10n_tn_edi_text import cut

DESCRIPTION = 500
OWNER = 70
NEW_FORMAT = "1.9.0"
# Paid by hand: no bank account belongs to it.
BY_HAND = ("I-131", "I-132", "I-133")
FOREIGN_ACCOUNT = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{10,30}")


class AccountPaymentTerm(models.Model):
    _inherit = "account.payment.term"

    l10n_tn_edi_code = fields.Selection(
        [
            ("I-111", "Basic"),
            ("I-112", "At a fixed date"),
            ("I-113", "With a period of grace"),
            ("I-114", "By bank transfer"),
            ("I-115", "At post offices only"),
            ("I-117", "By instalments"),
            ("I-116", "Other"),
        ],
        string="TEIF Terms",
        help="What these terms are in electronic invoices. Empty: by bank transfer when the invoice has an account, else "
        "at a fixed date.",
    )


class AccountPaymentMethodLine(models.Model):
    _inherit = "account.payment.method.line"

    def _l10n_tn_edi_means(self):
        """TTN's code of the means: cheque, direct debit, cash or transfer as the method and its journal tell."""
        self.ensure_one()
        code = self.code or ""
        if "check" in code or "cheque" in code:
            return "I-132"
        if "sdd" in code:
            return "I-134"
        if self.journal_id.type == "cash":
            return "I-131"
        return "I-135" if code == "manual" and self.journal_id.type == "bank" else "I-137"


class ResPartnerBank(models.Model):
    _inherit = "res.partner.bank"

    l10n_tn_edi_always = fields.Boolean(
        string="On All Electronic Invoices",
        help="Electronic invoices name this account of the company too, beside the one that the invoice asks to be paid to.",
    )


class AccountMove(models.Model):
    _inherit = "account.move"

    def _l10n_tn_edi_payments(self):
        """Terms, due date and means with the invoice's own account; the other accounts; the instalments."""
        if self.move_type != "out_invoice":
            return ()
        institutions = self._l10n_tn_edi_institutions()
        means = self.l10n_tn_edi_payment_means or ("I-135" if institutions else None)
        own = institutions.pop(0) if institutions and means not in BY_HAND else None
        others = tuple(
            Payment(terms="I-114", condition="I-122", means="I-135", institution=institution)
            for institution in institutions
        )
        return (*self._l10n_tn_edi_main_payment(means, own), *others, *self._l10n_tn_edi_instalments())

    def _l10n_tn_edi_main_payment(self, means, institution):
        term = self.invoice_payment_term_id
        text = cut(term.name, DESCRIPTION)
        due = (DateText("I-32", self.invoice_date_due),) if self.invoice_date_due else ()
        if not (text or due or means):
            return
        code = term.l10n_tn_edi_code or ("I-114" if institution else "I-112" if due else "I-116")
        yield Payment(
            terms=code,
            description=text or ("Par virement bancaire" if institution else None),
            dates=due,
            condition=self._l10n_tn_edi_condition(means, institution),
            means=means,
            institution=institution,
        )

    def _l10n_tn_edi_condition(self, means, institution):
        """Direct payment, through the bank named, or whatever the bank."""
        if not means:
            return None
        if institution:
            return "I-122"
        return "I-121" if means in BY_HAND else "I-123"

    def _l10n_tn_edi_instalments(self):
        """One payment per instalment, when there are several."""
        due = self.line_ids.filtered(lambda line: line.display_type == "payment_term").sorted("date_maturity")
        if len(due) < 2:
            return ()
        return tuple(
            Payment(
                terms="I-117",
                description=f"Échéance {number}/{len(due)} : "
                f"{self._l10n_tn_edi_decimal(abs(line.amount_currency))} {self.currency_id.name}",
                dates=(DateText("I-32", line.date_maturity),),
            )
            for number, line in enumerate(due, start=1)
        )

    # === Accounts === #

    def _l10n_tn_edi_institutions(self):
        """The company's bank accounts that TEIF can write, that of the invoice first."""
        company = self.company_id.partner_id
        bank = self.partner_bank_id
        if bank.partner_id.commercial_partner_id != company.commercial_partner_id:
            bank = bank.browse()
        banks = bank | company.bank_ids.filtered("l10n_tn_edi_always")
        institutions = (self._l10n_tn_edi_institution(account) for account in banks.sudo())
        return [institution for institution in institutions if institution]

    def _l10n_tn_edi_institution(self, bank):
        """``bank`` as an ``Institution``: by its RIB; a foreign account only from 1.9.0. None when it can't be written."""
        values = bank._l10n_tn_edi_institution()
        if not values:
            return self._l10n_tn_edi_foreign_institution(bank)
        country = None
        if self._l10n_tn_edi_version() == NEW_FORMAT:
            country = "TN"
            if not values["name"]:  # of the bank all or nothing
                values.update(name_code=None, branch=None)
        return Institution(
            code=values["code"],
            account=values["account"],
            owner=cut(values["owner"], OWNER) or None,
            name_code=values["name_code"],
            branch=values["branch"],
            name=cut(values["name"], OWNER) or None,
            country=country,
        )

    def _l10n_tn_edi_foreign_institution(self, bank):
        account = re.sub(r"[^A-Za-z0-9]", "", bank.acc_number or "").upper()
        if self._l10n_tn_edi_version() != NEW_FORMAT or not FOREIGN_ACCOUNT.fullmatch(account):
            return None
        if account.startswith("TN"):
            return None
        owner = cut(bank.acc_holder_name or bank.partner_id.name, OWNER) or None
        return Institution(code="I-143", account=account, owner=owner, country=account[:2])
