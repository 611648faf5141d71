"""Invoices in a workbook (.xlsx): its columns, a template, a safe reader, and the journal of what was refused.

Knows nothing of Odoo. Speaks codes and parameters (see ``codes.py``); the sentences are said elsewhere.
"""
