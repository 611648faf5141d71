import base64
import socket
from unittest.mock import patch

from odoo.fields import Datetime
from odoo.tests import tagged
from odoo.tools import config, mute_logger

from ..elfatoora import attempts
from ..models.l10n_tn_edi_document_prepare import PREPARED_AT_ONCE
from .common import COMPANY_MATRICULE
from .common_flow import LOGGER, TnEdiFlowCommon


@tagged("post_install_l10n", "post_install", "-at_install")
class TestBadInput(TnEdiFlowCommon):
    """What goes wrong leaves the invoice posted, says what to do, and loses nothing."""

    # === Helpers === #

    def run_crons(self, times=3):
        """Run the scheduled actions as often as Odoo may wake them, with nothing made due."""
        for _time in range(times):
            self.documents._cron_submit()
            self.documents._cron_follow()

    def assert_stopped(self, document, code, *words):
        """The invoice stays posted, its document waits in ``error`` for a human, nobody was called."""
        self.assertEqual((document.state, document.reason_code), ("error", code))
        self.assertEqual(document.move_id.state, "posted")
        self.assertTrue(document.live)
        self.assertFalse(document.next_at, "no machine tries again what a human must mend")
        self.assertIn("correct", document._valid_actions())
        self.assert_sentence(document, *words)
        self.run_crons()
        self.assertEqual(document.state, "error")
        self.assertFalse(self.sandbox.ledger(self.login))
        self.assertFalse(document.exchange_ids)

    def assert_findings(self, document, *words):
        """What to correct is told in English with ``words``, and in French."""
        english = str(document.with_context(lang="en_US").findings_html)
        for word in words:
            self.assertIn(word, english)
        with self.subTest(lang="fr_FR"):
            self.assertNotEqual(str(document.with_context(lang="fr_FR").findings_html), english)

    def assert_mended(self, document, by_itself=False):
        """Sent again, by hand unless better settings let it go on by itself, it is accepted after exactly one deposit."""
        if by_itself:
            self.assertEqual(document.state, "to_send")
            self.assertLessEqual(document.next_at, Datetime.now())
        else:
            document.move_id.action_l10n_tn_edi_correct()
        self.submit()
        self.follow()
        mended = self.document_of(document.move_id)
        self.assertEqual(mended.state, "accepted", mended.reason)
        self.assertFalse(mended.findings_html)
        self.assertEqual([row["outcome"] for row in self.saves()], ["deposited"])

    def closed_port(self):
        with socket.socket() as server:
            server.bind(("127.0.0.1", 0))
            return server.getsockname()[1]

    # === The invoice === #

    def test_customer_without_matricule(self):
        self.customer.vat = False
        document = self.post()
        self.submit()
        self.assert_stopped(document, "document.findings")
        self.assert_findings(document, self.customer.name, "Tax ID")
        [finding] = document.findings
        self.assertEqual(
            (finding["model"], finding["res_id"], finding["field"]), ("res.partner", self.customer.id, "vat")
        )
        self.customer.vat = "7654321/C/A/M/000"
        self.assert_mended(document)

    def test_street_of_36_characters(self):
        self.customer.street = "x" * 36
        document = self.post()
        self.submit()
        self.assert_stopped(document, "document.findings")
        self.assert_findings(document, self.customer.name, "35")
        self.customer.street = "x" * 35
        self.assert_mended(document)

    def test_everything_wrong_is_told_at_once(self):
        self.customer.write({"vat": False, "street": "x" * 36, "city": "y" * 36})
        tax = self.vat_19.sudo().copy({"name": "TVA sans code", "l10n_tn_edi_code": False})
        tax.l10n_tn_edi_code = False
        document = self.post(self.line(taxes=tax))
        self.submit()
        self.assert_stopped(document, "document.findings")
        codes = [finding["code"] for finding in document.findings if finding["severity"] == "blocking"]
        self.assertIn("odoo.customer_identifier", codes)
        self.assertIn("odoo.tax_code", codes)
        self.assertGreaterEqual(len(codes), 4, codes)

    def test_posting_itself_never_fails(self):
        """Automatic posting catches UserError alone: whatever breaks in our part, the batch gets posted."""
        Move = type(self.env["account.move"])
        moves = self.make_invoice() + self.make_invoice()
        with (
            patch.object(Move, "_l10n_tn_edi_create_document", side_effect=RuntimeError("broken")),
            self.assertLogs(LOGGER, "ERROR"),
        ):
            moves.action_post()
        self.assertEqual(moves.mapped("state"), ["posted", "posted"])
        self.assertFalse(moves.l10n_tn_edi_document_id)
        moves.action_l10n_tn_edi_send()
        self.submit()
        self.assertEqual(set(moves.mapped("l10n_tn_edi_state")), {"submitted"})

    # === The certificate === #

    def test_company_without_certificate(self):
        self.settings(provider_id=False)
        document = self.post()
        self.submit()
        self.assert_stopped(document, "provider.missing", self.company.name)
        self.settings(provider_id=self.provider.id)
        self.assert_mended(document, by_itself=True)

    def test_provider_switched_off(self):
        self.provider.state = "disabled"
        document = self.post()
        self.submit()
        self.assert_stopped(document, "provider.disabled", self.provider.name)
        self.provider.state = "test"
        self.assert_mended(document, by_itself=True)

    def test_expired_certificate(self):
        expired, serial = self.sandbox.certificate(
            "FOURNISSEUR ESSAI",
            COMPANY_MATRICULE,
            self.passphrase,
            not_before="2022-01-01",
            not_after="2024-01-01",
        )
        self.sandbox.account(self.login, declare=[serial])
        self.provider.pkcs12_file = base64.b64encode(expired)
        self.assertTrue(self.provider.certificate_id.is_expired, "shown before anything is signed")
        document = self.post()
        self.submit()
        self.assert_stopped(document, "certificate.expired")
        self.provider.pkcs12_file = base64.b64encode(self.pkcs12)
        self.assertFalse(self.provider.certificate_id.is_expired)
        self.assert_mended(document, by_itself=True)

    def test_wrong_passphrase(self):
        self.provider.pkcs12_passphrase = "not this one"
        document = self.post()
        self.submit()
        self.assert_stopped(document, "pkcs12.wrong_passphrase", "passphrase")
        self.assertNotIn("not this one", document.reason)
        self.provider.pkcs12_passphrase = self.passphrase
        self.assert_mended(document, by_itself=True)

    def test_file_that_is_no_certificate(self):
        self.provider.pkcs12_file = base64.b64encode(b"certainly no PKCS#12")
        document = self.post()
        self.submit()
        self.assert_stopped(document, "pkcs12.unreadable", "certificate file")
        self.provider.pkcs12_file = base64.b64encode(self.pkcs12)
        self.assert_mended(document, by_itself=True)

    def test_server_key_changed(self):
        with patch.dict(config._runtime_options, {"l10n_tn_edi_secret_key": ""}):
            document = self.post()
            self.submit()
            self.assert_stopped(document, "provider.passphrase_not_readable", self.provider.name)
        self.assert_mended(document)

    # === The account === #

    def test_wrong_password(self):
        self.settings(password="certainly wrong")
        document = self.post()
        self.submit()
        self.assertEqual((document.state, document.reason_code), ("signed", "ttn.account_unknown"))
        self.assertEqual(document.move_id.state, "posted")
        self.assert_sentence(document, "login", "settings")
        self.assertIn("Compte inexistant", document.reason_params["text"])
        self.run_crons()
        self.assertEqual(
            len(self.sandbox.ledger(self.login)), 1, "a wrong password is not tried again by itself"
        )
        signed = document.sha256
        self.settings(password=self.password)
        self.documents._cron_follow()  # TTN is asked whether it holds the document
        self.documents._cron_submit()
        self.follow()
        self.assertEqual((document.state, document.sha256), ("accepted", signed), "the same bytes were good")
        self.assertEqual([row["outcome"] for row in self.saves()], ["refused", "deposited"])

    def test_wrong_password_refuses_one_document_only(self):
        """What refuses one would refuse all: an account that took nothing lately is tried with one document."""
        documents = self.documents.union(*(self.post() for _number in range(12)))
        self.settings(password="certainly wrong")
        self.submit()
        self.assertEqual(len(self.saves()), 1)
        self.assertEqual(set(documents.mapped("state")), {"signed"})
        self.assertEqual(set(documents.mapped("reason_code")), {"ttn.account_unknown"})
        account = self.env["l10n_tn_edi.account"]._of(self.company, "test")
        self.assertEqual((account.stopped, account.stop_reason), (True, "account"))
        self.run_crons()
        self.assertEqual(len(self.saves()), 1)
        self.settings(password=self.password)
        self.documents._cron_follow()
        self.documents._cron_submit()
        self.assertEqual(set(documents.mapped("state")), {"submitted"})
        self.assertEqual(len([row for row in self.saves() if row["outcome"] == "deposited"]), len(documents))

    def test_undeclared_certificate_refuses_one_document_only(self):
        documents = self.documents.union(*(self.post() for _number in range(4)))
        self.sandbox.account(self.login, undeclare=[self.serial])
        self.submit()
        self.assertEqual(len(self.saves()), 1)
        self.assertEqual(set(documents.mapped("state")), {"signed"})

    def test_no_account(self):
        self.company.sudo().l10n_tn_edi_login = False
        document = self.post()
        self.submit()
        self.assertEqual((document.state, document.reason_code), ("signed", "account.incomplete"))
        self.assert_sentence(document, "settings")
        self.run_crons()
        self.assertFalse(document.exchange_ids)
        self.settings(login=self.login)
        self.documents._cron_submit()
        self.follow()
        self.assertEqual(document.state, "accepted")

    def test_password_that_the_key_does_not_open(self):
        self.company.sudo().l10n_tn_edi_password_encrypted = "not a token of this key"
        document = self.post()
        self.submit()
        self.assertEqual((document.state, document.reason_code), ("signed", "account.password_not_readable"))
        self.assert_sentence(document, "password")
        self.settings(password=self.password)
        self.documents._cron_submit()
        self.follow()
        self.assertEqual(document.state, "accepted")

    # === The network === #

    def test_service_down(self):
        self.settings(test_url=f"https://127.0.0.1:{self.closed_port()}/ElfatouraServices/EfactService")
        document = self.post()
        self.submit()
        self.assertEqual((document.state, document.reason_code), ("signed", "ttn.unreachable"))
        self.assertEqual(document.move_id.state, "posted")
        self.assert_sentence(document, "nothing was sent")
        self.assertEqual(document.exchange_ids.answer_class, "not_sent")
        self.assertGreater(document.next_at, Datetime.now())
        self.run_crons()
        self.assertEqual(len(document.exchange_ids), 1, "not before the time is come")
        waits = []
        for _time in range(5):
            self.submit()
            waits.append((document.next_at - Datetime.now()).total_seconds())
            self.assertEqual(document.state, "signed")
        self.assertGreater(waits[-1], 3 * waits[0], "less and less often")
        signed = document.signed_id.raw
        self.settings(test_url=self.sandbox.endpoint)
        self.submit()
        self.follow()
        self.assertEqual(document.state, "accepted", document.reason)
        self.assertEqual(document.signed_id.raw, signed, "signed once")
        self.assertEqual([row["outcome"] for row in self.saves()], ["deposited"])

    def test_tried_too_often(self):
        """Nobody tries for ever: it waits, signed, for a person or for an account that works again."""
        self.settings(test_url=f"https://127.0.0.1:{self.closed_port()}/")
        self.enterContext(patch.object(attempts, "TRIES", 3))
        document = self.post()
        for _time in range(3):
            self.submit()
        self.assertEqual((document.state, document.reason_code), ("signed", "send.given_up"))
        self.assertFalse(document.next_at)
        self.assert_sentence(document, "surely did not receive it")
        account = self.env["l10n_tn_edi.account"]._of(self.company, "test")
        told = " ".join(account.with_context(lang="en_US")._attention())
        self.assertIn(f"too many times: 1 ({document.number})", told)
        self.settings(test_url=self.sandbox.endpoint)
        self.documents._cron_submit()
        self.follow()
        self.assertEqual(document.state, "accepted")
        self.assertEqual([row["outcome"] for row in self.saves()], ["deposited"])

    def test_sent_by_hand_while_it_waits(self):
        self.settings(test_url=f"https://127.0.0.1:{self.closed_port()}/")
        document = self.post()
        self.submit()
        self.assertEqual(document.state, "signed")
        self.documents._cron_submit()
        self.assertEqual(len(document.exchange_ids), 1)
        document.move_id.with_user(self.make_accountant()).action_l10n_tn_edi_send()
        self.documents._cron_submit()
        self.assertEqual(len(document.exchange_ids), 2)

    def test_address_not_allowed(self):
        """A loopback or private address is called only when the server's configuration lists it."""
        document = self.post()
        with patch.dict(config._runtime_options, {"l10n_tn_edi_private_hosts": ""}):
            self.submit()
        self.assertEqual((document.state, document.reason_code), ("signed", "ttn.bad_address"))
        self.assert_sentence(document, "nothing was sent")
        self.settings(test_url=self.sandbox.endpoint.replace("https:", "ftp:"))
        self.submit()
        self.assertEqual((document.state, document.reason_code), ("signed", "ttn.bad_address"))
        self.assertFalse(self.sandbox.ledger(self.login))

    def test_unknown_authority(self):
        document = self.post()
        with patch.dict(config._runtime_options, {"l10n_tn_edi_ca_file": ""}):
            self.submit()
        self.assertEqual((document.state, document.reason_code), ("signed", "ttn.tls"))
        self.assert_sentence(document, "nothing was sent")
        self.assertFalse(self.sandbox.ledger(self.login))

    def test_html_instead_of_an_answer(self):
        """A proxy's page says nothing about the deposit: TTN is asked, nothing is sent again."""
        fault = self.fault("html")
        document = self.post()
        self.submit()
        self.assertEqual((document.state, document.reason_code), ("unknown", "ttn.not_the_service"))
        self.assertEqual(document.move_id.state, "posted")
        self.assert_sentence(document, "address")
        [attempt] = document.exchange_ids
        self.assertIn("<html>", attempt.response_text)
        for _time in range(4):
            self.follow()
        self.assertEqual((document.state, document.reason_code), ("unknown", "ttn.not_the_service"))
        self.run_crons()
        self.assertEqual((len(self.saves()), len(self.questions())), (1, 4), "only what was due")
        self.sandbox.remove_fault(fault)
        self.follow()
        self.assertEqual(document.state, "unknown", "TTN does not show it, which proves nothing yet")
        self.assert_found_absent_then_accepted(document)

    def test_http_error(self):
        fault = self.fault("http_status", params={"status": 503})
        document = self.post()
        self.submit()
        self.assertEqual((document.state, document.reason_code), ("unknown", "ttn.unavailable"))
        self.assert_sentence(document)
        self.sandbox.remove_fault(fault)
        self.assert_found_absent_then_accepted(document)

    def assert_found_absent_then_accepted(self, document):
        """The way out of ``unknown`` when TTN does not hold the document: time, a later deposit, and a human."""
        self.age(document, hours=2)
        self.accept()
        for _time in range(3):
            self.age(document, minutes=1)
            self.follow()
        self.assertEqual((document.state, document.reason_code), ("to_decide", "ask.absent"))
        document.with_user(self.make_responsible()).action_decide_absent()
        for _time in range(2):
            self.follow()
            self.submit()
        self.follow()
        self.assertEqual(document.state, "accepted", document.reason)
        deposited = [row for row in self.saves(document.number) if row["outcome"] == "deposited"]
        self.assertEqual(len(deposited), 1)

    # === One bad document among others === #

    def test_one_bad_document_stops_none_of_the_others(self):
        bad_customer = self.customer.copy({"vat": False})
        bad_street = self.customer.copy({"street": "x" * 36, "vat": self.customer.vat})
        cases = {4: bad_customer, 7: bad_street}
        documents = [self.post(partner=cases.get(number)) for number in range(10)]
        self.submit()
        self.assertEqual(
            [document.state for document in documents],
            ["error" if number in cases else "submitted" for number in range(10)],
        )
        self.assertEqual(len(self.saves()), 8)
        self.follow()
        self.assertEqual(sum(document.state == "accepted" for document in documents), 8)

    def test_unexpected_error_stops_one_document(self):
        documents = self.documents.union(*(self.post() for _number in range(10)))
        broken = documents[3].move_id
        Move = type(self.env["account.move"])
        original = Move._l10n_tn_edi_teif_document

        def build(move):
            if move == broken:
                # As bad as it gets: the transaction is aborted too.
                move.env.cr.execute("SELECT no_such_column FROM account_move")
            return original(move)

        with (
            patch.object(Move, "_l10n_tn_edi_teif_document", build),
            mute_logger("odoo.sql_db"),
            self.assertLogs(LOGGER, "ERROR"),
        ):
            self.submit()
        self.assertEqual((documents[3].state, documents[3].reason_code), ("error", "document.unexpected"))
        self.assert_sentence(documents[3])
        self.assertEqual(set((documents - documents[3]).mapped("state")), {"submitted"})
        documents[3].action_correct()
        self.submit()
        self.assertEqual(documents[3].state, "submitted")

    def test_unexpected_error_of_a_provider(self):
        """What a provider does not foresee stops its documents, not the whole queue."""
        documents = self.documents.union(*(self.post() for _number in range(PREPARED_AT_ONCE + 2)))
        Provider = type(self.provider)
        with (
            patch.object(Provider, "_pkcs12_open", side_effect=RuntimeError("broken")),
            self.assertLogs(LOGGER, "ERROR"),
        ):
            self.submit()
        self.assertEqual(set(documents.mapped("state")), {"error"})
        self.assertEqual(set(documents.mapped("reason_code")), {"document.unexpected"})
        documents.action_correct()
        self.submit()
        self.assertEqual(set(documents.mapped("state")), {"submitted"})

    def test_number_taken(self):
        """Two invoices with one number: the second never reaches TTN."""
        first = self.deposit()
        other = self.invoice_journal.sudo().copy({"code": "INV2"})
        other.l10n_tn_edi_enabled = True
        second = self.post(journal_id=other.id, name=first.number)
        self.assertEqual(second.number, first.number)
        self.submit()
        self.assertEqual((second.state, second.reason_code), ("error", "document.number_taken"))
        self.assert_sentence(second, first.number)
        self.assertEqual(len(self.saves()), 1)

    def test_invoice_gone_back_to_draft_behind_our_back(self):
        """Should the invoice not be posted any more when its turn comes, nothing is sent."""
        document = self.post()
        self.env.flush_all()
        self.env.cr.execute("UPDATE account_move SET state = 'draft' WHERE id = %s", [document.move_id.id])
        document.move_id.invalidate_recordset()
        self.submit()
        self.assertEqual((document.state, document.live), ("withdrawn", False))
        self.assertFalse(self.saves())
