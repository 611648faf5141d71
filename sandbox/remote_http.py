"""The addresses of DigiGo (chain, authorize page, token, signHash) and of the ANCE seal (signHash)."""

from __future__ import annotations

import base64
import html
import json
import time
from urllib.parse import parse_qs, unquote, urlencode

from sandbox.faults import Hit
from sandbox.remote import RemoteError, read_digest

BASE = "/tunsign-proxy-webapp"
JSON = "application/json"
HTML = "text/html;charset=utf-8"
MAX_BODY = 4 << 20

_PAGE = """<!DOCTYPE html><html lang="fr"><head><meta charset="utf-8"><title>DigiGo - bac à sable</title></head><body>
<h1>DigiGo (bac à sable)</h1><p>{who} : signature de <b>{number}</b> document(s). Un code a été envoyé.</p>
<p id="error" style="color:#b00">{error}</p>
<form method="post" action="{action}"><input type="hidden" name="handle" value="{handle}">
<label>Code PIN <input name="pin" id="pin" type="password" autocomplete="off"></label>
<label>Code reçu <input name="otp" id="otp" inputmode="numeric" autocomplete="off"></label>
<button id="sign" name="decision" value="sign">Signer</button>
<button id="refuse" name="decision" value="refuse">Refuser</button></form></body></html>"""


def route(handler, method: str, path: str, query: str):
    """Answer one request of the signature services. In: the connection's handler, method, path and query."""
    platform = handler.server.platform
    body, complete = handler.read_body(MAX_BODY) if method == "POST" else (b"", True)
    if not complete:
        handler.close_connection = True
        handler.answer(400, b"", JSON)
        return
    parts = [unquote(part) for part in path.removeprefix(BASE).strip("/").split("/")]
    operation = _operation(method, parts)
    if operation is None:
        handler.answer(404, b"{}", JSON)
        return
    hits = platform.faults.hits(operation)
    if before := [hit for hit in hits if hit.stage == "before" and not hit.params.get("processed")]:
        handler.misbehave(before[0])
        return
    time.sleep(float(platform.store.setting("sign_latency")))
    try:
        result = _ACTIONS[operation](handler, platform.remote, parts, query, body, hits)
    except RemoteError as error:
        result = (
            error.status,
            json.dumps({"error": error.code, "error_description": error.text}).encode(),
            JSON,
            {},
        )
    status, data, kind, headers = result
    handler.send(status, data, hits, kind, headers)


def _operation(method: str, parts: list[str]) -> str | None:
    if parts == ["oauth2", "authorize"]:
        return "digigo.authorize"
    if method == "GET" and parts[:4] == ["services", "v1", "credentials", "info"] and parts[6:] == ["chain"]:
        return "digigo.chain"
    if method == "POST" and parts[:4] == ["services", "v1", "oauth2", "token"] and len(parts) == 8:
        return "digigo.token"
    if method == "POST" and parts[:4] == ["services", "v1", "signatures", "signHash"] and len(parts) == 9:
        return "digigo.signHash"
    if (
        method == "POST"
        and parts[:4] == ["services", "rest", "tunsign-proxy", "signHash"]
        and len(parts) == 6
    ):
        return "seal.signHash"
    return None


def _chain(_handler, remote, parts, _query, _body, _hits):
    remote.client(parts[4])
    chain = [
        {"encodedCertificate": base64.b64encode(der).decode()} for der in remote.key("digigo", parts[5]).chain
    ]
    return 200, json.dumps({"certificates": chain}).encode(), JSON, {}


def _authorize(handler, remote, _parts, query, body, _hits):
    if handler.command == "POST":
        return _decide(
            remote, {name: values[-1] for name, values in parse_qs(body.decode("utf-8", "replace")).items()}
        )
    if len(query) > handler.server.platform.store.setting("digigo_address_limit"):
        raise RemoteError(414, "address", "the address is too long")
    values = parse_qs(query, keep_blank_values=True)
    one = {name: found[-1] for name, found in values.items()}
    if one.get("responseType") != "code" or one.get("scope") != "credential":
        raise RemoteError(400, "request", "responseType=code and scope=credential are expected")
    number = one.get("numSignatures", "1")
    handle = remote.begin(
        client=one.get("clientId", ""),
        redirect=one.get("redirectUri", ""),
        credential=one.get("credentialId", ""),
        hashes_text=",".join(values.get("hash", [])),
        number=int(number) if number.isdigit() else 0,
        state=one.get("state", ""),
    )
    return _page(remote, handle, "")


