import hashlib
from datetime import UTC
from zoneinfo import ZoneInfo

from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.tools import SQL

from ..archive import record as records
from .l10n_tn_edi_archive_guard import OVER

TUNIS = ZoneInfo("Africa/Tunis")
# What the test platform accepted proves nothing: it is kept so long that the archive can be tried out.
TEST_TERM = relativedelta(years=1)
# A second lock number beside the company's id, so that only numbers of the archive wait for each other.
NUMBER_LOCK = 0x7EEF
# What becomes of a document that is archived: only what says where it stands may still change.
DOCUMENT_COLUMNS = (
    *("move_id", "company_id", "mode", "number", "type_code", "sender", "total"),
    *("signed_id", "signed_at", "sha256", "signature_value", "document_digest", "certificate_id"),
)
# Which attachments (`$1`) belong to the archive: its files, the bodies of archived exchanges, what was signed and validated.
ATTACHMENT_GUARDED = """CASE ($1).res_model
    WHEN 'l10n_tn_edi.archive.file' THEN true
    WHEN 'l10n_tn_edi.exchange' THEN EXISTS (
        SELECT FROM l10n_tn_edi_exchange exchange
          JOIN l10n_tn_edi_archive_entry entry ON entry.document_id = exchange.document_id
         WHERE exchange.id = ($1).res_id)
    WHEN 'account.move' THEN EXISTS (
        SELECT FROM l10n_tn_edi_document document
          JOIN l10n_tn_edi_archive_entry entry ON entry.document_id = document.id
         WHERE document.move_id = ($1).res_id AND ($1).id IN (document.signed_id, document.ttn_xml_id))
    ELSE false END"""
ATTACHMENT_OVER = f"""CASE ($1).res_model
    WHEN 'l10n_tn_edi.archive.file' THEN {OVER}(
        (SELECT file.entry_id FROM l10n_tn_edi_archive_file file WHERE file.id = ($1).res_id))
    WHEN 'l10n_tn_edi.exchange' THEN EXISTS (
        SELECT FROM l10n_tn_edi_exchange exchange WHERE exchange.id = ($1).res_id AND {{exchange}})
    ELSE false END"""
ATTACHMENT_COLUMNS = (
    *("store_fname", "db_datas", "checksum", "file_size", "mimetype", "name"),
    *("res_model", "res_id", "res_field", "type", "url", "public"),
)


