"""Paths for all three suites: the rooms (`import teif`), the sandbox (`import sandbox`) and the helpers (`tests.…`)."""

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
ADDON = ROOT / "l10n_tn_edi_ttn"

# The project's root comes first: the addon's folder holds a package "tests" too.
for folder in (ADDON, ROOT):
    if str(folder) in sys.path:
        sys.path.remove(str(folder))
    sys.path.insert(0, str(folder))


@pytest.fixture(scope="session")
def shared():
    """The folder of reference material beside the checkout (TTN's own files are not part of the project).

    :return: a ``Path``; the test is skipped where the folder is not there.
    """
    folder = ROOT.parent / "shared"
    if not folder.is_dir():
        pytest.skip("skipped: no ../shared")
    return folder
