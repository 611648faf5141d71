from odoo import api, models

from ..spreadsheet.columns import BY_KEY


class L10nTnEdiMessages(models.AbstractModel):
    """Sentences about imported workbooks: ``ALL_CODES`` of l10n_tn_edi_import_finding.py."""

    _inherit = "l10n_tn_edi.messages"

    @api.model
    def _odoo_catalogue(self):
        return {
            **super()._odoo_catalogue(),
            **self._workbook_catalogue(),
            **self._cell_catalogue(),
            **self._import_catalogue(),
            **self._import_customer_catalogue(),
        }

    @api.model
    def _column_names(self, keys):
        language = self.env["l10n_tn_edi.import"]._language()
        names = (key.strip() for key in keys.split(","))
        return ", ".join(BY_KEY[name].label(language) if name in BY_KEY else name for name in names)

    @api.model
    def _workbook_catalogue(self):
        return {
            "file.csv": lambda p: self.env._(
                "This is a CSV file: it loses zeros and dates. Open it in your spreadsheet program and save it as “Excel "
                "workbook (.xlsx)”, or copy it into the template."
            ),
            "file.xls": lambda p: self.env._(
                "This is an old Excel file (.xls). Open it and save it as “Excel workbook (.xlsx)”."
            ),
            "file.not_xlsx": lambda p: self.env._(
                "This file is no Excel workbook (.xlsx). Download the template and fill it in."
            ),
            "file.encrypted": lambda p: self.env._(
                "The workbook is protected by a password. Save it without one and import it again."
            ),
            "file.damaged": lambda p: self.env._(
                "The workbook is damaged or was not made by a spreadsheet program. Open it, save it as “Excel workbook "
                "(.xlsx)” and import it again."
            ),
            "file.too_large": lambda p: self.env._(
                "The workbook is too large: more than %(limit)s MB. Delete the empty rows and formats below the table, or "
                "split the file.",
                limit=p["limit"],
            ),
            "file.macros": lambda p: self.env._(
                "The workbook holds macros, which are refused. Save it as “Excel workbook (.xlsx)” without macros."
            ),
            "file.doctype": lambda p: self.env._(
                "The workbook holds definitions that no spreadsheet program writes. It is refused for safety."
            ),
            "file.no_table": lambda p: self.env._(
                "No sheet has the table: these titles are missing: %(columns)s. Sheets of the file: %(sheets)s. Use the titles "
                "of the template.",
                columns=self._column_names(p["columns"]),
                sheets=p["sheets"],
            ),
            "file.doubled_column": lambda p: self.env._(
                "These titles stand twice in the table: %(columns)s. Keep one column of each.",
                columns=self._column_names(p["columns"]),
            ),
            "file.too_many_rows": lambda p: self.env._(
                "The table has more than %(limit)s rows. Split the file.", limit=p["limit"]
            ),
            "file.empty": lambda p: self.env._(
                "The table of sheet “%(sheet)s” has no rows. Fill it in below the titles.", sheet=p["sheet"]
            ),
        }

    @api.model
    def _cell_catalogue(self):
        return {
            "cell.missing": lambda p: self.env._("This cell is required. Fill it in."),
            "cell.too_long": lambda p: self.env._(
                "%(length)s characters, at most %(limit)s are taken. Shorten the text.",
                length=p["length"],
                limit=p["limit"],
            ),
            "cell.date": lambda p: self.env._(
                "“%(value)s” is no date. Write day, month and year like 15/03/2026.", value=p["value"]
            ),
            "cell.number": lambda p: self.env._(
                "“%(value)s” is no number, or could be two. Write it like 1234.567 or 1234,567.",
                value=p["value"],
            ),
            "cell.decimals": lambda p: self.env._(
                "%(value)s has more than %(limit)s decimals. Round it.", value=p["value"], limit=p["limit"]
            ),
            "cell.negative": lambda p: self.env._(
                "%(value)s is negative. Write amounts without sign; a credit note says so in its type.",
                value=p["value"],
            ),
            "cell.range": lambda p: self.env._(
                "%(value)s is more than 100 per cent. Correct it.", value=p["value"]
            ),
            "cell.choice": lambda p: self.env._(
                "“%(value)s” is not known here. Choose one of: %(choices)s.",
                value=p["value"],
                choices=p["choices"],
            ),
            "cell.error_value": lambda p: self.env._(
                "The formula of this cell gives an error (%(value)s). Correct it or type the value.",
                value=p["value"],
            ),
            "cell.formula_elsewhere": lambda p: self.env._(
                "This cell takes its value from another file. Replace the formula by its value (copy, paste values)."
            ),
            "cell.formula_without_value": lambda p: self.env._(
                "The formula of this cell was saved without its result. Open the file, let it compute and save it again."
            ),
            "cell.merged": lambda p: self.env._(
                "This cell is merged with others. Unmerge them and fill in each one."
            ),
            "cell.differs": lambda p: self.env._(
                "Another value than in row %(first)s of the same invoice. Write the same or leave it empty.",
                first=p["first"],
            ),
            "row.without_number": lambda p: self.env._(
                "The row has no invoice number. Enter it; each line of an invoice bears it."
            ),
            "row.after_another": lambda p: self.env._(
                "%(number)s was in row %(first)s already, before other invoices. Put the lines of one invoice together, or give "
                "it another number.",
                number=p["number"],
                first=p["first"],
            ),
        }

    @api.model
    def _import_catalogue(self):
        return {
            "import.product_several": lambda p: self.env._(
                "Several items have the code %(code)s. Give each its own code in Odoo.", code=p["code"]
            ),
            "import.product_unknown": lambda p: self.env._(
                "No item has the code %(code)s. Correct it, empty the cell, or allow the import to create items.",
                code=p["code"],
            ),
            "import.unit": lambda p: self.env._(
                "No unit of measure is named “%(value)s”. Use a unit of Odoo or TTN's code.", value=p["value"]
            ),
            "import.tax": lambda p: self.env._(
                "The company has no active sales tax for %(value)s. Activate it in Accounting ▸ Configuration ▸ Taxes.",
                value=p["value"],
            ),
            "import.currency": lambda p: self.env._(
                "Currency “%(value)s” is not known or not active. Write its three letters; activate it in the settings.",
                value=p["value"],
            ),
            "import.rate": lambda p: self.env._(
                "An invoice in %(currency)s needs the exchange rate: the value of one %(currency)s in dinars.",
                currency=p["currency"],
            ),
            "import.rib": lambda p: self.env._(
                "“%(value)s” is no RIB: 20 digits, of which the last two are the key.", value=p["value"]
            ),
            "import.rib_unknown": lambda p: self.env._(
                "%(company)s has no bank account %(value)s. Add it to the company's accounts.",
                company=p["company"],
                value=p["value"],
            ),
            "import.attestation": lambda p: self.env._(
                "%(customer)s has no attestation %(number)s of that date. Enter the attestation in Odoo first.",
                customer=p["customer"],
                number=p["number"],
            ),
            "import.suspension": lambda p: self.env._(
                "The company has no fiscal position for sales under suspension. Reload its chart of accounts."
            ),
            "import.due_date": lambda p: self.env._(
                "Payment is due before the date of the invoice. Correct one of them."
            ),
            "import.total": lambda p: self.env._(
                "The file says %(expected)s, Odoo computes %(computed)s. Correct the lines or the control total.",
                expected=p["expected"],
                computed=p["computed"],
            ),
            "import.number_taken": lambda p: self.env._(
                "%(number)s was imported before with other contents. A posted invoice is corrected by a credit note; a new "
                "invoice needs a number of its own.",
                number=p["number"],
            ),
            "import.number_form": lambda p: self.env._(
                "Odoo can't keep the number %(number)s: it does not fit the year or month that the journal's numbers bear.",
                number=p["number"],
            ),
            "import.checker": lambda p: self.env._(
                "El Fatoora would refuse it: %(message)s", message=p["message"]
            ),
            "import.odoo": lambda p: self.env._("Odoo refuses it: %(message)s", message=p["message"]),
            "import.unexpected": lambda p: self.env._(
                "The invoice could not be made (%(error)s). The administrator finds the reason in the server's log.",
                error=p["error"],
            ),
        }

    @api.model
    def _import_customer_catalogue(self):
        return {
            "import.customer_conflict": lambda p: self.env._(
                "Code %(code)s is another customer than the identifier, which is that of %(customer)s. Correct one of them.",
                code=p["code"],
                customer=p["customer"],
            ),
            "import.customer_several": lambda p: self.env._(
                "%(count)s customers fit “%(customer)s”. Add the identifier or the customer code.",
                count=p["count"],
                customer=p["customer"],
            ),
            "import.customer_unknown": lambda p: self.env._(
                "No customer “%(customer)s” in Odoo. Create the customer, or allow the import to create customers.",
                customer=p["customer"],
            ),
            "import.customer_identifier": lambda p: self.env._(
                "“%(customer)s” is new: enter the matricule fiscal or the number of the identity card.",
                customer=p["customer"],
            ),
            "import.matricule": lambda p: self.env._(
                "“%(value)s” is no matricule fiscal. Write it like 1234567RAM000.", value=p["value"]
            ),
            "import.key_letter": lambda p: self.env._(
                "The key letter of %(value)s does not fit its digits, it would be %(expected)s. Check the number with the "
                "customer.",
                value=p["value"],
                expected=p["expected"],
            ),
            "import.cin": lambda p: self.env._(
                "“%(value)s” is no identity card number: 8 digits.", value=p["value"]
            ),
            "import.residence_card": lambda p: self.env._(
                "“%(value)s” is no residence card number: 9 digits.", value=p["value"]
            ),
            "import.country": lambda p: self.env._(
                "No country “%(value)s”. Write its two letters, for example TN.", value=p["value"]
            ),
        }
