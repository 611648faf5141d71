import base64
import time

from odoo import fields, models
from odoo.exceptions import AccessError, UserError

from ..elfatoora import cev
from ..elfatoora.answers import FaultAnswer
from ..elfatoora.rejections import classify_fault, classify_problem

# The user waits for the answer.
WAIT_SECONDS = 45
SHOWN_FIELDS = ("FACTNUM", "FACTDATE", "REFTTN", "MFFRS", "MFCLT", "MHT", "MTTC")


class L10nTnEdiVerifyQr(models.TransientModel):
    """Ask TTN whether the QR code of a received invoice is genuine."""

    _name = "l10n_tn_edi.verify.qr"
    _description = "Verify TTN's QR Code"

    company_id = fields.Many2one("res.company", required=True, default=lambda self: self.env.company)
    move_id = fields.Many2one("account.move", readonly=True, string="Bill")
    image = fields.Binary(
        string="Picture of the QR Code", help="A picture (PNG or JPEG) with nothing but one QR code to read."
    )
    image_name = fields.Char()
    text = fields.Text(string="Text of the QR Code", help="As a telephone shows it.")
    told = fields.Text(string="What It Says", readonly=True)
    answer = fields.Text(string="TTN's Answer", readonly=True)
    differs = fields.Text(string="Against the Bill", readonly=True)

    def action_verify(self):
        """Read the code, ask TTN, and show its answer in its own words.

        :raise AccessError: for another company's account, or a bill that the user may not read.
        :raise UserError: when there is no code to read, or no answer of TTN.
        """
        self.ensure_one()
        self.check_access("write")
        if self.company_id not in self.env.companies:
            raise AccessError(self.env._("You can only ask TTN for a company that is yours and switched on."))
        self.move_id.check_access("read")
        text = (self.text or "").strip() or cev.text_in_picture(base64.b64decode(self.image or b""))
        if not text:
            raise UserError(
                self.env._("No QR code can be read here. Add its picture alone, or type its text.")
            )
        values = cev.fields_of(text)
        self.write(
            {
                "text": text,
                "told": "\n".join(f"{name}: {values[name]}" for name in SHOWN_FIELDS if values.get(name)),
                "answer": self._ask(text),
                "differs": self._differences(values),
            }
        )
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("TTN's QR Code"),
            "res_model": self._name,
            "res_id": self.id,
            "views": [(False, "form")],
            "target": "new",
        }

    def _ask(self, text):
        """:return: str, TTN's answer as it came.
        :raise UserError: when TTN cannot be asked, or does not answer.
        """
        messages, gateway = self.env["l10n_tn_edi.messages"], self.env["l10n_tn_edi.gateway"]
        problem = gateway._problem(self.company_id)
        if problem:
            raise UserError(messages._sentence(problem, {"company": self.company_id.name}))
        client = gateway._client(self.company_id, self.company_id.l10n_tn_edi_mode)
        call = client.verify_qr_code(text, deadline=time.monotonic() + WAIT_SECONDS)
        account = self.env["l10n_tn_edi.account"]._of(self.company_id, self.company_id.l10n_tn_edi_mode)
        self.env["l10n_tn_edi.exchange"]._keep_account_call(account, call, operation="verify")
        if isinstance(call.answer, FaultAnswer):
            cause = classify_fault(call.answer, extra=self.env["l10n_tn_edi.rejection.cause"]._rules())
            return messages._sentence(cause.code, {**cause.params, "text": cause.text})
        if call.problem:
            return messages._sentence(classify_problem(call.problem).code)
        return call.answer.text

    def _differences(self, values):
        """:return: str, what of the code does not fit the bill it is said to belong to; "" when all does."""
        bill = self.move_id
        if not bill or not values:
            return ""
        sender = "".join(filter(str.isalnum, bill.commercial_partner_id.vat or "")).upper()
        expected = [
            (self.env._("Number"), values.get("FACTNUM"), bill.ref),
            (self.env._("Supplier"), (values.get("MFFRS") or "").upper()[:8], sender[:8]),
        ]
        lines = [
            self.env._(
                "%(what)s: %(code)s in the code, %(bill)s on the bill.", what=what, code=code, bill=ours
            )
            for what, code, ours in expected
            if code and ours and code != ours
        ]
        total = cev.amount(values.get("MTTC"))
        if total is not None and bill.amount_total and total != bill.currency_id.round(bill.amount_total):
            lines.append(
                self.env._(
                    "%(what)s: %(code)s in the code, %(bill)s on the bill.",
                    what=self.env._("Total"),
                    code=values["MTTC"],
                    bill=bill.amount_total,
                )
            )
        return "\n".join(lines)


class AccountMove(models.Model):
    _inherit = "account.move"

    def action_l10n_tn_edi_verify_qr(self):
        """Open the check of a vendor bill's QR code."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("TTN's QR Code"),
            "res_model": "l10n_tn_edi.verify.qr",
            "views": [(False, "form")],
            "target": "new",
            "context": {"default_move_id": self.id, "default_company_id": self.company_id.id},
        }
