"""Named points at which a worker dies or stands still. The addon itself knows nothing of them.

``EDI_PROBE_FAIL=FOLDER``: a file ``POINT.kill`` or ``POINT.stop`` in that folder is a trap: the first process that passes the
point takes it (renames it to ``POINT.ACTION.PID``) and gets SIGKILL or SIGSTOP, once. A file ``WORK.fail`` lets the work of that
name fail as it begins, once.
``EDI_PROBE_SECONDS=LEASE:CALL``: shorter lease and calls, so that a test need not wait for minutes.
``EDI_PROBE_RUN_SECONDS=N``: how long a run goes on while there is something to do.
``EDI_PROBE_AT_ONCE=N``: smaller claims, so that few documents pass the points as often as many do.
"""

import operator
import os
import select
import signal
import threading
import time
from contextlib import contextmanager, suppress
from pathlib import Path


class Failure(Exception):
    """What was ordered by ``WORK.fail``."""


ACTIONS = {"kill": signal.SIGKILL, "stop": signal.SIGSTOP}


class Failpoints:
    """:param str folder: see above."""

    def __init__(self, folder):
        self.folder = Path(folder)
        # What the thread is about: the name of the work that its next commit ends, or of the call that it makes.
        self.work = threading.local()

    def at(self, point):
        """Die or stand still here when there is a trap."""
        for action, number in ACTIONS.items():
            if self._takes(point, action):
                os.kill(os.getpid(), number)

    def _takes(self, point, action):
        with suppress(FileNotFoundError):
            trap = self.folder / f"{point}.{action}"
            trap.rename(f"{trap}.{os.getpid()}")
            return True
        return False

    @contextmanager
    def around_commit(self):
        name = getattr(self.work, "name", None)
        self.work.name = None
        if name:
            self.at(f"{name}.commit")
        yield
        if name:
            self.at(f"{name}.committed")

    def ends(self, owner, method, name, where=lambda _result: True):
        """The next commit after ``method`` is the one that ends the work ``name``.

        :param where: whether that is so by what ``method`` gives; of a claim of no document there is nothing to lose.
        """
        original = getattr(owner, method)

        def run(self_, *args, **kwargs):
            if self._takes(name, "fail"):
                raise Failure(name)
            result = original(self_, *args, **kwargs)
            self.work.name = name if where(result) else None
            return result

        setattr(owner, method, run)


def install(points):
    from odoo.addons.l10n_tn_edi_ttn.elfatoora import wire
    from odoo.addons.l10n_tn_edi_ttn.models.l10n_tn_edi_account_sweep import L10nTnEdiAccount as Account
    from odoo.addons.l10n_tn_edi_ttn.models.l10n_tn_edi_document_deposit import (
        L10nTnEdiDocument as Deposit,
    )
    from odoo.addons.l10n_tn_edi_ttn.models.l10n_tn_edi_document_follow import (
        L10nTnEdiDocument as Follow,
    )
    from odoo.addons.l10n_tn_edi_ttn.models.l10n_tn_edi_document_kept import (
        L10nTnEdiDocument as Kept,
    )
    from odoo.addons.l10n_tn_edi_ttn.models.l10n_tn_edi_document_prepare import (
        L10nTnEdiDocument as Prepare,
    )
    from odoo.addons.l10n_tn_edi_ttn.models.l10n_tn_edi_document_queue import (
        L10nTnEdiDocument as Queue,
    )
    from odoo.addons.l10n_tn_edi_ttn.models.l10n_tn_edi_exchange import L10nTnEdiExchange as Exchange

    points.ends(Prepare, "_prepare", "prepare")
    points.ends(Deposit, "_claim_deposits", "claim", where=bool)
    points.ends(Follow, "_claim_questions", "question", where=bool)
    points.ends(Follow, "_expire_lease", "lease")
    points.ends(Queue, "_record_together", "result")
    points.ends(Kept, "_keep_with_exchange", "keep")
    points.ends(Kept, "_record_one_kept", "kept")
    # A comparison: held, each answer kept, each part of it applied, released
    points.ends(Account, "_is_swept_by_another", "hold", where=operator.not_)
    points.ends(Exchange, "_keep_account_call", "asked")
    points.ends(Account, "_apply_sweep", "sweep")
    points.ends(Account, "_release_sweep", "release")
    commit = Queue._commit

    def commit_here(self):
        with points.around_commit():
            return commit(self)

    Queue._commit = commit_here
    rollback = Queue._rollback

    def rollback_here(self):
        # What is tried again has not ended: the commit that begins it anew is none of its own.
        points.work.name = None
        return rollback(self)

    Queue._rollback = rollback_here
    _watch_calls(points, wire)


def _watch_calls(points, wire):
    """Points of one call: ``save.connect``, ``save.sent``, ``save.answer``, and the same of ``consult``."""
    exchange, connect, talk = (
        wire.OnceAdapter._exchange,
        wire.OnceAdapter._connect,
        wire.OnceAdapter._talk,
    )
    sendall = wire._BoundedSocket.sendall
    call = points.work

    def exchange_here(self, request):
        call.operation = "save" if b"saveEfact" in (request.body or b"") else "consult"
        return exchange(self, request)

    def connect_here(self, *args):
        points.at(f"{call.operation}.connect")
        return connect(self, *args)

    def sendall_here(self, data):
        sendall(self, data)
        if b"Envelope" in data[-200:]:
            points.at(f"{call.operation}.sent")

    def talk_here(self, *args):
        talk(self, *args)
        points.at(f"{call.operation}.answer")

    wire.OnceAdapter._exchange, wire.OnceAdapter._connect = exchange_here, connect_here
    wire.OnceAdapter._talk, wire._BoundedSocket.sendall = talk_here, sendall_here


def set_constants(**values):
    """Give constants of the addon's models another value, in every module that knows them."""
    from odoo.addons.l10n_tn_edi_ttn import models

    for module in list(vars(models).values()):
        for name, value in values.items():
            if hasattr(module, name):
                setattr(module, name, value)


def shorten(lease, call):
    from odoo.addons.l10n_tn_edi_ttn import models
    from odoo.addons.l10n_tn_edi_ttn.elfatoora import client

    set_constants(LEASE_SECONDS=lease, CALL_SECONDS=call)
    models.l10n_tn_edi_gateway.Limits = lambda: client.Limits(connect=call / 2, read=call, total=call)


if os.environ.get("EDI_PROBE_FAIL"):
    install(Failpoints(os.environ["EDI_PROBE_FAIL"]))
if os.environ.get("EDI_PROBE_SECONDS"):
    shorten(*(int(part) for part in os.environ["EDI_PROBE_SECONDS"].split(":")))
if os.environ.get("EDI_PROBE_AT_ONCE"):
    set_constants(CALLS_AT_ONCE=int(os.environ["EDI_PROBE_AT_ONCE"]), CLAIM_AT_LEAST=1, PREPARED_AT_ONCE=5)
if os.environ.get("EDI_PROBE_RUN_SECONDS"):
    set_constants(RUN_SECONDS=int(os.environ["EDI_PROBE_RUN_SECONDS"]))
if "libfaketime" in os.environ.get("LD_PRELOAD", ""):
    # It refuses the clock_nanosleep of Python's own sleep when the monotonic clock is left alone.
    time.sleep = lambda seconds: select.select([], [], [], seconds)
if os.environ.get("EDI_PROBE_NICE") == "off":
    # Odoo makes its cron processes give way to everybody: on a busy machine a test would wait for ever.
    os.nice = lambda _increment: 0
