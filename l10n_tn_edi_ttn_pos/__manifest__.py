{
    "name": "Tunisia - Electronic Invoicing and Point of Sale",
    "summary": "Stamp duty in the total of orders at the till for which the customer asks an invoice",
    "version": "19.0.1.0.0",
    "category": "Accounting/Localizations/EDI",
    "author": "l10n_tn_edi_ttn contributors",
    "license": "LGPL-3",
    "countries": ["tn"],
    "depends": ["l10n_tn_edi_ttn", "point_of_sale"],
    "data": ["data/product_product.xml"],
    "assets": {
        "point_of_sale._assets_pos": ["l10n_tn_edi_ttn_pos/static/src/**/*"],
        "web.assets_tests": ["l10n_tn_edi_ttn_pos/static/tests/tours/**/*"],
    },
    "auto_install": True,
}
