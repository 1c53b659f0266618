"""One connection to PostgreSQL, made anew where it broke; one transaction at a time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode, urlsplit

from tailorbird.errors import StoreError, UsageError
from tailorbird.stores.postgres_driver import driver_for

OLDEST: Final = 14
"""The first version that replaces triggers."""
PATIENCE: Final = {
    "connect_timeout": "5", "keepalives_idle": "5", "keepalives_interval": "2",
    "keepalives_count": "3", "tcp_user_timeout": "10000",
}  # fmt: skip
"""A server that has gone without a word is noticed within seconds."""
SESSION: Final = (
    # Between two transactions the driver has begun the next one already.
    "SET idle_in_transaction_session_timeout = 0",
    # The server lets go of the locks of a machine that has gone without a word.
    "SET tcp_keepalives_idle = 10",
    "SET tcp_keepalives_interval = 3",
    "SET tcp_keepalives_count = 3",
    "SET tcp_user_timeout = 20000",
)
MENDS: Final = {
    "28P01": "mend the user and the password in `ledger.url`",
    "28000": "mend the user in `ledger.url`, or let it in by the server's pg_hba.conf",
    "3D000": "make the database (`createdb`), or mend its name in `ledger.url`",
    "42501": "let the user of `ledger.url` make tables there, "
    "or let it have the database (ALTER DATABASE ... OWNER TO ...)",
    "53300": "let the server take more connections (max_connections)",
    "53100": "free some disk space on the server",
}
AWAY: Final = "look whether the server runs and `ledger.url` leads to it; \
nothing is lost, and everything goes on when it is back"
LOOK: Final = "look at the server; what was acknowledged is kept"


class Server:
    """A PostgreSQL server, for one process; threads take turns.

    A connection that broke is made anew with the next transaction; `on_connect` hears of each.

    Raises:
        UsageError: there is no driver, or no address.
        StoreError: the server cannot be reached, is too old, or says no.
    """

    def __init__(self, uri: str, on_connect: Callable[[Server], None] | None = None) -> None:
        self._driver = driver_for(uri, write="postgresql://...")
        if urlsplit(uri).scheme not in ("postgres", "postgresql"):
            mend = "write postgresql://USER:PASSWORD@HOST/DATABASE"
            raise UsageError("this is no address of PostgreSQL", where="ledger.url", mend=mend)
        self._uri = uri
        self._lock = threading.RLock()
        self._depth = 0
        self._committing = False
        """Whether the last error may have come after a commit was asked for."""
        self._connection: Any = None
        self.on_connect = on_connect
        self.life = 0
        """Counts the connections: locks of a session end with theirs."""
        with self.transaction():
            self._check_version()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Hold the connection for one transaction; on the disk when the block ends without error.

        Blocks nest: an inner one joins the transaction of the outer one.
        """
        with self._lock, self._translated():
            if self._connection is None:
                self._connect()
            self._depth += 1
            try:
                self._committing = False
                yield
                if self._depth == 1:
                    self._committing = True
                    self._connection.commit()
            except BaseException:
                if self._depth == 1:
                    self._roll_back()
                raise
            finally:
                self._depth -= 1

    def rows(self, sql: str, bound: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """Return what a statement gives."""
        columns: list[Any] = self._asked(
            sql, bound, lambda cursor: cursor.fetch_arrow_table().columns
        )
        return list(zip(*(each.to_pylist() for each in columns), strict=True))

    def run(self, sql: str, bound: Sequence[object] = ()) -> None:
        """Run a statement that gives nothing."""
        self._asked(sql, bound, lambda cursor: None)

    def awake(self) -> None:
        """Have a connection that works: one that broke is made anew, before a transaction."""
        self.rows("SELECT 1")

    def _asked(self, sql: str, bound: Sequence[object], read: Callable[[Any], Any]) -> Any:
        """Return what is read of a statement; one of its own is asked again if it never began."""
        with self._lock:
            stale = self._connection is not None and not self._depth
            try:
                return self._ask(sql, bound, read)
            except StoreError:
                if not stale or self._connection is not None or self._committing:
                    raise
                return self._ask(sql, bound, read)

    def _ask(self, sql: str, bound: Sequence[object], read: Callable[[Any], Any]) -> Any:
        with self.transaction(), self._connection.cursor() as cursor:
            cursor.execute(sql, tuple(bound) or None)
            return read(cursor)

    def close(self) -> None:
        """End the connection; another transaction would make one anew."""
        with self._lock:
            self._drop()

    def _connect(self) -> None:
        try:
            self._connection = self._driver.connect(_patient(self._uri))
            self.life += 1
            for setting in SESSION:
                self.run(setting)
            if self.on_connect is not None:
                self.on_connect(self)
        except BaseException:
            self._drop()
            raise

    def _roll_back(self) -> None:
        """Undo what was begun; a connection that cannot even do that is dead."""
        try:
            self._connection.rollback()
            with self._connection.cursor() as cursor:
                cursor.execute("SELECT 1")
        except self._driver.Error:
            self._drop()

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(self._driver.Error):
                connection.close()

    def _check_version(self) -> None:
        ((number,),) = self.rows("SELECT current_setting('server_version_num')::bigint")
        if number < OLDEST * 10_000:
            raise StoreError(
                f"this is PostgreSQL {number // 10_000}",
                where=self._where(),
                mend=f"{OLDEST} is the oldest that works; choose a newer server",
            )

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except self._driver.Error as error:
            state = getattr(error, "sqlstate", None) or ""
            said = self._without_secrets(str(error))
            mend = next((text for code, text in MENDS.items() if code == state), "")
            mend = mend or (LOOK if state else _by_words(said))
            raise StoreError(f"PostgreSQL says: {said}", where=self._where(), mend=mend) from None

    def _without_secrets(self, said: str) -> str:
        """Return what was said without the address, which may hold a password."""
        parts = urlsplit(self._uri)
        for secret in (_patient(self._uri), self._uri, f":{parts.password}@"):
            said = said.replace(secret, "***")
        return " ".join(said.split())[:300]

    def _where(self) -> str:
        parts = urlsplit(self._uri)
        place = parts.netloc.rpartition("@")[2]
        return f"{place or 'local socket'}{parts.path}"


def _by_words(said: str) -> str:
    """Return the mend of what a server says before it gives codes."""
    words = {
        "password authentication failed": "28P01", "no pg_hba.conf entry": "28000",
        "does not exist": "3D000", "permission denied": "42501", "too many clients": "53300",
    }  # fmt: skip
    return next((MENDS[code] for text, code in words.items() if text in said), AWAY)


def _patient(uri: str) -> str:
    """Return the address with what an operator left open about patience."""
    parts = urlsplit(uri)
    given = dict(parse_qsl(parts.query, keep_blank_values=True))
    return parts._replace(query=urlencode(PATIENCE | given)).geturl()
