"""The tests that need no Odoo inside them: pure/, sandbox/ and live/.

A package, so that "tests" never means the addon's own folder of that name, which is on the path as well.
"""
