from . import test_stamp_at_the_till
