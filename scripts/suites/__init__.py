"""The suites that scripts/test.py runs, and the one result that they all give."""
