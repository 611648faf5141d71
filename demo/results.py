"""What became of the demo's invoices: wait for TTN's verdicts, and show them as a table."""

import time

FINAL = ("accepted", "rejected", "error", "to_decide", "conflict")
FIELDS = [
    "name",
    "l10n_tn_edi_state",
    "l10n_tn_edi_reference",
    "l10n_tn_edi_document_id",
    "l10n_tn_edi_reason",
]
WAIT_SECONDS = 180


def wait(user, moves, states=FINAL, seconds=WAIT_SECONDS):
    """Wait until every invoice is in one of ``states``.

    :param user: callable ``(model, method, *args, **kwargs)``, a logged-in user.
    :param moves: ids of invoices.
    :return: dict of id to the invoice's values as they are when all are there, or when the time is over.
    """
    end = time.monotonic() + seconds
    while True:
        rows = {row["id"]: row for row in user("account.move", "read", list(moves), FIELDS)}
        if all(row["l10n_tn_edi_state"] in states for row in rows.values()) or time.monotonic() > end:
            return rows
        time.sleep(0.5)


def table(user, moves, rows):
    """Print invoice, deposit, TTN's reference and state.

    :param dict moves: what an invoice shows to its id.
    :param dict rows: what :func:`wait` gave.
    """
    documents = [row["l10n_tn_edi_document_id"][0] for row in rows.values() if row["l10n_tn_edi_document_id"]]
    deposits = {
        document["id"]: document["deposit_id"]
        for document in user("l10n_tn_edi.document", "read", documents, ["deposit_id"])
    }
    layout = "{:<36} {:<16} {:>10}  {:<30} {}"
    print()
    print(layout.format("invoice", "number", "deposit id", "TTN reference", "state"))
    for title, move in moves.items():
        row = rows[move]
        document = row["l10n_tn_edi_document_id"]
        print(
            layout.format(
                title,
                row["name"],
                (document and deposits[document[0]]) or "-",
                row["l10n_tn_edi_reference"] or "-",
                row["l10n_tn_edi_state"] or "-",
            )
        )
        if row["l10n_tn_edi_state"] != "accepted" and row["l10n_tn_edi_reason"]:
            print("   ", row["l10n_tn_edi_reason"])
