"""XAdES signatures of TEIF documents in TTN's profile: made, verified, and the certificates behind them.

Pure: nothing of Odoo, no network. The room speaks codes (:mod:`.codes`), parameters and plain English.
"""
