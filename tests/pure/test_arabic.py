"""Arabic in presentation forms: nothing is lost, each letter has the form of its place."""

import importlib.util
import unicodedata
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[2] / "l10n_tn_edi_ttn/models/l10n_tn_edi_arabic.py"


@pytest.fixture(scope="module")
def presented():
    """The function of a file that needs nothing of Odoo, in a package that does."""
    spec = importlib.util.spec_from_file_location("arabic", SOURCE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.presented


@pytest.mark.parametrize(
    "text",
    [
        "ألفان وتسعمائة وثمانية وتسعون دينارا وثمانمائة وثمانية وأربعون مليما",
        "الفاتورة INV/2026/00008",
        "لا، الإلغاء والأمل؟ شيء",
        "<p title='شركة'>المعرّف الجبائي</p>",
    ],
)
def test_says_the_same(presented, text):
    shown = presented(text)
    assert not [char for char in shown if "\u0600" <= char <= "\u06ff"]
    plain = "".join(char for char in unicodedata.normalize("NFKC", shown))
    wanted = text.translate(str.maketrans({"،": ",", "؟": "?"})).replace("\u0651", "")
    assert plain == unicodedata.normalize("NFKC", wanted)


@pytest.mark.parametrize(
    ("text", "forms"),
    [
        ("بيت", ["INITIAL", "MEDIAL", "FINAL"]),
        ("دار", ["ISOLATED", "ISOLATED", "ISOLATED"]),
        ("سلام", ["INITIAL", "FINAL", "ISOLATED"]),
        ("شيء", ["INITIAL", "FINAL", "ISOLATED"]),
    ],
)
def test_form_of_each_place(presented, text, forms):
    assert [unicodedata.name(char).split()[-2] for char in presented(text)] == forms


def test_others_stay(presented):
    assert presented("Facture n° 12 — été <b>&amp;</b>") == "Facture n° 12 — été <b>&amp;</b>"
