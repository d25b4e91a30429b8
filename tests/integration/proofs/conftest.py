import pytest

pytest.register_assert_rewrite("tests.support.machine", "tests.support.crash", "tests.support.buyers")
