"""The archive: what a record costs to verify beside the bare libraries, and what an export of 10 000 costs in memory.

    python bench/archive_bench.py

Ours: `archive.verify` with the signatures inside of the documents, as bin/teif-archive does it, in one process. Bare, in the
same run and taking turns: SHA-256 of the same bytes, and for each signature inside the same XML parsed by lxml,
canonicalised, hashed and its RSA value verified. CPU time, the best of all turns. The export's memory is the peak of a
process of its own; ten times as many records may add a little, never ten times as much.
"""

import hashlib
import importlib.util
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from datetime import timedelta
from importlib.machinery import SourceFileLoader
from pathlib import Path

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from lxml import etree

ROOT = Path(__file__).resolve().parents[1]
for folder in (ROOT / "l10n_tn_edi_ttn", ROOT):
    if str(folder) in sys.path:
        sys.path.remove(str(folder))
    sys.path.insert(0, str(folder))

from archive import chain, evidence, record, tree, verify  # noqa: E402
from archive.checks import Judges  # noqa: E402
from archive.container import Writer  # noqa: E402
from archive.layout import Export  # noqa: E402
from signature import verify as signatures  # noqa: E402
from teif.foreign import parse_foreign_xml  # noqa: E402
from tests.pure.archive.authority import Company, StampAuthority, root  # noqa: E402
from tests.pure.archive.builder import ARCHIVE, FIRST, Archive, midnight  # noqa: E402
from tests.pure.signature import pki  # noqa: E402
from tests.pure.signature.conftest import DOCUMENT, LINE, Signer  # noqa: E402

RECORDS, DAYS, LINES = 300, 3, 20
PDF = b"%PDF-1.7\n" + bytes(range(256)) * 240  # 60 kB, what a printed invoice has
TURNS = 4
#: What a record may cost at most, as a multiple of the bare libraries. Beyond those: its values, its evidence (RFC 4998), where
#: it stands in the container, TTN's profile point by point.
LIMIT = 8.0
EXPORTED, SMALLER = 10_000, 1_000
#: How much more memory the export of ten times as many records may take, in MB.
LIMIT_MEMORY = 16


