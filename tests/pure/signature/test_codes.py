"""The catalogue: every code that the room may say has a sentence, and no sentence is left over."""

import re
from pathlib import Path

import signature
from signature import problems
from signature.codes import CATALOGUE, CODES

FOLDER = Path(signature.__file__).parent
#: What the signing agent says is passed on by its client in the room.
AGENT = Path(__file__).resolve().parents[3] / "signing_agent"
SOURCES = "\n".join(
    path.read_text() for path in (*FOLDER.rglob("*.py"), *AGENT.glob("*.py")) if path.name != "codes.py"
)
#: Codes put together from parts.
MADE = {"signature.document_digest", "signature.properties_digest"} | {
    f"{source}.{name}" for source in ("ocsp", "crl") for name in ("future", "stale")
}
RAISED = re.compile(r'(?:problem|Error)\(\s*"([a-z0-9_]+\.[a-z0-9_]+)"')
POINTS = re.compile(r'(?:_point|_code)\(\s*"([a-z_]+)"')


def test_the_catalogue_is_exactly_what_is_said():
    said = set(RAISED.findall(SOURCES)) | MADE | {f"profile.{name}" for name in POINTS.findall(SOURCES)}
    assert said == CODES


def test_sentences_show_foreign_texts_tamed():
    shown = problems.sentence("document.root", {"found": "a\x1b[31m\n" + "b" * 500})
    assert "\x1b" not in shown
    assert "\n" not in shown
    assert len(shown) < 300


def test_every_sentence_ends_as_one():
    for code, sentence in CATALOGUE.items():
        assert code.startswith("profile.") or sentence.endswith((".", "?")), code
