"""The routes of the API: each reads its call, lets the models work and shows what came of it."""

import json
import re
import time

from odoo import http
from odoo.http import Response, request

from ..api import cursors, query
from ..api.openapi import build
from ..api.page import PAGE, POLICY
from ..api.problems import PROBLEMS
from ..api.routes import BY_NAME, IDEMPOTENCY_KEY, PREFIX, route
from ..api.texts import LANGUAGES
from ..models.account_move_api import OWN_PREFIX
from ..models.l10n_tn_edi_api_problem import ApiProblem
from ..models.l10n_tn_edi_document import AT_TTN
from ..spreadsheet.columns import BY_KEY

MOST_BYTES = 1024 * 1024
MOST_BYTES_OF_BATCH = 16 * 1024 * 1024
# How often a waiting call looks
LOOK_SECONDS = 0.5


def _api_route(name, **more):
    """The route of an operation, as ``api.routes`` declares it."""
    operation = BY_NAME[name]
    return http.route(
        route(name),
        type="l10n_tn_edi_api",
        auth="l10n_tn_edi_api_open" if operation.open else "l10n_tn_edi_api",
        methods=[operation.method],
        l10n_tn_edi_open=operation.open,
        csrf=False,
        save_session=False,
        **more,
    )


class ElFatooraApi(http.Controller):
    # === Open === #

    @_api_route("health", readonly=True)
    def health(self):
        """Whether Odoo and its database answer."""
        return request.dispatcher.answer({"status": "ok", "api": "v1"})

    @_api_route("openapi", readonly=True)
    def openapi(self):
        """The OpenAPI document."""
        language = request.httprequest.accept_languages.best_match(LANGUAGES, LANGUAGES[0])

        def column_help(key):
            return BY_KEY[key].help(language) if key in BY_KEY else None

        headers = {"Content-Language": language, "Vary": "Accept-Language"}
        value = build(language, column_help)
        sentence = request.env["l10n_tn_edi.messages"]._sentence
        value["x-problems"] = {
            code: {"status": status, "title": sentence(code)} for code, status in PROBLEMS.items()
        }
        return request.dispatcher.answer(value, headers=headers)

    @_api_route("docs", readonly=True)
    def docs(self):
        """The page that shows the document and lets a person try it."""
        headers = {"Content-Security-Policy": POLICY, "Referrer-Policy": "no-referrer"}
        return Response(PAGE, content_type="text/html; charset=utf-8", headers=headers)

    # === Invoices in === #

    @_api_route("createInvoice", max_content_length=MOST_BYTES)
    def create_invoice(self):
        """One invoice."""
        options = self._query("createInvoice")
        body, fingerprint = request.dispatcher.read_body()
        if options["dry_run"]:
            self._receive_one(body, check_only=True)
            return request.dispatcher.answer({"external_id": body["external_id"], "dry_run": True})
        return self._once("createInvoice", fingerprint, lambda: self._receive_one(body), wait=options["wait"])

    def _receive_one(self, body, check_only=False):
        """:return: ``(status, JSON)``.
        :raise ApiProblem: when it is refused.
        """
        (result,) = request.env["l10n_tn_edi.api.invoice"]._receive([body], check_only=check_only)
        if result["problem"]:
            raise ApiProblem(result["problem"], findings=result["findings"], **result["params"])
        return result["status"], (result["move"]._l10n_tn_edi_api_values() or [None])[0]

    @_api_route("createInvoices", max_content_length=MOST_BYTES_OF_BATCH)
    def create_invoices(self):
        """Up to 500 invoices, each with a result of its own."""
        options = self._query("createInvoices")
        body, fingerprint = request.dispatcher.read_body()
        self._check_body(body, "BatchIn")
        check_only = bool(options["dry_run"])
        if check_only:
            return request.dispatcher.answer(self._receive_many(body["invoices"], check_only=True)[1])
        return self._once("createInvoices", fingerprint, lambda: self._receive_many(body["invoices"]))

    def _receive_many(self, bodies, check_only=False):
        results = request.env["l10n_tn_edi.api.invoice"]._receive(bodies, check_only=check_only)
        moves = request.env["account.move"].union(*(result["move"] for result in results))
        values = dict(zip(moves, moves._l10n_tn_edi_api_values(), strict=True))
        items = []
        for index, result in enumerate(results):
            item = {"index": index, "external_id": result["external_id"], "status": result["status"]}
            if result["problem"]:
                item["problem"] = request.dispatcher.problem_value(
                    request.env, result["problem"], result["params"], result["findings"]
                )
            elif result["move"]:
                item["invoice"] = values[result["move"]]
            items.append(item)
        return 200, {
            "created": len(moves),
            "refused": sum(bool(result["problem"]) for result in results),
            "dry_run": check_only,
            "items": items,
        }

    def _check_body(self, body, schema):
        # Needs a package that only companies with the API have
        from ..api import validation

        found = validation.check(body, schema)
        if found:
            reading = request.env["l10n_tn_edi.api.reading"]
            raise ApiProblem("api.body", findings=[reading._finding_of_body(finding) for finding in found])

    def _once(self, operation, fingerprint, work, wait=None):
        """Do ``work`` unless the caller's ``Idempotency-Key`` was answered before.

        :param work: callable that gives ``(status, JSON)``.
        :param int wait: seconds to wait for TTN's verdict on what was made.
        """
        key = request.httprequest.headers.get(IDEMPOTENCY_KEY["name"])
        kept = None
        if key is not None:
            if not re.fullmatch(IDEMPOTENCY_KEY["schema"]["pattern"], key) or len(key) > 128:
                raise ApiProblem("api.idempotency_key")
            kept = request.env["l10n_tn_edi.api.answer"].sudo()._begin(operation, key, fingerprint)
            if kept.status:
                headers = {"Idempotency-Replayed": "true"}
                return request.dispatcher.answer(json.loads(kept.answer), kept.status, headers)
        status, value = work()
        if kept is not None:
            kept.write({"status": status, "answer": json.dumps(value)})
        if wait is not None:
            move = request.env["account.move"].browse(int(value["id"].removeprefix(OWN_PREFIX)))
            # What El Fatoora is not concerned with is made all the same
            if move._l10n_tn_edi_api_may_send() and self._send_and_wait(move, wait):
                status = 202
            (value,) = move._l10n_tn_edi_api_values()
        return request.dispatcher.answer(value, status)

    # === Invoices out === #

    @_api_route("listInvoices")
    def list_invoices(self):
        """A page of the company's invoices, oldest first."""
        options = self._query("listInvoices")
        cursor, limit = options.pop("cursor"), options.pop("limit")
        Move = request.env["account.move"]
        domain = Move._l10n_tn_edi_api_domain()
        if cursor:
            try:
                domain.append(("id", ">", cursors.decode(cursor, options)))
            except cursors.CursorError as error:
                raise ApiProblem("api.cursor") from error
        for name, field, operator in (
            ("state", "l10n_tn_edi_state", "="),
            ("date_from", "invoice_date", ">="),
            ("date_to", "invoice_date", "<="),
        ):
            if options[name] is not None:
                domain.append((field, operator, options[name]))
        if number := options["number"]:
            domain += ["|", ("name", "=", number), ("l10n_tn_edi_import_number", "=", number)]
        moves = Move.search(domain, order="id", limit=limit + 1)
        page = moves[:limit]
        following = cursors.encode(page[-1].id, options) if len(moves) > limit else None
        return request.dispatcher.answer({"invoices": page._l10n_tn_edi_api_values(), "next": following})

    @_api_route("getInvoice")
    def get_invoice(self, invoice):
        """One invoice and where it stands."""
        self._query("getInvoice")
        (value,) = self._find(invoice)._l10n_tn_edi_api_values()
        return request.dispatcher.answer(value)

    @_api_route("getTeif")
    def get_teif(self, invoice):
        """The signed document."""
        self._query("getTeif")
        move = self._find(invoice)
        return self._file(move.l10n_tn_edi_document_id.sudo().signed_id.raw, "application/xml")

    @_api_route("getValidatedTeif")
    def get_validated_teif(self, invoice):
        """TTN's document."""
        self._query("getValidatedTeif")
        move = self._find(invoice)
        return self._file(move.l10n_tn_edi_document_id.sudo().ttn_xml_id.raw, "application/xml")

    @_api_route("getPdf")
    def get_pdf(self, invoice):
        """The printed invoice; a pro forma until TTN has accepted it."""
        self._query("getPdf")
        move = self._find(invoice)
        if move.state != "posted":
            raise ApiProblem("api.no_file")
        printed = move._get_invoice_legal_documents("pdf", allow_fallback=True)
        return self._file(printed and printed["content"], "application/pdf")

    @_api_route("listExchanges")
    def list_exchanges(self, invoice):
        """What was said between us and El Fatoora about an invoice."""
        self._query("listExchanges")
        return request.dispatcher.answer({"exchanges": self._find(invoice)._l10n_tn_edi_api_exchanges()})

    @_api_route("sendInvoice", max_content_length=MOST_BYTES)
    def send_invoice(self, invoice):
        """Send now, and wait if wished."""
        options = self._query("sendInvoice")
        move = self._find(invoice)
        status = 202 if self._send_and_wait(move, options["wait"] or 0) else 200
        (value,) = move._l10n_tn_edi_api_values()
        return request.dispatcher.answer(value, status)

    # === Everything else === #

    @http.route(
        [PREFIX, f"{PREFIX}/<path:rest>"],
        type="l10n_tn_edi_api",
        auth="l10n_tn_edi_api",
        csrf=False,
        save_session=False,
    )
    def other(self, rest=""):
        """What is not there; a method that an address does not have, the dispatcher has refused."""
        raise ApiProblem("api.route")

    # === Parts === #

    def _query(self, operation):
        try:
            return query.read(operation, request.httprequest.args.items(multi=True))
        except query.ParameterError as error:
            raise ApiProblem("api.parameter", name=error.name) from error

    def _find(self, reference):
        """:return: the invoice of the caller's company.
        :raise ApiProblem: when the company has none of that name, whoever else may have one.
        """
        move = request.env["account.move"]._l10n_tn_edi_api_find(reference)
        if not move:
            raise ApiProblem("api.not_found")
        return move

    def _file(self, data, media_type):
        if not data:
            raise ApiProblem("api.no_file")
        headers = {
            "Content-Security-Policy": "default-src 'none'; sandbox",
            "Content-Disposition": "attachment",
        }
        return Response(data, content_type=media_type, headers=headers)

    def _send_and_wait(self, move, seconds):
        """Send an invoice as soon as possible and look until TTN has decided; nobody holds a lock meanwhile.

        :param int seconds: to wait at most.
        :return: bool, whether something is still to come.
        :raise ApiProblem: when it can't be sent as it stands.
        """
        document = move.l10n_tn_edi_document_id
        if not (document.live and document.state in (*AT_TTN, "signing")):
            if not move._l10n_tn_edi_api_may_send():
                raise ApiProblem("api.not_sendable", state=document.state or move.state)
            move.action_l10n_tn_edi_send()
        until = time.monotonic() + seconds
        while not move.l10n_tn_edi_outcome()["settled"]:
            # What was scheduled is committed, and what others wrote meanwhile is seen
            document._end_snapshot()
            if time.monotonic() >= until:
                return True
            time.sleep(min(LOOK_SECONDS, max(0.0, until - time.monotonic())))
        return False
