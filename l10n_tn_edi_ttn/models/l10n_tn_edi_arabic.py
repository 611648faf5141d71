"""Arabic for a renderer that cannot measure it: each letter in the form that it has in its word.

QtWebKit without the patches of wkhtmltopdf (Debian's) takes letters for narrower than it draws them: lines run over what stands
beside them and are cut at the edge of the page. Unicode's presentation forms (block FE70) are measured right.
"""

import re
import unicodedata

# Letters, marks and punctuation of the Arabic block: one of them in a line, and the whole line is measured wrong
_RUN = re.compile("[\u0600-\u06ff]+")
_TATWEEL = "\u0640"
_OTHERS = str.maketrans({"،": ",", "؛": ";", "؟": "?", _TATWEEL: None})


def _presentation_forms():
    """:return: dict of a letter, or of lam with an alef, to a dict of ``isolated``, ``final``, ``initial``, ``medial``."""
    forms = {}
    for code in range(0xFE80, 0xFEFD):
        kind, *letters = unicodedata.decomposition(chr(code)).split()
        forms.setdefault("".join(chr(int(letter, 16)) for letter in letters), {})[kind[1:-1]] = chr(code)
    return forms


_FORMS = _presentation_forms()


def presented(text):
    """``text`` (str, HTML as well) with Arabic letters in their presentation forms; vowel marks are left out.

    A search for the text in what is printed finds it where the viewer normalises (NFKC), as they do.
    """
    return _RUN.sub(lambda run: _joined(run.group()), text)


def _joined(word):
    letters = "".join(char for char in word.translate(_OTHERS) if not unicodedata.combining(char))
    shown, joins = [], False
    while letters:
        letter = letters[:2] if letters[:2] in _FORMS else letters[0]
        letters = letters[len(letter) :]
        forms = _FORMS.get(letter)
        if not forms:
            shown.append(letter)
            joins = False
            continue
        before = joins and "final" in forms
        joins = "initial" in forms and "final" in _FORMS.get(letters[:1], {})
        kind = ("isolated", "initial", "final", "medial")[2 * before + joins]
        shown.append(forms.get(kind, forms["isolated"]))
    return "".join(shown)
