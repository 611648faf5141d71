import base64
import logging
import secrets

from odoo import api, fields, models
from odoo.tools import format_date

from ..signature import certificates, revocation
from ..signature.problems import SignatureError
from ..signature.signers.remote import Request
from ..signature.xades import UTC

_logger = logging.getLogger(__name__)

# Days before the end at which the responsible is told.
EXPIRY_DAYS = (60, 30, 15, 7, 1)
# An answer is asked anew after this time even when the authority lets it live longer.
KEEP_HOURS = 24
RENEW = "l10n_tn_edi_ttn.activity_renew_certificate"
DECLARE = "l10n_tn_edi_ttn.activity_declare_certificate"


class L10nTnEdiCertificate(models.Model):
    """What becomes of a certificate after it was taken into use: trust, revocation, expiry, declaration at TTN.

    Policy: a certificate that an authority calls revoked signs no more. When nobody answers (OCSP first, then the list),
    the last answer stays and is shown as old; signing goes on, for TTN checks revocation itself and an authority that is
    down would otherwise stop every company.
    """

    _name = "l10n_tn_edi.certificate"
    _inherit = ["l10n_tn_edi.certificate", "mail.thread", "mail.activity.mixin"]

    revocation = fields.Selection(
        [("unknown", "Not Known"), ("good", "Not Revoked"), ("revoked", "Revoked")],
        default="unknown",
        readonly=True,
    )
    revocation_source = fields.Char(readonly=True)
    revocation_checked_at = fields.Datetime(string="Revocation Asked On", readonly=True)
    revocation_until = fields.Datetime(readonly=True)
    revocation_problem = fields.Char(readonly=True, help="Code of why nobody could tell.")
    trust = fields.Selection(
        [("unknown", "No Authority Loaded"), ("trusted", "Trusted"), ("untrusted", "Not Trusted")],
        default="unknown",
        readonly=True,
    )
    trust_problem = fields.Json(readonly=True, help="Code and parameters of what is wrong with the chain.")
    expiry_told = fields.Integer(
        readonly=True, help="The last threshold, in days, at which the responsible was told."
    )
    other_matricule = fields.Boolean(compute="_compute_other_matricule")

    @api.depends("matricule", "company_id.l10n_tn_edi_matricule")
    def _compute_other_matricule(self):
        for certificate in self:
            own = (certificate.company_id.l10n_tn_edi_matricule or "")[:8]
            certificate.other_matricule = bool(certificate.matricule and own and certificate.matricule != own)

    def _chain(self):
        """:return: list of DER, signer first."""
        self.ensure_one()
        return certificates.from_pem(base64.b64decode(self.with_context(bin_size=False).chain))

    # --- Trust and revocation --------------------------------------------------------------------------------------

    def _examine(self):
        """Look at trust and revocation as of now."""
        for certificate in self.sudo():
            chain = certificate._chain()
            now = fields.Datetime.now().replace(tzinfo=UTC)
            path = self.env["l10n_tn_edi.trust.anchor"]._path(chain[0], chain[1:], now)
            values = {"trust": "unknown", "trust_problem": False}
            if path is not None:
                found = path.problems[0] if path.problems else None
                values = {
                    "trust": "trusted" if path.trusted else "untrusted",
                    "trust_problem": {"code": found.code, "params": found.params} if found else False,
                }
                chain = list(path.chain) if len(path.chain) > 1 else chain
            certificate.write({**values, **certificate._ask_revocation(chain, now)})

    def _ask_revocation(self, chain, now):
        """:return: values about revocation; those known stay while they are fresh, and when nobody answers."""
        self.ensure_one()
        if (
            self.revocation_until
            and self.revocation_until > fields.Datetime.now()
            and not self.revocation_problem
        ):
            return {}
        asked = {"revocation_checked_at": fields.Datetime.now()}
        status, problem = self._ask_authority(chain, now, 30)
        if status is None:
            return {**asked, "revocation_problem": problem}
        until = min(
            status.until.replace(tzinfo=None), fields.Datetime.add(fields.Datetime.now(), hours=KEEP_HOURS)
        )
        return {
            **asked,
            "revocation": status.state,
            "revocation_source": status.source,
            "revocation_until": until,
            "revocation_problem": False,
        }

    @api.model
    def _ask_authority(self, chain, now, seconds):
        """Ask whether a certificate was revoked: OCSP first, then the authority's list.

        :param chain: DER certificates, the one that is asked about first, its issuer second.
        :param datetime now: with its time zone.
        :param float seconds: for each question.
        :return: (``revocation.Status``, None), or (None, code of why nobody could tell).
        """
        status, _answer, problem = self._ask_for_proof(chain, now, seconds)
        return status, problem

    @api.model
    def _ask_for_proof(self, chain, now, seconds, after=None):
        """As ``_ask_authority``, with the answer itself.

        :param datetime after: an answer that was made before is none, with its time zone.
        :return: (``revocation.Status``, bytes of the OCSP answer or list, None), or (None, None, code of why not).
        """
        if len(chain) < 2:
            return None, None, "trust.no_anchor"
        transport = self.env["l10n_tn_edi.transport"]._open(seconds=seconds, allow_http=True)
        problem = "revocation.no_address"
        for ask, urls in (
            (_by_ocsp, revocation.ocsp_urls(chain[0])),
            (_by_list, revocation.crl_urls(chain[0])),
        ):
            for url in urls:
                try:
                    status, answer = ask(transport, url, chain[0], chain[1], now)
                except SignatureError as error:
                    problem = error.code
                except OSError:
                    problem = "remote.unreachable"
                else:
                    if status.state == "unknown":
                        problem = "revocation.unknown"
                    elif after and status.this_update <= after:
                        problem = "revocation.early"
                    else:
                        return status, answer, None
        return None, None, problem

    # --- Who is told -----------------------------------------------------------------------------------------------

    def write(self, vals):
        result = super().write(vals)
        if "declared" in vals:
            if vals["declared"]:
                self.activity_feedback([DECLARE])
            self.env["l10n_tn_edi.preflight"]._ask(self.company_id)
        return result

    @api.model
    def _in_use(self, company=None):
        """:return: certificates that providers in use sign with."""
        domain = [("state", "!=", "disabled")]
        if company:
            domain.append(("company_id", "parent_of", company.ids))
        providers = self.env["l10n_tn_edi.signature.provider"].sudo().search(domain)
        return providers.certificate_id | providers.signatory_ids.certificate_id

    @api.model
    def _cron_watch(self):
        """Daily: trust, revocation and the end of the certificates in use."""
        for certificate in self._in_use():
            certificate._examine()
            certificate._tell_expiry()

    def _responsible(self):
        """:return: user who looks after the certificate: the holder, or the provider's responsible."""
        self.ensure_one()
        providers = (
            self.env["l10n_tn_edi.signature.provider"]
            .sudo()
            .search([("company_id", "=", self.company_id.id)])
        )
        signatory = providers.signatory_ids.filtered(lambda one: one.certificate_id == self)
        provider = providers.filtered(lambda one: one.certificate_id == self)
        at_work = (signatory[:1].user_id or provider[:1].responsible_id).filtered("active")
        return at_work or self.env.ref("base.user_admin")

    def _tell_expiry(self):
        """An activity at each threshold; the one before is replaced."""
        for certificate in self.sudo():
            left = (certificate.not_after - fields.Datetime.now()).days
            reached = [days for days in EXPIRY_DAYS if left <= days]
            if not reached or (certificate.expiry_told and certificate.expiry_told <= min(reached)):
                continue
            certificate._tell(
                RENEW,
                lambda env, certificate=certificate: env._(
                    "The certificate of %(holder)s ends on %(date)s. Order its renewal now, and declare the new serial number "
                    "at TTN: without it TTN refuses every invoice.",
                    holder=certificate.name,
                    date=format_date(env, certificate.not_after),
                ),
            )
            certificate.expiry_told = min(reached)

    def _tell_declaration(self):
        """A certificate comes into use whose serial number TTN may not know."""
        for certificate in self.sudo().filtered(lambda one: not one.declared):
            if certificate.activity_search([DECLARE]):
                continue
            certificate._tell(
                DECLARE,
                lambda env, certificate=certificate: env._(
                    "Send TTN the serial number %(serial)s of %(holder)s, and tick “Declared at TTN” once it has confirmed.",
                    serial=certificate.serial,
                    holder=certificate.name,
                ),
            )

    def _tell(self, activity_type, write_note):
        """Give the responsible an activity in his language; one of the same kind that is open is replaced.

        :param str activity_type: external id of a ``mail.activity.type``.
        :param write_note: callable that takes an environment and gives the note.
        """
        responsible = self._responsible()
        told = self.with_context(lang=responsible.lang)
        told.activity_unlink([activity_type])
        told.activity_schedule(activity_type, user_id=responsible.id, note=write_note(told.env))

    def _end_when_unused(self):
        """Nobody signs with these certificates any more: there is nothing to renew or to declare."""
        (self - self._in_use()).sudo().activity_unlink([RENEW, DECLARE])


def _by_ocsp(transport, url, certificate, issuer, now):
    nonce = secrets.token_bytes(16)
    body = revocation.ocsp_request(certificate, issuer, nonce)
    answer = transport(Request("POST", url, f"POST {url}", body, "application/ocsp-request"))
    if answer.status != 200:
        raise SignatureError("remote.unavailable", status=answer.status)
    return revocation.read_ocsp(answer.body, certificate, issuer, now, nonce=nonce), answer.body


def _by_list(transport, url, certificate, issuer, now):
    answer = transport(Request("GET", url, f"GET {url}"))
    if answer.status != 200:
        raise SignatureError("remote.unavailable", status=answer.status)
    return revocation.read_crl(answer.body, certificate, issuer, now), answer.body
