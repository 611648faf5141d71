"""The one process that holds a signing token: PIN and PKCS#11 session live here, not in Odoo's workers.

It stands alone: it imports nothing of the addon. It needs python-pkcs11 and, on a desk, lxml.
"""
