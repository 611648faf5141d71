{
    "name": "Tunisia - Electronic Invoicing: Job Queue",
    "summary": "Sign, deposit and follow electronic invoices as jobs of OCA's job queue",
    "version": "19.0.1.0.0",
    "category": "Accounting/Localizations/EDI",
    "author": "l10n_tn_edi_ttn contributors",
    "license": "LGPL-3",
    "countries": ["tn"],
    "depends": ["l10n_tn_edi_ttn", "queue_job"],
    "data": ["data/queue_job_data.xml"],
}
