"""What the tests of every kind of document share: the checker, the reader and, where it is, TTN's own schema must agree."""

import importlib.util
import sys
import tempfile
from pathlib import Path

from odoo.fields import Command

from ..teif import check, write
from ..teif.foreign import parse_foreign_xml
from ..teif.reader import read
from .common import RIB, TnEdiCommon

ADDON = Path(__file__).resolve().parent.parent
JUDGE = ADDON.parent.parent / "shared" / "ttn" / "judge.py"
VERSIONS = ("1.8.8", "1.8.9", "1.9.0")


def _judge():
    """The reference judge beside the project (TTN's files, XSD 1.1); None where it is not."""
    if not JUDGE.exists() or not importlib.util.find_spec("xmlschema"):
        return None
    if "l10n_tn_edi_reference_judge" not in sys.modules:
        spec = importlib.util.spec_from_file_location("l10n_tn_edi_reference_judge", JUDGE)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        sys.modules["l10n_tn_edi_reference_judge"] = module
    return sys.modules["l10n_tn_edi_reference_judge"]


class DocumentsCase(TnEdiCommon):
    """Documents in every version, judged three times and read back."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.bank = (
            cls.env["res.partner.bank"]
            .sudo()
            .create(
                {
                    "acc_number": RIB,
                    "partner_id": cls.company.partner_id.id,
                    "bank_id": cls.env["res.bank"].sudo().create({"name": "BANQUE ESSAI"}).id,
                }
            )
            .sudo(False)
        )
        # A number that 1.9.0 takes: no slash
        cls.numbers = 0

    def make(self, *lines, post=True, **values):
        """A posted invoice whose number every version takes."""
        type(self).numbers += 1
        name = values.pop("name", f"FAC-2026-{self.numbers:05d}")
        return self.make_invoice(*lines, post=post, name=name, **values)

    def document(self, move, version="1.8.9", clean=True, judged=True):
        """The document of ``move`` in ``version`` as the reader finds it, after everybody agreed on it.

        :param bool clean: nothing is found, in Odoo or in the file; else the findings are the caller's affair.
        :param bool judged: TTN's own schema is asked too, which takes its time.
        """
        move = move.with_context(l10n_tn_edi_version=version)
        document = move._l10n_tn_edi_teif_document()
        data = write.write(document)
        root = parse_foreign_xml(data)
        self.assertEqual(document.version, version)
        self.assertEqual(read(root), document, "read back as it was")
        if clean:
            self.assertEqual(check.check(root), [])
            self.assertEqual(move._l10n_tn_edi_findings(), [])
        self.assertTrue(check.valid(root), check.check(root))
        if judged:
            self.assert_judged(data)
        return document

    def assert_judged(self, data):
        """TTN's own schema accepts ``data``, where it is there to ask."""
        judge = _judge()
        if judge:
            with tempfile.NamedTemporaryFile(suffix=".xml") as file:
                file.write(data)
                file.flush()
                self.assertEqual(judge.verdict(Path(file.name))[1], [])

    def documents(self, move, clean=True):
        """``{version: document}``, see :meth:`document`."""
        result = {}
        for version in VERSIONS:
            with self.subTest(version=version):
                result[version] = self.document(move, version, clean)
        return result

    def codes(self, move):
        """The codes of what Odoo finds."""
        return [item["code"] for item in move._l10n_tn_edi_findings()]

    def references(self, document):
        return [(reference.code, reference.value) for reference in document.references]

    def reference(self, **values):
        """The command that makes a document referred to."""
        return Command.create(values)
