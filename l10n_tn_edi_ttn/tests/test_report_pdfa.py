"""The printed invoice is PDF/A-3 with TTN's TEIF inside, and its QR code is TTN's."""

import base64
import io
import re
import subprocess
import tempfile
import unicodedata
from pathlib import Path

import zxingcpp
from PIL import Image

from odoo.tests import tagged
from odoo.tools.pdf import OdooPdfFileReader

from .common_flow import TnEdiFlowCommon

REPORT = "account.account_invoices"
JAVA = Path("/usr/share/java")
JARS = (
    "preflight",
    "pdfbox2",
    "fontbox2",
    "xmpbox",
    "commons-logging",
    "commons-io",
    "javax.activation",
    "jaxb-api",
)
# PDFBox's validator knows part 1 of the norm. Part 3 is that plus embedded files: where the two differ, and nowhere else,
# it must object. Fonts, their glyphs' widths, colours, metadata, structure and syntax are judged alike in both.
PART_3 = {
    "1.2.9": "EmbeddedFile entry is present in a FileSpecification dictionary",
    "1.4.7": "EmbeddedFile entry is present in the Names dictionary",
    "7.11.2": "part must be 1",
}


def objections(pdf):
    """:return: dict of error code to sentence, what PDFBox's PDF/A-1b validator objects to."""
    with tempfile.NamedTemporaryFile(suffix=".pdf") as file:
        file.write(pdf)
        file.flush()
        # Odoo's own limit of memory is inherited, and Java would reserve a gigabyte more than it needs
        command = [
            "java",
            "-Xmx256m",
            "-XX:CompressedClassSpaceSize=64m",
            "-XX:ReservedCodeCacheSize=64m",
            "-cp",
            ":".join(str(JAVA / f"{jar}.jar") for jar in JARS),
        ]
        command += ["org.apache.pdfbox.preflight.Validator_A1b", file.name]
        output = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False).stdout
    if "is a valid PDF/A-1b file" in output:
        return {}
    found = dict(re.findall(r"^(\d[\d.]*) : (.*)$", output, re.MULTILINE))
    assert found, output
    return found


