import hashlib

from odoo import api, fields, models

ROLES = [
    ("teif_signed", "Signed TEIF"),
    ("teif_validated", "TTN's TEIF"),
    ("pdf", "Printed Invoice"),
    ("certificate", "Certificate"),
    ("revocation", "Revocation Answer"),
    ("deletion", "List of Deleted Entries"),
]
READ_BYTES = 64 * 1024


class L10nTnEdiArchiveFile(models.Model):
    """One file of an archive entry. Its bytes lie in a store; the row says what they must be."""

    _name = "l10n_tn_edi.archive.file"
    _description = "File in the Archive of Electronic Invoices"
    _inherit = ["l10n_tn_edi.archive.guard"]
    _order = "entry_id, id"

    entry_id = fields.Many2one(
        "l10n_tn_edi.archive.entry", required=True, readonly=True, index=True, ondelete="restrict"
    )
    company_id = fields.Many2one(related="entry_id.company_id")
    role = fields.Selection(ROLES, required=True, readonly=True)
    name = fields.Char(required=True, readonly=True)
    media_type = fields.Char(required=True, readonly=True)
    size = fields.Integer(string="Size (Bytes)", required=True, readonly=True)
    sha256 = fields.Char(string="SHA-256", required=True, readonly=True, help="In hexadecimal.")
    store = fields.Selection(
        [("file", "Odoo's File Store"), ("s3", "Object Store")], default="file", required=True, readonly=True
    )
    store_key = fields.Char(readonly=True, help="Its name in the object store.")
    store_version = fields.Char(readonly=True)
    # Read through _read alone, so that every download is known.
    content = fields.Binary(attachment=True, readonly=True, copy=False, groups=fields.NO_ACCESS)

    _name_unique = models.UniqueIndex("(entry_id, name)", "Files of one entry have different names.")

    def init(self):
        # EXTENDS 'base': nobody puts another attachment beside the one that is archived
        self.env.cr.execute(
            "CREATE UNIQUE INDEX IF NOT EXISTS l10n_tn_edi_archive_file_one_attachment ON ir_attachment (res_id) "
            "WHERE res_model = 'l10n_tn_edi.archive.file' AND res_field = 'content'"
        )

    def _attachment(self):
        """:return: the ``ir.attachment`` with the bytes, in superuser mode; empty when they are gone or elsewhere."""
        self.ensure_one()
        return (
            self.env["ir.attachment"]
            .sudo()
            .search(
                [("res_model", "=", self._name), ("res_id", "=", self.id), ("res_field", "=", "content")],
                limit=1,
            )
        )

    def _read_whole(self):
        """:return: bytes of the file as they are now in the store; empty when they are gone."""
        return b"".join(self._read())

    def _read(self, chunk=READ_BYTES):
        """Read the file from its store.

        :param int chunk: bytes at once.
        :return: iterator of bytes; nothing when the file is gone. What is read is not checked: see ``_is_intact``.
        :raise StoreError: (an OSError) when an object store gives no answer.
        """
        self.ensure_one()
        if self.store == "s3":
            if not self.entry_id.deletion_id:
                data = self.env["l10n_tn_edi.archive.store"]._get(
                    self.company_id, self.store_key, self.store_version
                )
                for start in range(0, len(data), chunk):
                    yield data[start : start + chunk]
            return
        attachment = self._attachment()
        if not attachment.store_fname:
            if attachment.db_datas:
                yield bytes(attachment.db_datas)
            return
        try:
            with open(attachment._full_path(attachment.store_fname), "rb") as stream:
                while data := stream.read(chunk):
                    yield data
        except FileNotFoundError:
            return

    def _is_intact(self):
        """:return: whether the store still holds the very bytes that were archived."""
        self.ensure_one()
        digest, size = hashlib.sha256(), 0
        for data in self._read():
            digest.update(data)
            size += len(data)
        return (size, digest.hexdigest()) == (self.size, self.sha256)

    @api.model
    def _keep(self, entries, contents, places):
        """Write down the files of new entries: rows and bytes, each with one statement for all.

        :param entries: the entries.
        :param contents: for each of them a list of (``archive.record.File``, bytes).
        :param dict places: SHA-256 (hex) of what lies in an object store already to its (key, version) there.
        """
        pairs = [
            (entry, file, data)
            for entry, files in zip(entries, contents, strict=True)
            for file, data in files
        ]
        rows = self.sudo().create(
            [
                {
                    "entry_id": entry.id,
                    "role": file.role,
                    "name": file.name,
                    "media_type": file.media_type,
                    "size": file.size,
                    "sha256": file.sha256_hex,
                    **self._place_values(places.get(file.sha256_hex)),
                }
                for entry, file, _data in pairs
            ]
        )
        here = [(row, data) for row, (_e, _f, data) in zip(rows, pairs, strict=True) if row.store == "file"]
        self.browse([row.id for row, _data in here])._store([data for _row, data in here])

    @api.model
    def _place_values(self, place):
        """:param place: (key, version) in an object store, or None.
        :return: values of the fields that say where a file lies.
        """
        if place is None:
            return {}
        return {"store": "s3", "store_key": place[0], "store_version": place[1]}

    def _store(self, contents):
        """Put the bytes of new files into the store.

        :param contents: list of bytes, one for each file.
        """
        self.env["ir.attachment"].sudo().with_context(image_no_postprocess=True).create(
            [
                {
                    "name": file.name,
                    "raw": data,
                    "mimetype": file.media_type,
                    "res_model": self._name,
                    "res_id": file.id,
                    "res_field": "content",
                }
                for file, data in zip(self, contents, strict=True)
            ]
        )
