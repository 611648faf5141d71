from . import test_stamp_of_orders
