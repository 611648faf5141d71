from . import digigo
from . import portal
from . import import_template
