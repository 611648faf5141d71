"""The columns of the workbook: one row is one line of an invoice, rows with the same number are one invoice.

Labels are here in the three languages, not in the translations of an application: a file made in one language is read in any.
"""

import re
import unicodedata
from dataclasses import dataclass

LANGUAGES = ("fr", "ar", "en")

TEXT, DATE, AMOUNT, PERCENT, CHOICE = "text", "date", "amount", "percent", "choice"

# Choices: value -> labels (French, Arabic, English); the first of each language stands in the drop-down list.
YES_NO = {"yes": ("oui", "نعم", "yes"), "no": ("non", "لا", "no")}
TYPES = {
    "I-11": ("Facture", "فاتورة", "Invoice"),
    "I-12": ("Avoir", "إشعار دائن", "Credit note"),
    "I-13": ("Note d'honoraires", "مذكرة أتعاب", "Fee note"),
    "I-14": ("Décompte", "كشف حساب صفقة", "Statement"),
    "I-15": ("Facture export", "فاتورة تصدير", "Export invoice"),
}
IDENTIFIERS = {
    "I-01": ("Matricule fiscal", "المعرّف الجبائي", "Matricule fiscal"),
    "I-02": ("CIN", "بطاقة التعريف", "Identity card"),
    "I-03": ("Carte de séjour", "بطاقة الإقامة", "Residence card"),
    "I-04": ("Étranger", "أجنبي", "Foreign"),
}
VAT_RATES = {rate: (rate, rate, rate) for rate in ("19", "13", "7", "0")}


@dataclass(frozen=True)
class Column:
    """One column.

    :ivar str key: its name in the code.
    :ivar tuple labels: its title in French, Arabic and English.
    :ivar tuple helps: what to write, in the same languages.
    :ivar str kind: one of the constants above.
    :ivar bool line: whether each line has its own; the others are those of the invoice, and may be left empty below its
        first row.
    :ivar int length: the most characters of a text.
    :ivar int decimals: the most decimals of a number.
    :ivar choices: value to labels, for a choice.
    :ivar example: value of the example row.
    """

    key: str
    labels: tuple
    helps: tuple
    kind: str = TEXT
    line: bool = False
    required: bool = False
    length: int = 200
    decimals: int = 6
    choices: dict | None = None
    width: int = 14
    example: object = None

    def label(self, language):
        """:return: the title in ``language`` (fr, ar or en)."""
        return self.labels[LANGUAGES.index(language)]

    def help(self, language):
        """:return: what to write, in ``language``."""
        return self.helps[LANGUAGES.index(language)]


def _column(key, labels, helps, **more):
    return Column(key, labels, helps, **more)


