"""All parts of the played platform, put together from a state folder."""

from __future__ import annotations

import json
from pathlib import Path

from sandbox import remote_http
from sandbox.authority import Authority
from sandbox.clock import Clock
from sandbox.faults import Faults
from sandbox.kernel import Kernel
from sandbox.ledger import Ledger
from sandbox.remote import Remote
from sandbox.revocation import Revocation
from sandbox.schema import Schemas
from sandbox.service import Service
from sandbox.store import Store
from sandbox.timestamps import TimeStamps

SCHEMAS = Path("l10n_tn_edi_ttn/xsd")


class State:
    """What the command line needs of a state folder: store, clock, authority, faults, ledger. Also works beside a server."""

    def __init__(self, folder: str | Path):
        self.store = Store(folder)
        self.clock = Clock(lambda: self.store.setting("clock_offset"))
        self.authority = Authority(self.store)
        self.faults = Faults(self.store)
        self.ledger = Ledger(self.store, self.clock)
        self.remote = Remote(self.store, self.authority, self.clock)


class Platform(State):
    """A running platform. In: the state folder and the folder with `teif-<version>.xsd`."""

    def __init__(self, folder: str | Path, schemas: Path = SCHEMAS):
        super().__init__(folder)
        self.schemas = Schemas(schemas)
        self.revocation = Revocation(self.authority, self.clock)
        self.time_stamps = TimeStamps(self.authority, self.clock)
        self.kernel = Kernel(self.store, self.authority, self.clock)
        self.service = Service(self.store, self.authority, self.schemas, self.kernel, self.ledger, self.clock)

    def known_address(self, peer: str) -> bool:
        """Does any account declare this address? Accounts without addresses take any."""
        for row in self.store.db.execute("SELECT addresses FROM account WHERE enabled"):
            addresses = json.loads(row["addresses"])
            if not addresses or peer in addresses:
                return True
        return False

    def allowed(self, login: str, peer: str) -> bool:
        """May this account be used from this address? Unknown accounts are refused later, in words."""
        row = self.store.db.execute("SELECT addresses FROM account WHERE login = ?", (login,)).fetchone()
        addresses = json.loads(row["addresses"]) if row else []
        return not addresses or peer in addresses

    @staticmethod
    def routes(path: str):
        """The handler of an address outside the SOAP service, or None."""
        return remote_http.route if path.startswith(f"{remote_http.BASE}/") else None


def configure(state: State, configuration: dict):
    """Apply a configuration: {"settings": {…}, "accounts": […], "faults": […]}.

    Settings and accounts are added to what is there; a "faults" list replaces the faults. Raises ValueError.
    """
    unknown = set(configuration) - {"settings", "accounts", "faults"}
    if unknown:
        raise ValueError(f"unknown part {', '.join(sorted(unknown))} of the configuration")
    for name, value in configuration.get("settings", {}).items():
        state.store.set_setting(name, value)
    for account in configuration.get("accounts", ()):
        state.store.set_account(**account)
    if "faults" in configuration:
        state.faults.remove()
        for fault in configuration["faults"]:
            state.faults.add(**fault)
