"""Descriptions of the OpenAPI document in its two languages. They stand here and not among the translations of an application:
the document is published as it is, also where no language is installed."""

LANGUAGES = ("fr", "en")
TITLE = {"fr": "Facturation électronique (El Fatoora)", "en": "Electronic invoicing (El Fatoora)"}
DESCRIPTION = {
    "fr": (
        "Créer des factures et des avoirs, les déposer sur El Fatoora et suivre leur état. Chaque appel porte la clé d'un "
        'utilisateur dédié à une société : `Authorization: Bearer CLÉ`. Les montants sont des textes décimaux (`"150.500"`) '
        "ou des nombres. Les refus sont des documents `application/problem+json` (RFC 9457) dont `findings` dit quoi corriger "
        "et où. Un serveur qui a plusieurs bases demande aussi l'en-tête `X-Odoo-Database`."
    ),
    "en": (
        "Create invoices and credit notes, deposit them at El Fatoora and follow their status. Each call bears the key of a user "
        'dedicated to one company: `Authorization: Bearer KEY`. Amounts are decimal texts (`"150.500"`) or numbers. Refusals '
        "are `application/problem+json` documents (RFC 9457) whose `findings` say what to correct, and where. A server with "
        "several databases also wants the header `X-Odoo-Database`."
    ),
}
KEY = {
    "fr": "Clé d'API de la portée l10n_tn_edi_api, créée dans Odoo et montrée une seule fois.",
    "en": "API key of the scope l10n_tn_edi_api, made in Odoo and shown once.",
}
# operationId -> language -> (summary, description)
OPERATIONS = {
    "health": {
        "fr": ("Service en marche", "Répond sans clé ; ne dit rien des données."),
        "en": ("Whether the service is up", "Answers without a key; says nothing about the data."),
    },
    "openapi": {
        "fr": ("Ce document", "Dans la langue de `Accept-Language` (fr ou en)."),
        "en": ("This document", "In the language of `Accept-Language` (fr or en)."),
    },
    "docs": {
        "fr": ("Page de lecture et d'essai", "Page autonome : aucun script d'un autre serveur."),
        "en": ("Page to read and try", "Self-contained: no script from any other server."),
    },
    "createInvoice": {
        "fr": (
            "Créer une facture ou un avoir",
            "La facture est comptabilisée, puis déposée selon les réglages de la société. `external_id` est votre identifiant, "
            "unique pour toujours. Avec `dry_run`, tout est contrôlé et rien n'est créé. Avec `wait`, elle est envoyée tout de "
            "suite et la réponse attend le verdict de TTN : 201 s'il est là, 202 sinon.",
        ),
        "en": (
            "Create an invoice or credit note",
            "The invoice is posted, then deposited as the company's settings say. `external_id` is your own identifier, unique "
            "for ever. With `dry_run` all is checked and nothing made. With `wait` it is sent at once and the answer waits for "
            "TTN's verdict: 201 when it is there, 202 when not.",
        ),
    },
    "createInvoices": {
        "fr": (
            "Créer jusqu'à 500 factures",
            "Chaque élément a son propre résultat, dans l'ordre : une facture refusée n'arrête pas les autres. Les champs d'un "
            "élément sont ceux de `InvoiceIn`.",
        ),
        "en": (
            "Create up to 500 invoices",
            "Each item has a result of its own, in order: a refused invoice never stops the others. The fields of an item are "
            "those of `InvoiceIn`.",
        ),
    },
    "listInvoices": {
        "fr": (
            "Lister les factures",
            "De la plus ancienne à la plus récente. `next` est le curseur de la page suivante, nul à la dernière ; il ne vaut "
            "que pour les mêmes filtres.",
        ),
        "en": (
            "List invoices",
            "Oldest first. `next` is the cursor of the next page, null on the last one; it is good for the same filters only.",
        ),
    },
    "getInvoice": {
        "fr": ("Lire une facture et son état chez TTN", "Par `external_id` ou par `id`."),
        "en": ("Read an invoice and its status at TTN", "By `external_id` or by `id`."),
    },
    "getTeif": {
        "fr": ("TEIF signé", "Le document tel qu'il a été signé pour TTN ; 404 tant qu'il ne l'est pas."),
        "en": ("Signed TEIF", "The document as it was signed for TTN; 404 until then."),
    },
    "getValidatedTeif": {
        "fr": ("TEIF validé par TTN", "Avec la référence et la signature de TTN ; 404 avant l'acceptation."),
        "en": ("TEIF validated by TTN", "With TTN's reference and signature; 404 before acceptance."),
    },
    "getPdf": {
        "fr": ("PDF", "Une pro forma tant que TTN n'a pas accepté la facture."),
        "en": ("PDF", "A pro forma until TTN has accepted the invoice."),
    },
    "listExchanges": {
        "fr": ("Échanges avec El Fatoora", "Dépôts et consultations de cette facture, sans leur contenu."),
        "en": (
            "Exchanges with El Fatoora",
            "Deposits and questions about this invoice, without their contents.",
        ),
    },
    "sendInvoice": {
        "fr": (
            "Envoyer maintenant",
            "Libère une facture en attente. Avec `wait`, attend le verdict de TTN : 200 s'il est là, 202 sinon.",
        ),
        "en": (
            "Send now",
            "Releases an invoice that waits. With `wait`, waits for TTN's verdict: 200 when it is there, 202 when not.",
        ),
    },
}
PARAMETERS = {
    "invoice": {
        "fr": "`external_id`, ou `id` tel que nous l'avons donné.",
        "en": "`external_id`, or the `id` that we gave.",
    },
    "Idempotency-Key": {
        "fr": "Le même appel répété avec la même clé donne la même réponse et une seule facture.",
        "en": "The same call repeated with the same key gives the same answer and one invoice.",
    },
    "wait": {"fr": "Secondes à attendre au plus.", "en": "Seconds to wait at most."},
    "dry_run": {"fr": "Contrôler seulement.", "en": "Check only."},
    "cursor": {"fr": "`next` de la page précédente.", "en": "`next` of the page before."},
    "limit": {"fr": "Factures par page.", "en": "Invoices on a page."},
    "state": {"fr": "État du document électronique.", "en": "State of the electronic document."},
    "date_from": {"fr": "À partir de cette date de facture.", "en": "From this invoice date on."},
    "date_to": {"fr": "Jusqu'à cette date de facture.", "en": "Up to this invoice date."},
    "number": {
        "fr": "Numéro de la facture, ou numéro fourni.",
        "en": "The invoice's number, or the one supplied.",
    },
}
