"""Named points at which a worker ends or stops, switched by the environment. The addon itself knows nothing of them.

``EDI_PROBE_FAIL=POINT:SHARE:ACTION``, several separated by commas. Points: ``commit`` (before one), ``committed`` (after one),
``connect``, ``sent`` (the body has left), ``answer`` (it was read). Action: ``kill`` or ``stop`` (SIGKILL, SIGSTOP).
``EDI_PROBE_SECONDS=LEASE:CALL``: shorter lease and calls, so that a test need not wait for minutes.
"""

import os
import random
import signal

ACTIONS = {"kill": signal.SIGKILL, "stop": signal.SIGSTOP}


class Failpoints:
    """:param str text: see above."""

    def __init__(self, text):
        self.points = {}
        for item in filter(None, text.split(",")):
            point, share, action = item.split(":")
            self.points.setdefault(point, []).append((float(share), ACTIONS[action]))

    def at(self, point):
        """End or stop the process here, by chance."""
        for share, number in self.points.get(point, ()):
            if random.random() < share:
                os.kill(os.getpid(), number)


def _around(owner, name, before=None, after=None):
    original = getattr(owner, name)

    def method(self, *args, **kwargs):
        if before:
            before()
        result = original(self, *args, **kwargs)
        if after:
            after()
        return result

    setattr(owner, name, method)


def install(points):
    from odoo.addons.l10n_tn_edi_ttn.elfatoora import wire
    from odoo.addons.l10n_tn_edi_ttn.models.l10n_tn_edi_document_queue import L10nTnEdiDocument

    _around(
        L10nTnEdiDocument, "_commit", before=lambda: points.at("commit"), after=lambda: points.at("committed")
    )
    _around(wire.OnceAdapter, "_connect", before=lambda: points.at("connect"))
    _around(wire._BoundedSocket, "sendall", after=lambda: points.at("sent"))
    _around(wire.OnceAdapter, "_talk", after=lambda: points.at("answer"))


def shorten(lease, call):
    from odoo.addons.l10n_tn_edi_ttn.elfatoora import client
    from odoo.addons.l10n_tn_edi_ttn.models import (
        l10n_tn_edi_account_sweep,
        l10n_tn_edi_document_deposit,
        l10n_tn_edi_document_follow,
        l10n_tn_edi_document_queue,
        l10n_tn_edi_gateway,
    )

    for module in (
        l10n_tn_edi_account_sweep,
        l10n_tn_edi_document_deposit,
        l10n_tn_edi_document_follow,
        l10n_tn_edi_document_queue,
    ):
        for name, value in (("LEASE_SECONDS", lease), ("CALL_SECONDS", call)):
            if hasattr(module, name):
                setattr(module, name, value)
    l10n_tn_edi_gateway.Limits = lambda: client.Limits(connect=call / 2, read=call, total=call)


if os.environ.get("EDI_PROBE_FAIL"):
    install(Failpoints(os.environ["EDI_PROBE_FAIL"]))
if os.environ.get("EDI_PROBE_SECONDS"):
    shorten(*(int(part) for part in os.environ["EDI_PROBE_SECONDS"].split(":")))
