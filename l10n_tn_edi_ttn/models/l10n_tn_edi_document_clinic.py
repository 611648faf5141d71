"""What TTN objects to, on the document: understood, taught, and led to the place where it is mended."""

from lxml import etree

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..elfatoora.rejections_data import UNKNOWN_RULE, VAGUE
from ..elfatoora.validators import shortened
from ..teif.foreign import parse_foreign_xml
from ..teif.places import path_at
from .l10n_tn_edi_rejection_mending import ADDRESS_FIELDS, BY_ELEMENT, OPEN_WHEN_POSTED


class L10nTnEdiDocument(models.Model):
    _inherit = "l10n_tn_edi.document"

    rejection_ids = fields.One2many("l10n_tn_edi.rejection", "document_id", string="Rejections")
    has_unknown_message = fields.Boolean(compute="_compute_has_unknown_message")
    mending_label = fields.Char(compute="_compute_mending_label", string="What to Mend")

    # --- Understood ------------------------------------------------------------------------------------------------

    def write(self, vals):
        result = super().write(vals)
        if vals.get("rejections"):
            for document in self:
                self.env["l10n_tn_edi.rejection"]._note(document, vals["rejections"])
        elif vals.get("state") == "signed" and "ttn_code" in (vals.get("reason_params") or {}):
            # The account was refused: the document is good and waits, and the refusal counts.
            item = {**vals["reason_params"], "code": vals["reason_code"]}
            for document in self:
                self.env["l10n_tn_edi.rejection"]._note(document, [item])
        elif vals.get("reason_code") == UNKNOWN_RULE.cause:
            for document in self:
                self.env["l10n_tn_edi.rejection"]._note(document, document._unknown_items())
        return result

    def _unknown_items(self):
        """:return: list of dicts as in ``rejections``: the messages of TTN that nobody has explained."""
        self.ensure_one()
        items = [item for item in self.rejections or [] if item.get("code") in VAGUE]
        text = (self.reason_params or {}).get("text")
        if not items and self.reason_code == UNKNOWN_RULE.cause and text:
            items = [{"code": UNKNOWN_RULE.cause, "ttn_code": "", "text": text, "params": {}}]
        return items

    def _compute_reason(self):
        # EXTENDS l10n_tn_edi_document: where a sentence explains nothing, TTN's words stand beside it.
        result = super()._compute_reason()
        for document in self.filtered(lambda document: document.reason_code in VAGUE):
            params = document.reason_params or {}
            document.reason = document._rejection_line(
                {**params, "code": document.reason_code, "params": params}
            )
        return result

    @api.depends("rejections", "reason_code", "reason_params")
    def _compute_has_unknown_message(self):
        for document in self:
            document.has_unknown_message = bool(document._unknown_items())

    def _understand(self, text, cause):
        """Write what a message of TTN means, now that it is known.

        :param str text: TTN's words, as they came.
        :param cause: ``elfatoora.rejections.Cause``.
        """
        for document in self:
            values = {}
            if any(item.get("text") == text for item in document.rejections or []):
                values["rejections"] = [
                    {**item, "code": cause.code, "kind": cause.kind, "params": cause.params}
                    if item.get("text") == text
                    else item
                    for item in document.rejections
                ]
            params = document.reason_params or {}
            if document.reason_code in VAGUE and (values or params.get("text") == text):
                values.update(reason_code=cause.code, reason_params={**params, **cause.params})
            if values:
                document.sudo().write(values)

    def action_teach(self):
        """Explain a message of TTN that nobody knew: the cause's form opens with the message in it."""
        self.ensure_one()
        self.check_access("read")
        items = self._unknown_items()
        if not items:
            raise UserError(self.env._("TTN's messages about this document are all explained."))
        return self.env["l10n_tn_edi.rejection.cause"]._action_teach(
            items[0].get("text") or "", items[0].get("ttn_code") or ""
        )

    # --- Mended ----------------------------------------------------------------------------------------------------

    def _objections(self):
        """:return: list of (cause, item as in ``rejections``) of what TTN objects to, what blocks first; of the situation
        when TTN listed nothing.
        """
        self.ensure_one()
        items = (
            [item for item in self.rejections or [] if item.get("code")] if self.state == "rejected" else []
        )
        if not items and (self.reason_code or "").startswith(("ttn.", "own.")):
            params = self.reason_params or {}
            items = [
                {
                    "code": self.reason_code,
                    "text": params.get("text"),
                    "ttn_code": params.get("ttn_code"),
                    "params": params,
                }
            ]
        causes = self.env["l10n_tn_edi.rejection.cause"]._of_codes({item["code"] for item in items})
        found = [(causes[item["code"]], item) for item in items]
        return sorted(found, key=lambda one: not one[0].blocking)

    def _main_cause(self):
        """:return: (cause, params) of the first objection that blocks; an empty cause if there is none."""
        for cause, item in self._objections():
            return cause, item.get("params") or {}
        return self.env["l10n_tn_edi.rejection.cause"], {}

    def _changes_the_entry(self):
        """:return: whether something that TTN objects to, be it one of many, is mended in the draft only: amounts, lines,
        texts.
        """
        return any(
            cause.blocking
            and (
                cause.changes_amounts
                or self._is_of_the_entry(*self._place_to_mend(cause, item.get("params") or {}))
            )
            for cause, item in self._objections()
        )

    @api.model
    def _is_of_the_entry(self, record, field):
        """:return: whether a place to mend, as of :meth:`_place_to_mend`, cannot be written on a posted invoice."""
        if record._name == "account.move":
            return bool(field) and field not in OPEN_WHEN_POSTED
        return record._name == "account.move.line"

    def _mending_place(self):
        """:return: :meth:`_place_to_mend` of the first objection that blocks."""
        return self._place_to_mend(*self._main_cause())

    def _place_to_mend(self, cause, params):
        """The element that TTN names leads to the very record; otherwise the cause says which one it usually is.

        :param cause: the cause of an objection, maybe empty.
        :param dict params: what was read in TTN's words.
        :return: (record, field name or False) to mend; an empty record when there is none.
        """
        self.ensure_one()
        if cause.target in BY_ELEMENT:
            record, field = self._place_of_element(params)
            if record:
                return record, field
        return self._place_of_target(cause, params)

    def _place_of_target(self, cause, params):
        move, target, field = self.move_id, cause.target, cause.field_name
        if target in ("customer", "company"):
            usual = "supplier" if target == "company" else "customer"
            return self._partner_of_party(params.get("party", usual), field), field
        if target in ("invoice", "lines"):
            return move, field
        if target == "tax":
            taxes = move.invoice_line_ids.tax_ids
            return taxes.filtered(lambda tax: tax.l10n_tn_edi_code == params.get("value"))[:1] or taxes[
                :1
            ], field
        if target == "bank":
            account = move.partner_bank_id
            return (account, field) if account else (move, "partner_bank_id")
        if target == "settings":
            return move.company_id, field
        if target == "provider":
            return move.company_id._l10n_tn_edi_signing_provider(), field
        return move.browse(), field

    def _partner_of_party(self, party, field):
        """:return: the partner whose ``field`` stands in the document for the supplier or the customer."""
        move = self.move_id
        if party == "supplier":
            return (
                move._l10n_tn_edi_supplier_place() if field in ADDRESS_FIELDS else move.company_id.partner_id
            )
        return move._l10n_tn_edi_customer_place() if field in ADDRESS_FIELDS else move.commercial_partner_id

    def _place_of_element(self, params):
        """:return: (record, field name) behind the element of the signed document that TTN names, or (None, False).

        Where TTN misses an element, the one that it names only stands at the place of the missing one.
        """
        # What a form saves is read back with sizes instead of contents.
        content = self.sudo().with_context(bin_size=False).signed_id.raw
        if not content or not (params.get("line") or params.get("element")):
            return None, False
        paths = []
        if params.get("line"):
            path = path_at(content, params["line"], params.get("column") or 0)
            paths = [path] if path else []
        if not paths:
            paths = self._paths_of(parse_foreign_xml(content), params)
        move = self.move_id
        groups = ()
        if any("/LinSection" in path for path in paths):
            groups = move._l10n_tn_edi_groups(move._l10n_tn_edi_amounts())
        parents = paths if params.get("parent") else [path.rpartition("/")[0] for path in paths]
        # What may be left out comes before what may not: the last of the expected elements is the missing one.
        for name in reversed((params.get("expected") or "").split(", ")):
            places = {move._l10n_tn_edi_locate(f"{parent}/{name}", groups) for parent in parents if name}
            if len(places) == 1:
                [(record, field)] = places
                if field:
                    return record, field
        places = {move._l10n_tn_edi_locate(path, groups) for path in paths}
        # Several elements of this name, of several records: the message does not say which one is meant.
        return places.pop() if len(places) == 1 else (None, False)

    @api.model
    def _paths_of(self, root, params):
        """:return: paths of the elements that a message may mean: by name, and by value or length when it tells one."""
        elements = [
            one for one in root.iter(etree.Element) if etree.QName(one).localname == params.get("element")
        ]
        for name, of in (("value", shortened), ("length", len)):
            if name in params:
                fitting = [one for one in elements if of(one.text or "") == params[name]]
                elements = fitting or elements
        return [root.getroottree().getpath(one) for one in elements]

    @api.depends("state", "rejections", "reason_code")
    @api.depends_context("lang")
    def _compute_mending_label(self):
        for document in self:
            document.mending_label = document.state in ("rejected", "to_decide") and self._label_of_place(
                *document._mending_place()
            )

    @api.model
    def _label_of_place(self, record, field):
        """:return: str, the record and its field as a person reads them; False without a record."""
        place = {"model": record._name, "res_id": record.id, "field": field}
        return bool(record) and self.env["l10n_tn_edi.messages"]._what(place, {})

    def action_mend(self):
        """Open the record to mend, with the field in sight."""
        self.ensure_one()
        return self._mend(*self._main_cause())

    def _mend(self, cause, params):
        """:return: the action that opens what one objection is mended in, with the field in sight."""
        self.ensure_one()
        self.check_access("read")
        record, field = self._place_to_mend(cause, params)
        if not record:
            return self._mend_without_record(cause)
        if record._name == "account.move.line":
            record, field = record.move_id, "invoice_line_ids"
        if record._name == "res.company":
            if not self.env.user.has_group("base.group_system"):
                return self._mend_without_record(cause)
            return {
                "type": "ir.actions.act_window",
                "name": self.env._("Settings"),
                "res_model": "res.config.settings",
                "view_mode": "form",
                "target": "inline",
                "context": {"module": "account", "bin_size": False, "l10n_tn_edi_mend": field},
            }
        action = record._get_records_action(views=[(False, "form")])
        return {**action, "context": {**(action.get("context") or {}), "l10n_tn_edi_mend": field}}

    def _mend_without_record(self, cause):
        """Do what mends a cause that no record has: sign and deposit again, or ask TTN."""
        if cause.target == "again":
            return self.action_correct()
        if cause.target == "ask":
            return self.action_ask()
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "info",
                "sticky": True,
                "message": cause.sentence or self.env._("TTN objects to nothing here."),
            },
        }
