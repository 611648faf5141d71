"""From a document in its final state to an entry of the archive: what is collected, and when."""

import hashlib
import logging
import re
import time
from datetime import UTC, timedelta
from typing import NamedTuple

from odoo import api, fields, models
from odoo.tools import sql

from ..archive import jcs
from ..archive import record as records
from ..signature import certificates, trust, verify
from ..teif import reader
from ..teif.foreign import ForeignXmlError, parse_foreign_xml
from .l10n_tn_edi_archive_entry import TUNIS
from .l10n_tn_edi_archive_store import StoreError
from .l10n_tn_edi_document_queue import RETRYABLE

_logger = logging.getLogger(__name__)

REPORT = "account.account_invoices"
# One run of the scheduled action: a print takes about a second.
AT_ONCE = 20
RUN_SECONDS = 120
# TTN may add its document after its reference, and an authority's answer has to be younger than the signature.
SETTLE_MINUTES = 60
RETRY_HOURS = 6
# After so many days an entry is made without the answer of an authority that gives none; it says so.
PROOF_DAYS = 3
# Somebody waits in the queue for each question to an authority.
ASK_SECONDS = 8
# What time may mend; anything else is as it is.
PASSING = {"revocation.early", "revocation.unknown", "remote.unreachable", "remote.unavailable"}
WATCHED = {"state", "live", "ttn_xml_id", "rival_xml_ids", "unproved"}
SAFE_NAME = re.compile(r"[^A-Za-z0-9_-]+")
KINDS = {"ocsp": ("ors", "application/ocsp-response"), "crl": ("crl", "application/pkix-crl")}


class NotYet(Exception):
    """A document can't be archived now. ``code``: of a sentence for people."""

    def __init__(self, code):
        super().__init__(code)
        self.code = code


class Draft(NamedTuple):
    """What an entry is made of: ``state`` and ``reference`` of the document as they were read; see ``entry._append``."""

    state: str
    reference: str
    values: dict
    contents: list
    exchanges: list
    places: dict


class Proofs:
    """Answers of authorities about certificates; each is asked once in a run, whatever the number of documents.

    :param env: the environment that asks.
    """

    def __init__(self, env):
        self._env = env
        self._known = {}

    def about(self, chain, after):
        """What the authority says of the first certificate of ``chain``, by an answer made later than ``after``.

        :param chain: DER certificates, the issuer second.
        :param datetime after: when was signed with it, with a time zone.
        :return: (``revocation.Status``, bytes, None), or (None, None, code of why there is none).
        """
        if chain[0] not in self._known:
            now = fields.Datetime.now().replace(tzinfo=UTC)
            ask = self._env["l10n_tn_edi.certificate"]._ask_for_proof
            self._known[chain[0]] = ask(chain, now, ASK_SECONDS, after=after)
        status, answer, problem = self._known[chain[0]]
        if status and status.this_update <= after:
            return None, None, "revocation.early"
        return status, answer, problem


