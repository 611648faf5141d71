"""TTN's own schema files, as an administrator loaded them: a second engine whose verdict is final."""

import base64
import importlib.util
import io
from dataclasses import replace
from functools import lru_cache

from lxml import etree

from odoo import api, fields, models, tools
from odoo.exceptions import UserError, ValidationError
from odoo.tools.misc import file_path

from ..teif.findings import BLOCKING, WARNING, Finding
from ..teif.foreign import ForeignXmlError, parse_foreign_xml
from .l10n_tn_edi_text import cut
from .res_company_teif import VERSIONS

XS = "{http://www.w3.org/2001/XMLSchema}"
XMLDSIG = "http://www.w3.org/2000/09/xmldsig#"
# A signature is verified, not judged by its schema: what stands in for W3C's file, which is never fetched.
ANY_SIGNATURE = "l10n_tn_edi_ttn/xsd/signature-any.xsd"
REASON = 200
ERRORS_SAID = 10
# Our own findings that repeat what TTN's schema says: they yield when that schema accepts the document.
SCHEMA_FAMILIES = (
    "schema.",
    "identifier.",
    "supplier.",
    "tax.category",
    "tax.rate",
    "allowance.category",
    "payment.",
)
SCHEMA_CODES = (
    "date.issue_count",
    "date.issue_format",
    "date.value",
    "amount.total_tnd",
    "amount.total_form",
)


class L10nTnEdiSchema(models.Model):
    _name = "l10n_tn_edi.schema"
    _inherit = ["l10n_tn_edi.cached"]
    _description = "TTN's TEIF Schema"
    _order = "version"
    _rec_name = "file_name"

    version = fields.Selection(VERSIONS, required=True)
    file = fields.Binary(string="XSD File", required=True, attachment=True)
    file_name = fields.Char()
    skipped = fields.Integer(
        string="Rules Left Out",
        readonly=True,
        help="Assertions in a language that this server cannot read. Odoo's own check applies them.",
    )

    _version_unique = models.Constraint("unique(version)", "There is one schema a version: replace its file.")

    @api.model_create_multi
    def create(self, vals_list):
        # EXTENDS 'base'
        schemas = super().create(vals_list)
        schemas._look_at_file()
        return schemas

    def write(self, vals):
        # EXTENDS 'base'
        result = super().write(vals)
        if "file" in vals:
            self._look_at_file()
        return result

    @api.model
    @tools.ormcache("version")
    def _of_version(self, version):
        """:return: ids of the schema of a version of TEIF: one, or none."""
        return tuple(self.sudo().search([("version", "=", version)]).ids)

    def _look_at_file(self):
        """Compile the files at once: one that can't be used is refused. Raises UserError or ValidationError."""
        if not importlib.util.find_spec("xmlschema"):
            raise UserError(
                self.env._(
                    "This server cannot read TTN's schema. Its administrator installs the Python package xmlschema."
                )
            )
        for schema in self:
            try:
                schema.skipped = schema._compiled()[1]
            except (ForeignXmlError, ValueError) as error:
                raise ValidationError(
                    self.env._("The file is no TEIF schema: %(reason)s", reason=cut(str(error), REASON))
                ) from error

    def _compiled(self):
        """:return: ``(schema of xmlschema, number of assertions that it can't read)``."""
        self.ensure_one()
        return _compile(base64.b64decode(self.with_context(bin_size=False).file))

    # === Verdict === #

    @api.model
    def _final(self, findings, root):
        """``findings`` of our own check with the verdict of TTN's schema of the document's version, where it is loaded.

        :param findings: list of ``teif.findings.Finding``.
        :param root: root element of the document, which is not changed.
        :return: the same list when no schema is loaded. When TTN's schema accepts the document, what our own schema
            blocks is a warning only; what it refuses, and we did not, is a finding ``official.refused``.
        """
        schema = self.sudo().browse(self._of_version(root.get("version")))
        if not schema or not importlib.util.find_spec("xmlschema"):
            return findings
        try:
            compiled, skipped = schema._compiled()
        except (ForeignXmlError, ValueError) as error:
            params = {"version": schema.version, "reason": cut(str(error), REASON)}
            return [
                *findings,
                Finding("official.unusable", WARNING, "/TEIF", "The schema cannot be used.", params),
            ]
        errors = _errors(compiled, root)
        if not errors:
            # A rule that was left out may still refuse it.
            return findings if skipped else [_yielding(finding) for finding in findings]
        if any(finding.severity == BLOCKING and _of_schema(finding) for finding in findings):
            return findings  # said already, and better
        return [*findings, *errors]


def _of_schema(finding):
    return finding.code.startswith(SCHEMA_FAMILIES) or finding.code in SCHEMA_CODES


def _yielding(finding):
    return (
        replace(finding, severity=WARNING)
        if _of_schema(finding) and finding.severity == BLOCKING
        else finding
    )


def _errors(compiled, root):
    """What ``compiled`` refuses below ``root``, as findings."""
    errors = []
    for error in compiled.iter_errors(root):
        reason = cut(str(error.reason or error.message), REASON)
        path = error.path or "/TEIF"
        message = f"TTN's schema refuses {path}: {reason}"
        errors.append(Finding("official.refused", BLOCKING, path, message, {"reason": reason}))
        if len(errors) == ERRORS_SAID:
            break
    return errors


@lru_cache(maxsize=len(VERSIONS))
def _compile(data):
    """Compile the XSD 1.1 file ``data`` (bytes). Raises ValueError or ForeignXmlError when it is no schema of TEIF."""
    import xmlschema  # only where an administrator wants it: a second engine, not needed to deposit

    root = parse_foreign_xml(data)
    if root.tag != f"{XS}schema":
        raise ValueError("not an XML schema")
    for tag in ("include", "redefine", "override"):
        for element in root.findall(f"{XS}{tag}"):
            root.remove(element)
    for element in root.iter(f"{XS}import"):
        element.attrib.pop("schemaLocation", None)
    for element in root.iter(f"{XS}element"):
        # The document is judged before it is signed, and a signature is verified elsewhere.
        if (element.get("ref") or "").rpartition(":")[2] == "Signature":
            element.set("minOccurs", "0")
    try:
        schema = xmlschema.XMLSchema11(
            io.StringIO(etree.tostring(root, encoding="unicode")),
            locations={XMLDSIG: file_path(ANY_SIGNATURE)},
            allow="local",
            validation="lax",
        )
    except xmlschema.XMLSchemaException as error:
        raise ValueError(str(error)) from error
    if "TEIF" not in schema.elements:
        raise ValueError("it has no element TEIF")
    unread = [error for error in schema.all_errors if "XPST" not in str(error.message)]
    if unread:
        raise ValueError(str(unread[0].message))
    return schema, len(schema.all_errors)
