"""Golden amounts in words."""

from decimal import Decimal

import pytest

from teif.words import amount_in_words

FRENCH = {
    "0": "ZERO DINAR",
    "0.001": "UN MILLIME",
    "0.005": "CINQ MILLIMES",
    "1": "UN DINAR",
    "1.001": "UN DINAR ET UN MILLIME",
    "2": "DEUX DINARS",
    "2.540": "DEUX DINARS ET CINQ CENT QUARANTE MILLIMES",
    "2.5404": "DEUX DINARS ET CINQ CENT QUARANTE MILLIMES",
    "2.5395": "DEUX DINARS ET CINQ CENT QUARANTE MILLIMES",
    "0.9995": "UN DINAR",
    "21.021": "VINGT ET UN DINARS ET VINGT ET UN MILLIMES",
    "71": "SOIXANTE ET ONZE DINARS",
    "80": "QUATRE-VINGTS DINARS",
    "80.080": "QUATRE-VINGTS DINARS ET QUATRE-VINGTS MILLIMES",
    "81": "QUATRE-VINGT-UN DINARS",
    "100": "CENT DINARS",
    "200": "DEUX CENTS DINARS",
    "201.300": "DEUX CENT UN DINARS ET TROIS CENTS MILLIMES",
    "1000": "MILLE DINARS",
    "80000": "QUATRE-VINGT MILLE DINARS",
    "200000": "DEUX CENT MILLE DINARS",
    "1000000": "UN MILLION DE DINARS",
    "2000000.500": "DEUX MILLIONS DE DINARS ET CINQ CENTS MILLIMES",
    "1000001": "UN MILLION UN DINARS",
    "80000000": "QUATRE-VINGTS MILLIONS DE DINARS",
    "999999999.999": "NEUF CENT QUATRE-VINGT-DIX-NEUF MILLIONS NEUF CENT QUATRE-VINGT-DIX-NEUF MILLE "
    "NEUF CENT QUATRE-VINGT-DIX-NEUF DINARS ET NEUF CENT QUATRE-VINGT-DIX-NEUF MILLIMES",
    "-12.500": "MOINS DOUZE DINARS ET CINQ CENTS MILLIMES",
}
ENGLISH = {
    "0": "ZERO DINARS",
    "0.005": "FIVE MILLIMES",
    "1.001": "ONE DINAR AND ONE MILLIME",
    "2.540": "TWO DINARS AND FIVE HUNDRED AND FORTY MILLIMES",
    "80": "EIGHTY DINARS",
    "1234.000": "ONE THOUSAND TWO HUNDRED AND THIRTY-FOUR DINARS",
    "1000000": "ONE MILLION DINARS",
    "-2": "MINUS TWO DINARS",
}
ARABIC = {
    "0": "صفر دينار",
    "0.001": "مليم واحد",
    "0.002": "مليمان",
    "0.005": "خمسة مليمات",
    "1": "دينار واحد",
    "2": "ديناران",
    "2.540": "ديناران وخمسمائة وأربعون مليما",
    "3": "ثلاثة دنانير",
    "10": "عشرة دنانير",
    "11": "أحد عشر دينارا",
    "80": "ثمانون دينارا",
    "100": "مائة دينار",
    "101": "مائة دينار ودينار واحد",
    "102": "مائة دينار وديناران",
    "103": "مائة وثلاثة دنانير",
    "200": "مئتا دينار",
    "1000": "ألف دينار",
    "2000": "ألفا دينار",
    "1000000": "مليون دينار",
    "-12": "ناقص اثنا عشر دينارا",
}


@pytest.mark.parametrize(
    ("lang", "amount", "words"),
    [
        (lang, amount, words)
        for lang, table in (("fr", FRENCH), ("en", ENGLISH), ("ar", ARABIC))
        for amount, words in table.items()
    ],
)
def test_dinars(lang, amount, words):
    assert amount_in_words(Decimal(amount), "TND", lang) == words


@pytest.mark.parametrize(
    ("amount", "currency", "lang", "words"),
    [
        ("1.01", "EUR", "fr", "UN EURO ET UN CENTIME"),
        ("1000000", "EUR", "fr", "UN MILLION D'EUROS"),
        ("21.21", "GBP", "fr", "VINGT ET UNE LIVRES STERLING ET VINGT ET UN PENCE"),
        ("2.50", "USD", "fr", "DEUX DOLLARS AMERICAINS ET CINQUANTE CENTS"),
        ("2.500", "LYD", "fr", "DEUX DINARS LIBYENS ET CINQ CENTS DIRHAMS"),
        ("2.6", "JPY", "fr", "TROIS YENS"),
        ("12.5", "XYZ", "fr", "DOUZE XYZ ET 50/100"),
        ("12.5", "EUR", "en", "TWELVE EUROS AND FIFTY CENTS"),
        ("12.5", "XYZ", "en", "TWELVE XYZ AND 50/100"),
        ("12.5", "USD", "ar", "اثنا عشر دولارا وخمسون سنتيما"),
        ("12.5", "XYZ", "ar", "اثنا عشر XYZ و 50/100"),
    ],
)
def test_other_currencies(amount, currency, lang, words):
    assert amount_in_words(Decimal(amount), currency, lang) == words


def test_another_language_is_refused():
    with pytest.raises(ValueError, match="'de'"):
        amount_in_words(Decimal(1), "TND", "de")
