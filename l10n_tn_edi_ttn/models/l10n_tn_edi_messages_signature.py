from odoo import api, models


class L10nTnEdiMessages(models.AbstractModel):
    """Sentences of ``signature.codes``: the signer, his certificate, the signature, the points of TTN's profile."""

    _inherit = "l10n_tn_edi.messages"

    @api.model
    def _signature_catalogue(self):
        return {
            **self._signature_document_catalogue(),
            **self._signature_verdict_catalogue(),
            **self._signature_certificate_catalogue(),
            **self._signature_profile_catalogue(),
        }

    @api.model
    def _signature_document_catalogue(self):
        return {
            "document.malformed": lambda p: self.env._("The document is not well-formed XML."),
            "document.doctype": lambda p: self.env._(
                "The document has a document type declaration, which is not allowed."
            ),
            "document.encoding": lambda p: self.env._("The document must be UTF-8 without byte order mark."),
            "document.root": lambda p: self.env._(
                "This is no TEIF document: it starts with “%(found)s”.", found=p["found"]
            ),
            "document.empty": lambda p: self.env._("The TEIF document is empty."),
            "document.trailing": lambda p: self.env._("Something follows the end of the TEIF document."),
            "document.already_signed": lambda p: self.env._(
                "The document already has a signature; TTN takes exactly one."
            ),
            "document.has_reference": lambda p: self.env._(
                "The document already carries a reference of TTN: it was accepted before."
            ),
            "document.changed": lambda p: self.env._(
                "The invoice changed while it was being signed. Sign it again."
            ),
            "document.comment": lambda p: self.env._(
                "A comment cuts the text of %(element)s: what is read would not be what was signed.",
                element=p["element"],
            ),
            "document.duplicate_id": lambda p: self.env._(
                "The identifier “%(id)s” is there more than once: the file is not trusted.", id=p["id"]
            ),
            "document.reference_misplaced": lambda p: self.env._(
                "A reference of TTN stands in the wrong place (below %(parent)s): the file is not trusted.",
                parent=p["parent"],
            ),
            "document.reference_content": lambda p: self.env._(
                "TTN's reference holds something that does not belong there (%(element)s): the file is not trusted.",
                element=p["element"],
            ),
            "document.reference_several": lambda p: self.env._(
                "The document has %(count)s references of TTN: the file is not trusted.", count=p["count"]
            ),
            "signing.state": lambda p: self.env._(
                "What was kept of the signature under way cannot be read. Sign the invoice again."
            ),
            "signing.chain_empty": lambda p: self.env._(
                "The signature provider gives no certificate. Check the provider's settings."
            ),
            "signing.value": lambda p: self.env._(
                "The signature that came back does not belong to this invoice and certificate. Sign it again."
            ),
        }

    @api.model
    def _signature_verdict_catalogue(self):
        return {
            "signature.several": lambda p: self.env._(
                "The document has %(count)s signatures, more than are looked at: it is not trusted.",
                count=p["count"],
            ),
            "signature.misplaced": lambda p: self.env._(
                "A signature stands in the wrong place (below %(parent)s): the file is not trusted.",
                parent=p["parent"],
            ),
            "signature.structure": lambda p: self.env._(
                "The signature is not built as expected: %(reason)s.", reason=p["reason"]
            ),
            "signature.method": lambda p: self.env._(
                "The signature method %(found)s is not accepted.", found=p["found"]
            ),
            "signature.canonicalization": lambda p: self.env._(
                "The canonicalization %(found)s is not accepted.", found=p["found"]
            ),
            "signature.references": lambda p: self.env._(
                "The signature must cover the document and its own properties, nothing else."
            ),
            "signature.transforms": lambda p: self.env._(
                "The signature covers another part of the document than TTN's profile says (%(reference)s).",
                reference=p["reference"],
            ),
            "signature.digest_method": lambda p: self.env._(
                "The digest method %(found)s of %(reference)s is not accepted.",
                found=p["found"],
                reference=p["reference"],
            ),
            "signature.document_digest": lambda p: self.env._(
                "The document was changed after it was signed."
            ),
            "signature.properties_digest": lambda p: self.env._(
                "The signed properties were changed after they were signed."
            ),
            "signature.value": lambda p: self.env._("The signature was not made with the certificate's key."),
            "signature.target": lambda p: self.env._(
                "The signed properties do not belong to this signature."
            ),
            "signature.reference_uncovered": lambda p: self.env._(
                "TTN's reference is not covered by this signature: it proves nothing."
            ),
            "signature.signing_time": lambda p: self.env._(
                "The signing time “%(found)s” is not a date and time.", found=p["found"]
            ),
            "signature.key_info": lambda p: self.env._(
                "The certificates in the signature cannot be read: %(reason)s.", reason=p["reason"]
            ),
            "signature.chain": lambda p: self.env._(
                "The certificate of %(holder)s in the signature does not belong to the signer's chain.",
                holder=p["holder"],
            ),
            "signature.certificate_digest": lambda p: self.env._(
                "The signature names another certificate than the one it carries."
            ),
            "signature.issuer_serial": lambda p: self.env._(
                "The issuer and serial number in the signature are not those of its certificate."
            ),
            "signature.self_check_failed": lambda p: self.env._(
                "The signature made with “%(provider)s” does not verify; nothing was sent. Test the provider.",
                provider=p["provider"],
            ),
        }

    @api.model
    def _signature_certificate_catalogue(self):
        return {
            "certificate.unreadable": lambda p: self.env._("The certificate cannot be read."),
            "certificate.expired": lambda p: self.env._(
                "The certificate of %(holder)s expired on %(date)s. Install the renewed one and declare it at TTN.",
                holder=p["holder"],
                date=p["date"],
            ),
            "certificate.not_yet_valid": lambda p: self.env._(
                "The certificate of %(holder)s is not valid before %(date)s. Is the server's clock right?",
                holder=p["holder"],
                date=p["date"],
            ),
            "certificate.key_usage": lambda p: self.env._(
                "The certificate of %(holder)s may not be used for signing. Choose a signature certificate.",
                holder=p["holder"],
            ),
            "key.not_rsa": lambda p: self.env._(
                "The key is not an RSA key, which TTN demands. Choose another certificate."
            ),
            "key.too_small": lambda p: self.env._(
                "The RSA key has %(bits)s bits, at least 2048 are needed. Choose another certificate.",
                bits=p["bits"],
            ),
            "pkcs12.unreadable": lambda p: self.env._(
                "The file is not a certificate file (.p12 or .pfx). Upload the file your authority gave you."
            ),
            "pkcs12.wrong_passphrase": lambda p: self.env._(
                "The passphrase does not open the certificate file. Enter it again on the signature provider."
            ),
            "pkcs12.unsupported": lambda p: self.env._(
                "The certificate file is encrypted in a way that this server cannot read. Export it again."
            ),
            "pkcs12.no_key": lambda p: self.env._(
                "The certificate file holds no private key. Export it again with its key."
            ),
            "pkcs12.no_certificate": lambda p: self.env._(
                "The certificate file holds no certificate for its key. Export it again with its certificate."
            ),
        }

    @api.model
    def _signature_profile_catalogue(self):
        return {
            "profile.content": lambda p: self.env._("The document is as it was signed"),
            "profile.properties": lambda p: self.env._("The signed properties are as they were signed"),
            "profile.value": lambda p: self.env._("The signature was made with the certificate's key"),
            "profile.structure": lambda p: self.env._("Nothing is misplaced, doubled or hidden"),
            "profile.signer": lambda p: self.env._("The signature names its certificate"),
            "profile.validity": lambda p: self.env._("The certificate was valid when it signed"),
            "profile.key_usage": lambda p: self.env._("The certificate may sign"),
            "profile.chain": lambda p: self.env._("The certificate leads to a trusted authority"),
            "profile.revocation": lambda p: self.env._("The certificate was not revoked when it signed"),
            "profile.signature_id": lambda p: self.env._("Name of the signature"),
            "profile.value_id": lambda p: self.env._("Name of the signature value"),
            "profile.signature_method": lambda p: self.env._("Signature method"),
            "profile.reference_id": lambda p: self.env._("Name of the reference to the document"),
            "profile.reference_type": lambda p: self.env._("Type of the reference to the document"),
            "profile.transforms": lambda p: self.env._("Part of the document that is signed"),
            "profile.document_digest": lambda p: self.env._("Digest method of the document"),
            "profile.properties_id": lambda p: self.env._("Name of the signed properties"),
            "profile.properties_digest": lambda p: self.env._("Digest method of the signed properties"),
            "profile.signing_time": lambda p: self.env._("Signing time in UTC"),
            "profile.certificate_digest": lambda p: self.env._("Digest method of the certificate"),
            "profile.issuer_serial": lambda p: self.env._("Issuer and serial number of the certificate"),
            "profile.policy_oid": lambda p: self.env._("Signature policy"),
            "profile.policy_qualifier": lambda p: self.env._("Kind of policy identifier"),
            "profile.policy_description": lambda p: self.env._("Description of the policy"),
            "profile.policy_hash": lambda p: self.env._("Digest of the policy"),
            "profile.policy_uri": lambda p: self.env._("Address of the policy"),
            "profile.role": lambda p: self.env._("Role of the signer"),
            "profile.data_object": lambda p: self.env._("Format of the signed data"),
            "profile.no_place": lambda p: self.env._("No place of signature"),
            "profile.signer_first": lambda p: self.env._("The signer's certificate comes first"),
            "profile.certificates_only": lambda p: self.env._(
                "Nothing but certificates beside the signature"
            ),
            "profile.position": lambda p: self.env._("The signature is the last element of the document"),
        }
