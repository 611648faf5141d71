import base64
import logging
import re
import secrets
from unittest.mock import patch

from cryptography.fernet import Fernet
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs12

from odoo import SUPERUSER_ID
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import tagged
from odoo.tools import SQL, config

from .common_flow import TnEdiFlowCommon

PROVIDER_SECRETS = ("pkcs12_file", "pkcs12_passphrase", "pkcs12_passphrase_encrypted")
COMPANY_SECRETS = ("l10n_tn_edi_password", "l10n_tn_edi_password_encrypted", "l10n_tn_edi_production_binding")
BASE64 = re.compile(rb"[A-Za-z0-9+/\s]{40,}={0,2}")


@tagged("post_install_l10n", "post_install", "-at_install")
class TestSecrets(TnEdiFlowCommon):
    """Passwords, passphrases and keys can't be read by an accountant, nor found in a dump, in files or in logs."""

    # === Who reads what === #

    def refused(self, call):
        """Odoo refuses, with AccessError or because the user knows no such field."""
        try:
            with self.env.cr.savepoint():
                result = call()
        except (AccessError, ValueError, KeyError):
            return
        self.fail(f"not refused: {result}")

    def test_an_accountant_reads_no_secret(self):
        accountant = self.make_accountant()
        accountant.sudo().group_ids += self.env.ref("base.group_allow_export")
        for record, names in ((self.provider, PROVIDER_SECRETS), (self.company, COMPANY_SECRETS)):
            record = record.with_user(accountant).sudo(False)
            fields = record.fields_get()
            for name in names:
                with self.subTest(field=name):
                    self.assertNotIn(name, fields)
                    self.refused(lambda record=record, name=name: record.read([name]))
                    self.refused(lambda record=record, name=name: record[name])
                    self.refused(lambda record=record, name=name: record.web_read({name: {}}))
                    self.refused(lambda record=record, name=name: record.search([(name, "!=", False)]))
                    if record._fields[name].type != "binary":
                        self.refused(lambda record=record, name=name: record.search([(name, "=like", "g%")]))
                    self.refused(lambda record=record, name=name: record.search([], order=name))
                    self.refused(lambda record=record, name=name: record.export_data([name]))
                    self.refused(lambda record=record, name=name: record._read_group([], [name]))
                    self.refused(lambda record=record, name=name: record._read_group([], [], [f"{name}:max"]))
                    self.refused(
                        lambda record=record, name=name: record.formatted_read_group([], [name], ["__count"])
                    )
                    self.refused(lambda record=record, name=name: record.mapped(name))

    def test_nor_through_another_record(self):
        accountant = self.make_accountant()
        accountant.sudo().group_ids += self.env.ref("base.group_allow_export")
        document = self.deposit().with_user(accountant).sudo(False)
        self.refused(lambda: document.search([("company_id.l10n_tn_edi_password_encrypted", "=like", "g%")]))
        self.refused(lambda: document.mapped("company_id.l10n_tn_edi_password_encrypted"))
        self.refused(lambda: document.export_data(["company_id/l10n_tn_edi_password_encrypted"]))
        self.refused(
            lambda: document.filtered_domain([("company_id.l10n_tn_edi_password_encrypted", "!=", False)])
        )
        self.refused(
            lambda: (
                self.env["l10n_tn_edi.certificate"]
                .with_user(accountant)
                .search([])
                .mapped("company_id.l10n_tn_edi_password")
            )
        )

    def test_the_file_is_no_attachment_for_an_accountant(self):
        accountant = self.make_accountant()
        domain = [("res_model", "=", self.provider._name), ("res_field", "=", "pkcs12_file")]
        attachment = self.env["ir.attachment"].sudo().search(domain)
        self.assertTrue(attachment)
        self.assertFalse(self.env["ir.attachment"].with_user(accountant).search(domain))
        with self.assertRaises(AccessError):
            attachment.with_user(accountant).sudo(False).read(["raw"])
        with self.assertRaises(AccessError):
            attachment.with_user(accountant).sudo(False).raw  # noqa: B018 - reading is what is tried

    def test_an_accountant_changes_no_secret(self):
        accountant = self.make_accountant()
        for values in ({"state": "disabled"}, {"pkcs12_passphrase": "x"}, {"name": "x"}):
            with self.assertRaises(AccessError):
                self.provider.with_user(accountant).sudo(False).write(values)
        with self.assertRaises(AccessError):
            self.company.with_user(accountant).sudo(False).write({"l10n_tn_edi_password": "x"})
        with self.assertRaises(AccessError):
            self.company.with_user(accountant).sudo(False).action_l10n_tn_edi_activate_production()
        with self.assertRaises(AccessError):
            self.company.with_user(accountant).sudo(False).action_l10n_tn_edi_test_account()
        with self.assertRaises(AccessError):
            self.provider.with_user(accountant).sudo(False).action_test()

    def test_not_even_an_administrator_reads_them_back(self):
        provider = self.provider.sudo()
        self.assertFalse(provider.pkcs12_passphrase)
        self.assertTrue(provider.has_passphrase)
        self.assertFalse(self.company.sudo().l10n_tn_edi_password)
        self.assertTrue(self.company.l10n_tn_edi_has_password)
        self.assertNotIn(self.passphrase, str(provider.read()))
        self.assertNotIn(self.password, str(self.company.sudo().read()))

    def test_an_empty_entry_keeps_the_secret(self):
        """Saving the settings, where the password is never shown, does not erase it."""
        encrypted = self.company.sudo().l10n_tn_edi_password_encrypted
        self.company.sudo().l10n_tn_edi_password = False
        self.assertEqual(self.company.sudo().l10n_tn_edi_password_encrypted, encrypted)
        encrypted = self.provider.pkcs12_passphrase_encrypted
        self.provider.pkcs12_passphrase = ""
        self.assertEqual(self.provider.pkcs12_passphrase_encrypted, encrypted)

    def test_copies_carry_no_secret(self):
        copied = self.provider.copy()
        self.assertFalse(copied.pkcs12_file)
        self.assertFalse(copied.pkcs12_passphrase_encrypted)
        self.assertEqual(copied.state, "disabled")

    # === The server's key === #

    def test_without_key_nothing_is_stored(self):
        for key in ("", "not a key"):
            with self.subTest(key=key), patch.dict(config._runtime_options, {"l10n_tn_edi_secret_key": key}):
                before = self.company.sudo().l10n_tn_edi_password_encrypted
                with self.assertRaises(UserError) as raised:
                    self.settings(password="never to be stored")
                self.assertIn("l10n_tn_edi_secret_key", str(raised.exception))
                self.assertNotIn("never to be stored", str(raised.exception))
                self.assertEqual(self.company.sudo().l10n_tn_edi_password_encrypted, before)
                with self.assertRaises(UserError):
                    self.make_provider(self.company, self.pkcs12, "never to be stored either")
                self.assertFalse(
                    self.env["res.config.settings"].sudo().create({}).l10n_tn_edi_secret_available
                )
        self.assertTrue(self.env["res.config.settings"].sudo().create({}).l10n_tn_edi_secret_available)

    def test_the_key_is_told_in_french_too(self):
        with patch.dict(config._runtime_options, {"l10n_tn_edi_secret_key": ""}):
            secret = self.env["l10n_tn_edi.secret"]
            with self.assertRaises(UserError) as english:
                secret.with_context(lang="en_US")._encrypt("x")
            with self.assertRaises(UserError) as french:
                secret.with_context(lang="fr_FR")._encrypt("x")
        self.assertNotEqual(str(english.exception), str(french.exception))

    def test_change_of_the_key(self):
        """Several keys: the first encrypts, all decrypt."""
        new = Fernet.generate_key().decode()
        with patch.dict(config._runtime_options, {"l10n_tn_edi_secret_key": f"{new}, {self.secret_key}"}):
            self.accept()
            self.settings(password=self.password)
            self.provider.pkcs12_passphrase = self.passphrase
        with patch.dict(config._runtime_options, {"l10n_tn_edi_secret_key": new}):
            self.accept()

    def test_provider_needs_its_secrets_to_be_switched_on(self):
        values = {"name": "Sans fichier", "code": "pkcs12", "company_id": self.company.id}
        provider = self.env["l10n_tn_edi.signature.provider"].sudo().create(values)
        with self.assertRaises(ValidationError):
            provider.state = "test"

    def test_buttons_say_what_is_wrong(self):
        self.assertEqual(self.provider.action_test()["params"]["type"], "success")
        company = self.company.with_user(SUPERUSER_ID)
        self.assertEqual(company.action_l10n_tn_edi_test_account()["params"]["type"], "success")
        self.provider.pkcs12_passphrase = "wrong passphrase"
        with self.assertRaises(UserError) as raised:
            self.provider.action_test()
        self.assertNotIn("wrong passphrase", str(raised.exception))
        self.settings(password="wrong password")
        told = company.action_l10n_tn_edi_test_account()["params"]
        self.assertEqual(told["type"], "danger")
        self.assertNotIn("wrong password", told["message"])
        # Both calls are in the trail.
        calls = self.env["l10n_tn_edi.exchange"].search(
            [("account_id.company_id", "=", self.company.id), ("operation", "=", "consult")]
        )
        self.assertEqual(calls.mapped("answer_class"), ["answered", "answered"])
        self.assertFalse(any("wrong password" in (call.request_text or "") for call in calls))

    # === Nothing in clear in the database, the files, the logs === #

    def whole_story(self):
        """A way with everything in it: accepted, refused for its password, wrong passphrase, answer lost, HTML.

        :return: list of the secrets that were used.
        """
        wrong_password = f"Faux-{secrets.token_hex(8)}"
        wrong_passphrase = f"Faux-Sésame-{secrets.token_hex(8)}"
        self.accept()
        self.settings(password=wrong_password)
        refused = self.post()
        self.submit()
        self.assertEqual((refused.state, refused.reason_code), ("signed", "ttn.account_unknown"))
        self.settings(password=self.password)
        for kind in ("reset_after", "html"):
            fault = self.fault(kind)
            self.post()
            self.submit()
            self.sandbox.remove_fault(fault)
        # A page that repeats the request, as debugging proxies do.
        page = f"<html><body>login={self.login} password={self.password}</body></html>"
        fault = self.fault("html", params={"body": page})
        self.post()
        self.submit()
        self.sandbox.remove_fault(fault)
        self.follow()
        self.provider.pkcs12_passphrase = wrong_passphrase
        stopped = self.post()
        self.submit()
        self.assertEqual(stopped.reason_code, "pkcs12.wrong_passphrase")
        self.provider.pkcs12_passphrase = self.passphrase
        return [
            self.password,
            wrong_password,
            self.passphrase,
            wrong_passphrase,
            self.secret_key,
            *self.private_key(),
        ]

    def private_key(self):
        """:return: what betrays the private key: its PEM body, and its numbers as they stand in every encoding."""
        key = pkcs12.load_pkcs12(self.pkcs12, self.passphrase.encode()).key
        formats = (serialization.PrivateFormat.PKCS8, serialization.PrivateFormat.TraditionalOpenSSL)
        texts = [
            key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
            .decode()
            .splitlines()[8]
            for form in formats
        ]
        numbers = key.private_numbers()
        return texts + [
            number.to_bytes(256, "big").lstrip(b"\0") for number in (numbers.d, numbers.p, numbers.q)
        ]

    def assert_not_in(self, needles, haystack, where):
        """None of the secrets is in the bytes, as it is or within base64."""
        views = [haystack]
        for match in BASE64.finditer(haystack):
            text = re.sub(rb"\s", b"", match.group()).rstrip(b"=")
            views.append(base64.b64decode(text[: len(text) // 4 * 4]))
        for needle in needles:
            needle = needle.encode() if isinstance(needle, str) else needle
            for view in views:
                self.assertFalse(needle in view, f"a secret is in clear in {where}")

    def test_the_search_finds_what_is_there(self):
        for secret in (self.passphrase, self.private_key()[0], self.private_key()[-1]):
            raw = secret.encode() if isinstance(secret, str) else secret
            for haystack in (
                b"before " + raw + b" after",
                b'{"x": "' + base64.encodebytes(b"12" + raw + b"3" * 40) + b'"}',
            ):
                with self.assertRaises(AssertionError):
                    self.assert_not_in([secret], haystack, "a test")

    def test_no_secret_in_the_database_nor_the_files(self):
        needles = self.whole_story()
        self.env.flush_all()
        tables = {model._table for model in self.env.values() if model._auto and not model._abstract}
        seen = 0
        for table in sorted(tables):
            for (row,) in self.env.execute_query(
                SQL("SELECT row_to_json(t)::text FROM %s t", SQL.identifier(table))
            ):
                seen += 1
                self.assert_not_in(
                    needles, row.encode().decode("unicode_escape").encode(errors="replace"), table
                )
                self.assert_not_in(needles, row.encode(), table)
        self.assertGreater(seen, 1000, "the whole database was looked at")
        attachments = self.env["ir.attachment"].sudo()
        ours = attachments.search([("res_model", "in", ("account.move", "res.company"))])
        ours |= attachments.search([("res_model", "like", "l10n_tn_edi"), ("res_field", "!=", False)])
        self.assertGreaterEqual(len(ours), 10)
        for attachment in ours:
            self.assert_not_in(
                needles,
                attachment.raw or b"",
                f"the file of {attachment.res_model} {attachment.res_field or ''}",
            )

    def test_no_secret_in_the_logs(self):
        root = logging.getLogger()
        records = []

        class Keeper(logging.Handler):
            def emit(self, record):
                records.append(record)

        keeper = Keeper(level=logging.DEBUG)
        level = root.level
        # Everybody, not only us: zeep, requests and urllib3 log what they send when they are asked to.
        noisy = [
            logging.getLogger(name) for name in ("zeep", "urllib3", "requests", "odoo.addons.l10n_tn_edi_ttn")
        ]
        levels = [logger.level for logger in noisy]
        # What is kept here need not be printed.
        printing = [patch.object(handler, "level", logging.ERROR) for handler in root.handlers]
        for patcher in printing:
            patcher.start()
        root.addHandler(keeper)
        root.setLevel(logging.DEBUG)
        for logger in noisy:
            logger.setLevel(logging.DEBUG)
        try:
            needles = self.whole_story()
        finally:
            root.removeHandler(keeper)
            root.setLevel(level)
            for patcher in printing:
                patcher.stop()
            for logger, old in zip(noisy, levels, strict=True):
                logger.setLevel(old)
        self.assertTrue(records)
        formatter = logging.Formatter()
        for record in records:
            if record.name == "odoo.sql_db":
                continue  # the statements of the database, which is looked at above
            self.assert_not_in(
                needles, formatter.format(record).encode(errors="replace"), f"the log of {record.name}"
            )

    def test_secrets_do_not_show_in_texts_of_objects(self):
        client = self.env["l10n_tn_edi.gateway"].sudo()._client(self.company, "test")
        for shown in (repr(client), repr(client.account), str(client.account), repr(vars(client))):
            self.assertNotIn(self.password, shown)
        signer = self.provider._pkcs12_open()
        self.assertNotIn(self.passphrase, repr(signer))

    def test_errors_carry_no_secret(self):
        """What a user sees of a document never quotes a secret."""
        needles = self.whole_story()
        documents = self.documents.search([("company_id", "=", self.company.id)])
        for document in documents:
            texts = [document[name] for name in ("reason", "reason_params", "rejections", "findings_html")]
            texts += self.chatter(document.move_id)
            self.assert_not_in(needles, repr(texts).encode(), "what is shown")
