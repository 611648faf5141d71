"""Amounts in words, in French, Arabic and English, as TTN's example writes them.

num2words turns whole numbers into words; everything about money (units, plurals, the word « et ») is written here,
because its currency support knows neither dinar and millime nor Arabic counted nouns.
"""

from __future__ import annotations

import threading
import unicodedata
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache

from num2words import num2words

from .document import CURRENCY_DECIMALS

LANGUAGES = ("fr", "ar", "en")

# currency: (unit, units, sub-unit, sub-units); a leading * marks a feminine noun
_FRENCH = {
    "TND": ("dinar", "dinars", "millime", "millimes"),
    "EUR": ("euro", "euros", "centime", "centimes"),
    "USD": ("dollar américain", "dollars américains", "cent", "cents"),
    "CAD": ("dollar canadien", "dollars canadiens", "cent", "cents"),
    "GBP": ("*livre sterling", "livres sterling", "penny", "pence"),
    "CHF": ("franc suisse", "francs suisses", "centime", "centimes"),
    "LYD": ("dinar libyen", "dinars libyens", "dirham", "dirhams"),
    "DZD": ("dinar algérien", "dinars algériens", "centime", "centimes"),
    "KWD": ("dinar koweïtien", "dinars koweïtiens", "fils", "fils"),
    "MAD": ("dirham marocain", "dirhams marocains", "centime", "centimes"),
    "AED": ("dirham des Emirats", "dirhams des Emirats", "fils", "fils"),
    "SAR": ("riyal saoudien", "riyals saoudiens", "*halala", "halalas"),
    "QAR": ("riyal qatarien", "riyals qatariens", "dirham", "dirhams"),
    "CNY": ("yuan", "yuans", "fen", "fens"),
    "JPY": ("yen", "yens", "", ""),
}
_ENGLISH = {
    "TND": ("dinar", "dinars", "millime", "millimes"),
    "EUR": ("euro", "euros", "cent", "cents"),
    "USD": ("US dollar", "US dollars", "cent", "cents"),
    "CAD": ("Canadian dollar", "Canadian dollars", "cent", "cents"),
    "GBP": ("pound sterling", "pounds sterling", "penny", "pence"),
    "CHF": ("Swiss franc", "Swiss francs", "centime", "centimes"),
    "LYD": ("Libyan dinar", "Libyan dinars", "dirham", "dirhams"),
    "DZD": ("Algerian dinar", "Algerian dinars", "centime", "centimes"),
    "KWD": ("Kuwaiti dinar", "Kuwaiti dinars", "fils", "fils"),
    "MAD": ("Moroccan dirham", "Moroccan dirhams", "centime", "centimes"),
    "AED": ("UAE dirham", "UAE dirhams", "fils", "fils"),
    "SAR": ("Saudi riyal", "Saudi riyals", "halala", "halalas"),
    "QAR": ("Qatari riyal", "Qatari riyals", "dirham", "dirhams"),
    "CNY": ("yuan", "yuan", "fen", "fen"),
    "JPY": ("yen", "yen", "", ""),
}
# Arabic nouns: (one, two, three to ten, eleven to ninety-nine, hundreds), then the adjective or complement that follows
_ARABIC_NOUNS = {
    "dinar": ("دينار واحد", "ديناران", "دنانير", "دينارا", "دينار"),
    "millime": ("مليم واحد", "مليمان", "مليمات", "مليما", "مليم"),
    "euro": ("أورو واحد", "أورو", "أورو", "أورو", "أورو"),
    "dollar": ("دولار واحد", "دولاران", "دولارات", "دولارا", "دولار"),
    "cent": ("سنتيم واحد", "سنتيمان", "سنتيمات", "سنتيما", "سنتيم"),
    "dirham": ("درهم واحد", "درهمان", "دراهم", "درهما", "درهم"),
}
_ARABIC = {
    "TND": ("dinar", "millime"),
    "EUR": ("euro", "cent"),
    "USD": ("dollar", "cent"),
    "LYD": ("dinar", "dirham"),
    "DZD": ("dinar", "cent"),
    "MAD": ("dirham", "cent"),
}

