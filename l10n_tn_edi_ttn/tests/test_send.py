import base64
from unittest.mock import patch

from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, new_test_user, tagged

from .common_flow import LOGGER, TnEdiFlowCommon


@tagged("post_install_l10n", "post_install", "-at_install")
class TestSend(TnEdiFlowCommon):
    """Nothing leaves for the customer before TTN has accepted, and what the user wanted to send leaves then."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.customer.email = "client@client.example"
        cls.buyer = cls.env["res.partner"].create({"name": "Acheteuse", "email": "acheteuse@client.example"})
        cls.accountant = cls.make_accountant()
        cls.accountant.partner_id.email = "comptable@fournisseur.example"

    # === Helpers === #

    def wizard(self, move, **values):
        """:return: the Send & Print wizard of the invoice, opened by the accountant."""
        return (
            self.env["account.move.send.wizard"]
            .with_user(self.accountant)
            .with_context(active_model="account.move", active_ids=move.ids)
            .create({"move_id": move.id, "sending_methods": ["email"], **values})
        )

    def send(self, move, **values):
        wizard = self.wizard(move, **values)
        self.assertFalse(
            [alert for alert in (wizard.alerts or {}).values() if alert["level"] == "danger"], wizard.alerts
        )
        wizard.action_send_and_print()

    def mails(self, move):
        """:return: the messages that went (or go) to the customer, oldest first."""
        return (
            move.sudo().message_ids.filtered(lambda message: message.message_type == "comment").sorted("id")
        )

    def send_held(self):
        self.documents._cron_send_held_mail()

    # === Waiting === #

    def test_waits_for_acceptance(self):
        document = self.post()
        move = document.move_id
        self.send(
            move,
            subject="Votre facture de mars",
            body="<p>Bonjour, mot pour mot.</p>",
            mail_partner_ids=[(6, 0, (self.customer + self.buyer).ids)],
        )
        self.assertFalse(self.mails(move), "nothing has left")
        self.assertTrue(document.held_mail)
        self.assertEqual(document.state, "to_send", "sending by e-mail deposits nothing by itself")
        before = self.env["mail.mail"].sudo().search_count([])
        self.send_held()
        self.submit()
        self.send_held()
        self.assertFalse(self.mails(move))
        self.assertEqual(self.env["mail.mail"].sudo().search_count([]), before)

        self.follow()
        self.assertEqual(document.state, "accepted")
        self.assertFalse(self.mails(move), "the run that asks TTN makes no PDF")
        with self.mock_pdf(move) as made:
            self.send_held()
        [mail] = self.mails(move)
        self.assertEqual(mail.subject, "Votre facture de mars")
        self.assertIn("mot pour mot", mail.body)
        self.assertEqual(mail.partner_ids, self.customer + self.buyer)
        self.assertNotEqual(mail.author_id, self.env.ref("base.partner_root"), "not in the name of the robot")
        self.assertIn("application/pdf", mail.attachment_ids.mapped("mimetype"))
        self.assertFalse(document.held_mail)
        self.assertTrue(made, "the PDF is made after acceptance")
        self.assertTrue(move.invoice_pdf_report_id)
        self.send_held()
        self.assertEqual(len(self.mails(move)), 1, "once")

    def mock_pdf(self, move):
        """:return: context manager that gives the list of the HTML pages that are printed (PDFs are not made in tests)."""
        test = self

        class Pages(list):
            def __enter__(self):
                Report = type(test.env["ir.actions.report"])
                original = Report._render_qweb_html

                def render(report, *args, **kwargs):
                    result = original(report, *args, **kwargs)
                    self.append(
                        bytes(result[0]).decode()
                        if isinstance(result[0], (bytes, bytearray))
                        else str(result[0])
                    )
                    return result

                self.patcher = patch.object(Report, "_render_qweb_html", render)
                self.patcher.start()
                return self

            def __exit__(self, *_error):
                self.patcher.stop()

        return Pages()

    def test_the_print_has_reference_and_qr_code(self):
        document = self.post()
        move = document.move_id
        with self.mock_pdf(move) as early:
            self.send(move)
        self.submit()
        self.follow()
        with self.mock_pdf(move) as final:
            self.send_held()
        self.assertTrue(early)
        self.assertNotIn(document.reference, "".join(early))
        [page] = final[-1:]
        self.assertIn(document.reference, page)
        code = base64.b64decode(document.cev)
        self.assertTrue(
            base64.b64encode(code).decode() in page or "data:image/png;base64" in page,
            "the QR code is on the page",
        )
        self.assertIn("CLIENT ESSAI SA", page)

    def test_goes_at_once_when_accepted_already(self):
        document = self.accept()
        self.send(document.move_id)
        self.assertEqual(len(self.mails(document.move_id)), 1)
        self.assertFalse(document.held_mail)

    def test_default_words_of_the_template(self):
        document = self.post()
        move = document.move_id
        template = move._get_mail_template()
        self.send(move)
        self.submit()
        self.follow()
        self.send_held()
        [mail] = self.mails(move)
        self.assertIn(move.name, mail.subject)
        self.assertEqual(document.move_id._get_mail_template(), template)
        self.assertIn(self.customer, mail.partner_ids)

    def test_files_added_by_hand(self):
        document = self.post()
        move = document.move_id
        mine = (
            self.env["ir.attachment"]
            .with_user(self.accountant)
            .create(
                {
                    "name": "bon de livraison.txt",
                    "raw": b"lu et approuve",
                    "mimetype": "text/plain",
                }
            )
        )
        wizard = self.wizard(move)
        wizard.mail_attachments_widget = [
            *wizard.mail_attachments_widget,
            {
                "id": mine.id,
                "name": mine.name,
                "mimetype": mine.mimetype,
                "placeholder": False,
                "manual": True,
            },
        ]
        wizard.action_send_and_print()
        self.submit()
        self.follow()
        self.send_held()
        [mail] = self.mails(move)
        self.assertEqual(mail.attachment_ids.mapped("name").count(mine.name), 1)
        self.assertEqual(
            len([name for name in mail.attachment_ids.mapped("name") if name.endswith(".pdf")]), 1
        )
        self.assertIn(b"lu et approuve", mail.attachment_ids.mapped("raw"))

    def test_rejected_then_corrected(self):
        """The e-mail waits on for the corrected document."""
        document = self.post()
        move = document.move_id
        self.send(move, subject="Votre facture corrigée")
        self.fault("reject", times=1)
        self.submit()
        self.follow()
        self.assertEqual(document.state, "rejected")
        self.send_held()
        self.assertFalse(self.mails(move))
        move.l10n_tn_edi_note = "Corrigé"
        move.action_l10n_tn_edi_correct()
        for _time in range(2):
            self.submit()
            self.follow()
        self.assertEqual(self.document_of(move).state, "accepted")
        self.send_held()
        self.assertEqual(self.mails(move).mapped("subject"), ["Votre facture corrigée"])

    def test_corrected_to_a_customer_who_is_not_concerned(self):
        """Nothing would be sent: it is said why, and the e-mail waits on with the rejected document."""
        document = self.post()
        move = document.move_id
        self.send(move, subject="Votre facture")
        self.fault("reject", times=1)
        self.submit()
        self.follow()
        kept = document.held_mail
        self.assertTrue(kept)
        self.settings(consumer_policy="exclude")
        self.customer.write({"vat": False, "is_company": False})
        for send in (
            lambda: move.action_l10n_tn_edi_correct(),
            lambda: move.action_l10n_tn_edi_correct_selected(),
        ):
            with self.assertRaises(UserError) as refused:
                send()
            self.assertIn("does not deposit its invoices to consumers", str(refused.exception))
            self.assertEqual((document.state, document.live, document.held_mail), ("rejected", True, kept))
            self.assertEqual(move.l10n_tn_edi_document_ids, document)

    def test_reset_to_draft_forgets_the_mail(self):
        document = self.post()
        move = document.move_id
        self.send(move)
        move.button_draft()
        self.assertFalse(document.held_mail)
        move.action_post()
        self.submit()
        self.follow()
        self.send_held()
        self.assertFalse(self.mails(move), "the invoice is another one now: the user sends it again")

    def test_each_sending_goes(self):
        """Sent twice while TTN worked: two e-mails leave, as they would have without waiting."""
        document = self.post()
        self.send(document.move_id, subject="Premier")
        self.send(document.move_id, subject="Second")
        self.submit()
        self.follow()
        self.send_held()
        self.assertEqual(self.mails(document.move_id).mapped("subject"), ["Premier", "Second"])

    def test_an_email_that_fails(self):
        """It is told on the invoice and not tried again for ever; the others go."""
        first, second = self.post(), self.post()
        self.send(first.move_id)
        self.send(second.move_id)
        self.submit()
        self.follow()
        Document = type(self.documents)
        original = Document._send_mail

        def send_mail(document, held):
            if document == first:
                raise RuntimeError("broken")
            return original(document, held)

        with patch.object(Document, "_send_mail", send_mail), self.assertLogs(LOGGER, "ERROR"):
            self.send_held()
        self.assertFalse(self.mails(first.move_id))
        self.assert_chatter_has(first.move_id, "could not be sent")
        self.assertEqual(len(self.mails(second.move_id)), 1)
        self.send_held()
        self.assertFalse(self.mails(first.move_id))

    def test_sending_many_in_the_background(self):
        """Odoo's own scheduled sending of a batch waits like the wizard does."""
        moves = self.post().move_id + self.post().move_id
        wizard = (
            self.env["account.move.send.batch.wizard"]
            .with_user(self.accountant)
            .with_context(active_model="account.move", active_ids=moves.ids)
            .create({"move_ids": [(6, 0, moves.ids)]})
        )
        wizard.action_send_and_print()
        self.assertTrue(all(moves.mapped("sending_data")))
        # What Odoo's scheduled action does, without its commit
        self.env["account.move.send"].sudo()._generate_and_send_invoices(moves.sudo(), from_cron=True)
        self.assertFalse(any(moves.mapped("sending_data")))
        self.assertFalse(self.mails(moves))
        self.submit()
        self.follow()
        self.send_held()
        self.assertEqual([len(self.mails(move)) for move in moves], [1, 1])

    def test_download_needs_nobody(self):
        """Printing is no sending: it goes on, marked as waiting."""
        document = self.post()
        wizard = self.wizard(document.move_id, sending_methods=["manual"])
        wizard.action_send_and_print()
        self.assertTrue(document.move_id.invoice_pdf_report_id)
        self.assertFalse(document.held_mail)

    def test_ready_to_be_sent(self):
        document = self.post()
        move = document.move_id
        self.assertFalse(move._is_ready_to_be_sent())
        self.submit()
        self.assertFalse(move._is_ready_to_be_sent())
        Move = type(move)
        with patch.object(Move, "_action_invoice_ready_to_be_sent", autospec=True) as ready:
            self.follow()
        self.assertEqual([call.args[0] for call in ready.call_args_list], [move.sudo()])
        self.assertTrue(move._is_ready_to_be_sent())

    # === Alerts === #

    def test_waiting_is_no_danger(self):
        """An alert of the level 'danger' would roll back an invoice made at a till."""
        document = self.post()
        move = document.move_id
        for state in ("to_send", "submitted", "unknown", "to_decide", "rejected", "error"):
            document.state = state
            wizard = self.wizard(move)
            self.assertEqual(wizard.alerts["l10n_tn_edi_waiting"]["level"], "info", state)
            self.assertEqual({alert["level"] for alert in wizard.alerts.values()}, {"info"})
        document.state = "accepted"
        self.assertNotIn("l10n_tn_edi_waiting", self.wizard(move).alerts or {})

    def test_no_error_while_waiting(self):
        move = self.post().move_id
        self.env["account.move.send"].with_user(self.accountant)._generate_and_send_invoices(
            move.with_user(self.accountant), allow_raising=True, sending_methods={"email"}
        )
        self.assertEqual(move.state, "posted")

    # === On demand === #

    def test_on_demand(self):
        self.settings(sending="on_demand")
        document = self.post()
        self.submit()
        self.assertFalse(self.sandbox.ledger(self.login))
        self.send(document.move_id)
        self.assertFalse(document.hold)
        self.assertTrue(document.held_mail)
        self.assertFalse(self.sandbox.ledger(self.login), "not on the user's screen")
        self.documents._cron_submit()
        self.assertEqual(document.state, "submitted")
        self.follow()
        self.send_held()
        self.assertEqual(len(self.mails(document.move_id)), 1)

    def test_on_demand_without_the_box(self):
        self.settings(sending="on_demand")
        document = self.post()
        self.send(document.move_id, extra_edis=[])
        self.assertTrue(document.hold)
        self.submit()
        self.assertFalse(self.saves())
        self.assertFalse(self.mails(document.move_id), "TTN comes first all the same")

    def test_on_demand_keeps_the_invoice_s_own_hold(self):
        self.settings(sending="on_demand")
        document = self.post(l10n_tn_edi_hold=True)
        self.send(document.move_id)
        self.assertTrue(document.hold)

    # === The customer's format === #

    def test_format_is_offered(self):
        selection = dict(
            self.env["res.partner"]._fields["invoice_edi_format"]._description_selection(self.env)
        )
        self.assertIn("tn_teif", selection)
        with self.debug_mode():  # Odoo shows formats to developers only
            form = Form(self.customer)
            form.invoice_edi_format = "tn_teif"
            form.save()
        self.assertEqual(self.customer.invoice_edi_format, "tn_teif")

    def test_teif_for_who_wants_it(self):
        self.customer.invoice_edi_format = "tn_teif"
        document = self.post()
        move = document.move_id
        placeholders = [
            data for data in self.wizard(move).mail_attachments_widget if data["name"].endswith(".xml")
        ]
        self.assertEqual(len(placeholders), 1)
        self.send(move)
        self.submit()
        self.follow()
        self.send_held()
        [mail] = self.mails(move)
        [xml] = mail.attachment_ids.filtered(lambda attachment: attachment.name.endswith(".xml"))
        self.assertEqual(xml.raw, document.ttn_xml_id.raw, "TTN's file, byte for byte")
        self.assertEqual(document.ttn_xml_id.res_model, "account.move", "the proof stays where it is")

    def test_no_teif_for_the_others(self):
        document = self.accept()
        self.send(document.move_id)
        [mail] = self.mails(document.move_id)
        self.assertFalse(mail.attachment_ids.filtered(lambda attachment: attachment.name.endswith(".xml")))

    def test_the_format_changes_nothing_of_the_deposit(self):
        """A portal user may write his own format: it decides what is attached to the mail, never what is deposited."""
        portal = new_test_user(self.env(su=True), login="tn_edi_portal", groups="base.group_portal")
        portal.partner_id.write(
            {
                "parent_id": self.customer.id,
                "country_id": self.customer.country_id.id,
                "street": "Rue 1",
                "city": "Sfax",
            }
        )
        self.assertIn("invoice_edi_format", self.env["res.partner"]._get_frontend_writable_fields())
        formats = [False, *dict(self.env["res.partner"]._fields["invoice_edi_format"].selection)]
        self.assertIn("tn_teif", formats)
        for invoice_edi_format in formats:
            with self.subTest(invoice_edi_format=invoice_edi_format):
                # As Odoo's portal writes it
                self.customer.with_user(portal).sudo().invoice_edi_format = invoice_edi_format
                document = self.post(partner=portal.partner_id)
                self.assertTrue(document.live)
                self.assertTrue(document.move_id._l10n_tn_edi_concerned()[0])
                self.submit()
                self.follow()
                self.assertEqual(document.state, "accepted", document.reason)

    def test_a_portal_user_reads_no_document(self):
        document = self.accept()
        portal = new_test_user(self.env(su=True), login="tn_edi_portal", groups="base.group_portal")
        portal.partner_id.parent_id = self.customer
        document.move_id.sudo().message_subscribe(portal.partner_id.ids)
        for record in (document, document.exchange_ids, document.certificate_id, self.provider):
            with self.assertRaises(AccessError):
                record.with_user(portal).sudo(False).read(["display_name"])
