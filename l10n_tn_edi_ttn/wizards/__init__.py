from . import l10n_tn_edi_check_file
from . import l10n_tn_edi_correct
from . import l10n_tn_edi_decide
from . import l10n_tn_edi_mending
from . import l10n_tn_edi_readiness
from . import l10n_tn_edi_suspension_list
from . import l10n_tn_edi_sign
from . import l10n_tn_edi_vat_month
