from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from odoo import api, models, tools
from odoo.exceptions import UserError

# Server configuration, [options]: one Fernet key, or several separated by commas (the first encrypts, all decrypt: that is
# how a key is changed). `python -c "from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())"` makes one.
CONFIG_KEY = "l10n_tn_edi_secret_key"


class L10nTnEdiSecret(models.AbstractModel):
    """The one place where secrets are encrypted and decrypted.

    A database dump must not be enough to deposit or to sign in a company's name: the account's password and the
    passphrases of certificate files are stored encrypted with a key that is in the server's configuration only.
    """

    _name = "l10n_tn_edi.secret"
    _description = "Encryption of stored secrets"

    @api.model
    def _cipher(self):
        """:return: the configured ``MultiFernet``, or None when the server has no (valid) key."""
        keys = [key.strip() for key in (tools.config.get(CONFIG_KEY) or "").split(",") if key.strip()]
        if not keys:
            return None
        try:
            return MultiFernet([Fernet(key) for key in keys])
        except ValueError:
            return None

    @api.model
    def _is_available(self):
        return self._cipher() is not None

    @api.model
    def _encrypt(self, clear):
        """:param str clear: a secret typed by an administrator.
        :return: its encrypted form as text.
        :raise UserError: when the server's configuration holds no valid key (nothing is ever stored in clear).
        """
        cipher = self._cipher()
        if cipher is None:
            raise UserError(
                self.env._(
                    "Secrets cannot be stored yet: the server's configuration has no valid “%(key)s”. "
                    "Ask the server's administrator to add one (see the installation guide), then restart Odoo.",
                    key=CONFIG_KEY,
                )
            )
        return cipher.encrypt(clear.encode()).decode()

    @api.model
    def _decrypt(self, encrypted):
        """:param encrypted: what ``_encrypt`` gave, or a false value.
        :return: the secret as text, or None when there is none or the server's key does not open it.
        """
        cipher = self._cipher()
        if not encrypted or cipher is None:
            return None
        try:
            return cipher.decrypt(encrypted.encode()).decode()
        except InvalidToken:
            return None

    @api.model
    def _take(self, records, name):
        """Inverse of a field that an administrator types a secret into and nobody reads back.

        :param records: of a model with the fields ``name``, always computed as nothing, and ``<name>_encrypted``.
        :raise UserError: see ``_encrypt``.
        """
        for record in records:
            if record[name]:
                record[f"{name}_encrypted"] = self._encrypt(record[name])
        # What was typed is not given back to the browser.
        records.invalidate_recordset([name], flush=False)
