"""The readiness check of the wizard, on the command line: ``odoo teif_readiness -d DATABASE --version 1.9.0``."""

import json
import sys
from datetime import date

from odoo import SUPERUSER_ID, api
from odoo.cli import Command
from odoo.modules.registry import Registry
from odoo.tools import config

ADDON_MODEL = "l10n_tn_edi.readiness"
VERSIONS = ("1.8.8", "1.8.9", "1.9.0")


class TeifReadiness(Command):
    """Say which invoices of a period TTN would refuse in a version of TEIF, and why. Nothing is sent, nothing written."""

    name = "teif_readiness"

    def run(self, args):
        """Exit with 0 when all invoices would pass, 1 when one would fail, 2 when the check could not be made."""
        parser = self.parser
        parser.add_argument("-c", "--config", help="configuration file of the server")
        parser.add_argument("-d", "--database", required=True)
        parser.add_argument(
            "--company", type=int, help="identifier of the company (default: all Tunisian ones)"
        )
        parser.add_argument(
            "--version", dest="teif", choices=VERSIONS, help="TEIF version (default: that of the company)"
        )
        parser.add_argument(
            "--from", dest="since", type=date.fromisoformat, help="first day (default: a year ago)"
        )
        parser.add_argument("--to", dest="until", type=date.fromisoformat, help="last day (default: today)")
        parser.add_argument("--limit", type=int, help="at most so many invoices, the latest first")
        parser.add_argument("--lang", default="en_US", help="language of the sentences, such as fr_FR")
        parser.add_argument(
            "--json", action="store_true", help="one JSON object a company, with every invoice"
        )
        options = parser.parse_args(args)
        options_of_server = ["--no-http", "-d", options.database]
        if options.config:
            options_of_server += ["-c", options.config]
        config.parse_config(options_of_server, setup_logging=True)
        with Registry(options.database).cursor() as cr:
            try:
                sys.exit(self._check(api.Environment(cr, SUPERUSER_ID, {"lang": options.lang}), options))
            finally:
                cr.rollback()

    def _check(self, env, options):
        """:return: the exit code."""
        if ADDON_MODEL not in env:
            self._say(f"The addon is not installed in {options.database}.", file=sys.stderr)
            return 2
        companies = self._companies(env, options)
        if not companies:
            self._say("There is no such Tunisian company.", file=sys.stderr)
            return 2
        failing = 0
        for company in companies:
            scope = {"allowed_company_ids": company.ids}
            result = company.with_context(**scope)._l10n_tn_edi_readiness(
                options.teif, options.since, options.until, options.limit
            )
            failing += result["failing"]
            self._report(env, company, result, options.json)
        return 1 if failing else 0

    def _companies(self, env, options):
        domain = [("account_fiscal_country_id.code", "=", "TN")]
        if options.company:
            domain.append(("id", "=", options.company))
        return env["res.company"].search(domain)

    def _report(self, env, company, result, as_json):
        if as_json:
            self._say(json.dumps({"company": company.id, **result}, default=str))
            return
        self._say(
            f"{company.name}, TEIF {result['version']}: {result['checked']} examined, {result['failing']} would fail"
            + (f", {result['left']} not examined" if result["left"] else "")
        )
        for fault in result["faults"]:
            self._say(f"{fault['count']:6}  {fault['severity']:8}  {fault['sentence']}")

    def _say(self, text, file=None):
        (file or sys.stdout).write(f"{text}\n")
