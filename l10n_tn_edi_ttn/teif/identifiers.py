"""Tunisian identifiers: matricule fiscal, CIN, residence card, RIB, IBAN.

Matricule fiscal: 7 digits, a key letter, then optionally TVA code, category and 3 digits of establishment, for example
0736202XAM000. The key letter is the remainder of a weighted sum modulo 23 over an alphabet without I, O and U (the
assertion of the 1.9.0 schema, checked on real numbers). RIB: 20 digits whose value is divisible by 97; a Tunisian IBAN is
``TN59`` and the RIB, always 59 for that reason.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

KEY_LETTERS = "ABCDEFGHJKLMNPQRSTVWXYZ"
_WEIGHTS = (7, 6, 5, 4, 3, 2, 1)
_SEPARATORS = re.compile(r"[\s/.\-_]+")
_LOOSE = re.compile(rf"(?:TN)?([0-9]{{1,7}})([{KEY_LETTERS}])(?:([A-Z])([A-Z])([0-9]{{3}}))?")

#: What each version takes as a matricule (full match).
MATRICULE_FORMS = {
    "1.8.8": re.compile(rf"[0-9]{{7}}[{KEY_LETTERS}][ABDNP][CMNP]000"),
    "1.8.9": re.compile(rf"[0-9]{{7}}[{KEY_LETTERS}](?:[ABDNP][CMNPE][0-9]{{3}})?"),
}
MATRICULE_FORMS["1.9.0"] = MATRICULE_FORMS["1.8.9"]
#: The same forms for people.
MATRICULE_EXAMPLES = {
    "1.8.8": "1234567XAM000",
    "1.8.9": "1234567XAM000 or 1234567X",
    "1.9.0": "1234567XAM000 or 1234567X",
}
CIN_FORM = re.compile(r"[0-9]{8}")
RESIDENCE_FORMS = {
    "1.8.8": re.compile(r"[0-9]{9}"),
    "1.8.9": re.compile(r"[0-9]{9}"),
    "1.9.0": re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{4,18}[A-Za-z0-9]"),
}
FOREIGN_FORM_190 = re.compile(r"[A-Za-z0-9]{1,30}")


def key_letter(digits: str) -> str:
    """The key letter of the 7 digits of a matricule. Raises ValueError for anything but 7 ASCII digits."""
    if len(digits) != 7 or not (digits.isascii() and digits.isdigit()):
        raise ValueError("a matricule fiscal starts with 7 digits")
    return KEY_LETTERS[sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, digits, strict=True)) % 23]


@dataclass(frozen=True, slots=True)
class Matricule:
    """A matricule fiscal. ``suffix`` is TVA code, category and establishment (``AM000``), or '' in the short form."""

    digits: str
    key: str
    suffix: str = ""

    @classmethod
    def parse(cls, text: str) -> Matricule | None:
        """What a person typed, or None when it is no matricule.

        Separators, lower case and a leading ``TN`` are forgiven. Leading zeros that are missing are restored only when
        the key letter then fits, since anything else would be a guess.
        """
        match = _LOOSE.fullmatch(_SEPARATORS.sub("", text or "").upper())
        if not match:
            return None
        digits, key, *suffix = match.groups(default="")
        if len(digits) < 7:
            digits = digits.zfill(7)
            if key_letter(digits) != key:
                return None
        return cls(digits, key, "".join(suffix))

    def __str__(self):
        return self.digits + self.key + self.suffix

    @property
    def short(self) -> str:
        """The 8 characters that name the tax payer: 7 digits and the key letter."""
        return self.digits + self.key

    @property
    def expected_key(self) -> str:
        """The key letter that belongs to the digits."""
        return key_letter(self.digits)

    @property
    def key_fits(self) -> bool:
        """Whether the key letter is the right one."""
        return self.key == self.expected_key

    def written(self, version: str) -> str:
        """The form to write in a document of ``version``: the long one, or from 1.8.9 the short one where the long is refused."""
        form = MATRICULE_FORMS[version]
        return str(self) if form.fullmatch(str(self)) or not form.fullmatch(self.short) else self.short


def normalise_matricule(text: str, version: str = "1.8.9") -> str | None:
    """The matricule in ``text`` as a document of ``version`` writes it, None when there is none."""
    matricule = Matricule.parse(text)
    return matricule and matricule.written(version)


def parse_cin(text: str) -> str | None:
    """The 8 digits of an identity card, separators forgiven, None when it is none."""
    digits = _SEPARATORS.sub("", text or "")
    return digits if CIN_FORM.fullmatch(digits) else None


def parse_residence_card(text: str, version: str = "1.8.9") -> str | None:
    """The number of a residence card: 9 digits up to 1.8.9, 6 to 20 letters, digits and hyphens from 1.9.0. None otherwise."""
    number = re.sub(r"[\s/.]+", "", text or "")
    if version != "1.9.0":
        number = number.replace("-", "")
    return number if RESIDENCE_FORMS[version].fullmatch(number) else None


def rib_key(digits: str) -> str:
    """The 2-digit key of the first 18 digits of a RIB. Raises ValueError for anything but 18 ASCII digits."""
    if len(digits) != 18 or not (digits.isascii() and digits.isdigit()):
        raise ValueError("the key of a RIB is made from 18 digits")
    return f"{97 - int(digits) * 100 % 97:02d}"


def parse_rib(text: str) -> str | None:
    """The 20 digits of a RIB typed with or without separators, or as Tunisian IBAN. None when it is neither.

    The key is not checked: see :func:`rib_fits`.
    """
    digits = _SEPARATORS.sub("", text or "").upper()
    if digits.startswith("TN") and len(digits) == 24 and digits[2:4].isdigit():
        digits = digits[4:]
    return digits if re.fullmatch(r"[0-9]{20}", digits) else None


def rib_fits(rib: str) -> bool:
    """Whether ``rib`` has 20 digits and the right key."""
    return bool(re.fullmatch(r"[0-9]{20}", rib)) and rib[18:] == rib_key(rib[:18])


def rib_from_iban(iban: str) -> str | None:
    """The RIB inside a Tunisian IBAN (``TN59`` and 20 digits) whose check digits fit, None otherwise."""
    text = _SEPARATORS.sub("", iban or "").upper()
    if not re.fullmatch(r"TN[0-9]{22}", text) or int(text[4:] + "2923" + text[2:4]) % 97 != 1:
        return None
    return text[4:]


def iban_from_rib(rib: str) -> str:
    """The IBAN of a RIB of 20 digits. Raises ValueError when the RIB or its key is wrong."""
    if not rib_fits(rib):
        raise ValueError("not a RIB with the right key")
    return f"TN{98 - int(rib + '292300') % 97:02d}{rib}"
