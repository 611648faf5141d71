"""Documents made wrong (or differently right) by small random changes, for comparing two judges of the same file."""

from __future__ import annotations

import copy
import random

from lxml import etree

DS = "http://www.w3.org/2000/09/xmldsig#"
TEXTS = (
    "",
    " ",
    "x",
    "0",
    "-",
    "TN",
    "TTN",
    "Rate",
    "Amount",
    "é" * 35,
    "é" * 36,
    "\U0001f4a9" * 35,
    "a\nb",
    " a ",
    "a\tb",
    "<&>",
    "12345678",
    "123456789",
    "1234567",
    "12345678 ",
    "\u0661\u0662\u0663\u0664\u0665\u0666\u0667\u0668",
    "12345678\n",
    *("x" * limit for limit in (5, 6, 7, 8, 9, 11, 12, 17, 18, 20, 21, 30, 31, 35, 36, 50, 51, 70, 71)),
    *("x" * limit for limit in (200, 201, 500, 501, 4000, 4001)),
    *("1" * limit for limit in (13, 14, 15, 16, 20, 24, 34, 35)),
)
NUMBERS = (
    "0",
    "-0",
    "1",
    "12",
    "-5",
    "+5",
    "1.",
    ".5",
    "1.5",
    "1,5",
    "1.123456",
    "1.12345",
    "1.1234",
    "-  34.954",
    " 1.000",
    "1.000 ",
    "1 000.000",
    "1e3",
    "1,234.5",
    "999999999999999.99999",
    "9999999999999999",
    "-1.000",
    "-1,000",
    "1.0001",
    "100",
    "1000",
    "99.99",
    "99.999",
    "19 %",
    "\u0661.5",
    "NaN",
)
MATRICULES = (
    "0736202XAM000",
    "0736202X",
    "0736202YAM000",
    "0736202Y",
    "736202XAM000",
    "0736202XAM001",
    "0736202XAE001",
    "0736202XFM000",
    "0736202XDM000",
    "0736202XAE000",
    "0736202xAM000",
    "0736202XAM00",
    "0736202XAM0000",
    "0736202/X/A/M/000",
    "0736202IAM000",
    "0736202OAM000",
    "0736202UAM000",
    " 0736202XAM000",
    "0736202XAM000 ",
    "0736202XAM000\n",
    "0736202X\n",
    "A736202XAM000",
    "0914089JAM000",
    "0914089J",
    "\u0660736202XAM000",
    "0736202XXX000",
    "1234567RAM000",
)
OTHERS = (
    "AB-1234",
    "AB12",
    "-AB123",
    "AB123-",
    "FR12345678901",
    "FR 123",
    "é12345",
    "A" * 20,
    "A" * 21,
    "A" * 30,
    "A" * 31,
    "A",
)
DATES = (
    ("ddMMyy", "150326"),
    ("ddMMyy", "15032026"),
    ("ddMMyy", "320126"),
    ("ddMMyy", "310226"),
    ("ddMMyy", "001326"),
    ("ddMMyy", "15/03/26"),
    ("ddMMyy", "150326\n"),
    ("ddMMyy", ""),
    ("ddMMyyyy", "15032026"),
    ("ddMMyyyy", "150326"),
    ("ddMMyyyy", "00012026"),
    ("ddMMyyyy", "15032026 "),
    ("ddMMyyHHmm", "1503262359"),
    ("ddMMyyHHmm", "1503262460"),
    ("ddMMyyyyHHmm", "150320262359"),
    ("ddMMyyyyHHmm", "150320262400"),
    ("ddMMyy-ddMMyy", "150326-160326"),
    ("ddMMyy-ddMMyy", "150326"),
    ("ddMMyy-ddMMyy", "150326-321326"),
    ("ddMMyyyy-ddMMyyyy", "15032026-16032026"),
    ("ddMMyyyy-ddMMyyyy", "15032026_16032026"),
    ("DDMMYY", "150326"),
    ("", "150326"),
)
VERSIONS = ("1.8.1", "1.8.7", "1.8.8", "1.8.9", "1.8.10", "1.9.0", "1.9", "2.0", "", "1.8.", " 1.8.8")
CODES = tuple(
    f"I-{number}"
    for number in (
        *(
            "00",
            "01",
            "02",
            "03",
            "04",
            "05",
            "06",
            "07",
            "10",
            "11",
            "12",
            "16",
            "17",
            "18",
            "19",
            "30",
            "31",
            "32",
        ),
        *(
            37,
            38,
            39,
            310,
            40,
            41,
            48,
            49,
            50,
            51,
            59,
            60,
            61,
            62,
            63,
            64,
            68,
            69,
            80,
            81,
            85,
            88,
            89,
            811,
            817,
            818,
            871,
        ),
        *(
            90,
            91,
            94,
            95,
            100,
            101,
            104,
            105,
            110,
            111,
            117,
            118,
            120,
            121,
            124,
            125,
            130,
            131,
            137,
            138,
            140,
            141,
            143,
        ),
        *(
            144,
            150,
            151,
            153,
            155,
            156,
            160,
            161,
            162,
            169,
            1600,
            1601,
            1602,
            1603,
            1604,
            1605,
            1619,
            1620,
            170,
            171,
        ),
        *(176, 177, 178, 180, 181, 182, 183, 188, 189, 190),
    )
)
WORDS = (
    "fr",
    "en",
    "ar",
    "or",
    "FR",
    "de",
    "Physical",
    "Qualification",
    "physical",
    "ISO_3166-1",
    "ISO_4217",
    "ISO",
)
UNITS = ("UNIT", "KGM", "kg", "", "123456789", "12345678", "PG", "C0")
CURRENCIES = ("TND", "EUR", "tnd", "", "EURO", "T")
ATTRIBUTES = (
    "functionCode",
    "type",
    "code",
    "lang",
    "refID",
    "format",
    "nameType",
    "amountTypeCode",
    "currencyCodeList",
    "currencyIdentifier",
    "allowanceCode",
    "measurementUnit",
    "codeList",
    "subjectCode",
    "nameCode",
    "Id",
    "unknown",
)


