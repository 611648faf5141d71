"""A company that invoices electronically, set up through an administrator's session as a person would."""

import json

from .database import query

MATRICULE = "1234567RAM000"
CUSTOMER_MATRICULE = "7654321CAM000"


class Company:
    """The company of a live test: its account at the sandbox, its invoices, and where they stand.

    :param admin: an ``rpc.Session`` of an administrator.
    :param ttn: a running ``sandbox.Sandbox``.
    """

    login = "live"

    def __init__(self, admin, ttn):
        self.admin = admin
        self.ttn = ttn
        self.database = admin.info["db"]
        self._declare()
        self._configure()

    def _declare(self):
        self.ttn.admin(
            "POST", f"/accounts/{self.login}", {"password": "live-password", "matricule": MATRICULE}
        )
        self.certificate = self.ttn.admin(
            "POST",
            "/certificates",
            {
                "subject": "Live Test",
                "matricule": MATRICULE,
                "passphrase": "live-passphrase",
                "declare": self.login,
            },
        )

    def _configure(self):
        tunisia = self.find("res.country", [("code", "=", "TN")])
        self.admin.call(
            "res.partner",
            "write",
            [self.admin.call("res.company", "read", [1], ["partner_id"])[0]["partner_id"][0]],
            {
                "vat": MATRICULE,
                "street": "1 rue de Marseille",
                "city": "Tunis",
                "zip": "1000",
                "country_id": tunisia,
            },
        )
        provider = self.admin.call(
            "l10n_tn_edi.signature.provider",
            "create",
            [
                {
                    "name": "Live certificate",
                    "code": "pkcs12",
                    "pkcs12_file": self.certificate["pkcs12"],
                    "pkcs12_passphrase": "live-passphrase",
                    "state": "test",
                }
            ],
        )[0]
        self.admin.call(
            "res.company",
            "write",
            [1],
            {
                "l10n_tn_edi_enabled": True,
                "l10n_tn_edi_go_live_date": "2020-01-01",
                "l10n_tn_edi_test_url": self.ttn.endpoint,
                "l10n_tn_edi_login": self.login,
                "l10n_tn_edi_password": "live-password",
                "l10n_tn_edi_delay_minutes": 0,
                "l10n_tn_edi_provider_id": provider,
            },
        )
        # As if the account had just been compared with ours: what is tested begins after that.
        query(
            self.database,
            "INSERT INTO l10n_tn_edi_account (company_id, mode, swept_at) VALUES (1, 'test', now() at time zone 'UTC')",
        )
        self.journal = self.find("account.journal", [("type", "=", "sale")])
        self.admin.call("account.journal", "write", [self.journal], {"l10n_tn_edi_enabled": True})
        self.tax = self.find("account.tax", [("type_tax_use", "=", "sale"), ("amount", "=", 19)])
        self.customer = self.admin.call(
            "res.partner",
            "create",
            [
                {
                    "name": "Live Customer",
                    "is_company": True,
                    "vat": CUSTOMER_MATRICULE,
                    "street": "2 avenue de la Liberté",
                    "city": "Sfax",
                    "zip": "3000",
                    "country_id": tunisia,
                    "email": "customer@example.com",
                }
            ],
        )[0]

    def be_impatient(self):
        """The shortest wait for what TTN does not show, one automatic resend, a queue that rejections don't stop."""
        values = {
            "l10n_tn_edi_absence_minutes": 1,
            "l10n_tn_edi_auto_resend": True,
            "l10n_tn_edi_breaker_percent": 99,
        }
        self.admin.call("res.company", "write", [1], values)

    def find(self, model, domain):
        """:return: id of the first record found."""
        return self.admin.call(model, "search", domain, limit=1)[0]

    def post_invoices(self, count):
        """:return: ids of newly posted invoices."""
        moves = self.draft_invoices(count)
        self.admin.call("account.move", "action_post", moves)
        return moves

    def draft_invoices(self, count):
        """:return: ids of new drafts."""
        return self.admin.call(
            "account.move",
            "create",
            [
                {
                    "move_type": "out_invoice",
                    "partner_id": self.customer,
                    "invoice_date": "2026-01-15",
                    "invoice_line_ids": [
                        (
                            0,
                            0,
                            {
                                "name": "Service",
                                "quantity": 1,
                                "price_unit": 100 + n,
                                "tax_ids": [(6, 0, [self.tax])],
                            },
                        )
                    ],
                }
                for n in range(count)
            ],
        )

    def documents(self, moves, *fields):
        """:return: rows of the live documents of the invoices, straight from the database."""
        return query(
            self.database,
            f"SELECT {', '.join(fields)} FROM l10n_tn_edi_document WHERE live AND move_id = ANY(%s) ORDER BY move_id",
            moves,
        )

    def states(self, moves):
        """:return: list of the states of the invoices' live documents."""
        return [state for (state,) in self.documents(moves, "state")]

    def deposits(self):
        """:return: the bodies that the sandbox's ``saveEfact`` received, as its ledger has them."""
        rows = json.loads(self.ttn.command("ledger", "--json"))
        return [row for row in rows if row["operation"] == "saveEfact"]

    def options(self):
        """:return: options that an Odoo process needs to trust the sandbox."""
        return {"l10n_tn_edi_ca_file": self.ttn.info["ca_file"], "l10n_tn_edi_private_hosts": "127.0.0.1"}
