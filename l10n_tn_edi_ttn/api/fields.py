"""Which place of an invoice's JSON is which column of the import: what was read goes the same way afterwards."""

# Values that are words in JSON and codes of TEIF in the columns
TYPES = {
    "invoice": "I-11",
    "credit_note": "I-12",
    "fee_note": "I-13",
    "statement": "I-14",
    "export_invoice": "I-15",
}
IDENTIFIERS = {"matricule": "I-01", "cin": "I-02", "residence_card": "I-03", "foreign": "I-04"}
WORDS = {"type": TYPES, "identifier_type": IDENTIFIERS}

# Path in the invoice -> column
HEADER = {
    ("number",): "number",
    ("type",): "type",
    ("date",): "date",
    ("due_date",): "due_date",
    ("customer", "identifier_type"): "identifier_type",
    ("customer", "identifier"): "identifier",
    ("customer", "code"): "customer_code",
    ("customer", "name"): "customer_name",
    ("customer", "street"): "street",
    ("customer", "city"): "city",
    ("customer", "zip"): "zip",
    ("customer", "country"): "country",
    ("stamp",): "stamp",
    ("attestation", "number"): "attestation_number",
    ("attestation", "date"): "attestation_date",
    ("exemption_reason",): "exemption_reason",
    ("currency",): "currency",
    ("rate",): "rate",
    ("original", "number"): "original_number",
    ("original", "date"): "original_date",
    ("original", "external_id"): "original_external_id",
    ("credit_reason",): "credit_reason",
    ("order",): "order",
    ("delivery_note",): "delivery_note",
    ("contract",): "contract",
    ("statement",): "statement",
    ("rib",): "rib",
    ("totals", "untaxed"): "total_untaxed",
    ("totals", "tax"): "total_tax",
    ("totals", "total"): "total",
}
# Key in a line -> column
LINE = {
    "code": "product_code",
    "description": "description",
    "unit": "unit",
    "quantity": "quantity",
    "price": "price",
    "discount": "discount",
    "vat": "vat",
    "fodec": "fodec",
}
_PATHS = {column: path for path, column in HEADER.items()}
_KEYS = {column: key for key, column in LINE.items()}


def header_of(invoice):
    """:param dict invoice: as JSON gives it.
    :return: dict of column to value, for the columns that are given.
    """
    values = {}
    for path, column in HEADER.items():
        value = invoice
        for key in path:
            value = value.get(key) if isinstance(value, dict) else None
        if value is not None:
            values[column] = _plain(column, value)
    return values


def lines_of(invoice):
    """:return: list of such dicts, one a line."""
    return [
        {column: _plain(column, line[key]) for key, column in LINE.items() if line.get(key) is not None}
        for line in invoice["lines"]
    ]


def _plain(column, value):
    if isinstance(value, bool):
        return "yes" if value else "no"
    return WORDS.get(column, {}).get(value, value)


def pointer(column, row):
    """:param str column: None for the invoice as a whole.
    :param int row: number of the line, from 1; that of the first also for what concerns the whole invoice.
    :return: str, JSON pointer (RFC 6901) into the invoice.
    """
    if column in _KEYS:
        return f"/lines/{row - 1}/{_KEYS[column]}"
    return "".join(f"/{key}" for key in _PATHS.get(column, ()))
