from odoo import models
from odoo.http import request

from .l10n_tn_edi_api_problem import ApiProblem

# Languages of the API's sentences; the first is that of callers who ask for none of them
LANGUAGES = ("fr", "en", "ar")


class IrHttp(models.AbstractModel):
    _inherit = "ir.http"

    @classmethod
    def _auth_method_l10n_tn_edi_api(cls):
        """A user dedicated to a company, by a credential of our own scope. Sessions and cookies count for nothing.

        :raise ApiProblem: for everybody else.
        """
        dispatcher = cls._l10n_tn_edi_api_prepare()
        access = request.env["l10n_tn_edi.api.access"].sudo()
        try:
            caller = dispatcher.caller = access._identify(request.httprequest)
        except ApiProblem as problem:
            if problem.code == 401:
                access._check_failures(request.httprequest.remote_addr)
            raise
        request.update_env(
            user=caller.user_id,
            context={
                "lang": request.env.context["lang"],
                "tz": "Africa/Tunis",
                "allowed_company_ids": [caller.company_id],
            },
        )
        access._check_rate(caller)

    @classmethod
    def _auth_method_l10n_tn_edi_api_open(cls):
        """Nobody: for what says nothing about any company's data."""
        cls._l10n_tn_edi_api_prepare()

    @classmethod
    def _l10n_tn_edi_api_prepare(cls):
        """:return: the request's dispatcher.
        :raise ApiProblem: while no company of the database uses the API: then there is nothing here.
        """
        request.session.can_save = False
        request.update_env(user=cls._get_public_users()[0], context={"lang": cls._l10n_tn_edi_api_language()})
        if not request.env["l10n_tn_edi.api.access"]._is_on():
            request.dispatcher.silent = True
            raise ApiProblem("api.route")
        return request.dispatcher

    @classmethod
    def _l10n_tn_edi_api_language(cls):
        """:return: str, code of the installed language that fits ``Accept-Language``; English when none of ours is there."""
        wanted = request.httprequest.accept_languages.best_match(LANGUAGES, LANGUAGES[0])
        installed = [code for code, _name in request.env["res.lang"].sudo().get_installed()]
        return next((code for code in installed if code.partition("_")[0] == wanted), "en_US")
