from . import account_fiscal_position
from . import account_move
from . import pos_config
from . import pos_order
from . import res_partner