def read_codes(pdf):
    """:return: texts of the QR codes on the first page, rendered as an office printer would."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "invoice.pdf").write_bytes(pdf)
        subprocess.run(
            ["pdftoppm", "-r", "200", "-l", "1", "-png", "invoice.pdf", "page"], cwd=folder, check=True
        )
        [page] = Path(folder).glob("page*.png")
        with Image.open(page) as picture:
            return [
                code.text for code in zxingcpp.read_barcodes(picture, formats=zxingcpp.BarcodeFormat.QRCode)
            ]


def read_text(pdf):
    return subprocess.run(
        ["pdftotext", "-layout", "-", "-"], input=pdf, capture_output=True, check=True
    ).stdout.decode()


@tagged("post_install_l10n", "post_install", "-at_install")
class TestPdfA(TnEdiFlowCommon):
    def pdf(self, moves, **data):
        """:return: bytes of the PDF that a user gets of these invoices."""
        reports = self.env["ir.actions.report"].sudo().with_context(force_report_rendering=True)
        with self.allow_pdf_render():  # it asks this very server for its style sheets
            return reports._render_qweb_pdf(REPORT, moves.ids, data=data)[0]

    def test_accepted_invoice(self):
        document = self.accept()
        pdf = self.pdf(document.move_id)
        self.assertTrue(pdf.startswith(b"%PDF-1.7"))
        self.assertEqual(objections(pdf).keys(), PART_3.keys(), objections(pdf))

        reader = OdooPdfFileReader(io.BytesIO(pdf), strict=False)
        self.assertEqual(dict(reader.getAttachments()), {document.ttn_xml_id.name: document.ttn_xml_id.raw})
        root = reader.trailer["/Root"]
        self.assertEqual(root["/OutputIntents"][0].get_object()["/S"], "/GTS_PDFA1")
        self.assertEqual(root["/AF"][0].get_object()["/AFRelationship"], "/Data")
        metadata = root["/Metadata"].get_object().get_data().decode()
        self.assertIn("<pdfaid:part>3</pdfaid:part><pdfaid:conformance>B</pdfaid:conformance>", metadata)
        self.assertIn(document.number, metadata)

        with Image.open(io.BytesIO(base64.b64decode(document.cev))) as picture:
            [ttn] = zxingcpp.read_barcodes(picture, formats=zxingcpp.BarcodeFormat.QRCode)
        self.assertEqual(read_codes(pdf), [ttn.text])
        text = read_text(pdf)
        for words in (document.reference, "1234567R/A/M/000", "7654321C/A/M/000"):
            self.assertIn(words, text)

    def test_the_validator_finds_what_is_wrong(self):
        """The judge is awake: a print without the conversion does not pass."""
        self.assertGreater(len(objections(self.pdf(self.make_invoice(post=True))).keys() - PART_3.keys()), 2)

    def test_before_acceptance_nothing_is_embedded(self):
        document = self.post()
        pdf = self.pdf(document.move_id)
        self.assertEqual(list(OdooPdfFileReader(io.BytesIO(pdf), strict=False).getAttachments()), [])
        text = read_text(pdf)
        self.assertIn("Draft, this is no invoice", text)
        self.assertNotIn("Signature and stamp", text)

    def test_several_invoices_and_pages(self):
        long = self.accept(*(self.line(10 + n) for n in range(60)))
        moves = (long | self.accept()).move_id
        text = read_text(self.pdf(moves))
        for move in moves:
            self.assertIn(move.l10n_tn_edi_reference, text)
        self.assertGreater(text.count("\f"), 2, "the long one takes more than a page")
        # Its pages are numbered, and it is PDF/A all the same.
        self.assertEqual(objections(self.pdf(long.move_id)).keys(), PART_3.keys())

    def test_in_arabic(self):
        """Debian's wkhtmltopdf measures Arabic wrong; what is printed stays within the page and says the same."""
        self.env["res.lang"].sudo()._activate_lang("ar_001")
        self.customer.sudo().lang = "ar_001"
        document = self.accept()
        pdf = self.pdf(document.move_id)
        self.assertEqual(len(read_codes(pdf)), 1, "nothing runs over the code")
        text = unicodedata.normalize("NFKC", read_text(pdf))
        self.assertIn("مئة وعشرون", text.replace("مائة", "مئة"))
        self.assertIn(document.reference, text)

    def test_sent_and_downloaded_it_is_the_same_kind(self):
        """What is kept and mailed is PDF/A-3 too; and what was never mailed is no pro forma."""
        document = self.accept()
        move = document.move_id.with_context(force_report_rendering=True)
        with self.allow_pdf_render():
            [downloaded] = move.sudo()._get_invoice_legal_documents_all(allow_fallback=True)
        self.assertNotIn("proforma", downloaded["filename"])
        self.assertEqual(objections(downloaded["content"]).keys(), PART_3.keys())
        self.assertNotIn("Proforma", read_text(downloaded["content"]))

    def test_odd_pdf_is_printed_all_the_same(self):
        document = self.accept()
        odd = io.BytesIO(b"no PDF at all")
        with self.assertLogs("odoo.addons.l10n_tn_edi_ttn.models.ir_actions_report", "ERROR"):
            kept = self.env["ir.actions.report"]._l10n_tn_edi_embed(odd, document.ttn_xml_id, "FAC-1")
        self.assertEqual(kept.read(), b"no PDF at all")

    def test_delivery_note(self):
        document = self.post(
            self.line(100, product_uom_id=self.env.ref("uom.product_uom_unit").id), self.stamp_line()
        )
        report = self.env.ref("l10n_tn_edi_ttn.action_report_delivery_note")
        html = (
            self.env["ir.actions.report"]
            .sudo()
            ._render_qweb_html(report.report_name, document.move_id.ids)[0]
            .decode()
        )
        self.assertIn("Prestation", html)
        self.assertNotIn("Timbre", html)
        self.assertNotIn("119", html, "no price")
        self.assertIn(report, document.move_id._get_available_action_reports(is_invoice_report=False))
        self.company.sudo().l10n_tn_edi_enabled = False
        other = self.make_invoice(post=True)
        self.assertNotIn(report, other._get_available_action_reports(is_invoice_report=False))
