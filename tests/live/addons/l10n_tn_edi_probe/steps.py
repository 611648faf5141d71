"""Processor time by step of the queue, for measurements; counts only, changes nothing.

Every step's own time is that of the thread that runs it, without the steps inside it.
"""

import threading
import time
from collections import Counter

seconds = Counter()
_local = threading.local()
_lock = threading.Lock()


def timed(name, method):
    """:return: ``method``, whose own processor time is added to ``seconds[name]``."""

    def run(*args, **kwargs):
        outer = getattr(_local, "inner", 0.0)
        _local.inner = 0.0
        began = time.thread_time()
        try:
            return method(*args, **kwargs)
        finally:
            whole = time.thread_time() - began
            with _lock:
                seconds[name] += whole - _local.inner
            _local.inner = outer + whole

    return run


def install():
    """Put the clock around the steps."""
    from odoo.addons.l10n_tn_edi_ttn.elfatoora.client import ElFatooraClient
    from odoo.addons.l10n_tn_edi_ttn.models import (
        l10n_tn_edi_document_deposit,
        l10n_tn_edi_document_follow,
        l10n_tn_edi_document_lanes,
        l10n_tn_edi_document_prepare,
        l10n_tn_edi_document_queue,
        l10n_tn_edi_document_sign,
    )

    for step, owner, name in (
        ("other", l10n_tn_edi_document_lanes.L10nTnEdiDocument, "_run_lane"),
        ("prepare", l10n_tn_edi_document_prepare.L10nTnEdiDocument, "_prepare_batch"),
        ("build", l10n_tn_edi_document_prepare.L10nTnEdiDocument, "_build"),
        ("sign", l10n_tn_edi_document_sign.L10nTnEdiDocument, "_sign_batch"),
        ("claim", l10n_tn_edi_document_deposit.L10nTnEdiDocument, "_claim_deposits_due"),
        ("claim", l10n_tn_edi_document_follow.L10nTnEdiDocument, "_claim_questions_due"),
        ("call", ElFatooraClient, "_call"),
        ("answer", l10n_tn_edi_document_queue.L10nTnEdiDocument, "_write_answers"),
    ):
        setattr(owner, name, timed(step, getattr(owner, name)))
