"""The printed invoice: TTN's reference and QR code, numbers as Tunisia writes them, the total in words."""

import base64
import io
import re
import subprocess
import tempfile
from pathlib import Path

import qrcode
import zxingcpp
from PIL import Image

from odoo.tests import tagged

from .common import TnEdiCommon

REFERENCE = "073620200053562920196810312"
REPORT = "account.account_invoices"
# As long as what TTN writes into its codes: 432 characters make the same number of modules.
KEY = f"1000:{'0123456789abcdef' * 21}"
CEV_TEXT = f"<QRDATA>\r\n<FACTNUM>essai</FACTNUM>\r\n<REFTTN>{REFERENCE}</REFTTN>\r\n<KEY>{KEY}</KEY>\r\n"


def cev():
    """:return: base64 of a PNG like TTN's: 300 pixels, black and white, much white around."""
    code = qrcode.QRCode(error_correction=qrcode.constants.ERROR_CORRECT_L, box_size=3, border=4)
    code.add_data(CEV_TEXT)
    code.make(fit=True)
    picture = Image.new("1", (300, 300), 1)
    drawn = code.make_image().get_image().convert("1")
    picture.paste(drawn, ((300 - drawn.width) // 2, (300 - drawn.height) // 2))
    stream = io.BytesIO()
    picture.save(stream, "PNG")
    return base64.b64encode(stream.getvalue())


def read_codes(picture):
    return [code.text for code in zxingcpp.read_barcodes(picture, formats=zxingcpp.BarcodeFormat.QRCode)]


@tagged("post_install_l10n", "post_install", "-at_install")
class TestReport(TnEdiCommon):
    def accepted(self, **values):
        """:return: an invoice that TTN has accepted under ``REFERENCE``."""
        move = self.make_invoice(post=True)
        move.l10n_tn_edi_document_id.sudo().write(
            {"state": "accepted", "reference": REFERENCE, "cev": cev(), "mode": "production", **values}
        )
        return move

    def html(self, move):
        reports = self.env["ir.actions.report"].sudo()
        return reports._render_qweb_html(REPORT, move.ids)[0].decode()

    def test_reference_and_sentence(self):
        html = self.html(self.accepted())
        self.assertIn(REFERENCE, html)
        self.assertIn("Copie de la facture électronique enregistrée chez TTN sous la référence", html)
        self.assertNotIn("l10n_tn_edi_waiting", html)
        self.assertNotIn("l10n_tn_edi_test", html)

    def test_the_sentence_is_data(self):
        self.company.sudo().l10n_tn_edi_sentence = "Conservée chez TTN (réf. {reference}) pendant dix ans."
        text = re.sub(r"<[^>]+>", "", self.html(self.accepted()))
        self.assertIn(f"Conservée chez TTN (réf. {REFERENCE}) pendant dix ans.", text)

    def test_the_code_is_ttns(self):
        html = self.html(self.accepted())
        codes = []
        for data in re.findall(r"data:image/png;base64,([A-Za-z0-9+/=]+)", html):
            with Image.open(io.BytesIO(base64.b64decode(data))) as picture:
                codes += [(text, picture.width) for text in read_codes(picture)]
        [(text, width)] = codes
        self.assertEqual(text, CEV_TEXT)
        self.assertLess(width, 300, "the white around the code is trimmed, so that the code is large")

    def test_a_code_without_white_stays_as_it_is(self):
        move = self.make_invoice()
        for odd in (base64.b64encode(b"no image"), cev()[:100]):
            self.assertEqual(move._l10n_tn_edi_trimmed(odd), odd)

    def test_a_phone_reads_the_page(self):
        """The PDF itself, as wkhtmltopdf makes it, rendered at the resolution of an office printer."""
        reports = self.env["ir.actions.report"].sudo().with_context(force_report_rendering=True)
        move = self.accepted()
        with self.allow_pdf_render():  # it asks this very server for its style sheets
            pdf, _kind = reports._render_qweb_pdf(REPORT, move.ids)
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "invoice.pdf").write_bytes(pdf)
            subprocess.run(
                ["pdftoppm", "-r", "200", "-f", "1", "-l", "1", "-png", "invoice.pdf", "page"],
                cwd=folder,
                check=True,
            )
            [page] = Path(folder).glob("page*.png")
            with Image.open(page) as picture:
                [code] = zxingcpp.read_barcodes(picture, formats=zxingcpp.BarcodeFormat.QRCode)
        self.assertEqual(code.text, CEV_TEXT)
        millimetres = (code.position.top_right.x - code.position.top_left.x) / 200 * 25.4
        self.assertGreaterEqual(millimetres, 29, "about 3 cm at least")

    def test_matricules_as_they_are_written(self):
        html = self.html(self.accepted())
        self.assertIn("1234567R/A/M/000", html)
        self.assertIn("7654321C/A/M/000", html)
        self.assertNotIn("7654321CAM000", html)

    def test_a_consumer_by_the_identity_card(self):
        move = self.make_invoice(partner=self.consumer, post=True)
        self.assertIn("01234567", self.html(move))

    def test_total_in_words(self):
        self.customer.lang = "fr_FR" if self.env["res.lang"]._get_data(code="fr_FR") else "en_US"
        move = self.accepted()
        words = move.with_context(lang="fr_FR")._l10n_tn_edi_printed_words()
        self.assertEqual(words, "CENT VINGT DINARS")
        self.assertEqual(
            move.with_context(lang="de_DE")._l10n_tn_edi_printed_words(), words, "French when in doubt"
        )
        self.assertIn("l10n_tn_edi_words", self.html(move))

    def test_before_acceptance(self):
        html = self.html(self.make_invoice(post=True))
        self.assertIn("l10n_tn_edi_waiting", html)
        self.assertNotIn("l10n_tn_edi_reference", html)

    def test_of_the_test_platform(self):
        self.assertIn('name="l10n_tn_edi_test"', self.html(self.accepted(mode="test")))

    def test_deposited_elsewhere(self):
        move = self.make_invoice(
            post=True, l10n_tn_edi_exclusion="elsewhere", l10n_tn_edi_exclusion_reference="999900001111"
        )
        html = self.html(move)
        self.assertIn("999900001111", html)
        self.assertNotIn("l10n_tn_edi_waiting", html)

    def test_others_print_as_before(self):
        self.company.sudo().l10n_tn_edi_enabled = False
        html = self.html(self.make_invoice(post=True))
        self.assertNotIn("l10n_tn_edi", html)
        self.assertIn("7654321CAM000", html)