class Mutator:
    """Makes documents out of `bases` (root elements): reproducible, one to four changes each."""

    def __init__(self, bases, seed):
        self.random = random.Random(seed)
        self.bases = [copy.deepcopy(base) for base in bases]
        self.names = sorted({element.tag for base in self.bases for element in base.iter(etree.Element)})
        self.parts = [
            copy.deepcopy(element)
            for base in self.bases
            for element in base.iter(etree.Element)
            if len(element) < 12 and len(etree.tostring(element)) < 2000
        ]
        self.kinds = (
            *(self.drop, self.double, self.move, self.swap, self.graft) * 2,
            *(self.change_text, self.change_attribute, self.drop_attribute) * 4,
            *(self.change_identifier, self.change_amount, self.change_date) * 3,
            *(
                self.add_attribute,
                self.rename,
                self.add_text,
                self.split_text,
                self.change_party,
                self.change_root,
            ),
        )

    def make(self):
        """:return: the bytes of one changed document."""
        root = copy.deepcopy(self.random.choice(self.bases))
        for _ in range(self.random.choice((1, 1, 1, 1, 2, 2, 3, 4))):
            self.random.choice(self.kinds)(root)
        return etree.tostring(root, xml_declaration=True, encoding="UTF-8")

    def pick(self, root, *names):
        """A random element below the root (with one of the names, if any are given), or None."""
        elements = [
            element for element in root.iterdescendants(etree.Element) if not names or element.tag in names
        ]
        return self.random.choice(elements) if elements else None

    def drop(self, root):
        element = self.pick(root)
        if element is not None:
            element.getparent().remove(element)

    def double(self, root):
        element = self.pick(root)
        if element is not None:
            element.addnext(copy.deepcopy(element))

    def move(self, root):
        element, target = self.pick(root), self.pick(root)
        if (
            element is not None
            and target is not None
            and element not in target.iterancestors()
            and element is not target
        ):
            self.random.choice((target.addnext, target.addprevious, target.append))(element)

    def swap(self, root):
        element = self.pick(root)
        if element is not None and element.getnext() is not None:
            element.addprevious(element.getnext())

    def graft(self, root):
        """A part of some document, put beside an element of the same name or anywhere."""
        part = copy.deepcopy(self.random.choice(self.parts))
        target = self.pick(root, part.tag) if self.random.random() < 0.6 else self.pick(root)
        if target is not None:
            self.random.choice((target.addnext, target.addprevious, target.append))(part)

    def change_text(self, root):
        element = self.pick(root)
        while element is not None and len(element):
            element = self.random.choice(element)
        if element is not None:
            element.text = self.random.choice((*TEXTS, *NUMBERS, *CODES[::9], *OTHERS))

    def change_amount(self, root):
        element = self.pick(
            root,
            "Amount",
            "TaxRate",
            "TaxRateBasis",
            "Quantity",
            "Percentage",
            "AlcRate",
            "AlcRateBasis",
            "AccountNumber",
        )
        if element is not None:
            element.text = self.random.choice((*NUMBERS, "04105044404701381036", "TN5904105044404701381036"))

    def change_identifier(self, root):
        element = self.pick(root, "MessageSenderIdentifier", "MessageRecieverIdentifier", "PartnerIdentifier")
        if element is not None:
            if self.random.random() < 0.6:
                element.set("type", self.random.choice(CODES[:9]))
            element.text = self.random.choice((*MATRICULES, *MATRICULES, *OTHERS, *TEXTS))
            if self.random.random() < 0.4:
                for other in root.iter("MessageSenderIdentifier", "PartnerIdentifier"):
                    other.text = element.text

    def change_date(self, root):
        element = self.pick(root, "DateText")
        if element is not None:
            form, text = self.random.choice(DATES)
            element.set("format", form)
            element.text = text

    def change_party(self, root):
        party = self.pick(root, "PartnerDetails")
        if party is None:
            return
        if self.random.random() < 0.5:
            party.attrib.pop("functionCode", None)
        else:
            party.set("functionCode", self.random.choice(("I-61", "I-62", "I-64", "I-68", "I-69", "")))
        if self.random.random() < 0.3:
            party[:] = []

    def change_attribute(self, root):
        element = self.with_attributes(root)
        if element is not None:
            name = self.random.choice(sorted(element.attrib))
            pools = {
                "measurementUnit": UNITS,
                "currencyIdentifier": CURRENCIES,
                "Algorithm": TEXTS,
                "version": VERSIONS,
            }
            pool = pools.get(name, CODES if self.random.random() < 0.8 else (*WORDS, *TEXTS))
            element.set(name, self.random.choice(pool))

    def drop_attribute(self, root):
        element = self.with_attributes(root)
        if element is not None:
            del element.attrib[self.random.choice(sorted(element.attrib))]

    def with_attributes(self, root):
        elements = [element for element in root.iter(etree.Element) if element.attrib]
        return self.random.choice(elements) if elements else None

    def add_attribute(self, root):
        element = self.pick(root)
        if element is not None:
            element.set(self.random.choice(ATTRIBUTES), self.random.choice((*CODES, *WORDS)))

    def rename(self, root):
        element = self.pick(root)
        if element is not None:
            element.tag = self.random.choice(
                (*self.names, "Unknown", f"{{{DS}}}Signature", "{urn:x}Lin", element.tag.lower())
            )

    def add_text(self, root):
        """Text or an element where the schema wants the other."""
        element = self.pick(root)
        if element is not None:
            if self.random.random() < 0.5:
                element.tail = self.random.choice((" ", "\n  ", "x"))
            else:
                etree.SubElement(element, self.random.choice(self.names))

    def split_text(self, root):
        """A comment or processing instruction, which changes nothing, inside a text or between elements."""
        element = self.pick(root)
        if element is not None:
            node = self.random.choice((etree.Comment("x"), etree.ProcessingInstruction("x", "y")))
            if not len(element) and element.text:
                cut = self.random.randrange(len(element.text) + 1)
                element.text, node.tail = element.text[:cut], element.text[cut:]
            element.insert(0, node)

    def change_root(self, root):
        change = self.random.randrange(5)
        if change == 0:
            root.set("version", self.random.choice(VERSIONS))
        elif change == 1:
            root.set(
                "controlingAgency", self.random.choice(("TTN", "Tunisie TradeNet", "tunisie tradenet", ""))
            )
        elif change == 2:
            root.set("{http://www.w3.org/2001/XMLSchema-instance}noNamespaceSchemaLocation", "teif.xsd")
        elif change == 3:
            signature = etree.fromstring(f'<ds:Signature xmlns:ds="{DS}"><ds:SignedInfo/></ds:Signature>')
            root.insert(self.random.randrange(len(root) + 1), signature)
        else:
            reference = etree.fromstring(
                '<RefTtnVal><ReferenceTTN refID="I-88">1</ReferenceTTN><ReferenceCEV>x</ReferenceCEV><ReferenceDate>'
                '<DateText format="ddMMyyHHmm" functionCode="I-37">1503261200</DateText></ReferenceDate></RefTtnVal>'
            )
            root.insert(self.random.randrange(len(root) + 1), reference)
