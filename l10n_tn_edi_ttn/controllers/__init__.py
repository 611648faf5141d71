from . import digigo
