import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("embedded_shop.py", ["confirmed; the payment is authorised", "delivered now; 38 mugs", "payment_declined: "]),
        ("own_carrier.py", ["Springfield: labelled", "Timbuktu is too far to cycle", "The order is confirmed"]),
    ],
)
def test_an_example_runs_and_says_what_it_did(name: str, said: list[str], tmp_path: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-W", "error", EXAMPLES / name], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    for words in said:
        assert words in ran.stdout


def test_every_example_is_run() -> None:
    assert {path.name for path in EXAMPLES.glob("*.py")} == {"embedded_shop.py", "own_carrier.py"}
