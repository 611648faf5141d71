"""What the checker says: a finding, and the catalogue of all the codes it may carry."""

from __future__ import annotations

from dataclasses import dataclass, field

BLOCKING = "blocking"
WARNING = "warning"
ADVICE = "advice"

#: A file with more faults than this is no invoice; saying them all would take longer than it helps.
MAX_FINDINGS = 500
_MAX_VALUE = 500  # characters of a foreign text that a finding keeps


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to say about a document.

    ``code`` is stable and one of :data:`CODES`; ``severity`` is blocking (TTN refuses it, or the document would be
    wrong), warning or advice; ``path`` is the XPath of the element, without namespaces (``/TEIF/InvoiceBody/…``, an
    attribute as ``…/@lang``); ``message`` is plain English; ``params`` are the values that the message names, all of
    them texts, numbers or lists of texts.
    """

    code: str
    severity: str
    path: str
    message: str
    params: dict = field(default_factory=dict, hash=False)

    def as_dict(self) -> dict:
        """The finding as a JSON-able dict: code, severity, path, message."""
        return {"code": self.code, "severity": self.severity, "path": self.path, "message": self.message}


#: code: (severity, message); the names in braces are the finding's params.
CATALOGUE = {
    # The file
    "file.unreadable": (BLOCKING, "The file cannot be opened: {reason}."),
    "xml.empty": (BLOCKING, "The file cannot be read: {reason}."),
    "xml.too_large": (BLOCKING, "The file cannot be read: {reason}."),
    "xml.doctype": (BLOCKING, "The file cannot be read: {reason}."),
    "xml.too_deep": (BLOCKING, "The file cannot be read: {reason}."),
    "xml.malformed": (BLOCKING, "The file cannot be read: {reason}."),
    "xml.encoding": (BLOCKING, "The file cannot be read: {reason}."),
    # The schema
    "schema.version": (BLOCKING, 'Version "{value}" is not one of {allowed}.'),
    "schema.root": (BLOCKING, 'The document must be a TEIF element without namespace, not "{element}".'),
    "schema.unexpected_element": (BLOCKING, "{element} is not expected here (expected: {expected})."),
    "schema.missing_element": (BLOCKING, "{element} is not complete (expected next: {expected})."),
    "schema.missing_attribute": (BLOCKING, "{element} needs the attribute {attribute}."),
    "schema.unexpected_attribute": (BLOCKING, "{element} has no attribute {attribute}."),
    "schema.too_long": (BLOCKING, '{name} has {length} characters, at most {max} are allowed: "{value}".'),
    "schema.too_short": (BLOCKING, "{name} has {length} characters, at least {min} are needed."),
    "schema.empty": (BLOCKING, "{name} must not be empty."),
    "schema.code": (BLOCKING, '{name} "{value}" is not one of {allowed}.'),
    "schema.amount": (
        BLOCKING,
        '{name} "{value}" is not a number as wanted: digits, a dot, at most five decimals.',
    ),
    "schema.pattern": (BLOCKING, '{name} "{value}" does not have the form {pattern}.'),
    "schema.text": (BLOCKING, "{element} holds other elements only, no text."),
    "schema.children": (BLOCKING, "{element} holds a text only, no other element."),
    "schema.datatype": (BLOCKING, '{name} "{value}" is not of the type {type}.'),
    "schema.other": (BLOCKING, "{reason}"),
    # The assertions of TTN's schemas
    "identifier.matricule": (BLOCKING, 'Matricule fiscal "{value}" does not have the form {form}.'),
    "identifier.cin": (BLOCKING, 'CIN "{value}" must have exactly 8 digits.'),
    "identifier.residence": (BLOCKING, 'Residence card "{value}" does not have the form {form}.'),
    "identifier.foreign": (
        BLOCKING,
        'Identifier "{value}" of type {type} must be 1 to 30 letters or digits.',
    ),
    "identifier.key_letter": (
        WARNING,
        'Matricule fiscal "{value}": the key letter must be {expected}, not {found}.',
    ),
    "supplier.count": (BLOCKING, "There must be exactly one supplier (I-62), {count} found."),
    "supplier.identifier_type": (
        BLOCKING,
        "The supplier must be identified by a matricule fiscal (I-01), not by {type}.",
    ),
    "supplier.sender": (BLOCKING, 'The supplier\'s matricule "{supplier}" is not the sender\'s "{sender}".'),
    "date.issue_count": (BLOCKING, "There must be exactly one date of issue (I-31), {count} found."),
    "date.issue_format": (BLOCKING, "The date of issue (I-31) must be written as ddMMyyyy, not {format}."),
    "date.value": (BLOCKING, 'Date "{value}" ({date}) does not have the form {format}.'),
    "tax.category": (BLOCKING, "Tax {tax}: with category {category}, {wanted}."),
    "tax.rate": (BLOCKING, "Tax {tax} of category Rate needs its rate."),
    "allowance.category": (BLOCKING, "Discount or charge {allowance}: with category {category}, {wanted}."),
    "payment.empty": (BLOCKING, "A payment section must not be empty."),
    "payment.rib": (BLOCKING, 'Account "{value}" in Tunisia must be a RIB of exactly 20 digits.'),
    "amount.total_tnd": (BLOCKING, "There must be exactly one total with tax (I-180) in TND, {count} found."),
    "amount.total_form": (BLOCKING, 'Amount {amount} "{value}" must be positive with at most 3 decimals.'),
    # Arithmetic
    "amount.missing": (BLOCKING, "The invoice has no amount {amount} ({name})."),
    "amount.repeated": (WARNING, "The invoice has the amount {amount} {count} times in {currency}."),
    "amount.currency": (WARNING, "An amount is in {currency}, the invoice in {expected}."),
    "amount.line": (
        WARNING,
        "Line {line}: quantity {quantity} x price {price} less discounts is {expected}, not {found}.",
    ),
    "amount.line_missing": (WARNING, "Line {line} has no total (I-171)."),
    "amount.net_total": (
        BLOCKING,
        "Total without tax (I-176) is {found}, the lines and discounts make {expected}.",
    ),
    "amount.tax": (BLOCKING, "Tax {tax} at {rate} %: {base} makes {expected}, not {found}."),
    "amount.tax_total": (
        BLOCKING,
        "Total tax (I-181) is {found}, the taxes without the stamp make {expected}.",
    ),
    "amount.tax_base": (WARNING, "Taxable base (I-182) is {found}, the bases of the TVA make {expected}."),
    "amount.grand_total": (
        BLOCKING,
        "Total to pay (I-180) is {found}, the amounts without tax and the taxes make {expected}.",
    ),
    "amount.comma": (WARNING, '{name} "{value}" is written with a comma; a dot is right in every version.'),
    "amount.words_missing": (WARNING, "The total to pay (I-180) is not written in words."),
    "amount.words": (ADVICE, 'The total in words is "{found}", expected "{expected}".'),
    # Parties
    "party.supplier": (BLOCKING, "There must be exactly one supplier (I-62), {count} found."),
    "party.customer": (WARNING, "There is no customer (I-64)."),
    "party.role": (BLOCKING, "A partner has no role (functionCode), so the schema checks nothing of it."),
    "party.sender": (BLOCKING, 'The supplier "{supplier}" is not the sender "{sender}".'),
    "party.sender_type": (
        BLOCKING,
        "The sender must be identified by a matricule fiscal (I-01), not by {type}.",
    ),
    "party.receiver": (WARNING, 'The customer "{customer}" is not the receiver "{receiver}".'),
    "party.name": (BLOCKING, "Partner {role} has no name."),
    "party.address": (BLOCKING, "Partner {role} has no address."),
    "bank.rib_key": (WARNING, 'RIB "{value}": the key must be {expected}, not {found}.'),
    "bank.rib": (WARNING, 'Account "{value}" is not a RIB of 20 digits.'),
    # Content
    "date.issue": (BLOCKING, "There must be exactly one date of issue (I-31), {count} found."),
    "date.unreadable": (BLOCKING, 'Date "{value}" ({date}) is no date in the format {format}.'),
    "date.due": (WARNING, "The due date {due} is before the date of issue {issue}."),
    "document.type": (BLOCKING, "The document type has no code."),
    "document.number": (WARNING, 'Number "{value}": {reason}.'),
    "reference.original": (WARNING, "The credit note names no invoice (I-89) and gives no reason (I-48)."),
    "reference.contract": (
        WARNING,
        "The statement of a public contract needs the reference {reference} ({name}).",
    ),
    "tax.line_stamp": (
        BLOCKING,
        "Line {line} is taxed with the stamp duty (I-1601), which belongs to the invoice only.",
    ),
    "tax.stamp_count": (BLOCKING, "The stamp duty (I-1601) is there {count} times."),
    "tax.negative": (WARNING, "Tax {tax} is negative ({value}) though the invoice is not."),
    "tax.not_totalled": (
        WARNING,
        "Tax {tax} at {rate} % is on a line but not among the taxes of the invoice.",
    ),
    "export.customer": (
        WARNING,
        "The customer of an export invoice should have a foreign identifier (I-04), not {type}.",
    ),
    # The deposit
    "signature.missing": (BLOCKING, "The document is not signed."),
    "signature.several": (BLOCKING, "The document has {count} signatures, TTN takes exactly one."),
    "signature.broken": (BLOCKING, "Signature {signature} does not hold: {reason}"),
    "deposit.signer": (WARNING, "The certificate names the matricule {certificate}, the sender is {sender}."),
    "deposit.reference": (BLOCKING, "The document already carries a reference of TTN."),
}

#: Every code a finding may carry.
CODES = frozenset(CATALOGUE)


def finding(code: str, path: str, *, severity: str | None = None, **params) -> Finding:
    """The finding ``code`` at ``path`` with the severity and sentence of the catalogue. Raises KeyError for an unknown code."""
    usual, template = CATALOGUE[code]
    for name, value in params.items():
        if isinstance(value, str) and len(value) > _MAX_VALUE:
            params[name] = value[:_MAX_VALUE] + "…"
    return Finding(code, severity or usual, path, template.format_map(_Readable(params)), params)


class _Readable(dict):
    """Params as a sentence shows them: lists joined, foreign texts printable and cut."""

    def __getitem__(self, name):
        value = super().__getitem__(name)
        if isinstance(value, (list, tuple)):
            return ", ".join(map(str, value)) or "nothing more"
        value = "".join(character if character.isprintable() else " " for character in str(value))
        return value if len(value) <= 120 else value[:117] + "..."
