import base64
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from odoo import api, fields, models

from ..elfatoora import cev, facts
from .l10n_tn_edi_document import BEFORE_CLAIM, HEAD_START_SECONDS
from .l10n_tn_edi_document_prepare import ORIGINAL_PENDING
from .l10n_tn_edi_exchange import moment_of, seconds_of


class L10nTnEdiDocument(models.Model):
    """What becomes of a document by what TTN shows: its new state, TTN's own file, and what waited for it."""

    _inherit = "l10n_tn_edi.document"

    def _apply_verdict(self, decision, history, recording):
        """Write a decision about what TTN shows.

        :param decision: ``decisions.Decision``.
        :param history: the ``decisions.History`` it was made of.
        :param recording: the ``Recording`` of the transaction.
        """
        self.ensure_one()
        values = {
            **self._situation_told(decision),
            "poll_count": self.poll_count + 1,
            "next_at": self._in(decision.retry_in, recording.now),
            "ask_first": facts.ASK_FIRST in decision.flags,
        }
        if decision.code == "ask.absent_confirmed":
            # What TTN has just said of a document is soon out of date: it would have to be asked again.
            values["next_at"] = self._in(-HEAD_START_SECONDS, recording.now)
        if decision.absent:
            values["absences"] = [*history.absences, history.now]
        elif decision.absent is False:
            values["absences"] = False
        if facts.VISIBLE in decision.flags:
            values["last_seen_at"] = moment_of(history.now)
            if not self.first_seen_at:
                values.update(self._first_sight(history))
        if decision.deposit_id and not self.deposit_id and decision.state != "to_decide":
            values.update(
                deposit_id=str(decision.deposit_id), submitted_at=self.submitted_at or self._last_attempt_at()
            )
        if decision.seen and decision.seen.any_reference:
            values["total_ttn"] = self._total_at_ttn(decision.seen)
        if decision.state == facts.RELEASED:
            values["findings"] = False
        if facts.RESEND in decision.flags:
            values.update(resent=True, ask_first=True)
        news = decision.state in ("accepted", "conflict") and (
            not self.reference or self._proves_more(decision)
        )
        if news:
            values.update(self._acceptance(decision, recording))
        elif decision.state == "rejected":
            values.update(
                # A refusal at once leaves nothing to show at TTN: its words stay.
                rejections=self._rejections(decision) or self.rejections,
                decided_at=self.decided_at or fields.Datetime.now(),
            )
        before = self.state
        if not self._set_state_unless_taken(decision, values, recording):
            return
        self._keep_rivals(decision)
        if facts.WITNESS in decision.flags:
            self._ask_about_later()
        if decision.state == "rejected" and decision.code != "ask.no_answer":
            self._after_answer_about_replaced()
        if not news:
            return
        self._keep_ttn_document(decision, recording)
        if before == "rejected" or not self.live:
            self._tell_replacing()
        if self.live:
            recording.accepted += self
        else:
            self._after_late_acceptance()

    def _note_told(self, decision, recording):
        """Remember what the responsible must know of TTN's answer, whatever became of the document.

        :param decision: ``decisions.Decision``.
        :param recording: the ``Recording`` of the transaction.
        """
        self.ensure_one()
        if not decision.told:
            return
        account = self.env["l10n_tn_edi.account"]._of(self.company_id, self.mode)
        looked_at = {*(account.cleared or ())}
        items = account._items_of(decision.told)
        recording.told.setdefault(account, []).extend(
            item for item in items if item["deposit"] not in looked_at
        )

    def _total_at_ttn(self, seen):
        """The total that TTN shows: one that is not ours before one that is.

        In what currency TTN lists the amounts of an invoice abroad is not known: there the document alone speaks.

        :param seen: ``facts.Seen`` with a reference.
        :return: str, as ``total``, or False.
        """
        ours, shown = self._total_sent(), [seen.total]
        if self.currency_id == self.company_id.currency_id:
            shown.append(seen.deposit.amount_tax)
        shown = [total for total in shown if total is not None]
        return str(next((total for total in shown if total != ours), ours)) if shown else False

    def _situation_told(self, decision):
        """:return: values that say why; those of the document when the answer says nothing new."""
        self.ensure_one()
        if facts.SAME_REASON in decision.flags:
            return {"reason_code": self.reason_code, "reason_params": self.reason_params}
        return self._situation(decision)

    def _first_sight(self, history):
        """:return: values of a document that TTN shows for the first time."""
        self.ensure_one()
        values = {"first_seen_at": fields.Datetime.now()}
        if not self.poll_count:
            return values
        # Only what an answer before did not show yet: when TTN was not asked, or did not answer, it was not slow.
        attempt = self._saves()[:1]
        answers = self.sudo().exchange_ids.filtered(
            lambda e: e.operation == "consult" and e.answer_class == "answered" and e.id > attempt.id
        )
        # Of a deposit whose answer was lost, the attempt alone tells when it was made.
        tried_at = attempt.started_at or self.submitted_at
        if tried_at and len(answers) > 1:  # the one that shows it is among them
            values["visibility_delay"] = history.now - seconds_of(tried_at)
        return values

    def _ask_about_later(self):
        """All that this absence lacks is a later deposit in TTN's view: the newest that was shown before is asked about."""
        self.ensure_one()
        tried_until = self.lease_until or self.submitted_at
        later = tried_until and self.sudo().search(
            [
                ("mode", "=", self.mode),
                ("sender", "=", self.sender),
                ("id", "!=", self.id),
                ("last_seen_at", ">", tried_until),
                ("submitted_at", ">", tried_until),
                ("state", "in", ("submitted", "accepted", "rejected", "conflict")),
            ],
            order="last_seen_at desc",
            limit=1,
        )
        due_already = later and later.next_at and later.next_at <= self._now()
        if later and not due_already and later.try_lock_for_update():
            later._schedule()

    def _proves_more(self, decision):
        """:return: whether TTN's document, or its proof, comes only now for an acceptance that is known already."""
        if decision.state != "accepted" or not decision.seen:
            return False
        return (not self.ttn_xml_id and bool(decision.seen.reference)) or (
            self.unproved and facts.UNPROVED not in decision.flags
        )

    def _acceptance(self, decision, recording):
        """:return: values of an accepted document: TTN's reference and its date."""
        self.ensure_one()
        given = recording.references.get(self._shown_content(decision))
        return {
            "reference": decision.reference,
            "unproved": facts.UNPROVED in decision.flags,
            "decided_at": self.decided_at or fields.Datetime.now(),
            **({"reference_date": self._utc(given.dates[0].value if given.dates else None)} if given else {}),
        }

    @api.model
    def _shown_content(self, decision):
        """:return: bytes of the document with TTN's reference that a decision was made of; empty when there is none."""
        return decision.seen.deposit.content if decision.seen and decision.seen.reference else b""

    def _keep_ttn_document(self, decision, recording):
        """Keep TTN's file byte for byte, and the picture of its QR code."""
        self.ensure_one()
        content = self._shown_content(decision)
        if not content or content == self.ttn_xml_id.raw:
            return
        name = f"{self.number.replace('/', '_')}_TTN.xml"
        given = recording.references.get(content)
        image = cev.image(given.cev) if given else b""
        if self.ttn_xml_id and image:
            self.sudo().cev = base64.b64encode(image)  # another file came before: it gives up its place
        elif image:
            recording.files.add(self, "cev", image, mimetype="image/png")
        recording.files.add(
            self, "ttn_xml_id", content, name=name, mimetype="application/xml", owner=self.move_id
        )

    def _keep_rivals(self, decision):
        """Of a conflict everything that TTN accepted is kept: the documents of the other references, once each."""
        self.ensure_one()
        for seen in decision.acceptances:
            name = f"{self.number}_TTN_{seen.any_reference}.xml".replace("/", "_")
            mine = seen.any_reference == self.reference
            if mine or not seen.reference or name in self.sudo().rival_xml_ids.mapped("name"):
                continue
            attachment = (
                self.env["ir.attachment"]
                .sudo()
                .create(
                    {
                        "name": name,
                        "raw": seen.deposit.content,
                        "mimetype": "application/xml",
                        "res_model": "account.move",
                        "res_id": self.move_id.id,
                    }
                )
            )
            self.sudo().rival_xml_ids += attachment

    @api.model
    def _utc(self, moment):
        """:param moment: what stands in TTN's I-37 date: a moment in Tunis, or something unreadable.
        :return: naive UTC datetime, or False.
        """
        if not isinstance(moment, datetime):
            return False
        return moment.replace(tzinfo=ZoneInfo("Africa/Tunis")).astimezone(UTC).replace(tzinfo=None)

    def _after_late_acceptance(self):
        """TTN has accepted a document that the invoice had left behind after a rejection: a human has to know."""
        self.ensure_one()
        current = self.move_id.sudo().l10n_tn_edi_document_id
        if current.live and current.state in BEFORE_CLAIM:
            current._set_state(
                current.state,
                hold=True,
                reason_code="ask.earlier_accepted",
                reason_params={"reference": self.reference},
            )
        self._warn_about(
            self.move_id,
            lambda env: (
                env._("TTN accepted what it had rejected"),
                env._(
                    "TTN has accepted the earlier document %(number)s under reference %(reference)s. Do not deposit the invoice "
                    "again; if it was changed since, correct it with a credit note.",
                    number=self.number,
                    reference=self.reference,
                ),
            ),
        )

    def _after_acceptance(self):
        """What waited for TTN may go on: the print is made anew, credit notes go out, the kept e-mail leaves."""
        if not self:
            return
        moves = self.move_id.sudo()
        printed = moves.filtered("invoice_pdf_report_id")
        # Without reference and QR code it is not the final form; it stays among the files, the next print is new.
        printed.invoice_pdf_report_id.res_field = False
        printed.invalidate_recordset(["invoice_pdf_report_id", "invoice_pdf_report_file"])
        waiting = self.sudo().search(
            [
                ("state", "=", "to_send"),
                ("live", "=", True),
                ("reason_code", "=", ORIGINAL_PENDING),
                ("move_id", "any", moves._l10n_tn_edi_citing_domain()),
            ]
        )
        if waiting:
            waiting._schedule()
        moves._action_invoice_ready_to_be_sent()
        if any(document.held_mail for document in self):
            self._wake_lane("send_held_mail")
