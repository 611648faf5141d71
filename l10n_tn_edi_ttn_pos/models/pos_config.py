from odoo import api, models


class PosConfig(models.Model):
    _inherit = "pos.config"

    @api.model
    def _get_special_products(self):
        # EXTENDS 'point_of_sale': loaded at the till, and not among what can be sold there
        return super()._get_special_products() | self._l10n_tn_edi_stamp_product()

    @api.model
    def _load_pos_data_read(self, records, config):
        # EXTENDS 'point_of_sale'
        rows = super()._load_pos_data_read(records, config)
        if rows:
            rows[0]["_l10n_tn_edi_stamp"] = config._l10n_tn_edi_stamp_data()
        return rows

    @api.model
    def _l10n_tn_edi_stamp_product(self):
        """:return: the ``product.product`` of the stamp's line, without a query; empty when somebody deleted it."""
        known = self.env["ir.model.data"].sudo()
        found = known._xmlid_to_res_id("l10n_tn_edi_ttn_pos.product_stamp", raise_if_not_found=False)
        return self.env["product.product"].browse(found or [])

    def _l10n_tn_edi_stamp_data(self):
        """What the till has to know of the stamp duty.

        :return: False where no stamp is put on orders, else a dict: ``product_id``; ``tax_id``, the stamp tax, that a
            product may carry itself; ``amount``, a float in the currency of the till; ``refund_charged``, whether the stamp of
            a credit note is charged to the customer.
        """
        self.ensure_one()
        company, currency = self.company_id, self.currency_id
        product = self._l10n_tn_edi_stamp_product()
        nobody, nowhere = self.env["res.partner"], self.env["account.fiscal.position"]
        if not product or not company._l10n_tn_edi_stamps(nobody, nowhere):
            return False
        rate = currency._get_conversion_rate(company.currency_id, currency, company)
        return {
            "product_id": product.id,
            "tax_id": company._l10n_tn_edi_stamp_tax().id,
            "amount": currency.round(company._l10n_tn_edi_stamp_on() * rate),
            "refund_charged": company.l10n_tn_edi_refund_stamp == "charged",
        }
