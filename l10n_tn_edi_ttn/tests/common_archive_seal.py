"""An archive with days that are sealed, without the way of each document through TTN."""

import base64
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from unittest.mock import patch

from odoo import fields

from ..models.l10n_tn_edi_archive_entry import TUNIS
from .common_archive import TnEdiArchiveCommon


class TnEdiSealCommon(TnEdiArchiveCommon):
    """A company with a time-stamp service, and a clock of the database that moves.

    Entries are appended as archiving does it, with contents of the test's own: what is sealed is bytes.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.sudo().l10n_tn_edi_tsa_url = cls.sandbox.info["tsa"]
        cls.seals = cls.entries.env["l10n_tn_edi.archive.seal"]
        cls.account = cls.entries.env["l10n_tn_edi.account"]._of(cls.company, "test")
        pem = Path(cls.sandbox.info["anchors_file"]).read_bytes()
        cls.anchor = cls.entries.env["l10n_tn_edi.trust.anchor"].create(
            {"name": "Sandbox", "certificate": base64.b64encode(pem)}
        )

    def setUp(self):
        super().setUp()
        self.sandbox.settings(tsa="ok")
        self.addCleanup(self.sandbox.settings, tsa="ok")
        self.addCleanup(self.sandbox.advance_clock, 0)

    @contextmanager
    def days_later(self, days, hours=1):
        """The database's clock, and that of the time-stamp service, ``days`` after today in Tunis at ``hours`` (UTC)."""
        real = fields.Datetime.now()
        today = real.replace(tzinfo=UTC).astimezone(TUNIS).date()
        now = datetime.combine(today + timedelta(days=days), time(hours))
        self.sandbox.advance_clock(0)
        self.sandbox.advance_clock(int((now - real).total_seconds()))
        exchange = self.env.registry["l10n_tn_edi.exchange"]
        with patch.object(exchange, "_database_now", lambda _self: now):
            yield

    def draft(self, number, size=200):
        """What ``_append`` takes: an invoice with two files."""
        contents = []
        for role, name, media_type in (
            ("certificate", "certificate.cer", "application/pkix-cert"),
            ("pdf", "invoice.pdf", "application/pdf"),
        ):
            data = f"{name} {number} ".encode() * (size // 10)
            contents.append((self.entries._record_file(role, name, media_type, data), data))
        return {
            "kind": "invoice",
            "values": {
                "document_number": f"FE-2026-{number:05d}",
                "document_date": date(2026, 3, 1) + timedelta(days=number % 28),
                "partner_id": self.customer.id,
                "type_code": "I-11",
                "sender": "1234567RAM000",
                "receiver": "7654321CAM000",
                "total": Decimal("119.600"),
                "currency": "TND",
                "state": "accepted",
                "ttn_reference": f"TTN{number:08d}",
                "user": "comptable",
            },
            "contents": contents,
        }

    def append(self, count=1, mode="test"):
        """:return: so many new entries."""
        last = self.entries._last_number(self.company, mode)
        drafts = [self.draft(last + number) for number in range(1, count + 1)]
        return self.entries._append(self.company, mode, drafts)

    def seal(self, days=1, hours=1):
        """Run the scheduled action ``days`` later. Gives the newest seal."""
        with self.days_later(days, hours):
            self.seals._cron_seal()
        return self.seals._last(self.company, "test")

    def sealed_days(self, *counts):
        """Archive and seal days with so many entries each. Gives the seals, oldest first."""
        for day, count in enumerate(counts):
            with self.days_later(day, hours=9):
                self.append(count)
            self.seal(day + 1)
        return self.seals.search([("company_id", "=", self.company.id)], order="sequence")

    def check(self, steps=100):
        """:return: a finished integrity run, made in steps of so many entries."""
        checks = self.entries.env["l10n_tn_edi.archive.check"]
        check = checks._begin(self.company, "test")
        while check.state == "running":
            check._step(steps)
        return check

    def entry(self, number):
        return self.entries.search([("company_id", "=", self.company.id), ("number", "=", number)])

    def change(self, query, *values):
        """Change the database as its owner can."""
        self.entries.env.flush_all()
        self.opened(self.entries, query, *values)
        self.entries.env.invalidate_all()
