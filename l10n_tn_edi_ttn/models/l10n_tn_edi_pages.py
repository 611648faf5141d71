"""The line below the pages of a print: its number and "2 / 3", where wkhtmltopdf prints no footer."""

import functools
import io

from fontTools.pens.basePen import BasePen
from fontTools.ttLib import TTFont

from odoo.tools.misc import file_path
from odoo.tools.pdf import DecodedStreamObject, NameObject, OdooPdfFileReader, OdooPdfFileWriter

# Drawn as shapes: a font would have to be embedded as Odoo's conversion to PDF/A wants it
FONT_FILE, FONT_SIZE = "web/static/fonts/lato/Lato-Reg-webfont.ttf", 8
BOTTOM = 17  # points from the edge of the paper


def numbered(stream, label):
    """Number the pages of a print that has several.

    :param stream: ``BytesIO`` of a PDF.
    :param str label: what stands before the number; letters that the font lacks are left out.
    :return: ``BytesIO`` of the PDF; ``stream`` itself when it has one page.
    """
    reader = OdooPdfFileReader(stream, strict=False)
    count = reader.getNumPages()
    if count < 2:
        return stream
    writer, lines = OdooPdfFileWriter(), OdooPdfFileWriter()
    for number in range(count):
        page = reader.getPage(number)
        width, height = float(page.mediaBox.getWidth()), float(page.mediaBox.getHeight())
        line = lines.addBlankPage(width, height)
        shapes = DecodedStreamObject()
        shapes.setData(_centred(width / 2, f"{label} · {number + 1} / {count}").encode())
        line[NameObject("/Contents")] = lines._addObject(shapes)
        page.mergePage(line)
        writer.addPage(page)
    result = io.BytesIO()
    writer.write(result)
    stream.close()
    return result


@functools.cache
def _font():
    """:return: (outlines by glyph name, glyph name by code, units of one em)."""
    font = TTFont(file_path(FONT_FILE))
    return font.getGlyphSet(), font.getBestCmap(), font["head"].unitsPerEm


class _Shape(BasePen):
    """Collects a glyph as operators of PDF (ISO 32000, 8.5)."""

    def __init__(self, glyphs, operators):
        super().__init__(glyphs)
        self._operators = operators

    def _add(self, operator, *points):
        numbers = " ".join(f"{value:g}" for point in points for value in point)
        self._operators.append(f"{numbers} {operator}")

    def _moveTo(self, point):
        self._add("m", point)

    def _lineTo(self, point):
        self._add("l", point)

    def _curveToOne(self, first, second, point):
        self._add("c", first, second, point)

    def _closePath(self):
        self._operators.append("h")


def _centred(x, text):
    """:return: str, operators that draw a text around ``x`` above the edge of the paper."""
    glyphs, names, units = _font()
    shown = [glyphs[names[ord(char)]] for char in text if ord(char) in names]
    scale = FONT_SIZE / units
    left = x - sum(glyph.width for glyph in shown) * scale / 2
    operators = ["q", "0 g", f"{scale:.6f} 0 0 {scale:.6f} {left:.2f} {BOTTOM} cm"]
    for glyph in shown:
        glyph.draw(_Shape(glyphs, operators))
        operators += ["f", f"1 0 0 1 {glyph.width} 0 cm"]
    return "\n".join([*operators, "Q"])
