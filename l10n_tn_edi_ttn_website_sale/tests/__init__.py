from . import test_stamp_in_the_shop
