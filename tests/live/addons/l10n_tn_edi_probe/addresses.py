"""From where a process calls El Fatoora: ``EDI_PROBE_ADDRESS=IP``, an address of this machine.

The sandbox writes it down with each body, so that of several databases with one identity it is known which one called.
"""

import os
import socket
import types


def call_from(address):
    from odoo.addons.l10n_tn_edi_ttn.elfatoora import wire

    class Socket(socket.socket):
        def connect(self, target):
            self.bind((address, 0))
            super().connect(target)

    wire.socket = types.SimpleNamespace(**{**vars(socket), "socket": Socket})


if os.environ.get("EDI_PROBE_ADDRESS"):
    call_from(os.environ["EDI_PROBE_ADDRESS"])
