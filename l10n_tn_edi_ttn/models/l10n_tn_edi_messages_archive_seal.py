from odoo import api, models


class L10nTnEdiMessages(models.AbstractModel):
    """Sentences about the archive's seals, time-stamps, integrity runs and exports."""

    _inherit = "l10n_tn_edi.messages"

    @api.model
    def _way_catalogue(self):
        return {
            **super()._way_catalogue(),
            **self._archive_seal_catalogue(),
            **self._archive_check_catalogue(),
            **self._archive_export_catalogue(),
        }

    @api.model
    def _archive_seal_catalogue(self):
        return {
            "archive.unsigned_no_provider": lambda p: self.env._(
                "%(company)s has no signature provider: the archive is sealed with a time-stamp alone. Choose a provider in the "
                "settings; the next signed seal covers the days before.",
                company=p["company"],
            ),
            "archive.not_sealed": lambda p: self.env._(
                "The archive of %(company)s could not be sealed; it is tried again every hour. The administrator finds the "
                "reason in the server's log.",
                company=p["company"],
            ),
            "archive.hashes_old": lambda p: self.env._(
                "The archive's hash algorithm grows old and no other one that is known here is trusted for longer: the "
                "module has to be updated."
            ),
            "tsa.missing": lambda p: self.env._(
                "%(company)s has no time-stamp service: nobody certifies when the archive was sealed. Enter its address in the "
                "settings.",
                company=p["company"],
            ),
            "tsa.unreachable": lambda p: self.env._(
                "The time-stamp service cannot be reached; it is asked again every hour."
            ),
            "tsa.status": lambda p: self.env._(
                "The time-stamp service answers with status %(status)s instead of a time-stamp. Check its address, login and "
                "password.",
                status=p["status"],
            ),
        }

    @api.model
    def _archive_check_catalogue(self):
        return {
            "archive.broken": lambda p: self.env._(
                "The archive was changed. %(sentence)s", sentence=p["sentence"]
            ),
            "archive.entry_missing": lambda p: self.env._(
                "Entry %(number)s of the archive is missing.", number=p["number"]
            ),
            "archive.entry_added": lambda p: self.env._(
                "Entry %(number)s was added to the archive beside the numbering.", number=p["number"]
            ),
            "archive.record_changed": lambda p: self.env._(
                "The record of entry %(number)s was changed.", number=p["number"]
            ),
            "archive.column_changed": lambda p: self.env._(
                "Entry %(number)s shows another %(column)s than its record.",
                number=p["number"],
                column=p["column"],
            ),
            "archive.file_missing": lambda p: self.env._(
                "The file %(file)s of entry %(number)s is missing.", file=p["file"], number=p["number"]
            ),
            "archive.file_changed": lambda p: self.env._(
                "The file %(file)s of entry %(number)s was changed.", file=p["file"], number=p["number"]
            ),
            "archive.file_added": lambda p: self.env._(
                "The file %(file)s was added to entry %(number)s.", file=p["file"], number=p["number"]
            ),
            "archive.deletion_unexplained": lambda p: self.env._(
                "Entry %(number)s was emptied without a deletion that names it.", number=p["number"]
            ),
            "archive.rehash_changed": lambda p: self.env._(
                "Entry %(number)s does not fit the hash tree that was made with another algorithm: its record, a file or the "
                "time-stamp was changed.",
                number=p["number"],
            ),
            "archive.seal_missing": lambda p: self.env._(
                "Seal %(sequence)s of the archive is missing.", sequence=p["sequence"]
            ),
            "archive.seal_changed": lambda p: self.env._(
                "Seal %(sequence)s of the archive (%(day)s) was changed.",
                sequence=p["sequence"],
                day=p["day"],
            ),
            "archive.seal_signature": lambda p: self.env._(
                "The signature of seal %(sequence)s (%(day)s) does not hold: %(reason)s",
                sequence=p["sequence"],
                day=p["day"],
                reason=p["reason"],
            ),
            "archive.stamp_changed": lambda p: self.env._(
                "The time-stamp of seal %(sequence)s (%(day)s) does not hold: %(reason)s",
                sequence=p["sequence"],
                day=p["day"],
                reason=p["reason"],
            ),
            "archive.chain_rewritten": lambda p: self.env._(
                "Seal %(sequence)s is another one than at the last run: the chain was made anew.",
                sequence=p["sequence"],
            ),
        }

    @api.model
    def _archive_export_catalogue(self):
        return {
            "export.not_clean": lambda p: self.env._(
                "The file was written, and the verifier found something in it: %(reason)s Start an integrity run.",
                reason=p["reason"],
            ),
            "export.not_checked": lambda p: self.env._(
                "The file was written. It is too large to be checked within the time that the server gives a scheduled action: "
                "check it with bin/teif-archive."
            ),
            "export.documents_not_checked": lambda p: self.env._(
                "The file was written and its seals, records and files are intact. The signatures inside of the invoices are too "
                "many to be checked within the time that the server gives a scheduled action: check them with bin/teif-archive."
            ),
            "export.failed": lambda p: self.env._(
                "The export could not go on. Start it again; the administrator finds the reason in the server's log."
            ),
        }
