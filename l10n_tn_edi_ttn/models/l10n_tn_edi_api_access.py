"""Who calls the API: from a request to a user, a company and the owner of what is kept for him."""

import re
from dataclasses import dataclass
from datetime import timedelta

from odoo import api, fields, models
from odoo.addons.base.models.res_users import INDEX_SIZE, KEY_CRYPT_CONTEXT
from odoo.tools import SQL

from .l10n_tn_edi_api_problem import ApiProblem

# Odoo's scope "rpc" is "any key without a scope": those open everything, and are refused here
SCOPE = "l10n_tn_edi_api"
WINDOW = timedelta(minutes=1)
# Refused attempts of one address within the window; more are neither looked at nor written down
MOST_FAILURES = 60
_BEARER = re.compile(r"Bearer +([\x21-\x7e]{1,200})", re.IGNORECASE)


@dataclass(frozen=True)
class Caller:
    """Who calls.

    :ivar int user_id: the dedicated ``res.users``.
    :ivar int company_id: the only company that the call is about.
    :ivar str credential: names what he showed, without its secret: "key:12". Rates are counted by it.
    """

    user_id: int
    company_id: int
    credential: str


class L10nTnEdiApiAccess(models.AbstractModel):
    _name = "l10n_tn_edi.api.access"
    _description = "Access to the API of Electronic Invoices"

    @api.model
    def _identify(self, httprequest):
        """The one function that says who calls. Another way of authentication extends it.

        :param httprequest: werkzeug's request.
        :return: :class:`Caller`.
        :raise ApiProblem: ``api.unauthorized`` for whoever is not known by what he shows.
        """
        match = _BEARER.fullmatch(httprequest.headers.get("Authorization", ""))
        found = match and self._key_of(match[1])
        if not found:
            raise ApiProblem(
                "api.unauthorized", headers={"WWW-Authenticate": 'Bearer realm="l10n_tn_edi_api"'}
            )
        key_id, user_id = found
        return self._caller(user_id, f"key:{key_id}")

    @api.model
    def _caller(self, user_id, credential):
        """:return: :class:`Caller` for a user whose credential was good.
        :raise ApiProblem: when he is not dedicated to a company that has the API switched on.
        """
        user = self.env["res.users"].sudo().browse(user_id)
        company = user.l10n_tn_edi_api_company_id
        if not user.active or not company or company not in user.company_ids:
            raise ApiProblem(
                "api.unauthorized", headers={"WWW-Authenticate": 'Bearer realm="l10n_tn_edi_api"'}
            )
        if not company.l10n_tn_edi_enabled or not company.l10n_tn_edi_api_enabled:
            raise ApiProblem("api.off")
        return Caller(user_id, company.id, credential)

    @api.model
    def _key_of(self, text):
        """:return: ``(id of the key, id of its user)`` of a key of exactly our scope that is good now; None for any other."""
        self.env.cr.execute(
            SQL(
                """
                SELECT key.id, key.user_id, key.key
                  FROM res_users_apikeys AS key
                  JOIN res_users AS u ON u.id = key.user_id
                 WHERE u.active AND key.index = %s AND key.scope = %s
                   AND (key.expiration_date IS NULL OR key.expiration_date >= now() AT TIME ZONE 'utc')
                """,
                text[:INDEX_SIZE],
                SCOPE,
            )
        )
        for key_id, user_id, kept in self.env.cr.fetchall():
            if KEY_CRYPT_CONTEXT.verify(text, kept):
                return key_id, user_id
        return None

    @api.model
    def _is_on(self):
        """:return: bool, whether any company of the database uses the API: its open pages are there then."""
        return bool(
            self.env["res.company"].sudo().search_count([("l10n_tn_edi_api_enabled", "=", True)], limit=1)
        )

    @api.model
    def _check_rate(self, caller):
        """Count the calls of the last minute: a row each, so nobody waits for a counter.

        :raise ApiProblem: ``api.rate`` with the seconds after which the oldest of them no longer counts.
        """
        most = self.env["res.company"].sudo().browse(caller.company_id).l10n_tn_edi_api_rate
        self._check_window([("credential", "=", caller.credential), ("status", "!=", 429)], most)

    @api.model
    def _check_failures(self, address):
        """:raise ApiProblem: ``api.rate`` for an address that tried too many credentials."""
        self._check_window([("address", "=", address), ("status", "=", 401)], MOST_FAILURES)

    @api.model
    def _check_window(self, domain, most):
        now = fields.Datetime.now()
        call = (
            self.env["l10n_tn_edi.api.call"]
            .sudo()
            .search(
                [*domain, ("started_at", ">", now - WINDOW)],
                order="started_at desc",
                offset=most - 1,
                limit=1,
            )
        )
        if call:
            seconds = max(1, round((call.started_at + WINDOW - now).total_seconds()))
            raise ApiProblem("api.rate", headers={"Retry-After": str(seconds)}, seconds=seconds)