class L10nTnEdiDocument(models.Model):
    _inherit = "l10n_tn_edi.document"

    archive_at = fields.Datetime(
        readonly=True, copy=False, index="btree_not_null", help="When it is to be archived."
    )
    archive_tries = fields.Integer(readonly=True, copy=False)
    archive_problem = fields.Char(readonly=True, copy=False, help="Code of why it is not archived yet.")
    archive_entry_ids = fields.One2many(
        "l10n_tn_edi.archive.entry",
        "document_id",
        string="Archived As",
        groups="l10n_tn_edi_ttn.group_archive_reader,l10n_tn_edi_ttn.group_archive_auditor",
    )

    def _auto_init(self):
        # EXTENDS 'base': what became final before there was an archive is archived too
        had = sql.column_exists(self.env.cr, self._table, "archive_at")
        result = super()._auto_init()
        if not had:
            self.env.cr.execute(
                "UPDATE l10n_tn_edi_document SET archive_at = now() AT TIME ZONE 'UTC' "
                "WHERE state IN ('accepted', 'conflict') OR (state = 'rejected' AND NOT live)"
            )
        return result

    def write(self, vals):
        # EXTENDS 'base'
        result = super().write(vals)
        if WATCHED & vals.keys():
            final = self.filtered(lambda document: document._is_to_archive())
            if final:
                at = fields.Datetime.add(fields.Datetime.now(), minutes=SETTLE_MINUTES)
                super(L10nTnEdiDocument, final.sudo()).write(
                    {"archive_at": at, "archive_tries": 0, "archive_problem": False}
                )
        return result

    def _is_to_archive(self):
        """:return: whether the document is final: accepted, or rejected and left behind. What was withdrawn never went to
        TTN: there is nothing to prove.
        """
        self.ensure_one()
        final = self.state in ("accepted", "conflict") or (self.state == "rejected" and not self.live)
        company = self.company_id
        since = company.l10n_tn_edi_archive_since
        if not final or not company.l10n_tn_edi_archive:
            return False
        return not since or not self.decided_at or self.decided_at.date() >= since

    # --- The scheduled action --------------------------------------------------------------------------------------

    @api.model
    def _archive_domain(self):
        return [("archive_at", "<=", fields.Datetime.now())]

    @api.model
    def _cron_archive(self):
        """Archive what is final, apart from sending: prints take their time."""
        end = time.monotonic() + RUN_SECONDS
        proofs = Proofs(self.env)
        while time.monotonic() < end:
            self._end_snapshot()
            due = self.search(self._archive_domain(), order="archive_at, id", limit=AT_ONCE)
            if not due:
                return
            due._archive(proofs, end)
        if self.search_count(self._archive_domain(), limit=1):
            self.env.ref("l10n_tn_edi_ttn.ir_cron_archive")._trigger()

    def _archive(self, proofs, end=None):
        """Archive documents; one that can't be is put off with its problem and stops none of the others.

        :param proofs: the run's ``Proofs``.
        :param float end: monotonic time after which no further document is begun; the first always is.
        """
        drafts = {}
        digests = self.exchange_ids._archive_digests()
        for document in self:
            if drafts and end and time.monotonic() >= end:
                break
            draft = document._archive_draft_or_problem(proofs, digests)
            if isinstance(draft, Draft):
                drafts[document.id] = draft
            else:
                self._write_result(lambda document=document, draft=draft: document._put_off_archiving(draft))
        if not drafts or self._write_result(lambda: self._record_archived(drafts)):
            return
        for document_id, draft in drafts.items():
            if not self._write_result(
                lambda document_id=document_id, draft=draft: self._record_archived({document_id: draft})
            ):
                document = self.browse(document_id)
                self._write_result(
                    lambda document=document: document._put_off_archiving("archive.unexpected")
                )

    def _archive_draft_or_problem(self, proofs, digests):
        """:return: a ``Draft``, or the code of what is in its way."""
        self.ensure_one()
        try:
            with self.env.cr.savepoint():
                return self._archive_draft(proofs, digests)
        except NotYet as problem:
            return problem.code
        except RETRYABLE:
            return "archive.busy"
        except Exception:
            _logger.exception("Electronic document %s could not be prepared for the archive", self.id)
            self.env.invalidate_all(flush=False)
            return "archive.unexpected"

    def _put_off_archiving(self, code):
        self.ensure_one()
        tries = self.archive_tries + 1
        hours = RETRY_HOURS if code in PASSING else min(2**tries, 24)
        self.sudo().write(
            {
                "archive_tries": tries,
                # Waiting for an authority is the normal way
                "archive_problem": False if code in PASSING else code,
                "archive_at": fields.Datetime.add(fields.Datetime.now(), hours=hours),
            }
        )

    @api.model
    def _record_archived(self, drafts):
        """Write entries for what was collected, all or none.

        :param dict drafts: document ids to ``Draft``.
        """
        with self.env.cr.savepoint():
            # What TTN has said something new about meanwhile is collected again
            documents = self.browse(drafts).filtered(
                lambda document: (
                    document.archive_at
                    and (document.state, document.reference or "")
                    == (drafts[document.id].state, drafts[document.id].reference)
                )
            )
            for (company, mode), group in documents.grouped(
                lambda document: (document.company_id, document.mode)
            ).items():
                self.env["l10n_tn_edi.archive.entry"]._append(
                    company,
                    mode,
                    [
                        {
                            "kind": "invoice",
                            "values": drafts[document.id].values,
                            "contents": drafts[document.id].contents,
                            "exchanges": drafts[document.id].exchanges,
                            "places": drafts[document.id].places,
                        }
                        for document in group
                    ],
                )
            documents.sudo().write({"archive_at": False, "archive_problem": False, "archive_tries": 0})
            self.env.flush_all()

    # --- What is collected -----------------------------------------------------------------------------------------

    def _archive_draft(self, proofs, digests):
        """Collect what proves a document.

        :param proofs: the run's ``Proofs``.
        :param dict digests: ids of exchanges to their SHA-256.
        :return: ``Draft``.
        :raise NotYet: when something is missing that may come.
        """
        self.ensure_one()
        document = self.sudo()
        signed, validated = document.signed_id.raw, document.ttn_xml_id.raw
        if not signed or hashlib.sha256(signed).hexdigest() != document.sha256:
            raise NotYet("archive.no_signed_file")
        accepted = document.state in ("accepted", "conflict")
        name = SAFE_NAME.sub("_", document.number).strip("_-")[:60] or str(document.id)
        contents = [("teif_signed", f"{name}.xml", "application/xml", signed)]
        if validated:
            contents.append(("teif_validated", f"{name}_TTN.xml", "application/xml", validated))
        # TTN has accepted it more than once: all of it is proof
        contents += [
            ("teif_validated", f"{name}_TTN_{place}.xml", "application/xml", rival.raw)
            for place, rival in enumerate(document.rival_xml_ids.sorted("id"), start=2)
        ]
        if accepted:
            contents.append(("pdf", f"{name}.pdf", "application/pdf", document._archive_pdf()))
        proof, lacks = document._archive_proof(validated or signed, proofs)
        if set(lacks) & PASSING and document._archive_may_wait():
            raise NotYet(next(code for code in lacks if code in PASSING))
        finished = document.exchange_ids.filtered("finished_at").sorted("id")
        values = {
            "document_id": document.id,
            "partner_id": document.partner_id.id,
            "document_number": document.number,
            "document_date": document.invoice_date,
            "type_code": document.type_code,
            "sender": document.sender,
            "receiver": document._archive_receiver(signed),
            "total": document._total_sent(),
            "currency": document.currency_id.name,
            "state": document.state,
            "ttn_reference": document.reference,
            "deposit_id": document.deposit_id,
            "user": document.create_uid.login,
            "lacks": lacks or False,
        }
        kept = [
            (self.env["l10n_tn_edi.archive.entry"]._record_file(*rest, data), data)
            for *rest, data in contents + proof
        ]
        return Draft(
            document.state,
            document.reference or "",
            values,
            kept,
            [
                records.ExchangeReference(
                    str(one.id), one.operation, one.started_at.replace(tzinfo=UTC), digests[one.id]
                )
                for one in finished
                if one.id in digests
            ],
            document._archive_places(kept),
        )

    def _archive_places(self, contents):
        """Write files to the company's object store, where it has one: before the database knows of them.

        :return: dict of SHA-256 (hex) to (key, version) in the store; empty for Odoo's own.
        :raise NotYet: when the store did not take them.
        """
        store, entries = self.env["l10n_tn_edi.archive.store"], self.env["l10n_tn_edi.archive.entry"]
        if not store._is_used(self.company_id):
            return {}
        today = self.env["l10n_tn_edi.exchange"]._database_now().replace(tzinfo=UTC).astimezone(TUNIS).date()
        # The day may end before the entry is written: a day more does no harm
        until = entries._retain_until(self.company_id, self.mode, self.invoice_date, today) + timedelta(
            days=1
        )
        folder = entries._archive_name(self.company_id, self.mode)
        try:
            return {
                file.sha256_hex: store._put(self.company_id, folder, data, until) for file, data in contents
            }
        except StoreError as error:
            raise NotYet(error.code) from None

    def _archive_may_wait(self):
        since = self.decided_at or self.create_date
        return since > fields.Datetime.subtract(fields.Datetime.now(), days=PROOF_DAYS)

    def _archive_receiver(self, signed):
        """:return: the customer's identifier as it stands in the signed document, or None."""
        try:
            return reader.read(parse_foreign_xml(signed)).receiver.value or None
        except ForeignXmlError:
            return None

    def _archive_pdf(self):
        """:return: bytes of the printed invoice with TTN's reference: the one that was sent, else a new print.

        :raise NotYet: when it can't be printed.
        """
        self.ensure_one()
        pdf = self.move_id.invoice_pdf_report_id.raw
        if not pdf:
            report = self.env["ir.actions.report"].with_company(self.company_id).sudo()
            pdf, _type = report._render_qweb_pdf(REPORT, self.move_id.ids)
        if not (pdf or b"").startswith(b"%PDF-"):
            raise NotYet("archive.no_pdf")
        return pdf

    def _archive_proof(self, data, proofs):
        """The certificates of those who signed, up to the root, and what their authorities say of them afterwards.

        :param bytes data: the signed document.
        :param proofs: the run's ``Proofs``.
        :return: (list of (role, name, media type, bytes), list of codes of what could not be had).
        """
        self.ensure_one()
        try:
            reports = verify.verify_tolerant(parse_foreign_xml(data))
        except ForeignXmlError:
            return [], ["archive.unreadable"]
        together = [der for report in reports for der in report.chain]
        found, answers, lacks = {}, {}, []
        for report in reports:
            if not report.signer_der:
                continue
            at = report.signing_time or self.signed_at.replace(tzinfo=UTC)
            chain = self._archive_chain(report.signer_der, together, at)
            found.update(dict.fromkeys(chain))
            if not certificates.describe(chain[-1]).self_issued:
                lacks.append("trust.no_anchor")
            # Of the root nobody but itself could say anything
            for place in range(len(chain) - 1):
                status, answer, problem = proofs.about(chain[place:], at)
                if problem:
                    lacks.append(problem)
                else:
                    answers[answer] = status.source
        files = [
            ("certificate", f"certificate_{number}.cer", "application/pkix-cert", der)
            for number, der in enumerate(found, start=1)
        ]
        for number, (answer, source) in enumerate(answers.items(), start=1):
            extension, media_type = KINDS[source]
            files.append(("revocation", f"revocation_{number}.{extension}", media_type, answer))
        return files, sorted(set(lacks))

    def _archive_chain(self, signer, together, at):
        """:return: DER certificates from ``signer`` up, as far as they are known."""
        path = self.env["l10n_tn_edi.trust.anchor"]._path(signer, together, at)
        if path is None or not path.anchored:
            own = self.certificate_id._chain() if self.certificate_id else []
            path = trust.build_path(signer, [*together, *own], [], at)
        return path.chain


