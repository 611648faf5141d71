"""What a worker used: processor time, SQL statements, memory. See tests/live/addons/l10n_tn_edi_probe."""

import configparser
import json
import os
from pathlib import Path

from .processes import ENV_DIR, ROOT, wait_until

ADDONS = ROOT / "tests" / "live" / "addons"


def probe_options():
    """:return: options of an Odoo process that loads the probe."""
    parser = configparser.RawConfigParser()
    parser.read(ENV_DIR / "odoo.conf")
    return {
        "addons_path": f"{parser['options']['addons_path']},{ADDONS}",
        "server_wide_modules": "base,rpc,web,l10n_tn_edi_probe",
    }


class Probe:
    """:param Path counters: where the worker writes its counters.

    :param profile: where it writes a profile of the scheduled actions; None: nowhere.
    """

    def __init__(self, counters, profile=None):
        self._counters = Path(counters)
        self._profile = profile

    def options(self):
        return probe_options()

    def environment(self):
        """:return: variables for the worker's process."""
        variables = {"EDI_PROBE_COUNTERS": str(self._counters)}
        if self._profile:
            variables["EDI_PROBE_PROFILE"] = str(self._profile)
        return variables

    def counters(self):
        """:return: dict with ``sql`` (statements so far), ``memory`` and ``highest`` (MiB)."""
        wait_until(self._counters.exists, f"{self._counters} is written", 30)
        return json.loads(self._counters.read_text())

    @staticmethod
    def cpu(pid):
        """:return: seconds of processor time of one process so far, user and system."""
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
