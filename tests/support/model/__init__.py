"""An independent model of the whole core in plain dicts, text and numbers: what must be so after each request.

It imports nothing of the core: what it knows it knows from the design page. Times are seconds, money minor units.
"""

from tests.support.model.model import Model
from tests.support.model.words import KEY_LIFETIME, Answer, Died, Made, Row

__all__ = ["KEY_LIFETIME", "Answer", "Died", "Made", "Model", "Row"]
