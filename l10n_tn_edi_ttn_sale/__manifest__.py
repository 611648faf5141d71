{
    "name": "Tunisia - Electronic Invoicing and Sales",
    "summary": "Stamp duty in the total of sales orders that are paid online before they are invoiced",
    "version": "19.0.1.0.0",
    "category": "Accounting/Localizations/EDI",
    "author": "l10n_tn_edi_ttn contributors",
    "license": "LGPL-3",
    "countries": ["tn"],
    "depends": ["l10n_tn_edi_ttn", "sale"],
    "auto_install": True,
}
