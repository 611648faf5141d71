"""The API for invoices as a live test needs it: switched on, a key, invoices to push, the documented client."""

import importlib.util

from .company import CUSTOMER_MATRICULE
from .processes import ROOT


def client_module():
    """:return: the module of the documented client, as an integrator would copy it."""
    return _module(ROOT / "docs" / "api" / "el_fatoora_client.py")


def receiver_module():
    """:return: the module of the addon's own receiver of webhooks."""
    return _module(ROOT / "l10n_tn_edi_ttn" / "tests" / "receiver.py")


def _module(path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def switch_on(admin):
    """Let the company take invoices by the API, as fast as they come."""
    values = {"l10n_tn_edi_api_enabled": True, "l10n_tn_edi_api_rate": 100_000}
    admin.call("res.company", "write", [1], values)


def make_key(admin):
    """:return: a key, made as an administrator makes it: with his password, and shown once."""
    wizard = admin.call("l10n_tn_edi.api.key", "create", [{"name": "live"}])
    shown = admin.call("l10n_tn_edi.api.key", "make_key", wizard)
    if shown["res_model"] == "res.users.identitycheck":
        context = {"password": "admin"}
        shown = admin.call("res.users.identitycheck", "run_check", [shown["res_id"]], context=context)
    return shown["context"]["default_key"]


def invoice(external_id, lines=1, price=100):
    """:return: an invoice as the API takes it."""
    return {
        "external_id": external_id,
        "date": "2026-01-15",
        "customer": {"name": "Live Customer", "identifier": CUSTOMER_MATRICULE},
        "lines": [
            {"description": f"Service {n}", "quantity": 1, "price": f"{price + n}.500", "vat": 19}
            for n in range(lines)
        ],
    }
