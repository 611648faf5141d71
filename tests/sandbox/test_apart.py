"""The sandbox judges the addon, so neither may know the other's code."""

from __future__ import annotations

import ast

from sandbox_process import ROOT

ALLOWED = {
    "sandbox",
    "argparse",
    "asn1crypto",
    "base64",
    "binascii",
    "collections",
    "contextlib",
    "cryptography",
    "dataclasses",
    "datetime",
    "decimal",
    "fcntl",
    "functools",
    "gc",
    "hashlib",
    "hmac",
    "html",
    "http",
    "ipaddress",
    "json",
    "lxml",
    "os",
    "pathlib",
    "re",
    "secrets",
    "segno",
    "select",
    "shutil",
    "signal",
    "signxml",
    "socket",
    "socketserver",
    "sqlite3",
    "ssl",
    "struct",
    "subprocess",
    "sys",
    "tempfile",
    "threading",
    "time",
    "typing",
    "urllib",
    "xml",
    "xmlschema",
    "zlib",
    "__future__",
}


def imported(path):
    """Top-level names that a file imports."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name} imports relatively"
            yield node.module.partition(".")[0]


def test_the_sandbox_imports_nothing_of_the_project():
    files = list((ROOT / "sandbox").glob("*.py"))
    assert files
    for path in files:
        assert set(imported(path)) <= ALLOWED, path.name


def test_the_addon_imports_nothing_of_the_sandbox():
    for path in (ROOT / "l10n_tn_edi_ttn").rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and not node.level:
                names = [node.module]
            assert not any(name.partition(".")[0] == "sandbox" for name in names), path
