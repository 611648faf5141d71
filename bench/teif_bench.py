"""Build, check and sign one invoice, beside the same steps done with the bare libraries, in the same run.

Ours: write the document from the model, parse it with the parser for foreign XML, check it (schema, assertions, arithmetic,
content), sign it in TTN's profile. Bare: the same tree made with lxml element by element and serialised, validated by lxml
against the same schema, canonicalised, hashed, and signed with the same RSA key. Keys and schemas are loaded before, as a
batch has them. Both sides take turns, so that a busy machine slows both; the best of all turns counts, in CPU time.
"""

from __future__ import annotations

import hashlib
import platform
import sys
import time
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import cryptography
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID
from lxml import etree

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "l10n_tn_edi_ttn"))

from signature import xades
from signature.profile import V3
from signature.signers.pkcs12 import Pkcs12Signer
from teif.check import examine
from teif.document import (
    Address,
    Amount,
    DateText,
    Document,
    Identifier,
    Institution,
    Line,
    Party,
    Payment,
    Quantity,
    Tax,
    TaxTotal,
    money,
)
from teif.foreign import parse_foreign_xml
from teif.schema import validator_for
from teif.words import amount_in_words
from teif.write import write

LINES = (1, 20, 200, 1000)
VERSIONS = ("1.8.9", "1.9.0")
#: What 20 lines may cost at most, as a multiple of the bare libraries.
LIMIT = 1.5
#: What a line of the longest document may cost at most, as a multiple of a line of the one before: the cost grows with the
#: lines, and a little more, since large trees leave the processor's caches.
GROWTH = 1.5
SECONDS_A_CASE = 4


