from . import api_dispatcher
from . import api
from . import archive
from . import digigo
from . import portal
from . import import_template
