-- A copy of a database never deposits and tells nobody: no account, no production, no signature, no webhook.
UPDATE res_company
   SET l10n_tn_edi_mode = 'test',
       l10n_tn_edi_api_enabled = false,
       l10n_tn_edi_login = NULL,
       l10n_tn_edi_password_encrypted = NULL,
       l10n_tn_edi_store_secret_encrypted = NULL,
       l10n_tn_edi_production_binding = NULL,
       l10n_tn_edi_tsa_url = NULL,
       l10n_tn_edi_tsa_login = NULL,
       l10n_tn_edi_tsa_password_encrypted = NULL;
UPDATE l10n_tn_edi_signature_provider
   SET state = 'disabled',
       pkcs12_passphrase_encrypted = NULL,
       agent_session_encrypted = NULL,
       digigo_secret_encrypted = NULL,
       seal_password_encrypted = NULL,
       seal_client_passphrase_encrypted = NULL;
UPDATE l10n_tn_edi_webhook
   SET active = FALSE,
       key_encrypted = NULL,
       next_key_encrypted = NULL,
       binding = NULL;
-- Nor does it take what is meant for the original: keys would be good in both.
DELETE FROM res_users_apikeys WHERE scope = 'l10n_tn_edi_api';
UPDATE l10n_tn_edi_api_certificate SET active = FALSE;
