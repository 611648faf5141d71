"""The rooms of the addon know neither Odoo nor each other, and the sandbox shares no code with the addon.

The addon's rooms are used without Odoo (bin/, pytest), and the sandbox judges what the addon makes: a helper that both
used would make the same mistake on both sides.
"""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ADDON = ROOT / "l10n_tn_edi_ttn"
ROOMS = ("api", "archive", "elfatoora", "signature", "spreadsheet", "teif", "webhooks")


def imports(path):
    """:return: ``(line, level, name)`` of every import statement of a file, also those inside functions."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"), str(path))):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, 0, alias.name
        elif isinstance(node, ast.ImportFrom):
            yield node.lineno, node.level, node.module or ""


def python_files(folder):
    files = sorted(folder.rglob("*.py"))
    assert files, f"{folder} holds no Python file"
    return files


def own_packages():
    """Names under which parts of the project can be imported absolutely."""
    inside = {path.name for path in ADDON.iterdir() if path.is_dir()}
    return (
        inside | {path.stem for path in ADDON.glob("*.py")} | {"l10n_tn_edi_ttn", "sandbox", "bench", "demo"}
    )


@pytest.mark.parametrize("room", ROOMS)
def test_room_knows_neither_odoo_nor_another_room(room):
    folder = ADDON / room
    forbidden = own_packages() | {"odoo", "psycopg2"}
    offences = []
    for path in python_files(folder):
        depth = len(path.relative_to(folder).parts)
        for line, level, name in imports(path):
            if level == 0 and name.split(".")[0] in forbidden:
                offences.append(f"{path.relative_to(ROOT)}:{line} imports {name}")
            # `from . import x` in room/module.py has level 1; one more leaves the room
            if level > depth:
                offences.append(f"{path.relative_to(ROOT)}:{line} reaches outside its room")
    assert not offences, "\n".join(offences)


def test_sandbox_shares_no_code_with_the_addon():
    forbidden = own_packages() - {"sandbox"} | {"odoo"}
    offences = [
        f"{path.relative_to(ROOT)}:{line} imports {name}"
        for path in python_files(ROOT / "sandbox")
        for line, level, name in imports(path)
        if level == 0 and name.split(".")[0] in forbidden
    ]
    assert not offences, "\n".join(offences)


def test_addon_does_not_know_the_sandbox():
    offences = [
        f"{path.relative_to(ROOT)}:{line} imports {name}"
        for path in python_files(ADDON)
        for line, level, name in imports(path)
        if level == 0 and name.split(".")[0] in {"sandbox", "bench", "demo"}
    ]
    assert not offences, "\n".join(offences)
