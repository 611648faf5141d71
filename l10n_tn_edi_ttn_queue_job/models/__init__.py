from . import l10n_tn_edi_document