def _decide(remote, values):
    handle = values.get("handle", "")
    if values.get("decision") == "refuse":
        row = remote.refuse(handle)
        return _redirect(row, {"error": "access_denied"})
    try:
        row, token = remote.grant(handle, values.get("pin", ""), values.get("otp", ""))
    except RemoteError as error:
        if error.code in ("pin_wrong", "otp_wrong"):
            return _page(remote, handle, error.text)
        if error.code in ("otp_expired", "pin_locked"):
            return _redirect(remote.refuse(handle), {"error": error.code})
        raise
    return _redirect(row, {"code": token})


def _page(remote, handle, error):
    row = remote.pending(handle)
    page = _PAGE.format(
        who=html.escape(row["credential"]),
        number=row["number"],
        handle=handle,
        error=html.escape(error),
        action=f"{BASE}/oauth2/authorize",
    )
    return 200, page.encode(), HTML, {"Cache-Control": "no-store"}


def _redirect(row, values):
    if row["state"]:
        values["state"] = row["state"]
    separator = "&" if "?" in row["redirect"] else "?"
    return 302, b"", HTML, {"Location": row["redirect"] + separator + urlencode(values)}


def _token(_handler, remote, parts, _query, body, _hits):
    if parts[5] != "authorization_code":
        raise RemoteError(400, "grant", "authorization_code is expected")
    result = remote.exchange(
        client=parts[4], secret=parts[6], jti=parts[7], redirect=body.decode("utf-8", "replace")
    )
    return 200, json.dumps(result).encode(), JSON, {}


def _sign(_handler, remote, parts, _query, body, hits):
    digests = _json(body)
    if not isinstance(digests, list) or parts[7:] != ["SHA256", "RSA"]:
        raise RemoteError(400, "request", "a list of hashes, SHA256 and RSA are expected")
    result = remote.sign(client=parts[4], credential=parts[5], sad=parts[6], digests=digests)
    return 200, json.dumps(_spoilt(result, hits)).encode(), JSON, {}


def _seal(handler, remote, parts, _query, body, hits):
    if handler.server.platform.store.setting("seal_client_certificate") and not handler.client_certificate():
        raise RemoteError(403, "client_certificate", "a client certificate is expected")
    values = _json(body)
    if not isinstance(values, dict) or parts[5] != "SHA256":
        raise RemoteError(400, "request", "password, bytes and SHA256 are expected")
    remote.check_pin("seal", parts[4], str(values.get("password", "")))
    digest = read_digest(values.get("bytes"))
    result = [{"algorithm": "RSA_SHA256", "value": remote.key("seal", parts[4]).sign(digest)}]
    return 200, json.dumps((_spoilt(result, hits) or [{}])[0]).encode(), JSON, {}


def _spoilt(result: list[dict], hits: list[Hit]) -> list[dict]:
    """What the faults of the signing stage make of the signatures."""
    for hit in hits:
        if hit.kind == "sign_refused":
            raise RemoteError(int(hit.params["status"]), hit.params["code"], hit.params["text"])
        if hit.kind == "sign_partly":
            result = result[: int(len(result) * float(hit.params["keep"]))]
        elif hit.kind == "sign_wrong":
            wrong = base64.b64encode(b"\x00" * 256).decode()
            result = [{**item, "value": wrong} for item in result]
        elif hit.kind == "sign_shuffled":
            result = result[::-1]
    return result


def _json(body: bytes):
    try:
        return json.loads(body)
    except ValueError as error:
        raise RemoteError(400, "request", "no JSON") from error


_ACTIONS = {
    "digigo.chain": _chain,
    "digigo.authorize": _authorize,
    "digigo.token": _token,
    "digigo.signHash": _sign,
    "seal.signHash": _seal,
}
