"""How the file of an export is written: in short runs of a scheduled action, each going on where the one before was ended."""

import hashlib
import itertools
import logging
import os
from datetime import UTC, timedelta

import psycopg2

from odoo import api, fields, models

from ..archive import chain, documents, verify
from ..archive.checks import Judges
from ..archive.container import Writer
from ..archive.layout import Export
from ..signature import certificates
from ..signature import verify as signatures
from ..teif.foreign import ForeignXmlError, parse_foreign_xml
from .l10n_tn_edi_archive_proofs import DayProofs

_logger = logging.getLogger(__name__)

#: A file is removed from the server so long after it was finished.
KEEP = timedelta(days=7)
#: Entries, or seals, between two commits.
BATCH = 50
READ_BYTES = 1024 * 1024


class L10nTnEdiArchiveExport(models.Model):
    _inherit = "l10n_tn_edi.archive.export"

    @api.model
    def _cron_export(self):
        """Write the files that are ordered, check them, and remove those that lay there long enough."""
        self._remove_over()
        for export in self.search([("state", "in", ("waiting", "running", "checking"))], order="id"):
            try:
                finished = export._go_on()
            except psycopg2.OperationalError:  # somebody else's work is in the way: the action runs again
                raise
            except OSError:  # the disk is full, or the object store gives no answer: it goes on another time
                _logger.warning("Export %s of the archive waits", export.id, exc_info=True)
                self.env["l10n_tn_edi.document"]._rollback()
                continue
            except Exception:  # one export never stops the others
                _logger.exception("Export %s of the archive could not go on", export.id)
                self.env["l10n_tn_edi.document"]._rollback()
                export._fail("export.failed", {})
                continue
            if not finished:
                self.env.ref("l10n_tn_edi_ttn.ir_cron_archive_export")._trigger()
                return

    def _go_on(self):
        """Write as long as there is time; the file is checked in a run of its own.

        :return: bool, whether the export is finished.
        """
        self.ensure_one()
        if self.state != "checking":
            if not self._write_file():
                return False
            self.state = "checking"
            if not self._progress():
                return False
        # A run that is begun and never comes to its end was ended by the server's time limit: the next one looks at less
        tried = self.checkpoint.get("tried", 0)
        if tried > 1:
            self._ready({"code": "export.not_checked", "params": {}})
        else:
            self.checkpoint = {**self.checkpoint, "tried": tried + 1}
            self._progress()
            self._ready(self._verify_file(with_documents=not tried))
        self._progress()
        return True

    def _progress(self):
        """Commit what was done. Gives whether there is time for more."""
        if not self.env["account.move"]._can_commit():
            self.env.flush_all()
            return True
        left = max(self.entry_count - self.done_count, 1)
        return bool(self.env["ir.cron"]._commit_progress(1, remaining=left))

    # --- Writing ---------------------------------------------------------------------------------------------------

    def _write_file(self):
        """Write seals and entries until all are in the file, or the time of this run is up.

        :return: bool, whether the file is whole.
        """
        part = self._path(".part")
        part.parent.mkdir(parents=True, exist_ok=True)
        if not self.checkpoint or not part.exists():
            # Another host may have lost what was written so far: it begins anew
            part.write_bytes(b"")
            self.write({"checkpoint": {"position": 0, "sequence": 0, "number": 0}, "done_count": 0})
        self.state = "running"
        with part.open("r+b") as file:
            writer = Writer(file, self._claim(), resume_at=self.checkpoint["position"] or None)
            for step in (self._add_seals, self._add_entries):
                while step(writer):
                    file.flush()
                    os.fsync(file.fileno())
                    self.checkpoint = {**self.checkpoint, "position": writer.position}
                    if not self._progress():
                        return False
            writer.close()
            os.fsync(file.fileno())
        part.replace(self._path())
        return True

    def _claim(self):
        """:return: ``layout.Export``: what the file says of itself."""
        first, last = self.complete or (None, None)
        return Export(
            archive=self.archive,
            created_at=self.ordered_at.replace(tzinfo=UTC),
            complete_from=first,
            complete_to=last,
            note=f"{self.what} – {self.reason}",
        )

    def _own(self):
        return [("company_id", "=", self.company_id.id), ("mode", "=", self.mode)]

    def _add_seals(self, writer):
        """Add the next seals: from the one of the first entry to the newest, so that the head can be compared.

        :return: bool, whether there were any.
        """
        seals = self.env["l10n_tn_edi.archive.seal"].search(
            [
                *self._own(),
                ("last_number", ">=", self.numbers[0][0]),
                ("sequence", ">", self.checkpoint["sequence"]),
                ("sequence", "<=", self.last_sequence),
            ],
            order="sequence",
            limit=BATCH,
        )
        for seal in seals:
            statement, signature = seal.statement.encode(), seal._signature() or None
            writer.add_seal(seal.sequence, statement, signature, seal._evidence())
        if not seals:
            return False
        self.checkpoint = {**self.checkpoint, "sequence": seals[-1].sequence}
        seals.invalidate_recordset(flush=False)
        return True

    def _add_entries(self, writer):
        """Add the next entries.

        :return: bool, whether there were any.
        """
        following = (
            number
            for first, last in self.numbers
            for number in range(max(first, self.checkpoint["number"] + 1), last + 1)
        )
        numbers = list(itertools.islice(following, BATCH))
        if not numbers:
            return False
        entries = self.env["l10n_tn_edi.archive.entry"].search(
            [*self._own(), ("number", "in", numbers), ("deletion_id", "=", False)], order="number"
        )
        proofs = Proofs(self.env, self._own())
        for entry in entries:
            data = entry.record_json.encode()
            contents = {file.name: file._read for file in entry.file_ids}
            writer.add_record(data, contents, proofs.of(entry))
        self.checkpoint = {**self.checkpoint, "number": numbers[-1]}
        self.done_count += len(numbers)
        entries.file_ids.invalidate_recordset(flush=False)
        entries.invalidate_recordset(flush=False)
        return True

    # --- Afterwards ------------------------------------------------------------------------------------------------

    def _verify_file(self, with_documents=True):
        """Check the finished file with the verifier.

        :param bool with_documents: also the signatures inside of invoices, which take most of the time.
        :return: None, or the code and the parameters of what it finds first.
        """
        head = chain.read_head(self.head)
        report = verify.verify([self._path()], self._judges(with_documents), heads=[head], processes=1)
        if report.clean:
            return None if with_documents else {"code": "export.documents_not_checked", "params": {}}
        first = report.findings[0]
        reason = self.env["l10n_tn_edi.messages"]._sentence(
            first.code, {**first.params, "message": first.message}
        )
        return {"code": "export.not_clean", "params": {"reason": reason}}

    @api.model
    def _judges(self, with_documents):
        """:return: ``archive.checks.Judges``: whom seals, time-stamps and the signatures inside of invoices may come from."""
        trust = self.env["l10n_tn_edi.trust.anchor"]._archive_trust()

        def problems(role, data):
            try:
                root = parse_foreign_xml(data)
            except ForeignXmlError as error:
                return [str(error)]
            return documents.problems(role, signatures.verify_tolerant(root), trust)

        return Judges(trust=trust, documents=problems if with_documents else None, owner=_owner)

    def _ready(self, problem):
        """Offer the file, also when something in it is not as it was archived: who ordered it is told.

        :param problem: see ``_verify_file``.
        """
        path = self._path()
        digest = hashlib.sha256()
        with path.open("rb") as stream:
            while data := stream.read(READ_BYTES):
                digest.update(data)
        now = fields.Datetime.now()
        self.write(
            {
                "state": "ready",
                "problem": problem,
                "size": path.stat().st_size,
                "sha256": digest.hexdigest(),
                "filename": f"{self.archive.replace('/', '-')}-{self.ordered_at:%Y-%m-%d-%H%M}.asice",
                "finished_at": now,
                "remove_at": now + KEEP,
            }
        )
        self._tell()

    def _fail(self, code, params):
        self.write(
            {
                "state": "failed",
                "problem": {"code": code, "params": params},
                "finished_at": fields.Datetime.now(),
            }
        )
        for suffix in ("", ".part"):
            self._path(suffix).unlink(missing_ok=True)
        self._tell()
        self.env["l10n_tn_edi.document"]._commit()

    def _tell(self):
        """Tell who ordered the export that it is finished."""
        user = self.user_id
        told = self.with_context(lang=user.lang)
        if self.state == "ready" and not self.problem:
            message, kind = told.env._("The export is ready: Archive ▸ Exports."), "success"
        else:
            message, kind = told.sentence, "warning"
        user._bus_send("simple_notification", {"type": kind, "message": message, "sticky": True})

    @api.model
    def _remove_over(self):
        """Remove the files that lay on the server long enough; the rows stay."""
        over = self.search([("state", "=", "ready"), ("remove_at", "<", fields.Datetime.now())])
        for export in over:
            export._path().unlink(missing_ok=True)
        over.state = "over"
        self.env["l10n_tn_edi.document"]._commit()


def _owner(signer):
    """:return: str, the first eight characters of the matricule in a certificate (DER); None when it names no company."""
    try:
        return certificates.describe(signer).matricule8
    except ValueError:
        return None


class Proofs:
    """Evidence records of entries, in the order of their numbers: the trees of a day are made once.

    :param env: environment in superuser mode.
    :param own: domain of the archive.
    """

    def __init__(self, env, own):
        self._seals = env["l10n_tn_edi.archive.seal"]
        self._own = own
        self._day = None

    def of(self, entry):
        """:return: bytes of the evidence record of the entry."""
        number = entry.number
        if not self._day or number > self._day.seal.last_number:
            self._day = DayProofs(
                self._seals.search(
                    [*self._own, ("first_number", "<=", number), ("last_number", ">=", number)]
                )
            )
        return self._day.of(number - self._day.seal.first_number, entry._group)
