"""A small client of the API for electronic invoices, to copy into your own system. Needs Python 3.11 and `requests`.

    client = Client("https://facturation.example.com", key="…")            # or certificate=("client.pem", "client.key")
    client.create({"external_id": "ERP-1", "date": "2026-03-15", "customer": {…}, "lines": […]})
    invoice = client.wait("ERP-1", seconds=120)
    print(invoice["electronic"]["state"], invoice["electronic"]["reference"])
    pdf = client.file("ERP-1", "pdf")

Calls that change something are repeated safely after a lost answer: `external_id` is unique for ever, and each call bears an
`Idempotency-Key`. What a webhook brings is checked by :func:`verify_webhook`.
"""

import base64
import hashlib
import hmac
import re
import time
import uuid

import requests

BASE = "/l10n_tn_edi/api/v1"
MOST_IN_BATCH = 500
# Come again: too many calls, the same key still at work elsewhere, a busy server or a proxy without one
AGAIN = {429, 502, 503, 504}
COVERED = ("@method", "@target-uri", "content-type", "content-digest", "webhook-id")


class Problem(Exception):
    """A refusal (RFC 9457): ``status``, ``code``, and ``findings`` that say what to correct and where."""

    def __init__(self, status, value):
        super().__init__(f"{status} {value.get('code')}: {value.get('detail')}")
        self.status, self.value = status, value
        self.code, self.findings = value.get("code"), value.get("findings", [])


class Client:
    """One system's access to one company.

    :param str url: the server's address, without a path.
    :param str key: the API key; or
    :param tuple certificate: paths of the client's certificate and its key (PEM).
    :param str ca_file: an authority to trust, the usual ones when None.
    :param str database: when the server has several.
    :param int tries: of a call without an answer, or with one that says to come again.
    """

    def __init__(self, url, key=None, *, certificate=None, ca_file=None, database=None, tries=6, timeout=60):
        self.url, self.tries, self.timeout = url.rstrip("/") + BASE, tries, timeout
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.headers["Accept-Language"] = "fr"
        self.session.cert, self.session.verify = certificate, ca_file or True
        if key:
            self.session.headers["Authorization"] = f"Bearer {key}"
        if database:
            self.session.headers["X-Odoo-Database"] = database

    def call(self, method, path, body=None, **query):
        """One call, repeated when it got no answer or is to come again.

        :return: ``requests.Response`` with a status below 400.
        :raise Problem: for a refusal.
        :raise requests.RequestException: when no answer came at all.
        """
        headers = {"Idempotency-Key": str(uuid.uuid4())} if method == "POST" else {}
        for attempt in range(1, self.tries + 1):
            try:
                answer = self.session.request(
                    method,
                    self.url + path,
                    json=body,
                    params={name: value for name, value in query.items() if value is not None},
                    headers=headers,
                    timeout=self.timeout,
                    allow_redirects=False,
                )
            except (requests.ConnectionError, requests.Timeout):
                if attempt == self.tries:
                    raise
                time.sleep(min(2**attempt, 30))
                continue
            if answer.status_code < 400:
                return answer
            problem = Problem(answer.status_code, self._problem(answer))
            again = answer.status_code in AGAIN or problem.code == "api.idempotency_running"
            if not again or attempt == self.tries:
                raise problem
            time.sleep(float(answer.headers.get("Retry-After") or min(2**attempt, 30)))
        raise AssertionError("not reached")

    @staticmethod
    def _problem(answer):
        if answer.headers.get("Content-Type", "").startswith("application/problem+json"):
            return answer.json()
        return {"code": f"http.{answer.status_code}", "detail": answer.text[:200]}

    # === Invoices in === #

    def check(self, invoice):
        """Have an invoice checked, make nothing. Raises :class:`Problem` with what is wrong."""
        return self.call("POST", "/invoices", invoice, dry_run="true").json()

    def create(self, invoice, wait=None):
        """Make one invoice; ``wait`` sends it at once and waits so many seconds (25 at most) for TTN's verdict."""
        return self.call("POST", "/invoices", invoice, wait=wait).json()

    def create_many(self, invoices):
        """Make any number of invoices, in batches.

        :return: yields ``(external_id, invoice or None, problem or None)`` for each.
        """
        for start in range(0, len(invoices), MOST_IN_BATCH):
            batch = invoices[start : start + MOST_IN_BATCH]
            for item in self.call("POST", "/invoices/batch", {"invoices": batch}).json()["items"]:
                yield item["external_id"], item.get("invoice"), item.get("problem")

    def send(self, reference, wait=None):
        """Send an invoice now."""
        return self.call("POST", f"/invoices/{reference}/send", wait=wait).json()

    # === Invoices out === #

    def get(self, reference):
        """One invoice, by ``external_id`` or ``id``."""
        return self.call("GET", f"/invoices/{reference}").json()

    def list(self, **filters):
        """All invoices: ``state``, ``date_from``, ``date_to``, ``number``."""
        cursor = None
        while True:
            page = self.call("GET", "/invoices", cursor=cursor, limit=200, **filters).json()
            yield from page["invoices"]
            cursor = page["next"]
            if not cursor:
                return

    def wait(self, reference, seconds=300):
        """Wait until TTN has decided, or somebody has to.

        :raise TimeoutError: it has not within ``seconds``; nothing is lost, ask again or take a webhook.
        """
        until, pause = time.monotonic() + seconds, 1.0
        while True:
            invoice = self.get(reference)
            electronic = invoice["electronic"]
            if electronic is None or electronic["settled"]:
                return invoice
            if time.monotonic() + pause > until:
                raise TimeoutError(f"{reference} is {electronic['state']}")
            time.sleep(pause)
            pause = min(pause * 1.5, 15)

    def file(self, reference, kind):
        """:param str kind: ``pdf``, ``teif`` or ``teif/validated``. :return: bytes."""
        return self.call("GET", f"/invoices/{reference}/{kind}").content


