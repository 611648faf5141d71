"""The printed invoice as PDF/A-3 with TTN's TEIF inside: what people read and what machines read in one file."""

import io
import logging
from datetime import UTC
from xml.sax.saxutils import escape

from markupsafe import Markup

from odoo import api, fields, models
from odoo.addons.base.models.ir_actions_report import _wkhtml
from odoo.tools.pdf import (
    DictionaryObject,
    NameObject,
    OdooPdfFileReader,
    OdooPdfFileWriter,
)

from .l10n_tn_edi_arabic import presented
from .l10n_tn_edi_pages import numbered

_logger = logging.getLogger(__name__)

DELIVERY_NOTE = "l10n_tn_edi_ttn.report_delivery_note"
NARROW_MARGINS = {"data-report-margin-top": 10, "data-report-margin-bottom": 12}
SYSTEM_FONT = Markup(
    "<style>body, body * { font-family: 'Noto Sans', 'Noto Sans Arabic', 'DejaVu Sans', sans-serif !important; }</style>"
)
END_OF_HEAD = Markup("</head>")
# ISO 19005-3, 6.6: the file names itself part 3, level B, and says of title and tools what its Info dictionary says.
XMP = """<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:pdfaid="http://www.aiim.org/pdfa/ns/id/">\
<pdfaid:part>3</pdfaid:part><pdfaid:conformance>B</pdfaid:conformance></rdf:Description>
<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/">\
<dc:title><rdf:Alt><rdf:li xml:lang="x-default">{title}</rdf:li></rdf:Alt></dc:title></rdf:Description>
<rdf:Description rdf:about="" xmlns:pdf="http://ns.adobe.com/pdf/1.3/"><pdf:Producer>Odoo</pdf:Producer></rdf:Description>
<rdf:Description rdf:about="" xmlns:xmp="http://ns.adobe.com/xap/1.0/"><xmp:CreatorTool>Odoo</xmp:CreatorTool>\
<xmp:CreateDate>{moment}</xmp:CreateDate><xmp:ModifyDate>{moment}</xmp:ModifyDate></rdf:Description>
</rdf:RDF></x:xmpmeta>"""