def command():
    """:return: bin/teif-archive as a module."""
    loader = SourceFileLoader("teif_archive", str(ROOT / "bin" / "teif-archive"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
    loader.exec_module(module)
    return module


def signed_document():
    """:return: a TEIF of twenty lines, signed by the supplier."""
    plain = (DOCUMENT % "".join(LINE % (i, i, i) for i in range(1, LINES + 1))).encode()
    key, certificate = root().signer("Bench", "1234567A")
    return Signer(key, [certificate, root().der], root().der).sign(plain)


def measure():
    """:return: dict of the results."""
    signed = signed_document()

    def parts(number):
        return [
            ("teif_signed", "signed.xml", "application/xml", signed),
            ("pdf", "invoice.pdf", "application/pdf", PDF + b"%d" % number),
        ]

    archive = Archive([RECORDS // DAYS] * DAYS, parts=parts)
    with tempfile.TemporaryDirectory(dir=ROOT / ".env") as folder:
        path = Path(folder) / "export.asice"
        path.write_bytes(archive.export())
        own, bare = turns(path, archive)
        small, large = (exported(Path(folder) / "large.asice", count) for count in (SMALLER, EXPORTED))
    more = large["peak_mb"] - small["peak_mb"]
    return {
        "records": RECORDS,
        "ms_a_record": round(own * 1000 / RECORDS, 3),
        "records_a_second": round(RECORDS / own),
        "bare_ms_a_record": round(bare * 1000 / RECORDS, 3),
        "ratio": round(own / bare, 2),
        "limit": LIMIT,
        "export_records": EXPORTED,
        "export_seconds": large["seconds"],
        "export_mb": large["size_mb"],
        "export_peak_mb": large["peak_mb"],
        "export_more_mb": round(more, 1),
        "limit_memory_mb": LIMIT_MEMORY,
        "within_limit": own / bare <= LIMIT and more <= LIMIT_MEMORY,
    }


def turns(path, archive):
    """:return: the best CPU seconds of our verification and of the bare libraries over the same records."""
    judges = Judges(documents=command().functools.partial(command().document_problems, ()))
    files = [[data for _role, _name, _kind, data in archive.parts(number)] for number in archive.records]
    value = signatures.verify(parse_foreign_xml(files[0][0]))[0].signature_value
    own, bare = [], []
    for _turn in range(TURNS):
        begin = time.process_time()
        report = verify.verify([path], judges, heads=[archive.head], processes=1)
        own.append(time.process_time() - begin)
        assert report.clean, report.findings[0].message
        begin = time.process_time()
        for signed, pdf in files:
            floor(signed, pdf, value)
        bare.append(time.process_time() - begin)
    return min(own), min(bare)


def floor(signed, pdf, value):
    """What nobody can leave out: both files hashed, the document parsed, canonicalised and hashed, the value verified."""
    hashlib.sha256(signed).digest()
    hashlib.sha256(pdf).digest()
    document = etree.fromstring(signed)
    element = document.find(signatures.SIGNATURE)
    key = root().signer("Bench", "1234567A")[0].public_key() if not KEYS else KEYS[0]
    KEYS[:] = [key]
    said = etree.tostring(element[0], method="c14n", exclusive=True)
    properties = element.find(".//{http://uri.etsi.org/01903/v1.3.2#}SignedProperties")
    hashlib.sha256(etree.tostring(properties, method="c14n", exclusive=True)).digest()
    document.remove(element)
    hashlib.sha256(etree.tostring(document, method="c14n", exclusive=True)).digest()
    key.verify(signatures.base64.b64decode(value), said, padding.PKCS1v15(), hashes.SHA256())


KEYS = []


def exported(path, count):
    """:return: what the export of ``count`` records takes in a process of its own."""
    done = subprocess.run(
        [sys.executable, __file__, "--export", str(path), str(count)],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "MALLOC_ARENA_MAX": "1"},
    )
    return json.loads(done.stdout)


def export(path, count, per_day=1000):
    """Write ``count`` records to ``path``, one day after the other, and print what it took."""
    company, stamps = Company(), StampAuthority()
    maker = Archive([1], company=company, stamps=stamps)

    def day_of(sequence):
        first = (sequence - 1) * per_day + 1
        day = FIRST + timedelta(days=sequence - 1)
        return first, day, [maker.make_record(number, day) for number in range(first, first + per_day)]

    seals, previous = [], None
    for sequence in range(1, count // per_day + 1):
        first, day, records = day_of(sequence)
        entries = tree.Tree([record.digests(one) for one in records])
        statement = chain.statement(
            archive=ARCHIVE,
            sequence=sequence,
            day=day,
            first=first,
            last=first + per_day - 1,
            root=entries.root,
            previous=previous,
        )
        signature = company.sign(statement)
        token = stamps.token(
            chain.stamped_root(entries.root, statement, signature), midnight(day) + timedelta(days=1, hours=1)
        )
        seals.append((statement, signature, token, entries.root))
        previous = chain.seal_digest(statement, signature)
    begin = time.perf_counter()
    with open(path, "w+b") as file:
        writer = Writer(file, Export(ARCHIVE, pki.NOW, 1, len(seals)))
        for sequence, (statement, signature, token, whole) in enumerate(seals, 1):
            proof = evidence.make(chain.seal_path(whole, statement, signature), token)
            writer.add_seal(sequence, statement, signature, proof)
        for sequence, (statement, signature, token, _whole) in enumerate(seals, 1):
            first, _day, records = day_of(sequence)
            entries = tree.Tree([record.digests(one) for one in records])
            for index, one in enumerate(records):
                contents = {name: [data] for _role, name, _kind, data in maker.parts(first + index)}
                proof = evidence.make(chain.entry_path(entries, index, statement, signature), token)
                writer.add_record(record.canonical(one), contents, proof)
        writer.close()
    print(
        json.dumps(
            {
                "seconds": round(time.perf_counter() - begin, 1),
                "size_mb": round(Path(path).stat().st_size / 1e6, 1),
                "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
            }
        )
    )


def show(result):
    """Print the results for people."""
    print(
        f"archive: {result['ms_a_record']} ms a record verified ({result['records_a_second']} a second), bare libraries"
        f" {result['bare_ms_a_record']} ms: {result['ratio']} times (limit {result['limit']})"
    )
    print(
        f"archive: export of {result['export_records']} records, {result['export_mb']} MB in {result['export_seconds']} s,"
        f" peak {result['export_peak_mb']} MB, {result['export_more_mb']} MB more than a tenth of it"
        f" (limit {result['limit_memory_mb']})"
    )


if __name__ == "__main__":
    if sys.argv[1:2] == ["--export"]:
        export(sys.argv[2], int(sys.argv[3]))
    else:
        outcome = measure()
        show(outcome)
        sys.exit(0 if outcome["within_limit"] else 1)
