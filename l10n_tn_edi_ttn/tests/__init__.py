from . import test_bad_input
from . import test_flow
from . import test_states
from . import test_values
from . import test_values_example
from . import test_values_findings
from . import test_values_random
from . import test_values_scope
