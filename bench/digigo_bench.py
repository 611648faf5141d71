"""A thousand documents signed under one DigiGo authorisation by the sandbox, beside the same signatures made with a bare key.

Ours: chain, authorisation, the exchange of its code, and ten calls for a hundred signatures each, over real HTTP, then the
signature put into each document. Bare: the RSA signatures and nothing else, in this process. The wall time of both counts; the
sandbox's own RSA is within ours.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import time
import urllib.request
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "l10n_tn_edi_ttn"))

from bench.teif_bench import invoice  # noqa: E402
from signature import xades  # noqa: E402
from signature.profile import V3  # noqa: E402
from signature.signers import digigo  # noqa: E402
from signature.signers.remote import Response  # noqa: E402
from teif.write import write  # noqa: E402

COUNT, PART, TURNS = 1000, 100, 3
HOLDER, PIN, CLIENT, SECRET, BACK = "bench@example.tn", "4711", "bench", "secret", "http://127.0.0.1:1/back"
#: Preparing, completing and the service's own work on top of the bare signatures: four times on a quiet machine.
LIMIT = 8.0


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_arguments):
        return None

    def http_error_302(self, _request, answer, *_more):
        return answer


_OPENER = urllib.request.build_opener(_Stay, urllib.request.ProxyHandler({}))


def measure() -> dict:
    """Seconds for :data:`COUNT` signed documents on both sides, and the ratio."""
    python = os.environ.get("SANDBOX_PYTHON") or ROOT / ".env/venv-sandbox/bin/python"
    document = write(invoice("1.8.9", 20))
    documents = [
        document.replace(b"FAC-2026-00042", f"FAC-2026-{number:05d}".encode()) for number in range(COUNT)
    ]
    with tempfile.TemporaryDirectory() as name:
        ready = Path(name) / "ready.json"
        process = subprocess.Popen(
            [str(python), "-m", "sandbox", "serve", "--state", f"{name}/state", "--ready", str(ready)],
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            info = _wait(ready)
            _admin(info, "remote", kind="digigo", name=HOLDER, pin=PIN, subject="BENCH")
            _admin(info, "remote/clients", client=CLIENT, secret=SECRET)
            account = digigo.DigiGo(info["digigo"], CLIENT, SECRET, HOLDER, BACK)
            ours, floor = [], []
            for _turn in range(TURNS):
                floor.append(_bare(documents))
                ours.append(_ours(info, account, documents))
        finally:
            process.terminate()
            process.wait(20)
    ratio = min(ours) / min(floor)
    return {
        "documents": COUNT,
        "authorisations": 1,
        "unit": "seconds, best of all turns",
        "digigo": round(min(ours), 3),
        "bare_rsa": round(min(floor), 3),
        "ratio": round(ratio, 2),
        "limit": LIMIT,
        "within_limit": ratio <= LIMIT,
    }


def show(result: dict) -> None:
    """Print the result for people."""
    print(
        f"DigiGo: {result['documents']} documents in one authorisation in {result['digigo']} s, bare RSA "
        f"{result['bare_rsa']} s, ratio {result['ratio']} (limit {result['limit']})"
    )


def _ours(info: dict, account: digigo.DigiGo, documents: list[bytes]) -> float:
    start = time.perf_counter()
    chain = account.chain(_transport)
    now = datetime.now(UTC).replace(microsecond=0)
    prepared = [xades.prepare(one, chain, V3, now) for one in documents]
    digests = [one.digest for one in prepared]
    # The holder's time is not ours.
    waiting = time.perf_counter()
    token = digigo.read_callback(_allow(info, account.authorize_url(digests, "bench", bound=False)))
    start += time.perf_counter() - waiting
    activation = account.activate(_transport, token)
    values: list[bytes] = []
    for first in range(0, COUNT, PART):
        values += account.sign(_transport, activation, digests[first : first + PART])
    for one, state, value in zip(documents, prepared, values, strict=True):
        xades.complete(state, one, value)
    return time.perf_counter() - start


def _bare(documents: list[bytes]) -> float:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    start = time.perf_counter()
    for one in documents:
        key.sign(one, padding.PKCS1v15(), hashes.SHA256())
    return time.perf_counter() - start


def _allow(info: dict, address: str) -> dict[str, str]:
    """Play the holder in the browser; what it comes back with."""
    page = _OPENER.open(address, timeout=60).read()
    handle = re.search(rb'name="handle" value="([^"]+)"', page)[1].decode()
    sent = next(one["otp"] for one in _admin(info, "remote")["outbox"] if one["handle"] == handle)
    form = urlencode({"handle": handle, "pin": PIN, "otp": sent, "decision": "sign"}).encode()
    answer = _OPENER.open(f"{info['digigo']}/oauth2/authorize", form, timeout=60)
    return dict(parse_qsl(urlsplit(answer.headers["Location"]).query))


def _transport(request) -> Response:
    asked = urllib.request.Request(request.url, request.body, request.headers, method=request.method)
    with _OPENER.open(asked, timeout=120) as answer:
        return Response(answer.status, answer.read())


def _admin(info: dict, path: str, **values: str) -> dict:
    headers = {"Authorization": f"Bearer {info['admin_token']}"}
    body = json.dumps(values).encode() if values else None
    with _OPENER.open(urllib.request.Request(f"{info['admin']}/{path}", body, headers), timeout=60) as answer:
        return json.load(answer)


def _wait(ready: Path) -> dict:
    end = time.monotonic() + 60
    while not ready.exists():
        if time.monotonic() > end:
            raise RuntimeError("the sandbox does not come up")
        time.sleep(0.05)
    return json.loads(ready.read_text(encoding="utf-8"))


if __name__ == "__main__":
    show(measure())
