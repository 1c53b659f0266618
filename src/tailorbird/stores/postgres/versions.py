"""Tables that are made once a version, by whoever opens the server first."""

from __future__ import annotations

from collections.abc import Mapping

from tailorbird.errors import StoreError
from tailorbird.stores.postgres.connection import Server
from tailorbird.stores.statements import load

SQL = load("versions_postgres")


def set_up(server: Server, name: str, version: int, schema: Mapping[str, str]) -> None:
    """Bring the tables of a name to a version; others who open the server meanwhile wait.

    To ask for tables that are there would lock out who works with them, so it is not asked.

    Raises:
        StoreError: they are of a newer version, or the user may make none.
    """
    with server.transaction():
        server.rows(SQL["alone"])
        brought(server, name, version, schema, SQL, (name,))


def brought(
    server: Server,
    called: str,
    version: int,
    schema: Mapping[str, str],
    kept: Mapping[str, str],
    key: tuple[str, ...] = (),
) -> None:
    """Bring tables to a version, inside a transaction that others wait for.

    `kept` holds the statements `versions`, `version` and `set_up` of where versions are kept.

    Raises:
        StoreError: they are of a newer version, or the user may make none.
    """
    server.run(kept["versions"])
    ((there,),) = server.rows(kept["version"], key)
    if there > version:
        raise StoreError(
            f"{called} on the server is of version {there}, this Tailorbird knows {version}",
            where="ledger.url",
            mend="upgrade Tailorbird on this machine",
        )
    if there < version:
        for statement in schema.values():
            server.run(statement)
        server.run(kept["set_up"], (*key, version))
