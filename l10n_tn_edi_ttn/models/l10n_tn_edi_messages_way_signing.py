from odoo import api, models


class L10nTnEdiMessages(models.AbstractModel):
    """Sentences of signing inside Odoo: whom a document waits for, what came of a session."""

    _inherit = "l10n_tn_edi.messages"

    @api.model
    def _way_catalogue(self):
        return {**super()._way_catalogue(), **self._signing_catalogue(), **self._preflight_catalogue()}

    @api.model
    def _preflight_catalogue(self):
        return {
            "revocation.no_address": lambda p: self.env._(
                "The certificate of %(holder)s does not say where its revocation can be asked.",
                holder=p["holder"],
            ),
            "revocation.unknown": lambda p: self.env._(
                "The authority does not know the certificate of %(holder)s. Ask it whether the certificate is in force.",
                holder=p["holder"],
            ),
            "provider.test_good": lambda p: self.env._(
                "The test signature is correct. Certificate of %(holder)s, valid until %(date)s.",
                holder=p["holder"],
                date=p["date"],
            ),
            "provider.holder_signs": lambda p: self.env._(
                "“%(provider)s” signs when %(holder)s enters PIN or password; without them there is no test signature.",
                provider=p["provider"],
                holder=p["holder"],
            ),
            "digigo.no_signatory": lambda p: self.env._(
                "Nobody signs with “%(provider)s” yet: add a signatory with the holder's DigiGo account.",
                provider=p["provider"],
            ),
            "digigo.known": lambda p: self.env._(
                "DigiGo knows %(names)s. The signature itself needs PIN and password: sign an invoice to see it.",
                names=p["names"],
            ),
            "preflight.matricule": lambda p: self.env._(
                "The company's matricule is %(matricule)s.", matricule=p["matricule"]
            ),
            "preflight.version": lambda p: self.env._(
                "Documents are written in TEIF %(version)s.", version=p["version"]
            ),
            "preflight.red": lambda p: self.env._(
                "Invoices cannot be sent today: look at what is to be mended under “Can I Send Today?”."
            ),
            "preflight.beta": lambda p: self.env._(
                "TEIF %(version)s is a beta of TTN: its production platform may refuse it. An administrator chooses another "
                "version in the settings.",
                version=p["version"],
            ),
            "preflight.ends_soon": lambda p: self.env._(
                "The certificate of %(holder)s ends on %(date)s. Order its renewal and declare the new one at TTN.",
                holder=p["holder"],
                date=p["date"],
            ),
            "preflight.not_revoked": lambda p: self.env._(
                "The certificate of %(holder)s is valid until %(date)s and not revoked.",
                holder=p["holder"],
                date=p["date"],
            ),
            "preflight.no_authority": lambda p: self.env._(
                "Whether the certificate of %(holder)s comes from a true authority cannot be told: no certificate is loaded "
                "in Trusted Authorities. An administrator loads the Tunisian root certificate there.",
                holder=p["holder"],
            ),
            "preflight.trusted": lambda p: self.env._(
                "The certificate of %(holder)s comes from a trusted authority.", holder=p["holder"]
            ),
            "preflight.declared": lambda p: self.env._(
                "The certificate of %(holder)s is declared at TTN.", holder=p["holder"]
            ),
            "preflight.not_declared": lambda p: self.env._(
                "The certificate of %(holder)s is not marked as declared at TTN. Send TTN the serial number %(serial)s, then "
                "tick “Declared at TTN” on the certificate.",
                holder=p["holder"],
                serial=p["serial"],
            ),
            "preflight.other_matricule": lambda p: self.env._(
                "The certificate of %(holder)s names matricule %(matricule)s, not the company's. That is fine when TTN knows "
                "this signer for the company.",
                holder=p["holder"],
                matricule=p["matricule"],
            ),
            "preflight.account": lambda p: self.env._(
                "El Fatoora answers and knows the account %(login)s.", login=p["login"]
            ),
            "preflight.address": lambda p: self.env._(
                "TTN gives no answer. It keeps silent towards addresses that it does not know: is the public address of this "
                "server declared at TTN?"
            ),
            "preflight.clock": lambda p: self.env._("The server's clock agrees with the database's."),
            "preflight.clock_apart": lambda p: self.env._(
                "The server's clock and the database's are %(seconds)s seconds apart. The server's administrator sets them.",
                seconds=p["seconds"],
            ),
            "preflight.clock_ttn": lambda p: self.env._(
                "The server's clock and TTN's are %(seconds)s seconds apart: TTN may refuse the time of a signature. The "
                "server's administrator compares it with a time server.",
                seconds=p["seconds"],
            ),
            "preflight.actions": lambda p: self.env._("The scheduled actions that send and ask are active."),
            "preflight.actions_off": lambda p: self.env._(
                "A scheduled action of El Fatoora is switched off. An administrator activates it (Settings, Technical)."
            ),
        }

    @api.model
    def _signing_catalogue(self):
        return {
            "agent.desk_silent": lambda p: self.env._(
                "The signing agent on this computer does not answer. Start it; its configuration must name this Odoo's address "
                "under “origins”, and the browser may ask you to allow access to this computer."
            ),
            "provider.no_archives": lambda p: self.env._(
                "“%(provider)s” needs its holder for each signature, so it does not sign PDFs and archives by itself. Use a "
                "certificate file, a token at the server whose agent knows the PIN, or a seal.",
                provider=p["provider"],
            ),
            "signing.service": lambda p: self.env._("The signature service is signing this document."),
            "signing.holder": lambda p: self.env._(
                "%(holder)s is signing this document.", holder=p["holder"]
            ),
            "signing.expired": lambda p: self.env._(
                "Nobody finished the signature in time. Nothing was signed; the document is to be signed again."
            ),
            "certificate.revoked": lambda p: self.env._(
                "The certificate of %(holder)s was revoked: TTN refuses it. Sign with another one, and ask the authority why.",
                holder=p["holder"],
            ),
            "provider.waits_for_holder": lambda p: self.env._(
                "Waits for the signature of %(holder)s: select the documents and choose Sign.",
                holder=p["holder"],
            ),
        }
