"""A real PostgreSQL, started for the tests on loopback and on a socket of its own."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

INITDB = ("-U", "postgres", "--no-sync", "-A", "md5", "-E", "UTF8")
"""Whose databases sort as people do, not by bytes: nothing of ours may count on the locale."""
SORTED = ("--locale=C", "--locale-provider=icu", "--icu-locale=en")
CUT = """
SELECT pg_terminate_backend(pid)::text FROM pg_stat_activity
WHERE pid <> pg_backend_pid() AND datname IS NOT NULL
"""


class Server:
    """A PostgreSQL of the test's own. Its owner may do everything."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder = folder
        self.port = port
        self.owner = f"postgresql://postgres:owner@127.0.0.1:{port}/postgres"

    def connect(self) -> Any:
        import adbc_driver_postgresql.dbapi as driver  # type: ignore[import-untyped] # it has none

        return driver.connect(self.owner)

    def run(self, *statements: str) -> None:
        with self.connect() as connection, connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
            connection.commit()

    def cut_off(self) -> None:
        """End every connection, as if the server had been started anew."""
        with self.connect() as connection, connection.cursor() as cursor:
            cursor.execute(CUT)
            cursor.fetchall()


@contextmanager
def running() -> Iterator[Server]:
    """Start a server, and stop it after."""
    programs = _binaries()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    # A short path of its own: a socket's path has a limit, and its user must reach it.
    folder = Path(tempfile.mkdtemp(prefix="pg-"))
    folder.chmod(0o777)
    data, log = folder / "data", folder / "log"
    quiet: dict[str, Any] = {"check": True, "cwd": folder, "stdout": subprocess.DEVNULL}
    initdb = [str(programs / "initdb"), "-D", str(data), *INITDB, *SORTED]
    control = [str(programs / "pg_ctl"), "-D", str(data), "-w", "-l", str(log)]
    options = (
        f"-c listen_addresses=127.0.0.1 -p {port} -k {folder} -c fsync=off -c timezone=Asia/Tokyo"
    )
    try:
        (folder / "password").write_text("owner")
        subprocess.run(_as_nobody(*initdb, "--pwfile", str(folder / "password")), **quiet)
        subprocess.run(_as_nobody(*control, "-o", options, "start"), **quiet)
        yield Server(folder, port)
    finally:
        subprocess.run(_as_nobody(*control, "-m", "immediate", "stop"), check=False, cwd=folder)
        shutil.rmtree(folder, ignore_errors=True)


def _binaries() -> Path:
    """Return the folder of PostgreSQL's programs."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not found:
        if os.environ.get("CI"):
            pytest.fail("PostgreSQL must be installed in CI (Debian package postgresql)")
        pytest.skip("PostgreSQL is not installed")
    return found[-1].parent


def _as_nobody(*command: str) -> list[str]:
    """Return a command for a user without rights: PostgreSQL refuses root."""
    if os.getuid() != 0:
        return [*command]
    runuser = shutil.which("runuser") or pytest.skip("root cannot start PostgreSQL without runuser")
    return [str(runuser), "-u", "postgres", "--", *command]
