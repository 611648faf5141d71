"""TTN's code lists: what each code means, and which codes each schema version takes.

Labels of documents and taxes are French because they are printed inside the document; the other meanings are English.
Source: annex A of TTN's implementation guide V2.0; where guide and schema differ, the schema.
"""

from __future__ import annotations

VERSIONS = ("1.8.8", "1.8.9", "1.9.0")
#: Versions that a 1.8.8 file may call itself; TTN judges them all by the 1.8.8 schema.
VERSIONS_AS_188 = tuple(f"1.8.{number}" for number in range(1, 9))

AGENCIES = ("TTN", "Tunisie TradeNet")
LANGUAGES = ("fr", "en", "ar", "or")
NAME_TYPES = ("Physical", "Qualification")

IDENTIFIER_TYPES = {
    "I-01": "Tunisian tax number (matricule fiscal)",
    "I-02": "Tunisian identity card (CIN)",
    "I-03": "Residence card",
    "I-04": "Foreign tax number",
}
DOCUMENT_LABELS = {
    "I-11": "Facture",
    "I-12": "Facture d'avoir",
    "I-13": "Note d'honoraire",
    "I-14": "Décompte",
    "I-15": "Facture Export",
    "I-16": "Bon de commande",
}
DATES = {
    "I-31": "Issue",
    "I-32": "Payment due",
    "I-33": "Confirmation",
    "I-34": "Expiry",
    "I-35": "Attached file",
    "I-36": "Billing period",
    "I-37": "Generation of the reference",
    "I-38": "Other",
}
FREE_TEXTS = {
    "I-41": "Description of goods or services",
    "I-42": "Description of acknowledgement",
    "I-43": "Price conditions",
    "I-44": "Description of an error",
    "I-45": "Period of time",
    "I-46": "Price formula",
    "I-47": "Delivery incoterm",
    "I-48": "Observation",
}
PLACES = {
    "I-51": "Delivery address",
    "I-52": "Payment address",
    "I-53": "Country of origin",
    "I-54": "Country of purchase",
    "I-55": "Country",
    "I-56": "City",
    "I-57": "Mail address",
    "I-58": "Country of first destination",
    "I-59": "Country of final destination",
}
ROLES = {
    "I-61": "Buyer",
    "I-62": "Supplier",
    "I-63": "Seller",
    "I-64": "Customer",
    "I-65": "Receiver of the invoice",
    "I-66": "Issuer of the invoice",
    "I-67": "Exporter",
    "I-68": "Importer",
}
REFERENCES = {
    "I-80": "Other",
    "I-81": "Customer account",
    "I-82": "Bank reference",
    "I-83": "Purchase order",
    "I-84": "Delivery note",
    "I-85": "Authorisation to suspend TVA",
    "I-86": "Number of the statement",
    "I-87": "Number of the public contract",
    "I-88": "TTN reference of the invoice",
    "I-89": "Invoice referred to",
    "I-811": "Connection mode of the customer",
    "I-812": "Rank of the customer account",
    "I-813": "Profile of the customer account",
    "I-814": "Customer code",
    "I-815": "Trade register",
    "I-816": "Legal form of the company",
    "I-817": "Subject of the invoice",
}
CONTACTS = {"I-91": "Technical", "I-92": "Legal", "I-93": "Commercial", "I-94": "Other"}
COMMUNICATIONS = {"I-101": "Telephone", "I-102": "Fax", "I-103": "E-mail", "I-104": "Other"}
PAYMENT_TERMS = {
    "I-111": "Basic",
    "I-112": "At a fixed date",
    "I-113": "With a period of grace",
    "I-114": "By bank transfer",
    "I-115": "At post offices only",
    "I-116": "Other",
    "I-117": "By instalments",
}
PAYMENT_CONDITIONS = {
    "I-121": "Direct payment",
    "I-122": "Through a given institution",
    "I-123": "Whatever the bank",
    "I-124": "Other",
}
PAYMENT_MEANS = {
    "I-131": "Cash",
    "I-132": "Cheque",
    "I-133": "Certified cheque",
    "I-134": "Direct debit",
    "I-135": "Transfer",
    "I-136": "Swift",
    "I-137": "Other",
}
INSTITUTIONS = {"I-141": "Post", "I-142": "Bank", "I-143": "Other"}
ALLOWANCES = {
    "I-151": "Reduction",
    "I-152": "Rebate",
    "I-153": "Discount",
    "I-154": "Telecommunications fee",
    "I-155": "Other",
}
#: Charges add to the invoice, the other allowances are taken off.
CHARGES = frozenset({"I-154"})
TAX_LABELS = {
    "I-160": "Taxes RB",
    "I-161": "Droit de consommation",
    "I-162": "FODEC",
    "I-163": "Taxe sur les emballages métalliques",
    "I-164": "Taxe pour la protection de l'environnement (TPE)",
    "I-165": "FODET",
    "I-166": "Taxe sur les climatiseurs",
    "I-167": "Taxe sur les lampes et tubes",
    "I-168": "Taxe sur les fruits et légumes (TFL)",
    "I-169": "Taxe sur les produits de la pêche",
    "I-1601": "droit de timbre",
    "I-1602": "TVA",
    "I-1603": "Autre",
}
STAMP = "I-1601"
TVA = "I-1602"
AMOUNTS = {
    "I-171": "Line total without tax",
    "I-172": "Total of the items without tax",
    "I-173": "Amount paid",
    "I-174": "Charge without tax",
    "I-175": "Total of charges without tax",
    "I-176": "Total without tax",
    "I-177": "Tax base",
    "I-178": "Tax amount",
    "I-179": "Company's capital",
    "I-180": "Total to pay, tax included",
    "I-181": "Total tax",
    "I-182": "Total taxable base",
    "I-183": "Unit price without tax",
    "I-184": "Total of charges with tax",
    "I-185": "Total exempt",
    "I-186": "Credit",
    "I-187": "Amount under TVA suspension",
    "I-188": "Net amount of the item",
}
#: Units of measure of 1.9.0, a closed list; before it any text of up to 8 characters will do.
UNITS = frozenset(
    (
        *("UNIT", "EA", "PR", "DZN", "CEN", "MIL", "SET", "BX", "PK", "RL", "RM", "DR", "BO"),
        *("PF", "CT", "BAG", "MLT", "CLT", "LTR", "GLL", "CMQ", "MTQ", "MGM", "GRM", "KGM", "TNE"),
        *("MMT", "CMT", "MTR", "KMT", "INH", "YRD", "CMK", "MTK", "FTK", "YDK", "MIN", "HUR", "DAY"),
        *("E49", "NIU", "WEE", "MON", "ANN", "KWH", "MWH", "D32", "A90", "3B", "D30", "BTU", "DMO"),
        *("SMS", "MMS", "LIC", "KB", "MB", "GB", "TB", "C0", "AH", "AL", "REQ", "ACT", "E27"),
        *("CAP", "E48", "FF", "E50", "E51", "E53", "E54", "E55", "A9", "1I", "B7", "EVT", "20"),
        *("21", "TKM", "SES", "CON", "PAX", "PG"),
    )
)
