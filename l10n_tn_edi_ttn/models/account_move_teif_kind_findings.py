"""What the kind of an invoice demands and Odoo can see: credit notes, public contracts, export, down payments."""

from odoo import models

from .account_move_teif_findings import ADVICE, BLOCKING, WARNING

# What the checks below may say; the sentences are in l10n_tn_edi_messages_documents.py.
KIND_CODES = frozenset(
    {
        "odoo.type_code",
        "odoo.credit_origin",
        "odoo.credit_currency",
        "odoo.contract_number",
        "odoo.statement_number",
        "odoo.contract_rib",
        "odoo.public_rib",
        "odoo.export_vat",
        "odoo.export_position",
        "odoo.export_destination",
        "odoo.down_payment_supply",
        "odoo.number_form",
        "odoo.unit_code",
        "odoo.unit_unknown",
    }
)
# What TTN's own schema says, where it was loaded.
OFFICIAL_CODES = frozenset({"official.refused", "official.unusable"})
CREDIT_NOTE, STATEMENT, EXPORT = "I-12", "I-14", "I-15"


class AccountMove(models.Model):
    _inherit = "account.move"

    def _l10n_tn_edi_own_findings(self, findings, size):
        # EXTENDS: account_move_teif_findings
        return [
            *super()._l10n_tn_edi_own_findings(findings, size),
            *self._l10n_tn_edi_check_kind(),
            *self._l10n_tn_edi_check_credit_note(),
            *self._l10n_tn_edi_check_contract(),
            *self._l10n_tn_edi_check_export(),
            *self._l10n_tn_edi_check_number(findings),
            *self._l10n_tn_edi_check_units(findings),
        ]

    def _l10n_tn_edi_check_kind(self):
        credit = self.l10n_tn_edi_type_code == CREDIT_NOTE
        if credit != (self.move_type == "out_refund"):
            yield self._l10n_tn_edi_own_finding("odoo.type_code", BLOCKING, self, "l10n_tn_edi_type_code")
        if self.l10n_tn_edi_down_payment and not self.l10n_tn_edi_supply:
            yield self._l10n_tn_edi_own_finding(
                "odoo.down_payment_supply", WARNING, self, "l10n_tn_edi_supply", number=self.display_name
            )

    def _l10n_tn_edi_check_credit_note(self):
        """A credit note names the invoices it undoes, or says why it undoes none."""
        if self.move_type != "out_refund":
            return
        named = any(reference.code == "I-89" for reference in self._l10n_tn_edi_references())
        if not named and not self.l10n_tn_edi_credit_reason and not self.l10n_tn_edi_note:
            yield self._l10n_tn_edi_own_finding(
                "odoo.credit_origin", BLOCKING, self, "l10n_tn_edi_credit_reason", number=self.display_name
            )
        for origin in self._l10n_tn_edi_origins():
            if origin.currency_id != self.currency_id:
                yield self._l10n_tn_edi_own_finding(
                    "odoo.credit_currency",
                    WARNING,
                    self,
                    "l10n_tn_edi_reference_ids",
                    origin=origin.name,
                    currency=origin.currency_id.name,
                )

    def _l10n_tn_edi_check_contract(self):
        """A statement of a public contract: its number, the contract's, the account to pay to."""
        has_rib = any(payment.institution for payment in self._l10n_tn_edi_payments())
        if self.l10n_tn_edi_type_code == STATEMENT:
            for code, field in (
                ("odoo.statement_number", "l10n_tn_edi_statement_number"),
                ("odoo.contract_number", "l10n_tn_edi_contract_number"),
            ):
                if not self[field]:
                    yield self._l10n_tn_edi_own_finding(code, BLOCKING, self, field, number=self.display_name)
            if not has_rib:
                yield self._l10n_tn_edi_own_finding(
                    "odoo.contract_rib", BLOCKING, self, "partner_bank_id", number=self.display_name
                )
        elif (
            not has_rib
            and self.commercial_partner_id.l10n_tn_edi_public_body
            and self.move_type == "out_invoice"
        ):
            yield self._l10n_tn_edi_own_finding(
                "odoo.public_rib",
                WARNING,
                self,
                "partner_bank_id",
                partner=self.commercial_partner_id.display_name,
            )

    def _l10n_tn_edi_check_export(self):
        if self.l10n_tn_edi_type_code != EXPORT:
            return
        taxed = self.invoice_line_ids.tax_ids.flatten_taxes_hierarchy().filtered(
            lambda tax: tax._l10n_tn_edi_code_and_rate() > ("I-1602", 0) and tax.l10n_tn_edi_code == "I-1602"
        )
        for tax in taxed:
            yield self._l10n_tn_edi_own_finding(
                "odoo.export_vat", WARNING, self, "invoice_line_ids", tax=tax.name
            )
        if not self.fiscal_position_id:
            yield self._l10n_tn_edi_own_finding("odoo.export_position", ADVICE, self, "fiscal_position_id")
        if not self.l10n_tn_edi_final_country_id:
            yield self._l10n_tn_edi_own_finding(
                "odoo.export_destination", WARNING, self, "l10n_tn_edi_final_country_id"
            )

    def _l10n_tn_edi_check_number(self, findings):
        """What 1.9.0 refuses of numbers, said by its remedy in Odoo instead of by a pattern."""
        for finding in findings:
            if finding.path.endswith("/Bgm/DocumentIdentifier") and finding.code == "schema.pattern":
                yield self._l10n_tn_edi_own_finding(
                    "odoo.number_form",
                    finding.severity,
                    self,
                    "name",
                    number=self._l10n_tn_edi_number(),
                    journal=self.journal_id.name,
                )

    def _l10n_tn_edi_check_units(self, findings):
        """Units whose code TTN refuses, and those that the document can't name: they stand in it as pieces."""
        version = self._l10n_tn_edi_version()
        refused = any(finding.path.endswith("/@measurementUnit") for finding in findings)
        for unit in self.invoice_line_ids.product_uom_id:
            if not unit._l10n_tn_edi_fitting(version):
                yield self._l10n_tn_edi_own_finding(
                    "odoo.unit_unknown", WARNING, unit, "l10n_tn_edi_code", unit=unit.name, version=version
                )
            elif refused and not unit._l10n_tn_edi_is_listed(version):
                yield self._l10n_tn_edi_own_finding(
                    "odoo.unit_code",
                    BLOCKING,
                    unit,
                    "l10n_tn_edi_code",
                    unit=unit.name,
                    written=unit.l10n_tn_edi_code,
                )
