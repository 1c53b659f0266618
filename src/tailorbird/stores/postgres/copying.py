"""All of a folder that machines share, copied to a server: whole or not at all, read back as kept.

Numbers stay: what was told the log, and which steps were made, is known by them.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import msgspec

from tailorbird.errors import StoreError
from tailorbird.stores.postgres import book, enrolments, ledger
from tailorbird.stores.postgres.connection import Server
from tailorbird.stores.postgres.versions import set_up

AT_ONCE: Final = 1000
"""Rows in one statement."""
AS_KEPT: Final = {
    "whole": "(x ->> {})::bigint",
    "text": "x ->> {}",
    "bytes": "decode(x ->> {}, 'hex')",
    "real": "(x ->> {})::double precision",
    "yes": "(x ->> {})::bigint <> 0",
}
"""How a value of JSON becomes one of the server's, by its kind."""


class Part(NamedTuple):
    """A table of the server, and where the folder has it."""

    name: str
    source: str
    columns: tuple[tuple[str, str], ...]
    """(name, kind) of each."""
    numbered: str = ""
    """The table of the folder by which rows are numbered; the first column is the number."""


def _part(name: str, columns: str, source: str = "", numbered: str = "") -> Part:
    """Return a part of columns as `name/kind`, whole numbers where no kind is said."""
    named = (each.partition("/") for each in columns.split())
    kinds = tuple((column, kind or "whole") for column, _, kind in named)
    return Part(name, source or name, kinds, numbered)


PARTS: Final = (
    _part(
        "decisions",
        "sequence id/bytes campaign/text campaign_version occurrence/text person at verdict/text "
        "reason/text variant/text probability/real receipt inputs/bytes",
        numbered="decided",
    ),
    _part(
        "sends",
        "sequence campaign/text state/text due_at attempts worker/text lease_until stream/text "
        "zone/text doubted_at",
    ),
    _part(
        "settlements",
        "sequence send at state/text carrier/text reply/text retry_at digest/bytes",
        numbered="settlements",
    ),
    _part(
        "orders", "sequence act/text at campaign/text author/text reason/text", numbered="orders"
    ),
    _part("addressed", "key/bytes send"),
    _part("meters", "name/text state/bytes"),
    _part("journey_words", "code word/text", numbered="journey_words"),
    _part(
        "enrolments",
        "id journey version person key/text step since entered_at due_at until_at cause check_at "
        "moves kept/bytes ended",
        numbered="enrolments",
    ),
    _part("enrolment_steps", "enrolment number step at outcome next reason"),
    _part(
        "book_people",
        "person created_at merged_into email_key/bytes person_key/bytes personal/bytes "
        "declared/text consent/text",
        "people",
    ),
    _part(
        "book_suppressions", "address_key/bytes purpose/text reason/text barred/yes", "suppressions"
    ),
    _part(
        "book_definitions",
        "kind/text name/text version text/text author/text reason/text created_at log_end "
        "removed/yes",
        "definitions",
    ),
)


def prepare(server: Server) -> None:
    """Make the tables, or bring them up to date.

    Raises:
        StoreError: they are of a newer version, or the user may make none.
    """
    ledger.PostgresLedger(server, lambda: 0.0)
    enrolments.PostgresEnrolments(server)
    set_up(server, "address book", book.VERSION, book.SCHEMA)


def copy(
    server: Server, connection: sqlite3.Connection, home: str, key_check: bytes
) -> dict[str, int]:
    """Copy all parts in one transaction; return how many rows each has.

    Nobody uses the copy before `finish`: another one takes its place.

    Raises:
        StoreError: somebody else's is there, or the server has kept something else.
    """
    with server.transaction():
        _check_empty(server, key_check)
        server.run(book.SQL["forget"])
        server.run(f"TRUNCATE {', '.join(part.name for part in PARTS)}")
        server.run(book.SQL["begin"], (home, key_check))
        rows = {part.name: _copy(server, connection, part) for part in PARTS}
        for part in PARTS:
            if part.numbered:
                _number_on(server, connection, part)
            server.run(f"ANALYZE {part.name}")
    return rows


