"""Counts of one process, for measurements.

``EDI_PROBE_COUNTERS=FILE``: JSON of SQL statements, processor time by step and resident memory so far, written anew five times
a second.
``EDI_PROBE_PROFILE=FILE``: profile of the scheduled actions (pstats), written at the end of each run.
"""

import cProfile
import json
import os
import threading
import time
from pathlib import Path

from odoo import sql_db

from . import steps

PERIOD = 0.2


def _memory():
    """:return: resident memory of this process, MiB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def _write(path):
    highest = 0.0
    while True:
        now = _memory()
        highest = max(highest, now)
        path.with_suffix(".new").write_text(
            json.dumps(
                {"sql": sql_db.sql_counter, "memory": now, "highest": highest, "steps": dict(steps.seconds)}
            )
        )
        path.with_suffix(".new").replace(path)
        time.sleep(PERIOD)


def _profiled(method, profiler, path):
    def run(self):
        profiler.enable()
        try:
            return method(self)
        finally:
            profiler.disable()
            profiler.dump_stats(f"{path}.new")
            Path(f"{path}.new").replace(path)

    return run


if os.environ.get("EDI_PROBE_COUNTERS"):
    target = Path(os.environ["EDI_PROBE_COUNTERS"])
    steps.install()
    threading.Thread(target=_write, args=(target,), daemon=True, name="probe").start()

if os.environ.get("EDI_PROBE_PROFILE"):
    from odoo.addons.l10n_tn_edi_ttn.models.l10n_tn_edi_document_lanes import L10nTnEdiDocument

    shared = cProfile.Profile()
    for name in ("_cron_submit", "_cron_follow"):
        wrapped = _profiled(getattr(L10nTnEdiDocument, name), shared, os.environ["EDI_PROBE_PROFILE"])
        setattr(L10nTnEdiDocument, name, wrapped)
