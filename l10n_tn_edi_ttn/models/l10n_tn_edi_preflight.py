import logging

from odoo import api, fields, models
from odoo.exceptions import AccessError

from .l10n_tn_edi_certificate_watch import EXPIRY_DAYS

_logger = logging.getLogger(__name__)

TEST_SECONDS = 45
# A clock that differs more than this from the database's, or from TTN's, makes signing times that TTN may refuse.
CLOCK_SECONDS = 60
CRONS = ("ir_cron_submit", "ir_cron_follow")
# A check that is older than this is made again by the daily action, which settings that change wake as well.
FRESH_HOURS = 12
# A version that TTN's production does not promise to take yet.
BETA_VERSIONS = ("1.9.0",)
# What a service said of a password or PIN: tried again unattended, it would lock them.
DENIED = ("remote.denied",)


class L10nTnEdiPreflight(models.Model):
    """“Can I send today?”: one row a company, its lines made anew by every check.

    Checks are made daily, soon after settings changed (by the scheduled action, not while the administrator waits), and when
    somebody asks.
    """

    _name = "l10n_tn_edi.preflight"
    _description = "Can I Send Today?"
    _order = "company_id"

    company_id = fields.Many2one("res.company", required=True, readonly=True, ondelete="cascade")
    checked_at = fields.Datetime(string="Checked On", readonly=True)
    due = fields.Boolean(readonly=True, help="Settings changed since the last check.")
    state = fields.Selection(
        [("green", "Yes"), ("amber", "Yes, but Look"), ("red", "No")],
        default="amber",
        required=True,
        readonly=True,
    )
    line_ids = fields.One2many("l10n_tn_edi.preflight.line", "preflight_id", readonly=True)

    _company_unique = models.UniqueIndex("(company_id)", "There is one check for each company.")

    @api.depends("company_id")
    def _compute_display_name(self):
        for check in self:
            check.display_name = check.company_id.name

    @api.model
    def action_open(self):
        """Check the current company and show what was found."""
        company = self.env.company
        if not self.env.user.has_group("account.group_account_invoice"):
            raise AccessError(self.env._("Only who sends invoices may check whether they can be sent."))
        check = self._of(company)
        check._run()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Can I Send Today?"),
            "res_model": self._name,
            "res_id": check.id,
            "views": [(False, "form")],
        }

    def action_check(self):
        """Check again."""
        self.check_access("read")
        self._run()

    @api.model
    def _of(self, company):
        known = self.sudo().search([("company_id", "=", company.id)], limit=1)
        return known or self.sudo().create({"company_id": company.id})

    @api.model
    def _ask(self, companies):
        """Check companies soon, because something changed that decides whether they can send.

        :param companies: ``res.company``; their branches are checked as well.
        """
        companies = (
            self.env["res.company"]
            .sudo()
            .search([("id", "child_of", companies.ids), ("l10n_tn_edi_enabled", "=", True)])
        )
        checks = self.sudo().browse().union(*map(self._of, companies)).filtered(lambda check: not check.due)
        cron = self.env.ref("l10n_tn_edi_ttn.ir_cron_preflight", raise_if_not_found=False)
        if checks and cron:
            checks.due = True
            cron.sudo()._trigger()

    @api.model
    def _cron_check(self):
        """Every company that is switched on and was not checked today, or whose settings changed."""
        documents = self.env["l10n_tn_edi.document"]
        fresh = fields.Datetime.subtract(fields.Datetime.now(), hours=FRESH_HOURS)
        for company in self.env["res.company"].sudo().search([("l10n_tn_edi_enabled", "=", True)]):
            check = self._of(company)
            if not check.due and check.checked_at and check.checked_at > fresh:
                continue
            # Before the check: what changes while it runs is looked at once more.
            check.due = False
            documents._commit()
            try:
                check._run(unattended=True)
                documents._commit()
            except Exception:
                # One company never stops the others.
                _logger.exception("Company %s could not be checked", company.id)
                documents._rollback()

    def _run(self, unattended=False):
        """:param bool unattended: nobody is looking; passwords that were refused are not tried again."""
        for check in self.sudo():
            found = check._found(unattended)
            worst = max((state for _code, state, _params in found), key=["green", "amber", "red"].index)
            check.write(
                {
                    "checked_at": fields.Datetime.now(),
                    "state": worst,
                    "line_ids": [
                        fields.Command.clear(),
                        *(
                            fields.Command.create({"code": code, "state": state, "params": params})
                            for code, state, params in found
                        ),
                    ],
                }
            )

    def _found(self, unattended=False):
        """:return: list of (code of a sentence, 'green' | 'amber' | 'red', parameters)."""
        company = self.company_id
        return [
            *self._check_company(company),
            *self._check_provider(company, unattended),
            *self._check_ttn(company),
            *self._check_server(),
        ]

    def _check_company(self, company):
        problem = self.env["l10n_tn_edi.latch"]._problem(company)
        if problem:
            yield problem, "red", {"company": company.name}
        matricule = company.l10n_tn_edi_matricule
        if matricule:
            yield "preflight.matricule", "green", {"matricule": matricule}
        else:
            yield "odoo.company_matricule", "red", {"company": company.name}
        version = company._l10n_tn_edi_version_on()
        beta = version in BETA_VERSIONS and company.l10n_tn_edi_mode == "production"
        yield (
            "preflight.beta" if beta else "preflight.version",
            "amber" if beta else "green",
            {"version": version},
        )

    def _check_provider(self, company, unattended):
        provider = company._l10n_tn_edi_signing_provider()
        if not provider:
            yield "provider.missing", "red", {"company": company.name}
            return
        refused = provider._refusal(company.l10n_tn_edi_mode == "production")
        if refused:
            yield refused[0], "red", refused[1]
            return
        denied = self.line_ids.filtered(lambda line: line.code in DENIED)[:1]
        if unattended and denied and provider.sudo().write_date <= self.checked_at:
            yield denied.code, denied.state, denied.params
        else:
            kind, code, params = provider.sudo()._trial()
            yield code, "green" if kind in ("success", "pending") else "red", params
        for certificate in provider.certificate_id | provider.sudo().signatory_ids.certificate_id:
            certificate._examine()
            yield from self._check_certificate(certificate)

    def _check_certificate(self, certificate):
        params = {"holder": certificate.name, "date": fields.Date.to_string(certificate.not_after)}
        left = (certificate.not_after - fields.Datetime.now()).days
        if left < 0:
            yield "certificate.expired", "red", params
        elif left <= EXPIRY_DAYS[0]:
            yield "preflight.ends_soon", "amber", params
        if certificate.revocation == "revoked":
            yield "certificate.revoked", "red", params
        elif certificate.revocation_problem:
            yield certificate.revocation_problem, "amber", {"issuer": certificate.issuer, **params}
        else:
            yield "preflight.not_revoked", "green", params
        if certificate.trust == "unknown":
            yield "preflight.no_authority", "amber", params
        elif certificate.trust == "untrusted":
            problem = certificate.trust_problem or {
                "code": "trust.no_anchor",
                "params": {"issuer": certificate.issuer},
            }
            yield problem["code"], "red", problem["params"]
        else:
            yield "preflight.trusted", "green", params
        if certificate.declared:
            yield "preflight.declared", "green", params
        else:
            yield "preflight.not_declared", "amber", {**params, "serial": certificate.serial}
        if certificate.other_matricule:
            yield "preflight.other_matricule", "amber", {**params, "matricule": certificate.matricule}

    def _check_ttn(self, company):
        problem, ahead = company._l10n_tn_edi_ask_ttn(TEST_SECONDS)
        if problem:
            yield problem[0], "red", problem[1]
        else:
            yield "preflight.account", "green", {"login": company.l10n_tn_edi_login}
        if ahead is not None and abs(ahead) > CLOCK_SECONDS:
            # TTN's own clock may be the one that is wrong.
            yield "preflight.clock_ttn", "amber", {"seconds": round(abs(ahead))}

    def _check_server(self):
        database = self.env["l10n_tn_edi.exchange"]._database_now()
        apart = abs((database - fields.Datetime.now()).total_seconds())
        code, state = (
            ("preflight.clock", "green") if apart <= CLOCK_SECONDS else ("preflight.clock_apart", "red")
        )
        yield code, state, {"seconds": int(apart)}
        crons = [self.env.ref(f"l10n_tn_edi_ttn.{name}", raise_if_not_found=False) for name in CRONS]
        if all(cron and cron.active for cron in crons):
            yield "preflight.actions", "green", {}
        else:
            yield "preflight.actions_off", "red", {}


class L10nTnEdiPreflightLine(models.Model):
    _name = "l10n_tn_edi.preflight.line"
    _description = "Finding of “Can I Send Today?”"
    _order = "id"

    preflight_id = fields.Many2one("l10n_tn_edi.preflight", required=True, ondelete="cascade", index=True)
    code = fields.Char(required=True, readonly=True)
    params = fields.Json(readonly=True)
    state = fields.Selection(
        [("green", "Good"), ("amber", "To Look At"), ("red", "To Mend")], required=True, readonly=True
    )
    sentence = fields.Text(compute="_compute_sentence", string="Finding")

    @api.depends("code", "params")
    @api.depends_context("lang")
    def _compute_sentence(self):
        messages = self.env["l10n_tn_edi.messages"]
        for line in self:
            line.sentence = messages._sentence(line.code, line.params or {})