class L10nTnEdiArchiveEntry(models.Model):
    """One document in its final state, with all that proves it: written once, numbered without a gap.

    ``record_json`` is the truth: the canonical bytes that are hashed, sealed and exported. The other fields repeat them
    for searching and are never read back into a proof. After the end of retention a deletion run empties them and takes
    the bytes of the files away; number, hashes and sizes stay, so that the others can still be proved.
    """

    _name = "l10n_tn_edi.archive.entry"
    _description = "Entry in the Archive of Electronic Invoices"
    _inherit = ["l10n_tn_edi.archive.guard"]
    _order = "company_id, mode, number desc"
    _rec_name = "document_number"

    company_id = fields.Many2one("res.company", required=True, readonly=True, index=True, ondelete="restrict")
    mode = fields.Selection(
        [("test", "Test"), ("production", "Production")], string="Platform", required=True, readonly=True
    )
    archive = fields.Char(required=True, readonly=True, help="The company's matricule and the platform.")
    number = fields.Integer(string="No.", required=True, readonly=True, help="From 1, without a gap.")
    archived_at = fields.Datetime(
        string="Archived On", required=True, readonly=True, help="By the database's clock."
    )
    day = fields.Date(required=True, readonly=True, help="The day of archiving in Tunisia.")
    kind = fields.Selection(
        [("invoice", "Document"), ("deletion", "Deletion after the Term")], required=True, readonly=True
    )
    document_id = fields.Many2one(
        "l10n_tn_edi.document", readonly=True, index="btree_not_null", ondelete="restrict"
    )
    move_id = fields.Many2one(related="document_id.move_id")
    partner_id = fields.Many2one(
        "res.partner", string="Customer", readonly=True, index="btree_not_null", ondelete="restrict"
    )
    document_number = fields.Char(string="Number", readonly=True, index="btree_not_null")
    document_date = fields.Date(string="Invoice Date", readonly=True)
    type_code = fields.Char(string="TEIF Type", readonly=True)
    sender = fields.Char(string="Sender's Matricule", readonly=True)
    receiver = fields.Char(string="Customer's Identifier", readonly=True)
    total = fields.Char(readonly=True, help="As it stands in the TEIF document.")
    currency = fields.Char(readonly=True)
    state = fields.Selection(
        [("accepted", "Accepted"), ("rejected", "Rejected"), ("conflict", "Accepted Twice")], readonly=True
    )
    ttn_reference = fields.Char(string="TTN Reference", readonly=True, index="btree_not_null")
    deposit_id = fields.Char(string="Deposit Number", readonly=True)
    user = fields.Char(readonly=True, help="Login of who made the document.")
    lacks = fields.Json(readonly=True, help="Codes of what could not be had when the entry was made.")
    record_json = fields.Text(readonly=True, prefetch=False, help="The canonical record (RFC 8785).")
    record_sha256 = fields.Char(string="SHA-256", required=True, readonly=True)
    file_ids = fields.One2many("l10n_tn_edi.archive.file", "entry_id", string="Files", readonly=True)
    retain_until = fields.Date(
        required=True,
        readonly=True,
        help="The last day on which nothing of it may be deleted; a legal hold lasts longer.",
    )
    deletion_id = fields.Many2one(
        "l10n_tn_edi.archive.entry",
        string="Deleted by",
        readonly=True,
        index="btree_not_null",
        ondelete="restrict",
    )

    _number_unique = models.UniqueIndex("(company_id, mode, number)", "Numbers of the archive are used once.")
    _days = models.Index("(company_id, mode, day)")
    _dates = models.Index("(company_id, document_date)")
    _terms = models.Index("(company_id, retain_until) WHERE deletion_id IS NULL AND kind = 'invoice'")

    # --- Guard -----------------------------------------------------------------------------------------------------

    @api.model
    def _guard_tables(self):
        """What the database itself protects; who adds tables extends this.

        :return: dict of table names to the settings of ``l10n_tn_edi.archive.opening._guard_table``.
        """
        archived = "EXISTS (SELECT FROM l10n_tn_edi_archive_entry entry WHERE entry.document_id = ($1).%s)"
        exchange = f"($1).finished_at IS NOT NULL AND {archived % 'document_id'}"
        return {
            "l10n_tn_edi_archive_entry": {"columns": self._proof_columns(), "over": f"{OVER}(($1).id)"},
            "l10n_tn_edi_archive_file": {"over": f"{OVER}(($1).entry_id)"},
            "l10n_tn_edi_archive_opening": {},
            "l10n_tn_edi_archive_hold": {"columns": ("company_id", "date_from", "date_to")},
            "l10n_tn_edi_archive_access": {"over": self._class_over("access", "($1).at", "($1)")},
            "l10n_tn_edi_exchange": {
                "update": exchange,
                "delete": exchange,
                "over": self._class_over("exchange", "($1).finished_at", "($1)"),
            },
            "l10n_tn_edi_document": {
                "update": archived % "id",
                "delete": archived % "id",
                "columns": DOCUMENT_COLUMNS,
            },
            "ir_attachment": {
                "update": ATTACHMENT_GUARDED,
                "delete": ATTACHMENT_GUARDED,
                "over": ATTACHMENT_OVER.format(exchange=self._class_over("exchange", "exchange.finished_at")),
                "columns": ATTACHMENT_COLUMNS,
            },
        }

    @api.model
    def _proof_columns(self):
        """:return: list of the columns that nobody changes: all but the link to the customer, who may be merged with another."""
        free = {"partner_id", "write_uid", "write_date"}
        return [
            name
            for name, field in self._fields.items()
            if field.store and field.column_type and name not in free
        ]

    @api.model
    def _class_over(self, name, moment, row="exchange"):
        """:param str name: 'exchange' or 'access', a class of data with a term of its own.
        :param str moment: SQL expression of when a row was made.
        :param str row: how the row is called there.
        :return: SQL expression that says whether its company's term has ended.
        """
        return (
            f"EXISTS (SELECT FROM res_company company WHERE company.id = {row}.company_id "
            f"AND {moment} < clock_timestamp() AT TIME ZONE 'UTC' - company.l10n_tn_edi_{name}_years * interval '1 year')"
        )

    # --- Making entries --------------------------------------------------------------------------------------------

    @api.model
    def _append(self, company, mode, drafts):
        """Archive documents: entries with the next numbers, their files with them.

        :param company: the ``res.company``.
        :param str mode: 'test' or 'production'.
        :param drafts: list of dicts: ``kind``, ``values`` (further fields of the entry; those that ``archive.record.Record``
            has as well go into the record), ``contents`` (list of (``archive.record.File``, bytes)), ``exchanges`` (list of
            ``archive.record.ExchangeReference``), ``places`` (see ``archive.file._keep``).
        :return: the entries, in the order of ``drafts``.
        :raise ValueError: for values that have no place in a record.
        """
        last = self._last_number(company, mode)
        now = self.env["l10n_tn_edi.exchange"]._database_now().replace(tzinfo=UTC)
        archive = self._archive_name(company, mode)
        rows = []
        for number, draft in enumerate(drafts, start=last + 1):
            values = draft["values"]
            data = records.canonical(
                records.Record(
                    archive=archive,
                    number=number,
                    archived_at=now,
                    kind=draft["kind"],
                    files=tuple(file for file, _data in draft["contents"]),
                    exchanges=tuple(draft.get("exchanges", ())),
                    **{name: values.get(name) or None for name in RECORDED},
                )
            )
            rows.append(
                {
                    **values,
                    "total": format(values["total"], "f") if values.get("total") is not None else False,
                    "company_id": company.id,
                    "mode": mode,
                    "archive": archive,
                    "number": number,
                    "archived_at": now.replace(tzinfo=None),
                    "day": now.astimezone(TUNIS).date(),
                    "kind": draft["kind"],
                    "record_json": data.decode(),
                    "record_sha256": hashlib.sha256(data).hexdigest(),
                    "retain_until": self._retain_until(
                        company, mode, values.get("document_date"), now.astimezone(TUNIS).date()
                    ),
                }
            )
        entries = self.sudo().create(rows)
        places = {digest: place for draft in drafts for digest, place in draft.get("places", {}).items()}
        self.env["l10n_tn_edi.archive.file"]._keep(entries, [draft["contents"] for draft in drafts], places)
        return entries

    @api.model
    def _archive_name(self, company, mode):
        """:return: str, the name of a company's archive: it stays what it was when the archive began."""
        first = self.sudo().search(
            [("company_id", "=", company.id), ("mode", "=", mode)], order="number", limit=1
        )
        return first.archive or records.archive_name(company.l10n_tn_edi_matricule or str(company.id), mode)

    @api.model
    def _last_number(self, company, mode):
        """:return: the highest number of an archive; until this transaction ends, nobody else appends to it."""
        lock = company.id * 2 + (mode == "production")
        self.env.execute_query(SQL("SELECT pg_advisory_xact_lock(%s, %s)", NUMBER_LOCK, lock))
        query = SQL(
            "SELECT COALESCE(max(number), 0) FROM l10n_tn_edi_archive_entry WHERE company_id = %s AND mode = %s",
            company.id,
            mode,
        )
        [[number]] = self.env.execute_query(query)
        return number

    @api.model
    def _retain_until(self, company, mode, document_date, today):
        """:return: date, the end of the term of what is archived today.

        :param date document_date: of the invoice, or None.
        """
        if mode == "test":
            return today + TEST_TERM
        year = company.compute_fiscalyear_dates(document_date or today)
        return year["date_to"] + relativedelta(years=company.l10n_tn_edi_archive_years)

    def _over(self):
        """:return: those entries whose term has ended and that no legal hold keeps, as the database sees it."""
        self.env.flush_all()
        query = SQL(
            "SELECT id FROM l10n_tn_edi_archive_entry WHERE id = ANY(%s) AND l10n_tn_edi_archive_over(id)",
            self.ids,
        )
        return self.browse(entry_id for (entry_id,) in self.env.execute_query(query))


# Fields of the entry that go into its record under the same name.
RECORDED = (
    *("document_number", "document_date", "type_code", "sender", "receiver", "total", "currency"),
    *("state", "ttn_reference", "deposit_id", "user"),
)
