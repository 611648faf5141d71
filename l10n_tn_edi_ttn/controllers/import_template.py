from odoo import http
from odoo.http import content_disposition, request

from ..spreadsheet.template import make_template

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class ImportTemplateController(http.Controller):
    @http.route(
        "/l10n_tn_edi_ttn/import/template.xlsx", type="http", auth="user", methods=["GET"], readonly=True
    )
    def template(self, **_ignored):
        """The empty workbook in the user's language."""
        request.env["l10n_tn_edi.import"].check_access("create")
        name = request.env._("Invoices to import.xlsx")
        headers = [("Content-Type", XLSX), ("Content-Disposition", content_disposition(name))]
        return request.make_response(make_template(request.env["l10n_tn_edi.import"]._language()), headers)
