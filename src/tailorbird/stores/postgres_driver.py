"""The driver of PostgreSQL, which the extra `sql` brings."""

from __future__ import annotations

from typing import Any

from tailorbird.errors import UsageError


def driver_for(uri: str, *, write: str) -> Any:
    """Return the driver; `write` is how an address is given where there is none.

    Raises:
        UsageError: there is no driver, or no address.
    """
    try:
        import adbc_driver_postgresql.dbapi as driver  # type: ignore[import-untyped] # it has none
    except ImportError:
        mend = "install tailorbird[sql]"
        raise UsageError("there is no adbc_driver_postgresql", mend=mend) from None
    if not uri:
        raise UsageError("PostgreSQL needs an address", mend=f"write {write}")
    return driver
