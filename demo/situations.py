"""What the manual shows beside the demo's own invoices: refusals, doubts, an import with errors, reports. Each is made once."""

import base64
import datetime
import io
import json
import time
import urllib.request

import invoices
import stack
from openpyxl import load_workbook

WAIT_SECONDS = 90
# What TTN says of an invoice, by what the demo finds the invoice by again
REFUSALS = {
    "rejected": [["CONTRL05", "Matricule de l'émetteur différent du matricule attendu"]],
    "rejected: amounts": [["CONTRL01", "Montant total TTC incorrect"]],
    "rejected: unknown": [["NOYAU77", "Anomalie 7 sur le champ Bmref"]],
}
PROVIDERS = {
    "agent": "Token au serveur",
    "desktop": "Token du gérant, sur son poste",
    "digigo": "DigiGo du gérant",
    "ance_seal": "Cachet électronique de l'ANCE",
}


def strike(kind, **params):
    """Let the sandbox treat the next deposit in a way of its own."""
    info = stack.sandbox_info()
    request = urllib.request.Request(
        info["admin"].rstrip("/") + "/faults",
        json.dumps({"kind": kind, "times": 1, "params": params}).encode(),
        {"Authorization": f"Bearer {info['admin_token']}", "Content-Type": "application/json"},
    )
    urllib.request.urlopen(request, timeout=10).read()


def wait(user, move, *states):
    """Wait until the electronic document of an invoice is in one of the states."""

    def state():
        return user("account.move", "read", [move], ["l10n_tn_edi_state"])[0]["l10n_tn_edi_state"]

    end = time.monotonic() + WAIT_SECONDS
    while state() not in states:
        if time.monotonic() > end:
            raise SystemExit(f"invoice {move} is {state()}, not {' or '.join(states)}")
        time.sleep(0.5)


