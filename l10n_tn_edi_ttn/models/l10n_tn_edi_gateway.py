import os
from functools import partial

from odoo import api, models, tools

from ..elfatoora.client import Account, ElFatooraClient, Limits
from ..teif.foreign import parse_foreign_xml

# Server configuration, [options]: addresses that may be private or loopback (a test server), separated by commas, each
# "host" or "host:port"; and a file with certificate authorities to trust besides the system's (TTN's test platform).
CONFIG_PRIVATE_HOSTS = "l10n_tn_edi_private_hosts"
CONFIG_CA_FILE = "l10n_tn_edi_ca_file"


class L10nTnEdiGateway(models.AbstractModel):
    """Makes the client that talks to El Fatoora for one company: the only reader of the account's password."""

    _name = "l10n_tn_edi.gateway"
    _description = "Access to El Fatoora"

    @api.model
    def _problem(self, company):
        """:return: None when calls can be made for ``company``, else the code of what is missing."""
        company = company.sudo()
        problem = self.env["l10n_tn_edi.latch"]._problem(company)
        if problem:
            return problem
        if not company.l10n_tn_edi_login or not company.l10n_tn_edi_password_encrypted:
            return "account.incomplete"
        if self.env["l10n_tn_edi.secret"]._decrypt(company.l10n_tn_edi_password_encrypted) is None:
            return "account.password_not_readable"
        return None

    @api.model
    def _client(self, company, mode):
        """:param company: a company for which ``_problem`` gives None.
        :param mode: 'test' or 'production', as frozen on the document.
        :return: an ``ElFatooraClient``; it may be used from several threads and touches no ORM.
        """
        company = company.sudo()
        url = company.l10n_tn_edi_production_url if mode == "production" else company.l10n_tn_edi_test_url
        account = Account(
            url=url,
            login=company.l10n_tn_edi_login,
            password=self.env["l10n_tn_edi.secret"]._decrypt(company.l10n_tn_edi_password_encrypted),
            matricule=company.l10n_tn_edi_matricule,
        )
        hosts = (tools.config.get(CONFIG_PRIVATE_HOSTS) or "").split(",")
        ca_file = tools.config.get(CONFIG_CA_FILE) or None
        limits = Limits()
        return ElFatooraClient(
            account,
            parse=partial(parse_foreign_xml, max_bytes=limits.max_answer),
            limits=limits,
            ca_file=os.path.expanduser(ca_file) if ca_file else None,
            private_hosts=frozenset(host.strip() for host in hosts if host.strip()),
        )