# num2words keeps one converter per language and works in its attributes: not safe for threads
_lock = threading.Lock()


def amount_in_words(amount: Decimal, currency: str, lang: str = "fr") -> str:
    """``amount`` (rounded half up to the currency's decimals) in words.

    ``lang`` is fr (upper case without accents, as TTN's example: « DEUX DINARS ET CINQ CENT QUARANTE MILLIMES »), en
    (upper case) or ar. A currency whose name is not known here is written with its code, its decimals as a fraction.
    Raises ValueError for another language.
    """
    if lang not in LANGUAGES:
        raise ValueError(f"no amounts in words in language {lang!r}")
    digits = CURRENCY_DECIMALS.get(currency, 2)
    amount = Decimal(amount).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)
    units, parts = divmod(int(abs(amount).scaleb(digits)), 10**digits)
    return {"fr": _french, "en": _english, "ar": _arabic}[lang](units, parts, currency, digits, amount < 0)


@lru_cache(maxsize=4096)
def _whole(number: int, lang: str) -> str:
    with _lock:
        return num2words(number, lang=lang)


def _french(units, parts, currency, digits, negative):
    names = _FRENCH.get(currency)
    if names is None:
        return _with_code(units, parts, currency, digits, negative, "fr", "moins", "et")
    words = []
    if units or not parts:
        words.append(_french_counted(units, names[0], names[1]))
    if parts:
        words.append(_french_counted(parts, names[2], names[3]))
    return _upper(("moins " if negative else "") + " et ".join(words))


def _french_counted(number, one, many):
    words = _whole(number, "fr")
    if one.startswith("*"):
        one = one[1:]
        if words.endswith("un"):
            words += "e"
    if number < 2:  # zero and one are singular in French
        return f"{words} {one}"
    if number % 1_000_000 == 0:
        return words + (" d'" if many[0] in "aeiouy" else " de ") + many
    return f"{words} {many}"


def _english(units, parts, currency, digits, negative):
    names = _ENGLISH.get(currency)
    if names is None:
        return _with_code(units, parts, currency, digits, negative, "en", "minus", "and")
    words = []
    if units or not parts:
        words.append(f"{_whole(units, 'en')} {names[0] if units == 1 else names[1]}")
    if parts:
        words.append(f"{_whole(parts, 'en')} {names[2] if parts == 1 else names[3]}")
    return _upper(("minus " if negative else "") + " and ".join(words)).replace(",", "")


def _arabic(units, parts, currency, digits, negative):
    nouns = _ARABIC.get(currency)
    if nouns is None:
        return _with_code(units, parts, currency, digits, negative, "ar", "ناقص", "و")
    words = []
    if units or not parts:
        words.append(_arabic_counted(units, _ARABIC_NOUNS[nouns[0]]))
    if parts:
        words.append(_arabic_counted(parts, _ARABIC_NOUNS[nouns[1]]))
    return ("ناقص " if negative else "") + " و".join(words)


def _arabic_counted(number, nouns):
    one, two, few, many, hundreds = nouns
    rest = number % 100
    if rest in (1, 2):
        # One and two are said by the noun itself: "a hundred dinars and one dinar"
        last = one if rest == 1 else two
        return f"{_arabic_number(number - rest)} {hundreds} و{last}" if number > 2 else last
    noun = few if 3 <= rest <= 10 else many if rest else hundreds
    return f"{_arabic_number(number)} {noun}"


def _arabic_number(number):
    # The conjunction is written with the word that follows it
    return _whole(number, "ar").replace(" و ", " و").replace("اً", "ا")


def _with_code(units, parts, currency, digits, negative, lang, minus, conjunction):
    number = _arabic_number(units) if lang == "ar" else _whole(units, lang).replace(",", "")
    text = f"{minus + ' ' if negative else ''}{number} {currency}"
    if parts:
        text += f" {conjunction} {parts:0{digits}d}/{10**digits}"
    return text if lang == "ar" else _upper(text)


def _upper(text):
    """Upper case without accents, which TTN's example shows and old printers want."""
    decomposed = unicodedata.normalize("NFD", text.replace("œ", "oe"))
    return "".join(character for character in decomposed if not unicodedata.combining(character)).upper()
