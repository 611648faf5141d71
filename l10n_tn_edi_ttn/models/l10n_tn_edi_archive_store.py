"""Archived files in an S3-compatible object store with object lock: what is written there cannot be deleted before its date,
not even by whoever holds the key that wrote it.

botocore, which needs nothing but a URL library, signs the requests; they go out through the addon's own door, under its
rules for addresses, TLS and time. Odoo's file store is the default and needs nothing of this.
"""

import base64
import hashlib
from datetime import UTC, datetime, time, timedelta
from typing import NamedTuple
from urllib.parse import quote

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError

from ..elfatoora.addresses import WireError, checked_url
from ..elfatoora.wire import Limits

try:
    from botocore.auth import S3SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials
except ImportError:
    S3SigV4Auth = None

SECONDS = 60
LIMITS = Limits(connect=10, read=30, total=60, max_answer=64 * 1024 * 1024)


class StoreError(OSError):
    """The store did not do what it was asked. ``code``: of a sentence for people; ``status``: HTTP, 0 without an answer."""

    def __init__(self, code, status=0):
        super().__init__(code)
        self.code, self.status = code, status


class Signed(NamedTuple):
    """A request that is ready to be sent."""

    method: str
    url: str
    headers: dict
    body: bytes


class L10nTnEdiArchiveStore(models.AbstractModel):
    _name = "l10n_tn_edi.archive.store"
    _description = "Object Store of the Archive"

    @api.model
    def _is_used(self, company):
        """:return: whether new files of the company go to an object store."""
        return company.sudo().l10n_tn_edi_store == "s3"

    @api.model
    def _put(self, company, folder, data, until):
        """Write a file that nobody can delete until a day is over.

        :param str folder: the archive's name; the file's own is its SHA-256, so that writing again does no harm.
        :param date until: the last day of its term.
        :return: (key, version) of what was written.
        :raise StoreError: when it was not, or the store may delete it earlier.
        """
        digest = hashlib.sha256(data)
        key = f"{folder}/{digest.hexdigest()}"
        end = datetime.combine(until + timedelta(days=1), time(), UTC)
        headers = {
            # Without one of its own words for it, a store refuses locked files
            "x-amz-sdk-checksum-algorithm": "SHA256",
            "x-amz-checksum-sha256": base64.b64encode(digest.digest()).decode(),
            "x-amz-object-lock-mode": "COMPLIANCE",
            "x-amz-object-lock-retain-until-date": end.strftime("%Y-%m-%dT%H:%M:%SZ"),
        }
        answer = self._send(company, "PUT", key, data, headers)
        version = answer.headers.get("x-amz-version-id")
        if not version:
            raise StoreError("store.no_lock", answer.status)
        return key, version

    @api.model
    def _get(self, company, key, version):
        """:return: bytes of a file; empty when the store no longer has it.
        :raise StoreError: when the store gives no answer.
        """
        try:
            return self._send(company, "GET", key, version=version).body
        except StoreError as error:
            if error.status == 404:
                return b""
            raise

    @api.model
    def _delete(self, company, key, version):
        """Delete a file for good.

        :raise StoreError: when the store refuses, as it does before the file's day.
        """
        self._send(company, "DELETE", key, version=version)

    @api.model
    def _send(self, company, method, key, body=b"", headers=None, version=None):
        company = company.sudo()
        secret = self.env["l10n_tn_edi.secret"]._decrypt(company.l10n_tn_edi_store_secret_encrypted)
        if S3SigV4Auth is None:
            raise StoreError("store.no_botocore")
        if not (company.l10n_tn_edi_store_url and company.l10n_tn_edi_store_key and secret):
            raise StoreError("store.incomplete")
        url = f"{company.l10n_tn_edi_store_url.rstrip('/')}/{quote(key)}"
        if version:
            url += f"?versionId={quote(version, safe='')}"
        request = AWSRequest(method, url, data=body, headers=dict(headers or {}))
        request.context["payload_signing_enabled"] = True
        credentials = Credentials(company.l10n_tn_edi_store_key, secret)
        S3SigV4Auth(credentials, "s3", company.l10n_tn_edi_store_region or "us-east-1").add_auth(request)
        transport = self.env["l10n_tn_edi.transport"]._open(seconds=SECONDS, limits=LIMITS)
        try:
            answer = transport(Signed(method, url, dict(request.headers.items()), body))
        except (OSError, WireError):
            raise StoreError("store.unreachable") from None
        if not 200 <= answer.status < 300:
            raise StoreError("store.refused", answer.status)
        return answer


