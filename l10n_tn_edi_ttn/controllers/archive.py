"""Downloads from the archive: single files, heads and exports."""

import hashlib
import time

from odoo import http
from odoo.http import Response, Stream, content_disposition, request

#: Who asked for an export proved his identity so many seconds ago at most.
IDENTITY_SECONDS = 10 * 60


class ArchiveDownloads(http.Controller):
    @http.route("/l10n_tn_edi_ttn/archive/file/<int:file_id>", type="http", auth="user", methods=["GET"])
    def file(self, file_id):
        """One file of an entry, as it was archived; a file that was changed is not handed out."""
        file = request.env["l10n_tn_edi.archive.file"].browse(file_id).exists()
        if not file:
            raise request.not_found()
        data = b"".join(file._download())
        kept = file.sudo()
        if hashlib.sha256(data).hexdigest() != kept.sha256:
            message = request.env["l10n_tn_edi.messages"]._sentence(
                "archive.file_changed", {"file": kept.name, "number": kept.entry_id.number}
            )
            return Response(message, status=409, content_type="text/plain; charset=utf-8")
        return request.make_response(data, _headers(kept.name, kept.media_type, len(data)))

    @http.route("/l10n_tn_edi_ttn/archive/head/<int:seal_id>", type="http", auth="user", methods=["GET"])
    def head(self, seal_id):
        """The head of a seal, as a text to keep outside."""
        seal = request.env["l10n_tn_edi.archive.seal"].browse(seal_id).exists()
        if not seal:
            raise request.not_found()
        seal.check_access("read")
        data = seal._head_text().encode()
        return request.make_response(data, _headers(seal._head_name(), "text/plain", len(data)))

    @http.route("/l10n_tn_edi_ttn/archive/export/<int:export_id>", type="http", auth="user", methods=["GET"])
    def export(self, export_id):
        """A finished export, streamed from its file; only for who proved his identity a short time ago."""
        export = request.env["l10n_tn_edi.archive.export"].browse(export_id).exists()
        if not export:
            raise request.not_found()
        if request.session.get("identity-check-last", 0) < time.time() - IDENTITY_SECONDS:
            message = request.env._("Open the export and press Download: your password is asked for again.")
            return Response(message, status=403, content_type="text/plain; charset=utf-8")
        path = export._downloaded()
        stream = Stream(
            type="path",
            path=str(path),
            mimetype="application/vnd.etsi.asic-e+zip",
            download_name=export.filename,
            size=path.stat().st_size,
            last_modified=path.stat().st_mtime,
            conditional=True,
            etag=export.sudo().sha256,
            public=False,
        )
        return stream.get_response(as_attachment=True)


def _headers(name, media_type, size):
    return [
        ("Content-Type", media_type),
        ("Content-Length", str(size)),
        ("Content-Disposition", content_disposition(name)),
        ("X-Content-Type-Options", "nosniff"),
    ]
