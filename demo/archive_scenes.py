"""Run in Odoo's shell by `demo/screenshots`: an archive with sealed days, an integrity run and an export.

The sandbox's clock stands two days ahead meanwhile, for the days have to be over. Running it again changes nothing.
"""

import base64
import os
import time
from datetime import timedelta

from odoo import fields

env = globals()["env"]  # given by Odoo's shell

company = env["res.company"].browse(1)
company.l10n_tn_edi_tsa_url = os.environ["DEMO_TSA"]
company.l10n_tn_edi_archive_head_email = "archive@cabinet.example"
if not env["l10n_tn_edi.trust.anchor"].search([("name", "=", "Autorité d'essai")]):
    with open(os.environ["DEMO_ANCHORS"], "rb") as stream:
        env["l10n_tn_edi.trust.anchor"].create(
            {"name": "Autorité d'essai", "certificate": base64.b64encode(stream.read())}
        )
if not env["l10n_tn_edi.archive.seal"].search_count([]):
    documents = env["l10n_tn_edi.document"].search([("state", "=", "accepted")])
    documents.archive_at = fields.Datetime.subtract(fields.Datetime.now(), minutes=1)
    env["l10n_tn_edi.document"]._cron_archive()
    env.cr.commit()
    exchange = type(env["l10n_tn_edi.exchange"])
    now = exchange._database_now
    exchange._database_now = lambda self: now(self) + timedelta(days=1, hours=12)
    env["l10n_tn_edi.archive.seal"]._cron_seal()
    exchange._database_now = now
    check = env["l10n_tn_edi.archive.check"]._begin(company, "test")
    while check.state == "running":
        check._step()
    env.cr.commit()
exports = env["l10n_tn_edi.archive.export"].with_user(env.ref("base.user_admin"))
if not exports.search_count([("state", "=", "ready")]):
    entries = env["l10n_tn_edi.archive.entry"].search([("company_id", "=", company.id)], order="number")
    export = exports._order_export(
        entries.with_user(exports.env.user), "Contrôle fiscal, avis n° 214/2026", "2026-01-01 – 2026-12-31"
    )
    env.cr.commit()
    # The demo's own worker writes it
    until = time.monotonic() + 120
    while export.state not in ("ready", "failed") and time.monotonic() < until:
        time.sleep(1)
        env.cr.commit()
        env.invalidate_all()
env.cr.commit()
