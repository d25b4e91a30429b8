"""For plug-in writers: one contract suite a port, builders, Hypothesis strategies, fault plans.

Subclass a suite, give it the fixture that it names, and run it with pytest.
"""

import sys
from pkgutil import iter_modules

if "pytest" in sys.modules:  # so that a suite that fails shows its values; programs without pytest load none
    import pytest

    pytest.register_assert_rewrite(*(f"{__name__}.{module.name}" for module in iter_modules(__path__)))
