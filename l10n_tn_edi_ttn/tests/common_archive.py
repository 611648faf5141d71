"""Documents that are accepted and archived, without making a PDF of each."""

import time
from unittest.mock import patch

from odoo import fields

from .common_flow import TnEdiFlowCommon

PDF = b"%PDF-1.7 stands for a print\n"


class TnEdiArchiveCommon(TnEdiFlowCommon):
    """Prints take a second: only the test about them makes one."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.startClassPatcher(
            patch.object(cls.env.registry["l10n_tn_edi.document"], "_archive_pdf", lambda document: PDF)
        )
        cls.entries = cls.documents.env["l10n_tn_edi.archive.entry"]

    def archive(self, *documents):
        """Run the scheduled action with the documents due.

        :return: the entries of the documents, by number.
        """
        asked = documents = self.documents.union(*documents)
        for _second in range(3):
            documents.archive_at = fields.Datetime.subtract(fields.Datetime.now(), minutes=1)
            self.documents._cron_archive()
            waiting = documents.filtered(lambda one: one.archive_at and not one.archive_problem)
            if not waiting:
                break
            time.sleep(1)  # an authority's answer of the very second of the signature is not younger
            documents = waiting
        return asked.archive_entry_ids.sorted("number")

    def archived(self, count=1):
        """:return: entries of new accepted documents."""
        return self.archive(*(self.accept() for _number in range(count)))

    def production(self, entries):
        """As if the entries were of production: their term is the law's."""
        self.opened(
            entries,
            "UPDATE l10n_tn_edi_archive_entry SET mode = 'production', retain_until = '2036-12-31' WHERE id = ANY(%s)",
            entries.ids,
        )

    def opened(self, entries, query, *values):
        """Do with the archive what nobody may, as a migration does."""
        opening = self.entries.env["l10n_tn_edi.archive.opening"]
        opening._open("migration", "test")
        self.entries.env.cr.execute(query, values)
        opening._close()
        entries.invalidate_recordset(flush=False)
