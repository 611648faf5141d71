import base64
import binascii

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..signature import xades
from ..signature.codes import CODES
from ..signature.problems import SignatureError, SignerError
from ..signature.signers import agent

DEFAULT_PORT = 9871
# A token holds a few certificates of a few kilobytes.
MAX_CERTIFICATES = 20
MAX_CERTIFICATE_CHARS = 32 * 1024


class L10nTnEdiSignatureProvider(models.Model):
    """A token on a signatory's own computer, for an Odoo that is hosted elsewhere.

    The signatory's browser is the messenger: it carries whole documents to the signing agent of that computer and
    signature values back. Nothing of what it brings is believed: a value counts when it verifies with the certificate for
    the very bytes that were frozen here. The PIN never leaves that computer.
    """

    _inherit = "l10n_tn_edi.signature.provider"

    code = fields.Selection(
        selection_add=[("desktop", "Token on a user's computer")], ondelete={"desktop": "cascade"}
    )
    desktop_port = fields.Integer(
        string="Agent's Port",
        default=DEFAULT_PORT,
        help="As in the configuration of the agent on that computer.",
    )

    @api.model
    def _interactive_codes(self):
        return {*super()._interactive_codes(), "desktop"}

    @api.model
    def _remote_codes(self):
        return {*super()._remote_codes(), "desktop"}

    def _desktop_missing(self):
        return [] if self.agent_key else self._label("agent_key")

    def _desktop_known_chain(self):
        return None

    # --- What the browser is told to do ----------------------------------------------------------------------------

    def _desktop_action(self, **params):
        return {
            "type": "ir.actions.client",
            "tag": "l10n_tn_edi_desktop_sign",
            "name": self.env._("Sign on this Computer"),
            "target": "new",
            "params": {"provider": self.id, "port": self.desktop_port, "key": self.agent_key, **params},
        }

    def _begin_desktop(self, documents):
        """Have the user's browser carry documents to the agent of this computer.

        :return: the client action that does it.
        :raise UserError: when the user is no signatory for them.
        """
        return self.sudo()._desktop_action(documents=documents.ids)

    def action_test(self):
        """For a token on a user's computer: have the administrator's own browser look for it."""
        if self.code != "desktop":
            return super().action_test()
        self.ensure_one()
        self.check_access("write")
        return self._desktop_action(documents=False)

    # --- What the browser asks -------------------------------------------------------------------------------------

    def desktop_begin(self, document_ids, found):
        """Freeze documents for the token that the browser found.

        :param list document_ids: ids of documents that wait for a signature of this provider.
        :param list found: the token's certificates, base64 DER, as the agent gave them.
        :return: ``{"signing": id, "requests": […]}``; each request is what the agent wants for one document.
        :raise UserError: when the user may not sign them, or no certificate of the token may.
        """
        self.ensure_one()
        documents = self.env["l10n_tn_edi.document"].browse(map(int, document_ids)).exists()
        documents._check_may_send()
        provider = self.sudo()
        for company in documents.company_id:
            if provider.code != "desktop" or company._l10n_tn_edi_signing_provider() != provider:
                raise UserError(self.env._("These documents are signed in another way. Load the page again."))
        signatory = self.env["l10n_tn_edi.signatory"]._for_user(provider, self.env.user, documents)
        chain = self._desktop_chain(found)
        certificate = provider._use_certificate(chain)
        if signatory.certificate_id != certificate:
            signatory.certificate_id = certificate
        batch = documents[: max(1, provider.batch_size)]
        signing = self.env["l10n_tn_edi.signing"]._begin(
            provider, signatory, batch, chain, left=documents - batch
        )
        return {"signing": signing.id, "requests": [line._desktop_request() for line in signing._todo()]}

    def desktop_register(self, found):
        """Note the certificate that the administrator's browser found on the token.

        :param list found: as in :meth:`desktop_begin`.
        :return: a sentence that says whose it is.
        """
        self.ensure_one()
        self.check_access("write")
        certificate = self.sudo()._use_certificate(self._desktop_chain(found))
        return self.env._(
            "The token of %(holder)s is there; its certificate is valid until %(date)s. Sign an invoice to see it sign.",
            holder=certificate.name,
            date=fields.Date.to_string(certificate.not_after),
        )

    def desktop_sentence(self, code, params):
        """:return: what a code of the agent (``agent.…``) means, in the user's language."""
        self.ensure_one()
        self.check_access("read")
        error = self.env["l10n_tn_edi.signing"]._desktop_error(code, params)
        return self.env["l10n_tn_edi.messages"]._sentence(error.code, error.params)

    def _desktop_chain(self, found):
        """:return: DER certificates, the signer's first, fit to sign today. Raises UserError."""
        anchors = self.env["l10n_tn_edi.trust.anchor"]
        try:
            if not isinstance(found, list) or len(found) > MAX_CERTIFICATES:
                raise SignerError("remote.answer", reason="certificates is missing")
            on_token = [base64.b64decode(str(one)[:MAX_CERTIFICATE_CHARS], validate=True) for one in found]
            chain = agent.chain_of(on_token, [der for group in anchors._loaded() for der in group])
            self.sudo()._check_usable(chain)
            path = anchors._path(chain[0], chain[1:], self._now())
            if path is not None and not path.trusted:
                raise SignerError(path.problems[0].code, **path.problems[0].params)
        except binascii.Error:
            raise UserError(self.env._("The certificate cannot be read.")) from None
        except SignatureError as error:
            raise UserError(
                self.env["l10n_tn_edi.messages"]._sentence(
                    error.code, {"provider": self.name, **error.params}
                )
            ) from None
        return chain