def measure() -> dict:
    """Every version and number of lines: milliseconds of each step on both sides, and the ratio of the sums."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    certificate = _certificate(key)
    cases = [_case(version, lines, key, certificate) for version in VERSIONS for lines in LINES]
    # The whole, and what the certificate file's provider costs of it
    twenty = [case[name] for case in cases if case["lines"] == 20 for name in ("ratio", "signing_ratio")]
    growth = {
        version: _growth([case for case in cases if case["version"] == version]) for version in VERSIONS
    }
    return {
        "python": platform.python_version(),
        "lxml": etree.__version__,
        "libxml2": ".".join(map(str, etree.LIBXML_VERSION)),
        "cryptography": cryptography.__version__,
        "unit": "milliseconds of CPU time, best of all turns",
        "cases": cases,
        "limit": LIMIT,
        "growth": growth,
        "growth_limit": GROWTH,
        "within_limit": max(twenty) <= LIMIT and max(growth.values()) <= GROWTH,
    }


def _growth(cases):
    """What a line of the longest of ``cases`` costs, as a multiple of a line of the second longest."""
    per_line = [
        case["ours"]["total"] / case["lines"] for case in sorted(cases, key=lambda case: case["lines"])
    ]
    return round(per_line[-1] / per_line[-2], 2)


def invoice(version: str, lines: int) -> Document:
    """An ordinary invoice with two rates of TVA, the stamp, and a bank account."""
    items, bases = [], {}
    for number in range(1, lines + 1):
        rate = Decimal(19 if number % 3 else 7)
        price = Decimal(f"{number % 97 + 1}.{number % 1000:03d}")
        total = price * 3
        bases[rate] = bases.get(rate, Decimal("0.000")) + total
        items.append(
            Line(
                number=str(number),
                code=f"REF-{number:05d}",
                description=f"Article numéro {number} & accessoires",
                lang="fr",
                quantity=Quantity(Decimal(3)),
                taxes=(Tax("I-1602", "TVA", rate),),
                amounts=(Amount("I-183", price), Amount("I-171", total)),
            )
        )
    taxes = {rate: money(base * rate / 100, "TND") for rate, base in bases.items()}
    net, tax, stamp = sum(bases.values()), sum(taxes.values()), Decimal("1.000")
    total = net + tax + stamp
    address = Address(description="12 rue de Marseille", city="Tunis", postal_code="1000", lang="fr")
    supplier, customer = Identifier("0736202XAM000"), Identifier("0914089JAM000")
    account = Institution(
        account="04105044404701381036",
        owner="FOURNISSEUR",
        name_code="04",
        branch="105",
        name="BANQUE",
        country="TN",
    )
    return Document(
        version=version,
        sender=supplier,
        receiver=customer,
        number="FAC-2026-00042",
        dates=(DateText("I-31", date(2026, 3, 15)), DateText("I-32", date(2026, 4, 15))),
        parties=(
            Party(role="I-62", identifier=supplier, name="FOURNISSEUR SARL", addresses=(address,)),
            Party(role="I-64", identifier=customer, name="CLIENT SA", addresses=(address,)),
        ),
        payments=(Payment(terms="I-114", description="Virement", institution=account),),
        lines=tuple(items),
        amounts=(
            Amount("I-176", net),
            Amount("I-182", net),
            Amount("I-181", tax),
            Amount("I-180", total, "TND", amount_in_words(total, "TND", "fr"), "fr"),
        ),
        taxes=(
            *(
                TaxTotal(Tax("I-1602", "TVA", rate), (Amount("I-177", base), Amount("I-178", taxes[rate])))
                for rate, base in bases.items()
            ),
            TaxTotal(Tax("I-1601", "droit de timbre", Decimal(0)), (Amount("I-178", stamp),)),
        ),
    )


def _case(version, lines, key, certificate):
    document = invoice(version, lines)
    data = write(document)
    root = parse_foreign_xml(data)
    findings = examine(root, document=document).findings
    if findings:
        raise SystemExit(f"bench: the checker complains about the invoice: {findings}")
    ours, bare = _Ours(document, key, certificate), _Bare(root, key)
    best = {}
    turns = 0
    end = time.monotonic() + SECONDS_A_CASE
    while turns < 5 or time.monotonic() < end:
        turns += 1
        for side, name in ((ours, "ours"), (bare, "bare")):
            for step, elapsed in side.turn():
                best[name, step] = min(elapsed, best.get((name, step), elapsed))
    result = {"version": version, "lines": lines, "bytes": len(data), "turns": turns}
    for name in ("ours", "bare"):
        steps = {step: round(elapsed * 1000, 3) for (side, step), elapsed in best.items() if side == name}
        result[name] = {**steps, "total": round(sum(steps.values()), 3)}
    result["ratio"] = round(result["ours"]["total"] / result["bare"]["total"], 2)
    result["signing_ratio"] = round(result["ours"]["sign"] / result["bare"]["sign"], 2)
    return result


class _Side:
    def turn(self):
        """Yields the name and the seconds of CPU of each step, once through."""
        for step in self.steps:
            start = time.process_time()
            getattr(self, step)()
            yield step, time.process_time() - start


class _Ours(_Side):
    steps = ("build", "check", "sign")

    def __init__(self, document, key, certificate):
        self.document, self.signer = document, Pkcs12Signer(key, [certificate])
        self.time = datetime.now(UTC)

    def build(self):
        self.data = write(self.document)

    def check(self):
        self.root = parse_foreign_xml(self.data)
        examine(self.root, document=self.document)

    def sign(self):
        prepared = xades.prepare(self.data, self.signer.chain, V3, self.time, root=self.root)
        value = self.signer.sign(prepared.to_sign)
        xades.complete(prepared, self.data, value)


class _Bare(_Side):
    steps = ("build", "check", "sign")

    def __init__(self, root, key):
        self.key = key
        self.validator = validator_for(root)
        self.elements = []
        self._flatten(root, None)

    def _flatten(self, element, parent):
        self.elements.append((parent, element.tag, dict(element.attrib), element.text))
        own = len(self.elements) - 1
        for child in element:
            self._flatten(child, own)

    def build(self):
        made = []
        for parent, tag, attributes, text in self.elements:
            element = (
                etree.Element(tag, attributes)
                if parent is None
                else etree.SubElement(made[parent], tag, attributes)
            )
            if text is not None:
                element.text = text
            made.append(element)
        self.root = made[0]
        etree.tostring(self.root, encoding="UTF-8", xml_declaration=True)

    def check(self):
        if not self.validator.validate(self.root):
            raise SystemExit("bench: the bare tree is not valid")

    def sign(self):
        digest = hashlib.sha256(etree.tostring(self.root, method="c14n", exclusive=True)).digest()
        self.key.sign(digest, padding.PKCS1v15(), hashes.SHA256())


def _certificate(key) -> bytes:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Bench")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    return certificate.public_bytes(serialization.Encoding.DER)


def show(result: dict):
    """The result as a table."""
    print(f"{'version':8}{'lines':>6}{'bytes':>9}   {'ours: build check sign = total':38}{'bare: …':32}ratio")
    for case in result["cases"]:
        ours, bare = (
            " ".join(f"{case[side][step]:7.3f}" for step in ("build", "check", "sign", "total"))
            for side in ("ours", "bare")
        )
        print(
            f"{case['version']:8}{case['lines']:6}{case['bytes']:9}   {ours:38}{bare:32}{case['ratio']:.2f}"
            f"  signing {case['signing_ratio']:.2f}"
        )
    for version, growth in result["growth"].items():
        print(
            f"{version:8}a line of {LINES[-1]} costs {growth:.2f} times one of {LINES[-2]} (at most {GROWTH})"
        )
