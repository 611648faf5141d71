import base64

from odoo import api, fields, models
from odoo.fields import Command

from ..models.l10n_tn_edi_text import cut
from ..teif import check
from ..teif.foreign import ForeignXmlError, parse_foreign_xml
from ..teif.reader import read
from ..teif.schema import without_stamp

# What a signature says is somebody else's text.
SHOWN = 200


class L10nTnEdiCheckFile(models.TransientModel):
    """What a TEIF file is worth, wherever it comes from: schema, rules, arithmetic, signatures."""

    _name = "l10n_tn_edi.check.file"
    _description = "Check a TEIF File"

    file = fields.Binary(string="TEIF File", required=True, attachment=False)
    file_name = fields.Char()
    done = fields.Boolean()
    version = fields.Char(readonly=True)
    number = fields.Char(readonly=True)
    supplier = fields.Char(readonly=True)
    customer = fields.Char(readonly=True)
    total = fields.Char(readonly=True)
    reference = fields.Char(string="TTN Reference", readonly=True)
    verdict = fields.Selection(
        [
            ("good", "Nothing to correct"),
            ("warning", "Accepted, with remarks"),
            ("bad", "TTN would refuse it"),
        ],
        readonly=True,
    )
    line_ids = fields.One2many("l10n_tn_edi.check.file.line", "check_id", readonly=True)
    signature_ids = fields.One2many("l10n_tn_edi.check.file.signature", "check_id", readonly=True)
    point_ids = fields.One2many("l10n_tn_edi.check.file.point", "check_id", readonly=True)
    ask_revocation = fields.Boolean(
        string="Ask for Revocation",
        default=True,
        help="Ask the authorities of the certificates whether they were revoked; it may take some seconds.",
    )

    def _compute_display_name(self):
        # OVERRIDE 'base': what stands above the screen
        self.display_name = self.env._("Check or Verify a TEIF File")

    def action_check(self):
        """Check the file and show what was found."""
        self.ensure_one()
        try:
            root = parse_foreign_xml(base64.b64decode(self.file))
        except ForeignXmlError as error:
            findings, verified = list(check.unreadable(error).findings), []
            values = {"version": False, "number": False, "supplier": False, "customer": False, "total": False}
        else:
            document = read(root)
            findings = self.env["account.move"]._l10n_tn_edi_check(without_stamp(root), document)
            verified = self.env["l10n_tn_edi.verification"]._verify(root, ask=self.ask_revocation)
            values = self._read_values(document)
        reports = [one.report for one in verified]
        problems = [(report.id, problem) for report in reports for problem in report.findings]
        blocking = any(finding.severity == "blocking" for finding in findings)
        broken = any(not report.intact for report in reports)
        self.write(
            {
                **values,
                "done": True,
                "verdict": "bad" if blocking or broken else "warning" if findings or problems else "good",
                "line_ids": [Command.clear(), *map(Command.create, self._line_values(findings, problems))],
                "signature_ids": [
                    Command.clear(),
                    *map(Command.create, map(self._signature_values, verified)),
                ],
                "point_ids": [
                    Command.clear(),
                    *(Command.create(values) for one in verified for values in self._point_values(one)),
                ],
            }
        )
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Check or Verify a TEIF File"),
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
            "target": "new",
        }

    @api.model
    def _read_values(self, document):
        supplier, customer = document.party("I-62"), document.party("I-64")
        total = document.amount("I-180")
        reference = document.ttn_reference
        return {
            "version": document.version,
            "number": document.number,
            "supplier": supplier and f"{supplier.name or ''} ({supplier.identifier.value})",
            "customer": customer and f"{customer.name or ''} ({customer.identifier.value})",
            "total": total and f"{total.value} {total.currency or ''}",
            "reference": reference.reference if reference else False,
        }

    @api.model
    def _line_values(self, findings, problems):
        lines = [
            {"severity": item["severity"], "sentence": item["sentence"], "path": item["path"]}
            for item in self.env["account.move"]._l10n_tn_edi_explain(findings)
        ]
        messages = self.env["l10n_tn_edi.messages"]
        lines += [
            {
                "severity": "blocking" if problem.breaking else "warning",
                "sentence": messages._sentence(problem.code, problem.params),
                "path": signature,
            }
            for signature, problem in problems
        ]
        return sorted(lines, key=lambda line: ("blocking", "warning", "advice").index(line["severity"]))

    @api.model
    def _signature_values(self, verified):
        report, points = verified
        return {
            "name": report.id or "?",
            "state": "intact" if report.intact else "altered",
            "signer": self.env["l10n_tn_edi.verification"]._signer(report),
            "signed_at": report.signing_time and report.signing_time.strftime("%d/%m/%Y %H:%M UTC"),
            "met": sum(point.met is True for point in points),
            "missed": sum(point.met is False for point in points),
            "unknown": sum(point.met is None for point in points),
        }

    @api.model
    def _point_values(self, verified):
        label = self.env["l10n_tn_edi.verification"]._label
        return [
            {
                "signature": verified.report.id or "?",
                "label": label(point),
                "result": {True: "met", False: "missed", None: "unknown"}[point.met],
                "found": cut(point.found, SHOWN),
                "expected": cut(point.expected, SHOWN),
            }
            for point in verified.points
        ]


class L10nTnEdiCheckFileLine(models.TransientModel):
    """One finding about the file."""

    _name = "l10n_tn_edi.check.file.line"
    _description = "Finding about a TEIF File"

    check_id = fields.Many2one("l10n_tn_edi.check.file", required=True, ondelete="cascade")
    severity = fields.Selection([("blocking", "Blocking"), ("warning", "Warning"), ("advice", "Advice")])
    sentence = fields.Char(string="What to Correct")
    path = fields.Char(string="Place in the File")


class L10nTnEdiCheckFileSignature(models.TransientModel):
    """One signature of the file."""

    _name = "l10n_tn_edi.check.file.signature"
    _description = "Signature of a TEIF File"

    check_id = fields.Many2one("l10n_tn_edi.check.file", required=True, ondelete="cascade")
    name = fields.Char(string="Signature")
    state = fields.Selection([("intact", "Intact"), ("altered", "Not Valid")])
    signer = fields.Char()
    signed_at = fields.Char(string="Signed")
    met = fields.Integer(string="Points Met")
    missed = fields.Integer()
    unknown = fields.Integer(string="Not Known")


class L10nTnEdiCheckFilePoint(models.TransientModel):
    """One point that speaks for or against a signature."""

    _name = "l10n_tn_edi.check.file.point"
    _description = "Point of a Signature"

    check_id = fields.Many2one("l10n_tn_edi.check.file", required=True, ondelete="cascade")
    signature = fields.Char()
    label = fields.Char(string="Point")
    result = fields.Selection([("met", "Met"), ("missed", "Missed"), ("unknown", "Not Known")])
    found = fields.Char()
    expected = fields.Char()
