"""One rule of the protocol switched off, to prove that the chaos test would notice: ``EDI_PROBE_MUTATION=NAME``."""

import os
from dataclasses import replace
from datetime import timedelta


def _no_claim_commit():
    """The call is made although the commit of its attempt did not succeed."""
    from odoo.addons.l10n_tn_edi_ttn.models.l10n_tn_edi_document_queue import L10nTnEdiDocument

    original, commit = L10nTnEdiDocument._claim_due, L10nTnEdiDocument._commit

    def claim_due(self, step, limit, work):
        def claim(documents):
            result = work(documents)
            if result:
                L10nTnEdiDocument._commit = lambda self: self.env.cr.rollback()
            return result

        try:
            return original(self, step, limit, claim)
        finally:
            L10nTnEdiDocument._commit = commit

    L10nTnEdiDocument._claim_due = claim_due


def _no_ask():
    """What may have been sent is sent again without asking, neither after the answer nor before the next deposit."""
    from odoo.addons.l10n_tn_edi_ttn.elfatoora import decisions
    from odoo.addons.l10n_tn_edi_ttn.models.l10n_tn_edi_document_queue_gate import L10nTnEdiDocument

    L10nTnEdiDocument._must_be_asked_about = lambda *_arguments: False

    for name in ("lease_expired", "after_save"):
        original = getattr(decisions, name)

        def decide(*args, original=original, **kwargs):
            decision = original(*args, **kwargs)
            return (
                replace(decision, state="signed", retry_in=0.0) if decision.state == "unknown" else decision
            )

        setattr(decisions, name, decide)


def _no_window():
    """Three answers without the deposit are enough to call it absent, however soon they come."""
    from odoo.addons.l10n_tn_edi_ttn.elfatoora import decisions

    decisions._window = lambda history: 0.0


def _no_lease():
    """An attempt counts as lost at once, while its call is still on its way."""
    from odoo.addons.l10n_tn_edi_ttn.models import l10n_tn_edi_document_deposit as deposit

    original = deposit.L10nTnEdiDocument._claim

    def claim(self, clients, taken, now):
        values = original(self, clients, taken, now)
        if not values:
            return values
        over = now - timedelta(hours=1)
        self.sudo().write({"lease_until": over, "next_at": over})
        return {**values, "lease_until": over}

    deposit.L10nTnEdiDocument._claim = claim
    # The call itself gets all the time it wants.
    deposit.LEASE_SECONDS = 600


def _no_signature():
    """Whatever TTN shows under our number is ours."""
    from odoo.addons.l10n_tn_edi_ttn.elfatoora import consulted

    consulted.kind_of = lambda sent, seen: "ours" if seen.number == sent.number else "other"


def _no_comparison():
    """Whatever TTN accepts under our SignatureValue is what we sent: EMPRUNT, number, sender and total are not compared."""
    from odoo.addons.l10n_tn_edi_ttn.elfatoora import consulted

    consulted.acceptance_mismatches.__code__ = (lambda sent, seen: ()).__code__


if os.environ.get("EDI_PROBE_MUTATION"):
    globals()[f"_no_{os.environ['EDI_PROBE_MUTATION']}"]()