def verify_webhook(method, url, headers, body, keys, max_age=300):
    """Whether a message comes from our Odoo, is whole, and was signed just now (RFC 9421, RFC 9530). Standard library only.

    :param str url: the whole address as it was called, with its query.
    :param dict headers: of the request.
    :param bytes body: as it came, before any decoding.
    :param dict keys: key id to key; while the key is changed there are two.
    :return: str, the event's id: what was seen before may be left.
    :raise ValueError: the message is not to be believed.
    """
    headers = {name.lower(): value.strip() for name, value in headers.items()}
    told = re.fullmatch(r"sig1=(\(([^()]*)\)((?:;[a-z]+=[^;]+)*))", headers.get("signature-input", ""))
    value = re.fullmatch(r"sig1=:([A-Za-z0-9+/=]+):", headers.get("signature", ""))
    if not told or not value:
        raise ValueError("not signed")
    components = re.findall(r'"([^"]*)"', told[2])
    parameters = dict(re.findall(r';([a-z]+)="?([^;"]*)"?', told[3]))
    if set(components) != set(COVERED) or len(components) != len(COVERED):
        raise ValueError("the signature covers something else")
    if parameters.get("alg") != "hmac-sha256" or parameters.get("keyid") not in keys:
        raise ValueError("unknown key")
    if not abs(time.time() - int(parameters.get("created", 0))) <= max_age:
        raise ValueError("signed too long ago")
    known = {**headers, "@method": method.upper(), "@target-uri": url}
    if not known.keys() >= set(COVERED):
        raise ValueError("a header is missing")
    lines = [f'"{name}": {known[name]}' for name in components]
    base = "\n".join([*lines, f'"@signature-params": {told[1]}'])
    right = hmac.digest(keys[parameters["keyid"]].encode(), base.encode(), "sha256")
    if not hmac.compare_digest(right, base64.b64decode(value[1])):
        raise ValueError("the signature is wrong")
    digest = base64.b64encode(hashlib.sha256(body).digest()).decode()
    if headers["content-digest"] != f"sha-256=:{digest}:":
        raise ValueError("the body was changed")
    return headers["webhook-id"]
