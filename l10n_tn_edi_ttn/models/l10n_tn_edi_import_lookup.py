"""From the texts of a workbook to records of Odoo: customers, products, taxes, units, accounts, originals.

One :class:`ImportLookup` serves a batch of invoices and remembers what it found; :meth:`ImportLookup.forget` after a rollback.
"""

from odoo.fields import Domain
from odoo.tools import OrderedSet

from ..teif.identifiers import Matricule, parse_cin, parse_residence_card, parse_rib
from .account_tax import VAT
from .uom_uom import NAMED_UNITS

FODEC = "I-162"
FOREIGN, MATRICULE, CIN, RESIDENCE = "I-04", "I-01", "I-02", "I-03"


class NotFound(Exception):
    """What a cell names is not in Odoo, or not clearly.

    :ivar str code: of ``l10n_tn_edi_import_finding.CODES``.
    :ivar str column: key of the column to correct.
    """

    def __init__(self, code, column, /, **params):
        super().__init__(code, column, params)
        self.code, self.column, self.params = code, column, params


class ImportLookup:
    """Finds records for one company, and makes customers and products where that is allowed.

    :param env: environment of the user who imports, in the company.
    :param bool create_partners, create_products: whether what is unknown is made.
    """

    def __init__(self, env, *, create_partners, create_products):
        self.env, self.company = env, env.company
        self.create_partners, self.create_products = create_partners, create_products
        self._known = {}

    def forget(self):
        """After a rollback: what was made is gone."""
        self._known = {}

    def _once(self, key, find):
        if key not in self._known:
            self._known[key] = find()
        return self._known[key]

    # === Customers === #

    def partner(self, header):
        """The customer of an invoice.

        :param dict header: values by column key.
        :return: a ``res.partner``.
        :raise NotFound: unknown and not to be made, several of that name, or identifier and code of different customers.
        """
        keys = ("identifier_type", "identifier", "customer_code", "customer_name", "country")
        return self._once(("partner", *(header.get(key) for key in keys)), lambda: self._find_partner(header))

    def _find_partner(self, header):
        kind = self._identifier_type(header)
        identifier = self._identifier(kind, header.get("identifier"))
        by_identifier = self._partners_by_identifier(kind, identifier)
        code = header.get("customer_code")
        by_code = self._partners([("ref", "=", code)]) if code else self.env["res.partner"]
        if by_identifier and by_code and not by_identifier & by_code:
            raise NotFound(
                "import.customer_conflict", "customer_code", code=code, customer=by_identifier[0].display_name
            )
        found = (by_identifier & by_code) or by_identifier or by_code
        name = header["customer_name"]
        if not found and not identifier:
            found = self._partners([("name", "=ilike", self._literal(name))])
        if len(found) > 1:
            named = found.filtered(lambda partner: (partner.name or "").casefold() == name.casefold())
            found = named if len(named) == 1 else found
        if len(found) > 1:
            raise NotFound("import.customer_several", "customer_name", customer=name, count=len(found))
        if found:
            return found
        if not self.create_partners:
            raise NotFound("import.customer_unknown", "customer_name", customer=name)
        if not identifier and kind != FOREIGN:
            raise NotFound("import.customer_identifier", "identifier", customer=name)
        return self._make_partner(header, kind, identifier)

    def _identifier_type(self, header):
        if kind := header.get("identifier_type"):
            return kind
        text = header.get("identifier") or ""
        if self.country(header.get("country")).code != "TN":
            return FOREIGN
        return CIN if not Matricule.parse(text) and parse_cin(text) else MATRICULE

    def _identifier(self, kind, text):
        """:return: the identifier in its usual form, '' when there is none."""
        if not text:
            return ""
        if kind == MATRICULE:
            matricule = Matricule.parse(text)
            if not matricule:
                raise NotFound("import.matricule", "identifier", value=text)
            if not matricule.key_fits:
                raise NotFound("import.key_letter", "identifier", value=text, expected=matricule.expected_key)
            return str(matricule)
        if kind == CIN:
            # A spreadsheet takes the first zero of a number away
            number = parse_cin(text.zfill(8) if text.isdigit() else text)
            if not number:
                raise NotFound("import.cin", "identifier", value=text)
            return number
        if kind == RESIDENCE:
            number = parse_residence_card(text)
            if not number:
                raise NotFound("import.residence_card", "identifier", value=text)
            return number
        return text

    def _partners(self, domain):
        partners = self.env["res.partner"].search(
            Domain(domain) & Domain("company_id", "in", [False, *self.company.parent_ids.ids]), limit=10
        )
        return self.env["res.partner"].browse(OrderedSet(partners.commercial_partner_id.ids))

    def _partners_by_identifier(self, kind, identifier):
        if not identifier:
            return self.env["res.partner"]
        if kind != MATRICULE:
            found = self._partners([("l10n_tn_edi_identifier", "=", identifier)])
            return found or (self._partners([("vat", "=", identifier)]) if kind == FOREIGN else found)
        # Stored as it was typed, perhaps with separators or without its zeros: the digits narrow, the parser decides
        digits = identifier[:7]
        candidates = self._partners(
            ["|", ("vat", "=like", f"%{digits}%"), ("vat", "=like", f"%{digits.lstrip('0')}%")]
            if digits.startswith("0")
            else [("vat", "=like", f"%{digits}%")]
        )
        wanted = Matricule.parse(identifier)

        def fits(partner):
            matricule = Matricule.parse(partner.vat or "")
            if not matricule or matricule.short != wanted.short:
                return False
            return not (wanted.suffix and matricule.suffix) or wanted.suffix == matricule.suffix

        return candidates.filtered(fits)

    def _make_partner(self, header, kind, identifier):
        return self.env["res.partner"].create(
            {
                "name": header["customer_name"],
                "is_company": kind in (MATRICULE, FOREIGN),
                "ref": header.get("customer_code"),
                "vat": identifier if kind in (MATRICULE, FOREIGN) else False,
                "l10n_tn_edi_identifier_type": kind,
                "l10n_tn_edi_identifier": identifier if kind in (CIN, RESIDENCE) else False,
                "street": header.get("street"),
                "city": header.get("city"),
                "zip": header.get("zip"),
                "country_id": self.country(header.get("country")).id,
            }
        )

    def country(self, text):
        """:return: the ``res.country`` of a code or a name in any installed language; Tunisia when empty."""
        return self._once(("country", text), lambda: self._find_country(text))

    def _find_country(self, text):
        Country = self.env["res.country"]
        if not text:
            return self.env.ref("base.tn")
        if len(text) == 2:
            found = Country.search([("code", "=", text.upper())], limit=1)
        else:
            found = Country
            for lang, _name in self.env["res.lang"].get_installed():
                found = found or Country.with_context(lang=lang).search(
                    [("name", "=ilike", self._literal(text))], limit=1
                )
        if not found:
            raise NotFound("import.country", "country", value=text)
        return Country.browse(found.id)

    def _literal(self, text):
        """:return: ``text`` for ``=ilike``, without wildcards."""
        return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")

    # === Lines === #

    def product(self, line):
        """:return: the ``product.product`` of a line by code, bar code or name; empty when it is a text alone."""
        key = ("product", line.get("product_code"), line["description"])
        return self._once(key, lambda: self._find_product(line))

    def _find_product(self, line):
        Product = self.env["product.product"]
        company = Domain("company_id", "in", [False, *self.company.parent_ids.ids])
        code = line.get("product_code")
        if not code:
            found = Product.search(
                company & Domain("name", "=ilike", self._literal(line["description"])), limit=2
            )
            return found if len(found) == 1 else Product
        found = Product.search(company & Domain("default_code", "=", code), limit=2) or Product.search(
            company & Domain("barcode", "=", code), limit=2
        )
        if len(found) > 1:
            raise NotFound("import.product_several", "product_code", code=code)
        if found:
            return found
        if not self.create_products:
            raise NotFound("import.product_unknown", "product_code", code=code)
        return Product.create({"name": line["description"], "default_code": code, "type": "service"})

    def unit(self, text):
        """:return: the ``uom.uom`` of a name or of TTN's code; empty when the cell is."""
        return self._once(("unit", text), lambda: self._find_unit(text))

    def _find_unit(self, text):
        Unit = self.env["uom.uom"]
        if not text:
            return Unit
        found = Unit.search([("name", "=ilike", self._literal(text))], limit=1)
        if not found:
            code = NAMED_UNITS.get(text.casefold(), text.upper())
            found = Unit.search([("l10n_tn_edi_code", "=", code)], limit=1) or Unit.search([]).filtered(
                lambda unit: unit._l10n_tn_edi_unit() == code
            )
        if not found:
            raise NotFound("import.unit", "unit", value=text)
        return found[0]

    def taxes(self, line, suspension):
        """The taxes of a line.

        :param suspension: the fiscal position of suspension, or an empty one.
        :return: ``account.tax`` records: VAT of the rate, FODEC when said; those under suspension where it applies.
        """
        rate, fodec = line["vat"], line.get("fodec") == "yes"
        return self._once(
            ("taxes", rate, fodec, suspension.id), lambda: self._find_taxes(rate, fodec, suspension)
        )

    def _find_taxes(self, rate, fodec, suspension):
        taxes = self._tax(VAT, "vat", [("amount", "=", float(rate))], f"{rate:f}")
        if fodec:
            taxes |= self._tax(FODEC, "fodec", [("amount", ">", 0)], "FODEC")
        return suspension.map_tax(taxes) if suspension else taxes

    def _tax(self, code, column, domain, shown):
        tax = (
            self.env["account.tax"]
            .search(
                [
                    *self.env["account.tax"]._check_company_domain(self.company),
                    ("type_tax_use", "=", "sale"),
                    ("amount_type", "=", "percent"),
                    ("l10n_tn_edi_code", "=", code),
                    ("l10n_tn_edi_suspended_tax_id", "=", False),
                    *domain,
                ]
            )
            .filtered(lambda tax: not tax.price_include)[:1]
        )
        if not tax:
            raise NotFound("import.tax", column, value=shown)
        return tax

    # === The invoice === #

    def currency(self, code):
        """:return: the ``res.currency`` of ``code``, the company's when empty."""
        if not code:
            return self.company.currency_id
        found = self._once(
            ("currency", code),
            lambda: self.env["res.currency"].search([("name", "=", code.upper())], limit=1),
        )
        if not found:
            raise NotFound("import.currency", "currency", value=code)
        return found

    def bank_account(self, text):
        """:return: the company's ``res.partner.bank`` with that RIB or IBAN; empty when the cell is."""
        accounts = self.company.partner_id.bank_ids
        if not text:
            return accounts.browse()
        rib = parse_rib(text)
        if not rib:
            raise NotFound("import.rib", "rib", value=text)
        found = accounts.filtered(lambda account: account._l10n_tn_edi_rib() == rib)[:1]
        if not found:
            raise NotFound("import.rib_unknown", "rib", value=text, company=self.company.name)
        return found

    def original(self, number):
        """:return: the posted invoice of the company that a credit note names, by its number or that of an imported file."""
        if not number:
            return self.env["account.move"]
        return self.env["account.move"].search(
            [
                ("company_id", "=", self.company.id),
                ("move_type", "=", "out_invoice"),
                ("state", "=", "posted"),
                "|",
                ("name", "=", number),
                ("l10n_tn_edi_import_number", "=", number),
            ],
            limit=1,
        )

    def attestation(self, header, partner):
        """:return: the customer's attestation that the invoice names; empty when it names none."""
        number = header.get("attestation_number")
        Attestation = self.env["l10n_tn_edi.vat.attestation"]
        if not number:
            return Attestation
        domain = [("number", "=", number), ("partner_id", "=", partner.commercial_partner_id.id)]
        if date := header.get("attestation_date"):
            domain.append(("date", "=", date))
        found = Attestation.search([*Attestation._check_company_domain(self.company), *domain], limit=1)
        if not found:
            raise NotFound(
                "import.attestation", "attestation_number", number=number, customer=partner.display_name
            )
        return found

    def suspension(self, attestation):
        """:return: the fiscal position of an invoice under ``attestation``; empty without one."""
        Position = self.env["account.fiscal.position"]
        if not attestation:
            return Position
        positions = Position.search(
            [*Position._check_company_domain(self.company), ("l10n_tn_edi_suspension", "=", True)]
        )
        # The last of the chart suspends FODEC and the consumption duty too
        wanted = positions[-1:] if attestation.covers_fodec or attestation.covers_duty else positions[:1]
        if not wanted:
            raise NotFound("import.suspension", "attestation_number")
        return wanted