COLUMNS = (
    _column(
        "number",
        ("Numéro", "الرقم", "Number"),
        (
            "Numéro de la facture. Les lignes d'une même facture portent le même numéro et se suivent.",
            "رقم الفاتورة. أسطر الفاتورة الواحدة تحمل نفس الرقم وتكون متتالية.",
            "Number of the invoice. The lines of one invoice bear the same number and stand together.",
        ),
        required=True,
        length=35,
        example="F-2026-0001",
    ),
    _column(
        "type",
        ("Type", "النوع", "Type"),
        (
            "Facture (par défaut), Avoir, Note d'honoraires, Décompte ou Facture export.",
            "فاتورة (تلقائيًا) أو إشعار دائن أو مذكرة أتعاب أو كشف حساب صفقة أو فاتورة تصدير.",
            "Invoice (default), Credit note, Fee note, Statement or Export invoice.",
        ),
        kind=CHOICE,
        choices=TYPES,
        example="I-11",
    ),
    _column(
        "date",
        ("Date", "التاريخ", "Date"),
        (
            "Date de la facture, jj/mm/aaaa.",
            "تاريخ الفاتورة، يوم/شهر/سنة.",
            "Date of the invoice, dd/mm/yyyy.",
        ),
        kind=DATE,
        required=True,
        example="2026-03-15",
    ),
    _column(
        "due_date",
        ("Échéance", "تاريخ الاستحقاق", "Due date"),
        ("Date limite de paiement.", "آخر أجل للدفع.", "Day by which payment is due."),
        kind=DATE,
        example="2026-04-15",
    ),
    _column(
        "identifier_type",
        ("Type d'identifiant", "نوع المعرّف", "Identifier type"),
        (
            "Matricule fiscal (par défaut), CIN, Carte de séjour ou Étranger.",
            "المعرّف الجبائي (تلقائيًا) أو بطاقة التعريف أو بطاقة الإقامة أو أجنبي.",
            "Matricule fiscal (default), Identity card, Residence card or Foreign.",
        ),
        kind=CHOICE,
        choices=IDENTIFIERS,
        width=18,
        example="I-01",
    ),
    _column(
        "identifier",
        ("MF / CIN", "المعرّف / بطاقة التعريف", "MF / CIN"),
        (
            "Matricule fiscal du client (1234567RAM000) ou numéro de sa carte.",
            "المعرّف الجبائي للحريف أو رقم بطاقته.",
            "The customer's matricule fiscal (1234567RAM000) or the number of the card.",
        ),
        length=35,
        width=18,
        example="7654321CAM000",
    ),
    _column(
        "customer_code",
        ("Code client", "رمز الحريف", "Customer code"),
        ("Référence interne du client.", "المرجع الداخلي للحريف.", "The customer's internal reference."),
        length=64,
    ),
    _column(
        "customer_name",
        ("Nom du client", "اسم الحريف", "Customer name"),
        ("Nom ou raison sociale.", "الاسم أو العنوان التجاري.", "Name or company name."),
        required=True,
        width=28,
        example="CLIENT EXEMPLE SARL",
    ),
    _column(
        "street",
        ("Rue", "النهج", "Street"),
        ("Adresse du client.", "عنوان الحريف.", "The customer's address."),
        length=500,
        width=26,
        example="12 avenue de la Liberté",
    ),
    _column(
        "city",
        ("Ville", "المدينة", "City"),
        ("Ville.", "المدينة.", "City."),
        length=35,
        example="Tunis",
    ),
    _column(
        "zip",
        ("Code postal", "الترقيم البريدي", "Postal code"),
        ("Code postal.", "الترقيم البريدي.", "Postal code."),
        length=17,
        example="1002",
    ),
    _column(
        "country",
        ("Pays", "البلد", "Country"),
        (
            "Code du pays (TN par défaut) ou son nom.",
            "رمز البلد (TN تلقائيًا) أو اسمه.",
            "Code of the country (TN by default) or its name.",
        ),
        length=64,
        example="TN",
    ),
    _column(
        "product_code",
        ("Code article", "رمز المنتج", "Item code"),
        ("Référence interne de l'article.", "المرجع الداخلي للمنتج.", "Internal reference of the item."),
        line=True,
        length=35,
        example="SRV-01",
    ),
    _column(
        "description",
        ("Désignation", "البيان", "Designation"),
        ("Ce qui est facturé.", "ما تتم فوترته.", "What is invoiced."),
        line=True,
        required=True,
        length=500,
        width=32,
        example="Prestation de conseil",
    ),
    _column(
        "unit",
        ("Unité", "الوحدة", "Unit"),
        (
            "Nom de l'unité ou code TTN (KGM, MTR, HUR…).",
            "اسم الوحدة أو رمزها لدى TTN.",
            "Name of the unit or TTN's code (KGM, MTR, HUR…).",
        ),
        line=True,
        length=40,
    ),
    _column(
        "quantity",
        ("Quantité", "الكمية", "Quantity"),
        ("Quantité ; 1 si vide.", "الكمية؛ 1 إن تُركت فارغة.", "Quantity; 1 when empty."),
        kind=AMOUNT,
        line=True,
        example="2",
    ),
    _column(
        "price",
        ("Prix unitaire HT", "سعر الوحدة دون أداء", "Unit price"),
        ("Prix unitaire hors taxes.", "سعر الوحدة دون احتساب الأداءات.", "Unit price without taxes."),
        kind=AMOUNT,
        line=True,
        required=True,
        example="150.500",
    ),
    _column(
        "discount",
        ("Remise %", "تخفيض %", "Discount %"),
        ("Remise de la ligne, en pour cent.", "تخفيض السطر بالمائة.", "Discount of the line, in per cent."),
        kind=PERCENT,
        line=True,
        decimals=2,
    ),
    _column(
        "vat",
        ("TVA %", "الأداء على القيمة المضافة %", "VAT %"),
        (
            "Taux de TVA : 19, 13, 7 ou 0. En suspension, le taux qui serait dû.",
            "نسبة الأداء: 19 أو 13 أو 7 أو 0. عند توقيف العمل به: النسبة المستوجبة أصلًا.",
            "Rate of VAT: 19, 13, 7 or 0. Under suspension, the rate that would be due.",
        ),
        kind=PERCENT,
        line=True,
        required=True,
        decimals=2,
        choices=VAT_RATES,
        example="19",
    ),
    _column(
        "fodec",
        ("FODEC", "صندوق تنمية القدرة التنافسية", "FODEC"),
        ("oui si la ligne porte le FODEC.", "نعم إذا كان السطر خاضعًا.", "yes when the line bears FODEC."),
        kind=CHOICE,
        line=True,
        choices=YES_NO,
        example="no",
    ),
    _column(
        "stamp",
        ("Timbre", "الطابع الجبائي", "Stamp"),
        (
            "oui ou non ; vide : selon la loi.",
            "نعم أو لا؛ فارغ: حسب القانون.",
            "yes or no; empty: as the law wants.",
        ),
        kind=CHOICE,
        choices=YES_NO,
    ),
    _column(
        "attestation_number",
        ("N° attestation", "رقم شهادة التوقيف", "Attestation number"),
        (
            "Attestation de vente en suspension : la facture est établie en suspension de TVA.",
            "شهادة البيع بتوقيف العمل بالأداء: تُحرَّر الفاتورة بتوقيف العمل به.",
            "Attestation of suspension: the invoice is made under suspension of VAT.",
        ),
        length=64,
    ),
    _column(
        "attestation_date",
        ("Date attestation", "تاريخ الشهادة", "Attestation date"),
        ("Date de l'attestation.", "تاريخ الشهادة.", "Date of the attestation."),
        kind=DATE,
    ),
    _column(
        "exemption_reason",
        ("Motif d'exonération", "سبب الإعفاء", "Exemption reason"),
        (
            "Pourquoi la facture est exonérée (TVA à 0 %).",
            "سبب إعفاء الفاتورة (أداء بنسبة 0).",
            "Why the invoice is exempt (VAT at 0 %).",
        ),
        width=22,
    ),
    _column(
        "currency",
        ("Devise", "العملة", "Currency"),
        ("Code de la devise ; TND si vide.", "رمز العملة؛ TND إن تُركت فارغة.", "Code; TND when empty."),
        length=3,
        example="TND",
    ),
    _column(
        "rate",
        ("Taux de change", "سعر الصرف", "Exchange rate"),
        (
            "Valeur d'une unité de la devise en dinars.",
            "قيمة وحدة من العملة بالدينار.",
            "Value of one unit of the currency in dinars.",
        ),
        kind=AMOUNT,
        decimals=9,
    ),
    _column(
        "original_number",
        ("N° facture d'origine", "رقم الفاتورة الأصلية", "Original invoice"),
        ("Facture que l'avoir corrige.", "الفاتورة التي يصحّحها الإشعار.", "The invoice that is credited."),
        length=200,
    ),
    _column(
        "original_date",
        ("Date facture d'origine", "تاريخ الفاتورة الأصلية", "Original date"),
        ("Date de cette facture.", "تاريخ تلك الفاتورة.", "Date of that invoice."),
        kind=DATE,
    ),
    _column(
        "credit_reason",
        ("Motif de l'avoir", "سبب الإشعار الدائن", "Credit reason"),
        (
            "Motif d'un avoir sans facture d'origine.",
            "سبب إشعار دائن دون فاتورة أصلية.",
            "Why, for a credit note that undoes no invoice.",
        ),
        width=22,
    ),
    _column(
        "order",
        ("Commande", "طلب الشراء", "Order"),
        ("Bon de commande du client.", "طلب شراء الحريف.", "The customer's purchase order."),
    ),
    _column(
        "delivery_note",
        ("Bon de livraison", "وصل التسليم", "Delivery note"),
        ("Numéro du bon de livraison.", "رقم وصل التسليم.", "Number of the delivery note."),
    ),
    _column(
        "contract",
        ("Marché / contrat", "الصفقة / العقد", "Contract"),
        ("Numéro du marché public ou du contrat.", "رقم الصفقة العمومية.", "Number of the public contract."),
    ),
    _column(
        "statement",
        ("N° décompte", "رقم كشف الحساب", "Statement number"),
        ("Numéro du décompte d'un marché.", "رقم كشف حساب الصفقة.", "Number of a contract's statement."),
    ),
    _column(
        "rib",
        ("RIB", "الحساب البنكي", "RIB"),
        (
            "Compte de votre société sur lequel être payé (20 chiffres).",
            "حساب شركتكم الذي يتم الدفع إليه (20 رقمًا).",
            "Your company's account to be paid on (20 digits).",
        ),
        length=40,
        width=24,
    ),
    _column(
        "total_untaxed",
        ("Total HT (contrôle)", "المجموع دون أداء (للمراقبة)", "Total untaxed (control)"),
        (
            "Total hors taxes attendu ; comparé au calcul d'Odoo.",
            "المجموع المنتظر دون أداءات؛ يُقارن بحساب Odoo.",
            "Expected total without taxes; compared with what Odoo computes.",
        ),
        kind=AMOUNT,
        decimals=3,
    ),
    _column(
        "total_tax",
        ("Total taxes (contrôle)", "مجموع الأداءات (للمراقبة)", "Total taxes (control)"),
        (
            "Total des taxes attendu, sans le timbre.",
            "مجموع الأداءات المنتظر دون الطابع.",
            "Expected total of the taxes, without the stamp.",
        ),
        kind=AMOUNT,
        decimals=3,
    ),
    _column(
        "total",
        ("Total TTC (contrôle)", "المجموع العام (للمراقبة)", "Total (control)"),
        (
            "Total à payer attendu, timbre compris.",
            "المبلغ المنتظر دفعه، مع الطابع.",
            "Expected total to pay, with the stamp.",
        ),
        kind=AMOUNT,
        decimals=3,
    ),
)
BY_KEY = {column.key: column for column in COLUMNS}
LINE_KEYS = tuple(column.key for column in COLUMNS if column.line)
HEADER_KEYS = tuple(column.key for column in COLUMNS if not column.line)
REQUIRED = tuple(column.key for column in COLUMNS if column.required)

