"""How calls of the API are taken and answered: whatever goes wrong is told as problem+json, and every call leaves its row."""

import json
import logging
import time
import uuid

import psycopg2
import werkzeug.exceptions

from odoo import SUPERUSER_ID, api, fields
from odoo.exceptions import AccessDenied, AccessError, ConcurrencyError, MissingError, UserError
from odoo.http import SAFE_HTTP_METHODS, Dispatcher, Response, SessionExpiredException

from ..api.problems import MEDIA_TYPE, code_of
from ..api.routes import BASE, methods_of
from ..models.l10n_tn_edi_api_problem import ApiProblem

_logger = logging.getLogger(__name__)

SHOWN_PATH = 200
JSON = "application/json"


class ApiDispatcher(Dispatcher):
    """:ivar caller: ``l10n_tn_edi_api_access.Caller`` once he is known.

    :ivar bool silent: whether the call leaves no row: nobody uses the API, or a flood is turned away.
    """

    routing_type = "l10n_tn_edi_api"
    mimetypes = (JSON,)

    def __init__(self, request):
        super().__init__(request)
        self.caller = None
        self.silent = False
        self.request_id = uuid.uuid4().hex
        self._began = time.monotonic()
        self._started_at = fields.Datetime.now()

    @classmethod
    def is_compatible_with(cls, request):
        return True  # a body of another type is refused below, as problem+json

    def dispatch(self, endpoint, args):
        # EXTENDS 'http': the router lets OPTIONS through to any route, and a batch be read as if it were an invoice
        methods = methods_of(self.request.httprequest.path)
        if methods and self.request.httprequest.method not in methods:
            raise ApiProblem("api.method", headers={"Allow": ", ".join(methods)})
        self.request.params = dict(args)
        response = self.request.registry["ir.http"]._dispatch(endpoint)
        if not endpoint.routing.get("l10n_tn_edi_open"):
            self._record(self.request.env, response.status_code)
        return response

    def post_dispatch(self, response):
        result = super().post_dispatch(response)
        self._add_headers(response)
        return result

    # === Bodies === #

    def read_body(self):
        """:return: ``(value, fingerprint)`` of the JSON body, see ``api.fingerprint.read``.
        :raise ApiProblem: when there is none, it is too large, of another type or no JSON.
        """
        # Needs a package that only companies with the API have
        from ..api.fingerprint import BodyError, read

        httprequest = self.request.httprequest
        if httprequest.mimetype != JSON:
            raise ApiProblem("api.media_type", headers={"Accept": JSON}, given=httprequest.mimetype or "?")
        try:
            return read(httprequest.get_data())
        except BodyError as error:
            raise ApiProblem("api.json", reason=str(error)) from error

    # === Answers === #

    def answer(self, value, status=200, headers=None):
        """:return: a response with ``value`` as JSON."""
        body = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        return Response(body, status=status, content_type=JSON, headers=headers)

    def _add_headers(self, response):
        response.headers["X-Request-Id"] = self.request_id
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers.setdefault("Cache-Control", "no-store")
        # The session's cookie of a browser is nothing to this call
        response.headers.remove("Set-Cookie")

    def handle_error(self, exc):
        """:return: the problem document of any exception."""
        env = self.request.env
        if not env:
            return self._problem_response(None, *self._told(exc))
        # What the call did is lost; its row is written on its own
        user, context = env.uid, dict(env.context)
        env.cr.rollback()
        with env.registry.cursor() as cr:
            fresh = api.Environment(cr, user or SUPERUSER_ID, context)
            problem, message = self._told(exc)
            response = self._problem_response(fresh, problem, message)
            known = self.caller or problem.code != 429
            if known and not self.silent:
                self._record(fresh, response.status_code, problem.problem)
        return response

    def _told(self, exc):
        """:return: ``(ApiProblem, message or None)``: what the exception means to the caller."""
        if isinstance(exc, ApiProblem):
            return exc, None
        if isinstance(exc, (AccessDenied, SessionExpiredException)):
            return ApiProblem("api.unauthorized", headers={"WWW-Authenticate": "Bearer"}), None
        if isinstance(exc, MissingError):
            return ApiProblem("api.not_found"), None
        if isinstance(exc, AccessError):
            return ApiProblem("api.forbidden"), str(exc.args[0])
        if isinstance(exc, UserError):
            return ApiProblem("api.refused"), str(exc.args[0])
        if isinstance(exc, werkzeug.exceptions.HTTPException):
            return ApiProblem(code_of(exc.code or 400)), None
        if isinstance(exc, (psycopg2.OperationalError, ConcurrencyError)):
            return ApiProblem("api.busy", headers={"Retry-After": "5"}), None
        return ApiProblem("api.internal"), None

    def _problem_response(self, env, problem, message):
        value = self.problem_value(env, problem.problem, problem.params, problem.findings, message)
        body = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        response = Response(body, status=problem.code, content_type=MEDIA_TYPE, headers=problem.headers)
        self._add_headers(response)
        return response

    def problem_value(self, env, problem, params=None, findings=(), message=None):
        """:param env: to translate with; None without a database.
        :return: dict as the schema ``Problem`` has it.
        """
        sentence = env["l10n_tn_edi.messages"]._sentence(problem, params) if env else problem
        return {
            "type": f"{BASE}/docs#{problem}",
            "title": sentence,
            "status": ApiProblem(problem).code,
            "detail": message or sentence,
            "instance": f"urn:uuid:{uuid.UUID(self.request_id)}",
            "code": problem,
            "findings": list(findings),
        }

    # === The row of the call === #

    def _record(self, env, status, problem=None):
        httprequest = self.request.httprequest
        key = httprequest.headers.get("Idempotency-Key")
        env["l10n_tn_edi.api.call"].sudo().create(
            {
                "company_id": self.caller.company_id if self.caller else False,
                "user_id": self.caller.user_id if self.caller else False,
                "credential": self.caller.credential if self.caller else False,
                "request_id": self.request_id,
                "started_at": self._started_at,
                "duration_ms": round((time.monotonic() - self._began) * 1000),
                "address": httprequest.remote_addr,
                "method": httprequest.method[:10],
                "path": self._clean(httprequest.path),
                "status": status,
                "problem": problem,
                "idempotency_key": self._clean(key)
                if key and httprequest.method not in SAFE_HTTP_METHODS
                else False,
                "size": httprequest.content_length or 0,
            }
        )

    @staticmethod
    def _clean(text):
        """:return: ``text`` without controls, cut: PostgreSQL keeps no NUL, and logs no surprises."""
        return "".join(char if char.isprintable() else "?" for char in text)[:SHOWN_PATH]
