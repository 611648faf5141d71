{
    "name": "Tunisia - Electronic Invoicing (El Fatoora, TTN)",
    "summary": "Make, check, sign and deposit TEIF invoices on TTN's El Fatoora, and keep the proof",
    "version": "19.0.1.0.0",
    "category": "Accounting/Localizations/EDI",
    "author": "l10n_tn_edi_ttn contributors",
    "license": "LGPL-3",
    "countries": ["tn"],
    "depends": ["account", "l10n_tn"],
    "external_dependencies": {
        "python": [
            "asn1crypto",
            "cryptography",
            "lxml",
            "num2words",
            "qrcode",
            "zeep",
            "zxingcpp",
        ],
    },
    "data": [
        "security/ir.model.access.csv",
        "security/l10n_tn_edi_security.xml",
        "data/ir_cron.xml",
    ],
    "post_init_hook": "post_init_hook",
    "installable": True,
}