class L10nTnEdiSigning(models.Model):
    """Sessions that a browser carries to the agent on its computer."""

    _inherit = "l10n_tn_edi.signing"

    @api.model
    def _desktop_error(self, code, params):
        """:return: SignerError of what the browser says the agent said; only sentences about the agent can come of it."""
        known = (
            isinstance(code, str)
            and code.startswith("agent.")
            and (code in CODES or code == "agent.desk_silent")
        )
        params = params if isinstance(params, dict) else {}
        return SignerError(
            code if known else "agent.request",
            "the agent on the user's computer refused",
            **{str(name): str(value) for name, value in params.items()},
        )

    def _desktop_claim(self):
        """:return: this session, taken by its own user, once. Raises UserError."""
        self.ensure_one()
        signing = self.sudo().filtered(
            lambda one: one.user_id == self.env.user and one.provider_id.code == "desktop"
        )
        signing = signing.try_lock_for_update().filtered(lambda one: one.state == "waiting")
        if not signing:
            raise UserError(self.env._("This signature is over. Select the documents and choose Sign again."))
        signing.state = "working"
        return signing

    def desktop_finish(self, results):
        """Take what the browser brought back; each value is verified before anything is stored.

        :param list results: for each document, in order: ``{"value": base64}`` or ``{"error": code, "params": {…}}``.
        :return: an action that shows what came of each document.
        """
        signing = self._desktop_claim()
        count = len(signing._todo())
        if not isinstance(results, list) or len(results) != count:
            found = len(results) if isinstance(results, list) else 0
            signing._fail(("remote.count", {"expected": count, "found": found}))
        else:
            signing._finish([self._desktop_value(result) for result in results])
        return signing.sudo(False)._open()

    def desktop_cancel(self, code, params):
        """Nothing was signed, and this is why the agent says so.

        :return: an action that shows the documents, to be signed again.
        """
        signing = self._desktop_claim()
        signing._fail(self._desktop_error(code, params))
        return signing.sudo(False)._open()

    def _desktop_value(self, result):
        if not isinstance(result, dict) or "error" in result:
            result = result if isinstance(result, dict) else {}
            return self._desktop_error(result.get("error"), result.get("params"))
        try:
            return base64.b64decode(str(result.get("value")), validate=True)
        except binascii.Error:
            return SignerError("remote.answer", reason="value is not base64")


class L10nTnEdiSigningLine(models.Model):
    _inherit = "l10n_tn_edi.signing.line"

    def _desktop_request(self):
        """:return: what the agent wants for this document: whole bytes, and our digests to compare with its own."""
        state = self.prepared["state"]
        parts = {
            "document": self.unsigned.encode(),
            "signed_properties": xades.signed_properties(state),
            "signed_info": state["to_sign"].encode(),
        }
        return {name: base64.b64encode(part).decode() for name, part in parts.items()}
