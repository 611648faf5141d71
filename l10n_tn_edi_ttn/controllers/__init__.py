from . import digigo
from . import portal
