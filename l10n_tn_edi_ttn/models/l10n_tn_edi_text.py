"""Texts as they go into a TEIF document: no control characters, one line, cut only where that loses nothing essential."""

import unicodedata

# Cc controls, Cs lone surrogates, Cn not a character: refused by XML or invisible in TTN's screens.
REFUSED_CATEGORIES = {"Cc", "Cs", "Cn"}


def clean(text):
    """``text`` (str, None or False) on one line without control characters and without doubled white space."""
    if not text:
        return ""
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
    if any("\u0600" <= char <= "\u06ff" or "\u0750" <= char <= "\u077f" for char in text):
        return "ar"
    return default


def text_lines(text):
    """The lines of ``text`` cleaned one by one, without the empty ones."""
    return [line for line in map(clean, (text or "").splitlines()) if line]
