"""What measurements and chaos tests load into a worker beside the addon (option ``server_wide_modules``).

Each part sleeps until its variable of the environment wakes it; the addon itself knows nothing of this.
"""

from . import addresses, counters, failpoints, mutations
