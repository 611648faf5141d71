import json
import tempfile
from pathlib import Path
from unittest.mock import patch

import psycopg2

from odoo import fields
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..models import l10n_tn_edi_document_kept
from ..models.l10n_tn_edi_document_kept import KEPT_TRIES
from .common_flow import LOGGER, TnEdiFlowCommon


@tagged("post_install_l10n", "post_install", "-at_install")
class TestKept(TnEdiFlowCommon):
    """An answer that can't be recorded when it comes is recorded later, never asked for again."""

    def unwritable(self, name, error, times=None):
        """Let method ``name`` of the documents fail with ``error``, always or ``times`` times."""
        Document = type(self.documents)
        original, left = getattr(Document, name), [times]

        def fail(model, *args, **kwargs):
            if left[0] == 0:
                return original(model, *args, **kwargs)
            left[0] = left[0] and left[0] - 1
            raise error

        patcher = patch.object(Document, name, fail)
        patcher.start()
        self.addCleanup(patcher.stop)
        return patcher

    def later(self):
        self.env["l10n_tn_edi.exchange"].sudo().search(
            [("kept_until", "!=", False)]
        ).kept_until = fields.Datetime.now()
        self.follow()

    def test_conflict_that_ends(self):
        """A few lost races cost nothing: the answer is in memory."""
        self.unwritable("_record_together", psycopg2.errors.SerializationFailure(), times=3)
        document = self.post()
        self.submit()
        self.assertEqual(document.state, "submitted")
        self.assertEqual(len(self.saves()), 1)

    @mute_logger(LOGGER)
    def test_conflict_that_does_not_end(self):
        patcher = self.unwritable("_record_together", psycopg2.errors.SerializationFailure())
        document = self.post()
        self.submit()
        attempt = document.exchange_ids
        self.assertEqual(document.state, "sending")
        self.assertTrue(attempt.kept_answer)
        self.assertFalse(attempt.finished_at)
        self.assertNotIn(self.password, json.dumps(attempt.kept_answer))
        patcher.stop()
        questions = len(self.questions())
        attempt.kept_until = fields.Datetime.now()
        self.documents._record_kept()
        self.assertEqual(document.state, "submitted")
        self.assertEqual((attempt.answer_class, attempt.deposit_id), ("submitted", document.deposit_id))
        self.assertFalse(attempt.kept_answer)
        self.assertEqual(len(self.questions()), questions, "TTN was not asked for it")
        self.later()
        self.assertEqual(document.state, "accepted")
        self.assertEqual(len(self.saves()), 1)

    @mute_logger(LOGGER)
    def test_answer_that_breaks_us(self):
        """An error of ours in an answer keeps this answer only; the others of the batch are recorded."""
        Document, number = type(self.documents), []
        original = Document._record_deposit

        def fail(document, *args, **kwargs):
            if document.number == number[0]:
                raise RuntimeError("broken")
            return original(document, *args, **kwargs)

        documents = self.documents.union(*(self.post() for _number in range(3)))
        number.append(documents[1].move_id.name)
        with patch.object(Document, "_record_deposit", fail):
            self.submit()
            self.assertEqual(documents.mapped("state"), ["submitted", "sending", "submitted"])
            kept = documents[1].exchange_ids
            kept.kept_until = fields.Datetime.now()
            self.documents._record_kept()
            self.assertGreater(kept.kept_until, fields.Datetime.now(), "tried again later, not at once")
        kept.kept_until = fields.Datetime.now()
        self.documents._record_kept()
        self.assertEqual(set(documents.mapped("state")), {"submitted"})

    @mute_logger(LOGGER)
    def test_answer_that_never_can_be_recorded(self):
        """It is tried less and less often and then given up: a person is told, who may have it tried again."""
        broken = self.unwritable("_record_deposit", RuntimeError("broken"))
        document = self.post()
        self.submit()
        attempt = document.exchange_ids
        pauses = []
        for _try in range(KEPT_TRIES):
            self.assertFalse(document.move_id.activity_ids)
            attempt.kept_until = now = fields.Datetime.now()
            self.documents._record_kept()
            if attempt.kept_until:
                pauses.append((attempt.kept_until - now).total_seconds() // 60)
        self.assertEqual(pauses, [10 * 2**number for number in range(KEPT_TRIES - 1)])
        self.assertFalse(attempt.kept_until)
        self.assertTrue(attempt.kept_answer)
        [told] = document.move_id.activity_ids
        self.assertIn(document.number, told.note)
        broken.stop()
        self.documents._record_kept()
        self.assertFalse(attempt.finished_at, "nobody tries any more")
        attempt.with_user(self.make_accountant()).sudo(False).action_record_kept()
        self.documents._record_kept()
        self.assertTrue(attempt.finished_at)
        self.assertEqual(document.state, "submitted")

    @mute_logger(LOGGER)
    def test_one_that_fails_keeps_no_other_waiting(self):
        Document = type(self.documents)
        original = Document._record_deposit
        self.accept()
        bad = self.post()

        def fail(document, *args, **kwargs):
            if document == bad or failing[0]:
                raise RuntimeError("broken")
            return original(document, *args, **kwargs)

        failing = [True]
        with (
            patch.object(Document, "_record_deposit", fail),
            patch.object(l10n_tn_edi_document_kept, "KEPT_AT_ONCE", 1),
        ):
            self.submit()
            good = self.post()
            self.submit()
            failing[0] = False
            (bad | good).exchange_ids.kept_until = fields.Datetime.subtract(fields.Datetime.now(), minutes=1)
            self.documents._record_kept()
            self.documents._record_kept()
        self.assertEqual((bad.state, good.state), ("sending", "submitted"))

    @mute_logger(LOGGER)
    def test_files_that_cannot_be_read(self):
        """Neither a damaged file nor one that another lane has just moved keeps the others, and the leases, waiting."""
        Document = type(self.documents)
        with (
            tempfile.TemporaryDirectory() as folder,
            patch.object(Document, "_kept_folder", lambda _model: Path(folder)),
        ):
            patchers = [
                self.unwritable(name, psycopg2.OperationalError("gone"))
                for name in ("_record_together", "_keep_with_exchange")
            ]
            document = self.post()
            self.submit()
            for patcher in patchers:
                patcher.stop()
            [path] = Path(folder).glob("*")
            Path(folder, "0.json").write_text("{")
            Path(folder, "00.json").mkdir()
            Path(folder, "000.json").symlink_to("moved")
            Path(folder, "other.json").write_text("{}")
            Path(folder, "1.json").write_text("[]")
            self.documents._cron_follow()
            self.assertFalse(path.exists())
            self.later()
        self.assertEqual(document.state, "submitted")
        self.assertEqual(len(self.saves()), 1)

    @mute_logger(LOGGER)
    def test_no_database(self):
        """What can be written nowhere else waits in a file of the server."""
        Document = type(self.documents)
        with (
            tempfile.TemporaryDirectory() as folder,
            patch.object(Document, "_kept_folder", lambda _model: Path(folder, "kept")),
        ):
            patchers = [
                self.unwritable(name, psycopg2.OperationalError("gone"))
                for name in ("_record_together", "_keep_with_exchange")
            ]
            document = self.post()
            self.submit()
            [path] = self.documents._kept_folder().glob("*")
            self.assertEqual(path.parent.stat().st_mode & 0o077, 0, "for nobody else on the server")
            self.assertNotIn(self.password, path.read_text())
            self.assertFalse(document.exchange_ids.kept_answer)
            for patcher in patchers:
                patcher.stop()
            # In a database that was restored the attempt's number belongs to a later one
            began = document.exchange_ids.started_at
            document.exchange_ids.started_at = fields.Datetime.add(began, hours=1)
            self.documents._record_kept()
            self.assertTrue(path.exists())
            self.assertFalse(document.exchange_ids.kept_answer)
            document.exchange_ids.started_at = began
            self.documents._record_kept()
            self.assertFalse(path.exists())
            self.later()
            self.assertEqual(document.state, "submitted")
            self.assertEqual(len(self.saves()), 1)
