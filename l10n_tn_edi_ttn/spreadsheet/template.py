"""The empty workbook to fill in: titles with explanations, formats, drop-down lists, instructions and an example."""

import io
from datetime import date
from decimal import Decimal

from openpyxl import Workbook
from openpyxl.comments import Comment
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation

from .columns import AMOUNT, CHOICE, COLUMNS, DATE, LANGUAGES, PERCENT
from .styles import CENTRED, REQUIRED_FILL, TITLE_FILL, TITLE_FONT, WRAPPED

SHEET_TITLES = ("Factures", "الفواتير", "Invoices")
GUIDE_TITLES = ("Mode d'emploi", "طريقة الاستعمال", "Instructions")
EXAMPLE_TITLES = ("Exemple", "مثال", "Example")
# Rows that get formats and lists
PREPARED_ROWS = 5000
DATE_FORMAT, TEXT_FORMAT = "dd/mm/yyyy", "@"
GUIDE = (
    (
        "Une ligne du tableau est une ligne de facture ; les lignes d'une même facture portent le même numéro et se suivent.",
        "Les titres foncés sont obligatoires. Ce qui vaut pour toute la facture peut n'être écrit que sur sa première ligne.",
        "N'enregistrez ni macros, ni liens vers d'autres fichiers, ni cellules fusionnées. Le format est .xlsx.",
        "Les totaux de contrôle sont comparés à ce qu'Odoo calcule ; laissez-les vides si vous ne les avez pas.",
        "Corrigez le journal d'erreurs et importez-le à nouveau : ce qui est déjà entré n'est pas touché.",
    ),
    (
        "كل سطر من الجدول هو سطر من فاتورة؛ أسطر الفاتورة الواحدة تحمل نفس الرقم وتكون متتالية.",
        "العناوين الداكنة إجبارية. ما يخص الفاتورة كلها يمكن أن يُكتب في سطرها الأول فقط.",
        "لا تحفظوا ماكرو ولا روابط نحو ملفات أخرى ولا خلايا مدمجة. الصيغة المطلوبة هي ‎.xlsx.",
        "تُقارن مجاميع المراقبة بما يحسبه Odoo؛ اتركوها فارغة إن لم تكن لديكم.",
        "صحّحوا سجل الأخطاء ثم أعيدوا استيراده: ما تم إدخاله لا يُمسّ.",
    ),
    (
        "A row of the table is a line of an invoice; the lines of one invoice bear the same number and stand together.",
        "Dark titles are required. What is true of the whole invoice may be written on its first row only.",
        "Save no macros, no links to other files and no merged cells. The format is .xlsx.",
        "Control totals are compared with what Odoo computes; leave them empty when you have none.",
        "Correct the journal of errors and import it again: what is in already is not touched.",
    ),
)


def make_template(language):
    """:return: bytes of the .xlsx template whose titles and lists are in ``language`` (fr, ar or en)."""
    index = LANGUAGES.index(language)
    book = Workbook()
    sheet = book.active
    sheet.title = SHEET_TITLES[index]
    sheet.sheet_view.rightToLeft = language == "ar"
    _write_titles(sheet, index)
    _prepare_columns(sheet, index)
    _write_example(book.create_sheet(EXAMPLE_TITLES[index]), index)
    for position in (index, *(other for other in range(len(LANGUAGES)) if other != index)):
        _write_guide(book.create_sheet(GUIDE_TITLES[position]), position)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def _write_titles(sheet, index):
    for position, column in enumerate(COLUMNS, start=1):
        cell = sheet.cell(1, position, column.labels[index])
        cell.font, cell.alignment = TITLE_FONT, CENTRED
        cell.fill = REQUIRED_FILL if column.required else TITLE_FILL
        cell.comment = Comment(column.helps[index], "El Fatoora", height=90, width=260)
        sheet.column_dimensions[get_column_letter(position)].width = column.width
    sheet.row_dimensions[1].height = 36
    sheet.freeze_panes = "B2"


