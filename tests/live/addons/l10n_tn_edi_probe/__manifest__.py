{
    "name": "Probe of the live tests",
    "summary": "Loaded server-wide by measurements and tests; never installed",
    "version": "19.0.1.0.0",
    "author": "l10n_tn_edi_ttn contributors",
    "license": "LGPL-3",
    "depends": ["base"],
    "installable": False,
}
