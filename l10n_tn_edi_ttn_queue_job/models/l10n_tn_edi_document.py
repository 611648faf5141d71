from odoo import SUPERUSER_ID, api, fields, models

# The documents that a job is about; the steps of a run look at no others.
JOB = "l10n_tn_edi_job"
PAUSE_SECONDS = 2
# What jobs do instead of scheduled actions
KINDS = ("submit", "follow")


class L10nTnEdiDocument(models.Model):
    """Each document is a job of its own instead of waking a scheduled action.

    A job claims as a scheduled action does, row by row, and commits before it calls: both may run at once. The scheduled
    actions stay as the net: they find what a lost job left behind, and attempts whose lease is over.
    """

    _inherit = "l10n_tn_edi.document"

    def _job_step(self):
        """Do what is due for one document, then make the job of its next step."""
        document = self.with_context(**{JOB: self.ids})
        document._run_lane("submit")
        document._run_lane("follow")
        self._end_snapshot()
        # What could not be done now (another worker has it) is not tried again at once.
        self._make_jobs(fields.Datetime.add(fields.Datetime.now(), seconds=PAUSE_SECONDS))

    def _make_jobs(self, earliest=None):
        """Make a job for each document that has a next step, at its time; one that waits already is enough.

        :param datetime earliest: naive UTC, no job begins before.
        """
        # As the scheduled actions, whoever posted the invoice.
        for document in self.with_user(SUPERUSER_ID).exists():
            if document.next_at and not document.hold:
                at = max(document.next_at, earliest or document.next_at)
                document.with_delay(
                    eta=at,
                    identity_key=f"l10n_tn_edi.document-{document.id}-{fields.Datetime.to_string(at)}",
                    description=document.number or document.move_id.display_name,
                    max_retries=1,
                )._job_step()

    # --- Instead of scheduled actions ------------------------------------------------------------------------------

    @api.model
    def _wake_lane(self, kind, at=None):
        if kind not in KINDS:
            return super()._wake_lane(kind, at)
        due = self.filtered("next_at")
        due._make_jobs()
        # Without certain documents, or for some that have no time of their own, a scheduled action looks.
        done = due == self if self else JOB in self.env.context
        return None if done else super()._wake_lane(kind, at)

    @api.model
    def _wake_at(self, kind, step):
        return None if JOB in self.env.context else super()._wake_at(kind, step)

    @api.model
    def _wake_other_lanes(self, run):
        return None if JOB in self.env.context else super()._wake_other_lanes(run)

    @api.model
    def _wait_for_verdicts(self, run):
        # The job of the next step is due in seconds.
        return JOB not in self.env.context and super()._wait_for_verdicts(run)

    # --- Its own document only -------------------------------------------------------------------------------------

    @api.model
    def _due_domain(self, step):
        domain = super()._due_domain(step)
        chosen = self.env.context.get(JOB)
        return domain if chosen is None else [("id", "in", chosen), *domain]