class ResCompany(models.Model):
    _inherit = "res.company"

    l10n_tn_edi_store = fields.Selection(
        [("file", "Odoo's File Store"), ("s3", "Object Store (S3) with Object Lock")],
        string="Where Archived Files Are Kept",
        default="file",
        required=True,
        help="For files that are archived from now on; those that are there stay where they are.",
    )
    l10n_tn_edi_store_url = fields.Char(
        string="Address of the Bucket",
        groups="base.group_system",
        help="With the bucket's name as its path, such as https://s3.example.tn/archive. The bucket has object lock.",
    )
    l10n_tn_edi_store_region = fields.Char(string="Region of the Bucket", groups="base.group_system")
    l10n_tn_edi_store_key = fields.Char(
        string="Access Key of the Bucket", groups="base.group_system", copy=False
    )
    l10n_tn_edi_store_secret_encrypted = fields.Char(groups="base.group_system", copy=False)
    l10n_tn_edi_store_secret = fields.Char(
        string="Secret Key of the Store",
        compute="_compute_l10n_tn_edi_store_secret",
        inverse="_inverse_l10n_tn_edi_store_secret",
        groups="base.group_system",
        help="Stored encrypted with the server's key; it can be replaced, never read.",
    )

    def _compute_l10n_tn_edi_store_secret(self):
        self.l10n_tn_edi_store_secret = False

    def _inverse_l10n_tn_edi_store_secret(self):
        self.env["l10n_tn_edi.secret"]._take(self, "l10n_tn_edi_store_secret")

    @api.constrains("l10n_tn_edi_store", "l10n_tn_edi_store_url")
    def _check_l10n_tn_edi_store(self):
        hosts = self.env["l10n_tn_edi.transport"]._settings()["private_hosts"]
        for company in self.sudo():
            if company.l10n_tn_edi_store_url:
                try:
                    checked_url(company.l10n_tn_edi_store_url, hosts)
                except WireError:
                    raise ValidationError(
                        self.env._(
                            "“%(address)s” is no address of a bucket: https is needed, without login or password inside.",
                            address=company.l10n_tn_edi_store_url,
                        )
                    ) from None
            if company.l10n_tn_edi_store == "s3" and S3SigV4Auth is None:
                raise ValidationError(self.env["l10n_tn_edi.messages"]._sentence("store.no_botocore"))

    def action_l10n_tn_edi_test_store(self):
        """Write a small locked file, read it again, and say what came of it.

        :raise UserError: why the store can't be used.
        """
        self.ensure_one()
        if not self.env.user.has_group("base.group_system"):
            raise AccessError(self.env._("Only an administrator can test the object store."))
        store = self.env["l10n_tn_edi.archive.store"]
        data = f"El Fatoora {fields.Datetime.now()}".encode()
        try:
            key, version = store._put(self, "test", data, fields.Date.today())
            same = store._get(self, key, version) == data
        except StoreError as error:
            raise UserError(
                self.env["l10n_tn_edi.messages"]._sentence(error.code, {"status": error.status})
            ) from None
        if not same:
            raise UserError(self.env._("The object store gave back something else than what was written."))
        try:
            store._delete(self, key, version)
        except StoreError:
            message = self.env._("The object store keeps files and refuses to delete them before their day.")
            return {
                "type": "ir.actions.client",
                "tag": "display_notification",
                "params": {"type": "success", "message": message},
            }
        raise UserError(self.env["l10n_tn_edi.messages"]._sentence("store.no_lock"))


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    l10n_tn_edi_store = fields.Selection(related="company_id.l10n_tn_edi_store", readonly=False)
    l10n_tn_edi_store_url = fields.Char(related="company_id.l10n_tn_edi_store_url", readonly=False)
    l10n_tn_edi_store_region = fields.Char(related="company_id.l10n_tn_edi_store_region", readonly=False)
    l10n_tn_edi_store_key = fields.Char(related="company_id.l10n_tn_edi_store_key", readonly=False)
    l10n_tn_edi_store_secret = fields.Char(related="company_id.l10n_tn_edi_store_secret", readonly=False)

    def action_l10n_tn_edi_test_store(self):
        return self.company_id.action_l10n_tn_edi_test_store()
