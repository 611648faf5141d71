"""Texts as they go into a TEIF document: no control characters, one line, cut only where that loses nothing essential."""

import re
import unicodedata

ARABIC = re.compile("[\u0600-\u06ff\u0750-\u077f]")
# Cc controls, Cs lone surrogates, Cn not a character: refused by XML or invisible in TTN's screens.
REFUSED_CATEGORIES = {"Cc", "Cs", "Cn"}


def clean(text):
    """``text`` (str, None or False) on one line without control characters and without doubled white space."""
    if not text:
        return ""
    if text.isprintable():  # nearly always, and then there is nothing of all that in it
        return " ".join(text.split())
    kept = "".join(
        char if char.isspace() or unicodedata.category(char) not in REFUSED_CATEGORIES else " "
        for char in text
    )
    return " ".join(kept.replace("\ufeff", "").split())


def cut(text, length):
    """The cleaned ``text`` in at most ``length`` characters; an ellipsis shows that something was left out."""
    text = clean(text)
    return text if len(text) <= length else text[: length - 1].rstrip() + "…"


def language(text, default="fr"):
    """TTN's code of the language ``text`` is written in: ``ar`` as soon as it holds an Arabic letter, else ``default``."""
    return "ar" if not text.isascii() and ARABIC.search(text) else default


def text_lines(text):
    """The lines of ``text`` cleaned one by one, without the empty ones."""
    return [line for line in map(clean, (text or "").splitlines()) if line]