class Situations:
    """Makes them as the demo's accountant and administrator would.

    :param user: ``stack.User`` of the accountant.
    :param admin: ``stack.User`` of the administrator.
    """

    def __init__(self, user, admin):
        self.user, self.admin = user, admin
        self.books = invoices.Books(user)
        self.place = {
            "street": "4 rue d'Alger",
            "city": "Sousse",
            "zip": "4000",
            "country_id": self.books.country("TN"),
        }

    def make(self):
        """:return: dict of what is to be seen to the id of its record."""
        good = self.books.partner("Comptoir du Sahel SA", vat="7654321CAM000", **self.place)
        found = {"partner": good}
        for origin, errors in REFUSALS.items():
            found[origin] = self._invoice(
                origin, good, "rejected", before=lambda errors=errors: strike("reject", errors=errors)
            )
        found["to decide"] = self._invoice(
            "to decide", good, "to_decide", before=lambda: strike("foreign_reference")
        )
        found["to correct"] = self._invoice(
            "to correct", self.books.partner("Nouveau Client SARL", **self.place), "error"
        )
        # Written as people write it: what can be mended by itself
        self.books.partner("Ets Ben Youssef", vat="0512874 S/A/M/000", **self.place)
        found["accepted"] = self._by_origin("five lines")
        found["arabic"] = self._invoice(
            "arabic", self._customer("شركة الأمل", "ar_001", "0512874SAM000"), "accepted"
        )
        found["english"] = self._invoice(
            "english", self._customer("Amal Trading Ltd", "en_US", "0987351EAM000"), "accepted"
        )
        found["long"] = self._invoice("long", good, "accepted", lines=70)
        found["attestation"] = self._attestation(good)
        found["import"] = self._import()
        found["readiness"] = self._readiness()
        found["vat month"] = self._vat_month()
        found["contingency"] = self._contingency()
        found["providers"] = self._providers()
        return found

    def _by_origin(self, origin):
        found = self.user(
            "account.move",
            "search",
            [("invoice_origin", "=", origin), ("move_type", "=", "out_invoice")],
            limit=1,
        )
        return found[0] if found else None

    def _customer(self, name, language, matricule):
        partner = self.books.partner(name, vat=matricule, **self.place)
        self.user("res.partner", "write", [partner], {"lang": language})
        return partner

    def _invoice(self, origin, partner, state, before=None, lines=2):
        if before and not self._by_origin(origin):
            before()
        # Of another amount each, or Odoo takes them for duplicates
        chairs = 3 + sum(map(ord, origin)) % 17
        items = [("Table en chêne", 2, 450.5), ("Chaise", chairs, 89.9)]
        move = self.books.invoice(
            origin,
            partner,
            [
                {
                    "name": items[n % 2][0],
                    "quantity": items[n % 2][1],
                    "price_unit": items[n % 2][2],
                    "tax_ids": [(6, 0, [self.books.rate(19)])],
                }
                for n in range(lines)
            ],
        )
        wait(self.user, move, state)
        return move

    def _attestation(self, partner):
        found = self.user("l10n_tn_edi.vat.attestation", "search", [], limit=1)
        if found:
            return found[0]
        year = datetime.date.today().year
        return self.user(
            "l10n_tn_edi.vat.attestation",
            "create",
            [
                {
                    "partner_id": partner,
                    "number": f"AUT-{year}-4455",
                    "date": f"{year}-01-08",
                    "tax_office": "Sousse Médina",
                    "date_start": f"{year}-01-01",
                    "date_end": f"{year}-12-31",
                    "amount_limit": 50000,
                }
            ],
        )[0]

    def _import(self):
        found = self.user("l10n_tn_edi.import", "search", [], limit=1)
        if found:
            return found[0]
        [record] = self.user(
            "l10n_tn_edi.import",
            "create",
            [
                {
                    "file": base64.b64encode(self._workbook()).decode(),
                    "filename": "factures-de-la-semaine.xlsx",
                    "post": False,
                }
            ],
        )
        self.user("l10n_tn_edi.import", "action_import", [record])
        return record

    def _workbook(self):
        """:return: bytes of the template, filled with one good invoice and two that cannot be taken."""
        template = self.user.opener.open(
            f"{stack.odoo_address()}/l10n_tn_edi_ttn/import/template.xlsx", timeout=60
        ).read()
        book = load_workbook(io.BytesIO(template))
        sheet = book.worksheets[0]
        columns = {str(cell.value).strip(" *"): cell.column for cell in sheet[1]}
        today = datetime.date.today()
        rows = [
            ("F-0001", today, "7654321CAM000", "Comptoir du Sahel SA", "Table en chêne", 2, 450.5, "19"),
            ("F-0002", today, "7654321XAM000", "Client mal saisi SARL", "Chaise", 4, 89.9, "19"),
            ("F-0003", "31/02/2026", "7654321CAM000", "Comptoir du Sahel SA", "Chaise", "1,23,4", 89.9, "18"),
        ]
        titles = (
            "Numéro",
            "Date",
            "MF / CIN",
            "Nom du client",
            "Désignation",
            "Quantité",
            "Prix unitaire HT",
            "TVA %",
        )
        for number, row in enumerate(rows, start=2):
            for title, value in zip(titles, row, strict=True):
                sheet.cell(number, columns[title], value)
            for title, value in (
                ("Rue", "4 rue d'Alger"),
                ("Ville", "Sousse"),
                ("Code postal", "4000"),
                ("Pays", "TN"),
            ):
                sheet.cell(number, columns[title], value)
        stream = io.BytesIO()
        book.save(stream)
        return stream.getvalue()

    def _readiness(self):
        today = datetime.date.today()
        [report] = self.user(
            "l10n_tn_edi.readiness", "create", [{"date_from": f"{today:%Y-%m}-01", "date_to": str(today)}]
        )
        self.user("l10n_tn_edi.readiness", "action_check", [report])
        return report

    def _vat_month(self):
        [report] = self.user("l10n_tn_edi.vat.month", "create", [{"month": str(datetime.date.today())}])
        self.user("l10n_tn_edi.vat.month", "action_compute", [report])
        return report

    def _contingency(self):
        [account] = self.admin("l10n_tn_edi.account", "search", [], limit=1)
        return self.admin("l10n_tn_edi.contingency", "create", [{"account_id": account}])[0]

    def _providers(self):
        """:return: dict of a provider's kind to its id."""
        model = "l10n_tn_edi.signature.provider"
        known = {
            row["code"]: row["id"]
            for row in self.admin(model, "search_read", [], fields=["code"], order="id desc")
        }
        for code, name in PROVIDERS.items():
            if code not in known:
                known[code] = self.admin(model, "create", [{"name": name, "code": code}])[0]
        return known
