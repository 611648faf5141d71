import base64
import hashlib
import hmac
import json
from datetime import datetime, timedelta
from unittest.mock import patch

from cryptography.fernet import Fernet

from odoo import SUPERUSER_ID, fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import tagged
from odoo.tools import config, file_open

from ..elfatoora.wire import Limits
from ..webhooks.signing import signed_message
from .common import TnEdiCommon
from .receiver import Receiver

DELIVERY = "odoo.addons.l10n_tn_edi_ttn.models.l10n_tn_edi_webhook_delivery"


@tagged("post_install_l10n", "post_install", "-at_install")
class TestWebhooks(TnEdiCommon):
    """Messages to a receiver over HTTPS that verifies them: what they say, that they arrive, and what is refused."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.receiver = Receiver()
        cls.addClassCleanup(cls.receiver.stop)
        cls.options = {
            "l10n_tn_edi_secret_key": Fernet.generate_key().decode(),
            "l10n_tn_edi_private_hosts": f"127.0.0.1:{cls.receiver.port}",
            "l10n_tn_edi_ca_file": cls.receiver.ca_file,
        }
        cls.startClassPatcher(patch.dict(config._runtime_options, cls.options))
        cls.admin_env = cls.env(user=SUPERUSER_ID)
        cls.keys = {}
        cls.webhook = cls.make_webhook("ERP", cls.receiver.url)
        cls.deliveries = cls.admin_env["l10n_tn_edi.webhook.delivery"]

    def setUp(self):
        super().setUp()
        self.receiver.requests.clear()
        self.receiver.answer = 204

    @classmethod
    def make_webhook(cls, name, url, **values):
        webhook = cls.admin_env["l10n_tn_edi.webhook"].create(
            {"name": name, "url": url, "company_id": cls.company.id, **values}
        )
        cls.make_key(webhook)
        return webhook

    @classmethod
    def make_key(cls, webhook):
        """Make a key as an administrator would; the receiver knows it then. Gives its id."""
        shown = webhook.action_new_key()["context"]
        cls.keys[shown["default_key_id"]] = shown["default_key"].encode()
        return shown["default_key_id"]

    def changed(self, state="accepted", **values):
        """:return: the document of a new invoice whose transaction is over, in ``state``."""
        document = self.make_invoice(post=True).l10n_tn_edi_document_id.sudo()
        document.write({"state": "sending", "sender": "1234567RAM000", "type_code": "I-11"})
        self.commit()
        document._set_state("submitted")
        document._set_state(state, **values)
        self.commit()
        return document

    def commit(self):
        """What a commit does before it writes."""
        self.env.flush_all()
        self.env.cr.precommit.run()

    def of(self, document, webhook=None):
        """:return: the deliveries about ``document`` to ``webhook``."""
        return self.deliveries.search(
            [("document_id", "=", document.id), ("webhook_id", "=", (webhook or self.webhook).id)]
        )

    def deliver(self):
        self.deliveries._cron_deliver_webhooks()
        self.deliveries.invalidate_model()

    def later(self, **delta):
        """Let time pass for everything that waits."""
        for delivery in self.deliveries.search([("next_at", "!=", False)]):
            delivery.next_at -= timedelta(**delta)
            if delivery.lease_until:
                delivery.lease_until -= timedelta(**delta)
        for receiver in self.admin_env["l10n_tn_edi.webhook.receiver"].search([("resume_at", "!=", False)]):
            receiver.resume_at -= timedelta(**delta)

    # === What is told === #

    def test_an_outcome_is_told_signed(self):
        document = self.changed(reference="REF-1", deposit_id="77")
        delivery = self.of(document)
        self.assertEqual(
            (delivery.kind, delivery.state, delivery.attempts), ("invoice.accepted", "waiting", 0)
        )
        self.deliver()
        [received] = self.receiver.requests
        self.assertIsNone(received.verify(self.keys))
        self.assertEqual(received.headers["Webhook-Id"], delivery.event_id)
        self.assertEqual(
            (delivery.state, delivery.attempts, delivery.http_status, delivery.next_at),
            ("delivered", 1, 204, False),
        )
        self.assertTrue(self.webhook.delivered_at)
        body = json.loads(received.body)
        self.assertEqual(body["id"], delivery.event_id)
        self.assertEqual(body["type"], "invoice.accepted")
        self.assertEqual(body["company"]["id"], self.company.id)
        data = body["data"]
        self.assertEqual((data["before"], data["state"]), ("sending", "accepted"))
        self.assertEqual(
            (data["invoice_id"], data["number"]), (f"inv_{document.move_id.id}", document.move_id.name)
        )
        self.assertEqual((data["ttn_reference"], data["deposit_number"]), ("REF-1", "77"))
        self.assertIsNone(data["cause"])
        self.assertIsNone(data["external_id"])

    def test_what_the_other_system_calls_it(self):
        document = self.make_invoice(post=True).l10n_tn_edi_document_id.sudo()
        self.env(su=True)["l10n_tn_edi.api.invoice"].create(
            {"company_id": self.company.id, "external_id": "ERP-1", "move_id": document.move_id.id}
        )
        document._fail("document.unexpected")
        self.commit()
        self.assertEqual(json.loads(self.of(document).body)["data"]["external_id"], "ERP-1")

    def test_a_cause_and_findings_are_told(self):
        document = self.make_invoice(post=True).l10n_tn_edi_document_id.sudo()
        document._fail(
            "document.number_taken",
            {"number": "INV/1"},
            [{"code": "odoo.customer_identifier", "params": {"partner": "X"}, "path": "/TEIF"}],
        )
        self.commit()
        data = json.loads(self.of(document).body)["data"]
        self.assertEqual(data["cause"]["code"], "document.number_taken")
        self.assertIn("INV/1", data["cause"]["sentence"])
        [finding] = data["findings"]
        self.assertEqual((finding["code"], finding["path"]), ("odoo.customer_identifier", "/TEIF"))
        self.assertIn("X", finding["sentence"])

    def test_only_what_a_transaction_leaves_behind(self):
        every = self.make_webhook("All", self.receiver.url, events="all")
        document = self.make_invoice(post=True).l10n_tn_edi_document_id.sudo()
        self.commit()
        self.assertEqual(self.of(document, every).mapped("kind"), ["invoice.to_send"], "the new document")
        document._set_state("to_sign")
        document._set_state("to_send")
        self.commit()
        self.assertEqual(len(self.of(document, every)), 1, "nothing has changed")
        document._set_state("to_sign")
        self.commit()
        self.assertEqual(self.of(document, every)[0].kind, "invoice.to_sign")
        self.assertFalse(self.of(document), "the other one wants outcomes only")

    def test_a_message_rolls_back_with_the_change(self):
        document = self.make_invoice(post=True).l10n_tn_edi_document_id.sudo()
        self.commit()
        try:
            with self.env.cr.savepoint():
                document._fail("document.unexpected")
                self.env.flush_all()
                raise ZeroDivisionError
        except ZeroDivisionError:
            self.env.invalidate_all()
        self.commit()
        self.assertFalse(self.of(document))

    def test_what_cannot_be_told_undoes_nothing(self):
        document = self.make_invoice(post=True).l10n_tn_edi_document_id.sudo()
        self.commit()
        documents = self.env.registry["l10n_tn_edi.document"]
        with (
            patch.object(documents, "_event_data", side_effect=ZeroDivisionError),
            self.assertLogs("odoo.addons.l10n_tn_edi_ttn.models.l10n_tn_edi_webhook_event", "ERROR"),
        ):
            document._fail("document.unexpected")
            self.commit()
        self.env.invalidate_all()
        self.assertEqual(document.state, "error")
        self.assertFalse(self.of(document))

    def test_no_webhook_costs_no_query_a_document(self):
        self.webhook.active = False
        few, many = (
            [self.make_invoice(post=True).l10n_tn_edi_document_id.sudo() for _each in range(count)]
            for count in (2, 6)
        )
        first = self.make_invoice(post=True).l10n_tn_edi_document_id.sudo()
        self.commit()
        self.assertFalse(self.webhook._listening())

        def queries(documents):
            for document in documents:
                document._set_state("to_sign")
            self.env.flush_all()
            before = self.env.cr.sql_log_count
            self.commit()
            return self.env.cr.sql_log_count - before

        queries(first)  # what is read once
        self.assertEqual(queries(few), queries(many))

    def test_other_companies_are_told_nothing(self):
        other = self.env(su=True)["res.company"].create({"name": "Autre"})
        foreign = self.make_webhook("Foreign", self.receiver.url, company_id=other.id)
        document = self.changed()
        self.assertFalse(self.of(document, foreign))

    # === Retry, replay, rotation === #

    def test_it_is_tried_again_and_signed_anew(self):
        self.receiver.answer = 503
        delivery = self.of(self.changed())
        self.deliver()
        self.assertEqual((delivery.state, delivery.reason_code), ("waiting", "webhook.status"))
        self.assertIn("503", delivery.reason)
        self.assertLessEqual(len(delivery.answer), 500)
        self.assertEqual(self.webhook.failures, 1)
        self.deliver()
        self.assertEqual(len(self.receiver.requests), 1, "not before its time")
        self.receiver.answer = 200
        with self.at(minutes=10):
            self.later(minutes=10)
            self.deliver()
            first, second = self.receiver.requests
            self.assertEqual((delivery.state, delivery.attempts), ("delivered", 2))
            self.assertEqual(first.headers["Webhook-Id"], second.headers["Webhook-Id"])
            self.assertEqual(first.body, second.body)
            self.assertNotEqual(first.headers["Signature"], second.headers["Signature"])
            self.assertIsNone(second.verify(self.keys))
            self.assertTrue(first.verify(self.keys), "signed ten minutes ago")
        self.assertFalse(self.webhook.failures)

    def at(self, **delta):
        """Move the clock of signatures."""

        class Later(datetime):
            @classmethod
            def now(cls, tz=None):
                return super().now(tz) + timedelta(**delta)

        return patch("http_message_signatures.signatures.datetime.datetime", Later)

    def test_it_is_given_up_after_so_many_tries(self):
        self.receiver.answer = 400
        delivery = self.of(self.changed())
        delivery.attempts = 11
        self.deliver()
        self.assertEqual((delivery.state, delivery.next_at), ("failed", False))
        self.assertFalse(self.webhook.failures, "this message was refused; the receiver works")

    def test_replay(self):
        delivery = self.of(self.changed())
        self.deliver()
        delivery.action_replay()
        self.deliver()
        first, second = self.receiver.requests
        self.assertEqual(first.headers["Webhook-Id"], second.headers["Webhook-Id"])
        self.assertEqual(delivery.state, "delivered")

    def test_rotation(self):
        old = self.webhook.key_id
        new = self.make_key(self.webhook)
        self.assertNotEqual(old, new)
        with self.assertRaises(UserError):
            self.webhook.action_new_key()
        self.changed()
        self.deliver()
        [first] = self.receiver.requests
        self.assertIn(f'keyid="{old}"', first.headers["Signature-Input"])
        self.webhook.action_use_next_key()
        self.changed()
        self.deliver()
        second = self.receiver.requests[1]
        self.assertIn(f'keyid="{new}"', second.headers["Signature-Input"])
        self.assertIsNone(second.verify({new: self.keys[new]}))
        self.assertTrue(second.verify({old: self.keys[old]}), "the old key no longer signs")
        self.assertFalse(self.webhook.next_key_id)

    def test_what_is_changed_on_the_way_is_found(self):
        self.changed()
        self.deliver()
        [received] = self.receiver.requests
        received.body = received.body.replace(b"accepted", b"rejected")
        self.assertTrue(received.verify(self.keys))

    def test_a_worker_that_died_leaves_a_lease(self):
        delivery = self.of(self.changed())
        with patch.object(
            self.env.registry["l10n_tn_edi.document"], "_call_together", lambda *_args: iter(())
        ):
            self.deliver()
        self.assertTrue(delivery.lease_until)
        self.deliver()
        self.assertFalse(self.receiver.requests, "another worker may be delivering it")
        self.later(minutes=2)
        self.deliver()
        self.assertEqual((delivery.state, len(self.receiver.requests)), ("delivered", 1))

    def test_a_dead_receiver_holds_up_nobody(self):
        dead = self.make_webhook("Dead", f"https://127.0.0.1:{self.receiver.port}/", events="all")
        dead.url = "https://127.0.0.1:9/"
        documents = [self.changed() for _each in range(6)]
        with patch.dict(config._runtime_options, {"l10n_tn_edi_private_hosts": "127.0.0.1"}):
            self.deliver()
            self.deliver()
        self.assertEqual(len(self.receiver.requests), 6)
        self.assertLessEqual(self.receiver.most_at_once, 4)
        tried = self.deliveries.search([("webhook_id", "=", dead.id), ("attempts", ">", 0)])
        self.assertLessEqual(len(tried), 4, "one claim; after that it is left alone")
        self.assertTrue(dead.resume_at)
        self.assertEqual({self.of(document, self.webhook).state for document in documents}, {"delivered"})

    # === What is refused === #

    def assert_refused(self, code, answer=None):
        if answer:
            self.receiver.answer = answer
        delivery = self.of(self.changed())
        self.deliver()
        self.assertEqual((delivery.state, delivery.reason_code), ("waiting", code))
        self.assertTrue(delivery.reason)
        return delivery

    def test_a_private_address(self):
        with patch.dict(config._runtime_options, {"l10n_tn_edi_private_hosts": ""}):
            self.assert_refused("webhook.address")
        self.assertFalse(self.receiver.requests)

    def test_an_unknown_authority(self):
        with patch.dict(config._runtime_options, {"l10n_tn_edi_ca_file": ""}):
            self.assert_refused("webhook.tls")
        self.assertFalse(self.receiver.requests)

    def test_a_redirect(self):
        self.assert_refused("webhook.redirect", ("redirect", self.receiver.url))
        self.assertEqual(len(self.receiver.requests), 1)

    def test_a_slow_drip(self):
        with patch(f"{DELIVERY}.LIMITS", Limits(connect=2, read=2, total=2)):
            began = fields.Datetime.now()
            self.assert_refused("webhook.timeout", ("drip", 8))
            self.assertLess((fields.Datetime.now() - began).total_seconds(), 6)

    def test_an_address_without_tls(self):
        for url in (
            "http://erp.example.com/",
            "ftp://erp.example.com",
            "https://a:b@erp.example.com/",
            "erp",
        ):
            with self.subTest(url=url), self.assertRaises(ValidationError), self.env.cr.savepoint():
                self.webhook.url = url

    # === Copies === #

    def test_a_copy_tells_nobody(self):
        self.webhook.sudo().binding = "another:database"
        delivery = self.of(self.changed())
        self.deliver()
        self.assertFalse(self.receiver.requests)
        self.assertTrue(self.webhook.problem)
        with self.assertRaises(UserError):
            self.webhook.action_test()
        self.webhook.action_use_here()
        self.deliver()
        self.assertEqual(delivery.state, "delivered")

    def test_a_neutralised_copy_tells_nobody(self):
        self.changed()
        self.env.flush_all()
        with file_open("l10n_tn_edi_ttn/data/neutralize.sql") as script:
            self.env.cr.execute(script.read())
        self.env.invalidate_all()
        self.deliver()
        self.assertFalse(self.receiver.requests)
        self.assertFalse(self.webhook.active or self.webhook.sudo().key_encrypted)
        self.webhook.active = True
        self.make_key(
            self.webhook.create({"name": "New", "url": self.receiver.url, "company_id": self.company.id})
        )
        self.env["ir.config_parameter"].sudo().set_param("database.is_neutralized", True)
        self.changed()
        self.deliver()
        self.assertFalse(self.receiver.requests)

    # === Screens and rights === #

    def test_the_test_message(self):
        action = self.webhook.action_test()
        delivery = self.deliveries.browse(action["res_id"])
        self.assertEqual((delivery.kind, delivery.state), ("test", "delivered"))
        [received] = self.receiver.requests
        self.assertIsNone(received.verify(self.keys))
        self.receiver.answer = 500
        failed = self.deliveries.browse(self.webhook.action_test()["res_id"])
        self.assertEqual((failed.state, failed.next_at), ("failed", False))

    def test_only_administrators(self):
        responsible = self.make_accountant("tn_edi_hooks")
        responsible.sudo().group_ids += self.env.ref("account.group_account_manager")
        delivery = self.of(self.changed())
        for record in (self.webhook, delivery):
            with self.assertRaises(AccessError):
                record.with_user(responsible).sudo(False).read(["display_name"])
        with self.assertRaises(AccessError):
            delivery.with_user(responsible).sudo(False).action_replay()

    def test_a_key_is_shown_once_and_kept_encrypted(self):
        key_id = self.webhook.key_id
        self.env.flush_all()
        self.env.cr.execute("SELECT key_encrypted FROM l10n_tn_edi_webhook WHERE id = %s", [self.webhook.id])
        [stored] = self.env.cr.fetchone()
        self.assertNotIn(self.keys[key_id].decode(), stored)
        self.webhook.sudo().key_encrypted = False
        self.changed()
        self.deliver()
        self.assertFalse(self.receiver.requests, "nothing goes out unsigned")
        self.assertTrue(self.webhook.problem)

    def test_views_load(self):
        for model in ("l10n_tn_edi.webhook", "l10n_tn_edi.webhook.delivery"):
            for kind in ("list", "form"):
                self.admin_env[model].get_view(view_type=kind)
        self.admin_env["l10n_tn_edi.webhook.key"].get_view(view_type="form")

    def test_old_deliveries_are_cleared(self):
        old, kept = self.of(self.changed()), self.of(self.changed())
        self.deliver()
        self.env.cr.execute(
            "UPDATE l10n_tn_edi_webhook_delivery SET write_date = now() - interval '40 days' WHERE id = %s",
            [old.id],
        )
        self.deliveries._gc_deliveries()
        self.assertFalse(old.exists())
        self.assertTrue(kept.exists())

    def test_the_message_is_the_one_of_the_standards(self):
        """RFC 9421 by hand: the base of the signature is what the standard says."""

        message = signed_message("https://erp.example.com/a?b=c", b"{}", "event-1", "whk_1", b"secret")
        parameters = message.headers["Signature-Input"].removeprefix("sig1=")
        digest = base64.b64encode(hashlib.sha256(b"{}").digest()).decode()
        self.assertEqual(message.headers["Content-Digest"], f"sha-256=:{digest}:")
        base = (
            '"@method": POST\n"@target-uri": https://erp.example.com/a?b=c\n"content-type": application/json\n'
            f'"content-digest": sha-256=:{digest}:\n"webhook-id": event-1\n"@signature-params": {parameters}'
        )
        value = base64.b64encode(hmac.digest(b"secret", base.encode(), "sha256")).decode()
        self.assertEqual(message.headers["Signature"], f"sig1=:{value}:")