# Titles that the journal adds: known, so that a corrected journal is taken as it is.
JOURNAL_TITLES = {
    "reason": ("Motif du rejet", "سبب الرفض", "Reason"),
    "row": ("Ligne du fichier", "سطر الملف", "Row of the file"),
}
_UNSEEN = re.compile("[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\u00ad]")


def clean_text(value):
    """:return: ``value`` without marks of direction, controls and doubled or outer spaces."""
    text = _UNSEEN.sub("", unicodedata.normalize("NFC", str(value)))
    text = "".join(" " if unicodedata.category(char) == "Cc" else char for char in text)
    return " ".join(text.split())


def fold(value):
    """:return: ``value`` as titles and choices are compared: no case, accents, stars or punctuation."""
    text = unicodedata.normalize("NFKD", clean_text(value).casefold().replace("œ", "oe"))
    return "".join(char for char in text if char.isalnum())


TITLES = {
    **{fold(label): column.key for column in COLUMNS for label in (*column.labels, column.key)},
    **{fold(label): f"journal.{key}" for key, labels in JOURNAL_TITLES.items() for label in labels},
}


def choice_of(column, value):
    """:return: the value of ``column.choices`` that ``value`` says in any language or by its code, None when none."""
    wanted = fold(value)
    for key, labels in column.choices.items():
        if wanted in {fold(key), *map(fold, labels)}:
            return key
    return None
