"""More posted invoices by copying the rows of those that are there: posting ten thousand takes half an hour."""

from tests.live.harness.database import connection

# What a posted invoice and its document consist of, and which columns point to a copied row: column -> table.
TABLES = {
    "account_move": {"id": "account_move"},
    "account_move_line": {"id": "account_move_line", "move_id": "account_move"},
    "account_move_line_account_tax_rel": {"account_move_line_id": "account_move_line"},
    "account_account_tag_account_move_line_rel": {"account_move_line_id": "account_move_line"},
    "l10n_tn_edi_document": {"id": "l10n_tn_edi_document", "move_id": "account_move"},
}


def fill_up(database, count):
    """Copy the invoices that have a document, with new numbers, until there are ``count`` of them."""
    with connection(database) as link, link, link.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM l10n_tn_edi_document")
        [there] = cursor.fetchone()
        originals = {}
        for table in ("account_move", "account_move_line", "l10n_tn_edi_document"):
            cursor.execute(f"SELECT max(id) FROM {table}")
            [originals[table]] = cursor.fetchone()
        for copy in range(1, -(-count // there)):
            wanted = min(there, count - copy * there)
            for table, shifted in TABLES.items():
                _copy(cursor, table, shifted, originals, copy, wanted, there)
        cursor.execute(
            "UPDATE account_move move SET l10n_tn_edi_document_id = document.id FROM l10n_tn_edi_document document"
            " WHERE document.move_id = move.id AND move.l10n_tn_edi_document_id IS NULL"
        )
        for table, last in originals.items():
            cursor.execute(
                "SELECT setval(pg_get_serial_sequence(%s, 'id'), %s)", (table, last * -(-count // there))
            )


def _copy(cursor, table, shifted, originals, copy, wanted, there):
    cursor.execute(
        "SELECT column_name FROM information_schema.columns WHERE table_name = %s AND is_generated = 'NEVER'",
        (table,),
    )
    columns = [column for (column,) in cursor.fetchall()]
    values = {column: f't."{column}"' for column in columns}
    for column, target in shifted.items():
        values[column] = f't."{column}" + {copy * originals[target]}'
    if table == "account_move":
        number = f"t.sequence_number + {copy * there}"
        values["sequence_number"] = number
        values["name"] = f"t.sequence_prefix || lpad(({number})::text, 5, '0')"
        values["payment_reference"] = values["name"]
        values["l10n_tn_edi_document_id"] = "NULL"  # written once the documents are there
    if table == "l10n_tn_edi_document":
        values["number"] = f"(SELECT name FROM account_move WHERE id = {values['move_id']})"
    if table == "account_move_line":
        values["move_name"] = "NULL"
    chosen = {
        "account_move": "t.id",
        "account_move_line": "t.move_id",
        "l10n_tn_edi_document": "t.move_id",
    }.get(table, "(SELECT move_id FROM account_move_line WHERE id = t.account_move_line_id)")
    cursor.execute(
        f"INSERT INTO {table} ({', '.join(f'{chr(34)}{c}{chr(34)}' for c in columns)})"
        f" SELECT {', '.join(values[c] for c in columns)} FROM {table} t WHERE {chosen} IN"
        " (SELECT move_id FROM l10n_tn_edi_document WHERE id <= %s ORDER BY move_id LIMIT %s)",
        (originals["l10n_tn_edi_document"], wanted),
    )
