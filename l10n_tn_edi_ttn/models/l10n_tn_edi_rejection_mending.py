"""Where in Odoo each shipped cause of a rejection is mended: cause -> (target, field).

The target says which record the button opens; the field is the one that is shown first, False for the record as a whole.
"""

TARGETS = [
    ("customer", "The Customer"),
    ("company", "The Company's Address"),
    ("invoice", "The Invoice"),
    ("lines", "The Lines of the Invoice (amounts)"),
    ("tax", "The Taxes of the Invoice"),
    ("bank", "The Bank Account"),
    ("settings", "The Company's Settings of El Fatoora"),
    ("provider", "The Signature Provider"),
    ("again", "Nothing: sign and deposit again"),
    ("ask", "Nothing: ask TTN"),
    ("outside", "Nothing in Odoo: declare it at TTN"),
    ("none", "Nothing: Odoo tries again by itself"),
]
# Targets with a record of their own: its model
MODELS = {
    "customer": "res.partner",
    "company": "res.partner",
    "invoice": "account.move",
    "lines": "account.move",
    "tax": "account.tax",
    "bank": "res.partner.bank",
    "settings": "res.company",
    "provider": "l10n_tn_edi.signature.provider",
}
# What these causes are about, an element of the signed document can tell better: see ``_mending_place``.
BY_ELEMENT = frozenset({"customer", "company", "invoice", "lines", "tax"})
# Of a partner: the document has them from the partner whose address it shows
ADDRESS_FIELDS = frozenset({"street", "street2", "city", "zip", "state_id", "country_id"})

MENDING = {
    "ttn.account_disabled": ("outside", False),
    "ttn.account_number": ("bank", "acc_number"),
    "ttn.account_unknown": ("settings", "l10n_tn_edi_login"),
    "ttn.address_missing": ("customer", "street"),
    "ttn.address_not_declared": ("outside", False),
    "ttn.address_too_long": ("customer", "street"),
    "ttn.amount_format": ("lines", "invoice_line_ids"),
    "ttn.amounts_mismatch": ("lines", "invoice_line_ids"),
    "ttn.answer_lost": ("ask", False),
    "ttn.assertion": ("invoice", False),
    "ttn.attribute_missing": ("invoice", False),
    "ttn.attribute_unexpected": ("settings", "l10n_tn_edi_version"),
    "ttn.bad_address": ("settings", "l10n_tn_edi_mode"),
    "ttn.bad_request": ("invoice", False),
    "ttn.business_control": ("invoice", False),
    "ttn.certificate_authority": ("provider", "certificate_id"),
    "ttn.certificate_expired": ("provider", "certificate_id"),
    "ttn.certificate_revoked": ("provider", "certificate_id"),
    "ttn.code_unknown": ("invoice", False),
    "ttn.contact_incomplete": ("customer", "phone"),
    "ttn.content_type": ("outside", False),
    "ttn.deadline": ("none", False),
    "ttn.duplicate": ("ask", False),
    "ttn.element_misplaced": ("invoice", False),
    "ttn.element_missing": ("invoice", False),
    "ttn.empty_request": ("again", False),
    "ttn.file_damaged": ("again", False),
    "ttn.identifier_format": ("customer", "vat"),
    "ttn.identifier_type": ("customer", "l10n_tn_edi_identifier_type"),
    "ttn.internal_error": ("ask", False),
    "ttn.no_lines": ("lines", "invoice_line_ids"),
    "ttn.not_the_service": ("settings", "l10n_tn_edi_mode"),
    "ttn.number_missing": ("invoice", "name"),
    "ttn.party_name_type": ("customer", "is_company"),
    "ttn.request_unreadable": ("again", False),
    "ttn.schema_invalid": ("invoice", False),
    "ttn.secondary_reference": ("invoice", "l10n_tn_edi_reference_ids"),
    "ttn.sender_matricule": ("settings", "l10n_tn_edi_matricule"),
    "ttn.sender_mismatch": ("settings", "l10n_tn_edi_matricule"),
    "ttn.several_signatures": ("again", False),
    "ttn.signature_altered": ("again", False),
    "ttn.signature_invalid": ("provider", "certificate_id"),
    "ttn.signature_missing": ("again", False),
    "ttn.signature_policy": ("provider", "profile_id"),
    "ttn.signature_refused": ("provider", "certificate_id"),
    "ttn.signer_not_authorised": ("provider", "certificate_id"),
    "ttn.tax_code_unknown": ("tax", "l10n_tn_edi_code"),
    "ttn.text_empty": ("invoice", False),
    "ttn.text_too_long": ("invoice", False),
    "ttn.tls": ("settings", "l10n_tn_edi_mode"),
    "ttn.unavailable": ("none", False),
    "ttn.unknown": ("invoice", False),
    "ttn.unreachable": ("none", False),
    "ttn.value_format": ("invoice", False),
    "ttn.wrong_credentials": ("settings", "l10n_tn_edi_login"),
    "ttn.wrong_root": ("settings", "l10n_tn_edi_version"),
}
# Of an invoice: what can still be written once it is posted
OPEN_WHEN_POSTED = frozenset({"partner_bank_id"})
# A wrong amount means another entry: the invoice itself has to change.
CHANGES_AMOUNTS = frozenset({"ttn.amounts_mismatch", "ttn.no_lines"})
