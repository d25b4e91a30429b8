"""The coverage gate for the rooms that hold the rules: every line and every branch of them runs in the tests."""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

STRICT = ("src/ordercore/domain/", "src/ordercore/application/")


def main() -> int:
    files = measured_files()
    gaps = [gap for room in STRICT for gap in gaps_in_room(room, files)]
    print("\n".join(gaps) if gaps else f"every branch of {' and '.join(STRICT)} is covered")
    return bool(gaps)


def gaps_in_room(room: str, files: dict[str, dict[str, list[object]]]) -> list[str]:
    inside = {path: file for path, file in files.items() if path.startswith(room)}
    if not inside:
        return [f"{room}: nothing was measured"]
    return [gap for path, file in inside.items() for gap in gaps_in(path, file)]


def measured_files() -> dict[str, dict[str, list[object]]]:
    """Coverage's own report on each file; needs the combined data of a finished run."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder, "coverage.json")
        command = [sys.executable, "-m", "coverage", "json", "--quiet", "--fail-under=0", "-o", str(report)]
        subprocess.run(command, check=True)
        files: dict[str, dict[str, list[object]]] = json.loads(report.read_text())["files"]
    return files


def gaps_in(path: str, file: dict[str, list[object]]) -> list[str]:
    lines = [f"{path}:{line}: never runs" for line in file["missing_lines"]]
    branches = [f"{path}: branch {branch} is never taken" for branch in file["missing_branches"]]
    return lines + branches


if __name__ == "__main__":
    sys.exit(main())