def _prepare_columns(sheet, index):
    """Formats of whole columns, and lists: texts stay texts, so that a code keeps its zeros."""
    for position, column in enumerate(COLUMNS, start=1):
        letter = get_column_letter(position)
        sheet.column_dimensions[letter].number_format = _format(column)
        for row in range(2, 202):
            sheet.cell(row, position).number_format = _format(column)
        rule = _validation(column, index)
        if rule:
            sheet.add_data_validation(rule)
            rule.add(f"{letter}2:{letter}{PREPARED_ROWS}")


def _format(column):
    if column.kind == DATE:
        return DATE_FORMAT
    return "General" if column.kind in (AMOUNT, PERCENT) else TEXT_FORMAT


def _validation(column, index):
    """The drop-down list or rule of a column; it warns, the import decides."""
    if column.choices:
        texts = [labels[index] for labels in column.choices.values()]
        rule = DataValidation(type="list", formula1='"{}"'.format(",".join(texts)), allow_blank=True)
    elif column.kind == DATE:
        rule = DataValidation(
            type="date", operator="greaterThan", formula1="DATE(2000,1,1)", allow_blank=True
        )
    elif column.kind == AMOUNT:
        rule = DataValidation(
            type="decimal", operator="between", formula1="-999999999999", formula2="999999999999"
        )
        rule.allow_blank = True
    else:
        return None
    rule.errorStyle = "warning"
    rule.error = column.helps[index][:250]
    return rule


def _example_rows():
    """Two lines of one invoice, then a credit note."""
    first = {column.key: _example(column) for column in COLUMNS if column.example is not None}
    second = {
        "number": first["number"],
        "product_code": "MAT-07",
        "quantity": Decimal(5),
        "price": Decimal("20.250"),
        "discount": Decimal(10),
        "vat": Decimal(7),
    }
    credit = {
        key: first[key]
        for key in ("date", "identifier", "customer_name", "street", "city", "zip", "price", "vat")
    }
    credit |= {
        "number": "A-2026-0001",
        "type": "I-12",
        "original_number": first["number"],
        "original_date": first["date"],
    }
    return first, second, credit


def _example(column):
    if column.kind == DATE:
        return date.fromisoformat(column.example)
    return Decimal(column.example) if column.kind in (AMOUNT, PERCENT) else column.example


def _write_example(sheet, index):
    _write_titles(sheet, index)
    sheet.sheet_view.rightToLeft = LANGUAGES[index] == "ar"
    descriptions = ("Prestation de conseil", "خدمة استشارية", "Consulting")
    for number, values in enumerate(_example_rows(), start=2):
        for position, column in enumerate(COLUMNS, start=1):
            value = values.get(column.key)
            if column.key == "description":
                value = descriptions[index]
            if value is not None and column.kind == CHOICE:
                value = column.choices[value][index]
            cell = sheet.cell(number, position, value)
            cell.number_format = _format(column)


def _write_guide(sheet, index):
    sheet.sheet_view.rightToLeft = LANGUAGES[index] == "ar"
    sheet.column_dimensions["A"].width, sheet.column_dimensions["B"].width = 28, 90
    for number, sentence in enumerate(GUIDE[index], start=1):
        cell = sheet.cell(number, 1, sentence)
        sheet.merge_cells(start_row=number, start_column=1, end_row=number, end_column=2)
        cell.alignment = WRAPPED
        sheet.row_dimensions[number].height = 30
    for number, column in enumerate(COLUMNS, start=len(GUIDE[index]) + 2):
        title = sheet.cell(number, 1, column.labels[index])
        title.font = Font(bold=True, underline="single" if column.required else None)
        text = column.helps[index]
        if column.choices and column.kind == CHOICE:
            text += " ({})".format(", ".join(labels[index] for labels in column.choices.values()))
        sheet.cell(number, 2, text).alignment = WRAPPED
