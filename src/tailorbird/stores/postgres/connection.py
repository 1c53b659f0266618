"""One connection to PostgreSQL, one transaction at a time, errors in our words."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from tailorbird.errors import StoreError
from tailorbird.stores.postgres_driver import driver_for


class Server:
    """A PostgreSQL server, for one process; threads take turns.

    Raises:
        UsageError: there is no driver, or no address.
        StoreError: the server cannot be reached, or says no.
    """

    def __init__(self, uri: str) -> None:
        driver = driver_for(uri, write="postgresql://...")
        self._uri = uri
        self._error: type[Exception] = driver.Error
        self._lock = threading.RLock()
        self._depth = 0
        with self._translated():
            self._connection: Any = driver.connect(uri)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Hold the connection for one transaction; on the disk when the block ends without error.

        Blocks nest: an inner one joins the transaction of the outer one.
        """
        with self._lock, self._translated():
            self._depth += 1
            try:
                yield
                if self._depth == 1:
                    self._connection.commit()
            except BaseException:
                if self._depth == 1:
                    self._connection.rollback()
                raise
            finally:
                self._depth -= 1

    def rows(self, sql: str, bound: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """Return what a statement gives."""
        with self.transaction(), self._connection.cursor() as cursor:
            cursor.execute(sql, tuple(bound) or None)
            columns = cursor.fetch_arrow_table().columns
            return list(zip(*(each.to_pylist() for each in columns), strict=True))

    def run(self, sql: str, bound: Sequence[object] = ()) -> None:
        """Run a statement that gives nothing."""
        with self.transaction(), self._connection.cursor() as cursor:
            cursor.execute(sql, tuple(bound) or None)

    def close(self) -> None:
        """End the connection."""
        with self._lock:
            self._connection.close()

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except self._error as error:
            # The address may hold a password.
            said = " ".join(str(error).replace(self._uri, "the address").split())[:300]
            mend = "look at the server; what was acknowledged is kept"
            raise StoreError(f"PostgreSQL says: {said}", mend=mend) from None
