"""El Fatoora played as one real server: SOAP over HTTP(S), a kernel that answers later, a test authority, faults.

It judges what the addon `l10n_tn_edi_ttn` makes and therefore shares no code with it. See `sandbox/README.md`.
"""
