import pytest

from ordercore.adapters.security.passwords import Argon2Passwords
from ordercore.testing.small_suites import PasswordsSuite


class TestArgon2Passwords(PasswordsSuite):
    @pytest.fixture
    def passwords(self) -> Argon2Passwords:
        return Argon2Passwords()
