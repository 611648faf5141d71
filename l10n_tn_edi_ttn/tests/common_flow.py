"""A company whose account, certificate and provider are ready, against the running sandbox of El Fatoora."""

import base64
import secrets
from datetime import timedelta
from unittest.mock import patch

from cryptography.fernet import Fernet

from odoo import SUPERUSER_ID, fields
from odoo.tests import new_test_user
from odoo.tools import config

from ..elfatoora import breaker
from .common import COMPANY_MATRICULE, TnEdiCommon
from .sandbox import Sandbox

# Above the loggers of all our models, wherever a method lives.
LOGGER = "odoo.addons.l10n_tn_edi_ttn.models"


class TnEdiFlowCommon(TnEdiCommon):
    """From posting to TTN's verdict.

    Each test has an account of its own at the sandbox, so that numbers which come again disturb nothing. Invoices are made
    by the base class's user, who has no administrator rights; scheduled actions run as Odoo runs them.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.sandbox = Sandbox.from_environment()
        # The verdict is there as soon as it is asked for; what is late is a fault of its own.
        cls.sandbox.settings(verdict_delay=0)
        cls.secret_key = Fernet.generate_key().decode()
        cls.startClassPatcher(
            patch.dict(
                config._runtime_options,
                {
                    "l10n_tn_edi_secret_key": cls.secret_key,
                    "l10n_tn_edi_private_hosts": "127.0.0.1",
                    "l10n_tn_edi_ca_file": cls.sandbox.ca_file,
                },
            )
        )
        # After an answer that told nothing the account rests: the time is as good as over in a test
        cls.startClassPatcher(patch.object(breaker, "rest_after", lambda _silent, _limits: 0.0))
        cls.passphrase = f"Sésame-{secrets.token_hex(8)}"
        cls.pkcs12, cls.serial = cls.sandbox.certificate(
            "FOURNISSEUR ESSAI", COMPANY_MATRICULE, cls.passphrase
        )
        cls.provider = cls.make_provider(cls.company, cls.pkcs12, cls.passphrase)
        cls.company.sudo().l10n_tn_edi_provider_id = cls.provider
        cls.documents = cls.env(user=SUPERUSER_ID, su=True)["l10n_tn_edi.document"]

    def setUp(self):
        super().setUp()
        self.login, self.password = self.make_account(self.serial, COMPANY_MATRICULE)
        self.connect(self.company, self.login, self.password)

    # === Set-up === #

    @classmethod
    def make_provider(cls, company, pkcs12, passphrase, **values):
        return cls.env(su=True)["l10n_tn_edi.signature.provider"].create(
            {
                "name": f"Certificat de {company.name}",
                "code": "pkcs12",
                "company_id": company.id,
                "pkcs12_file": base64.b64encode(pkcs12),
                "pkcs12_passphrase": passphrase,
                "state": "test",
                **values,
            }
        )

    def make_account(self, serial, matricule):
        """:return: (login, password) of a new account at the sandbox, with the certificate declared."""
        login = f"{type(self).__name__}-{secrets.token_hex(6)}"
        password = f"Mot-de-passe-{secrets.token_hex(8)}"
        self.sandbox.account(login, password=password, matricule=matricule, declare=[serial])
        return login, password

    def connect(self, company, login, password):
        company.sudo().write(
            {
                "l10n_tn_edi_test_url": self.sandbox.endpoint,
                "l10n_tn_edi_login": login,
                "l10n_tn_edi_password": password,
            }
        )
        # As if the account had just been compared with ours: what is tested begins after that.
        account = self.env["l10n_tn_edi.account"]._of(company, "test")
        account.write({"swept_at": fields.Datetime.now(), "swept_in": account._running_database()})

    def settings(self, **values):
        """Change the company's settings as an administrator would, without their prefix."""
        self.company.sudo().write({f"l10n_tn_edi_{name}": value for name, value in values.items()})

    def fault(self, kind, for_all=False, **values):
        """Switch on a fault of this test's account (``for_all``: of any) until the test ends. Gives its id."""
        fault_id = self.sandbox.fault(kind, **({} if for_all else {"login": self.login}), **values)
        self.addCleanup(self.sandbox.remove_fault, fault_id)
        return fault_id

    def make_responsible(self, login="tn_edi_responsible"):
        return new_test_user(
            self.env(su=True),
            login=login,
            groups="account.group_account_manager",
            company_id=self.company.id,
            company_ids=[fields.Command.set(self.company.ids)],
        )

    # === The way of a document === #

    def post(self, *lines, **values):
        """:return: the document (as the scheduled actions see it) of a new posted invoice."""
        return self.document_of(self.make_invoice(*lines, post=True, **values))

    def document_of(self, move):
        return self.documents.browse(move.l10n_tn_edi_document_id.id)

    def due(self, documents=None):
        """Make the documents due, all of the company when none are given."""
        waiting = documents or self.documents.search(
            [("company_id", "=", self.company.id), ("live", "=", True), ("next_at", "!=", False)]
        )
        waiting.next_at = fields.Datetime.subtract(fields.Datetime.now(), minutes=1)

    def age(self, documents, **delta):
        """Let time pass for the documents, by moving their past back.

        :param delta: as for ``timedelta``.
        """
        for document in documents:
            seconds = timedelta(**delta).total_seconds()
            document.write(
                {
                    name: document[name] - timedelta(**delta)
                    for name in (
                        *("lease_until", "submitted_at", "first_seen_at", "last_seen_at"),
                        *("decided_at", "next_at"),
                    )
                    if document[name]
                }
            )
            if document.absences:
                document.absences = [moment - seconds for moment in document.absences]

    def submit(self):
        """Run the scheduled action that builds, signs and deposits, with everything due."""
        self.due()
        self.documents._cron_submit()

    def follow(self):
        """Run the scheduled action that asks TTN, with everything due."""
        self.due()
        self.documents._cron_follow()

    def deposit(self, *lines, **values):
        """:return: the document of a new invoice that TTN has in its hands."""
        document = self.post(*lines, **values)
        self.submit()
        self.assertEqual(document.state, "submitted", document.reason)
        return document

    def accept(self, *lines, **values):
        """:return: the document of a new invoice that TTN has accepted."""
        document = self.deposit(*lines, **values)
        self.follow()
        self.assertEqual(document.state, "accepted", document.reason)
        return document

    def reject(self, *errors, after=None):
        """:param errors: (code, text) of TTN's objections.
        :param after: seconds after which TTN accepts it all the same; None: never.
        :return: the document of a new invoice that TTN has rejected.
        """
        params = {"errors": [list(error) for error in errors]}
        if after is None:
            self.fault("reject", times=1, params=params)
        else:
            self.fault("rejected_then_accepted", times=1, params={"after": after, **params})
        document = self.deposit()
        self.follow()
        self.assertEqual(document.state, "rejected", document.reason)
        return document

    def let_ttn_accept(self):
        """More than an hour passes at TTN, as for ``reject(after=3600)``."""
        self.addCleanup(self.sandbox.advance_clock, 0)
        self.sandbox.advance_clock(4000)

    # === What came of it === #

    def saves(self, number=None):
        """:return: the deposits that reached the sandbox, as rows of its ledger."""
        return self.sandbox.ledger(self.login, "saveEfact", number)

    def questions(self, number=None):
        return self.sandbox.ledger(self.login, "consultEfact", number)

    def chatter(self, move):
        """:return: the texts of the invoice's chatter, oldest first."""
        return [str(message.body) for message in move.sudo().message_ids.sorted("id")]

    def assert_chatter_has(self, move, text):
        self.assertTrue(
            any(text in body for body in self.chatter(move)), f"“{text}” is not in {self.chatter(move)}"
        )

    def assert_sentence(self, document, *words):
        """The situation is told in English with ``words`` in it, and in French in other words."""
        english = document.with_context(lang="en_US").reason or ""
        for word in words:
            self.assertIn(word, english)
        with self.subTest(lang="fr_FR"):
            french = document.with_context(lang="fr_FR").reason or ""
            self.assertTrue(french)
            self.assertNotEqual(french, english, "the sentence is not translated")
