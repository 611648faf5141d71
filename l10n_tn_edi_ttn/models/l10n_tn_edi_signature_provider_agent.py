import contextlib

from odoo import api, fields, models, tools

from ..signature.problems import SignerError
from ..signature.signers.agent import Agent

# Server configuration, [options]: the socket of the signing agent.
CONFIG_SOCKET = "l10n_tn_edi_agent_socket"
DEFAULT_SOCKET = "/run/l10n-tn-edi/agent.sock"
SESSION_OVER = ("agent.pin_needed", "agent.session_over")


class AgentSigner:
    """A key of the agent for one batch: ``chain`` and ``sign_all`` as the contract of providers wants them."""

    def __init__(self, agent, chain):
        self.chain, self.sign_all = chain, agent.sign_all


class L10nTnEdiSignatureProvider(models.Model):
    """A token or HSM at the server, held by the signing agent."""

    _inherit = "l10n_tn_edi.signature.provider"

    code = fields.Selection(
        selection_add=[("agent", "Token or HSM at the server")], ondelete={"agent": "cascade"}
    )
    agent_key = fields.Char(string="Key", help="The name of the key in the signing agent's configuration.")
    agent_pin = fields.Selection(
        [("typed", "A signatory enters it"), ("configured", "The signing agent has it")],
        string="PIN",
        default="typed",
        required=True,
        help="With a typed PIN nothing is signed outside a signing session, whose length and size the signatory chooses.",
    )
    # The handle of a session that a PIN opened; the PIN itself is nowhere in Odoo.
    agent_session_encrypted = fields.Char(groups="base.group_system", copy=False)
    agent_session_until = fields.Datetime(string="Signing Session Until", readonly=True, copy=False)
    agent_session_user_id = fields.Many2one(
        "res.users", string="Session Opened By", readonly=True, copy=False
    )

    @api.model
    def _remote_codes(self):
        return {*super()._remote_codes(), "agent"}

    @api.model
    def _agent_socket(self):
        return tools.config.get(CONFIG_SOCKET) or DEFAULT_SOCKET

    @api.constrains("state", "code", "agent_key")
    def _check_agent_complete(self):
        self._check_complete()

    def _agent_missing(self):
        return [] if self.agent_key else self._label("agent_key")

    def _agent_known_chain(self):
        return None

    def _waits_for_human(self):
        if self.code != "agent":
            return super()._waits_for_human()
        return self.agent_pin == "typed" and not self._agent_session_open()

    def _needs_signatory(self):
        return (self.code == "agent" and self.agent_pin == "typed") or super()._needs_signatory()

    def _agent_session_open(self):
        until = self.sudo().agent_session_until
        return bool(until and until > fields.Datetime.now() and self.sudo().agent_session_encrypted)

    def _agent(self):
        """:return: the ``Agent`` of this provider's key, with the open session when there is one."""
        session = None
        if self.agent_pin == "typed" and self._agent_session_open():
            session = self.env["l10n_tn_edi.secret"]._decrypt(self.agent_session_encrypted)
        return Agent(self._agent_socket(), self.agent_key or "", session)

    def _agent_signer(self):
        agent = self._agent()
        loaded = [der for group in self.env["l10n_tn_edi.trust.anchor"]._loaded() for der in group]
        known = self.certificate_id._chain() if self.certificate_id else None
        return AgentSigner(agent, known or agent.chain(loaded))

    def _agent_open(self, pin, documents, minutes):
        """Open a signing session of the current user with a typed PIN.

        :raise SignerError: wrong PIN (it is not tried again), no token, no agent.
        """
        provider = self.sudo()
        agent = Agent(self._agent_socket(), provider.agent_key or "")
        loaded = [der for group in self.env["l10n_tn_edi.trust.anchor"]._loaded() for der in group]
        chain = agent.chain(loaded)
        provider._check_usable(chain)
        provider._use_certificate(chain)
        handle = agent.open(pin, documents, minutes)
        provider.write(
            {
                "agent_session_encrypted": self.env["l10n_tn_edi.secret"]._encrypt(handle),
                "agent_session_until": fields.Datetime.add(fields.Datetime.now(), seconds=int(60 * minutes)),
                "agent_session_user_id": self.env.user.id,
            }
        )

    def action_close_session(self):
        """End the signing session at once."""
        for provider in self:
            provider.check_access("read")
            provider.sudo()._agent_forget(tell=True)

    def _agent_forget(self, tell=False):
        if tell and self.agent_session_encrypted:
            with contextlib.suppress(SignerError):  # an agent that is gone has forgotten it, too
                self._agent().close()
        self.write(
            {"agent_session_encrypted": False, "agent_session_until": False, "agent_session_user_id": False}
        )

    def _failure(self, error):
        if self.code == "agent" and error.code in SESSION_OVER:
            if self.agent_session_encrypted:
                self._agent_forget()
            return {"pending": (error.code, {"provider": self.name, **error.params})}
        return super()._failure(error)
