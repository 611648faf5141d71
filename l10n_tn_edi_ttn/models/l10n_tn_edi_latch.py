from odoo import api, models, tools


class L10nTnEdiLatch(models.AbstractModel):
    """Says whether this database may call El Fatoora for a company.

    A copy of a production database must never deposit: production is bound to the database's uuid and to the
    PostgreSQL cluster it lives in, and is off in a neutralised database. (A physical copy of the whole cluster shares
    both; for that the account's recent deposits are compared with ours.)
    """

    _name = "l10n_tn_edi.latch"
    _description = "Binding of production to one database"

    @api.model
    def _database_identity(self):
        """:return: text that names this database in this PostgreSQL cluster."""
        uuid = self.env["ir.config_parameter"].sudo().get_param("database.uuid")
        [[system_identifier]] = self.env.execute_query(
            tools.SQL("SELECT system_identifier::text FROM pg_control_system()")
        )
        return f"{uuid}:{system_identifier}"

    @api.model
    def _problem(self, company):
        """:param company: a company with electronic invoicing switched on.
        :return: None when calls may be made, else the code of the reason (see ``l10n_tn_edi.messages``).
        """
        if not company.l10n_tn_edi_enabled:
            return "latch.not_enabled"
        if self.env["ir.config_parameter"].sudo().get_param("database.is_neutralized"):
            return "latch.neutralized"
        if company.l10n_tn_edi_mode != "production":
            return None
        binding = company.sudo().l10n_tn_edi_production_binding
        if not binding:
            return "latch.not_activated"
        if binding != self._database_identity():
            return "latch.other_database"
        return None
