"""What is wrong with an invoice's TEIF document, and where in Odoo it is mended.

The checker speaks of XML paths; here they become a record and a field. What only Odoo can see is added: a tax without code,
a stamp charged twice, a bank account without RIB.
"""

import re
from dataclasses import asdict, is_dataclass

from odoo import models

from ..teif import write
from ..teif.foreign import parse_foreign_xml

BLOCKING, WARNING, ADVICE = "blocking", "warning", "advice"
SEVERITIES = (BLOCKING, WARNING, ADVICE)

# What the checks below, and that of l10n_tn_edi_tariff.py, may say; the sentences are in l10n_tn_edi_messages.py.
ODOO_CODES = frozenset(
    {
        "odoo.company_matricule",
        "odoo.customer_identifier",
        "odoo.consumer_identifier",
        "odoo.tax_code",
        "odoo.no_line",
        "odoo.stamp_multiplied",
        "odoo.account_without_rib",
        "odoo.currency_rate",
        "odoo.size",
    }
)

# Parts of paths whose findings say less clearly what one of Odoo's own says.
COVERED_PATHS = {
    "odoo.company_matricule": ("/MessageSenderIdentifier", "/PartnerDetails[1]/Nad/PartnerIdentifier"),
    "odoo.customer_identifier": ("/MessageRecieverIdentifier", "/PartnerDetails[2]/Nad/PartnerIdentifier"),
    "odoo.consumer_identifier": ("/MessageRecieverIdentifier", "/PartnerDetails[2]/Nad/PartnerIdentifier"),
    "odoo.no_line": ("/LinSection",),
    "odoo.number_form": ("/Bgm/DocumentIdentifier",),
    "odoo.unit_code": ("/@measurementUnit",),
}
# Codes of the checker that one of Odoo's own says with its remedy.
COVERED_CODES = {
    "odoo.credit_origin": ("reference.original",),
    "odoo.type_code": ("reference.original",),
    "odoo.statement_number": ("reference.contract",),
    "odoo.contract_number": ("reference.contract",),
    "odoo.contract_rib": ("bank.rib",),
}

# Below a partner of the document: pattern of the rest of the path -> field of res.partner
PARTNER_FIELDS = (
    (re.compile(r"/Nad/PartnerName"), "name"),
    (re.compile(r"/AdressDescription|/AddressDescription"), "street2"),
    (re.compile(r"/Street"), "street"),
    (re.compile(r"/CityName"), "city"),
    (re.compile(r"/PostalCode"), "zip"),
    (re.compile(r"/Country"), "country_id"),
    (re.compile(r"/PartnerAddress|/PartnerAdresses|/Nad$"), "street"),
)
REFERENCE_FIELDS = {"I-815": "company_registry", "I-814": "ref"}
CONTACT_FIELDS = {"I-101": "phone", "I-103": "email", "I-104": "website"}
LINE_FIELDS = (
    (re.compile(r"/LinImd"), "name"),
    (re.compile(r"/LinQty"), "quantity"),
    (re.compile(r"/LinTax"), "tax_ids"),
    (re.compile(r"/LinAlc"), "discount"),
    (re.compile(r"/LinMoa"), "price_unit"),
)
MOVE_FIELDS = (
    (re.compile(r"/Bgm/DocumentIdentifier"), "name"),
    (re.compile(r"/Bgm/DocumentType"), "l10n_tn_edi_type_code"),
    (re.compile(r"/PytSection/.*PytFii"), "partner_bank_id"),
    (re.compile(r"/PytSection/.*PytPai"), "l10n_tn_edi_payment_means"),
    (re.compile(r"/PytSection"), "invoice_payment_term_id"),
    (re.compile(r"/InvoiceBody/Ftx"), "l10n_tn_edi_note"),
    (re.compile(r"/LocSection/"), "partner_shipping_id"),
    (re.compile(r"/Additional|/Additionnal"), "l10n_tn_edi_attachment_id"),
    (re.compile(r"/InvoiceMoa|/InvoiceTax|/InvoiceAlc"), "invoice_line_ids"),
    (re.compile(r"/LinSection"), "invoice_line_ids"),
)
REFERENCE_MOVE_FIELDS = {
    "I-83": "l10n_tn_edi_order_reference",
    "I-86": "l10n_tn_edi_statement_number",
    "I-87": "l10n_tn_edi_contract_number",
    "I-88": "l10n_tn_edi_reference_ids",
    "I-89": "l10n_tn_edi_original_number",
}
OTHER_REFERENCE_FIELD = "l10n_tn_edi_reference_ids"
DATE_FIELDS = {"I-31": "invoice_date", "I-32": "invoice_date_due", "I-36": "l10n_tn_edi_period_start"}

