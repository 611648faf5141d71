"""TEIF, the Tunisian e-invoice format: model, writer, reader and checker. Nothing of Odoo is imported here."""
