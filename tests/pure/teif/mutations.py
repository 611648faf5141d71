"""Documents made wrong (or differently right) by small random changes, for comparing two judges of the same file."""

from __future__ import annotations

import copy
import random

from lxml import etree

from tests.pure.teif.mutation_values import (
    ATTRIBUTES,
    CODES,
    CURRENCIES,
    DATES,
    MATRICULES,
    NUMBERS,
    OTHERS,
    TEXTS,
    UNITS,
    VERSIONS,
    WORDS,
)

DS = "http://www.w3.org/2000/09/xmldsig#"


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