PARTNER_PATH = re.compile(r"/PartnerSection/PartnerDetails(?:\[(\d+)\])?(.*)")
LINE_PATH = re.compile(r"/LinSection/Lin(?:\[(\d+)\])?(.*)")
INDEXED = re.compile(r"/(\w+)(?:\[(\d+)\])?")


class AccountMove(models.Model):
    _inherit = "account.move"

    def _l10n_tn_edi_findings(self):
        """Build the document, check the bytes and name the place in Odoo of each finding.

        :return: list of dicts, the gravest first; see :meth:`_l10n_tn_edi_place`.
        """
        self.ensure_one()
        document = self._l10n_tn_edi_teif_document()
        unsigned = write.write(document)
        findings = self._l10n_tn_edi_check(parse_foreign_xml(unsigned), document)
        return self._l10n_tn_edi_place(findings, len(unsigned))

    def _l10n_tn_edi_place(self, findings, size):
        """The findings of the checker on this invoice's document with their places in Odoo, and those only Odoo can see.

        :param findings: ``teif.findings.Finding`` of the document as it was built.
        :param int size: its bytes, without a signature.
        :return: list of dicts ``{code, severity, path, message, params, model, res_id, field}`` that JSON can carry;
            ``model``, ``res_id`` and ``field`` are False where no record is to blame.
        """
        self.ensure_one()
        own = self._l10n_tn_edi_own_findings(findings, size)
        covered = [path for item in own for path in COVERED_PATHS.get(item["code"], ())]
        covered_codes = {code for item in own for code in COVERED_CODES.get(item["code"], ())}
        kept = [
            finding
            for finding in findings
            if finding.code not in covered_codes and not any(path in finding.path for path in covered)
        ]
        groups = ()
        if any(LINE_PATH.search(finding.path) for finding in kept):
            # Where lines are complained about, the amounts are reckoned once more, and once for all of them.
            groups = self._l10n_tn_edi_groups(self._l10n_tn_edi_amounts())
        once = {}
        for item in own + [self._l10n_tn_edi_placed(finding, groups) for finding in kept]:
            # What is wrong in one field, a customer's number for instance, may stand at several places of the document.
            place = (item["model"], item["res_id"], item["field"]) if item["field"] else item["path"]
            once.setdefault((item["code"], place, str(item["params"])), item)
        return sorted(once.values(), key=lambda item: SEVERITIES.index(item["severity"]))

    # === What only Odoo can see === #

    def _l10n_tn_edi_own_findings(self, findings, size):
        """:return: list of dicts as those of :meth:`_l10n_tn_edi_place`, which has the same arguments."""
        return [
            *self._l10n_tn_edi_check_parties(),
            *self._l10n_tn_edi_check_lines(findings),
            *self._l10n_tn_edi_check_taxes(),
            *self._l10n_tn_edi_check_bank(),
        ]

    def _l10n_tn_edi_own_finding(self, code, severity, record, field, **params):
        return {
            "code": code,
            "severity": severity,
            "path": "",
            "message": "",
            "params": params,
            "model": record._name,
            "res_id": record.id,
            "field": field,
        }

    def _l10n_tn_edi_check_parties(self):
        company = self.company_id
        if not self._l10n_tn_edi_sender().value:
            yield self._l10n_tn_edi_own_finding(
                "odoo.company_matricule", BLOCKING, company.partner_id, "vat", company=company.name
            )
        partner = self.commercial_partner_id
        if self._l10n_tn_edi_receiver().value:
            return
        name = partner.display_name or ""
        if not partner._l10n_tn_edi_is_consumer():
            yield self._l10n_tn_edi_own_finding(
                "odoo.customer_identifier", BLOCKING, partner, "vat", partner=name
            )
        else:
            yield self._l10n_tn_edi_own_finding(
                "odoo.consumer_identifier", BLOCKING, partner, "l10n_tn_edi_identifier", partner=name
            )

    def _l10n_tn_edi_check_lines(self, findings):
        if any(item.path.endswith("/LinSection") for item in findings):
            yield self._l10n_tn_edi_own_finding(
                "odoo.no_line", BLOCKING, self, "invoice_line_ids", number=self.display_name
            )

    def _l10n_tn_edi_check_bank(self):
        bank = self.partner_bank_id
        if self.move_type == "out_invoice" and bank and not self._l10n_tn_edi_institution(bank.sudo()):
            yield self._l10n_tn_edi_own_finding(
                "odoo.account_without_rib", ADVICE, self, "partner_bank_id", account=bank.sudo().acc_number
            )
        if self.currency_id != self.company_id.currency_id and not self.invoice_currency_rate:
            yield self._l10n_tn_edi_own_finding(
                "odoo.currency_rate", WARNING, self, "invoice_currency_rate", currency=self.currency_id.name
            )

    # === From the XML path to the record === #

    def _l10n_tn_edi_placed(self, finding, groups):
        if finding.code == "signature.missing":
            record, field = self.company_id, "l10n_tn_edi_provider_id"
        else:
            record, field = self._l10n_tn_edi_locate(finding.path, groups)
        return {
            "code": finding.code,
            "severity": finding.severity,
            "path": finding.path,
            "message": finding.message,
            "params": finding.params,
            "model": record._name if record else False,
            "res_id": record.id if record else False,
            "field": field,
        }

    def _l10n_tn_edi_locate(self, path, groups):
        """``(record, field name)`` that the element at ``path`` was made from; ``(None, False)`` when there is none.

        ``groups`` are what :meth:`_l10n_tn_edi_groups` gives; only a path below a line needs them.
        """
        if "/MessageSenderIdentifier" in path:
            return self.company_id.partner_id, "vat"
        if "/MessageRecieverIdentifier" in path:
            return self._l10n_tn_edi_locate_identifier(self.commercial_partner_id)
        if match := PARTNER_PATH.search(path):
            return self._l10n_tn_edi_locate_partner(int(match[1] or 1), match[2])
        if match := LINE_PATH.search(path):
            return self._l10n_tn_edi_locate_line(int(match[1] or 1), match[2], groups)
        if "/DocumentReference" in path:
            return self._l10n_tn_edi_locate_item(
                path,
                "DocumentReference",
                self._l10n_tn_edi_references(),
                REFERENCE_MOVE_FIELDS,
                OTHER_REFERENCE_FIELD,
            )
        if "/InvoiceBody/Dtm" in path:
            return self._l10n_tn_edi_locate_item(path, "DateText", self._l10n_tn_edi_dates(), DATE_FIELDS)
        field = next((name for pattern, name in MOVE_FIELDS if pattern.search(path)), False)
        return (self, field) if field else (None, False)

    def _l10n_tn_edi_locate_item(self, path, element, items, fields_by_code, default=False):
        """The move's field behind the n-th ``element`` of ``path``, told by the code of the n-th of ``items``."""
        index = self._l10n_tn_edi_index(path, element)
        code = items[index].code if index < len(items) else None
        return self, fields_by_code.get(code, default)

    def _l10n_tn_edi_index(self, path, element):
        return next((int(number or 1) - 1 for name, number in INDEXED.findall(path) if name == element), 0)

    def _l10n_tn_edi_locate_identifier(self, partner):
        kind = partner.l10n_tn_edi_identifier_type
        by_vat = kind == "I-01" or not kind or (kind == "I-04" and not partner.l10n_tn_edi_identifier)
        return partner, "vat" if by_vat else "l10n_tn_edi_identifier"

    def _l10n_tn_edi_locate_partner(self, number, rest):
        """The partner behind the n-th PartnerDetails and the field behind the ``rest`` of the path."""
        supplier = number == 1
        party = self._l10n_tn_edi_supplier() if supplier else self._l10n_tn_edi_customer()
        partner = self.company_id.partner_id if supplier else self.commercial_partner_id
        if "/PartnerIdentifier" in rest:
            return (partner, "vat") if supplier else self._l10n_tn_edi_locate_identifier(partner)
        if "/RffSection" in rest:
            index = self._l10n_tn_edi_index(rest, "RffSection")
            code = party.references[index].code if index < len(party.references) else None
            if code == "I-816":
                return self.company_id, "l10n_tn_edi_legal_form"
            return partner, REFERENCE_FIELDS.get(code, False)
        if "/CtaSection" in rest:
            index = self._l10n_tn_edi_index(rest, "CtaSection")
            means = party.contacts[index].means if index < len(party.contacts) else None
            return self._l10n_tn_edi_contact(partner, supplier, index), CONTACT_FIELDS.get(means, False)
        field = next((name for pattern, name in PARTNER_FIELDS if pattern.search(rest)), False)
        if field not in ("name", False):
            partner = self._l10n_tn_edi_supplier_place() if supplier else self._l10n_tn_edi_customer_place()
        return partner, field

    def _l10n_tn_edi_contact(self, partner, supplier, index):
        """The partner behind the n-th contact: ``partner`` itself, then the salesperson or the person at the customer's."""
        if index < len(self._l10n_tn_edi_contacts(partner, partner.name)):
            return partner
        return self.invoice_user_id.sudo().partner_id.sudo(False) if supplier else self.partner_id

    def _l10n_tn_edi_locate_line(self, number, rest, groups):
        if not 0 < number <= len(groups):
            return self, "invoice_line_ids"
        section, base_lines = groups[number - 1]
        if section and "/SubLin" not in rest:
            return section, "name"
        index = self._l10n_tn_edi_index(rest, "SubLin") if section else 0
        line = base_lines[min(index, len(base_lines) - 1)]["record"]
        if "/ItemCode" in rest and line.product_id:
            return line.product_id, "default_code"
        if "/@measurementUnit" in rest and line.product_uom_id:
            return line.product_uom_id, "l10n_tn_edi_code"
        return line, next((name for pattern, name in LINE_FIELDS if pattern.search(rest)), False)

    # === Sentences === #

    def _l10n_tn_edi_explain(self, findings):
        """Findings as a person reads them, in the user's language.

        :param findings: what :meth:`_l10n_tn_edi_findings` gave (also back from JSON), or ``Finding`` of a room.
        :return: list of dicts ``{code, severity, sentence, model, res_id, field, path}``.
        """
        messages = self.env["l10n_tn_edi.messages"]
        result = []
        for finding in findings:
            item = asdict(finding) if is_dataclass(finding) else finding
            result.append(
                {
                    "code": item["code"],
                    "severity": item.get("severity") or BLOCKING,
                    "sentence": messages._finding_sentence(item),
                    "model": item.get("model") or False,
                    "res_id": item.get("res_id") or False,
                    "field": item.get("field") or False,
                    "path": item.get("path") or "",
                }
            )
        return result
