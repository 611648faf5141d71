from odoo import api, models


class L10nTnEdiMessages(models.AbstractModel):
    """Sentences of ``archive.codes``: what the verifier finds in containers, seals, records and evidence."""

    _inherit = "l10n_tn_edi.messages"

    @api.model
    def _sentence(self, code, params=None, **options):
        """A param ``reason`` that came with its own code is said in the user's language as well."""
        params = dict(params or {})
        if "reason_code" in params:
            reason = params.pop("reason_code"), params.pop("reason_params")
            params["reason"] = self._sentence(*reason, **options)
        return super()._sentence(code, params, **options)

    @api.model
    def _catalogue(self):
        return {
            **super()._catalogue(),
            **self._archive_signature_catalogue(),
            **self._archive_container_catalogue(),
            **self._archive_chain_catalogue(),
            **self._archive_record_catalogue(),
        }

    @api.model
    def _archive_signature_catalogue(self):
        return {
            "cms.unreadable": lambda p: self.env._(
                "The signature cannot be read (%(reason)s).", reason=p["reason"]
            ),
            "cms.digest": lambda p: self.env._("What was signed is not what is there."),
            "cms.value": lambda p: self.env._("The signature does not fit its certificate."),
            "cms.algorithm": lambda p: self.env._(
                "The signature uses %(algorithm)s, which is not accepted.", algorithm=p["algorithm"]
            ),
            "cms.certificate": lambda p: self.env._(
                "The signature does not name the certificate that it was made with."
            ),
            "trust.refused": lambda p: self.env._(
                "The certificate is not to be trusted: %(reason)s", reason=p["reason"]
            ),
            "stamp.unreadable": lambda p: self.env._(
                "The time-stamp cannot be read (%(reason)s).", reason=p["reason"]
            ),
            "stamp.refused": lambda p: self.env._(
                "The time-stamp authority refused: %(reason)s", reason=p["reason"]
            ),
            "stamp.imprint": lambda p: self.env._("The time-stamp was made for something else."),
            "stamp.nonce": lambda p: self.env._("The time-stamp does not answer this question."),
            "stamp.usage": lambda p: self.env._(
                "The certificate of the time-stamp is not made for time-stamps only."
            ),
            "stamp.order": lambda p: self.env._("A later time-stamp is older than the one it renews."),
            "evidence.unreadable": lambda p: self.env._(
                "The evidence record cannot be read (%(reason)s).", reason=p["reason"]
            ),
            "evidence.group": lambda p: self.env._(
                "The evidence record proves something else than what is there."
            ),
            "evidence.foreign": lambda p: self.env._("Its time-stamp is not that of its day's seal."),
            "trust.none": lambda p: self.env._(
                "No authority was given: whom the certificates belong to was not looked at."
            ),
            "documents.none": lambda p: self.env._(
                "The signatures inside of the documents were not looked at."
            ),
        }

    @api.model
    def _archive_container_catalogue(self):
        return {
            "container.unreadable": lambda p: self.env._(
                "The container cannot be read (%(reason)s).", reason=p["reason"]
            ),
            "container.cut": lambda p: self.env._("The container is cut inside of %(name)s.", name=p["name"]),
            "container.directory": lambda p: self.env._(
                "The list at the end of the container is damaged or does not fit."
            ),
            "container.header": lambda p: self.env._("The header of %(name)s is damaged.", name=p["name"]),
            "container.data": lambda p: self.env._(
                "%(name)s is damaged: its content changed.", name=p["name"]
            ),
            "container.order": lambda p: self.env._(
                "%(name)s is not in its place: the order was changed.", name=p["name"]
            ),
            "container.duplicate": lambda p: self.env._("%(name)s is there twice.", name=p["name"]),
            "container.unexpected": lambda p: self.env._(
                "%(name)s does not belong into the container: it was added.", name=p["name"]
            ),
            "container.missing": lambda p: self.env._("%(name)s is missing.", name=p["name"]),
            "container.altered": lambda p: self.env._("%(name)s was altered.", name=p["name"]),
            "container.archive": lambda p: self.env._(
                "%(name)s is of another archive (%(found)s) than the first container.",
                name=p["name"],
                found=p["found"],
            ),
            "index.altered": lambda p: self.env._(
                "%(name)s was altered at line %(line)s.", name=p["name"], line=p["line"]
            ),
            "file.altered": lambda p: self.env._("%(name)s was altered.", name=p["name"]),
            "file.missing": lambda p: self.env._("%(name)s is missing.", name=p["name"]),
        }

    @api.model
    def _archive_chain_catalogue(self):
        return {
            "seal.unreadable": lambda p: self.env._(
                "Seal %(sequence)s: its statement was altered, it cannot be read.", sequence=p["sequence"]
            ),
            "seal.misplaced": lambda p: self.env._(
                "Seal %(sequence)s: the statement of seal %(found)s stands in its place.",
                sequence=p["sequence"],
                found=p["found"],
            ),
            "seal.archive": lambda p: self.env._(
                "Seal %(sequence)s is of another archive (%(found)s).",
                sequence=p["sequence"],
                found=p["found"],
            ),
            "seal.signature": lambda p: self.env._(
                "Seal %(sequence)s: its signature does not hold. %(reason)s",
                sequence=p["sequence"],
                reason=p["reason"],
            ),
            "seal.signer": lambda p: self.env._(
                "Seal %(sequence)s was signed for another company (%(found)s).",
                sequence=p["sequence"],
                found=p["found"],
            ),
            "seal.unsigned": lambda p: self.env._(
                "Seal %(sequence)s is not signed; its time-stamp alone proves it.", sequence=p["sequence"]
            ),
            "seal.signed_late": lambda p: self.env._(
                "Seal %(sequence)s was signed after its time-stamp.", sequence=p["sequence"]
            ),
            "seal.evidence": lambda p: self.env._(
                "Seal %(sequence)s: its evidence does not hold. %(reason)s",
                sequence=p["sequence"],
                reason=p["reason"],
            ),
            "seal.untrusted": lambda p: self.env._(
                "Seal %(sequence)s: the authority of its time-stamp is not to be trusted. %(reason)s",
                sequence=p["sequence"],
                reason=p["reason"],
            ),
            "seal.early": lambda p: self.env._(
                "Seal %(sequence)s was time-stamped on %(time)s, before its day %(day)s had ended.",
                sequence=p["sequence"],
                time=p["time"],
                day=p["day"],
            ),
            "seal.late": lambda p: self.env._(
                "Seal %(sequence)s was time-stamped on %(time)s, more than %(hours)s hours after its day "
                "%(day)s.",
                sequence=p["sequence"],
                time=p["time"],
                hours=p["hours"],
                day=p["day"],
            ),
            "seal.lapsed": lambda p: self.env._(
                "Seal %(sequence)s: a time-stamp was renewed after its certificate had ended (%(time)s).",
                sequence=p["sequence"],
                time=p["time"],
            ),
            "seal.expired": lambda p: self.env._(
                "Seal %(sequence)s: the certificate of its last time-stamp ended on %(time)s; it has to be "
                "renewed.",
                sequence=p["sequence"],
                time=p["time"],
            ),
            "seal.missing": lambda p: self.env._("Seal %(sequence)s is missing.", sequence=p["sequence"]),
            "seal.gap": lambda p: self.env._(
                "Seals %(first)s to %(last)s are not in these files: nothing links what is before to what "
                "is after.",
                first=p["first"],
                last=p["last"],
            ),
            "seal.conflict": lambda p: self.env._(
                "Seal %(sequence)s is different in %(name)s.", sequence=p["sequence"], name=p["name"]
            ),
            "seal.previous": lambda p: self.env._(
                "Seal %(sequence)s does not follow the seal %(previous)s that is here: one of them was replaced.",
                sequence=p["sequence"],
                previous=p["previous"],
            ),
            "seal.numbers": lambda p: self.env._(
                "Seal %(sequence)s begins with record %(first)s, after record %(last)s of the seal before.",
                sequence=p["sequence"],
                first=p["first"],
                last=p["last"],
            ),
            "seal.days": lambda p: self.env._(
                "Seal %(sequence)s is of %(day)s, which is not after the day of the seal before.",
                sequence=p["sequence"],
                day=p["day"],
            ),
            "seal.root": lambda p: self.env._(
                "Seal %(sequence)s: its root is not that of its records %(first)s to %(last)s, though each "
                "was sealed.",
                sequence=p["sequence"],
                first=p["first"],
                last=p["last"],
            ),
            "head.differs": lambda p: self.env._(
                "Seal %(sequence)s is not the one that was handed over: it, or what is before it, was "
                "rewritten since.",
                sequence=p["sequence"],
            ),
            "head.missing": lambda p: self.env._(
                "The seals up to %(sequence)s were handed over, but those after %(last)s are missing: the "
                "end was cut.",
                sequence=p["sequence"],
                last=p["last"],
            ),
            "head.unknown": lambda p: self.env._(
                "None of the seals is the one that was handed over: the chain was rewritten or cut."
            ),
            "head.none": lambda p: self.env._(
                "No head was given: whether the end was cut or everything rewritten was not looked at."
            ),
        }

    @api.model
    def _archive_record_catalogue(self):
        return {
            "record.unreadable": lambda p: self.env._(
                "Record %(number)s was altered: it cannot be read.", number=p["number"]
            ),
            "record.misplaced": lambda p: self.env._(
                "Record %(number)s: record %(found)s stands in its place; the order was changed.",
                number=p["number"],
                found=p["found"],
            ),
            "record.archive": lambda p: self.env._(
                "Record %(number)s is of another archive (%(found)s).", number=p["number"], found=p["found"]
            ),
            "record.added": lambda p: self.env._(
                "Record %(number)s is in no seal: it was added.", number=p["number"]
            ),
            "record.missing": lambda p: self.env._("Record %(number)s is missing.", number=p["number"]),
            "record.deleted": lambda p: self.env._(
                "Record %(number)s was deleted after its retention, as record %(by)s says.",
                number=p["number"],
                by=p["by"],
            ),
            "record.evidence": lambda p: self.env._(
                "Record %(number)s is not what was sealed. %(reason)s", number=p["number"], reason=p["reason"]
            ),
            "record.day": lambda p: self.env._(
                "Record %(number)s was archived on %(found)s, not on the day of its seal (%(day)s).",
                number=p["number"],
                found=p["found"],
                day=p["day"],
            ),
            "record.signature": lambda p: self.env._(
                "Record %(number)s, %(name)s: %(reason)s",
                number=p["number"],
                name=p["name"],
                reason=p["reason"],
            ),
            "record.conflict": lambda p: self.env._(
                "Record %(number)s is different in %(name)s.", number=p["number"], name=p["name"]
            ),
        }
