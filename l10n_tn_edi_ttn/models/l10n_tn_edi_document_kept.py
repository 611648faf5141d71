import json
import logging
import os
from datetime import UTC
from functools import partial
from pathlib import Path

from odoo import api, models, tools

from ..elfatoora import kept
from ..elfatoora.client import Limits
from ..teif.foreign import parse_foreign_xml

_logger = logging.getLogger(__name__)

# An answer that could not be recorded is tried again after this time, and each time after twice as long …
RETRY_MINUTES = 10
# … and after so many times, about a day, a person is told instead.
KEPT_TRIES = 8
KEPT_AT_ONCE = 50
# Seconds between the clocks of a server and of its database
CLOCKS_APART = 60


class L10nTnEdiDocument(models.Model):
    """An answer of TTN that can't be recorded (a conflict that doesn't end, an error of ours, no database) is kept as it
    came with its exchange, or in a file of this server, and recorded later. It is never asked for again instead: what was
    said to a deposit, TTN says once.
    """

    _inherit = "l10n_tn_edi.document"

    @api.model
    def _keep_answer(self, answer):
        """Keep an answer apart from everything that recording it would change.

        :param answer: ((document id, exchange id), call).
        """
        (document_id, exchange_id), call = answer
        if isinstance(call, BaseException):
            return  # nothing came
        values = kept.dump(call)
        if not self._write_result(lambda: self._keep_with_exchange(exchange_id, values)):
            self._keep_in_file(document_id, exchange_id, values)

    @api.model
    def _keep_with_exchange(self, exchange_id, values):
        exchange = self.env["l10n_tn_edi.exchange"].sudo().browse(exchange_id)
        if not exchange.finished_at:
            until = self._in(60)
            exchange.write({"kept_answer": values, "kept_until": until})
            self._wake_after(until)

    # --- Without a database ----------------------------------------------------------------------------------------

    @api.model
    def _kept_folder(self):
        return Path(tools.config["data_dir"], "l10n_tn_edi_ttn", self.env.cr.dbname)

    @api.model
    def _keep_in_file(self, document_id, exchange_id, values):
        folder = self._kept_folder()
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft, path = folder / f"{exchange_id}.new", folder / f"{exchange_id}.json"
        with draft.open("w", encoding="utf-8") as stream:
            json.dump({"document": document_id, "call": values}, stream)
            stream.flush()
            os.fsync(stream.fileno())
        draft.replace(path)
        _logger.error("An answer of TTN waits in %s until the database can be written", path)

    @api.model
    def _fetch_kept_files(self):
        """Move what waits in files of this server to the exchanges."""
        for path in sorted(self._kept_folder().glob("*.json")):
            try:
                exchange_id, written = int(path.stem), path.stat().st_mtime
                kept_file = json.loads(path.read_text(encoding="utf-8"))
                document_id, values = kept_file["document"], kept_file["call"]
            except FileNotFoundError:
                continue  # another lane has just moved it
            except (OSError, ValueError, KeyError, TypeError):
                _logger.exception("The answer of TTN in %s cannot be read; it stays there", path)
                continue
            if not self._belongs_to(exchange_id, document_id, written):
                continue  # of a database that was restored: a human decides
            if not self._write_result(
                lambda exchange_id=exchange_id, values=values: self._keep_with_exchange(exchange_id, values)
            ):
                return
            self._remove_kept_file(path)

    @api.model
    def _remove_kept_file(self, path):
        try:
            path.unlink(missing_ok=True)
        except OSError:
            _logger.exception("%s has been recorded, but cannot be removed", path)

    @api.model
    def _belongs_to(self, exchange_id, document_id, written):
        """Whether an answer is that of this exchange: a restored database gives the numbers of lost attempts to others.

        :param float written: when the answer was kept, in seconds since 1970; the attempt began before.
        """
        exchange = self.env["l10n_tn_edi.exchange"].sudo().browse(exchange_id).exists()
        if not exchange or exchange.document_id.id != document_id:
            return False
        return exchange.started_at.replace(tzinfo=UTC).timestamp() <= written + CLOCKS_APART

    # --- Later -----------------------------------------------------------------------------------------------------

    @api.model
    def _record_kept(self):
        """Record the answers that could not be recorded when they came."""
        self._fetch_kept_files()
        self._end_snapshot()
        waiting = (
            self.env["l10n_tn_edi.exchange"]
            .sudo()
            .search([("kept_until", "<=", self._now())], order="kept_until, id", limit=KEPT_AT_ONCE)
        )
        for exchange in waiting:
            if not self._write_result(lambda exchange=exchange: self._record_one_kept(exchange)):
                self._write_result(lambda exchange=exchange: self._put_off_kept(exchange))

    @api.model
    def _record_one_kept(self, exchange):
        document = exchange.document_id.sudo(False)
        if not document.try_lock_for_update() or not exchange.kept_answer or exchange.finished_at:
            return  # another worker has it
        parse = partial(parse_foreign_xml, max_bytes=Limits().max_answer)
        call = kept.load(exchange.kept_answer, parse)
        with self.env.cr.savepoint():
            exchange.write({"kept_answer": False, "kept_until": False})
            self._record_together([((document.id, exchange.id), call)])

    @api.model
    def _put_off_kept(self, exchange):
        """Try it again later; when that has not helped for a long time, tell a person."""
        if not exchange.kept_until:
            return
        tries = exchange.kept_tries + 1
        wait = 60 * RETRY_MINUTES * 2 ** (tries - 1)
        exchange.write(
            {
                "kept_tries": tries,
                "kept_until": tries < KEPT_TRIES and self._in(wait),
            }
        )
        if not exchange.kept_until:
            exchange.document_id._tell_of_kept()

    def _tell_of_kept(self):
        """An answer of TTN could not be recorded for a long time: somebody has to know."""
        self.ensure_one()
        self._warn_about(
            self.move_id,
            lambda env: (
                env._("An answer of TTN could not be recorded"),
                env._(
                    "TTN has answered about %(number)s, but Odoo could not record the answer and no longer tries. It is kept as "
                    "it came among the exchanges of the document. Look at the server's log; once the cause is mended, record "
                    "the answer from there.",
                    number=self.number,
                ),
            ),
        )
