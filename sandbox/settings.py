"""Settings of the played service: what can be varied, with the default that facts support best.

Each is stored in the state's database, so that the command line, the configuration file and the admin interface
change the same thing while the server runs.
"""

from __future__ import annotations

DEFAULTS: dict[str, object] = {
    # Time, in seconds.
    "latency": 0.0,  # added to every SOAP answer
    "verdict_delay": 5.0,  # from the deposit to the kernel's verdict
    "clock_offset": 0.0,  # the virtual clock minus the machine's
    # Deposit.
    "first_id": 2026232,
    "id_step": 1,  # ids are shared by the whole platform: a step above 1 plays the other companies
    "save_text": "Facture enregistree avec ID {id} est en cours de validation",
    "identical": "new_deposit",  # or "refuse"
    "identical_text": ["SERV10", "Document déjà déposé avec ID {id}"],
    "check_schema": True,
    "schema_sample": 1.0,  # share of the deposits whose schema is checked; a benchmark of clients may lower it
    "profile": "v3",  # signature policy asked for: "v3", "v2" or "any"
    "strict_signatures": False,  # ask the xmlsec1 program as well as signxml
    "address_filter": False,  # keep silent towards addresses that no account declares
    # Faults.
    "business_fault_status": 500,  # 200 has been inferred from one log
    "schema_refusal": "fault",  # or "return_text": as the normal return value
    # Consultation.
    "pending_visible": True,
    "pending_content": True,  # does a deposit without verdict carry xmlContent?
    "final_xml": "xmlContent",  # or "listAttachement" or "both"
    "max_returns": 200,
    # Kernel.
    "control_partner": True,  # CONTRL05 when the seller of the invoice is not its sender
    # Signature services.
    "otp_lifetime": 120.0,
    "code_lifetime": 60.0,
    "sad_lifetime": 300.0,
    "sign_latency": 0.0,
    "digigo_address_limit": 8192,  # characters of an authorize address; web servers of its kind take no more
    "digigo_hash_required": False,  # refuse authorisations that name a number of signatures but no hash
    "seal_client_certificate": False,  # the seal asks for mutual TLS
    # The authority's services.
    "ocsp": "ok",
    "crl": "ok",
    "tsa": "ok",
}

_CHOICES = {
    "identical": ("new_deposit", "refuse"),
    "profile": ("v3", "v2", "any"),
    "business_fault_status": (200, 500),
    "schema_refusal": ("fault", "return_text"),
    "final_xml": ("xmlContent", "listAttachement", "both"),
    "ocsp": ("ok", "down", "silent", "stale"),
    "crl": ("ok", "down", "silent", "stale"),
    "tsa": ("ok", "down", "silent", "reject"),
}


class SettingError(ValueError):
    """A setting that does not exist, or a value that it cannot take."""


def checked(name: str, value: object) -> object:
    """The value in the setting's own type.

    In: a name of DEFAULTS and a JSON value (a string from the command line is converted).
    Raises SettingError.
    """
    if name not in DEFAULTS:
        raise SettingError(f"unknown setting {name!r}; known: {', '.join(sorted(DEFAULTS))}")
    default = DEFAULTS[name]
    try:
        if isinstance(default, bool):
            if isinstance(value, str):
                value = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}[
                    value.lower()
                ]
            elif not isinstance(value, bool):
                raise ValueError
        elif isinstance(default, int):
            value = int(value)
        elif isinstance(default, float):
            value = float(value)
        elif isinstance(default, list):
            if not (
                isinstance(value, list)
                and len(value) == len(default)
                and all(isinstance(v, str) for v in value)
            ):
                raise ValueError
        else:
            value = str(value)
    except (KeyError, TypeError, ValueError) as error:
        raise SettingError(f"setting {name!r} can't be {value!r} (its default is {default!r})") from error
    if name in _CHOICES and value not in _CHOICES[name]:
        raise SettingError(f"setting {name!r} must be one of {', '.join(map(str, _CHOICES[name]))}")
    return value
