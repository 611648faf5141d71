{
    "name": "Tunisia - Electronic Invoicing and eCommerce",
    "summary": "Stamp duty in the total of what is bought in the website's shop, from the cart on",
    "version": "19.0.1.0.0",
    "category": "Accounting/Localizations/EDI",
    "author": "l10n_tn_edi_ttn contributors",
    "license": "LGPL-3",
    "countries": ["tn"],
    "depends": ["l10n_tn_edi_ttn_sale", "website_sale"],
    "auto_install": True,
}