def finish(server: Server, home: str) -> None:
    """Let machines use what was copied.

    Raises:
        StoreError: it is not there.
    """
    if not server.rows(book.SQL["finish"], (home,)):
        raise StoreError(
            "the server has lost what this folder moved there, or is another one",
            where="ledger.url",
            mend="mend the address, or restore its database: what was moved is used there alone",
        )


def _check_empty(server: Server, key_check: bytes) -> None:
    """Look whether there is nothing, or what an earlier move of the same key left half done."""
    there = book.standing(server)
    if there is not None and not there.whole and there.key_check == key_check:
        return
    if there is not None:
        raise StoreError(
            "another folder is the home of this database",
            where="ledger.url",
            mend="give each home a database of its own",
        )
    for part in PARTS:
        first = "code > 0" if part.name == "journey_words" else "TRUE"
        if server.rows(f"SELECT EXISTS (SELECT 1 FROM {part.name} WHERE {first})")[0][0]:  # noqa: S608
            raise StoreError(
                f"the database is not empty: there are {part.name}",
                where="ledger.url",
                mend="move the folder into an empty database",
            )


def _copy(server: Server, connection: sqlite3.Connection, part: Part) -> int:
    """Copy a part, reading back what the server keeps; return how many rows."""
    names = ", ".join(name for name, _ in part.columns)
    as_kept = ", ".join(AS_KEPT[kind].format(n) for n, (_, kind) in enumerate(part.columns))
    keep = (
        f"INSERT INTO {part.name} ({names}) OVERRIDING SYSTEM VALUE SELECT {as_kept} "  # noqa: S608
        f"FROM json_array_elements($1::text::json) AS j (x) RETURNING {names}"
    )
    copied = 0
    cursor = connection.execute(f"SELECT {names} FROM {part.source}")  # noqa: S608
    while rows := cursor.fetchmany(AT_ONCE):
        given = [[_plain(each) for each in row] for row in rows]
        kept = server.rows(keep, (msgspec.json.encode(given).decode(),))
        if _sorted(kept) != _sorted(given):
            raise _differs(part, "other rows than it was given")
        copied += len(rows)
    ((there,),) = server.rows(f"SELECT COUNT(*) FROM {part.name}")  # noqa: S608
    (here,) = connection.execute(f"SELECT COUNT(*) FROM {part.source}").fetchone()  # noqa: S608
    if not there == here == copied:
        raise _differs(part, f"{there:,} rows, and the folder has {here:,}")
    return copied


def _number_on(server: Server, connection: sqlite3.Connection, part: Part) -> None:
    """Have the server go on numbering where the folder would have."""
    number = part.columns[0][0]
    ((last,),) = server.rows(f"SELECT COALESCE(MAX({number}), 0) FROM {part.name}")  # noqa: S608
    kept = "SELECT seq FROM sqlite_sequence WHERE name = ?"
    row = connection.execute(kept, (part.numbered,)).fetchone()
    given = max(int(last), int(row[0]) if row else 0)
    server.rows(
        "SELECT setval(pg_get_serial_sequence($1::text, $2::text), $3::bigint, $4::bigint > 0)",
        (part.name, number, max(given, 1), given),
    )


def _sorted(rows: Sequence[Sequence[Any]]) -> list[bytes]:
    return sorted(msgspec.json.encode([_plain(each) for each in row]) for row in rows)


def _plain(value: Any) -> Any:
    return int(value) if isinstance(value, bool) else book.plain(value)


def _differs(part: Part, what: str) -> StoreError:
    return StoreError(
        f"the server keeps of {part.name} {what}",
        where="ledger.url",
        mend="the folder is as it was; tell the authors of Tailorbird",
    )
