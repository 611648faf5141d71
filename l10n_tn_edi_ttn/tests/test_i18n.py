import re

import polib

from odoo.tests import TransactionCase, tagged
from odoo.tools.misc import file_path

PLACEHOLDER = re.compile(r"%\([a-z_]+\)s|%%|\{[a-z]+\}")


@tagged("post_install_l10n", "post_install", "-at_install")
class TestTranslations(TransactionCase):
    """Every exported term is in French and in Arabic, with the same placeholders."""

    def test_complete(self):
        template = polib.pofile(file_path("l10n_tn_edi_ttn/i18n/l10n_tn_edi_ttn.pot"))
        terms = {entry.msgid for entry in template}
        for lang in ("fr", "ar"):
            translated = {
                entry.msgid: entry.msgstr
                for entry in polib.pofile(file_path(f"l10n_tn_edi_ttn/i18n/{lang}.po"))
            }
            self.assertEqual(set(), {term for term in terms if not translated.get(term)}, lang)
            for term in terms:
                with self.subTest(lang=lang, term=term):
                    self.assertEqual(
                        sorted(PLACEHOLDER.findall(term)), sorted(PLACEHOLDER.findall(translated[term]))
                    )
