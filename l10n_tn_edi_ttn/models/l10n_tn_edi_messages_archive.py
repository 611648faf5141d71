from odoo import api, models


class L10nTnEdiMessages(models.AbstractModel):
    """Sentences of what hinders the archive, or what an entry of it lacks."""

    _inherit = "l10n_tn_edi.messages"

    @api.model
    def _way_catalogue(self):
        # EXTENDS 'l10n_tn_edi_ttn'
        return {
            **super()._way_catalogue(),
            "archive.unexpected": lambda p: self.env._(
                "It could not be archived for a reason that nobody foresaw; the server's log names it. It is tried again."
            ),
            "archive.busy": lambda p: self.env._(
                "Others were changing it. It is archived with the next run."
            ),
            "archive.no_signed_file": lambda p: self.env._(
                "The signed TEIF is missing in the file store, or is no longer what was signed. Restore it from a backup."
            ),
            "archive.no_pdf": lambda p: self.env._(
                "The invoice could not be printed. Look whether wkhtmltopdf works on the server."
            ),
            "archive.unreadable": lambda p: self.env._("The signatures in the file could not be read."),
            "store.no_botocore": lambda p: self.env._(
                "An object store needs the Python package botocore at the server (pip install botocore)."
            ),
            "store.incomplete": lambda p: self.env._(
                "Address, access key or secret key of the object store are missing in the settings."
            ),
            "store.unreachable": lambda p: self.env._("The object store could not be reached."),
            "store.refused": lambda p: self.env._(
                "The object store refused (HTTP %(status)s): look at the keys, the bucket, and its object lock.",
                status=p["status"],
            ),
            "store.no_lock": lambda p: self.env._(
                "The bucket has no versions or no object lock: what is written there could be deleted at once."
            ),
            "revocation.early": lambda p: self.env._(
                "The authority's last answer about revocation is older than the signature."
            ),
        }


class L10nTnEdiAccount(models.Model):
    _inherit = "l10n_tn_edi.account"

    def _attention(self):
        # EXTENDS 'l10n_tn_edi_ttn'
        found = super()._attention()
        domain = [("archive_problem", "!=", False)]
        return found + self._counted(self.env._("Could not be archived yet"), domain)
