"""The next release, played: a copy of the package with one more migration opens what this release filled."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import ordercore
from ordercore.bootstrap import migrate
from ordercore.domain.errors import SchemaIsForeign
from tests.support.cores import a_command, add

NEXT = '''
"""A colour for products."""
import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("products", sa.Column("colour", sa.Text(), nullable=True))
    op.execute("UPDATE products SET colour = 'blue'")
'''

LOOK = """
import json, sys
import ordercore
try:
    with ordercore.open(sys.argv[1]) as shop:
        print(json.dumps({
            "orders": [row.number for row in shop.ordering.list().data],
            "broken": [finding.check for finding in shop.examine() if finding.verdict == "broken"],
        }))
except ordercore.OrderCoreError as refusal:
    print(json.dumps({"refused": refusal.code}))
"""

MIGRATE = "import sys; from ordercore.bootstrap import migrate; print(migrate(sys.argv[1]))"


@pytest.fixture(scope="module")
def next_release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder to import the next release from."""
    folder = tmp_path_factory.mktemp("next")
    package = folder / "ordercore"
    shutil.copytree(Path(ordercore.__file__).parent, package, ignore=shutil.ignore_patterns("__pycache__"))
    sql = package / "adapters" / "sql"
    (sql / "migrations" / "versions" / "0003_colour.py").write_text(NEXT)
    schema = (sql / "schema.py").read_text()
    assert 'REVISION = "0002"' in schema
    (sql / "schema.py").write_text(schema.replace('REVISION = "0002"', 'REVISION = "0003"'))
    return folder


def run(release: Path, program: str, url: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", program, url],
        env={**os.environ, "PYTHONPATH": str(release)},
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


@pytest.fixture
def filled_url(database_url: str) -> str:
    with ordercore.open(database_url) as shop:
        add(shop, "MUG")
        for _ in range(3):
            shop.ordering.place(a_command({"MUG": 1}))
    return database_url


def test_the_next_release_keeps_every_order_and_its_doctor_is_content(filled_url: str, next_release: Path) -> None:
    if filled_url.startswith("postgresql"):
        assert json.loads(run(next_release, LOOK, filled_url)) == {"refused": "schema_is_foreign"}
    else:
        before = run(next_release, MIGRATE, filled_url)
        assert before == "The database was at schema 0002 and is at 0003 now.\n"
    run(next_release, MIGRATE, filled_url)
    seen = json.loads(run(next_release, LOOK, filled_url))
    without_fsync = ["durability"] if filled_url.startswith("postgresql") else []
    assert seen == {"orders": [1003, 1002, 1001], "broken": without_fsync}  # as the tests' server runs
    for attempt in (ordercore.open, migrate):
        with pytest.raises(SchemaIsForeign, match="schema 0003, this release needs 0002"):
            attempt(filled_url)


def test_sqlite_is_copied_before_it_is_migrated_at_start(sqlite_file: Path, next_release: Path) -> None:
    url = f"sqlite:///{sqlite_file}"
    with ordercore.open(url) as shop:
        add(shop, "MUG")
        shop.ordering.place(a_command({"MUG": 1}))
    assert json.loads(run(next_release, LOOK, url))["orders"] == [1001]
    (copy,) = sqlite_file.parent.glob("*.before-*")
    assert copy.name == "shop.db.before-0003"
    with ordercore.open(f"sqlite:///{copy}") as shop:
        assert [row.number for row in shop.ordering.list().data] == [1001]
