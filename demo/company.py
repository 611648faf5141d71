"""Run in Odoo's shell: the demo's company as an administrator would set it up. Running it again changes nothing twice."""

import base64
import os

env = globals()["env"]  # given by Odoo's shell
# A copy brings all the names of its model along
LANGUAGES = ("en_US", "fr_FR")

company = env["res.company"].browse(1)
tunisia = env.ref("base.tn")
company.write(
    {
        "name": "Tunisie TradeNet",
        "company_registry": "B154702000",
        "l10n_tn_edi_enabled": True,
        "l10n_tn_edi_go_live_date": "2012-01-01",
        "l10n_tn_edi_mode": "test",
        "l10n_tn_edi_test_url": os.environ["DEMO_ENDPOINT"],
        "l10n_tn_edi_login": os.environ["DEMO_LOGIN"],
        "l10n_tn_edi_password": os.environ["DEMO_PASSWORD"],
        "l10n_tn_edi_delay_minutes": 0,
        "l10n_tn_edi_capital": 2000000,
        "l10n_tn_edi_legal_form": "SA",
    }
)
company.partner_id.write(
    {
        "vat": "0736202XAM000",
        "street": "Rue du Lac Malaren",
        "street2": "Lotissement El Khalij Les Berges du Lac",
        "city": "Tunis",
        "zip": "1053",
        "country_id": tunisia.id,
        "phone": "71 861 712",
        "website": "www.tradenet.com.tn",
    }
)
euro = env.ref("base.EUR")
euro.active = True
if not euro.rate_ids:
    env["res.currency.rate"].create(
        {"currency_id": euro.id, "name": "2020-01-01", "inverse_company_rate": 3.4}
    )

provider = env["l10n_tn_edi.signature.provider"].search([("company_id", "=", company.id)], limit=1)
if not provider:
    with open(os.environ["DEMO_PKCS12"], "rb") as stream:
        provider = env["l10n_tn_edi.signature.provider"].create(
            {
                "name": "Certificat de test",
                "code": "pkcs12",
                "company_id": company.id,
                "pkcs12_file": base64.b64encode(stream.read()),
                "pkcs12_passphrase": os.environ["DEMO_PASSPHRASE"],
                "state": "test",
            }
        )
company.l10n_tn_edi_provider_id = provider

journal = env["account.journal"].search([("type", "=", "sale"), ("company_id", "=", company.id)], limit=1)
journal.l10n_tn_edi_enabled = True
# The example keeps its own number, so it has a journal of its own.
example_journal = env["account.journal"].search([("code", "=", "DDM"), ("company_id", "=", company.id)])
if not example_journal:
    example_journal = journal.copy({"code": "DDM", "default_account_id": journal.default_account_id.id})
    for lang in LANGUAGES:
        example_journal.with_context(lang=lang).name = "Dossiers DDM"
    example_journal.sequence = 90
example_journal.l10n_tn_edi_enabled = True


chart = env["account.chart.template"].with_company(company)
# The example of 2012 has a rate and a stamp of its time.
chart.ref("l10n_tn_tax_vat_sale_12").active = True
if not env["account.tax"].search([("name", "=", "Timbre 0.300"), ("company_id", "=", company.id)]):
    old_stamp = chart.ref("l10n_tn_tax_vat_sale_tax_stamp").copy()
    old_stamp.amount = 0.3
    for lang in LANGUAGES:
        old_stamp.with_context(lang=lang).write({"name": "Timbre 0.300", "invoice_label": "Timbre 0.300"})

if not env["product.product"].search([("default_code", "=", "DDM")]):
    env["product.product"].create(
        {"default_code": "DDM", "name": "Dossier DDM", "type": "service", "taxes_id": [(5,)]}
    )

if not env["res.users"].search([("login", "=", "comptable")]):
    env["res.users"].create(
        {
            "name": "Comptable",
            "login": "comptable",
            "password": "comptable",
            "lang": "fr_FR",
            "email": "comptable@example.com",
            "company_id": company.id,
            "company_ids": [(6, 0, company.ids)],
            "group_ids": [
                (4, env.ref("account.group_account_invoice").id),
                (4, env.ref("base.group_partner_manager").id),
            ],
        }
    )
env.cr.commit()