class L10nTnEdiArchiveEntry(models.Model):
    _inherit = "l10n_tn_edi.archive.entry"

    @api.model
    def _record_file(self, role, name, media_type, data):
        """:return: ``archive.record.File`` that describes ``data``."""
        return records.File(role, name, media_type, len(data), hashlib.sha256(data).hexdigest())


class L10nTnEdiExchange(models.Model):
    _inherit = "l10n_tn_edi.exchange"

    def _archive_digests(self):
        """What a record of the archive says of exchanges, which stay where they are.

        :return: dict of id to SHA-256 in hexadecimal, of the canonical JSON of what was called and the hashes of what was
            sent and came. Exchanges without an answer are left out.
        """
        finished = self.sudo().filtered("finished_at")
        files = {
            (attachment.res_id, attachment.res_field): attachment
            for attachment in self.env["ir.attachment"]
            .sudo()
            .search(
                [
                    ("res_model", "=", self._name),
                    ("res_id", "in", finished.ids),
                    ("res_field", "in", ("request_file", "response_file")),
                ]
            )
        }
        finished.fetch(["request_text", "response_text"])
        result = {}
        for exchange in finished:
            bodies = {}
            for part in ("request", "response"):
                text, file = exchange[f"{part}_text"], files.get((exchange.id, f"{part}_file"))
                body = text.encode() if text else (file.raw if file else b"")
                bodies[part] = hashlib.sha256(body).hexdigest() if body else None
            told = {
                "id": exchange.id,
                "operation": exchange.operation,
                "started_at": fields.Datetime.to_string(exchange.started_at),
                "finished_at": fields.Datetime.to_string(exchange.finished_at),
                "account": exchange.account or None,
                "sent": exchange.sha256 or None,
                "answer": exchange.answer_class or None,
                "deposit": exchange.deposit_id or None,
                **bodies,
            }
            result[exchange.id] = hashlib.sha256(jcs.dumps(told)).hexdigest()
        return result
