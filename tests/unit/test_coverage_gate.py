import os
import subprocess
import sys
from pathlib import Path

import pytest

GATE = Path(__file__).parents[2] / "tools" / "check_coverage.py"
RULE = "def rule(known):\n    if known:\n        return 1\n    return 2\n"
ALL, HALF = "rule(True), rule(False)", "rule(True)"


@pytest.mark.parametrize(
    ("domain", "application", "adapters", "complaint"),
    [
        (ALL, ALL, HALF, ""),
        (HALF, ALL, ALL, "src/ordercore/domain/rule.py:4: never runs"),
        (ALL, HALF, ALL, "src/ordercore/application/rule.py:4: never runs"),
        (ALL, "", ALL, "src/ordercore/application/: nothing was measured"),
    ],
)
def test_only_a_gap_in_the_rules_is_refused(
    tmp_path: Path, domain: str, application: str, adapters: str, complaint: str
) -> None:
    for room, calls in {"domain": domain, "application": application, "adapters": adapters}.items():
        if calls:
            (tmp_path / "src" / "ordercore" / room).mkdir(parents=True)
            (tmp_path / "src" / "ordercore" / room / "rule.py").write_text(f"{RULE}{calls}\n")
    runs = "\n".join(f"runpy.run_path({str(rule)!r})" for rule in tmp_path.rglob("rule.py"))
    (tmp_path / "all.py").write_text(f"import runpy\n{runs}\n")

    run(tmp_path, "-m", "coverage", "run", "--branch", "--source=src", "all.py").check_returncode()
    gate = run(tmp_path, str(GATE))

    assert gate.returncode == (1 if complaint else 0)
    assert complaint in gate.stdout


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Outside the coverage that measures us."""
    outside = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    return subprocess.run(
        [sys.executable, *arguments], cwd=folder, env=outside, capture_output=True, text=True, check=False
    )
