from odoo import api, models


class L10nTnEdiMessages(models.AbstractModel):
    """Sentences of the API: ``PROBLEMS``, ``BODY_CODES`` and ``INVOICE_CODES`` of api/problems.py."""

    _inherit = "l10n_tn_edi.messages"

    @api.model
    def _odoo_catalogue(self):
        return {
            **super()._odoo_catalogue(),
            **self._api_catalogue(),
            **self._api_conflict_catalogue(),
            **self._api_body_catalogue(),
        }

    @api.model
    def _api_catalogue(self):
        return {
            "api.bad_request": lambda p: self.env._("The call cannot be understood."),
            "api.json": lambda p: self.env._("The body is no JSON: %(reason)s.", reason=p["reason"]),
            "api.parameter": lambda p: self.env._(
                "Parameter “%(name)s” is unknown here, stands twice or has no good value.", name=p["name"]
            ),
            "api.cursor": lambda p: self.env._(
                "The cursor was not given by this list with these filters. Begin again without it."
            ),
            "api.idempotency_key": lambda p: self.env._(
                "The Idempotency-Key must have 1 to 128 visible ASCII characters."
            ),
            "api.unauthorized": lambda p: self.env._(
                "The key is missing, wrong, expired, revoked or of another scope."
            ),
            "api.certificate": lambda p: self.env._(
                "The client certificate is unknown, expired, revoked or of another authority."
            ),
            "api.proxy": lambda p: self.env._("A client certificate counts only when the proxy hands it on."),
            "api.forbidden": lambda p: self.env._("The user of this key may not do this."),
            "api.off": lambda p: self.env._("The API is switched off for the company of this key."),
            "api.not_found": lambda p: self.env._("The company has no invoice of this name."),
            "api.route": lambda p: self.env._("There is nothing at this address."),
            "api.no_file": lambda p: self.env._("The invoice does not have this file yet."),
            "api.method": lambda p: self.env._("This address has no such method."),
            "api.too_large": lambda p: self.env._("The body is too large. Split it."),
            "api.media_type": lambda p: self.env._(
                "The body must be of type application/json, not %(given)s.", given=p["given"]
            ),
            "api.rate": lambda p: self.env._(
                "Too many calls in a minute. Go on in %(seconds)s s.", seconds=p["seconds"]
            ),
            "api.internal": lambda p: self.env._(
                "Something unexpected happened. Nothing was done. Tell the administrator the number of the request."
            ),
            "api.busy": lambda p: self.env._("Others are working on the same data. Try again in a moment."),
        }

    @api.model
    def _api_conflict_catalogue(self):
        return {
            "api.body": lambda p: self.env._("The body is not as the schema wants it."),
            "api.refused": lambda p: self.env._(
                "The invoice is refused. Correct what is found and send it again."
            ),
            "api.external_id_taken": lambda p: self.env._(
                "“%(external_id)s” came in already, as invoice %(number)s. An identifier is never used twice.",
                external_id=p["external_id"],
                number=p["number"],
            ),
            "api.idempotency_running": lambda p: self.env._(
                "A call with this Idempotency-Key is under way. Ask again in a moment."
            ),
            "api.idempotency_other_body": lambda p: self.env._(
                "This Idempotency-Key was used with another body. Take a new key for another call."
            ),
            "api.not_sendable": lambda p: self.env._(
                "The invoice cannot be sent as it stands (%(state)s). Look at it in Odoo.", state=p["state"]
            ),
            "api.journal": lambda p: self.env._(
                "%(company)s has no sales journal. Make one, or choose that of the API in the settings.",
                company=p["company"],
            ),
            "api.number": lambda p: self.env._("Numbers of this journal come from outside: give one."),
            "api.original": lambda p: self.env._(
                "No posted invoice came in as “%(value)s”. Send the original first, or give its number and date.",
                value=p["value"],
            ),
        }

    @api.model
    def _api_body_catalogue(self):
        return {
            "body.required": lambda p: self.env._("“%(name)s” is missing.", name=p["name"]),
            "body.unknown": lambda p: self.env._(
                "“%(name)s” is not known here. Take it away, or correct its name.", name=p["name"]
            ),
            "body.type": lambda p: self.env._(
                "“%(name)s” is of another type than %(wanted)s.", name=p["name"], wanted=p["wanted"]
            ),
            "body.value": lambda p: self.env._(
                "“%(name)s” is none of: %(wanted)s.", name=p["name"], wanted=p["wanted"]
            ),
            "body.form": lambda p: self.env._(
                "“%(name)s” has another form than %(wanted)s.", name=p["name"], wanted=p["wanted"]
            ),
            "body.length": lambda p: self.env._(
                "“%(name)s” is too short or too long: the limit is %(limit)s.",
                name=p["name"],
                limit=p["limit"],
            ),
            "body.repeated": lambda p: self.env._(
                "“%(value)s” stands twice in this call. Each invoice has an identifier of its own.",
                value=p["value"],
            ),
        }