class IrActionsReport(models.Model):
    _inherit = "ir.actions.report"

    def _render_qweb_pdf_prepare_streams(self, report_ref, data, res_ids=None):
        # EXTENDS 'base': invoices that TTN accepted carry their TEIF
        is_invoice = self._is_invoice_report(report_ref)
        if not is_invoice and self._get_report(report_ref).report_name != DELIVERY_NOTE:
            return super()._render_qweb_pdf_prepare_streams(report_ref, data, res_ids=res_ids)
        if self._l10n_tn_edi_unpatched(res_ids):
            # Debian's wkhtmltopdf takes one invoice at a time (Odoo refuses more), leaves room for a header that it does
            # not print, and draws web fonts as lines: nobody could search or copy the text.
            self = self.with_context(l10n_tn_edi_unpatched=True)
            if len(set(res_ids)) > 1:
                streams = {}
                for res_id in res_ids:
                    streams.update(self._render_qweb_pdf_prepare_streams(report_ref, data, res_ids=[res_id]))
                return streams
        streams = super()._render_qweb_pdf_prepare_streams(report_ref, data, res_ids=res_ids)
        if self.env.context.get("l10n_tn_edi_unpatched"):
            for move in self.env["account.move"].browse(filter(None, streams)):
                found = streams[move.id]
                if found["stream"] and not found["attachment"]:
                    found["stream"] = numbered(found["stream"], move.name or "")
        for move in self.env["account.move"].browse(filter(None, streams if is_invoice else ())):
            found = streams[move.id]
            teif = move._l10n_tn_edi_printed_teif()
            if teif and found["stream"] and not found["attachment"]:
                found["stream"] = self._l10n_tn_edi_embed(found["stream"], teif, move.name)
        return streams

    @api.model
    def _l10n_tn_edi_unpatched(self, move_ids):
        """:return: whether these are invoices of El Fatoora and wkhtmltopdf has no patched Qt."""
        return not _wkhtml().is_patched_qt and any(
            move.l10n_tn_edi_visible for move in self.env["account.move"].browse(move_ids or ())
        )

    @api.model
    def _l10n_tn_edi_ours_unpatched(self, report_ref):
        """:return: whether this is a report of this addon and wkhtmltopdf has no patched Qt."""
        return (
            report_ref
            and self._get_report(report_ref).report_name.startswith("l10n_tn_edi_ttn.")
            and not _wkhtml().is_patched_qt
        )

    def _run_wkhtmltopdf(
        self,
        bodies,
        report_ref=False,
        header=None,
        footer=None,
        landscape=False,
        specific_paperformat_args=None,
        set_viewport_size=False,
    ):
        # EXTENDS 'base'
        if self.env.context.get("l10n_tn_edi_unpatched"):
            specific_paperformat_args = {**NARROW_MARGINS, **(specific_paperformat_args or {})}
        if self.env.context.get("l10n_tn_edi_unpatched") or self._l10n_tn_edi_ours_unpatched(report_ref):
            bodies = [
                Markup(presented(body)).replace(END_OF_HEAD, SYSTEM_FONT + END_OF_HEAD, 1) for body in bodies
            ]
        return super()._run_wkhtmltopdf(
            bodies, report_ref, header, footer, landscape, specific_paperformat_args, set_viewport_size
        )

    def _get_rendering_context(self, report, docids, data):
        # EXTENDS 'account': what TTN accepted is the invoice, whether its PDF was stored before or not
        data = super()._get_rendering_context(report, docids, data)
        if data.get("proforma") and report.model == "account.move" and docids:
            moves = self.env["account.move"].browse(docids)
            if all(move._l10n_tn_edi_is_accepted() for move in moves):
                data["proforma"] = False
        return data

    def _l10n_tn_edi_embed(self, stream, teif, title):
        """:param stream: ``BytesIO`` of a PDF.
        :param teif: the ``ir.attachment`` to put into it.
        :param str title: the number of the invoice.
        :return: ``BytesIO`` of the PDF/A-3; ``stream`` itself when that can't be made: an invoice is printed in any case.
        """
        try:
            result = io.BytesIO()
            self._l10n_tn_edi_pdfa(stream, teif, title).write(result)
        except Exception:  # whatever a PDF library may find odd in what wkhtmltopdf or another addon made
            _logger.exception("The TEIF could not be put into the PDF of %s", title)
            stream.seek(0)
            return stream
        stream.close()
        return result

    def _l10n_tn_edi_pdfa(self, stream, teif, title):
        """:return: ``OdooPdfFileWriter`` with the pages, the TEIF and what PDF/A-3 asks for."""
        reader = OdooPdfFileReader(stream, strict=False)
        writer = OdooPdfFileWriter()
        writer.cloneReaderDocumentRoot(reader)
        root = writer._root_object
        if (
            "/Outlines" not in root
        ):  # a page that was cut out of a larger PDF has none, and Odoo's conversion wants them
            root[NameObject("/Outlines")] = writer._addObject(
                DictionaryObject({NameObject("/Type"): NameObject("/Outlines")})
            )
        writer.add_attachment(teif.name, teif.raw, subtype="text/xml")
        # Always: what the writer takes for a sign of PDF/A in the second line is what every PDF has today.
        writer.convert_to_pdfa()
        if "/First" not in root["/Outlines"]:
            del root["/Outlines"]  # it counts an entry that is not there, which ISO 32000 doesn't allow
        moment = fields.Datetime.now().replace(tzinfo=UTC)
        stamp = moment.strftime("D:%Y%m%d%H%M%S+00'00'")
        writer.addMetadata({"/Title": title, "/CreationDate": stamp, "/ModDate": stamp})
        writer.add_file_metadata(XMP.format(title=escape(title), moment=moment.isoformat()).encode())
        return writer
