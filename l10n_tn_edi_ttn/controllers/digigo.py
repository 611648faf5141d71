"""Where DigiGo sends the holder's browser back to."""

import logging
import re

from odoo import http
from odoo.http import request

from ..models.l10n_tn_edi_signature_provider_digigo import RETURN_PATH
from ..signature.problems import SignatureError
from ..signature.signers.digigo import read_callback

_logger = logging.getLogger(__name__)


# Where the return address, or a login page that leads back to it, stands in a line of the access log.
_RETURN = re.compile(RETURN_PATH.replace("/", "(?:/|%2F)") + r"(?:\?|%3F)\S*", re.IGNORECASE)


class _ReturnFilter(logging.Filter):
    """Keeps what DigiGo returns with out of the server's access log: whoever reads the log could finish a signature."""

    def filter(self, record):
        message = record.getMessage()
        if "digigo" in message:
            record.msg, record.args = _RETURN.sub(f"{RETURN_PATH}?***", message), None
        return True


logging.getLogger("werkzeug").addFilter(_ReturnFilter())


class DigiGoController(http.Controller):
    @http.route(RETURN_PATH, type="http", auth="user", methods=["GET"], save_session=False)
    def digigo_return(self, **parameters):
        """Finish the session that the returned ``state`` belongs to, once, for the user who began it."""
        signing = request.env["l10n_tn_edi.signing"]._claim_return(parameters.get("state"))
        if not signing:
            # Used before, somebody else's, or made up: nothing is said about which.
            return request.redirect("/odoo/el-fatoora")
        # Taken before anybody is called: the same return a second time finds nothing.
        request.env["l10n_tn_edi.document"]._commit()
        try:
            signing.provider_id._finish_digigo(signing, read_callback(parameters))
        except SignatureError as error:
            signing._fail(error)
        except Exception:
            _logger.exception("DigiGo's signatures of session %s could not be used", signing.id)
            request.env["l10n_tn_edi.document"]._rollback()
            signing._fail(("document.unexpected", {}))
        action = request.env.ref("l10n_tn_edi_ttn.l10n_tn_edi_signing_action")
        response = request.redirect(f"/odoo/action-{action.id}/{signing.id}")
        response.headers["Referrer-Policy"] = "no-referrer"
        return response
