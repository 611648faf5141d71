"""The demo's invoices, made by an accountant through the public interface. Each has a reference of its own and is made once."""

EXAMPLE = "12016_2012"


class Books:
    """What an accountant finds in Odoo by name.

    :param user: a ``stack.User``.
    """

    def __init__(self, user):
        self.user = user

    def one(self, model, domain, field="id"):
        [record] = self.user(model, "search_read", domain, fields=[field], limit=1)
        return record[field]

    def tax(self, name):
        return self.one("account.tax", [("name", "=", name), ("type_tax_use", "=", "sale")])

    def rate(self, percent):
        """:return: id of the chart's TVA of that rate."""
        return self.one(
            "account.tax",
            [
                ("type_tax_use", "=", "sale"),
                ("amount_type", "=", "percent"),
                ("amount", "=", percent),
                ("l10n_tn_edi_code", "=", "I-1602"),
            ],
        )

    def stamp(self):
        return self.one(
            "account.tax",
            [
                ("type_tax_use", "=", "sale"),
                ("amount_type", "=", "fixed"),
                ("amount", "=", 1),
                ("l10n_tn_edi_code", "=", "I-1601"),
            ],
        )

    def country(self, code):
        return self.one("res.country", [("code", "=", code)])

    def partner(self, name, **values):
        found = self.user("res.partner", "search", [("name", "=", name)], limit=1)
        return (
            found[0]
            if found
            else self.user(
                "res.partner", "create", [{"name": name, "is_company": True, "lang": "fr_FR", **values}]
            )[0]
        )

    def invoice(self, origin, partner, lines, **values):
        """Make and post an invoice once.

        :param str origin: what the demo finds it by again.
        :param list lines: dictionaries of ``account.move.line`` values.
        :return: id of the posted invoice.
        """
        found = self.user(
            "account.move",
            "search",
            [("invoice_origin", "=", origin), ("move_type", "=", "out_invoice")],
            limit=1,
        )
        if found:
            return found[0]
        [move] = self.user(
            "account.move",
            "create",
            [
                {
                    "move_type": "out_invoice",
                    "partner_id": partner,
                    "invoice_origin": origin,
                    "journal_id": self.one("account.journal", [("type", "=", "sale"), ("code", "!=", "DDM")]),
                    "invoice_line_ids": [(0, 0, line) for line in lines],
                    **values,
                }
            ],
        )
        self.user("account.move", "action_post", [move])
        return move


def make_all(user):
    """:return: dict of what an invoice shows to its id."""
    books = Books(user)
    tunisia = books.country("TN")
    stamp_line = {
        "name": "Droit de timbre",
        "quantity": 1,
        "price_unit": 0,
        "tax_ids": [(6, 0, [books.stamp()])],
    }

    mosaique = books.partner(
        "STE FRERE ET MOSAIQUE",
        vat="0914089JAM000",
        city="Salle publique Tunis",
        zip="1000",
        country_id=tunisia,
        ref="41115530",
    )
    dossier = books.one("product.product", [("default_code", "=", "DDM")])
    example = books.invoice(
        "official example",
        mosaique,
        [
            {
                "product_id": dossier,
                "name": "Dossier DDM",
                "quantity": 1,
                "price_unit": 2,
                "tax_ids": [(6, 0, [books.rate(12), books.tax("Timbre 0.300")])],
            }
        ],
        name=EXAMPLE,
        journal_id=books.one("account.journal", [("code", "=", "DDM")]),
        invoice_date="2012-06-07",
        invoice_date_due="2012-07-07",
        l10n_tn_edi_period_start="2012-05-01",
        l10n_tn_edi_period_end="2012-05-31",
    )

    client = books.partner(
        "Société Exemple SARL",
        vat="1234567RAM000",
        street="12 rue de Marseille",
        city="Tunis",
        zip="1000",
        country_id=tunisia,
        email="achats@example.com",
        phone="71 000 000",
    )
    rates = {percent: books.rate(percent) for percent in (19, 7, 0)}
    lines = [
        ("Table en chêne", 2, 450.5, 5, 19),
        ("Chaise", 8, 89.9, 0, 19),
        ("Transport", 1, 120, 0, 7),
        ("Livre technique", 3, 35.333, 10, 0),
        ("Pose (heures)", 6.5, 28.75, 0, 7),
    ]
    five_lines = books.invoice(
        "five lines",
        client,
        [
            {
                "name": name,
                "quantity": quantity,
                "price_unit": price,
                "discount": discount,
                "tax_ids": [(6, 0, [rates[rate]])],
            }
            for name, quantity, price, discount, rate in lines
        ]
        + [stamp_line],
    )

    abroad = books.partner(
        "Example Trading GmbH",
        vat="DE123456788",
        street="Hafenstrasse 1",
        city="Hamburg",
        zip="20457",
        country_id=books.country("DE"),
        email="office@example.com",
    )
    euros = books.invoice(
        "in euros",
        abroad,
        [{"name": "Conseil", "quantity": 3, "price_unit": 400, "tax_ids": [(6, 0, [rates[0]])]}],
        currency_id=books.one("res.currency", [("name", "=", "EUR")]),
    )

    found = user("account.move", "search", [("reversed_entry_id", "=", five_lines)], limit=1)
    if found:
        credit = found[0]
    else:
        wizard = user(
            "account.move.reversal",
            "create",
            [
                {
                    "reason": "Retour",
                    "journal_id": books.one("account.move", [("id", "=", five_lines)], "journal_id")[0],
                    "move_ids": [(6, 0, [five_lines])],
                }
            ],
        )
        action = user("account.move.reversal", "reverse_moves", wizard)
        credit = action["res_id"]
        user("account.move", "action_post", [credit])
    return {
        "the official example": example,
        "five lines, three rates, discounts": five_lines,
        "in euros": euros,
        "credit note": credit,
    }
