"""Hostile and broken files: one clear answer, at once, in bounded memory."""

import resource
import subprocess
import sys
import time
from pathlib import Path

import pytest

from teif.foreign import CODES, MAX_DEPTH, ForeignXmlError, parse_foreign_xml

CHECKER = Path(__file__).resolve().parents[3] / "bin" / "teif-check"
BOMB = (
    b'<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa">'
    + b"".join(
        b'<!ENTITY %c "&%c;&%c;&%c;&%c;&%c;&%c;&%c;&%c;&%c;">' % (98 + n, *[97 + n] * 9) for n in range(20)
    )
    + b"]><TEIF>&u;</TEIF>"
)
HOSTILE = {
    "empty": (b" \n", "xml.empty"),
    "entity bomb": (BOMB, "xml.doctype"),
    "external entity": (b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>', "xml.doctype"),
    "external subset": (
        b'<?xml version="1.0"?>\n<!-- x --><!DOCTYPE a SYSTEM "http://127.0.0.1:9/x.dtd"><a/>',
        "xml.doctype",
    ),
    "doctype in UTF-16": ('<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>'.encode("utf-16"), "xml.doctype"),
    "doctype in UTF-7": (
        b'<?xml version="1.0" encoding="UTF-7"?>+ADwAIQ-DOCTYPE a+AD4 +ADw-a/+AD4',
        "xml.doctype",
    ),
    "100 MB": (b"<TEIF>" + b"x" * 100_000_000 + b"</TEIF>", "xml.too_large"),
    "millions of elements": (b"<TEIF>" + b"<a/>" * 2_500_000 + b"</TEIF>", "xml.too_large"),
    "10,000 nested SubLin": (
        b"<TEIF>" + b"<SubLin>" * 10_000 + b"</SubLin>" * 10_000 + b"</TEIF>",
        "xml.too_deep",
    ),
    "a bit too deep": (b"<a>" * (MAX_DEPTH + 1) + b"</a>" * (MAX_DEPTH + 1), "xml.too_deep"),
    "wrong encoding": ('<?xml version="1.0" encoding="UTF-8"?><a>é</a>'.encode("latin-1"), "xml.encoding"),
    "unknown encoding": (b'<?xml version="1.0" encoding="no-such"?><a/>', "xml.encoding"),
    "a PDF": (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", "xml.malformed"),
    "cut off": (b"<TEIF><InvoiceHeader>", "xml.malformed"),
    "undeclared entity": (b"<a>&nbsp;</a>", "xml.malformed"),
    "control character": (b"<a>\x0b</a>", "xml.malformed"),
    "unclosed comment": (b"<!-- " * 100_000, "xml.malformed"),
    "unclosed instructions": (b"<?a " * 100_000, "xml.malformed"),
}


def _teif(body, version=b"1.8.9"):
    return (
        b'<TEIF version="'
        + version
        + b'" controlingAgency="TTN"><InvoiceBody>'
        + body
        + b"</InvoiceBody></TEIF>"
    )


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_file_is_refused_at_once(name):
    data, code = HOSTILE[name]
    start = time.monotonic()
    with pytest.raises(ForeignXmlError) as caught:
        parse_foreign_xml(data)
    assert time.monotonic() - start < 1
    assert caught.value.code == code and code in CODES
    assert caught.value.message.isprintable() and len(caught.value.message) < 400


@pytest.mark.parametrize(
    "data",
    [
        b"<a>" * MAX_DEPTH + b"</a>" * MAX_DEPTH,
        '<?xml version="1.0" encoding="UTF-16"?><a>é</a>'.encode("utf-16"),
        b"\xef\xbb\xbf<a/>",
        b"<a>&lt;!DOCTYPE&gt; <![CDATA[<!DOCTYPE a>]]></a>",
    ],
)
def test_harmless_file_is_read(data):
    assert parse_foreign_xml(data).tag == "a"


def test_limit_may_be_set():
    with pytest.raises(ForeignXmlError) as caught:
        parse_foreign_xml(b"<a></a>", max_bytes=6)
    assert caught.value.code == "xml.too_large"


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("bomb", BOMB),
        ("large", HOSTILE["100 MB"][0]),
        ("nested", HOSTILE["10,000 nested SubLin"][0]),
        ("faults", b'<TEIF version="1.8.8" controlingAgency="TTN">' + b"<Lin/>" * 250_000 + b"</TEIF>"),
        (
            "many faulty lines",
            b'<TEIF version="1.8.9" controlingAgency="TTN"><InvoiceBody><LinSection>'
            + b"<Lin><x/></Lin>" * 90_000
            + b"</LinSection></InvoiceBody></TEIF>",
        ),
        (
            "bad dates",
            _teif(
                b"<Dtm>" + b'<DateText format="ddMMyy" functionCode="I-31">x</DateText>' * 70_000 + b"</Dtm>"
            ),
        ),
        (
            "bad partners",
            _teif(
                b"<PartnerSection>"
                + b'<PartnerDetails functionCode="I-62"><Nad><PartnerIdentifier type="I-01">x</PartnerIdentifier></Nad>'
                b"</PartnerDetails>" * 45_000 + b"</PartnerSection>"
            ),
        ),
        (
            "bad partners of 1.9.0",
            _teif(
                b"<PartnerSection>"
                + b'<PartnerDetails functionCode="I-62"><Nad><PartnerIdentifier type="I-01">x</PartnerIdentifier></Nad>'
                b"</PartnerDetails>" * 45_000 + b"</PartnerSection>",
                b"1.9.0",
            ),
        ),
        (
            "partners without role",
            _teif(b"<PartnerSection>" + b"<PartnerDetails/>" * 250_000 + b"</PartnerSection>"),
        ),
        (
            "empty numbers",
            _teif(b"<LinSection>" + b"<Lin><ItemIdentifier/></Lin>" * 90_000 + b"</LinSection>"),
        ),
        ("commas", _teif(b"<InvoiceMoa>" + b"<Moa><Amount>1,5</Amount></Moa>" * 70_000 + b"</InvoiceMoa>")),
        ("attributes", b"<TEIF " + b" ".join(b'a%d=""' % n for n in range(250_000)) + b"/>"),
    ],
)
def test_command_answers_within_bounded_time_and_memory(tmp_path, name, data):
    """The whole command on a hostile file, in an address space of 900 MB, start of Python included."""
    path = tmp_path / f"{name}.xml"
    path.write_bytes(data)
    limit = (
        "import os, resource, sys; resource.setrlimit(resource.RLIMIT_AS, (900 << 20,) * 2);"
        "os.execv(sys.executable, [sys.executable, *sys.argv[1:]])"
    )
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [sys.executable, "-c", limit, str(CHECKER), "--json", str(path)],
        capture_output=True,
        text=True,
        timeout=120,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    # Its own time: other work may hold up this machine
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    assert done.returncode == 1, done.stderr
    assert '"valid": false' in done.stdout and not done.stderr
    assert used < 5, f"{used:.1f} s"  # mostly under one
